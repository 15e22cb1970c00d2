//! How a life reads, drawn and plain.

use super::{
    super::samples::{at, code, device, whole_life},
    *,
};

#[test]
fn a_pipe_gets_one_plain_line_an_event() {
    let text = render(&whole_life(), Paint::plain(), at("2026-10-23T08:04:00Z"));
    let wanted = r#"code t-1 "farm" of prod (1772422852740001)

2026-10-03 09:15:02Z                                   created as unactivated (exact: CreationTime)
2026-10-05 between 08:00:01Z and 08:15:02Z             unactivated → activated (bounded, ±8 min)
                                                         renamed "farm" → "barn"
2026-10-05 10:00:00Z                                   registered 0 → 7 (+7)
2026-10-06 08:15:02Z                                   renamed "barn" → "farm" (read then)
                                                         ! ttl_changed: odd \u{1b}[31m text
between 2026-10-07 23:50:00Z and 2026-10-08 00:05:00Z  activated → deleted (bounded, ±8 min)
now                                                    activated, read so since 2026-10-05 08:15:02Z
                                                       3 of 10 uses left
                                                       expires 2026-11-02 09:15:02Z (in 10 d 1 h)
                                                       last seen 2026-10-23 08:00:00Z (4 min ago)"#;
    assert_eq!(text, wanted);
}

#[test]
fn a_terminal_gets_a_drawn_line() {
    let text = render(&whole_life(), Paint::drawing(), at("2026-10-23T08:04:00Z"));
    let rails: String = text.lines().skip(2).filter_map(|line| line.chars().nth(1)).collect();
    assert_eq!(rails, "●●│○○│✕◆   ");
}

#[test]
fn an_expiry_that_the_api_has_not_noticed_is_shown_beside_the_reported_status() {
    let mut life = code();
    if let Now::AccessToken(token) = &mut life.now {
        token.effective_status = "expired".into();
    }
    let text = render(&life, Paint::plain(), at("2026-11-03T09:15:02Z"));
    assert!(text.contains("activated as reported, expired by its time"), "{text}");
    assert!(text.contains("expired 2026-11-02 09:15:02Z (1 d ago)"), "{text}");
}

#[test]
fn a_device_names_its_user_only_where_names_were_asked_for() {
    let mut life = device();
    let now = at("2026-10-23T08:04:00Z");
    assert!(render(&life, Paint::plain(), now).contains("bound to user 2,"));
    life.user_names.insert(2, "alice@corp".into());
    assert!(render(&life, Paint::plain(), now).contains("bound to user 2 (alice@corp),"));
}

#[test]
fn a_deleted_object_says_when_its_absence_was_proven() {
    let mut life = code();
    if let Now::AccessToken(token) = &mut life.now {
        token.deleted_at = Some(at("2026-10-24T00:00:00Z"));
    }
    let text = render(&life, Paint::plain(), at("2026-10-25T08:00:00Z"));
    assert!(text.contains("deleted: absence proven 2026-10-24 00:00:00Z; it was activated"), "{text}");
}
