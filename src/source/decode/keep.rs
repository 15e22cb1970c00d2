//! JSON of the API as it can be stored: nothing lost, nothing secret, no U+0000.

use std::borrow::Cow;

use serde_json::{Map, Value, value::RawValue};

use crate::inventory::RejectedItem;

use super::{
    json::{Elements, Members, kind},
    number::exact_number,
};

/// Members of other operations of the same APIs that are secrets; no listing should ever hold them.
const SECRET_NAMES: [&str; 3] = ["AccessTokenCode", "Base32StringSeed", "QRCodePNG"];

/// What stands where a secret stood.
const REDACTED: &str = "[redacted]";

/// Deeper values are kept as their text, as are those of too many parts: reading them costs their size once a level.
const DEPTH_MAX: usize = 64;

/// A rejected item is evidence for a person, not data; its like can fill a whole page.
const ORIGINAL_BYTES_MAX: usize = 64 * 1024;

/// A value as it is stored.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) value: Value,
    /// U+0000 was replaced somewhere in it.
    pub(super) had_nul: bool,
    /// It is not what the API sent: a secret, U+0000 or half a surrogate pair was in it.
    is_altered: bool,
}

/// `raw` as it is stored:
///
/// - U+0000 becomes U+FFFD, in names too;
/// - a number that would lose digits becomes its text;
/// - the value of a member that is a secret by its name becomes `[redacted]`;
/// - a string that is no Unicode (half a surrogate pair) becomes its JSON text.
pub(super) fn keep(raw: &RawValue) -> Kept {
    let mut kept = Kept { value: Value::Null, had_nul: false, is_altered: false };
    kept.value = kept.read(raw, 0);
    kept
}

/// [`keep`] for the member `name`, which may itself be a secret.
pub(super) fn keep_member(name: &str, raw: &RawValue) -> Kept {
    if is_secret(name) {
        return Kept { value: REDACTED.into(), had_nul: false, is_altered: true };
    }
    keep(raw)
}

/// `raw` as evidence, with `reason`.
pub(super) fn reject(reason: impl Into<String>, raw: &RawValue) -> RejectedItem {
    let kept = keep(raw);
    let mut original = if kept.is_altered { kept.value.to_string() } else { raw.get().to_owned() };
    original.truncate(original.floor_char_boundary(ORIGINAL_BYTES_MAX));
    RejectedItem { reason: reason.into(), original }
}

/// `text` without U+0000.
pub(super) fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{FFFD}").into() } else { text.into() }
}

impl Kept {
    fn read(&mut self, raw: &RawValue, depth: usize) -> Value {
        match kind(raw) {
            b'n' => Value::Null,
            b't' => Value::Bool(true),
            b'f' => Value::Bool(false),
            b'"' => Value::String(self.read_string(raw)),
            b'[' | b'{' if depth == DEPTH_MAX => self.read_whole(raw).into(),
            b'[' => match Elements::of_value(raw) {
                Some(items) => items.into_iter().map(|item| self.read(item, depth + 1)).collect(),
                None => self.read_whole(raw).into(),
            },
            b'{' => match Members::of_value(raw) {
                Some(members) => self.read_members(members, depth),
                None => self.read_whole(raw).into(),
            },
            _ => exact_number(raw.get()).map_or_else(|| raw.get().into(), Value::Number),
        }
    }

    fn read_string(&mut self, raw: &RawValue) -> String {
        let Ok(text) = serde_json::from_str::<Cow<'_, str>>(raw.get()) else {
            self.is_altered = true;
            return raw.get().to_owned();
        };
        self.note_nul(&text);
        without_nul(&text).into_owned()
    }

    fn read_members(&mut self, members: Members<'_>, depth: usize) -> Value {
        let mut map = Map::new();
        for (name, raw) in members {
            self.note_nul(&name);
            let value = if is_secret(&name) {
                self.is_altered = true;
                REDACTED.into()
            } else {
                self.read(raw, depth + 1)
            };
            map.insert(without_nul(&name).into_owned(), value);
        }
        Value::Object(map)
    }

    /// The text of what is not taken apart, unless a secret may be in it.
    fn read_whole(&mut self, raw: &RawValue) -> String {
        self.is_altered = true;
        let lower = raw.get().to_ascii_lowercase();
        let may_be_secret = SECRET_NAMES.iter().any(|name| lower.contains(&name.to_ascii_lowercase()))
            // A name can be spelled in escapes.
            || lower.contains("\\u");
        if may_be_secret { REDACTED.to_owned() } else { raw.get().to_owned() }
    }

    fn note_nul(&mut self, text: &str) {
        if text.contains('\0') {
            self.had_nul = true;
            self.is_altered = true;
        }
    }
}

fn is_secret(name: &str) -> bool {
    SECRET_NAMES.iter().any(|secret| secret.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn nothing_is_lost() {
        let kept = keep(&raw(r#"{"a":[1,-2.5,true,null,"x"],"big":123456789012345678901234567890,"huge":1e999999}"#));
        let expected = json!({
            "a": [1, -2.5, true, null, "x"],
            "big": "123456789012345678901234567890",
            "huge": "1e999999",
        });
        assert_eq!(kept.value, expected);
        assert!(!kept.had_nul && !kept.is_altered);
    }

    #[test]
    fn nul_is_replaced_in_texts_and_names_at_any_depth() {
        let kept = keep(&raw(r#"{"a\u0000":[{"b":"x\u0000y"}]}"#));
        assert_eq!(kept.value, json!({"a\u{FFFD}": [{"b": "x\u{FFFD}y"}]}));
        assert!(kept.had_nul);
    }

    #[test]
    fn secrets_are_redacted_at_any_depth_and_spelling() {
        let kept = keep(&raw(r#"{"a":[{"accessTokencode":"s3cret","\u0051RCodePNG":["s3cret"]}]}"#));
        assert_eq!(kept.value, json!({"a": [{"accessTokencode": "[redacted]", "QRCodePNG": "[redacted]"}]}));
        assert_eq!(keep_member("AccessTokenCode", &raw("\"s3cret\"")).value, json!("[redacted]"));
        let rejected = reject("no id", &raw(r#"{"AccessTokenCode": "s3cret"}"#));
        assert_eq!(rejected.original, r#"{"AccessTokenCode":"[redacted]"}"#);
    }

    #[test]
    fn half_a_surrogate_pair_is_kept_as_its_text() {
        assert_eq!(keep(&raw(r#"["\ud800"]"#)).value, json!([r#""\ud800""#]));
    }

    #[test]
    fn depth_is_bounded_and_hides_no_secret() {
        let nest = |inner: &str| raw(&format!("{}{inner}{}", "[".repeat(100_000), "]".repeat(100_000)));
        let text = keep(&nest("1")).value.to_string();
        assert!(text.len() > 199_000);
        let text = keep(&nest(r#"{"AccessTokenCode":"s3cret"}"#)).value.to_string();
        assert!(!text.contains("s3cret") && text.contains(REDACTED));
    }

    #[test]
    fn an_original_is_the_apis_own_text_and_bounded() {
        assert_eq!(reject("r", &raw(r#"{"b": 1.0, "a": 2}"#)).original, r#"{"b": 1.0, "a": 2}"#);
        let long = reject("r", &raw(&format!("\"{}\"", "é".repeat(ORIGINAL_BYTES_MAX))));
        assert_eq!(long.original.len(), ORIGINAL_BYTES_MAX - 1);
    }
}
