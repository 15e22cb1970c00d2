//! Only a code that its look-up proves absent may be called absent.

use super::{
    absent, complete,
    fakes::{ALL, Cloud, Manner, codes, id, ids, instant, refuse, rejected_item, scan},
    incomplete,
    notebook::Notebook,
};
use crate::{
    scan::{Absence, Incompleteness},
    source::Operation,
};

const PAGED: Manner = Manner::Honours { clamp: 50 };

#[tokio::test]
async fn a_vanished_code_that_its_look_up_misses_is_absent_since_that_answer() {
    let cloud = Cloud::new(PAGED, codes(10));
    let report = scan(&cloud, &mut Notebook::keeping(["at-003", "at-gone"])).await;
    assert_eq!(absent(&report), [("at-gone", instant(2))]);
    assert_eq!(cloud.requests()[1].ids, ["at-gone"]);
    assert_eq!(cloud.requests()[1].paging, None, "a look-up sends documented parameters only");
}

#[tokio::test]
async fn nothing_is_looked_up_where_nothing_vanished() {
    let cloud = Cloud::new(PAGED, codes(130));
    let report = scan(&cloud, &mut Notebook::keeping(ids(&codes(130)))).await;
    assert!(complete(&report).absences().is_empty());
    assert_eq!(cloud.request_count(), 3);
}

#[tokio::test]
async fn a_vanished_code_that_answers_its_look_up_is_alive_and_observed() {
    let cloud = Cloud::new(PAGED, codes(10)).hiding(|id| id == "at-003");
    let mut notebook = Notebook::keeping(["at-003"]);
    let report = scan(&cloud, &mut notebook).await;
    assert!(complete(&report).absences().is_empty());
    assert_eq!(notebook.seen["at-003"].1, instant(2), "its answer is applied");
}

#[tokio::test]
async fn look_ups_go_in_batches_of_20() {
    let cloud = Cloud::new(PAGED, codes(10));
    let gone: Vec<String> = (0..45).map(|number| format!("gone-{number:02}")).collect();
    let report = scan(&cloud, &mut Notebook::keeping(gone.clone())).await;
    let batches: Vec<usize> = cloud.requests().iter().map(|query| query.ids.len()).collect();
    assert_eq!(batches, [0, 20, 20, 5]);
    let absences = complete(&report).absences();
    assert_eq!(absences.iter().map(Absence::id).collect::<Vec<_>>(), gone);
    assert_eq!((absences[19].proven_at(), absences[20].proven_at()), (instant(2), instant(3)));
}

#[tokio::test]
async fn a_look_up_that_answers_foreign_ids_proves_nothing() {
    let cloud = Cloud::new(PAGED, codes(10)).ignoring_ids();
    let mut notebook = Notebook::keeping(["at-gone-1", "at-gone-2"]);
    let report = scan(&cloud, &mut notebook).await;
    let why = incomplete(&report);
    assert!(matches!(why, Incompleteness::UnclearLookup { .. }), "{why}");
    assert!(why.to_string().contains("not honoured"), "{why}");
    assert_eq!(cloud.request_count(), 3, "the batch, then its first id, and no further attempt");
    assert_eq!(notebook.restart_count, 0);
    assert_eq!(notebook.seen.len(), 10);
}

#[tokio::test]
async fn a_partial_answer_to_many_ids_is_asked_again_id_by_id() {
    let cloud = Cloud::new(PAGED, codes(40)).hiding(|id| id >= "at-025").limiting_lookups(5);
    let mut kept = ids(&codes(40));
    kept.insert("at-gone".to_owned());
    let mut notebook = Notebook::keeping(kept);
    let report = scan(&cloud, &mut notebook).await;
    let absent: Vec<&str> = complete(&report).absences().iter().map(Absence::id).collect();
    assert_eq!(absent, ["at-gone"]);
    assert_eq!(notebook.seen_ids(), ids(&codes(40)));
    assert_eq!(cloud.request_count(), 1 + 1 + 16);
}

