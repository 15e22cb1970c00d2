//! The inventory changes while it is read: between any two pages, look-ups and readings.
//!
//! Whatever happens between two answers, no row of a live object is lost or buried, the bounds of each transition hold
//! its true instant, and one more scan in peace makes the inventory equal to the cloud.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use emulator::{AccessToken, AccountOptions, CodeOrder, Fault, Inventory};
use stocktake::{clock::Clock, inventory::Source, store::Outcome};

use crate::support::{World, account, applied, code, device, stock};

/// What happens between two answers: so many of the oldest and of the newest go, and so many come.
#[derive(Clone, Copy, Debug)]
struct Change {
    oldest_gone: usize,
    newest_gone: usize,
    come: usize,
}

/// Deletes, inserts, and both at once, which leaves the total as it was.
const CHANGES: [Change; 3] = [
    Change { oldest_gone: 2, newest_gone: 1, come: 0 },
    Change { oldest_gone: 0, newest_gone: 0, come: 2 },
    Change { oldest_gone: 1, newest_gone: 0, come: 1 },
];

/// When objects truly came and went, by id.
type Instants = BTreeMap<String, DateTime<Utc>>;

/// A target whose inventory is changed while it is scanned.
struct Road {
    world: World,
    source: Source,
    came: Instants,
    gone: Instants,
}

impl Road {
    /// Three pages of five, scanned.
    async fn new(source: Source, account: AccountOptions) -> Self {
        let account = account.inventory(stock(15, 15)).page_limit(5);
        // One page at a time, so that each boundary is where it is said to be.
        let world = World::of(account, |config| config.scan.concurrency = 1).await;
        world.scan_whole(source).await;
        Self { world, source, came: Instants::new(), gone: Instants::new() }
    }

    /// Lets each change happen after the first answer of a scan, after the second, and so on to its last.
    async fn drive(&mut self) {
        for change in CHANGES {
            for answer_number in 1.. {
                // Something new on the way, and something that vanished: it is looked up, or read for again.
                let count = self.world.truth(self.source).len();
                self.alter(Change { oldest_gone: 1, newest_gone: 1, come: 17 - count });
                let has_changed = self.scan_through(change, answer_number).await;
                self.rest(&format!("{change:?} after answer {answer_number}")).await;
                if !has_changed {
                    assert!(answer_number > 4, "three pages of five, and a look-up or another reading");
                    break;
                }
            }
        }
    }

    /// Changes the cloud an hour after the last scan, and an hour before the next.
    fn alter(&mut self, change: Change) {
        self.world.advance(TimeDelta::hours(1));
        let at = self.world.clock.now();
        let edit = self.plan(change, at);
        self.world.edit(edit);
        self.world.advance(TimeDelta::hours(1));
    }

    /// Scans while `change` happens after that answer; false where there is none such.
    async fn scan_through(&mut self, change: Change, answer_number: u64) -> bool {
        let (world, source) = (&self.world, self.source);
        let context = format!("{change:?} after answer {answer_number} of {source}");
        let known: BTreeSet<String> = world.kept(source).await.into_keys().collect();
        // The scan begins a second from now, and a minute passes with the change.
        let at = world.clock.now() + TimeDelta::seconds(31);
        let (came, gone) = (self.came.clone(), self.gone.clone());
        let edit = self.plan(change, at);
        let world = &self.world;
        let clock = world.clock.clone();
        let minute = TimeDelta::minutes(1);
        let strike = |fault: Fault| world.emulator.add_fault(fault.action(action(source)).after(answer_number - 1));
        let fault = strike(Fault::mutate(move |inventory| {
            edit(inventory);
            clock.set(clock.now() + minute);
        }));
        strike(Fault::advance(minute));
        let report = world.scan(source).await;
        let has_struck = world.emulator.fault_count(fault) > 0;
        world.emulator.clear_faults();
        if !has_struck {
            (self.came, self.gone) = (came, gone);
        }

        let world = &self.world;
        let (outcome, deleted) = (applied(&report).outcome, applied(&report).counts.deleted);
        match outcome {
            Outcome::Complete => (),
            Outcome::Incomplete => assert_eq!(deleted, 0, "{context}"),
            other => panic!("{context}: {other:?}"),
        }
        let (kept, truth) = (world.kept(source).await, world.truth(source));
        for id in known.iter().filter(|id| truth.contains_key(*id)) {
            assert!(kept.contains_key(id), "{context}: {id} is alive, and lost or buried");
        }
        has_struck
    }

    /// One more scan, in peace.
    async fn rest(&self, context: &str) {
        let report = self.world.scan(self.source).await;
        assert!(report.is_success(), "after {context}: {:?}", report.failure_line());
        assert_eq!(self.world.kept(self.source).await, self.world.truth(self.source), "after {context}");
        self.check_bounds(context).await;
    }

