//! One line of `check`.

use serde::Serialize;

use crate::{
    cli::{Exit, paint::Paint},
    source::SourceError,
};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// It works; somebody should know.
    Warn,
    /// It does not work.
    Fail,
}

/// What was checked and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) level: Level,
    /// The account; `None` for what all accounts share.
    pub(super) account: Option<String>,
    /// What was checked.
    pub(super) check: &'static str,
    /// What came of it.
    pub(super) message: String,
    /// What to do about it.
    pub(super) mend: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self { level: Level::Ok, account: None, check, message: message.into(), mend: None }
    }

    pub(super) fn warn(check: &'static str, message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { level: Level::Warn, mend: Some(mend.into()), ..Self::ok(check, message) }
    }

    /// A failure whose message says the mend itself.
    pub(super) fn fail(check: &'static str, message: impl Into<String>) -> Self {
        Self { level: Level::Fail, ..Self::ok(check, message) }
    }

    pub(super) fn refused(check: &'static str, error: &SourceError) -> Self {
        Self { mend: Some(error.mend()), ..Self::fail(check, error.to_string()) }
    }

    pub(super) fn of_account(self, account: &str) -> Self {
        Self { account: Some(account.to_owned()), ..self }
    }

    /// `FAIL  prod mfa-devices: permission denied: …; grant …`.
    pub(super) fn line(&self, paint: Paint) -> String {
        let level = match self.level {
            Level::Ok => paint.green("ok  "),
            Level::Warn => paint.yellow("warn"),
            Level::Fail => paint.red("FAIL"),
        };
        let account = self.account.as_ref().map(|account| format!("{account} ")).unwrap_or_default();
        let mend = self.mend.as_ref().map(|mend| format!("; {mend}")).unwrap_or_default();
        format!("{level}  {account}{}: {}{mend}", self.check, self.message)
    }
}

/// 1 where configuration or database cannot be used, 3 where only something of an account fails.
pub(super) fn exit_of(findings: &[Finding]) -> Exit {
    let mut failures = findings.iter().filter(|finding| finding.level == Level::Fail).peekable();
    if failures.peek().is_none() {
        Exit::Success
    } else if failures.all(|finding| finding.account.is_some()) {
        Exit::Partial
    } else {
        Exit::Failure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_level_place_message_and_mend() {
        let warning = Finding::warn("clock", "6 s ahead of the API's", "set this machine's clock").of_account("prod");
        assert_eq!(warning.line(Paint::plain()), "warn  prod clock: 6 s ahead of the API's; set this machine's clock");
        assert_eq!(Finding::ok("roles", "both are there").line(Paint::plain()), "ok    roles: both are there");
    }

    #[test]
    fn the_exit_tells_a_broken_account_from_a_broken_installation() {
        let fine = Finding::ok("database", "PostgreSQL 17");
        let account = Finding::fail("identity", "no").of_account("prod");
        let database = Finding::fail("database", "no");
        assert_eq!(exit_of(&[fine.clone(), Finding::warn("roles", "none", "create them")]), Exit::Success);
        assert_eq!(exit_of(&[fine, account.clone()]), Exit::Partial);
        assert_eq!(exit_of(&[account, database]), Exit::Failure);
    }
}
