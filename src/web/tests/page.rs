//! What the page says.

use super::sample::{self, held, page, scan, status, target};
use crate::web::page::{Page, without_database};

fn render(page: &Page) -> String {
    page.render().into_string()
}

#[test]
fn every_section_shows_its_data() {
    let html = render(&page());
    for text in [
        "3 of 4 targets are not fresh; 1 waits",
        "57 deletes",
        "stocktake sync --approve-deletes 57 --account 'my prod' --source access-tokens",
        "1 d 7 h ago",
        "in 3 min",
        "1,234",
        "Last error: NoPermission",
        "activated: 874",
        "12 of these have expired by their own dates",
        "2026-03-14: 11 activated",
    ] {
        assert!(html.contains(text), "{text} is missing");
    }
}

#[test]
fn what_is_not_fresh_is_counted_and_off_is_not_trouble() {
    let states = |states: &[&str]| Page {
        targets: states.iter().map(|state| target("a", "access-tokens", state, Some(1))).collect(),
        ..Page::default()
    };
    assert!(render(&states(&["fresh", "off"])).contains("Both targets are fresh"));
    assert!(render(&states(&["fresh"])).contains("The one target is fresh"));
    assert!(render(&states(&["fresh", "never"])).contains("1 of 2 targets is not fresh"));
}

#[test]
fn an_empty_page_says_what_to_do_next() {
    let html = render(&Page { now: sample::now(), ..Page::default() });
    for text in
        ["Nothing is kept yet", "[[account]]", "stocktake check", "stocktake sync", "No code changed its status"]
    {
        assert!(html.contains(text), "{text} is missing");
    }
    assert!(!html.contains("Held for your approval"));
}

#[test]
fn text_from_outside_is_escaped() {
    const EVIL: &str = "<script>alert(1)</script>\"'";
    let mut page = page();
    page.targets[0].freshness.account_name = EVIL.into();
    page.targets[0].freshness.last_error = Some(EVIL.into());
    page.targets[1].freshness.state = EVIL.into();
    page.held = vec![crate::store::HeldScan { account_name: EVIL.into(), error_message: EVIL.into(), ..held() }];
    page.scans = vec![scan(EVIL, 1, Some(EVIL))];
    page.statuses = vec![status("access-tokens", EVIL, 1, 0)];
    page.transitions[0].to_status = EVIL.into();
    let html = render(&page);
    assert!(!html.contains("<script"), "a script came through");
    assert!(html.matches("&lt;script&gt;").count() >= 9);
    assert!(!without_database(sample::now(), EVIL).into_string().contains("<script"));
}

#[test]
fn the_page_loads_nothing_and_renews_itself() {
    let html = render(&page());
    assert!(html.contains(r#"<meta http-equiv="refresh" content="30">"#));
    assert!(!html.contains(" src=") && !html.contains(" style=") && !html.contains("<script"));
}

#[test]
fn bars_are_as_long_as_their_counts() {
    let page = Page {
        statuses: vec![status("access-tokens", "activated", 200, 0), status("access-tokens", "expired", 50, 0)],
        ..Page::default()
    };
    let html = render(&page);
    assert!(html.contains(r#"<rect class="s-active" width="1000""#));
    assert!(html.contains(r#"<rect class="s-ended" width="250""#));
}

#[test]
fn days_outside_the_chart_are_left_out_and_quiet_ones_are_kept() {
    let mut page = page();
    page.transitions.truncate(1);
    page.transitions.push(crate::store::TransitionCount {
        date: "2020-01-01".parse().unwrap(),
        to_status: "deleted".into(),
        transition_count: 999,
    });
    let html = render(&page);
    assert_eq!(html.matches(r#"<div class="day">"#).count(), 14);
    assert_eq!(html.matches(": no change<").count(), 13);
    assert!(!html.contains("999"));
}
