//! The whole inventory as lines that two runs can be compared by, whatever the clock showed in each.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde_json::Value;

use super::TestDatabase;

/// Every table of the inventory, row by row.
///
/// What a run decides anew is replaced by its place in the order: instants since `since`, days, and the ids of scans
/// that began since then. Keys that are drawn from a sequence are replaced by what they stand for. The rows of scans whose
/// worker died are left out, and counted.
pub(crate) struct Dump {
    pub(crate) lines: Vec<String>,
    pub(crate) died_count: usize,
    /// Scans that are open.
    pub(crate) running_count: usize,
}

type Row = serde_json::Map<String, Value>;

impl Dump {
    pub(crate) async fn of(database: &TestDatabase, since: DateTime<Utc>) -> Self {
        let tables = "select relname::text from pg_class
                      where relnamespace = 'inventory'::regnamespace and relkind = 'r' order by relname";
        let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&database.pool).await.unwrap();
        let rows = tables.iter().map(|table| format!("select '{table}', to_jsonb(t) from inventory.{table} t"));
        let all = rows.collect::<Vec<_>>().join(" union all ");
        let mut rows: Vec<(String, Row)> =
            sqlx::query_as::<_, (String, sqlx::types::Json<Row>)>(sqlx::AssertSqlSafe(all))
                .fetch_all(&database.pool)
                .await
                .unwrap()
                .into_iter()
                .map(|(table, row)| (table, row.0))
                .collect();
        let total = rows.len();
        rows.retain(|(_, row)| row.get("error_code") != Some(&"worker_died".into()));
        let died_count = total - rows.len();
        rows.retain(|(_, row)| row.get("outcome") != Some(&"running".into()));
        let running_count = total - died_count - rows.len();
        let names = Names::of(&rows, since);
        let mut lines: Vec<String> =
            rows.into_iter().map(|(table, row)| format!("{table} {}", names.replace(&table, row))).collect();
        lines.sort();
        Self { lines, died_count, running_count }
    }

    /// Expects the same lines, or shows the ones that differ.
    pub(crate) fn assert_equals(&self, wanted: &Self, what: &str) {
        let differing = |one: &Self, other: &Self| {
            one.lines.iter().filter(|line| !other.lines.contains(line)).cloned().collect::<Vec<_>>().join("\n  ")
        };
        let (extra, missing) = (differing(self, wanted), differing(wanted, self));
        assert!(self.lines == wanted.lines, "{what}\nunexpected:\n  {extra}\nmissing:\n  {missing}");
    }
}

/// What stands for what a run decides anew.
struct Names {
    instants: BTreeMap<DateTime<Utc>, usize>,
    days: BTreeMap<NaiveDate, usize>,
    scans: BTreeMap<i64, usize>,
    devices: BTreeMap<i64, String>,
    users: BTreeMap<i64, String>,
}

impl Names {
    fn of(rows: &[(String, Row)], since: DateTime<Utc>) -> Self {
        let keys = |table: &str, key: &str, name: &str| {
            let of_table = rows.iter().filter(|(of, _)| of == table);
            of_table.map(|(_, row)| (row[key].as_i64().unwrap(), row[name].as_str().unwrap().to_owned())).collect()
        };
        let values = rows.iter().flat_map(|(_, row)| row.values());
        let days: BTreeSet<_> = values.clone().filter_map(day).collect();
        let instants: BTreeSet<_> = values.filter_map(instant).filter(|at| *at >= since).collect();
        let scans: BTreeSet<_> = rows
            .iter()
            .filter(|(table, _)| table == "scans")
            .map(|(_, row)| row["scan_id"].as_i64().unwrap())
            .collect();
        Self {
            instants: instants.into_iter().enumerate().map(|(place, at)| (at, place)).collect(),
            days: days.into_iter().enumerate().map(|(place, day)| (day, place)).collect(),
            scans: scans.into_iter().enumerate().map(|(place, id)| (id, place)).collect(),
            devices: keys("mfa_devices", "device_key", "serial_number"),
            users: keys("mfa_users", "user_key", "user_id"),
        }
    }

    fn replace(&self, table: &str, mut row: Row) -> String {
        let is_device = row.get("source") == Some(&"mfa-devices".into());
        for (column, value) in &mut row {
            let name = match (column.as_str(), value.as_i64()) {
                ("device_key", Some(key)) => self.devices.get(&key).cloned(),
                ("user_key" | "from_user_key" | "to_user_key", Some(key)) => self.users.get(&key).cloned(),
                (column, Some(id)) if column.ends_with("scan_id") => Some(format!("scan {:?}", self.scans.get(&id))),
                ("anomaly_id", _) => Some("-".into()),
                ("skew_seconds", _) if !value.is_null() => Some("-".into()),
                ("object_id", _) if is_device && table == "anomalies" => {
                    value.as_str().and_then(|key| key.parse().ok()).and_then(|key| self.devices.get(&key).cloned())
                }
                _ => match day(value) {
                    Some(day) => Some(format!("day {}", self.days[&day])),
                    None => {
                        instant(value).and_then(|at| self.instants.get(&at)).map(|place| format!("instant {place}"))
                    }
                },
            };
            if let Some(name) = name {
                *value = name.into();
            }
        }
        let line = Value::from(row).to_string();
        // The details of anomalies tell instants in words.
        self.instants.iter().fold(line, |line, (at, place)| {
            line.replace(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true), &format!("instant {place}"))
        })
    }
}

fn instant(value: &Value) -> Option<DateTime<Utc>> {
    value.as_str()?.parse().ok()
}

fn day(value: &Value) -> Option<NaiveDate> {
    value.as_str()?.parse().ok()
}