    /// Nothing is recorded that did not happen, and what happened did so within its bounds.
    async fn check_bounds(&self, context: &str) {
        type Row = (String, Option<String>, String, DateTime<Utc>, DateTime<Utc>);
        let query = match self.source {
            Source::AccessTokens => {
                "select access_token_id, from_status, to_status, not_before_at, not_after_at
                 from inventory.access_token_transitions"
            }
            Source::MfaDevices => {
                "select d.serial_number, t.from_status, t.to_status, t.not_before_at, t.not_after_at
                 from inventory.mfa_device_transitions t join inventory.mfa_devices d using (account_id, device_key)"
            }
        };
        let rows: Vec<Row> = sqlx::query_as(query).fetch_all(&self.world.database.pool).await.unwrap();
        for (id, from_status, to_status, not_before, not_after) in rows {
            let true_instants = if to_status == "deleted" { &self.gone } else { &self.came };
            let at = true_instants.get(&id).unwrap_or_else(|| panic!("after {context}: {id} became no {to_status}"));
            let is_within = (not_before..=not_after).contains(at);
            assert!(is_within, "after {context}: {id} from {from_status:?} at {at}, {not_before} to {not_after}");
        }
    }

    /// The edit that `change` is, as if made at `at`, by what the cloud holds then.
    fn plan(&mut self, change: Change, at: DateTime<Utc>) -> impl FnOnce(&mut Inventory) + Send + 'static {
        let mut ids: Vec<String> = self.world.edit(|inventory| match self.source {
            Source::AccessTokens => inventory.tokens().map(|code| code.id.clone()).collect(),
            Source::MfaDevices => inventory.devices().map(|device| device.serial_number.clone()).collect(),
        });
        if self.source == Source::AccessTokens {
            ids.reverse();
        }
        let newest = ids.split_off(ids.len() - change.newest_gone);
        ids.truncate(change.oldest_gone);
        ids.extend(newest);
        self.gone.extend(ids.iter().map(|id| (id.clone(), at)));

        let source = self.source;
        // Numbers whose codes are `unactivated`, and whose devices are unbound: what comes is in its first state.
        let first = 600 + 6 * self.came.len();
        let numbers: Vec<usize> = (0..change.come).map(|index| first + 6 * index).collect();
        self.came.extend(numbers.iter().map(|number| match source {
            Source::AccessTokens => (code(*number).id, at),
            Source::MfaDevices => (device(*number).serial_number, at),
        }));
        move |inventory| {
            for id in ids {
                drop((inventory.remove_token(&id), inventory.remove_device(&id)));
            }
            for number in numbers {
                match source {
                    Source::AccessTokens => {
                        drop(inventory.insert_token(AccessToken { created_at: at, ..code(number) }));
                    }
                    Source::MfaDevices => drop(inventory.insert_device(device(number))),
                }
            }
        }
    }
}

fn action(source: Source) -> &'static str {
    match source {
        Source::AccessTokens => "ListAccessTokens",
        Source::MfaDevices => "ListVirtualMFADevices",
    }
}

#[tokio::test]
async fn codes_listed_newest_first_may_change_between_any_two_answers() {
    Road::new(Source::AccessTokens, account()).await.drive().await;
}

#[tokio::test]
async fn codes_listed_oldest_first_may_change_between_any_two_answers() {
    Road::new(Source::AccessTokens, account().code_order(CodeOrder::OldestFirst)).await.drive().await;
}

#[tokio::test]
async fn devices_may_change_between_any_two_answers() {
    Road::new(Source::MfaDevices, account()).await.drive().await;
}

#[tokio::test]
async fn a_new_code_that_a_complete_scan_skipped_is_bounded_by_its_creation() {
    let mut road = Road::new(Source::AccessTokens, account().code_order(CodeOrder::OldestFirst)).await;
    road.alter(Change { oldest_gone: 0, newest_gone: 0, come: 1 });
    let skipped = road.came.keys().next().unwrap().clone();
    let created_at = road.came[&skipped];
    // The new code is alone on page 4. One that goes from a page before it and one that comes behind it leave
    // TotalCount and the number of distinct ids as they were.
    assert!(road.scan_through(Change { oldest_gone: 1, newest_gone: 0, come: 1 }, 3).await);
    assert!(!road.world.kept(Source::AccessTokens).await.contains_key(&skipped), "this is what nothing can notice");
    road.rest("the skipping scan").await;
    let recorded = "
        select to_char(t.not_before_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), t.occurred_at is null,
               t.time_basis, n.kind
        from inventory.access_token_transitions t
        join inventory.anomalies n on n.account_id = t.account_id and n.object_id = t.access_token_id
        where t.anomaly is not null";
    let created_at = created_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let wanted = format!("({created_at},t,bounded,known_instant_outside_bounds)");
    assert_eq!(road.world.database.rows(recorded).await, [wanted]);
}
