//! What goes wrong during one scan, and what happens in the world between two of its pages.

use std::sync::Arc;

use chrono::TimeDelta;
use emulator::{Emulator, Fault, FaultId};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use stocktake::inventory::Source;

use crate::{time::SkewedClock, truth::World};

/// What was prepared for one scan.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    faults: Vec<(FaultId, Kind)>,
    /// The longest time that an answer can be under way.
    pub(crate) delay: TimeDelta,
}

/// What a fault does to the truth of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Nothing: the answer is true, or is none at all.
    Honest,
    /// The answer is cut short: nothing can be edited in it any more.
    Short,
    /// The answer lies so that an object that nobody knew yet can be missed.
    Lie,
    /// The world changes behind the answer.
    Change,
}

impl Trouble {
    /// How many requests were struck by a fault; changes of the world are none.
    pub(crate) fn struck_count(&self, emulator: &Emulator) -> u64 {
        self.count(emulator, |kind| kind != Kind::Change)
    }

    /// Whether an answer lied so that newcomers may have been missed.
    pub(crate) fn has_lied(&self, emulator: &Emulator) -> bool {
        self.count(emulator, |kind| kind == Kind::Lie) > 0
    }

    fn count(&self, emulator: &Emulator, counts: impl Fn(Kind) -> bool) -> u64 {
        self.faults.iter().filter(|(_, kind)| counts(*kind)).map(|(id, _)| emulator.fault_count(*id)).sum()
    }

    /// Adds one or two random faults for a scan of `source`.
    pub(crate) fn add_faults(&mut self, emulator: &Emulator, source: Source, is_retried: bool, rng: &mut ChaCha8Rng) {
        // No device has a look-up: what two readings miss is gone, so an answer may lie in one of them only.
        let mut may_lie = true;
        for _ in 0..rng.random_range(1..=2) {
            let (fault, kind) = draw_fault(source, may_lie, is_retried, rng);
            may_lie &= kind != Kind::Lie;
            let fault = match rng.random_range(0..20) {
                0 => fault.action("GetCallerIdentity"),
                _ => fault.action(action(source)).after(rng.random_range(0..5)),
            };
            self.faults.push((emulator.add_fault(fault), kind));
            if kind == Kind::Short {
                break;
            }
        }
    }

    /// Lets the world live on between two pages, by the same seed in the same way.
    pub(crate) fn add_change(
        &mut self,
        emulator: &Emulator,
        world: &Arc<World>,
        clock: &SkewedClock,
        source: Source,
        rng: &mut ChaCha8Rng,
    ) {
        for _ in 0..rng.random_range(1..=3) {
            let after = rng.random_range(0..5);
            let delay = TimeDelta::milliseconds(rng.random_range(1..40_000));
            let count = rng.random_range(0..6);
            let step = rng.random_bool(0.04).then(|| TimeDelta::seconds(rng.random_range(-8..8)));
            let mut its_rng = ChaCha8Rng::seed_from_u64(rng.random());
            let (world, clock) = (Arc::clone(world), clock.clone());
            let is_swap = rng.random_bool(0.4);
            let change = Fault::mutate(move |inventory| {
                let until = world.time.now() + delay;
                if is_swap {
                    world.truth().swap_codes(inventory, world.time.tick(), &mut its_rng);
                }
                world.live_until(inventory, until, count, &mut its_rng);
                if let Some(step) = step {
                    clock.set_skew(clock.skew() + step);
                }
            });
            for fault in [change, Fault::advance(delay)] {
                let id = emulator.add_fault(fault.action(action(source)).after(after));
                self.faults.push((id, Kind::Change));
            }
            self.delay += delay;
        }
    }
}

fn action(source: Source) -> &'static str {
    match source {
        Source::AccessTokens => emulator::LIST_ACCESS_TOKENS,
        Source::MfaDevices => emulator::LIST_VIRTUAL_MFA_DEVICES,
    }
}

fn draw_fault(source: Source, may_lie: bool, is_retried: bool, rng: &mut ChaCha8Rng) -> (Fault, Kind) {
    let times = rng.random_range(1..=2);
    let index = rng.random_range(0..12);
    let honest = |fault: Fault| (fault.times(times), Kind::Honest);
    match rng.random_range(0..18) {
        // Other errors would be tried again after a wait in real time.
        0..=10 if is_retried => honest(Fault::throttled(Some(1))),
        0 => honest(Fault::error(403, "NoPermission", "You are not authorized to perform this action.")),
        1 => honest(Fault::error(500, "InternalError", "The request processing has failed.")),
        2 => honest(Fault::error(503, "ServiceUnavailable", "The service is temporarily unavailable.")),
        3 => honest(Fault::html_502()),
        4 => honest(Fault::throttled(Some(1))),
        5 => honest(Fault::drop_connection()),
        6 => honest(Fault::reset_mid_body()),
        7 => (Fault::truncated_json().times(times), Kind::Short),
        8 => honest(Fault::empty_200()),
        9 => honest(Fault::json(&json!({ "Code": "InternalError", "Message": "hidden in a success" }))),
        10 => honest(Fault::json(&json!({ "RequestId": "1" }))),
        11 => honest(edit_items(move |items| {
            if let Some(item) = items.get(index).cloned() {
                items.push(item);
            }
        })),
        12 => honest(edit_items(move |items| {
            if let Some(item) = items.get_mut(index).and_then(Value::as_object_mut) {
                item.remove("AccessTokenId");
                item.remove("SerialNumber");
            }
        })),
        13 if source == Source::MfaDevices => honest(Fault::repeated_marker()),
        14 if source == Source::MfaDevices => honest(Fault::without_marker()),
        15 if source == Source::MfaDevices => honest(Fault::marker("AAAA+never/given==")),
        16 if source == Source::MfaDevices && may_lie => {
            let end = Fault::rewrite(|body| {
                body["IsTruncated"] = false.into();
                body["Marker"] = "".into();
            });
            (end, Kind::Lie)
        }
        _ if source == Source::MfaDevices && may_lie => (lose_items(index, 3), Kind::Lie),
        _ if source == Source::MfaDevices => honest(Fault::empty_200()),
        13 => honest(Fault::without_total_count()),
        14 => (lose_items(index, 2).times(times), Kind::Honest),
        15 => (lose_items(0, 1000).times(times), Kind::Honest),
        kind => {
            let change = rng.random_range(-30..30_i64);
            // Of a look-up alone the count must be believed: there is nothing else to hold it against.
            let lie = Fault::rewrite(move |body| {
                if let Some(total) = body["TotalCount"].as_i64() {
                    body["TotalCount"] = (total + change).max(0).into();
                }
            })
            .when(|request| request.parameter("AccessTokenId.1").is_none());
            (if kind == 16 { lie.always() } else { lie.times(times) }, Kind::Lie)
        }
    }
}

/// Items are missing from an answer that goes on to count them.
fn lose_items(index: usize, count: usize) -> Fault {
    edit_items(move |items| {
        let from = index.min(items.len());
        let to = (index + count).min(items.len());
        items.drain(from..to);
    })
}

/// Edits the items of either listing; any other answer stays as it is.
fn edit_items(edit: impl Fn(&mut Vec<Value>) + Send + 'static) -> Fault {
    Fault::rewrite(move |body| {
        for (list, item) in [("AccessTokens", "AccessToken"), ("VirtualMFADevices", "VirtualMFADevice")] {
            if let Some(items) = body.get_mut(list).and_then(|list| list.get_mut(item)).and_then(Value::as_array_mut) {
                edit(items);
            }
        }
    })
}
