//! Scans `ListVirtualMFADevices`, a listing without total that is followed by markers.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::{
    Absence, CompleteScan, Evidence, Halt, Incompleteness, Limits, Observer, ScanError, ScanOptions, ScanReport,
    Verdict, tally::DistinctIds,
};
use crate::{
    inventory::{MfaDevice, Target},
    source::ListMfaDevices,
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
    S: ListMfaDevices,
    O: Observer<MfaDevice>,
{
    let mut reader = MarkerReader { source, observer, limits, evidence: Evidence::default() };
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
}

impl<S, O> MarkerReader<'_, S, O>
where
    S: ListMfaDevices,
    O: Observer<MfaDevice>,
{
    async fn attempt(&mut self, target: &Target) -> Result<CompleteScan, Halt<O::Error>> {
        self.read_to_end().await?;
        let mut argument = format!("{} devices, every marker followed to the end", self.evidence.distinct_count);
        let mut absences = Vec::new();
        let vanished_once = self.vanished().await?;
        if !vanished_once.is_empty() {
            // There is no look-up by serial: a second reading must miss them too.
            // Its observations join those of the first, so who is seen by either is alive.
            let ended_at = self.read_to_end().await?;
            let vanished_twice = self.vanished().await?;
            argument += &format!("; {} vanished, {} of them twice", vanished_once.len(), vanished_twice.len());
            absences.extend(vanished_twice.into_iter().map(|id| Absence { id, proven_at: ended_at }));
        }
        Ok(CompleteScan::new(target.clone(), argument, absences))
    }

    /// Follows the markers from the first page to the one that is not truncated, and says when that one arrived.
    async fn read_to_end(&mut self) -> Result<DateTime<Utc>, Halt<O::Error>> {
        self.evidence.begin_attempt();
        let mut ids = DistinctIds::default();
        let mut markers = HashSet::new();
        let mut marker: Option<String> = None;
        let ended_at = loop {
            let answer = self.limits.answer(self.source.list_mfa_devices(marker.as_deref())).await?;
            for device in &answer.page.items {
                ids.insert(&device.serial_number);
            }
            self.evidence.count_page(&answer.page);
            self.evidence.distinct_count = ids.count();
            let observed_at = answer.page.observed_at;
            self.observer.reject(answer.page.rejected, observed_at);
            self.observer.observe(answer.page.items, observed_at).await.map_err(Halt::Observer)?;

            if !answer.is_truncated {
                break observed_at;
            }
            let next = answer.marker.ok_or(Incompleteness::MissingMarker)?;
            if !markers.insert(next.clone()) {
                return Err(Incompleteness::RepeatedMarker.into());
            }
            marker = Some(next);
        };
        match self.evidence.rejected_count {
            0 => Ok(ended_at),
            count => Err(Incompleteness::Rejected { count }.into()),
        }
    }

    async fn vanished(&mut self) -> Result<Vec<String>, Halt<O::Error>> {
        self.observer.vanished().await.map_err(Halt::Observer)
    }
}
