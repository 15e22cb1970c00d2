//! What `status` found, joined with what the configuration wants; pure.

use serde::Serialize;

use crate::{
    config::AccountConfig,
    store::{Freshness, HeldScan, ScanLine},
};

/// How the inventory stands.
#[derive(Debug, Serialize)]
pub(super) struct StatusReport {
    /// Whether every wanted target is fresh enough, with neither failures nor held deletes.
    pub(super) is_good: bool,
    pub(super) targets: Vec<TargetStatus>,
    pub(super) newest_scans: Vec<ScanLine>,
    pub(super) held_scans: Vec<HeldScan>,
    pub(super) legal_hold_count: usize,
}

/// One target.
#[derive(Debug, Serialize)]
pub(super) struct TargetStatus {
    #[serde(flatten)]
    pub(super) freshness: Freshness,
    /// False for a target that the configuration does not name any more: nobody waits for its scans.
    pub(super) is_configured: bool,
    /// Whether it is late by too much, fails, or waits for an approval.
    pub(super) is_good: bool,
}

impl StatusReport {
    pub(super) fn new(
        freshness: Vec<Freshness>,
        newest_scans: Vec<ScanLine>,
        held_scans: Vec<HeldScan>,
        legal_hold_count: usize,
        accounts: &[AccountConfig],
    ) -> Self {
        let never = never_scanned(&freshness, accounts);
        let targets: Vec<_> = freshness
            .into_iter()
            .chain(never)
            .map(|freshness| {
                let is_configured = is_configured(&freshness, accounts);
                let is_held = held_scans
                    .iter()
                    .any(|held| held.account_id == freshness.account_id && held.source == freshness.source);
                let is_late = ["stale", "never"].contains(&freshness.state.as_str());
                let is_bad = is_late || is_held || freshness.consecutive_failure_count > 0;
                TargetStatus { freshness, is_configured, is_good: !is_configured || !is_bad }
            })
            .collect();
        let is_good = targets.iter().all(|target| target.is_good);
        Self { is_good, targets, newest_scans, held_scans, legal_hold_count }
    }
}

/// Without accounts, as on a machine that only looks, every target counts.
fn is_configured(target: &Freshness, accounts: &[AccountConfig]) -> bool {
    accounts.is_empty() || accounts.iter().any(|account| is_of(target, account) && has_source(target, account))
}

fn is_of(target: &Freshness, account: &AccountConfig) -> bool {
    match &account.id {
        Some(id) => *id == target.account_id,
        None => account.name == target.account_name,
    }
}

fn has_source(target: &Freshness, account: &AccountConfig) -> bool {
    account.sources.iter().any(|source| source.name() == target.source)
}

/// Targets of the configuration that the inventory has not met.
fn never_scanned(known: &[Freshness], accounts: &[AccountConfig]) -> Vec<Freshness> {
    let wanted = accounts.iter().flat_map(|account| account.sources.iter().map(move |source| (account, source)));
    wanted
        .filter(|(account, source)| {
            !known.iter().any(|target| is_of(target, account) && target.source == source.name())
        })
        .map(|(account, source)| Freshness {
            account_id: account.id.clone().unwrap_or_default(),
            account_name: account.name.clone(),
            source: source.name().to_owned(),
            state: "never".into(),
            ..Freshness::default()
        })
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
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
        StatusReport::new(vec![target], Vec::new(), Vec::new(), 0, accounts).is_good
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
        assert!(!StatusReport::new(vec![target("fresh")], Vec::new(), vec![held], 0, &[]).is_good);
    }

    #[test]
    fn a_target_that_nobody_wants_any_more_is_shown_and_not_judged() {
        let other = account("prod", None, &[Source::AccessTokens]);
        let gone = Freshness { source: "mfa-devices".into(), ..target("stale") };
        let report = StatusReport::new(vec![target("fresh"), gone], Vec::new(), Vec::new(), 0, &[other]);
        assert!(report.is_good);
        assert!(!report.targets[1].is_configured);
    }

    #[test]
    fn a_configured_target_that_was_never_scanned_is_shown() {
        let accounts = [account("renamed", Some("1"), &Source::ALL), account("new", None, &[Source::MfaDevices])];
        let report = StatusReport::new(vec![target("fresh")], Vec::new(), Vec::new(), 0, &accounts);
        let shown: Vec<_> = report
            .targets
            .iter()
            .map(|target| (target.freshness.account_name.as_str(), target.freshness.source.as_str(), target.is_good))
            .collect();
        let wanted =
            [("prod", "access-tokens", true), ("renamed", "mfa-devices", false), ("new", "mfa-devices", false)];
        assert_eq!(shown, wanted);
    }
}
