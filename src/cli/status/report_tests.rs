//! Which targets are good.

use super::*;
use crate::{config::CredentialsConfig, inventory::Source};

pub(in crate::cli::status) fn target(state: &str) -> Freshness {
    Freshness {
        account_id: "1".into(),
        account_name: "prod".into(),
        source: "access-tokens".into(),
        state: state.into(),
        data_as_of_at: Some("2026-10-03T09:15:02Z".parse().unwrap()),
        age_seconds: Some(240),
        stale_after_seconds: Some(2700),
        live_count: 12,
        consecutive_failure_count: 0,
        last_error: None,
    }
}

fn account(name: &str, id: Option<&str>, sources: &[Source]) -> AccountConfig {
    AccountConfig {
        name: name.into(),
        id: id.map(str::to_owned),
        sources: sources.to_vec(),
        credentials: CredentialsConfig::Default,
    }
}

fn is_good(target: Freshness, accounts: &[AccountConfig]) -> bool {
    StatusReport::new(vec![target], Vec::new(), Vec::new(), 0, Vec::new(), accounts).is_good
}

#[test]
fn stale_never_and_failing_targets_are_not_good() {
    for (state, wanted) in [("fresh", true), ("late", true), ("off", true), ("stale", false), ("never", false)] {
        assert_eq!(is_good(target(state), &[]), wanted, "{state}");
    }
    assert!(!is_good(Freshness { consecutive_failure_count: 1, ..target("fresh") }, &[]));
}

#[test]
fn held_scans_are_not_good() {
    let held = HeldScan {
        account_id: "1".into(),
        account_name: "prod".into(),
        source: "access-tokens".into(),
        scan_id: 7,
        started_at: "2026-10-03T09:15:02Z".parse().unwrap(),
        held_count: 30,
        error_message: "gone".into(),
    };
    assert!(!StatusReport::new(vec![target("fresh")], Vec::new(), vec![held], 0, Vec::new(), &[]).is_good);
}

#[test]
fn a_target_that_nobody_wants_any_more_is_shown_and_not_judged() {
    let other = account("prod", None, &[Source::AccessTokens]);
    let gone = Freshness { source: "mfa-devices".into(), ..target("stale") };
    let report = StatusReport::new(vec![target("fresh"), gone], Vec::new(), Vec::new(), 0, Vec::new(), &[other]);
    assert!(report.is_good);
    assert!(!report.targets[1].is_configured);
}

#[test]
fn a_configured_target_that_was_never_scanned_is_shown() {
    let accounts = [account("renamed", Some("1"), &Source::ALL), account("new", None, &[Source::MfaDevices])];
    let report = StatusReport::new(vec![target("fresh")], Vec::new(), Vec::new(), 0, Vec::new(), &accounts);
    let shown: Vec<_> = report
        .targets
        .iter()
        .map(|target| (target.freshness.account_name.as_str(), target.freshness.source.as_str(), target.is_good))
        .collect();
    let wanted = [("prod", "access-tokens", true), ("renamed", "mfa-devices", false), ("new", "mfa-devices", false)];
    assert_eq!(shown, wanted);
}

#[test]
fn an_organization_whose_members_are_not_known_for_sure_is_not_good() {
    let known = |listed_at, error: Option<&str>| KnownOrganization {
        account_id: "1".into(),
        listed_at,
        error_message: error.map(str::to_owned),
    };
    let is_good = |known| {
        let organizations = vec![OrganizationStatus::new("acme", known)];
        StatusReport::new(vec![target("fresh")], Vec::new(), Vec::new(), 0, organizations, &[]).is_good
    };
    let listed_at = Some(DateTime::UNIX_EPOCH);
    assert!(is_good(Some(known(listed_at, None))));
    assert!(!is_good(Some(known(listed_at, Some("timeout")))));
    assert!(!is_good(Some(known(None, Some("timeout")))));
    assert!(!is_good(None), "never listed");
}
