//! What came of a scan, for people and exit codes.

use crate::{
    inventory::Source,
    store::{Applied, Outcome, Trouble},
};

/// What came of one target.
#[derive(Clone, Debug)]
pub struct TargetReport {
    /// The operator's label of the account.
    pub account_name: String,
    /// The account's id, where it could be found out.
    pub account_id: Option<String>,
    /// The listing.
    pub source: Source,
    /// What happened.
    pub outcome: TargetOutcome,
}

/// What happened to one target.
#[derive(Clone, Debug)]
pub enum TargetOutcome {
    /// The scan is in the ledger, whatever its outcome.
    Recorded(Applied),
    /// Another worker is at it; its scan counts.
    Busy,
    /// It failed before the ledger could be told.
    Unrecorded(Trouble),
}

impl TargetReport {
    /// The outcome in one word.
    pub fn word(&self) -> &'static str {
        match &self.outcome {
            TargetOutcome::Recorded(_) if self.is_refreshed() => "refreshed",
            TargetOutcome::Recorded(applied) => applied.outcome.name(),
            TargetOutcome::Busy => "busy",
            TargetOutcome::Unrecorded(_) => "failed",
        }
    }

    /// Whether everything that was asked for was done.
    pub fn is_success(&self) -> bool {
        match &self.outcome {
            TargetOutcome::Recorded(applied) => applied.outcome == Outcome::Complete || self.is_refreshed(),
            TargetOutcome::Busy | TargetOutcome::Unrecorded(_) => false,
        }
    }

    /// A refresh of selected codes counts as incomplete in the ledger even where all went well.
    fn is_refreshed(&self) -> bool {
        let TargetOutcome::Recorded(Applied { trouble: Some(trouble), .. }) = &self.outcome else {
            return false;
        };
        trouble.code == "partial_refresh"
    }

    /// What was done, in one line.
    pub fn summary(&self) -> String {
        match &self.outcome {
            TargetOutcome::Recorded(Applied { counts, .. }) => {
                let mut summary = format!(
                    "{}: {} new, {} changed, {} deleted, {} unchanged, {} transitions",
                    self.word(),
                    counts.new,
                    counts.changed,
                    counts.deleted,
                    counts.unchanged,
                    counts.transitions
                );
                for (count, what) in [(counts.held, "held back"), (counts.anomalies, "anomalies")] {
                    if count > 0 {
                        summary += &format!(", {count} {what}");
                    }
                }
                summary
            }
            TargetOutcome::Busy => "busy: another worker is at it".into(),
            TargetOutcome::Unrecorded(_) => "failed".into(),
        }
    }

    /// The one line of a failure: account, source, cause and mend. `None` for a success.
    pub fn failure_line(&self) -> Option<String> {
        if self.is_success() {
            return None;
        }
        let message = match &self.outcome {
            TargetOutcome::Recorded(Applied { trouble, .. }) => {
                trouble.as_ref().map(Trouble::message).unwrap_or_default()
            }
            TargetOutcome::Busy => {
                "another worker is scanning this target now; wait for it, or look at `stocktake status`".into()
            }
            TargetOutcome::Unrecorded(trouble) => trouble.message(),
        };
        let word = self.word();
        let id = self.account_id.as_deref().unwrap_or("id unknown");
        Some(format!("{} ({id}) {}: {word}: {message}", self.account_name, self.source))
    }
}
