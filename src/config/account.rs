//! `[[account]]`: the Alibaba Cloud accounts.

use std::collections::HashSet;

use serde::Deserialize;

use crate::inventory::Source;

use super::{Checks, CredentialsConfig};

/// One Alibaba Cloud account.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountConfig {
    /// The operator's label, unique.
    pub name: String,
    /// The numeric account id; absent means that STS is asked.
    pub id: Option<String>,
    /// What is kept of this account.
    #[serde(default = "all_sources")]
    pub sources: Vec<Source>,
    /// Where its keys come from.
    #[serde(default)]
    pub credentials: CredentialsConfig,
}

pub(super) fn all_sources() -> Vec<Source> {
    Source::ALL.to_vec()
}

/// Checks each account, and that no two claim the same name or id.
pub(super) fn check_accounts(accounts: &[AccountConfig], checks: &mut Checks) {
    let mut names = HashSet::new();
    let mut ids = HashSet::new();
    for (index, account) in accounts.iter().enumerate() {
        let key = |field: &str| format!("account[{index}].{field}");
        account.check(&key, checks);
        if !names.insert(&account.name) {
            checks.refuse(key("name"), format!("`{}` is taken by an account above; names are unique", account.name));
        }
        if let Some(id) = &account.id
            && !ids.insert(id)
        {
            checks.refuse(key("id"), format!("`{id}` is taken by an account above; keep one of them"));
        }
    }
}

impl AccountConfig {
    fn check(&self, key: &impl Fn(&str) -> String, checks: &mut Checks) {
        checks.require(
            is_label(&self.name),
            &key("name"),
            "is empty or has blanks around it; write a label such as `prod`",
        );
        checks.require(
            self.id.as_deref().is_none_or(is_account_id),
            &key("id"),
            "is not a numeric account id; write its digits in quotes, or leave it out to ask STS",
        );
        check_sources(&self.sources, &key("sources"), checks);
        self.credentials.check(&|field| key(&format!("credentials.{field}")), checks);
    }
}

/// Whether `name` can stand in a line of output.
pub(super) fn is_label(name: &str) -> bool {
    !name.is_empty() && name.trim() == name && !name.contains(char::is_control)
}

pub(super) fn is_account_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())
}

/// Holds `sources` against what can be kept of an account.
pub(super) fn check_sources(sources: &[Source], key: &str, checks: &mut Checks) {
    checks.require(!sources.is_empty(), key, "is empty: nothing would be kept; leave it out for both sources");
    let distinct: HashSet<_> = sources.iter().collect();
    checks.require(distinct.len() == sources.len(), key, "names a source twice; name each once");
}

#[cfg(test)]
mod tests {
    use super::{super::checks::messages, *};

    fn account(name: &str, id: Option<&str>) -> AccountConfig {
        AccountConfig {
            name: name.into(),
            id: id.map(Into::into),
            sources: all_sources(),
            credentials: CredentialsConfig::Default,
        }
    }

    fn refusals(accounts: &[AccountConfig]) -> Vec<String> {
        messages(|checks| check_accounts(accounts, checks))
    }

    #[test]
    fn names_and_ids_are_unique() {
        assert!(refusals(&[account("a", None), account("b", None)]).is_empty());
        let same = refusals(&[account("a", Some("1")), account("a", Some("1"))]);
        assert_eq!(same.len(), 2);
        assert!(same[0].starts_with("account[1].name `a`"), "{same:?}");
    }

    #[test]
    fn an_id_is_digits_and_a_name_is_not_blank() {
        for (name, id) in [("", None), (" a", None), ("a", Some("")), ("a", Some("17x")), ("a", Some("-1"))] {
            assert_eq!(refusals(&[account(name, id)]).len(), 1, "{name:?} {id:?}");
        }
        assert!(refusals(&[account("a", Some("0012"))]).is_empty());
    }

    #[test]
    fn sources_are_some_and_distinct() {
        let with = |sources: &[Source]| AccountConfig { sources: sources.to_vec(), ..account("a", None) };
        assert_eq!(refusals(&[with(&[])]).len(), 1);
        assert_eq!(refusals(&[with(&[Source::MfaDevices, Source::MfaDevices])]).len(), 1);
        assert!(refusals(&[with(&[Source::MfaDevices])]).is_empty());
    }
}
