//! Instants and spans of time as people read them.

use chrono::{DateTime, TimeDelta, Utc};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// `2026-10-03 09:15:02Z`.
pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.format("%F %TZ").to_string()
}

/// As [`instant`], with `-` for none.
pub(super) fn instant_or_dash(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "-".to_owned(), instant)
}

/// The two largest units, rounded down: `45 s`, `7 min`, `3 h 5 min`, `12 d 4 h`, `400 d`.
pub(super) fn span(seconds: u64) -> String {
    let two = |large: u64, large_name: &str, small: u64, small_name: &str| match seconds % large / small {
        0 => format!("{} {large_name}", seconds / large),
        rest => format!("{} {large_name} {rest} {small_name}", seconds / large),
    };
    match seconds {
        ..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => two(HOUR, "h", MINUTE, "min"),
        // After a month the hours say nothing.
        _ if seconds >= 30 * DAY => format!("{} d", seconds / DAY),
        _ => two(DAY, "d", HOUR, "h"),
    }
}

/// `4 min ago`, `in 3 d 2 h`.
pub(super) fn relative(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (now - at).num_seconds();
    match seconds {
        0.. => format!("{} ago", span(seconds.unsigned_abs())),
        _ => format!("in {}", span(seconds.unsigned_abs())),
    }
}

/// Half of a period, in its largest unit and rounded up, so that it never claims too much: `±8 min`.
pub(super) fn uncertainty(period: TimeDelta) -> String {
    let half_ms = u64::try_from(period.num_milliseconds()).unwrap_or(0).div_ceil(2);
    let half = half_ms.div_ceil(1000);
    match half {
        0..MINUTE => format!("±{half} s"),
        MINUTE..HOUR => format!("±{} min", half.div_ceil(MINUTE)),
        HOUR..DAY => format!("±{} h", half.div_ceil(HOUR)),
        _ => format!("±{} d", half.div_ceil(DAY)),
    }
}

/// `1 code`, `2 codes`.
pub(super) fn counted(count: impl Into<i128>, noun: &str) -> String {
    match count.into() {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_at_most_two_units() {
        let spans = [0, 59, 60, 3599, 3600, 3900, DAY, DAY + 4 * HOUR, 29 * DAY + HOUR, 400 * DAY + HOUR].map(span);
        let wanted = ["0 s", "59 s", "1 min", "59 min", "1 h", "1 h 5 min", "1 d", "1 d 4 h", "29 d 1 h", "400 d"];
        assert_eq!(spans, wanted);
    }

    #[test]
    fn uncertainty_is_half_the_period_rounded_up() {
        let shown = |seconds| uncertainty(TimeDelta::seconds(seconds));
        assert_eq!(shown(1), "±1 s");
        assert_eq!(shown(901), "±8 min");
        assert_eq!(shown(840), "±7 min");
        assert_eq!(shown(7 * 3600), "±4 h");
        assert_eq!(shown(5 * 86_400), "±3 d");
        assert_eq!(uncertainty(TimeDelta::zero()), "±0 s");
    }

    #[test]
    fn relative_looks_both_ways() {
        let now: DateTime<Utc> = "2026-10-03T09:15:02Z".parse().unwrap();
        assert_eq!(relative(now - TimeDelta::minutes(4), now), "4 min ago");
        assert_eq!(relative(now + TimeDelta::hours(50), now), "in 2 d 2 h");
        assert_eq!(instant(now), "2026-10-03 09:15:02Z");
    }
}
