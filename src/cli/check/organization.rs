//! One organization: whether its members can be listed, and which accounts that adds.

use std::sync::Arc;

use super::{account::MAX_ATTEMPTS, finding::Finding};
use crate::{
    cli::words::counted,
    clock::SystemClock,
    config::{AccountConfig, ApiConfig, Config, OrganizationConfig},
    source::{AccountClient, Environment, HttpClient},
    store::MemberAccount,
    worker::choose_members,
};

/// Lists the members, and hands on the accounts that are to be checked one by one.
pub(super) async fn check_organization(
    organization: &OrganizationConfig,
    config: &Config,
    http: HttpClient,
) -> (Vec<Finding>, Vec<AccountConfig>) {
    let mut accounts: Vec<_> = organization.management.then(|| organization.management_account()).into_iter().collect();
    let api = ApiConfig { max_attempts: config.api.max_attempts.min(MAX_ATTEMPTS), ..config.api.clone() };
    let environment = Environment::of_process();
    let clock = Arc::new(SystemClock);
    let finding = match AccountClient::new(http, &api, &organization.credentials, environment, clock) {
        Err(error) => Finding::refused("endpoints", &error),
        Ok(client) => match client.list_members().await {
            Err(error) => Finding { mend: Some(error.mend()), ..Finding::fail("members", error.to_string()) },
            Ok(directory) => {
                let is_of_section = |id: &str| config.accounts.iter().any(|account| account.id.as_deref() == Some(id));
                let members = choose_members(organization, &directory, is_of_section);
                let message = format!("ListAccounts answers: {} to keep", counted(members.len() as u64, "member"));
                let account =
                    |member: MemberAccount| organization.member_account(&member.account_id, member.account_name);
                accounts.extend(members.into_iter().map(account));
                Finding::ok("members", message)
            }
        },
    };
    (vec![finding.of_account(&organization.name)], accounts)
}
