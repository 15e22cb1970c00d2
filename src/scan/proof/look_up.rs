//! A code that vanished from the listing is gone only if a clear answer to its look-up lacks it.

use std::collections::HashSet;

use super::{Absence, Incompleteness, Named};
use crate::{
    inventory::{Listed, id_hash},
    source::AccessTokenPage,
};

/// The look-ups of one scan and the ids that they missed.
#[derive(Debug, Default)]
pub(in crate::scan) struct LookUps {
    asked_count: usize,
    absences: Vec<Absence>,
}

/// Why an answer to a look-up proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scan) struct Unclear(&'static str);

impl LookUps {
    /// Judges the answer to a look-up of `asked`; one that is not clear proves none of them absent.
    pub(in crate::scan) fn judge(
        &mut self,
        asked: &[String],
        answer: &AccessTokenPage,
        named: &mut Named,
    ) -> Result<(), Unclear> {
        let answered: HashSet<u64> = answer.page.items.iter().map(Listed::id_hash).collect();
        for id in &answered {
            named.note(*id);
        }
        let wanted: HashSet<u64> = asked.iter().map(|id| id_hash(id)).collect();
        // U+0000 was replaced by this character, and nobody can ask for the id as it was.
        if asked.iter().any(|id| id.contains('\u{FFFD}')) {
            return Err(Unclear("an id holds U+FFFD, which may stand for a character that cannot be asked for"));
        }
        if !answer.page.rejected.is_empty() {
            return Err(Unclear("an item of the answer has no usable id"));
        }
        if !answered.is_subset(&wanted) {
            return Err(Unclear("the answer holds ids that were not asked for, so AccessTokenId is not honoured"));
        }
        if answer.total_count != Some(answered.len() as u64) {
            return Err(Unclear("TotalCount of the answer differs from the ids in it"));
        }
        self.asked_count += asked.len();
        let missed = asked.iter().filter(|id| !answered.contains(&id_hash(id)));
        self.absences.extend(missed.map(|id| Absence { id: id.clone(), proven_at: answer.page.observed_at }));
        Ok(())
    }

    pub(super) fn asked_count(&self) -> usize {
        self.asked_count
    }

    pub(super) fn into_absences(self) -> Vec<Absence> {
        self.absences
    }
}

impl From<Unclear> for Incompleteness {
    fn from(Unclear(reason): Unclear) -> Self {
        Self::UnclearLookup { reason }
    }
}
