//! After a scan that saw everything, the database is the cloud as it was at some instant of that scan.

use std::collections::BTreeSet;

use stocktake::inventory::Source;

use super::{Complaint, Look, hold};
use crate::rows::Scan;

pub(super) fn check_complete(look: &Look<'_>, scan: &Scan, slipped: &mut Vec<String>) -> Result<(), Complaint> {
    let lives = look.truth.lives(look.source);
    let ids: BTreeSet<&String> = lives.keys().chain(look.after.rows.keys()).collect();
    // A code deleted and another created between two pages leave the total as it was.
    let (coming, going) = look.truth.comings_and_goings(look.source, look.began_at, look.ended_at);
    let may_slip = (look.source == Source::AccessTokens && coming > 0 && going > 0) || look.has_lied;
    for id in ids {
        let Some(life) = lives.get(id) else { continue };
        let row = look.after.rows.get(id).filter(|row| row.deleted_at.is_none());
        let mut states = life.during(look.began_at, look.ended_at).map(|(_, state)| state);
        let is_known = look.memory.rows.get(id).is_some_and(|row| row.deleted_at.is_none());
        let is_held = is_known && scan.outcome == "held";
        match row {
            Some(row) => {
                let is_true = states.any(|state| state == Some(&row.state) || (is_held && state.is_none()));
                let rule = "after a complete scan the database is the cloud";
                hold!(is_true, rule, Some(id), "scan {}: it was not {:?}", scan.scan_id, row.state);
            }
            None => {
                if states.any(|state| state.is_none()) {
                    continue;
                }
                let rule = "a complete scan finds all that is there";
                hold!(may_slip && !is_known, rule, Some(id), "scan {} did not", scan.scan_id);
                slipped.push(id.clone());
            }
        }
    }
    Ok(())
}
