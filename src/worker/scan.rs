//! One scan of one target: lock, read, prove, apply, record.

use std::sync::Arc;

use tracing::{Instrument, info_span, warn};

use super::{
    Account, ScanRequest, TargetOutcome, TargetReport, Worker,
    account::IdentityTrouble,
    identity::{late, stopped},
    progress::Watched,
};
use crate::{
    inventory::{AccessToken, MfaDevice, Source, Target},
    scan::{
        DeleteLimits, Evidence, Interruption, Limits, Observer, ScanError, ScanOptions, ScanReport, Verdict,
        refresh_access_tokens, scan_access_tokens, scan_mfa_devices,
    },
    source::AccountClient,
    store::{Applied, Kept, Observations, Outcome, ScanStart, StoreError, TargetSession, Trouble},
};

/// A clock this far from the API's is warned about.
const SKEW_WARNING: chrono::TimeDelta = chrono::TimeDelta::seconds(5);

impl Worker {
    /// Scans one target; what goes wrong is in the report, and on the scan's row where it has one.
    ///
    /// `scan.deadline` begins here and covers whatever the scan asks of an API, first and last identity included.
    pub async fn scan(&self, account: &Account, source: Source, request: &ScanRequest) -> TargetReport {
        let span = info_span!("scan", account.name = account.name(), source.name = source.name());
        async {
            let report = |account_id: Option<String>, outcome| TargetReport {
                account_name: account.name().to_owned(),
                account_id,
                source,
                outcome,
            };
            let mut limits = Limits::new(self.config.scan.deadline, self.stop.clone());
            let Some(turn) = limits.wait_turn(self.turns.of_identities().take()).await else {
                return report(None, TargetOutcome::Unrecorded(stopped()));
            };
            let (account_id, identity_trouble) = match turn.run(self.identify(account, &limits)).await {
                Ok(account_id) => (account_id, None),
                Err(IdentityTrouble::Refused(trouble)) => {
                    return report(None, TargetOutcome::Unrecorded(trouble));
                }
                // The ledger can say why, if it is known whose ledger.
                Err(IdentityTrouble::Unknown(trouble)) => match self.known_id(account).await {
                    Some(account_id) => (account_id, Some(trouble)),
                    None => return report(None, TargetOutcome::Unrecorded(trouble)),
                },
            };
            let Some(turn) = limits.wait_turn(self.turns.of(source).take()).await else {
                return report(Some(account_id), TargetOutcome::Unrecorded(stopped()));
            };
            let target = Target { account_id, source };
            // Boxed: what waits for it here should not carry it twice.
            let scan = Box::pin(self.scan_target(account, &target, request, identity_trouble, &limits));
            let outcome = match turn.run(scan).await {
                Ok(Some(applied)) => TargetOutcome::Recorded(applied),
                Ok(None) => TargetOutcome::Busy,
                Err(error) => TargetOutcome::Unrecorded(Trouble::of(&error)),
            };
            let report = report(Some(target.account_id.clone()), outcome);
            self.progress.end(&target, &report.summary());
            report
        }
        .instrument(span)
        .await
    }

    async fn scan_target(
        &self,
        account: &Account,
        target: &Target,
        request: &ScanRequest,
        identity_trouble: Option<Trouble>,
        limits: &Limits,
    ) -> Result<Option<Applied>, StoreError> {
        let start = ScanStart {
            target,
            account_name: account.name(),
            stale_after_seconds: self.stale_after_seconds(target.source),
            is_partial: request.refresh.is_some(),
            approved_delete_count: request.approved_delete_count,
            is_rehearsal: request.is_rehearsal,
        };
        let Some(session) = self.store.begin_scan(start, &*self.clock).await? else {
            return Ok(None);
        };
        self.progress.begin(target, account.name());
        if let Some(trouble) = identity_trouble {
            return session.fail(Outcome::Failed, Evidence::default(), trouble, &*self.clock).await.map(Some);
        }
        match target.source {
            // Boxed: who awaits a scan should not have to hold the larger of the two.
            Source::AccessTokens => {
                Box::pin(self.run::<AccessToken>(account, target, request, session, limits)).await.map(Some)
            }
            Source::MfaDevices => {
                Box::pin(self.run::<MfaDevice>(account, target, request, session, limits)).await.map(Some)
            }
        }
    }

