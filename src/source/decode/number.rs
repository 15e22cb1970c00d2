//! Numbers, which the API sends as numbers or as strings.

use serde_json::{Number, value::RawValue};

use super::json::kind;

/// A decimal of so many digits survives a double unchanged.
const EXACT_DIGITS: usize = 15;

/// The whole number that `raw` is or spells.
///
/// - a JSON number: its value, where that is whole (`30`, `30.0`, `3e1`);
/// - a string: its digits, blanks around them allowed (`"30"`);
/// - anything else: `None`.
pub(super) fn whole_number(raw: &RawValue) -> Option<i64> {
    match kind(raw) {
        b'"' => serde_json::from_str::<String>(raw.get()).ok()?.trim().parse().ok(),
        b'-' | b'0'..=b'9' => raw.get().parse().ok().or_else(|| whole_double(raw.get())),
        _ => None,
    }
}

fn whole_double(text: &str) -> Option<i64> {
    let double: f64 = text.parse().ok()?;
    let is_exact = double.fract() == 0.0 && double.abs() < 1e15;
    #[expect(clippy::cast_possible_truncation, reason = "whole and far below the range of i64")]
    is_exact.then_some(double as i64)
}

/// The number that `text` spells, or `None` where a [`Number`] would not keep each digit of it.
pub(super) fn exact_number(text: &str) -> Option<Number> {
    if let Ok(whole) = text.parse::<i64>() {
        // `-0` is a whole number to the parser and a double in JSON; neither loses anything.
        return Some(whole.into());
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Some(whole.into());
    }
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let digit_count = mantissa.trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit).count();
    if digit_count > EXACT_DIGITS {
        return None;
    }
    let double: f64 = text.parse().ok()?;
    // Neither overflow nor underflow: below the normal range a double has fewer digits.
    let is_kept = if digit_count == 0 { double == 0.0 } else { double.is_normal() };
    is_kept.then(|| Number::from_f64(double)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Option<i64> {
        whole_number(&RawValue::from_string(text.to_owned()).unwrap())
    }

    #[test]
    fn whole_numbers_are_read_from_numbers_and_strings() {
        for text in ["30", "\"30\"", "30.0", "3e1", "\" 30 \"", "\"030\""] {
            assert_eq!(whole(text), Some(30), "{text}");
        }
        assert_eq!(whole("-5"), Some(-5));
        for text in ["30.5", "\"30.0\"", "\"\"", "\"x\"", "null", "true", "[30]", "1e40", "9223372036854775808"] {
            assert_eq!(whole(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_is_kept_only_where_no_digit_is_lost() {
        for text in ["0", "-1", "18446744073709551615", "0.1", "1.5e300", "-0.0", "0.000000000000000000001"] {
            assert!(exact_number(text).is_some(), "{text}");
        }
        for text in ["18446744073709551616", "0.12345678901234567", "1e400", "1e-400", "2e-320"] {
            assert!(exact_number(text).is_none(), "{text}");
        }
    }
}
