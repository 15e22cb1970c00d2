//! Whatever the server does with the paging parameters, the scan ends in the truth or says that it does not.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::watch;

use super::{
    complete,
    fakes::{
        ALL, Cloud, Manner, code, codes, id, ids, limits, listed, options, rejected_item, scan, scan_with, target,
    },
    incomplete,
    notebook::Notebook,
};
use crate::{
    config::Paging,
    inventory::{AccessToken, Source},
    scan::{Incompleteness, ScanOptions, scan_access_tokens},
    source::{AccessTokenPage, AccessTokenQuery, ListAccessTokens, PageRequest, SourceError},
};

/// Scans `count` codes that a server lists in `manner`, sees all of them, and returns what was asked.
async fn read_all(manner: Manner, count: usize, options: ScanOptions) -> Vec<AccessTokenQuery> {
    let cloud = Cloud::new(manner, codes(count));
    let mut notebook = Notebook::empty();
    let report = scan_with(&cloud, &mut notebook, options).await;
    assert!(complete(&report).absences().is_empty());
    assert_eq!(notebook.seen_ids(), ids(&codes(count)));
    assert_eq!(report.evidence.distinct_count, count as u64);
    assert_eq!(report.evidence.page_count, cloud.request_count() as u64 - rejections(manner));
    cloud.requests()
}

fn rejections(manner: Manner) -> u64 {
    u64::from(matches!(manner, Manner::Rejects { .. }))
}

fn page_numbers(requests: &[AccessTokenQuery]) -> Vec<u32> {
    requests.iter().map(|query| query.paging.map_or(0, |page| page.number)).collect()
}

fn statuses(requests: &[AccessTokenQuery]) -> Vec<&str> {
    requests.iter().filter_map(|query| query.status.as_deref()).collect()
}

#[tokio::test]
async fn honoured_paging_costs_one_request_a_page_and_no_more() {
    for (count, request_count) in [(0, 1), (1, 1), (49, 1), (50, 1), (51, 2), (100, 2), (130, 3), (500, 10)] {
        for concurrency in [1, 4] {
            let options = ScanOptions { concurrency, ..options() };
            let requests = read_all(Manner::Honours { clamp: 50 }, count, options).await;
            assert_eq!(requests.len(), request_count, "{count} codes");
            assert!(requests.iter().all(|query| query.paging.is_some_and(|page| page.size == 50)));
        }
    }
}

#[tokio::test]
async fn the_first_request_asks_for_page_1_of_50_without_any_filter() {
    let requests = read_all(Manner::Honours { clamp: 50 }, 60, options()).await;
    let paging = Some(PageRequest { number: 1, size: 50 });
    assert_eq!(requests[0], AccessTokenQuery { paging, ..AccessTokenQuery::default() });
    assert_eq!(page_numbers(&requests), [1, 2]);
}

#[tokio::test]
async fn a_server_that_clamps_the_page_size_is_read_by_its_own_pages() {
    let requests = read_all(Manner::Honours { clamp: 20 }, 130, options()).await;
    assert_eq!(page_numbers(&requests), [1, 2, 3, 4, 5, 6, 7]);
}

