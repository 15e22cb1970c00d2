//! What a scan changed, row by row: each change is true, and leaves the records that belong to it, and no others.

use std::collections::BTreeSet;

use stocktake::inventory::Source;

use super::{Complaint, Look, hold, transition::check_transition};
use crate::{
    life::{Life, State},
    rows::{Closed, Row, Scan},
    tally::Tally,
    time::At,
};

/// What the rows say that a scan did.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) opened: i64,
    pub(super) returned: i64,
    pub(super) advanced: i64,
    pub(super) buried: i64,
    pub(super) used: i64,
    transitions: BTreeSet<(String, At)>,
    history: BTreeSet<(String, i32)>,
    usage: BTreeSet<(String, At)>,
}

/// Compares every row with what it was before.
pub(super) fn check_changes(look: &Look<'_>, tally: &mut Tally) -> Result<Done, Complaint> {
    let mut done = Done::default();
    for id in look.memory.rows.keys() {
        hold!(look.after.rows.contains_key(id), "no row is ever lost", Some(id), "it is not there any more");
    }
    for (id, after) in &look.after.rows {
        let before = look.memory.rows.get(id);
        if before == Some(after) {
            continue;
        }
        let Some(scan) = look.applied() else {
            let detail = format!("from {before:?} to {after:?}");
            return Err(Complaint {
                rule: "a scan that is not applied changes nothing",
                object: Some(id.clone()),
                detail,
            });
        };
        let Some(life) = look.truth.life(look.source, id) else {
            let detail = format!("{after:?}");
            return Err(Complaint { rule: "nothing is recorded that never was", object: Some(id.clone()), detail });
        };
        Change { look, scan, life, before, after }.check(&mut done)?;
    }
    check_records(look, &done, tally)?;
    Ok(done)
}

/// One row that a scan changed.
#[derive(Clone, Copy)]
pub(super) struct Change<'a> {
    pub(super) look: &'a Look<'a>,
    pub(super) scan: &'a Scan,
    pub(super) life: &'a Life,
    pub(super) before: Option<&'a Row>,
    pub(super) after: &'a Row,
}