    async fn run<T: Scanned>(
        &self,
        account: &Account,
        target: &Target,
        request: &ScanRequest,
        session: TargetSession,
        limits: &Limits,
    ) -> Result<Applied, StoreError> {
        let clock = &*self.clock;
        let mut observations = Observations::<T>::begin(session);
        let config = &self.config.scan;
        let options = ScanOptions {
            paging: config.paging,
            concurrency: config.concurrency as usize,
            attempts: config.scan_attempts,
        };
        let mut watched = Watched { observer: &mut observations, progress: &*self.progress, target };
        let result = T::scan(target, account.client(), &mut watched, request, options, limits).await;
        let report = match result {
            Ok(report) => report,
            Err(ScanError::Stopped) => {
                let session = observations.into_session().await;
                return session.fail(Outcome::Abandoned, Evidence::default(), stopped(), clock).await;
            }
            Err(ScanError::Observer(error)) => return observations.into_session().await.fail_by(error, clock).await,
        };
        if let Some(skew) = report.evidence.skew.filter(|skew| skew.abs() > SKEW_WARNING) {
            let skew_seconds = skew.as_seconds_f64();
            warn!(
                skew.seconds = skew_seconds,
                "the clock differs from the API's by {skew_seconds} s; correct this machine's clock"
            );
        }
        if report.evidence.page_count == 0
            && let Verdict::Incomplete(why) = &report.verdict
        {
            // Nothing was seen, so there is nothing to apply.
            let trouble = Trouble::incomplete(why);
            return observations.into_session().await.fail(Outcome::Failed, report.evidence, trouble, clock).await;
        }
        // Keys that were exchanged meanwhile may have answered for another account.
        let exchanged = match limits.wait(account.verify_id()).await {
            Ok(Ok(account_id)) if account_id == target.account_id => None,
            Ok(Ok(account_id)) => Some(Trouble {
                code: "keys_exchanged".into(),
                cause: format!("the keys were exchanged during the scan; they now belong to account {account_id}"),
                mend: "nothing was changed; set account.id so that keys of another account are refused".into(),
            }),
            Ok(Err(trouble)) => Some(trouble.into_trouble()),
            Err(Interruption::Stopped) => {
                let session = observations.into_session().await;
                return session.fail(Outcome::Abandoned, report.evidence, stopped(), clock).await;
            }
            Err(Interruption::Deadline(allowed)) => {
                Some(late("the keys changed during the scan, and STS did not say whose they are", allowed))
            }
        };
        if let Some(trouble) = exchanged {
            return observations.into_session().await.fail(Outcome::Failed, report.evidence, trouble, clock).await;
        }
        let delete_limits = DeleteLimits {
            max_count: u64::from(config.max_delete_count),
            max_ratio: config.max_delete_ratio,
            approved: request.approved_delete_count,
        };
        observations.apply(report, delete_limits, clock).await
    }
}

/// A kind of object that can be scanned.
trait Scanned: Kept {
    fn scan<O: Observer<Self>>(
        target: &Target,
        client: &Arc<AccountClient>,
        observer: &mut O,
        request: &ScanRequest,
        options: ScanOptions,
        limits: &Limits,
    ) -> impl Future<Output = Result<ScanReport, ScanError<O::Error>>> + Send;
}

impl Scanned for AccessToken {
    async fn scan<O: Observer<Self>>(
        target: &Target,
        client: &Arc<AccountClient>,
        observer: &mut O,
        request: &ScanRequest,
        options: ScanOptions,
        limits: &Limits,
    ) -> Result<ScanReport, ScanError<O::Error>> {
        match &request.refresh {
            Some(refresh) => refresh_access_tokens(refresh, client, observer, options, limits).await,
            None => scan_access_tokens(target, client, observer, options, limits).await,
        }
    }
}

impl Scanned for MfaDevice {
    async fn scan<O: Observer<Self>>(
        target: &Target,
        client: &Arc<AccountClient>,
        observer: &mut O,
        _: &ScanRequest,
        options: ScanOptions,
        limits: &Limits,
    ) -> Result<ScanReport, ScanError<O::Error>> {
        scan_mfa_devices(target, client, observer, options, limits).await
    }
}
