//! What `status` found, joined with what the configuration wants; pure.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    config::AccountConfig,
    store::{Freshness, HeldScan, KnownOrganization, ScanLine},
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
    pub(super) organizations: Vec<OrganizationStatus>,
}

/// How the members of an organization were last listed.
#[derive(Debug, Serialize)]
pub(super) struct OrganizationStatus {
    pub(super) name: String,
    pub(super) listed_at: Option<DateTime<Utc>>,
    /// Why they are not known for sure.
    pub(super) trouble: Option<String>,
}

impl OrganizationStatus {
    pub(super) fn new(name: &str, known: Option<KnownOrganization>) -> Self {
        let (listed_at, error) = known.map(|known| (known.listed_at, known.error_message)).unwrap_or_default();
        let never = || listed_at.is_none().then(|| "never listed; run `stocktake sync`".to_owned());
        Self { name: name.to_owned(), listed_at, trouble: error.or_else(never) }
    }
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
        organizations: Vec<OrganizationStatus>,
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
        let is_good = targets.iter().all(|target| target.is_good)
            && organizations.iter().all(|organization| organization.trouble.is_none());
        Self { is_good, targets, newest_scans, held_scans, legal_hold_count, organizations }
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
#[path = "report_tests.rs"]
pub(super) mod tests;
