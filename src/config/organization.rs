//! `[[organization]]`: resource directories, whose member accounts are all kept.

use std::collections::HashSet;

use serde::Deserialize;

use crate::inventory::Source;

use super::{
    AccountConfig, AssumeRole, Checks, CredentialsConfig,
    account::{all_sources, check_sources, is_account_id, is_label},
    role::{DEFAULT_SESSION_NAME, is_role_name},
};

/// The role that every member account has from the start.
const DEFAULT_ROLE_NAME: &str = "ResourceDirectoryAccountAccessRole";

/// What a session in a member account may do, whatever the role may.
const SESSION_POLICY: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":["smc:ListAccessTokens","ram:ListVirtualMFADevices"],"Resource":"*"}]}"#;

/// A resource directory: its management account lists the members, and a role is assumed in each.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationConfig {
    /// The operator's label: the management account is called so, and a member `<name>/<its display name>`.
    pub name: String,
    /// The numeric id of the management account; absent means that STS is asked.
    pub id: Option<String>,
    /// Where the keys of the management account come from.
    #[serde(default)]
    pub credentials: CredentialsConfig,
    /// The role to assume in each member.
    #[serde(default = "default_role_name")]
    pub role_name: String,
    /// What the sessions are called in the members' audit logs.
    #[serde(default = "default_session_name")]
    pub session_name: String,
    /// What the role's trust policy asks for, where it does.
    pub external_id: Option<String>,
    /// What is kept of each account.
    #[serde(default = "all_sources")]
    pub sources: Vec<Source>,
    /// The ids of the members that are kept; empty means all.
    #[serde(default)]
    pub include: Vec<String>,
    /// The ids of members that are not kept.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Whether the management account, which is no member, is kept too.
    #[serde(default = "yes")]
    pub management: bool,
}

impl OrganizationConfig {
    /// The management account, as a section of its own would say it.
    pub fn management_account(&self) -> AccountConfig {
        AccountConfig {
            name: self.name.clone(),
            id: self.id.clone(),
            sources: self.sources.clone(),
            credentials: self.credentials.clone(),
        }
    }

    /// A member, as a section of its own would say it.
    pub fn member_account(&self, account_id: &str, name: String) -> AccountConfig {
        AccountConfig {
            name,
            id: Some(account_id.to_owned()),
            sources: self.sources.clone(),
            credentials: self.credentials.clone().assuming(self.role_in(account_id)),
        }
    }

    /// The role to assume in a member, narrowed to the two listings.
    pub fn role_in(&self, account_id: &str) -> AssumeRole {
        AssumeRole {
            session_name: self.session_name.clone(),
            external_id: self.external_id.clone(),
            policy: Some(SESSION_POLICY.to_owned()),
            ..AssumeRole::new(format!("acs:ram::{account_id}:role/{}", self.role_name))
        }
    }

    /// Whether this member is to be kept.
    pub fn wants(&self, account_id: &str) -> bool {
        let is_in = |ids: &[String]| ids.iter().any(|id| id == account_id);
        (self.include.is_empty() || is_in(&self.include)) && !is_in(&self.exclude)
    }
}

fn default_role_name() -> String {
    DEFAULT_ROLE_NAME.to_owned()
}

fn default_session_name() -> String {
    DEFAULT_SESSION_NAME.to_owned()
}

fn yes() -> bool {
    true
}

/// Checks each organization, and that no account could be taken for one of its accounts.
pub(super) fn check_organizations(
    organizations: &[OrganizationConfig],
    accounts: &[AccountConfig],
    checks: &mut Checks,
) {
    let mut names = HashSet::new();
    for (index, organization) in organizations.iter().enumerate() {
        let key = |field: &str| format!("organization[{index}].{field}");
        organization.check(&key, checks);
        if !names.insert(&organization.name) {
            let message = format!("`{}` is taken by an organization above; names are unique", organization.name);
            checks.refuse(key("name"), message);
        }
        let members = format!("{}/", organization.name);
        if let Some(account) =
            accounts.iter().find(|account| account.name == organization.name || account.name.starts_with(&members))
        {
            let message = format!("would make its accounts look like [[account]] `{}`; rename one", account.name);
            checks.refuse(key("name"), message);
        }
    }
}

