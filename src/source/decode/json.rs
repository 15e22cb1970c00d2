//! JSON objects as their members in the API's own text.
//!
//! Values stay text until someone asks: numbers beyond a double keep their digits, and one
//! value that cannot be read does not spoil its neighbours.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::Malformed;

/// More members or elements than any answer has: each costs far more memory than the two bytes it may be written in.
pub(super) const COUNT_MAX: usize = 100_000;

/// The members of one object, in order, repeated names included.
#[derive(Debug)]
pub(in crate::source) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// The object that `body` is.
    ///
    /// # Errors
    /// Where and why it is none. The parser's own message is not used: it may quote the answer.
    pub(in crate::source) fn of_body(body: &'a [u8]) -> Result<Self, Malformed> {
        serde_json::from_slice(body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Malformed::new(if body.is_empty() {
                "empty body".to_owned()
            } else if error.is_data() {
                "not a JSON object".to_owned()
            } else if error.is_eof() {
                format!("JSON that breaks off at line {line}, column {column}")
            } else {
                format!("not JSON at line {line}, column {column}")
            })
        })
    }

    /// The object that `raw` is, or `None`.
    pub(super) fn of_value(raw: &'a RawValue) -> Option<Self> {
        if kind(raw) == b'{' { serde_json::from_str(raw.get()).ok() } else { None }
    }

    /// The value of `name`, the last where it is repeated.
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(member, _)| member == name).map(|(_, raw)| *raw)
    }

    /// The text of the first of `names` that is there as a text or a number.
    pub(in crate::source) fn text(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| {
            let raw = self.get(name)?;
            match kind(raw) {
                b'"' => serde_json::from_str(raw.get()).ok(),
                b'-' | b'0'..=b'9' => Some(raw.get().to_owned()),
                _ => None,
            }
        })
    }

    /// The object that the first of `names` holds.
    pub(in crate::source) fn object(&self, names: &[&str]) -> Option<Members<'a>> {
        names.iter().find_map(|name| Self::of_value(self.get(name)?))
    }

    /// Whether there is no member.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for Members<'a> {
    type Item = (Cow<'a, str>, &'a RawValue);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// The elements of one array, in order.
#[derive(Debug)]
pub(super) struct Elements<T>(pub(super) Vec<T>);

impl<'a> Elements<&'a RawValue> {
    /// The elements of the array that `raw` is; `None` where it is none or has more than [`COUNT_MAX`].
    pub(super) fn of_value(raw: &'a RawValue) -> Option<Vec<&'a RawValue>> {
        serde_json::from_str::<Self>(raw.get()).ok().map(|Self(elements)| elements)
    }
}

/// The first byte of a value, which tells its kind; a `RawValue` has no blanks before it.
pub(super) fn kind(raw: &RawValue) -> u8 {
    raw.get().as_bytes().first().copied().unwrap_or_default()
}

/// Borrows wherever the name holds no escape.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(8);
                while let Some((Name(name), raw)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                    if members.len() == COUNT_MAX {
                        return Err(A::Error::custom("too many members"));
                    }
                    members.push((name, raw));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Elements<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Array<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Array<T> {
            type Value = Elements<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = seq.next_element()? {
                    if elements.len() == COUNT_MAX {
                        return Err(A::Error::custom("too many elements"));
                    }
                    elements.push(element);
                }
                Ok(Elements(elements))
            }
        }

        deserializer.deserialize_seq(Array(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_come_as_they_are_and_the_last_repetition_wins() {
        let members = Members::of_body(br#" { "a" : 1.50 , "\u0062":"x", "a": 12345678901234567890123 } "#).unwrap();
        assert_eq!(members.get("a").unwrap().get(), "12345678901234567890123");
        assert_eq!(members.text(&["missing", "b"]).unwrap(), "x");
        assert!(members.get("c").is_none());
    }

    #[test]
    fn what_is_no_object_is_told_without_quoting_it() {
        let reason = |body: &[u8]| Members::of_body(body).unwrap_err().0;
        assert_eq!(reason(b""), "empty body");
        assert_eq!(reason(b"\"hunter2\""), "not a JSON object");
        assert_eq!(reason(b"[1]"), "not a JSON object");
        assert_eq!(reason(b"<html>"), "not JSON at line 1, column 1");
        assert_eq!(reason(b"{\"a\": [1,"), "JSON that breaks off at line 1, column 9");
        assert!(reason(b"{} {}").starts_with("not JSON"));
        assert!(reason(b"{\"a\": \"\xff\"}").starts_with("not JSON"));
    }
    #[test]
    fn more_members_or_elements_than_any_answer_has_are_not_taken_apart() {
        for count in [COUNT_MAX, COUNT_MAX + 1] {
            let object = RawValue::from_string(format!("{{{}}}", vec!["\"\":0"; count].join(","))).unwrap();
            let array = RawValue::from_string(format!("[{}]", vec!["0"; count].join(","))).unwrap();
            assert_eq!(Members::of_value(&object).is_some(), count == COUNT_MAX);
            assert_eq!(Elements::of_value(&array).is_some(), count == COUNT_MAX);
        }
    }
}
