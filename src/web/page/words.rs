//! Times, durations and numbers as people read them.

use chrono::{DateTime, TimeDelta, Utc};
use maud::{Markup, html};

/// An instant of UTC to the second, for people and machines.
pub(super) fn instant(at: DateTime<Utc>) -> Markup {
    html! { time datetime=(at.format("%Y-%m-%dT%H:%M:%SZ")) { (at.format("%Y-%m-%d %H:%M:%S")) } }
}

/// A duration in its two largest units: `45 s`, `12 min`, `3 h 5 min`, `2 d 4 h`.
pub(super) fn span(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let both = |large: i64, unit: &str, small: i64, small_unit: &str| match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {small_unit}"),
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min"),
        3600..86_400 => both(hours, "h", minutes % 60, "min"),
        _ => both(days, "d", hours % 24, "h"),
    }
}

/// How long a scan took: tenths of a second while they matter.
pub(super) fn duration(took: TimeDelta) -> String {
    match took.num_milliseconds() {
        ..0 => "0 s".to_owned(),
        ms @ 0..60_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        ms => span(ms / 1000),
    }
}

/// A count with its thousands apart: `1,234,567`.
pub(super) fn number(count: i64) -> String {
    let digits = count.unsigned_abs().to_string();
    let mut text = String::from(if count < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 target`, `2 targets`.
pub(super) fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// A word of a command line, quoted where a shell would read more into it.
pub(super) fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_names_its_two_largest_units() {
        let cases = [(-3, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (11_100, "3 h 5 min")];
        assert_eq!(cases.map(|(seconds, _)| span(seconds)), cases.map(|(_, text)| text));
        assert_eq!((span(86_400), span(187_200)), ("1 d".into(), "2 d 4 h".into()));
    }

    #[test]
    fn a_duration_keeps_tenths_below_a_minute() {
        assert_eq!(
            [0, 440, 12_345, 61_000].map(|ms| duration(TimeDelta::milliseconds(ms))),
            ["0.0 s", "0.4 s", "12.3 s", "1 min"]
        );
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1000, 1_234_567, -1234].map(number), ["0", "999", "1,000", "1,234,567", "-1,234"]);
    }

    #[test]
    fn a_word_that_a_shell_would_split_is_quoted() {
        assert_eq!(["prod", "my team", "it's", "$(x)"].map(shell_word), ["prod", "'my team'", r"'it'\''s'", "'$(x)'"]);
    }
}
