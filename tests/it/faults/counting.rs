//! `TotalCount` and pages of `ListAccessTokens` that lie, by themselves and about each other.

use emulator::{Fault, RequestView};
use serde_json::{Value, json};
use stocktake::inventory::Source;

use super::{Applied, Rig, complete, incomplete};

/// Only the listing, not the look-ups by id.
fn is_listing(request: &RequestView<'_>) -> bool {
    request.parameter("AccessTokenId.1").is_none()
}

/// Only pages that are there.
fn has_items(request: &RequestView<'_>) -> bool {
    is_listing(request) && matches!(request.parameter("PageNumber"), Some("1" | "2" | "3"))
}

fn total(value: impl Into<Value>) -> Fault {
    Fault::total_count(value).when(is_listing).always()
}

async fn rig() -> Rig {
    rig_reading(2).await
}

async fn rig_reading(attempts: u32) -> Rig {
    Rig::new(Source::AccessTokens, |config| config.scan.scan_attempts = attempts).await
}

#[tokio::test]
async fn a_total_that_lies_makes_the_scan_incomplete() {
    let rig = rig().await;
    let mismatch = |applied, line| incomplete("count_mismatch", applied, line);
    let all = Applied::AllButDeletes;
    rig.strike("one too many", [total(31)], mismatch(all, &["saw 30 distinct ids", "TotalCount of 31"])).await;
    rig.strike("one too few", [total(29)], mismatch(all, &["saw 30 distinct ids", "TotalCount of 29"])).await;
    // The pages beyond what it says are not asked for; the scan says that something is wrong.
    rig.strike("a page too few", [total(19)], mismatch(Applied::FirstPage, &["saw 20", "of 19"])).await;
    rig.strike("none", [total(0)], mismatch(Applied::FirstPage, &["saw 10", "of 0"])).await;
    rig.strike("four billion", [total(4_000_000_000_u32)], mismatch(all, &["saw 30", "of 4000000000"])).await;

    let is_later = |request: &RequestView<'_>| request.parameter("PageNumber") != Some("1");
    let changing = Fault::total_count(31).when(is_later).always();
    let changed = incomplete("total_changed", all, &["from 30 to 31", "scan.scan_attempts"]);
    rig.strike("another on later pages", [changing], changed).await;
    rig.heal().await;
}

#[tokio::test]
async fn a_total_that_cannot_be_read_proves_nothing() {
    let rig = rig().await;
    for value in [json!(null), json!("many"), json!(-30), json!("30.5"), json!([30]), json!(1e40)] {
        let no_total = incomplete("no_total", Applied::FirstPage, &["no readable TotalCount"]);
        rig.strike(&format!("{value}"), [total(value)], no_total).await;
    }
    let none = Fault::without_total_count().always();
    rig.strike("none", [none], incomplete("no_total", Applied::FirstPage, &["no readable TotalCount"])).await;
    rig.heal().await;
}

#[tokio::test]
async fn a_total_in_another_shape_or_corrected_in_time_is_believed() {
    let rig = rig().await;
    for value in [json!("30"), json!(" 30 "), json!(30.0), json!("030")] {
        rig.strike(&format!("{value}"), [total(value)], complete()).await;
    }
    rig.strike("changed once", [Fault::total_count(31).page(3)], complete()).await;
    rig.strike("too few in the first attempt", [total(12).times(2)], complete()).await;
    // It says no more than what it shows; what is kept beyond that is looked up, and answers.
    rig.strike("too few at a page's edge", [total(20)], complete()).await;
    rig.heal().await;
}

#[tokio::test]
async fn a_page_that_lacks_items_is_not_the_end() {
    // One reading, so that it is not the next one that finds what is missing.
    let rig = rig_reading(1).await;
    let empty = || Fault::replace_items(Vec::new());
    let says_130 = || Fault::rewrite(|body| body["TotalCount"] = 130.into()).always();
    let nothing = incomplete("count_mismatch", Applied::Nothing, &["saw 0 distinct ids", "TotalCount of 130"]);
    rig.strike("empty under a total of 130", [empty().always(), says_130()], nothing).await;
    let absent = Fault::without_field("AccessTokens").always();
    let nothing = incomplete("count_mismatch", Applied::Nothing, &["saw 0 distinct ids", "TotalCount of 30"]);
    rig.strike("no container", [absent], nothing).await;

    // The listing by status has what the pages lack.
    rig.strike("an empty first page", [empty()], complete()).await;
    rig.strike("an empty page 2", [empty().page(2)], complete()).await;
    rig.strike("an empty last page", [empty().page(3)], complete()).await;
    rig.strike("no container once", [Fault::without_field("AccessTokens").page(2)], complete()).await;
    rig.strike("a short page 2", [Fault::edit_items(|items| items.truncate(3)).page(2)], complete()).await;
    rig.heal().await;
}

#[tokio::test]
async fn items_that_come_twice_count_once() {
    let rig = rig().await;
    rig.strike("twice on a page", [Fault::duplicate_item(4).page(2).always()], complete()).await;
    // One item in place of another: the number of items is right, that of the ids is not.
    let hide = || {
        Fault::edit_items(|items| {
            let other = items.first().cloned().unwrap_or_default();
            items.iter_mut().filter(|item| item["AccessTokenId"] == "at-0001").for_each(|item| *item = other.clone());
        })
    };
    rig.strike("hidden by another once", [hide().page(3)], complete()).await;
    let hidden = incomplete("count_mismatch", Applied::AllButDeletes, &["saw 29 distinct ids", "TotalCount of 30"]);
    rig.strike("hidden by another in every answer", [hide().when(has_items).always()], hidden).await;

    let mut first_page: Option<Vec<Value>> = None;
    let repeat_page_1 = Fault::edit_items(move |items| {
        let first = first_page.get_or_insert_with(|| items.clone());
        items.clone_from(first);
    });
    let stuck = incomplete("count_mismatch", Applied::FirstPage, &["saw 10 distinct ids"]);
    rig.strike("page 1 again and again", [repeat_page_1.always()], stuck).await;
    rig.heal().await;
}

#[tokio::test]
async fn echoed_page_sizes_and_numbers_are_not_believed() {
    let rig = rig().await;
    for swapped in [false, true] {
        rig.world.emulator.with_settings(crate::support::ACCOUNT_ID, |settings| settings.swapped_echo = swapped);
        let seen = Fault::rewrite(move |body| {
            let echoed = (body["PageSize"].as_u64().unwrap(), body["PageNumber"].as_u64().unwrap());
            assert_eq!(echoed.0 < echoed.1, swapped, "{echoed:?}");
        });
        rig.strike("as they come", [seen.page(1)], complete()).await;
    }
    let nonsense = Fault::rewrite(|body| {
        body["PageSize"] = json!("0");
        body["PageNumber"] = json!(null);
    });
    rig.strike("nonsense", [nonsense.always()], complete()).await;
    rig.heal().await;
}
