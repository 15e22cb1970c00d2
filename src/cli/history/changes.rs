//! What differs between two versions, in words.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::{cli::words::instant, store::Version};

/// The changes of `version` against the one before, without its status: `renamed "a" → "b"`.
///
/// Where the version before is purged, only the names of the columns are known.
pub(super) fn changes(before: Option<&Version>, version: &Version, names: &BTreeMap<i64, String>) -> Vec<String> {
    let columns = version.changed_columns.iter().map(String::as_str).filter(|column| *column != "status");
    columns.map(|column| change(column, before, version, names)).collect()
}

fn change(column: &str, before: Option<&Version>, version: &Version, names: &BTreeMap<i64, String>) -> String {
    let word = match column {
        "token_name" => "renamed",
        "description" => "description",
        "ttl_days" => "time to live in days",
        "max_use_count" => "use limit",
        "created_at" => "creation time",
        "user_key" => "user",
        "activated_at" => "activation date",
        // Fields that this version does not know are kept whole, but not in the views.
        "extra" => return "other fields changed".to_owned(),
        other => other,
    };
    let (Some(old), Some(new)) = (before.and_then(|before| before.fields.get(column)), version.fields.get(column))
    else {
        return format!("{word}: changed");
    };
    let show = |value: &Value| if column == "user_key" { user(value.as_i64(), names) } else { show(value) };
    format!("{word} {} → {}", show(old), show(new))
}

/// `user 3`, or `user 3 (alice)` where names were asked for.
pub(super) fn user(key: Option<i64>, names: &BTreeMap<i64, String>) -> String {
    match key {
        None => "nobody".to_owned(),
        Some(key) => match names.get(&key) {
            Some(name) => format!("{key} ({name})"),
            None => key.to_string(),
        },
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => match DateTime::parse_from_rfc3339(text) {
            Ok(at) => instant(at.with_timezone(&Utc)),
            // Escaped: a name may hold line breaks and worse.
            Err(_) => format!("{text:?}"),
        },
        value => value.to_string(),
    }
}