impl Change<'_> {
    pub(super) fn id(&self) -> &str {
        &self.after.id
    }

    fn check(self, done: &mut Done) -> Result<(), Complaint> {
        let Self { before, after, .. } = self;
        match before {
            None => {
                hold!(after.version_no == 1, "a new object has version 1", Some(self.id()), "{after:?}");
                hold!(
                    after.first_seen_at == after.valid_from_at,
                    "a new object is first seen",
                    Some(self.id()),
                    "{after:?}"
                );
                done.opened += 1;
                self.check_version(done)
            }
            Some(row) if after.version_no == row.version_no + 1 => {
                hold!(after.first_seen_at == row.first_seen_at, "first_seen_at stays", Some(self.id()), "{after:?}");
                match row.deleted_at {
                    Some(_) => done.returned += 1,
                    None => done.advanced += 1,
                }
                self.check_closed(row, after.valid_from_at, done)?;
                self.check_version(done)
            }
            Some(row) if after.deleted_at.is_some() && row.deleted_at.is_none() => {
                let expected =
                    Row { deleted_at: after.deleted_at, deleted_scan_id: Some(self.scan.scan_id), ..row.clone() };
                hold!(*after == expected, "a tombstone keeps the last version", Some(self.id()), "{after:?}");
                done.buried += 1;
                self.check_burial(row, done)
            }
            Some(row) => {
                let expected = Row { state: State { used: after.state.used, ..row.state.clone() }, ..row.clone() };
                let is_touch = row.deleted_at.is_none() && *after == expected;
                hold!(is_touch, "a version is never rewritten", Some(self.id()), "from {row:?} to {after:?}");
                self.check_true(self.look.ended_at, &after.state)?;
                done.used += 1;
                self.sample(row, self.after.state.used, done);
                Ok(())
            }
        }
    }

    /// A version that this scan opened.
    fn check_version(self, done: &mut Done) -> Result<(), Complaint> {
        let Self { look, scan, before, after, .. } = self;
        let is_live = after.deleted_at.is_none() && after.scan_id == scan.scan_id;
        hold!(is_live, "a scan opens live versions in its own name", Some(self.id()), "{after:?}");
        let read_at = look.true_instant(after.valid_from_at, "valid_from_at", self.id())?;
        self.check_true(read_at, &after.state)?;

        let is_baseline = look.memory.target.baseline_scan_id.is_none();
        let kind = match before {
            None if is_baseline => "baseline",
            None => "appeared",
            Some(row) if row.deleted_at.is_some() => "reappeared",
            Some(_) => "changed",
        };
        hold!(after.change_kind == kind, "a version says why it opened", Some(self.id()), "not {kind}: {after:?}");
        let differences = before.map(|row| after.state.differences(&row.state)).unwrap_or_default();
        let said: BTreeSet<_> = after.changed_columns.iter().map(String::as_str).collect();
        hold!(
            said == differences.iter().copied().collect(),
            "a version says what changed",
            Some(self.id()),
            "{differences:?} of {after:?}"
        );
        hold!(kind != "changed" || !said.is_empty(), "only a change opens a version", Some(self.id()), "{after:?}");
        let same_status = before.filter(|row| row.deleted_at.is_none() && row.state.status == after.state.status);
        let since = same_status.map_or(after.valid_from_at, |row| row.status_since_at);
        hold!(
            after.status_since_at == since,
            "status_since_at is when the status was first read",
            Some(self.id()),
            "{since} of {after:?}"
        );

        if let Some(row) = before {
            self.sample(row, after.state.used, done);
        }
        let is_transition = match before {
            None => !is_baseline,
            Some(row) => {
                row.deleted_at.is_some()
                    || row.state.status != after.state.status
                    || row.state.user_id != after.state.user_id
            }
        };
        // An object that the API itself calls deleted would come back without one; none is called so here.
        if is_transition {
            done.transitions.insert((self.after.id.clone(), after.valid_from_at));
        }
        Ok(())
    }

    fn check_burial(self, row: &Row, done: &mut Done) -> Result<(), Complaint> {
        let Self { look, scan, life, after, .. } = self;
        let rule = "only a complete scan deletes";
        hold!(scan.outcome == "complete", rule, Some(self.id()), "scan {} is {}", scan.scan_id, scan.outcome);
        let proven_at = after.deleted_at.unwrap_or(row.valid_from_at);
        let truly_at = look.true_instant(proven_at, "deleted_at", self.id())?;
        let rule = "only what is proven to be absent gets a tombstone";
        let mut asked = look.asked.iter().filter(|asked| asked.source == Some(look.source) && asked.at <= truly_at);
        let is_proven = match look.source {
            // Looked up by id while it was not there.
            Source::AccessTokens => asked.any(|asked| asked.ids.contains(&after.id) && life.at(asked.at).is_none()),
            // Missed by two readings, of which the second began while it was not there, or saw it go.
            Source::MfaDevices => {
                let readings: Vec<_> = asked.filter(|asked| asked.is_first).collect();
                let last_at = readings.last().map_or(truly_at, |asked| asked.at);
                readings.len() >= 2 && life.during(last_at, truly_at).any(|(_, state)| state.is_none())
            }
        };
        hold!(is_proven, rule, Some(self.id()), "nothing proves it by {truly_at}: {after:?}");
        self.check_closed(row, proven_at, done)?;
        done.transitions.insert((self.after.id.clone(), proven_at));
        Ok(())
    }

    /// The version before is in the history as it was, up to `valid_to_at`.
    fn check_closed(self, row: &Row, valid_to_at: At, done: &mut Done) -> Result<(), Complaint> {
        let key = (row.id.clone(), row.version_no);
        if row.deleted_at.is_some() {
            let begins_after = row.deleted_at.is_some_and(|deleted_at| self.after.valid_from_at >= deleted_at);
            hold!(begins_after, "a return begins after the deletion", Some(self.id()), "{:?}", self.after);
            return Ok(());
        }
        let Row { id, version_no, valid_from_at, change_kind, changed_columns, scan_id, .. } = row.clone();
        let close_reason = if self.after.deleted_at.is_some() { "deleted" } else { "superseded" }.to_owned();
        let (closed_scan_id, state) = (self.scan.scan_id, row.state.version());
        let expected = Closed {
            id,
            version_no,
            valid_from_at,
            valid_to_at,
            change_kind,
            changed_columns,
            close_reason,
            scan_id,
            closed_scan_id,
            state,
        };
        let found = self.look.after.records.history.get(&key);
        let rule = "every version that ends is in the history, up to where the next begins";
        hold!(found == Some(&expected), rule, Some(self.id()), "{found:?} instead of {expected:?}");
        done.history.insert(key);
        Ok(())
    }

    /// The API said so, in an answer of this scan that arrived by `until`.
    fn check_true(self, until: At, state: &State) -> Result<(), Complaint> {
        let is_true = self.life.during(self.look.began_at, until).any(|(_, truly)| truly == Some(state));
        let rule = "what is recorded was true while the scan read it";
        hold!(is_true, rule, Some(self.id()), "from {} to {until} it never was {state:?}", self.look.began_at);
        Ok(())
    }

    fn sample(self, row: &Row, used: Option<i32>, done: &mut Done) {
        if used.is_some() && used != row.state.used {
            let new = self.look.after.records.usage.values().find(|usage| usage.id == row.id);
            done.usage.insert((row.id.clone(), new.map_or(row.valid_from_at, |usage| usage.seen_at)));
        }
    }
}

