//! `ResourceManager` `ListAccounts`: the members of the directory that an account manages, page by page.

use serde::Serialize;

use super::ApiError;
use crate::account::Account;
use crate::request::GatewayRequest;

const DEFAULT_PAGE_SIZE: usize = 10;
const MAX_PAGE_SIZE: usize = 100;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    total_count: usize,
    request_id: &'a str,
    page_size: usize,
    page_number: usize,
    accounts: Wrapper<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Wrapper<'a> {
    account: Vec<Item<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Item<'a> {
    status: &'a str,
    #[serde(rename = "Type")]
    kind: &'static str,
    display_name: &'a str,
    folder_id: &'static str,
    join_method: &'static str,
    resource_directory_id: &'static str,
    account_id: &'a str,
}

/// Answers one request.
pub(crate) fn list(request: &GatewayRequest, account: &Account, request_id: &str) -> Result<Vec<u8>, ApiError> {
    let Some(members) = &account.settings.directory else {
        let message = "The resource directory for the account is not enabled.";
        return Err(ApiError::new(409, "ResourceDirectoryNotInUse", message));
    };
    let page_number = number(request, "PageNumber", 1, usize::MAX)?;
    let page_size = number(request, "PageSize", DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)?;
    let skipped = (page_number - 1).saturating_mul(page_size);
    let items = members.iter().skip(skipped).take(page_size).map(|member| Item {
        status: &member.status,
        kind: "CloudAccount",
        display_name: &member.display_name,
        folder_id: "fd-emulated",
        join_method: if member.status.starts_with("Invite") { "invited" } else { "created" },
        resource_directory_id: "rd-emulated",
        account_id: &member.account_id,
    });
    let accounts = Wrapper { account: items.collect() };
    let answer = Answer { total_count: members.len(), request_id, page_size, page_number, accounts };
    Ok(serde_json::to_vec(&answer).expect("a struct of strings is always JSON"))
}

fn number(request: &GatewayRequest, name: &str, default: usize, max: usize) -> Result<usize, ApiError> {
    let Some(text) = request.parameter(name) else { return Ok(default) };
    let number = text.parse().ok().filter(|number| (1..=max).contains(number));
    number.ok_or_else(|| ApiError::invalid_parameter(name))
}
