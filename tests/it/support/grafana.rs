//! The panels of the Grafana dashboard, with their SQL as Grafana would send it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::ACCOUNT_ID;

const DASHBOARD: &str = include_str!("../../../dashboards/grafana/stocktake.json");

/// One panel with the statement that it sends.
pub(crate) struct Panel {
    pub(crate) title: String,
    pub(crate) kind: String,
    pub(crate) format: String,
    pub(crate) description: String,
    pub(crate) sql: String,
    pub(crate) named_columns: Vec<String>,
}

pub(crate) fn dashboard() -> Value {
    serde_json::from_str(DASHBOARD).unwrap()
}

impl Panel {
    /// Every panel, looking at the month before `now`.
    pub(crate) fn all(now: DateTime<Utc>) -> Vec<Self> {
        let dashboard = dashboard();
        let panels = dashboard["panels"].as_array().unwrap();
        panels
            .iter()
            .map(|panel| {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let [target] = panel["targets"].as_array().unwrap().as_slice() else { panic!("one query a panel") };
                let overrides = panel["fieldConfig"]["overrides"].as_array().unwrap();
                Self {
                    title: text(&panel["title"]),
                    kind: text(&panel["type"]),
                    format: text(&target["format"]),
                    description: text(&panel["description"]),
                    sql: expand(target["rawSql"].as_str().unwrap(), now),
                    named_columns: overrides.iter().map(|entry| text(&entry["matcher"]["options"])).collect(),
                }
            })
            .collect()
    }
}

/// Puts in place of Grafana's macros and variables what it would send.
pub(crate) fn expand(sql: &str, now: DateTime<Utc>) -> String {
    let quoted = |instant: DateTime<Utc>| format!("'{}'", instant.format("%Y-%m-%dT%H:%M:%SZ"));
    let (from, until) = (quoted(now - TimeDelta::days(30)), quoted(now));
    let mut sql = sql.replace("$account", &format!("'{ACCOUNT_ID}'")).replace("$__interval", "6h");
    sql = sql.replace("$__timeFrom()", &from).replace("$__timeTo()", &until);
    sql = each_call(&sql, "$__timeFilter(", |column| format!("{column} BETWEEN {from} AND {until}"));
    sql = each_call(&sql, "$__timeGroupAlias(", |arguments| {
        let (column, interval) = arguments.split_once(", ").unwrap();
        assert_eq!(interval, "6h");
        format!("floor(extract(epoch from {column})/21600)*21600 AS \"time\"")
    });
    assert!(!sql.contains('$'), "a macro or variable that is not known here: {sql}");
    sql
}

/// Replaces each call of a macro, whose arguments hold no parentheses.
fn each_call(sql: &str, call: &str, becomes: impl Fn(&str) -> String) -> String {
    let mut parts = sql.split(call);
    let mut expanded = parts.next().unwrap().to_owned();
    for part in parts {
        let (arguments, rest) = part.split_once(')').unwrap();
        expanded += &becomes(arguments);
        expanded += rest;
    }
    expanded
}
