//! The one time format of the wire: `YYYY-MM-DDThh:mm:ssZ`, whole seconds in UTC.

use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};

/// Writes an instant the way every answer does, dropping the fraction of a second.
pub(crate) fn format(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads an `x-acs-date`; anything but the exact form is `None`, as it is to the gateway.
pub(crate) fn parse(text: &str) -> Option<DateTime<Utc>> {
    let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%SZ").ok()?;
    Some(naive.and_utc())
}

/// The instant as a client can know it from the wire.
pub(crate) fn whole_second(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(0)
}

/// The `Date` header of RFC 9110.
pub(crate) fn http_date(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
