//! How holds are told.

use super::*;

fn hold(dataset: Option<&str>, object_id: Option<&str>) -> Hold {
    Hold {
        hold_id: 3,
        account_id: "1".into(),
        account_name: Some("prod".into()),
        dataset: dataset.map(str::to_owned),
        object_id: object_id.map(str::to_owned),
        reason: "audit".into(),
        placed_by: "ann".into(),
        placed_at: "2026-10-03T09:15:02Z".parse().unwrap(),
        released_by: None,
        released_at: None,
    }
}

#[test]
fn a_hold_says_how_much_it_keeps() {
    assert_eq!(scope(&hold(None, None)), "everything of prod (1)");
    assert_eq!(scope(&hold(Some("mfa-devices"), None)), "all mfa-devices of prod (1)");
    assert_eq!(scope(&hold(Some("access-tokens"), Some("t-1"))), "access-tokens t-1 of prod (1)");
}

#[test]
fn a_list_shows_who_and_why() {
    let text = render(&[hold(None, None)], true);
    assert!(text.contains("audit") && text.contains("2026-10-03 09:15:02Z by ann"), "{text}");
    assert_eq!(render(&[], false), "no hold is in force");
}
