//! Scans `ListVirtualMFADevices`, a listing without total that is followed by markers.

use super::{
    CompleteScan, Evidence, Halt, Limits, Observer, ScanError, ScanOptions, ScanReport, Verdict,
    proof::{MarkerChain, Named, WholeChain},
};
use crate::{
    inventory::{MfaDevice, Target},
    source::{ListMfaDevices, MfaDeviceQuery},
    task::Task,
};

/// Reads all devices of `target`, and once more where some vanished, and judges whether it saw them all.
///
/// # Errors
/// Where the observer fails or the worker stops. Whatever else goes wrong is the report's verdict.
pub async fn scan_mfa_devices<S, O>(
    target: &Target,
    source: &S,
    observer: &mut O,
    options: ScanOptions,
    limits: &Limits,
) -> Result<ScanReport, ScanError<O::Error>>
where
    S: ListMfaDevices + Clone + 'static,
    O: Observer<MfaDevice>,
{
    let mut reader = MarkerReader { source, observer, limits, evidence: Evidence::default(), named: Named::default() };
    let verdict = loop {
        match reader.attempt(target).await {
            Ok(complete) => break Verdict::Complete(complete),
            Err(halt) => {
                let why = halt.into_incompleteness()?;
                if !why.may_heal() || reader.evidence.attempt_count >= options.attempts {
                    break Verdict::Incomplete(why);
                }
                reader.observer.restart().await.map_err(ScanError::Observer)?;
            }
        }
    };
    Ok(ScanReport { evidence: reader.evidence, verdict })
}

struct MarkerReader<'a, S, O> {
    source: &'a S,
    observer: &'a mut O,
    limits: &'a Limits,
    evidence: Evidence,
    named: Named,
}

impl<S, O> MarkerReader<'_, S, O>
where
    S: ListMfaDevices + Clone + 'static,
    O: Observer<MfaDevice>,
{
    async fn attempt(&mut self, target: &Target) -> Result<CompleteScan, Halt<O::Error>> {
        let first = self.read_to_end().await?;
        let vanished = self.observer.vanished().await.map_err(Halt::Observer)?;
        if vanished.is_empty() {
            return Ok(first.conclude(target.clone()));
        }
        // There is no look-up by serial: a second reading must miss them too.
        // Its observations join those of the first, so who is seen by either is alive.
        let second = self.read_to_end().await?;
        Ok(first.confirmed_by(second, vanished, &self.named, target.clone()))
    }

    /// Follows the markers from the first page to the one that is not truncated.
    async fn read_to_end(&mut self) -> Result<WholeChain, Halt<O::Error>> {
        self.evidence.begin_attempt();
        let mut chain = MarkerChain::begin(&mut self.named);
        loop {
            let (source, reads_all) = (self.source.clone(), self.observer.wants_all());
            let marker = chain.marker().map(str::to_owned);
            // In a task of its own: this one takes the answers of the account's other listing, too.
            let mut fetching = Task::spawn(async move {
                source.list_mfa_devices(MfaDeviceQuery { marker: marker.as_deref(), reads_all }).await
            });
            let mut answer = self.limits.answer(fetching.join()).await?;
            let page = &mut answer.page;
            self.observer.admit(&mut page.items, &mut page.rejected).await.map_err(Halt::Observer)?;
            let end = chain.take(&answer, &mut self.named);
            self.evidence.count_page(&answer.page);
            self.evidence.distinct_count = chain.distinct_count();
            let observed_at = answer.page.observed_at;
            self.observer.reject(answer.page.rejected, observed_at);
            self.observer.observe(answer.page.items, observed_at).await.map_err(Halt::Observer)?;
            self.limits.check(&self.evidence)?;
            if let Some(whole) = end? {
                return Ok(whole);
            }
        }
    }
}
