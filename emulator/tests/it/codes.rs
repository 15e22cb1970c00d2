//! `ListAccessTokens`: its shape, its filters and its four kinds of paging.

use std::collections::HashSet;
use std::time::Instant;

use chrono::TimeDelta;
use emulator::{AccessToken, CodeOrder, Emulator, Inventory, Paging};

use crate::caller::{ACCOUNT, Caller, account, noon, start, start_with};

/// `c0` is the oldest of so many codes; every third is expired.
fn stock(inventory: &mut Inventory, count: usize) {
    for number in 0..count {
        let mut code = AccessToken::new(format!("c{number}"), noon() - TimeDelta::days(1));
        if number % 3 == 0 {
            code.status = "expired".into();
        }
        code.name = (number % 2 == 0).then(|| format!("name {number}"));
        inventory.insert_token(code);
    }
}

async fn start_paging(paging: Paging, count: usize) -> Emulator {
    let mut inventory = Inventory::new();
    stock(&mut inventory, count);
    start(account().inventory(inventory).paging(paging)).await
}

fn newest(from: usize, count: usize) -> Vec<String> {
    (0..count).map(|index| format!("c{}", from - index)).collect()
}

#[tokio::test]
async fn the_answer_is_the_documented_sample_byte_for_byte() {
    let mut inventory = Inventory::new();
    let created_at = "2022-09-09T02:35:44.9Z".parse().unwrap();
    for id in ["at-older", "at-bp1akz2zp67r0k6r****"] {
        let mut code = AccessToken::new(id, created_at);
        code.name = Some("test_name".to_owned());
        code.description = Some("This is an activation code".to_owned());
        (code.ttl_days, code.count, code.registered_count) = (30, 100, 5);
        inventory.insert_token(code);
    }
    let options = account().inventory(inventory).paging(Paging::IgnoredFirst(1));
    let emulator = start(options.rates(emulator::LifecycleRates::frozen())).await;
    let reply = Caller::new(&emulator).codes(&[]).await;
    let sample = crate::devices::compact(include_str!("../data/list_access_tokens.documented.json"));
    let request_id = reply.json()["RequestId"].as_str().unwrap().to_owned();
    assert_eq!(reply.text, sample.replace("E2DA3097-79B9-53AE-B0DF-281DC54F****", &request_id));
    assert_eq!(reply.headers["content-type"], "application/json;charset=utf-8");
}

#[tokio::test]
async fn absent_texts_are_left_out_and_extra_fields_take_their_place() {
    let emulator = start_with(|inventory| {
        let mut code = AccessToken::new("a", noon());
        code.status = "frozen".into();
        code.extra.insert("CreationTime".to_owned(), "yesterday".into());
        code.extra.insert("ResourceGroupId".to_owned(), 7.into());
        inventory.insert_token(code);
    })
    .await;
    let item = r#"{"AccessTokenId":"a","TimeToLiveInDays":"90","Count":"200","RegisteredCount":"0","CreationTime":"yesterday","Status":"frozen","ResourceGroupId":7}"#;
    let text = Caller::new(&emulator).codes(&[]).await.text;
    assert!(text.contains(&format!("[{item}]")), "{text}");
}

#[tokio::test]
async fn nothing_is_an_empty_list() {
    let emulator = start(account()).await;
    let text = Caller::new(&emulator).codes(&[]).await.text;
    assert!(text.contains(r#""AccessTokens":{"AccessToken":[]},"TotalCount":0"#), "{text}");
}

#[tokio::test]
async fn filters_are_joined() {
    let emulator = start_paging(Paging::IgnoredAll, 10).await;
    let caller = Caller::new(&emulator);
    let ids = |query: Vec<(&'static str, &'static str)>| {
        let caller = &caller;
        async move { caller.codes(&query).await.code_ids() }
    };
    assert_eq!(ids(vec![("Status", "expired")]).await, ["c9", "c6", "c3", "c0"]);
    assert_eq!(ids(vec![("Name", "name 6")]).await, ["c6"]);
    assert_eq!(ids(vec![("Name", "name")]).await, [""; 0]);
    assert_eq!(ids(vec![("Name", "name 6"), ("Status", "activated")]).await, [""; 0]);
    assert_eq!(ids(vec![("Name", ""), ("Status", "")]).await.len(), 10);
    let holes = vec![("AccessTokenId.1", "c1"), ("AccessTokenId.3", "gone"), ("AccessTokenId.12", "c6")];
    assert_eq!(ids(holes).await, ["c1", "c6"]);
    let twice = vec![("AccessTokenId.2", "c6"), ("AccessTokenId.10", "c6"), ("Status", "expired")];
    assert_eq!(ids(twice).await, ["c6"]);
}

#[tokio::test]
async fn honoured_paging_has_twenty_by_default_and_fifty_at_most() {
    let emulator = start_paging(Paging::Honoured, 120).await;
    let caller = Caller::new(&emulator);
    let reply = caller.codes(&[]).await;
    assert_eq!(reply.code_ids(), newest(119, 20));
    let body = reply.json();
    assert_eq!((&body["TotalCount"], &body["PageSize"], &body["PageNumber"]), (&120.into(), &1.into(), &20.into()));

    assert_eq!(caller.codes(&[("PageSize", "500")]).await.code_ids(), newest(119, 50));
    assert_eq!(caller.codes(&[("PageNumber", "3"), ("PageSize", "50")]).await.code_ids(), newest(19, 20));
    assert_eq!(caller.codes(&[("PageNumber", "4"), ("PageSize", "50")]).await.code_ids(), newest(0, 0));
    let huge = u64::MAX.to_string();
    assert_eq!(caller.codes(&[("PageNumber", &huge)]).await.code_ids(), newest(0, 0));

    emulator.with_settings(ACCOUNT, |settings| settings.swapped_echo = false);
    let body = caller.codes(&[("PageNumber", "2"), ("PageSize", "10"), ("Status", "expired")]).await.json();
    assert_eq!((&body["TotalCount"], &body["PageSize"], &body["PageNumber"]), (&40.into(), &10.into(), &2.into()));
    assert_eq!(body["AccessTokens"]["AccessToken"][0]["AccessTokenId"], "c87");

    for (name, value) in [("PageNumber", "0"), ("PageSize", "-1"), ("PageSize", "x")] {
        let reply = caller.codes(&[(name, value)]).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "InvalidParameter"), "{name}={value}");
        assert!(reply.text.contains(name));
    }
}

