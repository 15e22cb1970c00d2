//! An answer of `ListAccessTokens` in its documented shape, read for who is listed and whether anything changed.
//!
//! Nearly every code of nearly every scan is as it was, and all that anybody asks of it is the hash of its id and its
//! digest. Whatever is not as documented is left to the thorough reading, code by code, and so is a code that somebody
//! wants to see. What this reading tells of a code, that one would tell as well; `fuzzing` holds them together.

use std::borrow::Cow;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, Visitor},
};
use serde_json::value::RawValue;

use super::{
    access_tokens::{AccessTokenListing, KNOWN_STATUSES, TTL_DAYS_MAX, decode_item},
    instant::instant,
    json::Elements,
    number::whole_number,
};
use crate::inventory::{AccessToken, AccessTokenFields, DigestBuilder, Listed, id_hash};

/// What `body` lists, where it is a success in the documented shape with a code at least; with `reads_all` nothing is left
/// unread.
pub(in crate::source) fn skim_access_tokens(
    body: &Bytes,
    reads_all: bool,
) -> Option<AccessTokenListing<Listed<AccessToken>>> {
    let answer: Answer<'_> = serde_json::from_str(std::str::from_utf8(body).ok()?).ok()?;
    let Elements(raw_items) = answer.access_tokens.access_token;
    if answer.code.is_some() || raw_items.is_empty() {
        return None;
    }
    let total_count = answer.total_count.and_then(whole_number).and_then(|count| u64::try_from(count).ok());
    let mut listing =
        AccessTokenListing { items: Vec::with_capacity(raw_items.len()), rejected: Vec::new(), total_count };
    let mut builder = DigestBuilder::default();
    for raw in raw_items {
        match skim_item(raw, body, reads_all, &mut builder) {
            Some(listed) => listing.items.push(listed),
            None => match decode_item(raw) {
                Ok(token) => listing.items.push(token.into()),
                Err(rejected) => listing.rejected.push(rejected),
            },
        }
    }
    Some(listing)
}

fn skim_item(
    raw: &RawValue,
    body: &Bytes,
    reads_all: bool,
    builder: &mut DigestBuilder,
) -> Option<Listed<AccessToken>> {
    let item: Item<'_> = serde_json::from_str(raw.get()).ok()?;
    let Text(id) = &item.id;
    let Text(status) = &item.status;
    let is_usable =
        !id.is_empty() && id.len() <= AccessToken::ID_BYTES_MAX && KNOWN_STATUSES.contains(&status.as_ref());
    let ttl_days = item.ttl_days.map(|Count(days)| days);
    if !is_usable || ttl_days.is_some_and(|days| days > TTL_DAYS_MAX) {
        return None;
    }
    let fields = AccessTokenFields {
        id,
        name: item.name.as_ref().map(|Text(name)| name.as_ref()),
        description: item.description.as_ref().map(|Text(description)| description.as_ref()),
        status,
        ttl_days,
        max_use_count: item.max_use_count.map(|Count(count)| count),
        registered_count: item.registered_count.map(|Count(count)| count),
        created_at: item.created_at.map(|Instant(at)| at),
        extra: None,
    };
    let (id_hash, digest) = (id_hash(id), fields.digest(builder));
    if reads_all {
        return Some(Listed::known(id_hash, digest, fields.to_code()));
    }
    Some(Listed::unread(id_hash, digest, body.slice_ref(raw.get().as_bytes()), read_item))
}

fn read_item(text: &Bytes) -> AccessToken {
    let raw: &RawValue = serde_json::from_slice(text).expect("it was JSON when it was skimmed");
    decode_item(raw).expect("it had a usable id when it was skimmed")
}

/// An answer; of members that are not named here the thorough reading takes no notice either.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(rename = "AccessTokens", borrow)]
    access_tokens: Container<'a>,
    #[serde(rename = "TotalCount", borrow)]
    total_count: Option<&'a RawValue>,
    /// May say that this is an error.
    #[serde(rename = "Code", alias = "code")]
    code: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Container<'a> {
    #[serde(rename = "AccessToken", borrow)]
    access_token: Elements<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item<'a> {
    #[serde(rename = "AccessTokenId", borrow)]
    id: Text<'a>,
    #[serde(rename = "Name", borrow)]
    name: Option<Text<'a>>,
    #[serde(rename = "Description", borrow)]
    description: Option<Text<'a>>,
    #[serde(rename = "Status", borrow)]
    status: Text<'a>,
    #[serde(rename = "TimeToLiveInDays")]
    ttl_days: Option<Count>,
    #[serde(rename = "Count")]
    max_use_count: Option<Count>,
    #[serde(rename = "RegisteredCount")]
    registered_count: Option<Count>,
    #[serde(rename = "CreationTime")]
    created_at: Option<Instant>,
}

