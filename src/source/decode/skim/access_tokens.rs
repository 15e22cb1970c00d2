//! An answer of `ListAccessTokens`.

use bytes::Bytes;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use super::{
    super::{
        access_tokens::{AccessTokenListing, KNOWN_STATUSES, TTL_DAYS_MAX, decode_item},
        json::Elements,
        number::whole_number,
    },
    place,
    plain::{Count, Instant, Object, Text},
    read_at,
};
use crate::inventory::{AccessToken, AccessTokenFields, DigestBuilder, Listed, Place, id_hash};

/// What `body` lists, where it is a success in the documented shape with a code at least; with `reads_all` nothing is left
/// unread.
pub(in crate::source) fn skim_access_tokens(
    body: &Bytes,
    reads_all: bool,
) -> Option<AccessTokenListing<Listed<AccessToken>>> {
    let Object(answer): Object<Answer<'_, Object<Item<'_>>>> =
        serde_json::from_str(std::str::from_utf8(body).ok()?).ok()?;
    let Object(Container { access_token: Elements(codes) }) = answer.access_tokens;
    if answer.code.is_some() || codes.is_empty() {
        return None;
    }
    let total_count = answer.total_count.and_then(whole_number).and_then(|count| u64::try_from(count).ok());
    let mut builder = DigestBuilder::default();
    let mut items = Vec::with_capacity(codes.len());
    for (index, Object(code)) in codes.iter().enumerate() {
        let fields = code.fields()?;
        let (id_hash, digest) = (id_hash(fields.id), fields.digest(&mut builder));
        items.push(if reads_all {
            Listed::known(id_hash, digest, fields.to_code())
        } else {
            Listed::unread(id_hash, digest, body.clone(), place(body, index, fields.id), read_item)
        });
    }
    Some(AccessTokenListing { items, rejected: Vec::new(), total_count })
}

fn read_item(body: &Bytes, place: Place) -> AccessToken {
    read_at(body, place, decode_item).unwrap_or_else(|| read_item_of(body, place.index))
}

/// The item by its number alone.
fn read_item_of(body: &Bytes, index: usize) -> AccessToken {
    let answer: Answer<'_, &RawValue> = serde_json::from_slice(body).expect("it was JSON when it was skimmed");
    let Object(Container { access_token: Elements(items) }) = answer.access_tokens;
    decode_item(items[index]).expect("it had a usable id when it was skimmed")
}

/// An answer; of members that are not named here the thorough reading takes no notice either.
#[derive(Deserialize)]
struct Answer<'a, T> {
    #[serde(rename = "AccessTokens")]
    access_tokens: Object<Container<T>>,
    #[serde(rename = "TotalCount", borrow)]
    total_count: Option<&'a RawValue>,
    /// May say that this is an error.
    #[serde(rename = "Code", alias = "code")]
    code: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Container<T> {
    #[serde(rename = "AccessToken")]
    access_token: Elements<T>,
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

impl Item<'_> {
    /// The code, if nothing about it is odd.
    fn fields(&self) -> Option<AccessTokenFields<'_>> {
        let (Text(id), Text(status)) = (&self.id, &self.status);
        let is_usable =
            !id.is_empty() && id.len() <= AccessToken::ID_BYTES_MAX && KNOWN_STATUSES.contains(&status.as_ref());
        let ttl_days = self.ttl_days.map(|Count(days)| days);
        if !is_usable || ttl_days.is_some_and(|days| days > TTL_DAYS_MAX) {
            return None;
        }
        Some(AccessTokenFields {
            id,
            name: self.name.as_ref().map(|Text(name)| name.as_ref()),
            description: self.description.as_ref().map(|Text(description)| description.as_ref()),
            status,
            ttl_days,
            max_use_count: self.max_use_count.map(|Count(count)| count),
            registered_count: self.registered_count.map(|Count(count)| count),
            created_at: self.created_at.map(|Instant(at)| at),
            extra: None,
        })
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
        let sample = include_str!("../../../../tests/data/samples/list_access_tokens.documented.json");
        let listing = skim(sample.to_owned()).unwrap();
        assert_eq!((listing.items.len(), listing.total_count), (1, Some(2)));
        assert!(listing.items[0].is_unread());
        let listing = skim_access_tokens(&Bytes::from_static(sample.as_bytes()), true).unwrap();
        assert!(!listing.items[0].is_unread());
    }

    #[test]
    fn an_answer_with_a_code_that_is_odd_in_any_way_is_left_to_the_thorough_reading() {
        let plain = r#"{"AccessTokenId":"a","Status":"expired"}"#;
        let is_skimmed = |members: &str| {
            let item = format!(r#"{plain},{{"AccessTokenId":"b","Status":"expired"{members}}}"#);
            skim(answer(&item)).is_some()
        };
        for plain in ["", r#","Name":null,"Count":"07","RegisteredCount":3"#, r#","Name":"a\u00e9\"""#] {
            assert!(is_skimmed(plain), "{plain}");
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
            assert!(!is_skimmed(odd), "{odd}");
        }
        let long = "x".repeat(AccessToken::ID_BYTES_MAX);
        let longer = format!("{long}x");
        for (id, status, is_plain) in
            [("", "expired", false), ("a", "new", false), (&long, "expired", true), (&longer, "expired", false)]
        {
            let item = format!(r#"{{"AccessTokenId":"{id}","Status":"{status}"}}"#);
            assert_eq!(skim(answer(&item)).is_some(), is_plain, "{item}");
        }
        for other in [r#"{"Status":"expired"}"#, r#"["a",null,null,"expired",null,null,null,null]"#, "null"] {
            assert!(skim(answer(&format!("{plain},{other}"))).is_none(), "{other}");
        }
    }

    #[test]
    fn a_code_is_read_wherever_its_id_stands() {
        let items = [
            r#"{"AccessTokenId":"a","Status":"expired","Name":"first"}"#,
            r#"{"Name":"}{","Status":"expired","AccessTokenId":"b"}"#,
            r#"{"Name":"{\"AccessTokenId\":\"a\",\"Status\":\"expired\"}","AccessTokenId":"c","Status":"expired"}"#,
            r#"{"AccessTokenId":"\u0064","Status":"expired"}"#,
        ];
        let listing = skim(answer(&items.join(" , "))).unwrap();
        assert!(listing.items.iter().all(Listed::is_unread));
        for (listed, item) in listing.items.into_iter().zip(items) {
            assert_eq!(listed.read(), decode_item(serde_json::from_str(item).unwrap()).unwrap());
        }
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
            answer(item).replace(r#"{"AccessToken":["#, "[[").replace("]}", "]]"),
            format!(r#"[{{"AccessToken":[{item}]}},"1",null]"#),
            String::new(),
        ] {
            assert!(skim(other.clone()).is_none(), "{other}");
        }
        assert!(skim_access_tokens(&Bytes::from_static(b"\xff"), false).is_none());
    }
}
