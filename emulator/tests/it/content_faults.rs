//! Faults in what is answered.

use chrono::TimeDelta;
use emulator::{AccessToken, Emulator, Fault, Inventory, MfaDevice, Paging};
use serde_json::json;

use crate::caller::{ACCOUNT, CODES, Caller, DEVICES, account, noon, start};

async fn start_stocked() -> Emulator {
    let mut inventory = Inventory::new();
    for number in 0..6 {
        inventory.insert_token(AccessToken::new(format!("c{number}"), noon()));
        inventory.insert_device(MfaDevice::unbound(format!("d{number}")));
    }
    start(account().inventory(inventory).paging(Paging::Honoured)).await
}

#[tokio::test]
async fn an_error_strikes_as_often_as_it_should_and_says_so() {
    let emulator = start_stocked().await;
    let caller = Caller::new(&emulator);
    let fault = emulator.add_fault(Fault::throttled(Some(250)).action(CODES).after(1).times(2));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let reply = caller.codes(&[]).await;
        if reply.status == 400 {
            assert_eq!(reply.code(), "Throttling.User");
            assert_eq!(reply.headers["x-acs-retry-after"], "250");
            assert_eq!(reply.headers.get_all("date").iter().count(), 1);
        }
        statuses.push(reply.status);
        assert_eq!(caller.devices(&[]).await.status, 200);
    }
    assert_eq!(statuses, [200, 400, 400, 200]);
    assert_eq!((emulator.fault_count(fault), emulator.waiting_fault_count()), (2, 0));
    let logged: Vec<Option<u16>> = emulator.requests().iter().filter(|r| r.action == CODES).map(|r| r.status).collect();
    assert_eq!(logged, [Some(200), Some(400), Some(400), Some(200)]);
}

#[tokio::test]
async fn a_fault_strikes_its_account_page_and_matcher_only() {
    let emulator = start_stocked().await;
    let caller = Caller::new(&emulator);
    emulator.add_fault(Fault::error(503, "ServiceUnavailable", "busy").account("another").always());
    emulator.add_fault(Fault::error(500, "InternalError", "sorry").page(2).always());
    emulator.add_fault(Fault::html_502().when(|request| request.parameter("Status").is_some()));
    assert_eq!(caller.codes(&[("PageNumber", "1")]).await.status, 200);
    let reply = caller.codes(&[("PageNumber", "2"), ("Status", "expired")]).await;
    assert_eq!((reply.status, reply.code().as_str()), (500, "InternalError"));
    let reply = caller.codes(&[("Status", "expired")]).await;
    assert_eq!((reply.status, &reply.headers["content-type"]), (502, &"text/html".parse().unwrap()));
    emulator.clear_faults();
    assert_eq!(caller.codes(&[("PageNumber", "2")]).await.status, 200);
}

