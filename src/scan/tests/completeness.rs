//! The completeness rule, for random inventories, servers and changes while they are read.

use std::collections::BTreeSet;

use proptest::{collection::btree_set, prelude::*};

use super::{
    fakes::{ALL, Cloud, Manner, code, codes, id, ids, instant, options, scan_with},
    notebook::Notebook,
};
use crate::{
    inventory::AccessToken,
    scan::{ScanOptions, Verdict},
};

/// What happens to the inventory before one request.
#[derive(Clone, Copy, Debug)]
enum Change {
    Delete(usize),
    Insert(usize),
    /// A delete and an insert, which leave the total as it was.
    Replace(usize, usize),
    Restate(usize),
}

impl Change {
    fn make(self, number: usize, inventory: &mut Vec<AccessToken>) {
        let place = |at: usize, length: usize| if length == 0 { 0 } else { at % length };
        match self {
            Self::Delete(at) if !inventory.is_empty() => {
                inventory.remove(place(at, inventory.len()));
            }
            Self::Insert(at) => {
                inventory.insert(place(at, inventory.len()), code(format!("new-{number}"), "unactivated"));
            }
            Self::Replace(delete_at, insert_at) => {
                Self::Delete(delete_at).make(number, inventory);
                Self::Insert(insert_at).make(number, inventory);
            }
            Self::Restate(at) if !inventory.is_empty() => {
                let at = place(at, inventory.len());
                inventory[at].status = "activated".to_owned();
            }
            Self::Delete(_) | Self::Restate(_) => (),
        }
    }
}

fn manner() -> impl Strategy<Value = Manner> {
    prop_oneof![
        (1usize..=60).prop_map(|clamp| Manner::Honours { clamp }),
        Just(Manner::Ignores { limit: ALL }),
        (0usize..=60).prop_map(|limit| Manner::Ignores { limit }),
        Just(Manner::Rejects { limit: ALL }),
        (0usize..=60).prop_map(|limit| Manner::Rejects { limit }),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let at = || 0usize..200;
    prop_oneof![
        at().prop_map(Change::Delete),
        at().prop_map(Change::Insert),
        (at(), at()).prop_map(|(delete_at, insert_at)| Change::Replace(delete_at, insert_at)),
        at().prop_map(Change::Restate),
    ]
}

#[derive(Clone, Debug)]
struct Case {
    manner: Manner,
    count: usize,
    /// Numbers of codes that are kept as live; those beyond `count` are gone.
    kept: BTreeSet<usize>,
    changes: Vec<(usize, Change)>,
    options: ScanOptions,
}

fn case() -> impl Strategy<Value = Case> {
    let kept = btree_set(0usize..150, 0..150);
    let changes = proptest::collection::vec((1usize..12, change()), 0..3);
    (manner(), 0usize..=130, kept, changes, 1usize..=4, 1u32..=3).prop_map(
        |(manner, count, kept, changes, concurrency, attempts)| Case {
            manner,
            count,
            kept,
            changes,
            options: ScanOptions { concurrency, attempts, ..options() },
        },
    )
}

fn check(case: Case) -> Result<(), TestCaseError> {
    let Case { manner, count, kept, changes, options } = case;
    let is_at_rest = changes.is_empty();
    let kept: BTreeSet<String> = kept.into_iter().map(id).collect();
    let cloud = Cloud::new(manner, codes(count)).before(move |number, inventory| {
        for (_, change) in changes.iter().filter(|(at, _)| *at == number) {
            change.make(number, inventory);
        }
    });
    let mut notebook = Notebook::keeping(kept.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let report = runtime.block_on(scan_with(&cloud, &mut notebook, options));

    let snapshots = cloud.snapshots();
    let Verdict::Complete(complete) = report.verdict else {
        let is_plain = matches!(manner, Manner::Honours { .. } | Manner::Ignores { limit: ALL });
        prop_assert!(!(is_at_rest && is_plain), "an inventory at rest that can be read whole is read whole");
        return Ok(());
    };
    let end = ids(&cloud.inventory());
    let absent: BTreeSet<String> = complete.absences().iter().map(|absence| absence.id().to_owned()).collect();
    prop_assert_eq!(absent.len(), complete.absences().len(), "no id is absent twice");
    prop_assert!(absent.is_disjoint(&end), "a code that exists is never called absent");
    prop_assert!(absent.is_disjoint(&notebook.named), "a code that any answer named is never called absent");
    for absence in complete.absences() {
        let is_so = (1..)
            .zip(&snapshots)
            .any(|(number, existing)| instant(number) == absence.proven_at() && !existing.contains(absence.id()));
        prop_assert!(is_so, "{} existed when its absence was proven", absence.id());
    }
    let is_accounted_for = |id: &String| notebook.named.contains(id) || absent.contains(id);
    prop_assert!(kept.iter().all(is_accounted_for), "every kept code is accounted for");
    if is_at_rest {
        prop_assert_eq!(&notebook.seen_ids(), &end, "every code was seen");
        prop_assert_eq!(absent, kept.difference(&end).cloned().collect());
        for item in cloud.inventory() {
            prop_assert_eq!(&notebook.seen[&item.id].0, &item);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_complete_scan_calls_absent_only_what_is_absent(case in case()) {
        check(case)?;
    }
}
