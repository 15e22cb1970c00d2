//! Joins source, scan and store: one scan of one target, and the loop that runs them on a schedule.
//!
//! A failed scan is not retried here: the next tick is the retry, and single requests were retried
//! by the source already.

mod account;
mod claims;
mod identity;
mod organization;
mod progress;
mod report;
mod retention;
mod scan;
mod serve;
mod turns;

pub use account::Account;
pub use organization::{ListingTrouble, Organization, choose_members};
pub use progress::{NoProgress, Progress};
pub use report::{TargetOutcome, TargetReport};
pub use retention::keep_policies;
pub use serve::serve;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use claims::{Claims, Rank, Standing};
use turns::Turns;

use crate::{
    clock::Clock,
    config::{Config, CredentialsConfig},
    inventory::Source,
    scan::Refresh,
    schedule::Intervals,
    source::{AccountClient, Environment, HttpClient, SourceError},
    store::Store,
};

/// Everything that a scan needs; shared by all scans of the process.
pub struct Worker {
    config: Config,
    store: Store,
    clock: Arc<dyn Clock>,
    sections: Vec<Arc<Account>>,
    organizations: Vec<Arc<Organization>>,
    progress: Arc<dyn Progress>,
    stop: CancellationToken,
    claims: Claims,
    turns: Turns,
    intervals: Intervals,
}

/// How one scan differs from a scheduled one.
#[derive(Clone, Debug, Default)]
pub struct ScanRequest {
    /// The ceiling of `--approve-deletes`.
    pub approved_delete_count: Option<u64>,
    /// Roll everything back at the end.
    pub is_rehearsal: bool,
    /// Only these codes; never deletes.
    pub refresh: Option<Refresh>,
}

impl Worker {
    /// A worker for every account and organization of `config`, whose clients share `http`. Sends nothing yet.
    ///
    /// # Errors
    /// Where an endpoint of `config.api` cannot be used.
    pub fn new(
        http: &HttpClient,
        config: Config,
        store: Store,
        clock: Arc<dyn Clock>,
        environment: &Environment,
        progress: Arc<dyn Progress>,
        stop: CancellationToken,
    ) -> Result<Self, SourceError> {
        let client = |credentials: &CredentialsConfig| {
            AccountClient::new(http.clone(), &config.api, credentials, environment.clone(), Arc::clone(&clock))
                .map(Arc::new)
        };
        let claims = Claims::default();
        let mut sections = Vec::new();
        for (index, account) in config.accounts.iter().enumerate() {
            let standing = if account.id.is_some() { Standing::Named } else { Standing::Unnamed };
            let rank = Rank { standing, index };
            if let Some(id) = &account.id {
                // Ids are unique in the configuration, so nobody else has it.
                let _ = claims.claim(id, rank, &account.name);
            }
            sections.push(Arc::new(Account::new(account.clone(), rank, client(&account.credentials)?)));
        }
        let mut organizations = Vec::new();
        for (index, organization) in config.organizations.iter().enumerate() {
            organizations.push(Arc::new(Organization::new(organization, index, client(&organization.credentials)?)));
        }
        Ok(Self {
            config,
            store,
            clock,
            sections,
            organizations,
            progress,
            stop,
            claims,
            turns: Turns::default(),
            intervals: Intervals::default(),
        })
    }

    /// The accounts that are kept: those with a section of their own, in the order of the configuration, and those of
    /// organizations, as far as they are known and have none.
    pub fn accounts(&self) -> Vec<Arc<Account>> {
        let organizations = self.organizations.iter().flat_map(|organization| self.accounts_of(organization));
        self.sections.iter().cloned().chain(organizations).collect()
    }

    /// The accounts of `organization` that have no section of their own.
    fn accounts_of(&self, organization: &Organization) -> Vec<Arc<Account>> {
        let mut accounts = organization.accounts();
        accounts.retain(|account| account.known_id().is_none_or(|id| !self.claims.is_of_section(&id)));
        accounts
    }

    /// The inventory's database.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Scans every configured target of `account` and `source` (all where `None`), all at once.
    pub async fn scan_all(
        &self,
        account: Option<&str>,
        source: Option<Source>,
        request: &ScanRequest,
    ) -> Vec<TargetReport> {
        let mut chosen = self.accounts();
        chosen.retain(|candidate| account.is_none_or(|name| candidate.answers_to(name)));
        let mut scans = Vec::new();
        for account in chosen {
            for target_source in account.sources().iter().copied() {
                if source.is_none_or(|source| source == target_source) {
                    let account = Arc::clone(&account);
                    scans.push(async move { self.scan(&account, target_source, request).await });
                }
            }
        }
        futures::future::join_all(scans).await
    }

    /// Age in seconds from which a target counts as stale: three scheduled scans were missed.
    fn stale_after_seconds(&self, source: Source) -> Option<i64> {
        let expression = match source {
            Source::AccessTokens => &self.config.schedule.access_tokens,
            Source::MfaDevices => &self.config.schedule.mfa_devices,
        };
        let interval = self.intervals.longest(expression, self.clock.now())?;
        i64::try_from(interval.saturating_mul(3)).ok()
    }
}