impl OrganizationConfig {
    fn check(&self, key: &dyn Fn(&str) -> String, checks: &mut Checks) {
        checks.require(
            is_label(&self.name) && !self.name.contains('/'),
            &key("name"),
            "is empty, or has blanks around it or a slash; write a label such as `acme`",
        );
        check_sources(&self.sources, &key("sources"), checks);
        self.credentials.check(&|field| key(&format!("credentials.{field}")), checks);
        checks.require(
            is_role_name(&self.role_name),
            &key("role_name"),
            "is not the name of a RAM role, letters, digits and `. - _`; leave it out for the one that every member has",
        );
        AssumeRole { role_arn: "acs:ram::1:role/named-above".into(), ..self.role_in("1") }.check(key, checks);
        checks.require(
            self.id.as_deref().is_none_or(is_account_id),
            &key("id"),
            "is not a numeric account id; write its digits in quotes, or leave it out to ask STS",
        );
        for (field, ids) in [("include", &self.include), ("exclude", &self.exclude)] {
            checks.require(
                ids.iter().all(|id| is_account_id(id)),
                &key(field),
                "has something else than numeric account ids; write digits in quotes",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::checks::messages, *};

    fn organization() -> OrganizationConfig {
        toml::from_str("name = 'acme'").unwrap()
    }

    fn refused_keys(edit: impl FnOnce(&mut OrganizationConfig), accounts: &[AccountConfig]) -> Vec<String> {
        let mut organization = organization();
        edit(&mut organization);
        let messages = messages(|checks| check_organizations(&[organization], accounts, checks));
        messages.iter().map(|line| line.split(' ').next().unwrap().replace("organization[0].", "")).collect()
    }

    #[test]
    fn a_name_alone_will_do_and_other_values_are_checked_by_their_keys() {
        assert!(refused_keys(|_| {}, &[]).is_empty());
        assert_eq!(refused_keys(|organization| organization.name = "a/b".into(), &[]), ["name"]);
        assert_eq!(refused_keys(|organization| organization.id = Some("x".into()), &[]), ["id"]);
        assert_eq!(refused_keys(|organization| organization.role_name = "a b".into(), &[]), ["role_name"]);
        assert_eq!(refused_keys(|organization| organization.session_name = "a b".into(), &[]), ["session_name"]);
        assert_eq!(refused_keys(|organization| organization.sources = vec![], &[]), ["sources"]);
        assert_eq!(refused_keys(|organization| organization.include = vec!["x".into()], &[]), ["include"]);
        assert_eq!(refused_keys(|organization| organization.exclude = vec![String::new()], &[]), ["exclude"]);
    }

    #[test]
    fn no_account_is_called_like_one_of_an_organization() {
        for name in ["acme", "acme/dev"] {
            let account = AccountConfig { name: name.into(), ..organization().management_account() };
            assert_eq!(refused_keys(|_| {}, &[account]), ["name"], "{name}");
        }
        let account = AccountConfig { name: "acme-dev".into(), ..organization().management_account() };
        assert!(refused_keys(|_| {}, &[account]).is_empty());
    }

    #[test]
    fn members_are_chosen_by_id() {
        let mut organization = organization();
        assert!(organization.wants("1"));
        organization.exclude = vec!["1".into()];
        assert!(!organization.wants("1") && organization.wants("2"));
        organization.include = vec!["1".into(), "3".into()];
        assert!(!organization.wants("1") && !organization.wants("2") && organization.wants("3"));
    }

    #[test]
    fn a_session_in_a_member_may_do_the_two_listings_alone() {
        let role = organization().role_in("17");
        assert_eq!(role.role_arn, "acs:ram::17:role/ResourceDirectoryAccountAccessRole");
        let policy: serde_json::Value = serde_json::from_str(&role.policy.unwrap()).unwrap();
        let actions = &policy["Statement"][0]["Action"];
        assert_eq!(*actions, serde_json::json!(["smc:ListAccessTokens", "ram:ListVirtualMFADevices"]));
        assert_eq!(policy["Statement"].as_array().unwrap().len(), 1);
    }
}
