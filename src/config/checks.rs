//! Collects what is wrong with values, by key.

/// What the checks found, in the order of the checks.
#[derive(Debug, Default)]
pub(super) struct Checks {
    /// The key (such as `account[0].name`) and what is wrong with it.
    pub(super) found: Vec<(String, String)>,
}

impl Checks {
    /// Records that the value of `key` is wrong; `message` continues the key's name and says the mend.
    pub(super) fn refuse(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.found.push((key.into(), message.into()));
    }

    /// Records `message` unless `is_right`.
    pub(super) fn require(&mut self, is_right: bool, key: &str, message: &str) {
        if !is_right {
            self.refuse(key, message);
        }
    }
}

/// The messages that `check` gives, as `key message`, for the tests of the sections.
#[cfg(test)]
pub(super) fn messages(check: impl FnOnce(&mut Checks)) -> Vec<String> {
    let mut checks = Checks::default();
    check(&mut checks);
    checks.found.into_iter().map(|(key, message)| format!("{key} {message}")).collect()
}