#[tokio::test]
async fn bodies_may_be_empty_cut_or_anything() {
    let emulator = start_stocked().await;
    let caller = Caller::new(&emulator);
    emulator.add_fault(Fault::empty_200());
    emulator.add_fault(Fault::truncated_json());
    emulator.add_fault(Fault::json(&json!({"Code": "Weird"})));
    let empty = caller.codes(&[]).await;
    assert_eq!((empty.status, empty.text.as_str()), (200, ""));
    // Rewriting does not decide, so the next fault strikes too.
    assert_eq!(caller.codes(&[]).await.text, r#"{"Code":"Weird"}"#);
    emulator.add_fault(Fault::truncated_json());
    let cut = caller.codes(&[]).await.text;
    assert!(cut.starts_with("{\"RequestId\"") && serde_json::from_str::<serde_json::Value>(&cut).is_err());
}

#[tokio::test]
async fn totals_can_lie() {
    let emulator = start_stocked().await;
    let caller = Caller::new(&emulator);
    emulator.add_fault(Fault::total_count(99));
    assert_eq!(caller.codes(&[]).await.json()["TotalCount"], 99);
    emulator.add_fault(Fault::total_count("6"));
    assert_eq!(caller.codes(&[]).await.json()["TotalCount"], "6");
    emulator.add_fault(Fault::without_total_count());
    assert_eq!(caller.codes(&[]).await.json().get("TotalCount"), None);
}

#[tokio::test]
async fn items_can_be_replaced_doubled_and_spoilt() {
    let emulator = start_stocked().await;
    let caller = Caller::new(&emulator);
    emulator.add_fault(Fault::duplicate_item(1).action(CODES));
    assert_eq!(caller.codes(&[]).await.code_ids(), ["c5", "c4", "c4", "c3", "c2", "c1", "c0"]);
    emulator.add_fault(Fault::item_without_id(0).action(DEVICES));
    let body = caller.devices(&[]).await.json();
    assert_eq!(body["VirtualMFADevices"]["VirtualMFADevice"][0], json!({"User": {}}));
    emulator.add_fault(Fault::replace_items(vec![json!(null)]));
    assert_eq!(caller.codes(&[]).await.json()["AccessTokens"]["AccessToken"], json!([null]));
    emulator.add_fault(Fault::edit_item(2, |item| _ = item.insert("Count".to_owned(), "many".into())));
    assert_eq!(caller.codes(&[]).await.json()["AccessTokens"]["AccessToken"][2]["Count"], "many");
}

#[tokio::test]
async fn markers_can_repeat_or_vanish() {
    let emulator = start_stocked().await;
    let caller = Caller::new(&emulator);
    emulator.add_fault(Fault::repeated_marker().action(DEVICES));
    let first = caller.devices(&[("MaxItems", "4")]).await.json();
    let marker = first["Marker"].as_str().unwrap();
    let second = caller.devices(&[("MaxItems", "4"), ("Marker", marker)]).await.json();
    assert_eq!((&second["IsTruncated"], &second["Marker"]), (&true.into(), &first["Marker"]));
    emulator.clear_faults();
    emulator.add_fault(Fault::without_marker());
    let body = caller.devices(&[("MaxItems", "4")]).await.json();
    assert_eq!((&body["IsTruncated"], body.get("Marker")), (&true.into(), None));
    emulator.add_fault(Fault::marker(""));
    assert_eq!(caller.devices(&[]).await.json()["Marker"], "");
}

#[tokio::test]
async fn the_inventory_changes_between_two_pages() {
    let emulator = start_stocked().await;
    let caller = Caller::new(&emulator);
    let replacement = AccessToken::new("between", noon());
    emulator.add_fault(
        Fault::mutate(move |inventory| {
            inventory.remove_token("c5").unwrap();
            inventory.insert_token(replacement);
        })
        .action(CODES)
        .after(1),
    );
    let page = |number: &'static str| {
        let caller = &caller;
        async move { caller.codes(&[("PageNumber", number), ("PageSize", "2")]).await.code_ids() }
    };
    assert_eq!(page("1").await, ["c5", "c4"]);
    assert_eq!(page("2").await, ["c3", "c2"]);
    assert_eq!(page("1").await, ["between", "c4"]);
}

#[tokio::test]
async fn time_passes_between_two_pages() {
    let emulator = start_stocked().await;
    let mut caller = Caller::new(&emulator);
    emulator.add_fault(Fault::advance(TimeDelta::days(91)));
    assert_eq!(caller.codes(&[("Status", "activated")]).await.code_ids().len(), 6);
    caller.date = emulator.now();
    assert_eq!(caller.codes(&[("Status", "activated")]).await.code_ids().len(), 0);
}

#[tokio::test]
async fn only_authenticated_and_permitted_requests_are_struck() {
    let emulator = start_stocked().await;
    let mut caller = Caller::new(&emulator);
    emulator.add_fault(Fault::error(503, "ServiceUnavailable", "busy"));
    emulator.with_settings(ACCOUNT, |settings| _ = settings.denied_actions.insert(DEVICES.to_owned()));
    assert_eq!(caller.devices(&[]).await.code(), "NoPermission");
    caller.nonce = Some("retried".to_owned());
    assert_eq!(caller.codes(&[]).await.code(), "ServiceUnavailable");
    assert_eq!(caller.codes(&[]).await.code(), "SignatureNonceUsed");
}