/// What was recorded is what the rows call for: no more, no less, and each of it true.
fn check_records(look: &Look<'_>, done: &Done, tally: &mut Tally) -> Result<(), Complaint> {
    let records = &look.after.records;
    let (history, transitions): (BTreeSet<_>, BTreeSet<_>) =
        (records.history.keys().cloned().collect(), records.transitions.keys().cloned().collect());
    let usage: BTreeSet<_> = records.usage.keys().cloned().collect();
    let rule = "history, transitions and samples are those of the rows that changed";
    let odd = history.symmetric_difference(&done.history).next();
    hold!(odd.is_none(), rule, odd.map(|(id, _)| id.as_str()), "version {odd:?}");
    let odd = transitions.symmetric_difference(&done.transitions).next();
    hold!(odd.is_none(), rule, odd.map(|(id, _)| id.as_str()), "transition {odd:?}");
    let odd = usage.symmetric_difference(&done.usage).next();
    hold!(odd.is_none(), rule, odd.map(|(id, _)| id.as_str()), "sample {odd:?}");

    let Some(scan) = look.applied() else { return Ok(()) };
    for transition in records.transitions.values() {
        let id = &transition.id;
        let (Some(life), Some(after)) = (look.truth.life(look.source, id), look.after.rows.get(id)) else { continue };
        let change = Change { look, scan, life, before: look.memory.rows.get(id), after };
        check_transition(change, transition, tally)?;
    }
    for usage in records.usage.values() {
        let before = look.memory.rows.get(&usage.id).and_then(|row| row.state.used);
        let after = look.after.rows.get(&usage.id).and_then(|row| row.state.used);
        let seen_at = look.true_instant(usage.seen_at, "seen_at", &usage.id)?;
        let is_true = look.truth.life(look.source, &usage.id).is_some_and(|life| {
            let mut states = life.during(look.began_at, seen_at);
            states.any(|(_, state)| state.and_then(|state| state.used) == Some(usage.registered_count))
        });
        let fits =
            (usage.previous_count, Some(usage.registered_count)) == (before, after) && usage.scan_id == scan.scan_id;
        hold!(
            is_true && fits,
            "a sample is a true count after the one before",
            Some(&*usage.id),
            "{usage:?}, before {before:?}, now {after:?}"
        );
        tally.sample_count += 1;
    }
    tally.tombstone_count += done.buried.unsigned_abs();
    Ok(())
}
