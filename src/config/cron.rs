//! Reads cron expressions exactly as the scheduler does.

use chrono::{TimeZone, Utc};
use croner::{
    Cron,
    parser::{CronParser, Seconds},
};

/// Why a cron expression is refused. Each message continues the key's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// Not six fields.
    #[error("has {count} fields; six are wanted, seconds first, such as `0 */15 * * * *`")]
    FieldCount {
        /// The fields that there are.
        count: usize,
    },
    /// A crontab without seconds.
    #[error("has five fields; put the seconds first: `0 {expression}`")]
    NoSeconds {
        /// What was written.
        expression: String,
    },
    /// A field that cannot be read.
    #[error("is no cron expression ({reason}); write one such as `0 */15 * * * *`, or `off`")]
    Unreadable {
        /// What the parser says.
        reason: String,
    },
    /// Well formed, but no such instant exists.
    #[error("never fires: `{expression}` names a day that does not exist; mend it, or write `off`")]
    NeverFires {
        /// What was written.
        expression: String,
    },
}

/// Reads a six-field expression in UTC; `None` is `off`.
///
/// Day of month and day of week must both match, as in the scheduler, which has no other mode: it reads
/// each expression anew, in this one, after every tick. A field of years is refused, because a schedule
/// that ends would leave the inventory stale without a word.
///
/// # Errors
/// [`CronError`] for anything else, and for an expression that never fires.
pub fn parse_cron(expression: &str) -> Result<Option<Cron>, CronError> {
    let expression = expression.trim();
    if expression == "off" {
        return Ok(None);
    }
    let is_nickname = expression.starts_with('@');
    match expression.split_whitespace().count() {
        6 => {}
        1 if is_nickname => {}
        5 => return Err(CronError::NoSeconds { expression: shown(expression) }),
        count => return Err(CronError::FieldCount { count }),
    }
    let cron = CronParser::builder()
        .seconds(Seconds::Required)
        .dom_and_dow(true)
        .build()
        .parse(expression)
        .map_err(|error| CronError::Unreadable { reason: reason(&error) })?;
    // Without a field of years an expression fires again and again or never, so any start will do: the parser gives up
    // in the year 5000, and a century before holds every date on every day of the week.
    let start = Utc.with_ymd_and_hms(4900, 1, 1, 0, 0, 0).earliest();
    match start.and_then(|start| cron.find_next_occurrence(&start, false).ok()) {
        Some(_) => Ok(Some(cron)),
        None => Err(CronError::NeverFires { expression: shown(expression) }),
    }
}

/// The parser's message without its full stop.
fn reason(error: &croner::errors::CronError) -> String {
    shown(error.to_string().trim_end_matches('.'))
}

/// `text` as part of a line: a field may be followed by any kind of blank.
fn shown(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(expression: &str) -> String {
        parse_cron(expression).unwrap_err().to_string()
    }

    #[test]
    fn expressions_that_fire_are_accepted() {
        for expression in [
            "0 */15 * * * *",
            "* * * * * *",
            "0 0 0 29 2 *",
            "0 0 8 1-7 * MON",
            "@hourly",
            "0 0 0 L * ?",
            "0 0 0 29 2 MON",
        ] {
            assert!(parse_cron(expression).unwrap().is_some(), "{expression}");
        }
        assert!(parse_cron("off").unwrap().is_none());
    }

    #[test]
    fn a_crontab_without_seconds_is_refused_with_the_mend() {
        assert_eq!(refusal("*/5 * * * *"), "has five fields; put the seconds first: `0 */5 * * * *`");
        assert_eq!(refusal("*/5\n* *\t* *"), "has five fields; put the seconds first: `0 */5 * * * *`");
    }

    #[test]
    fn an_expression_that_never_fires_is_refused() {
        assert!(refusal("0 0 0 31 2 *").starts_with("never fires"));
        assert!(refusal("0 0 0 30 2 MON").starts_with("never fires"));
        // A fifth Monday within the first seven days; to look for one up to the year 5000 took many seconds.
        assert!(refusal("0 0 4 1-7 * MON#5").starts_with("never fires"));
    }

    #[test]
    fn nonsense_is_refused() {
        for expression in ["", "never", "Off", "0 0 0 1 1 * 2020", "0 61 * * * *", "0 x * * * *", "@often", "@hourly *"]
        {
            assert!(parse_cron(expression).is_err(), "{expression}");
        }
    }
}
