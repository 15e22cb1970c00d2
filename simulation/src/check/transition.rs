//! A transition says what truly changed, and its bounds hold the true instant.

use stocktake::inventory::Source;

use super::{Complaint, change::Change, hold};
use crate::{
    life::State,
    rows::Transition,
    tally::Tally,
    time::{At, whole_second},
};

const DELETED: &str = "deleted";

/// One end of a transition: the state that it speaks of.
#[derive(Clone, Copy, Debug)]
struct End<'a> {
    status: Option<&'a str>,
    user_id: Option<&'a str>,
}

impl End<'_> {
    fn fits(self, state: Option<&State>) -> bool {
        match (self.status, state) {
            (None | Some(DELETED), None) => true,
            (Some(status), Some(state)) => state.status == status && state.user_id.as_deref() == self.user_id,
            _ => false,
        }
    }
}

pub(super) fn check_transition(
    change: Change<'_>,
    transition: &Transition,
    tally: &mut Tally,
) -> Result<(), Complaint> {
    let Change { look, scan, life, before, after } = change;
    let id = Some(change.id());
    let (old, new) =
        (before.filter(|row| row.deleted_at.is_none()), Some(after).filter(|row| row.deleted_at.is_none()));
    let was_deleted = before.is_some() && old.is_none();
    let from = End {
        status: if was_deleted { Some(DELETED) } else { old.map(|row| row.state.status.as_str()) },
        user_id: old.and_then(|row| row.state.user_id.as_deref()),
    };
    let to = End {
        status: Some(new.map_or(DELETED, |row| row.state.status.as_str())),
        user_id: new.and_then(|row| row.state.user_id.as_deref()),
    };
    let said_from = End { status: transition.from_status.as_deref(), user_id: transition.from_user_id.as_deref() };
    let said_to = End { status: Some(&transition.to_status), user_id: transition.to_user_id.as_deref() };
    let fits = (from.status, from.user_id) == (said_from.status, said_from.user_id)
        && (to.status, to.user_id) == (said_to.status, said_to.user_id)
        && transition.scan_id == scan.scan_id;
    hold!(fits, "a transition is the change of its row", id, "{transition:?} for {from:?} to {to:?}");

    let not_after = look.true_instant(transition.not_after_at, "not_after_at", change.id())?;
    let not_before = true_not_before(change, transition)?;
    let states: Vec<_> = life.during(not_before, not_after).map(|(_, state)| state).collect();
    let mut has_left = false;
    let holds_change = states.iter().any(|state| {
        let has_entered = has_left && to.fits(*state);
        has_left |= from.fits(*state);
        has_entered
    });
    // One that slipped between the pages of a complete scan disproves its absence by the instant that the API states
    // of it: a device may state none, and a clock behind the API's may take the instant for a later one. What a device
    // states is its last binding; whose it was before, nobody has seen, and the bounds are those of the binding.
    let enters = || states.windows(2).any(|pair| !to.fits(pair[0]) && to.fits(pair[1]));
    let is_unseen = look.memory.slipped.contains(change.id())
        && (after.state.stated_at.is_none_or(|at| at > transition.not_before_at) || enters());
    let detail = format!("truly {not_before} to {not_after}: {transition:?}");
    hold!(holds_change || is_unseen, "the true instant lies within the bounds", id, "{detail}");
    check_tightness(change, transition)?;
    check_instant(change, transition, not_before, not_after)?;

    let comes_back = was_deleted
        || (from.status == Some("expired") && ["activated", "unactivated"].contains(&transition.to_status.as_str()));
    hold!(transition.is_expected != comes_back, "what cannot happen is flagged", id, "{transition:?}");
    tally.transition_count += 1;
    Ok(())
}

/// The true instant of `not_before_at`: a scan began then, or the object states of itself that it was there.
///
/// What an object states is the API's time. By a clock that is ahead it looks earlier than it is, and widens the
/// bounds although the proof is older: it is the proof, then, that they go back to.
fn true_not_before(change: Change<'_>, transition: &Transition) -> Result<At, Complaint> {
    let beginnings = &change.look.memory.beginnings;
    if let Some(&began_at) = beginnings.get(&transition.not_before_at) {
        return Ok(began_at);
    }
    let existed_at = change.after.state.stated_at.filter(|at| *at == transition.not_before_at);
    let Some(existed_at) = existed_at else {
        let rule = "not_before_at is when a scan began, or what the object states";
        let detail = format!("none began at {}: {transition:?}", transition.not_before_at);
        return Err(Complaint { rule, object: Some(change.id().to_owned()), detail });
    };
    let proven_at = proven_at(change).and_then(|at| beginnings.get(&at).copied());
    Ok(proven_at.map_or(existed_at, |at| at.min(existed_at)))
}

