//! The inventory changes while it is read.

use super::{
    complete,
    fakes::{Cloud, Manner, code, codes, id, ids, options, scan, scan_with},
    incomplete,
    notebook::Notebook,
};
use crate::{
    inventory::AccessToken,
    scan::{Absence, Incompleteness, ScanOptions},
};

const PAGED: Manner = Manner::Honours { clamp: 50 };

/// A cloud of 130 codes that `change` meets once, before request `number`.
fn changing(number: usize, change: impl Fn(&mut Vec<AccessToken>) + Send + 'static) -> Cloud {
    Cloud::new(PAGED, codes(130)).before(move |request_number, inventory| {
        if request_number == number {
            change(inventory);
        }
    })
}

#[tokio::test]
async fn a_total_that_changes_is_a_reason_to_read_again_from_the_start() {
    let cloud = changing(2, |inventory| inventory.push(code("at-new", "unactivated")));
    let mut notebook = Notebook::empty();
    let report = scan(&cloud, &mut notebook).await;
    complete(&report);
    assert_eq!(notebook.restart_count, 1);
    assert_eq!(report.evidence.attempt_count, 2);
    assert_eq!(notebook.seen_ids(), ids(&cloud.inventory()));
    assert_eq!(report.evidence.distinct_count, 131, "the counts are the last attempt's");
    assert_eq!(cloud.request_count(), 3 + 3);
}

#[tokio::test]
async fn an_inventory_that_never_rests_is_incomplete_after_the_attempts() {
    for attempts in [1, 2, 3] {
        let cloud = Cloud::new(PAGED, codes(130)).before(|number, inventory| {
            if number % 3 == 2 {
                inventory.push(code(format!("at-new-{number}"), "unactivated"));
            }
        });
        let mut notebook = Notebook::keeping(["at-gone"]);
        let report = scan_with(&cloud, &mut notebook, ScanOptions { attempts, ..options() }).await;
        let why = incomplete(&report);
        let first = 129 + u64::from(attempts);
        assert!(
            matches!(why, Incompleteness::TotalChanged { first: f, last } if *f == first && *last == first + 1),
            "{why}"
        );
        assert_eq!(report.evidence.attempt_count, attempts);
        assert_eq!(notebook.restart_count, attempts as usize - 1, "the last attempt's observations stay");
        assert_eq!(notebook.seen.len() as u64, first + 1);
    }
}

#[tokio::test]
async fn a_delete_that_shifts_a_live_code_out_of_sight_is_caught() {
    let cloud = changing(2, |inventory| {
        inventory.remove(0);
    });
    let mut notebook = Notebook::empty();
    let report = scan(&cloud, &mut notebook).await;
    complete(&report);
    // The first attempt saw 129 distinct ids under a last TotalCount of 129, and yet missed at-050.
    assert_eq!(notebook.restart_count, 1);
    assert_eq!(notebook.seen_ids(), ids(&cloud.inventory()));
    assert!(notebook.seen.contains_key(&id(50)));
}

#[tokio::test]
async fn a_code_that_was_shifted_out_of_sight_behind_an_equal_total_is_alive_by_its_look_up() {
    let cloud = changing(2, |inventory| {
        inventory.remove(0);
        inventory.push(code("at-new", "unactivated"));
    });
    let mut notebook = Notebook::keeping(ids(&codes(130)));
    let report = scan(&cloud, &mut notebook).await;
    assert!(complete(&report).absences().is_empty(), "at-000 was seen before it was deleted");
    assert_eq!(cloud.requests().last().unwrap().ids, [id(50)]);
    assert!(notebook.seen.contains_key(&id(50)));
}

#[tokio::test]
async fn an_insert_that_repeats_a_code_does_not_hide_that_another_is_missing() {
    let cloud = changing(2, |inventory| {
        inventory.insert(0, code("at-new", "unactivated"));
        inventory.pop();
    });
    let mut notebook = Notebook::keeping(ids(&codes(130)));
    let report = scan(&cloud, &mut notebook).await;
    let absent: Vec<_> = complete(&report).absences().iter().map(|absence| absence.id().to_owned()).collect();
    assert_eq!(absent, [id(129)]);
    assert_eq!(notebook.seen_ids(), ids(&cloud.inventory()));
}

#[tokio::test]
async fn a_total_that_changes_between_the_partitions_is_noticed() {
    // 1 and 2 find that paging is ignored, 3 to 5 read the parts, 6 asks for the total again.
    let cloud = Cloud::new(Manner::Ignores { limit: 50 }, codes(130)).before(|number, inventory| {
        if number == 6 {
            inventory.push(code("at-new", "unactivated"));
        }
    });
    let mut notebook = Notebook::empty();
    let report = scan_with(&cloud, &mut notebook, ScanOptions { concurrency: 1, ..options() }).await;
    complete(&report);
    assert_eq!(notebook.restart_count, 1);
    assert_eq!(notebook.seen_ids(), ids(&cloud.inventory()));
}

#[tokio::test]
async fn a_code_that_changes_its_status_between_the_partitions_is_not_lost() {
    let cloud = Cloud::new(Manner::Ignores { limit: 50 }, codes(130)).before(|number, inventory| {
        // After "unactivated" was read and before "activated" is: it moves to the part that is already done.
        if number == 4 {
            inventory[100].status = "unactivated".to_owned();
        }
    });
    assert_eq!(codes(130)[100].status, "activated");
    let mut notebook = Notebook::keeping(ids(&codes(130)));
    let report = scan_with(&cloud, &mut notebook, ScanOptions { concurrency: 1, ..options() }).await;
    assert!(complete(&report).absences().is_empty());
    assert_eq!(notebook.restart_count, 1);
    assert_eq!(notebook.seen[&id(100)].0.status, "unactivated");
}

#[tokio::test]
async fn a_code_that_a_broken_off_attempt_named_is_not_absent_yet() {
    let cloud = changing(2, |inventory| {
        inventory.remove(0);
    });
    let mut notebook = Notebook::keeping([id(0), "at-gone".to_owned()]);
    let report = scan(&cloud, &mut notebook).await;
    assert_eq!(notebook.restart_count, 1);
    let absent: Vec<_> = complete(&report).absences().iter().map(Absence::id).collect();
    assert_eq!(absent, ["at-gone"], "the next scan proves at-000 absent, or a server lagged behind");
}
