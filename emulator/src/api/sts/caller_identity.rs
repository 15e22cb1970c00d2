//! STS `GetCallerIdentity`: whose key this is.

use serde::Serialize;

use crate::account::{AccessKey, Account};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    identity_type: &'static str,
    account_id: &'a str,
    request_id: &'a str,
    principal_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_id: Option<String>,
    arn: String,
}

/// A long-lived key is a RAM user's, a key with a token an assumed role's.
pub(crate) fn get(account: &Account, key: &AccessKey, request_id: &str) -> Vec<u8> {
    let id = &account.id;
    let answer = if key.security_token.is_some() {
        let (role, name) = match &key.session {
            Some(session) => (session.role.as_str(), session.name.as_str()),
            None => ("stocktake", "stocktake"),
        };
        let role_id = super::role_id(account, role);
        Answer {
            identity_type: "AssumedRoleUser",
            account_id: id,
            request_id,
            principal_id: format!("{role_id}:{name}"),
            user_id: None,
            role_id: Some(role_id.to_string()),
            arn: format!("acs:ram::{id}:assumed-role/{role}/{name}"),
        }
    } else {
        let user_id = "200000000000000001".to_owned();
        Answer {
            identity_type: "RAMUser",
            account_id: id,
            request_id,
            principal_id: user_id.clone(),
            user_id: Some(user_id),
            role_id: None,
            arn: format!("acs:ram::{id}:user/stocktake"),
        }
    };
    serde_json::to_vec(&answer).expect("a struct of strings is always JSON")
}
