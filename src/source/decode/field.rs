//! Reads the fields of one item and notes what was odd about them.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, value::RawValue};

use crate::inventory::{AccessToken, Anomaly, AnomalyKind, RejectedItem};
use crate::source::redact::truncated;

use super::{
    instant::instant,
    json::kind,
    keep::{keep_member, reject, without_nul},
    number::whole_number,
};

/// An anomaly quotes so much of the original; the whole is in the item's `extra`.
pub(super) const DETAIL_CHARS_MAX: usize = 500;

/// What one item has gathered beside its known fields.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) extra: Map<String, Value>,
    pub(super) anomalies: Vec<Anomaly>,
}

impl Fields {
    /// A text; `None` for null.
    pub(super) fn text(&mut self, field: &str, raw: &RawValue) -> Option<String> {
        if kind(raw) == b'n' {
            return None;
        }
        match string(raw) {
            Some(text) => Some(self.stored(field, &text)),
            None => self.unreadable(field, raw),
        }
    }

    /// A whole number of 0 to `max`, sent as a number or a string; `None` for null.
    pub(super) fn count(&mut self, field: &str, raw: &RawValue, max: i32) -> Option<i32> {
        if kind(raw) == b'n' {
            return None;
        }
        let count = whole_number(raw).and_then(|number| i32::try_from(number).ok());
        match count.filter(|count| (0..=max).contains(count)) {
            Some(count) => Some(count),
            None => self.unreadable(field, raw),
        }
    }

    /// An instant; `None` for null.
    pub(super) fn instant(&mut self, field: &str, raw: &RawValue) -> Option<DateTime<Utc>> {
        if kind(raw) == b'n' {
            return None;
        }
        match string(raw).and_then(|text| instant(&text)) {
            Some(instant) => Some(instant),
            None => self.unreadable(field, raw),
        }
    }

    /// Keeps a field that this program does not know.
    pub(super) fn unknown(&mut self, field: &str, raw: &RawValue) {
        self.keep(field, raw);
    }

    /// Keeps a field that could not be read, and says so.
    pub(super) fn unreadable<T>(&mut self, field: &str, raw: &RawValue) -> Option<T> {
        let original = match self.keep(field, raw) {
            Value::String(text) => text,
            value => value.to_string(),
        };
        self.note_unreadable(field, &original);
        None
    }

    /// Says that `field` could not be read. Who a device belongs to is kept out of the text: the
    /// anomalies can be read by more people than the users.
    pub(super) fn note_unreadable(&mut self, field: &str, original: &str) {
        let detail = if field == "User" || field.starts_with("User.") {
            format!("{field}: kept in extra")
        } else {
            format!("{field}: {}", truncated(original, DETAIL_CHARS_MAX))
        };
        self.note(AnomalyKind::UnreadableField, detail);
    }

    /// Adds an anomaly.
    pub(super) fn note(&mut self, kind: AnomalyKind, detail: impl Into<String>) {
        self.anomalies.push(Anomaly::new(kind, detail));
    }

    /// `text` of `field` as it is stored.
    pub(super) fn stored(&mut self, field: &str, text: &str) -> String {
        if text.contains('\0') {
            self.note_nul(field);
        }
        without_nul(text).into_owned()
    }

    fn note_nul(&mut self, field: &str) {
        self.note(AnomalyKind::NulCharacter, truncated(&without_nul(field), DETAIL_CHARS_MAX));
    }

    fn keep(&mut self, field: &str, raw: &RawValue) -> Value {
        // A member of `User` goes by its full path; the secret is known by its own name.
        let name = field.rsplit('.').next().unwrap_or(field);
        let kept = keep_member(name, raw);
        if kept.had_nul || field.contains('\0') {
            self.note_nul(field);
        }
        self.extra.insert(without_nul(field).into_owned(), kept.value.clone());
        kept.value
    }
}

/// The id under `field`, or why the item has none that can be a key.
pub(super) fn id(
    fields: &mut Fields,
    field: &str,
    id: Option<&RawValue>,
    item: &RawValue,
) -> Result<String, RejectedItem> {
    let Some(id) = id.filter(|id| kind(id) != b'n') else {
        return Err(reject(format!("no {field}"), item));
    };
    let Some(text) = string(id) else {
        return Err(reject(format!("{field} is not a text"), item));
    };
    let stored = fields.stored(field, &text);
    if stored.is_empty() {
        return Err(reject(format!("{field} is empty"), item));
    }
    if stored.len() > AccessToken::ID_BYTES_MAX {
        let max = AccessToken::ID_BYTES_MAX;
        return Err(reject(format!("{field} is longer than {max} bytes"), item));
    }
    Ok(stored)
}

/// The string that `raw` is, or `None`; half a surrogate pair makes it none.
pub(super) fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    if kind(raw) != b'"' {
        return None;
    }
    let inner = raw.get().trim_matches('"');
    // Most texts hold no escape: no parser needed, nothing copied.
    if !inner.contains('\\') {
        return raw.get().strip_prefix('"')?.strip_suffix('"').map(Cow::Borrowed);
    }
    serde_json::from_str::<String>(raw.get()).ok().map(Cow::Owned)
}