#[tokio::test]
async fn ignored_paging_answers_the_same_whatever_is_asked() {
    let emulator = start_paging(Paging::IgnoredAll, 120).await;
    let caller = Caller::new(&emulator);
    assert_eq!(caller.codes(&[("PageNumber", "2"), ("PageSize", "50")]).await.code_ids(), newest(119, 120));

    emulator.with_settings(ACCOUNT, |settings| settings.paging = Paging::IgnoredFirst(20));
    for page in ["1", "2"] {
        let reply = caller.codes(&[("PageNumber", page), ("PageSize", "50")]).await;
        assert_eq!(reply.code_ids(), newest(119, 20));
        assert_eq!(reply.json()["TotalCount"], 120);
    }
    let reply = caller.codes(&[("Status", "expired"), ("PageNumber", "2")]).await;
    assert_eq!((reply.code_ids().len(), &reply.json()["TotalCount"]), (20, &40.into()));
}

#[tokio::test]
async fn rejected_paging_names_the_parameter() {
    let emulator = start_paging(Paging::Rejected { first: Some(5) }, 120).await;
    let caller = Caller::new(&emulator);
    for name in ["PageNumber", "PageSize"] {
        let reply = caller.codes(&[(name, "1")]).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "InvalidParameter"));
        assert!(reply.json()["Message"].as_str().unwrap().contains(name));
    }
    assert_eq!(caller.codes(&[]).await.code_ids(), newest(119, 5));
    emulator.with_settings(ACCOUNT, |settings| settings.paging = Paging::Rejected { first: None });
    assert_eq!(caller.codes(&[]).await.code_ids(), newest(119, 120));
}

#[tokio::test]
async fn inserts_and_removals_shift_the_pages() {
    let emulator = start_paging(Paging::Honoured, 40).await;
    let caller = Caller::new(&emulator);
    let second_page = [("PageNumber", "2"), ("PageSize", "10")];
    assert_eq!(caller.codes(&second_page).await.code_ids(), newest(29, 10));
    emulator.with_account(ACCOUNT, |inventory| inventory.insert_token(AccessToken::new("new", noon())));
    assert_eq!(caller.codes(&second_page).await.code_ids(), newest(30, 10));
    emulator.with_account(ACCOUNT, |inventory| {
        inventory.remove_token("new").unwrap();
        inventory.remove_token("c39").unwrap()
    });
    assert_eq!(caller.codes(&second_page).await.code_ids(), newest(28, 10));
}

#[tokio::test]
async fn deep_pages_come_as_quickly_as_the_first() {
    let emulator = start(account().generated(200_000, 0)).await;
    let caller = Caller::new(&emulator);
    let begin = Instant::now();
    let mut seen = HashSet::new();
    for page in [1, 2, 777, 2_000, 3_999, 4_000] {
        let reply = caller.codes(&[("PageNumber", &format!("{page}")), ("PageSize", "50")]).await;
        assert_eq!(reply.json()["TotalCount"], 200_000);
        seen.extend(reply.code_ids());
    }
    assert_eq!(seen.len(), 300);
    // Generous to a debug build on a busy machine: each takes some milliseconds.
    assert!(begin.elapsed().as_millis() < 1_500, "{:?}", begin.elapsed());
}

#[tokio::test]
async fn codes_are_listed_oldest_first_where_the_account_says_so_and_on_shorter_pages() {
    let mut inventory = Inventory::new();
    stock(&mut inventory, 10);
    let account = account().inventory(inventory).code_order(CodeOrder::OldestFirst).page_limit(4);
    let emulator = start(account).await;
    let caller = Caller::new(&emulator);
    let page = async |number, more: &[(&str, &str)]| {
        let query = [&[("PageNumber", number), ("PageSize", "50")], more].concat();
        caller.codes(&query).await.code_ids()
    };
    assert_eq!(page("1", &[]).await, ["c0", "c1", "c2", "c3"]);
    emulator.with_account(ACCOUNT, |inventory| {
        inventory.remove_token("c0").unwrap();
        inventory.insert_token(AccessToken::new("new", noon()));
    });
    assert_eq!(page("2", &[]).await, ["c5", "c6", "c7", "c8"], "the removal hides c4");
    assert_eq!(page("3", &[]).await, ["c9", "new"]);
    assert_eq!(page("1", &[("Status", "expired")]).await, ["c3", "c6", "c9"]);
}