#[tokio::test]
async fn a_look_up_of_one_id_with_another_total_than_its_items_proves_nothing() {
    for total_count in [None, Some(1)] {
        let cloud = Cloud::new(PAGED, codes(10)).answering(move |_, query, mut page| {
            if !query.ids.is_empty() {
                page.total_count = total_count;
            }
            Ok(page)
        });
        let report = scan(&cloud, &mut Notebook::keeping(["at-gone"])).await;
        let why = incomplete(&report);
        assert!(matches!(why, Incompleteness::UnclearLookup { .. }), "{why}");
    }
}

#[tokio::test]
async fn a_look_up_with_an_unreadable_item_proves_nothing() {
    let cloud = Cloud::new(PAGED, codes(10)).answering(|_, query, mut page| {
        if !query.ids.is_empty() {
            page.page.rejected.push(rejected_item());
        }
        Ok(page)
    });
    let mut notebook = Notebook::keeping(["at-gone"]);
    let report = scan(&cloud, &mut notebook).await;
    let why = incomplete(&report);
    assert!(matches!(why, Incompleteness::UnclearLookup { .. }), "{why}");
    assert_eq!(notebook.rejected.len(), 1, "and the item is kept");
}

#[tokio::test]
async fn an_id_that_cannot_be_asked_for_as_it_is_is_never_proven_absent() {
    // The API knows it with U+0000, so a look-up by what is kept of it finds nothing.
    let cloud = Cloud::new(PAGED, codes(10));
    let report = scan(&cloud, &mut Notebook::keeping(["at-gone", "at-\u{FFFD}"])).await;
    let why = incomplete(&report);
    assert!(why.to_string().contains("U+FFFD"), "{why}");
}

#[tokio::test]
async fn a_look_up_that_fails_proves_nothing() {
    let cloud = Cloud::new(PAGED, codes(10)).answering(|_, query, page| match query.ids.as_slice() {
        [] => Ok(page),
        _ => Err(refuse(Operation::ListAccessTokens, 404, "AccessTokenId.NotFound")),
    });
    let mut notebook = Notebook::keeping(["at-gone"]);
    let report = scan(&cloud, &mut notebook).await;
    assert!(matches!(incomplete(&report), Incompleteness::Source(_)));
    assert_eq!(notebook.seen.len(), 10);
}

#[tokio::test]
async fn an_emptied_inventory_is_believed_only_id_by_id() {
    let kept = ids(&codes(30));
    let cloud = Cloud::new(Manner::Ignores { limit: ALL }, Vec::new());
    let report = scan(&cloud, &mut Notebook::keeping(kept.clone())).await;
    assert_eq!(complete(&report).absences().len(), 30);

    // A listing that is empty by mistake: every code still answers.
    let cloud = Cloud::new(Manner::Ignores { limit: ALL }, codes(30)).hiding(|_| true);
    let mut notebook = Notebook::keeping(kept.clone());
    let report = scan(&cloud, &mut notebook).await;
    assert!(complete(&report).absences().is_empty());
    assert_eq!(notebook.seen_ids(), kept);
    assert!(notebook.seen.contains_key(&id(29)));
}

#[tokio::test]
async fn a_code_that_answered_in_the_batch_is_alive_though_its_own_look_up_misses_it() {
    let gone: Vec<String> = ["at-000", "at-001"].map(str::to_owned).into();
    let cloud = Cloud::new(PAGED, codes(2)).hiding(|_| true).before(|number, inventory| {
        if number == 3 {
            inventory.clear();
        }
    });
    // The answer to both ids is cut short after the first, which makes it unclear.
    let cloud = cloud.limiting_lookups(1);
    let report = scan(&cloud, &mut Notebook::keeping(gone)).await;
    assert_eq!(cloud.request_count(), 1 + 1 + 2);
    assert_eq!(absent(&report), [("at-001", instant(4))]);
}
