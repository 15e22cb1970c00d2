//! `[retention]` and `[[retention.policy]]`: what is purged, and when it is old enough.

use std::{collections::HashSet, time::Duration};

use serde::Deserialize;

use super::{AccountConfig, Checks, Config, OrganizationConfig, shape::quoted, suggest::nearest};
use crate::inventory::Dataset;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Further back than this an instant cannot be told from a typing error.
const MAX_HISTORY: Duration = Duration::from_secs(1000 * 31_557_600);

/// What is purged.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionConfig {
    /// How long closed history is kept after it closed.
    #[serde(with = "humantime_serde")]
    pub history: Duration,
    /// Whether anything is purged.
    pub enabled: bool,
    /// What differs for some accounts or datasets.
    #[serde(rename = "policy")]
    pub policies: Vec<PolicyConfig>,
}

/// What differs for an account, a dataset, or a dataset of an account.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyConfig {
    /// The table; `None` for all of them.
    pub dataset: Option<Dataset>,
    /// The label of the account; `None` for every account.
    pub account: Option<String>,
    /// As in [`RetentionConfig`]; `None` leaves it to what is less specific.
    #[serde(with = "humantime_serde")]
    pub history: Option<Duration>,
    /// The same.
    pub enabled: Option<bool>,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        // Three years as `3y` is read: of 365.25 days each.
        Self { history: Duration::from_secs(3 * 31_557_600), enabled: true, policies: Vec::new() }
    }
}

impl Config {
    /// How long `dataset` of an account is kept, and whether it is purged at all. Of each key the most specific
    /// value counts: that for the account's dataset, then the account's, then the dataset's, then `[retention]`.
    ///
    /// The account is known by its id where its section has one, for the inventory learns a new label later.
    pub fn retention_of(&self, account_id: &str, account_name: &str, dataset: Dataset) -> (Duration, bool) {
        let sections = self.accounts.iter().map(|account| (&account.id, &account.name));
        let mut sections =
            sections.chain(self.organizations.iter().map(|organization| (&organization.id, &organization.name)));
        let section = sections.find(|(id, _)| id.as_deref() == Some(account_id));
        let label = section.map_or(account_name, |(_, name)| name);
        self.retention.resolve(label, dataset)
    }
}

impl RetentionConfig {
    fn resolve(&self, account: &str, dataset: Dataset) -> (Duration, bool) {
        let scopes = [(Some(account), Some(dataset)), (Some(account), None), (None, Some(dataset))];
        let policies: Vec<_> = scopes
            .into_iter()
            .filter_map(|scope| self.policies.iter().find(|policy| policy.scope() == scope))
            .collect();
        let history = policies.iter().find_map(|policy| policy.history).unwrap_or(self.history);
        let is_enabled = policies.iter().find_map(|policy| policy.enabled).unwrap_or(self.enabled);
        (history, is_enabled)
    }

    pub(super) fn check(&self, accounts: &[AccountConfig], organizations: &[OrganizationConfig], checks: &mut Checks) {
        check_history(self.history, "retention.history", checks);
        let mut scopes = HashSet::new();
        for (index, policy) in self.policies.iter().enumerate() {
            let key = |field: &str| format!("retention.policy[{index}].{field}");
            if let Some(history) = policy.history {
                check_history(history, &key("history"), checks);
            }
            if let Some(account) = &policy.account {
                check_account(account, accounts, organizations, &key("account"), checks);
            }
            let table = format!("retention.policy[{index}]");
            let is_somewhere = policy.account.is_some() || policy.dataset.is_some();
            checks.require(
                is_somewhere,
                &table,
                "names neither `account` nor `dataset`; name one, or write into [retention] what is for all",
            );
            checks.require(
                policy.history.is_some() || policy.enabled.is_some(),
                &table,
                "says neither `history` nor `enabled`; add one, or remove it",
            );
            if is_somewhere && !scopes.insert(policy.scope()) {
                checks.refuse(table, "is for the same account and dataset as one above; keep one of them");
            }
        }
    }
}

impl PolicyConfig {
    fn scope(&self) -> (Option<&str>, Option<Dataset>) {
        (self.account.as_deref(), self.dataset)
    }
}

fn check_history(history: Duration, key: &str, checks: &mut Checks) {
    checks.require(
        (DAY..=MAX_HISTORY).contains(&history),
        key,
        "is out of range; write a duration from `1d` to `1000y`",
    );
}

/// Members of an organization are not in the configuration, so any name after its label and a slash will do.
fn check_account(
    account: &str,
    accounts: &[AccountConfig],
    organizations: &[OrganizationConfig],
    key: &str,
    checks: &mut Checks,
) {
    let labels: Vec<&str> = accounts
        .iter()
        .map(|account| account.name.as_str())
        .chain(organizations.iter().map(|organization| organization.name.as_str()))
        .collect();
    let is_member = organizations.iter().any(|organization| {
        account.strip_prefix(&organization.name).is_some_and(|rest| rest.len() > 1 && rest.starts_with('/'))
    });
    if is_member || labels.contains(&account) {
        return;
    }
    let mend = match nearest(account, labels.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if labels.is_empty() => "there is none".to_owned(),
        None => format!("the configuration has {}", quoted(&labels)),
    };
    checks.refuse(key, format!("is `{}`, which is the name of no account; {mend}", account.escape_debug()));
}

#[cfg(test)]
#[path = "retention_tests.rs"]
mod tests;
