//! A broken promise, with all that is needed to understand and to repeat it.

use std::fmt;

use stocktake::inventory::Source;

use crate::{
    check::Complaint,
    memory::{After, Memory},
    truth::Truth,
};

/// A promise that the product broke.
#[derive(Debug)]
pub struct Violation {
    /// The seed that decides everything in its episode.
    pub seed: u64,
    /// The scan of the episode, from 0.
    pub step: usize,
    /// The promise.
    pub rule: &'static str,
    source: Source,
    object: Option<String>,
    detail: String,
    evidence: Vec<String>,
}

impl Violation {
    pub(crate) fn new(
        seed: u64,
        step: usize,
        source: Source,
        complaint: Complaint,
        truth: &Truth,
        memory: &Memory,
        after: Option<&After>,
    ) -> Self {
        let Complaint { rule, object, detail } = complaint;
        let mut evidence = Vec::new();
        if let Some(id) = &object {
            if let Some(life) = truth.life(source, id) {
                evidence.extend(life.changes().map(|(at, _, state)| format!("true from {at}: {state:?}")));
            }
            evidence.extend(memory.rows.get(id).map(|row| format!("row before: {row:?}")));
            evidence.extend(after.and_then(|after| after.rows.get(id)).map(|row| format!("row after: {row:?}")));
            let records = [Some(&memory.records), after.map(|after| &after.records)];
            for records in records.into_iter().flatten() {
                let closed = records.history.values().filter(|row| row.id == *id);
                evidence.extend(closed.map(|row| format!("closed: {row:?}")));
                let transitions = records.transitions.values().filter(|row| row.id == *id);
                evidence.extend(transitions.map(|row| format!("transition: {row:?}")));
            }
        }
        let scans = memory.scans.values().rev().take(5).collect::<Vec<_>>().into_iter().rev();
        let scans = scans.chain(after.iter().flat_map(|after| &after.scans));
        evidence.extend(scans.map(|scan| {
            let truly = memory.beginnings.get(&scan.started_at);
            format!("scan, truly begun {truly:?}: {scan:?}")
        }));
        Self { seed, step, rule, source, object, detail, evidence }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "broken promise: {}", self.rule)?;
        writeln!(f, "  seed {}, scan {}, {}, {:?}", self.seed, self.step, self.source, self.object)?;
        writeln!(f, "  {}", self.detail)?;
        for line in &self.evidence {
            writeln!(f, "  {line}")?;
        }
        write!(f, "  again: cargo run -p simulation -- --episode {}", self.seed)
    }
}
