//! A refresh of selected codes asks by the API's filters and never proves anything.

use super::{
    fakes::{ALL, Cloud, Manner, code, codes, id, limits, options, refuse},
    incomplete,
    notebook::Notebook,
};
use crate::{
    inventory::AccessToken,
    scan::{Incompleteness, Refresh, ScanReport, refresh_access_tokens},
    source::Operation,
};

const PAGED: Manner = Manner::Honours { clamp: 50 };

async fn refresh(cloud: &Cloud, notebook: &mut Notebook<AccessToken>, refresh: &Refresh) -> ScanReport {
    refresh_access_tokens(refresh, cloud, notebook, options(), &limits()).await.unwrap()
}

#[tokio::test]
async fn a_refresh_is_never_complete_even_where_it_saw_everything() {
    for manner in [PAGED, Manner::Ignores { limit: ALL }, Manner::Rejects { limit: ALL }] {
        let cloud = Cloud::new(manner, codes(10));
        let mut notebook = Notebook::keeping(["at-gone"]);
        let report = refresh(&cloud, &mut notebook, &Refresh::default()).await;
        assert!(matches!(incomplete(&report), Incompleteness::PartialRefresh));
        assert_eq!(notebook.seen.len(), 10);
        assert_eq!(report.evidence.distinct_count, 10);
        assert!(cloud.requests().iter().all(|query| query.ids.is_empty()), "nothing is looked up to be deleted");
    }
}

#[tokio::test]
async fn ids_go_in_batches_of_20_and_only_they_are_seen() {
    let cloud = Cloud::new(PAGED, codes(100));
    let mut notebook = Notebook::empty();
    let ids: Vec<String> = (10..55).map(id).collect();
    let report = refresh(&cloud, &mut notebook, &Refresh { ids: ids.clone(), ..Refresh::default() }).await;
    assert!(matches!(incomplete(&report), Incompleteness::PartialRefresh));
    let asked: Vec<Vec<String>> = cloud.requests().into_iter().map(|query| query.ids).collect();
    assert_eq!(asked.iter().map(Vec::len).collect::<Vec<_>>(), [20, 20, 5]);
    assert_eq!(asked.concat(), ids);
    assert_eq!(notebook.seen.into_keys().collect::<Vec<_>>(), ids);
    assert_eq!(report.evidence.distinct_count, 45);
}

#[tokio::test]
async fn name_and_status_are_sent_with_every_batch_and_page() {
    let mut inventory: Vec<_> =
        (0..60).map(|number| AccessToken { name: Some("prod".to_owned()), ..code(id(number), "activated") }).collect();
    inventory.push(AccessToken { name: Some("test".to_owned()), ..code("at-test", "activated") });
    inventory.push(AccessToken { name: Some("prod".to_owned()), ..code("at-expired", "expired") });
    let cloud = Cloud::new(PAGED, inventory);
    let wanted = Refresh { name: Some("prod".to_owned()), status: Some("activated".to_owned()), ..Refresh::default() };
    let mut notebook = Notebook::empty();
    refresh(&cloud, &mut notebook, &wanted).await;
    assert_eq!(notebook.seen.len(), 60);
    assert_eq!(cloud.request_count(), 2);
    let with_ids = Refresh { ids: (0..25).map(id).collect(), ..wanted };
    refresh(&cloud, &mut notebook, &with_ids).await;
    assert_eq!(cloud.request_count(), 4);
    for query in cloud.requests() {
        assert_eq!((query.name.as_deref(), query.status.as_deref()), (Some("prod"), Some("activated")));
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_short_is_said_with_both_numbers() {
    let cloud = Cloud::new(Manner::Ignores { limit: 50 }, codes(60));
    let report = refresh(&cloud, &mut Notebook::empty(), &Refresh::default()).await;
    let why = incomplete(&report);
    assert!(matches!(why, Incompleteness::CountMismatch { distinct: 50, total: 60 }), "{why}");
}

#[tokio::test]
async fn a_rejected_item_is_the_reason_given() {
    let cloud = Cloud::new(PAGED, codes(10)).answering(|_, _, mut page| {
        page.page.items.pop();
        page.page.rejected.push(super::fakes::rejected_item());
        Ok(page)
    });
    let mut notebook = Notebook::empty();
    let report = refresh(&cloud, &mut notebook, &Refresh::default()).await;
    let why = incomplete(&report);
    assert!(matches!(why, Incompleteness::Rejected { count: 1 }), "{why}");
    assert_eq!((notebook.seen.len(), notebook.rejected.len()), (9, 1));
}

#[tokio::test]
async fn an_error_ends_the_refresh_and_keeps_what_was_seen() {
    let cloud = Cloud::new(PAGED, codes(60)).answering(|number, _, page| match number {
        2 => Err(refuse(Operation::ListAccessTokens, 403, "NoPermission")),
        _ => Ok(page),
    });
    let mut notebook = Notebook::empty();
    let report =
        refresh(&cloud, &mut notebook, &Refresh { ids: (0..60).map(id).collect(), ..Refresh::default() }).await;
    assert!(matches!(incomplete(&report), Incompleteness::Source(_)));
    assert_eq!(notebook.seen.len(), 20);
    assert_eq!(cloud.request_count(), 2);
}
