//! Instants as the API writes them.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};

/// The years that the database and every reader of the views take without trouble.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=9999;

/// The instant that `text` spells, cut to the microsecond: RFC 3339, or without its seconds
/// (`2022-09-09T02:35Z`), as the documents of other operations show it.
pub(super) fn instant(text: &str) -> Option<DateTime<Utc>> {
    whole_seconds(text).or_else(|| any_spelling(text))
}

/// `2022-09-09T02:35:44Z` and nothing else: what the API writes, several times as fast.
fn whole_seconds(text: &str) -> Option<DateTime<Utc>> {
    let bytes: &[u8; 20] = text.as_bytes().try_into().ok()?;
    let signs = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
    if !signs.iter().all(|(index, sign)| bytes[*index] == *sign) {
        return None;
    }
    let number = |from: usize, to: usize| {
        bytes[from..to]
            .iter()
            .try_fold(0, |number: u32, byte| byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0')))
    };
    let year = i32::try_from(number(0, 4)?).ok().filter(|year| YEARS.contains(year))?;
    let date = NaiveDate::from_ymd_opt(year, number(5, 7)?, number(8, 10)?)?;
    // A leap second is none of these.
    Some(date.and_hms_opt(number(11, 13)?, number(14, 16)?, number(17, 19)?)?.and_utc())
}

fn any_spelling(text: &str) -> Option<DateTime<Utc>> {
    let instant = match DateTime::parse_from_rfc3339(text) {
        Ok(instant) => instant.to_utc(),
        Err(_) => NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%MZ").ok()?.and_utc(),
    };
    // Through the count of microseconds, so that a leap second becomes the one after it.
    let instant = DateTime::from_timestamp_micros(instant.timestamp_micros())?;
    YEARS.contains(&instant.year()).then_some(instant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_spellings_are_read() {
        let read = |text| instant(text).unwrap().to_rfc3339();
        assert_eq!(read("2022-09-09T02:35:44Z"), "2022-09-09T02:35:44+00:00");
        assert_eq!(read("2022-09-09T02:35Z"), "2022-09-09T02:35:00+00:00");
        assert_eq!(read("2022-09-09T10:35:44+08:00"), "2022-09-09T02:35:44+00:00");
        assert_eq!(read("2022-09-09T02:35:44.123456789Z"), "2022-09-09T02:35:44.123456+00:00");
        assert_eq!(read("2016-12-31T23:59:60Z"), "2017-01-01T00:00:00+00:00");
        assert_eq!(read("1970-01-01T00:00:00Z"), "1970-01-01T00:00:00+00:00");
        assert_eq!(read("9999-12-31T23:59:59Z"), "9999-12-31T23:59:59+00:00");
    }

    #[test]
    fn what_is_no_instant_is_not_guessed_at() {
        for text in [
            "",
            "2022-09-09",
            "2022-09-09T02:35:44",
            "09/09/2022",
            "2022-02-30T00:00:00Z",
            "1662690944",
            "1969-12-31T23:59:59Z",
            "+10000-01-01T00:00Z",
            "9999-12-31T23:59:59-00:01",
            "0000-00-00T00:00:00Z",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }
}