/// A text without U+0000.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowed;

        impl<'de> Visitor<'de> for Borrowed {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(text.into()))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                // Only an escape can have spelled it.
                if text.contains('\0') { Err(E::custom("U+0000")) } else { Ok(Text(text.to_owned().into())) }
            }
        }

        deserializer.deserialize_str(Borrowed)
    }
}

/// A number of at most nine digits, or a text of such.
#[derive(Clone, Copy)]
struct Count(i32);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;

        impl Visitor<'_> for Digits {
            type Value = Count;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a few digits")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                i32::try_from(number).map(Count).map_err(E::custom)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                if text.len() > 9 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(E::custom("not a few digits"));
                }
                text.parse().map(Count).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(Digits)
    }
}

/// An instant as the API writes them.
#[derive(Clone, Copy)]
struct Instant(DateTime<Utc>);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(text) = Text::deserialize(deserializer)?;
        instant(&text).map(Self).ok_or_else(|| D::Error::custom("not an instant"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skim(body: String) -> Option<AccessTokenListing<Listed<AccessToken>>> {
        skim_access_tokens(&Bytes::from(body), false)
    }

    fn answer(item: &str) -> String {
        format!(r#"{{"RequestId":"r","TotalCount":"1","AccessTokens":{{"AccessToken":[{item}]}}}}"#)
    }

    #[test]
    fn the_documented_sample_is_skimmed_and_its_code_not_read() {
        let sample = include_str!("../../../tests/data/samples/list_access_tokens.documented.json");
        let listing = skim(sample.to_owned()).unwrap();
        assert_eq!((listing.items.len(), listing.total_count), (1, Some(2)));
        assert!(listing.items[0].is_unread());
        let listing = skim_access_tokens(&Bytes::from_static(sample.as_bytes()), true).unwrap();
        assert!(!listing.items[0].is_unread());
    }

    #[test]
    fn a_code_that_is_odd_in_any_way_is_read() {
        let is_unread = |members: &str| {
            let item = format!(r#"{{"AccessTokenId":"a","Status":"expired"{members}}}"#);
            skim(answer(&item)).unwrap().items[0].is_unread()
        };
        for plain in ["", r#","Name":null,"Count":"07","RegisteredCount":3"#, r#","Name":"a\u00e9\"""#] {
            assert!(is_unread(plain), "{plain}");
        }
        for odd in [
            r#","More":1"#,
            r#","Name":1"#,
            r#","Name":"\u0000""#,
            r#","Status":"expired""#,
            r#","Count":-1"#,
            r#","Count":1.0"#,
            r#","Count":" 1""#,
            r#","TimeToLiveInDays":36501"#,
            r#","CreationTime":"yesterday""#,
        ] {
            assert!(!is_unread(odd), "{odd}");
        }
        let listing = skim(answer(r#"{"Status":"expired"},{"AccessTokenId":"a"}"#)).unwrap();
        assert_eq!((listing.items.len(), listing.rejected.len()), (1, 1));
    }

    #[test]
    fn what_is_no_listing_in_the_documented_shape_is_left_to_the_thorough_reading() {
        let item = r#"{"AccessTokenId":"a","Status":"expired"}"#;
        for other in [
            answer(""),
            answer(item).replace("\"TotalCount\"", "\"Code\""),
            answer(item).replace("\"TotalCount\"", "\"code\""),
            answer(item).replace(r#"{"AccessToken":["#, r#"{"More":1,"AccessToken":["#),
            answer(item).replace("\"RequestId\":\"r\"", "\"AccessTokens\":{}"),
            answer(item).replace("]", ""),
            format!("[{item}]"),
            String::new(),
        ] {
            assert!(skim(other.clone()).is_none(), "{other}");
        }
        assert!(skim_access_tokens(&Bytes::from_static(b"\xff"), false).is_none());
    }
}
