//! The rule as a whole, for any script of answers: what an answer named is not absent, and what is absent was asked for.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*, sample::subsequence};

use super::{codes, devices, rejected, target};
use crate::scan::{
    CompleteScan, DeleteLimits, Ruling,
    proof::{CountedListing, LookUps, MarkerChain, Named},
};

const IDS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

/// The ids of one answer, and whether it has an item without id beside them.
type Answer = (Vec<&'static str>, bool);

/// The ids that were asked for, and the answer.
type LookUp = (Vec<&'static str>, Answer);

fn answer() -> impl Strategy<Value = Answer> {
    (subsequence(IDS.to_vec(), 0..=3), prop::bool::weighted(0.05))
}

/// Some ids, and an answer to their look-up that mostly holds no other.
fn look_up() -> impl Strategy<Value = LookUp> {
    subsequence(IDS.to_vec(), 1..=4).prop_flat_map(|asked| {
        let some = subsequence(asked.clone(), 0..=asked.len());
        let honest = (some, prop::bool::weighted(0.05));
        (Just(asked), prop_oneof![4 => honest, 1 => answer()])
    })
}

/// A total that mostly fits.
fn total() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![8 => Just(Some(0)), 1 => (-2i64..=2).prop_map(Some), 1 => Just(None)]
}

/// What a server said of codes: the pages of each attempt, then the look-ups.
#[derive(Clone, Debug)]
struct CodeScript {
    attempts: Vec<Vec<(Answer, Option<i64>)>>,
    look_ups: Vec<(LookUp, Option<i64>)>,
}

fn code_script() -> impl Strategy<Value = CodeScript> {
    let attempts = vec(vec((answer(), total()), 1..3), 1..3);
    let look_ups = vec((look_up(), total()), 0..4);
    (attempts, look_ups).prop_map(|(attempts, look_ups)| CodeScript { attempts, look_ups })
}

/// Scans codes by the script; with the ids that an answer named, and those that were looked up clearly.
fn scan_codes(script: CodeScript) -> (Option<CompleteScan>, BTreeSet<&'static str>, BTreeSet<&'static str>) {
    let mut named = Named::default();
    let mut seen = BTreeSet::new();
    let mut whole = None;
    for pages in script.attempts {
        let mut listing = CountedListing::begin(&mut named, None);
        let in_attempt: BTreeSet<_> = pages.iter().flat_map(|((ids, _), _)| ids.iter().copied()).collect();
        for ((ids, rejects), off) in &pages {
            let total = off.map(|off| (in_attempt.len() as i64 + off).max(0) as u64);
            let mut page = codes(ids, total);
            page.page.rejected.extend(rejects.then(|| rejected("{}")));
            listing.take(&page, &mut named);
            seen.extend(ids);
        }
        whole = listing.prove().ok();
    }
    let mut look_ups = LookUps::default();
    let mut cleared = BTreeSet::new();
    for ((asked, (ids, rejects)), off) in script.look_ups {
        let total = off.map(|off| (ids.len() as i64 + off).max(0) as u64);
        let mut page = codes(&ids, total);
        page.page.rejected.extend(rejects.then(|| rejected("{}")));
        let asked_ids: Vec<String> = asked.iter().map(|id| (*id).to_owned()).collect();
        seen.extend(&ids);
        if look_ups.judge(&asked_ids, &page, &mut named).is_ok() {
            cleared.extend(asked);
        }
    }
    (whole.map(|whole| whole.conclude("by pages", look_ups, &named, target())), seen, cleared)
}

/// What may be buried of `scan` by any limits.
fn buried(scan: &CompleteScan) -> Vec<String> {
    let limits = DeleteLimits { max_count: 0, max_ratio: 0.0, approved: Some(u64::MAX) };
    match scan.rule(&target(), limits, 0) {
        Ruling::Bury(tombstones) => tombstones.ids(),
        ruling => panic!("everything is approved: {ruling:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_code_that_any_answer_named_is_never_buried(script in code_script()) {
        let (scan, seen, cleared) = scan_codes(script);
        for id in scan.iter().flat_map(buried) {
            prop_assert!(!seen.contains(id.as_str()), "{id} was named");
            prop_assert!(cleared.contains(id.as_str()), "{id} was never looked up with a clear answer");
        }
    }

    #[test]
    fn a_code_that_was_looked_up_clearly_and_never_named_is_buried(script in code_script()) {
        let (scan, seen, cleared) = scan_codes(script);
        if let Some(scan) = scan {
            let buried: BTreeSet<_> = buried(&scan).into_iter().collect();
            let expected: BTreeSet<_> = cleared.difference(&seen).map(|id| (*id).to_owned()).collect();
            prop_assert_eq!(buried, expected);
        }
    }

    #[test]
    fn a_device_that_any_answer_named_is_never_buried(
        readings in vec(vec((answer(), prop::bool::weighted(0.9)), 1..4), 2..5),
        vanished in subsequence(IDS.to_vec(), 0..=IDS.len()),
    ) {
        let mut named = Named::default();
        let mut seen = BTreeSet::new();
        let mut wholes = Vec::new();
        for pages in readings {
            let mut chain = MarkerChain::begin(&mut named);
            let page_count = pages.len();
            for (number, ((serials, rejects), follows)) in pages.into_iter().enumerate() {
                let marker = format!("M{number}");
                let mut page = devices(&serials, number + 1 < page_count, follows.then_some(marker.as_str()));
                page.page.rejected.extend(rejects.then(|| rejected("{}")));
                seen.extend(serials);
                match chain.take(&page, &mut named) {
                    Ok(None) => (),
                    Ok(Some(whole)) => wholes.push(whole),
                    Err(_) => break,
                }
            }
        }
        if let (Some(second), Some(first)) = (wholes.pop(), wholes.pop()) {
            let vanished: Vec<String> = vanished.into_iter().map(str::to_owned).collect();
            let scan = first.confirmed_by(second, vanished.clone(), &named, target());
            let expected: Vec<_> = vanished.into_iter().filter(|id| !seen.contains(id.as_str())).collect();
            prop_assert_eq!(buried(&scan), expected);
        }
    }
}
