//! One account: credentials, identity, clock, and the permission of each listing.

use std::sync::Arc;

use chrono::TimeDelta;

use super::finding::Finding;
use crate::{
    cli::words::counted,
    clock::SystemClock,
    config::{AccountConfig, ApiConfig},
    inventory::Source,
    source::{
        AccessTokenQuery, AccountClient, CallerIdentity, Environment, HttpClient, ListAccessTokens, ListMfaDevices,
        MfaDeviceQuery, PageRequest, SourceError,
    },
};

/// A clock this far from the API's is warned about.
const SKEW_WARNING: TimeDelta = TimeDelta::seconds(5);

/// The smallest page that tells whether the listing may be read.
const FIRST_PAGE: PageRequest = PageRequest { number: 1, size: 10 };

/// A person waits: one retry tells a passing fault from a lasting one.
pub(super) const MAX_ATTEMPTS: u32 = 2;

/// Checks everything of `account` that can still be checked after a failure.
pub(super) async fn check_account(account: &AccountConfig, api: &ApiConfig, http: HttpClient) -> Vec<Finding> {
    let findings = findings(account, api, http).await;
    findings.into_iter().map(|finding| finding.of_account(&account.name)).collect()
}

async fn findings(account: &AccountConfig, api: &ApiConfig, http: HttpClient) -> Vec<Finding> {
    let api = ApiConfig { max_attempts: api.max_attempts.min(MAX_ATTEMPTS), ..api.clone() };
    let environment = Environment::of_process();
    let client = match AccountClient::new(http, &api, &account.credentials, environment, Arc::new(SystemClock)) {
        Ok(client) => Arc::new(client),
        Err(error) => return vec![Finding::refused("endpoints", &error)],
    };
    let mut findings = match client.key_origin().await {
        Ok(origin) => vec![Finding::ok("credentials", format!("from {origin}"))],
        // Without keys everything below fails for the same reason.
        Err(error) => return vec![Finding::refused("credentials", &error)],
    };
    let identity = client.caller_identity().await;
    let mut skew = identity.as_ref().ok().and_then(|identity| identity.skew);
    findings.push(match &identity {
        Ok(identity) => identity_finding(account.id.as_deref(), identity),
        Err(error) => Finding::refused("identity", error),
    });
    let mut listings = Vec::new();
    for source in &account.sources {
        let answer = match source {
            Source::AccessTokens => read_access_tokens(&client).await,
            Source::MfaDevices => read_mfa_devices(&client).await,
        };
        if let Ok(answer) = &answer {
            skew = skew.or(answer.skew);
        }
        listings.push(match answer {
            Ok(answer) => Finding::ok(source.name(), answer.message),
            Err(error) => Finding::refused(source.name(), &error),
        });
    }
    findings.extend(skew.map(clock_finding));
    findings.extend(listings);
    findings
}

/// What the first page of a listing told.
struct Answer {
    message: String,
    skew: Option<TimeDelta>,
}

async fn read_access_tokens(client: &Arc<AccountClient>) -> Result<Answer, SourceError> {
    let paged = AccessTokenQuery { paging: Some(FIRST_PAGE), ..AccessTokenQuery::default() };
    let answer = match client.list_access_tokens(&paged).await {
        Err(error) if error.rejects_parameter(&["PageNumber", "PageSize"]) => {
            client.list_access_tokens(&AccessTokenQuery::default()).await?
        }
        answer => answer?,
    };
    let total = answer.total_count.map_or_else(|| "without a total".to_owned(), |total| counted(total, "code"));
    Ok(Answer { message: format!("ListAccessTokens answers: {total}"), skew: answer.page.skew })
}

async fn read_mfa_devices(client: &Arc<AccountClient>) -> Result<Answer, SourceError> {
    let answer = client.list_mfa_devices(MfaDeviceQuery::default()).await?;
    let count = counted(answer.page.items.len() as u64, "device");
    let more = if answer.is_truncated { " and more" } else { "" };
    Ok(Answer { message: format!("ListVirtualMFADevices answers: {count}{more}"), skew: answer.page.skew })
}

/// The name of the identity stays unsaid: it can be a person's.
fn identity_finding(configured: Option<&str>, identity: &CallerIdentity) -> Finding {
    let id = &identity.account_id;
    let kind = identity.kind.as_deref().unwrap_or("identity of unknown type");
    match configured {
        Some(configured) if configured != id => Finding {
            mend: Some("correct account.id or account.credentials".into()),
            ..Finding::fail(
                "identity",
                format!("the configuration says account {configured}, but the keys belong to {id}"),
            )
        },
        Some(_) => Finding::ok("identity", format!("{kind} of account {id}, as configured")),
        None => Finding::ok("identity", format!("{kind} of account {id}")),
    }
}

fn clock_finding(skew: TimeDelta) -> Finding {
    let message = match skew.num_seconds() {
        // The API's date has whole seconds.
        -1..=1 => "within a second of the API's".to_owned(),
        seconds @ ..-1 => format!("{} s behind the API's", seconds.unsigned_abs()),
        seconds => format!("{seconds} s ahead of the API's"),
    };
    if skew.abs() > SKEW_WARNING {
        Finding::warn("clock", message, "set this machine's clock (NTP)")
    } else {
        Finding::ok("clock", message)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Level, *};

    #[test]
    fn keys_of_another_account_fail() {
        let identity = CallerIdentity { account_id: "17".into(), arn: None, kind: Some("RAMUser".into()), skew: None };
        assert_eq!(identity_finding(Some("17"), &identity).message, "RAMUser of account 17, as configured");
        assert_eq!(identity_finding(None, &identity).level, Level::Ok);
        assert_eq!(identity_finding(Some("18"), &identity).level, Level::Fail);
    }

    #[test]
    fn a_clock_may_be_five_seconds_off() {
        assert_eq!(clock_finding(TimeDelta::seconds(-5)).level, Level::Ok);
        let warning = clock_finding(TimeDelta::milliseconds(5100));
        assert_eq!((warning.level, warning.message.as_str()), (Level::Warn, "5 s ahead of the API's"));
    }
}