/// The latest instant, by the worker's clock, at which scans prove the old state.
fn proven_at(change: Change<'_>) -> Option<At> {
    let opened_at = change.before.and_then(|row| began_at(change, row.deleted_scan_id.unwrap_or(row.scan_id)));
    opened_at.max(change.look.memory.target.complete_started_at)
}

/// When the scan began that proved the absence of what has come back.
fn buried_at(change: Change<'_>) -> Option<At> {
    began_at(change, change.before?.deleted_scan_id?)
}

fn began_at(change: Change<'_>, scan_id: i64) -> Option<At> {
    change.look.memory.scans.get(&scan_id).map(|scan| scan.started_at)
}

/// The bounds are no wider than what was proven, but where the object itself disproves its absence.
fn check_tightness(change: Change<'_>, transition: &Transition) -> Result<(), Complaint> {
    let proven_at = proven_at(change);
    let stated_at = change.after.state.stated_at;
    let is_new_life = change.before.is_none_or(|row| row.deleted_at.is_some() && row.state.stated_at != stated_at);
    let existed_at = stated_at.filter(|at| is_new_life && Some(*at) < proven_at);
    let existed_at = existed_at.map(|at| at.max(buried_at(change).unwrap_or(at)));
    let is_tight = [proven_at, existed_at].contains(&Some(transition.not_before_at));
    let rule = "not_before_at is the latest proof of the old state";
    hold!(is_tight, rule, Some(change.id()), "it is {proven_at:?} or {existed_at:?}: {transition:?}");
    Ok(())
}

/// `occurred_at` is filled where it can be known, and only there, and is the true instant to the second.
fn check_instant(change: Change<'_>, transition: &Transition, not_before: At, not_after: At) -> Result<(), Complaint> {
    let Change { look, life, before, after, .. } = change;
    let id = Some(change.id());
    let was_deleted = before.is_some_and(|row| row.deleted_at.is_some());
    let known = match (look.source, transition.to_status.as_str()) {
        (Source::AccessTokens, "unactivated") if before.is_none() => after.state.stated_at.map(|at| (at, "created")),
        (Source::AccessTokens, "expired") if !was_deleted => after.state.expiry().map(|at| (at, "expiry")),
        (Source::MfaDevices, "bound") => after.state.stated_at.map(|at| (at, "activate_date")),
        _ => None,
    };
    let known = known.filter(|(at, _)| Some(*at) >= proven_at(change) && *at <= transition.not_after_at);
    let said = transition.occurred_at.map(|at| (at, transition.time_basis.as_str()));
    hold!(known == said, "occurred_at is what the API states, within the bounds", id, "{known:?} for {transition:?}");
    hold!(said.is_some() || transition.time_basis == "bounded", "no instant, no basis", id, "{transition:?}");

    let Some((occurred_at, basis)) = said else { return Ok(()) };
    let is_true = match basis {
        "created" => life.changes().any(|(at, before, after)| {
            before.is_none() && after.is_some() && (whole_second(at) == occurred_at || is_older(after, at))
        }),
        "activate_date" => life.changes().any(|(at, _, state)| {
            state.is_some_and(|state| state.status == "bound" && state.stated_at == Some(occurred_at))
                && (whole_second(at) == occurred_at || is_older(state, at))
        }),
        // The API may call a code live for a while after its days, or expired before them: then the
        // computed instant is all that can be known.
        _ => life.changes().any(|(at, before, state)| {
            let enters = state.filter(|state| state.status == "expired").is_some()
                && before.is_none_or(|before| before.status != "expired");
            let expiry = state.and_then(State::expiry);
            enters && (at == occurred_at || (expiry != Some(at) && not_before <= at && at <= not_after))
        }),
    };
    hold!(is_true, "occurred_at is the true instant to the second", id, "{transition:?}");
    Ok(())
}

/// Whether a state is older than the world, or came back to it: what it states was before.
fn is_older(state: Option<&State>, at: At) -> bool {
    state.and_then(|state| state.stated_at).is_some_and(|stated_at| stated_at < whole_second(at))
}