#[tokio::test]
async fn pages_shorter_than_the_first_are_followed_up_to_the_total() {
    let cloud = Cloud::new(Manner::Honours { clamp: 50 }, codes(130)).answering(|_, query, mut page| {
        let number = query.paging.map_or(1, |page| page.number as usize);
        let (skip, take) = if number == 1 { (0, 50) } else { (50 + (number - 2) * 20, 20) };
        page.page.items = listed(codes(130).into_iter().skip(skip).take(take));
        page.total_count = Some(130);
        Ok(page)
    });
    let mut notebook = Notebook::empty();
    complete(&scan(&cloud, &mut notebook).await);
    assert_eq!(notebook.seen.len(), 130);
    assert_eq!(page_numbers(&cloud.requests()), [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_server_that_answers_everything_at_once_is_asked_once() {
    assert_eq!(read_all(Manner::Ignores { limit: ALL }, 130, options()).await.len(), 1);
}

#[tokio::test]
async fn a_server_that_ignores_paging_is_partitioned_by_status_and_joined() {
    let options = ScanOptions { concurrency: 1, ..options() };
    let requests = read_all(Manner::Ignores { limit: 50 }, 130, options).await;
    // Page 2 brings nothing new; a reading a status; and the total once more.
    assert_eq!(page_numbers(&requests), [1, 2, 1, 1, 1, 1]);
    assert_eq!(statuses(&requests), ["unactivated", "activated", "expired"]);
    assert_eq!(requests[5].status, None);
}

#[tokio::test]
async fn pages_asked_ahead_of_a_server_that_ignores_paging_are_at_most_the_concurrency() {
    let cloud = Cloud::new(Manner::Ignores { limit: 10 }, codes(400));
    let report = scan_with(&cloud, &mut Notebook::empty(), ScanOptions { attempts: 1, ..options() }).await;
    assert!(matches!(incomplete(&report), Incompleteness::CountMismatch { .. }));
    // 4 readings of a first page and at most 4 beyond, and the total.
    assert!(cloud.request_count() <= 4 * 5 + 1, "{} requests", cloud.request_count());
}

#[tokio::test]
async fn a_late_page_keeps_neither_the_next_ones_waiting_nor_more_than_its_lane() {
    /// Answers page 3 once so many requests have come.
    #[derive(Clone)]
    struct Late {
        cloud: Cloud,
        request_count: watch::Sender<usize>,
        fetching: Arc<AtomicUsize>,
    }

    impl ListAccessTokens for Late {
        async fn list_access_tokens(&self, query: &AccessTokenQuery) -> Result<AccessTokenPage, SourceError> {
            self.request_count.send_modify(|count| *count += 1);
            assert!(self.fetching.fetch_add(1, Ordering::Relaxed) < 4, "at most the concurrency");
            if query.paging.is_some_and(|page| page.number == 3) {
                self.request_count.subscribe().wait_for(|count| *count >= 12).await.unwrap();
            }
            tokio::task::yield_now().await;
            self.fetching.fetch_sub(1, Ordering::Relaxed);
            self.cloud.list_access_tokens(query).await
        }
    }

    let cloud = Cloud::new(Manner::Honours { clamp: 50 }, codes(1_000));
    let late = Late { cloud: cloud.clone(), request_count: watch::Sender::default(), fetching: Arc::default() };
    let mut notebook = Notebook::empty();
    let (target, limits) = (target(Source::AccessTokens), limits());
    let scan = scan_access_tokens(&target, &late, &mut notebook, options(), &limits);
    let report = tokio::time::timeout(Duration::from_secs(20), scan).await.expect("the others do not wait for page 3");
    complete(&report.unwrap());
    assert_eq!((notebook.seen_ids(), cloud.request_count()), (ids(&cloud.inventory()), 20));
}

#[tokio::test]
async fn rejected_parameters_are_not_sent_again() {
    let requests = read_all(Manner::Rejects { limit: ALL }, 130, options()).await;
    assert_eq!(page_numbers(&requests), [1, 0]);

    let requests = read_all(Manner::Rejects { limit: 50 }, 130, options()).await;
    assert_eq!(page_numbers(&requests), [1, 0, 0, 0, 0, 0]);
    assert_eq!(statuses(&requests), ["unactivated", "activated", "expired"]);
}

#[tokio::test]
async fn documented_paging_sends_only_documented_parameters() {
    let options = ScanOptions { paging: Paging::Documented, ..options() };
    for (manner, request_count) in
        [(Manner::Ignores { limit: ALL }, 1), (Manner::Ignores { limit: 50 }, 5), (Manner::Honours { clamp: 50 }, 5)]
    {
        let requests = read_all(manner, 130, options).await;
        assert_eq!(requests.len(), request_count);
        assert!(requests.iter().all(|query| query.paging.is_none()));
    }
}

#[tokio::test]
async fn partitions_that_are_cut_short_are_incomplete_with_both_numbers() {
    for manner in [Manner::Ignores { limit: 20 }, Manner::Rejects { limit: 20 }] {
        let cloud = Cloud::new(manner, codes(130));
        let mut notebook = Notebook::keeping(ids(&codes(131)));
        let report = scan(&cloud, &mut notebook).await;
        let why = incomplete(&report);
        assert!(matches!(why, Incompleteness::CountMismatch { distinct: 60, total: 130 }), "{why}");
        assert!(why.to_string().contains("60") && why.to_string().contains("130"));
        assert_eq!(notebook.seen.len(), 60, "what was seen is kept");
        assert_eq!(report.evidence.attempt_count, 3);
        assert!(cloud.requests().iter().all(|query| query.ids.is_empty()), "no id is looked up to be deleted");
    }
}

#[tokio::test]
async fn a_code_of_unknown_status_that_no_partition_holds_makes_the_scan_incomplete() {
    let mut inventory = codes(57);
    inventory.extend((57..60).map(|number| code(format!("at-{number:03}"), "frozen")));
    let cloud = Cloud::new(Manner::Ignores { limit: 50 }, inventory);
    let report = scan(&cloud, &mut Notebook::empty()).await;
    let why = incomplete(&report);
    assert!(matches!(why, Incompleteness::CountMismatch { distinct: 57, total: 60 }), "{why}");
}

#[tokio::test]
async fn partitions_are_joined_with_the_answer_that_was_short() {
    let mut inventory = vec![code("at-frozen", "frozen")];
    inventory.extend(codes(59));
    let cloud = Cloud::new(Manner::Ignores { limit: 50 }, inventory.clone());
    let mut notebook = Notebook::empty();
    complete(&scan(&cloud, &mut notebook).await);
    assert_eq!(notebook.seen_ids(), ids(&inventory));
}

#[tokio::test]
async fn a_listing_without_total_proves_nothing() {
    let cloud = Cloud::new(Manner::Honours { clamp: 50 }, codes(10)).answering(|_, _, mut page| {
        page.total_count = None;
        Ok(page)
    });
    let mut notebook = Notebook::keeping(["at-gone"]);
    let report = scan(&cloud, &mut notebook).await;
    assert!(matches!(incomplete(&report), Incompleteness::NoTotal));
    assert_eq!(notebook.seen.len(), 10);
    assert_eq!(cloud.request_count(), 3, "one an attempt");
}

#[tokio::test]
async fn an_empty_page_under_a_total_is_not_an_empty_inventory() {
    let cloud = Cloud::new(Manner::Honours { clamp: 50 }, codes(130)).answering(|_, _, mut page| {
        page.page.items.clear();
        Ok(page)
    });
    let report = scan(&cloud, &mut Notebook::keeping(ids(&codes(130)))).await;
    let why = incomplete(&report);
    assert!(matches!(why, Incompleteness::CountMismatch { distinct: 0, total: 130 }), "{why}");
}

#[tokio::test]
async fn more_ids_than_the_total_are_as_wrong_as_fewer() {
    let cloud = Cloud::new(Manner::Honours { clamp: 50 }, codes(10)).answering(|_, _, mut page| {
        page.total_count = Some(9);
        Ok(page)
    });
    let report = scan(&cloud, &mut Notebook::empty()).await;
    let why = incomplete(&report);
    assert!(matches!(why, Incompleteness::CountMismatch { distinct: 10, total: 9 }), "{why}");
    assert_eq!(cloud.request_count(), 3, "partitions could not bring fewer");
}

#[tokio::test]
async fn items_that_are_listed_twice_count_once() {
    let cloud = Cloud::new(Manner::Honours { clamp: 50 }, codes(10)).answering(|_, _, mut page| {
        for item in &mut page.page.items {
            let code = item.clone().read();
            if code.id == id(9) {
                *item = AccessToken { id: id(0), ..code }.into();
            }
        }
        Ok(page)
    });
    let report = scan(&cloud, &mut Notebook::keeping([id(9)])).await;
    assert!(matches!(incomplete(&report), Incompleteness::CountMismatch { distinct: 9, total: 10 }));
}

/// Makes `at-007` unreadable in every listing; `is_counted` says whether `TotalCount` still counts it.
fn cloud_with_a_reject(count: usize, is_counted: bool) -> Cloud {
    Cloud::new(Manner::Honours { clamp: 50 }, codes(count)).answering(move |_, _, mut page| {
        let item_count = page.page.items.len();
        page.page.items.retain(|item| item.clone().read().id != "at-007");
        if page.page.items.len() < item_count {
            page.page.rejected.push(rejected_item());
        }
        page.total_count = page.total_count.map(|total| total - u64::from(!is_counted));
        Ok(page)
    })
}

#[tokio::test]
async fn a_rejected_item_is_the_reason_given_and_the_other_items_are_kept() {
    for is_counted in [true, false] {
        let cloud = cloud_with_a_reject(130, is_counted);
        let mut notebook = Notebook::keeping(["at-007"]);
        let report = scan(&cloud, &mut notebook).await;
        let why = incomplete(&report);
        assert!(matches!(why, Incompleteness::Rejected { count: 1 }), "{why}");
        assert_eq!(report.evidence.rejected_count, 1);
        assert_eq!(notebook.rejected.len(), 1);
        assert_eq!(notebook.seen.len(), 129);
        assert_eq!(cloud.request_count(), 3 * 3, "nothing more is asked for what was read and rejected");
    }
}

#[tokio::test]
async fn a_rejected_item_does_not_keep_the_partitions_from_being_read() {
    let cloud = Cloud::new(Manner::Ignores { limit: 50 }, codes(130)).answering(|_, _, mut page| {
        let item_count = page.page.items.len();
        page.page.items.retain(|item| item.clone().read().id != "at-007");
        page.page.rejected.resize_with(item_count - page.page.items.len(), rejected_item);
        Ok(page)
    });
    let mut notebook = Notebook::empty();
    let report = scan(&cloud, &mut notebook).await;
    assert!(matches!(incomplete(&report), Incompleteness::Rejected { .. }));
    assert_eq!(notebook.seen.len(), 129);
}

#[tokio::test]
async fn the_proof_names_its_target_and_how_the_listing_was_read() {
    for (manner, way) in [
        (Manner::Honours { clamp: 50 }, "by pages"),
        (Manner::Ignores { limit: ALL }, "in one answer"),
        (Manner::Ignores { limit: 50 }, "by status"),
    ] {
        let report = scan(&Cloud::new(manner, codes(130)), &mut Notebook::empty()).await;
        let complete = complete(&report);
        assert_eq!(complete.target(), &target(Source::AccessTokens));
        assert!(complete.argument().contains(way) && complete.argument().contains("130"), "{}", complete.argument());
        assert_eq!((report.evidence.total_first, report.evidence.total_last), (Some(130), Some(130)));
    }
}
