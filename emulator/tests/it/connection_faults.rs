//! Faults in how an answer travels.

use std::time::{Duration, Instant};

use emulator::{AccessToken, Emulator, Fault, Inventory};

use crate::caller::{Caller, account, noon, start};

async fn start_stocked() -> Emulator {
    let mut inventory = Inventory::new();
    for number in 0..20 {
        inventory.insert_token(AccessToken::new(format!("c{number}"), noon()));
    }
    start(account().inventory(inventory)).await
}

#[tokio::test]
async fn a_dropped_connection_has_no_answer_and_the_next_one_has() {
    let emulator = start_stocked().await;
    let caller = Caller::new(&emulator);
    // Twice, because the client may send again on a fresh connection when a kept one ends at once.
    emulator.add_fault(Fault::drop_connection().always());
    let error = caller.try_call(crate::caller::CODES, &[]).await.unwrap_err();
    assert!(error.is_request(), "{error:?}");
    emulator.clear_faults();
    assert_eq!(caller.codes(&[]).await.status, 200);
    assert_eq!(emulator.requests()[0].status, None);
}

#[tokio::test]
async fn a_reset_in_mid_body_comes_after_the_headers() {
    let emulator = start_stocked().await;
    let caller = Caller::new(&emulator);
    emulator.add_fault(Fault::reset_mid_body());
    let response = caller.request(crate::caller::CODES, &[]).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let error = response.bytes().await.unwrap_err();
    assert!(error.is_body() || error.is_decode(), "{error:?}");
    assert_eq!(caller.codes(&[]).await.status, 200);
}

#[tokio::test]
async fn half_of_the_body_arrives_before_the_reset() {
    let emulator = start_stocked().await;
    let caller = Caller::new(&emulator);
    emulator.add_fault(Fault::reset_mid_body());
    let mut response = caller.request(crate::caller::CODES, &[]).send().await.unwrap();
    let length = response.content_length().unwrap();
    let mut arrived = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        arrived += chunk.len() as u64;
    }
    assert_eq!(arrived, length / 2);
}

#[tokio::test]
async fn a_hanging_request_is_seen_and_hinders_nobody() {
    let emulator = start_stocked().await;
    let caller = Caller::new(&emulator);
    emulator.add_fault(Fault::hang());
    let hanging = caller.try_call(crate::caller::CODES, &[]);
    let others = async {
        emulator.wait_for_requests(1).await;
        caller.codes(&[]).await
    };
    tokio::select! {
        answered = hanging => panic!("{answered:?}"),
        other = others => assert_eq!(other.status, 200),
    }
    assert_eq!(emulator.requests()[0].status, None);
}

#[tokio::test]
async fn a_delayed_answer_takes_its_time() {
    let emulator = start_stocked().await;
    let caller = Caller::new(&emulator);
    emulator.add_fault(Fault::delay(Duration::from_millis(80)));
    emulator.add_fault(Fault::error(503, "ServiceUnavailable", "busy"));
    let begin = Instant::now();
    assert_eq!(caller.codes(&[]).await.status, 503);
    assert!(begin.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn a_trickling_body_arrives_whole() {
    let emulator = start_stocked().await;
    let caller = Caller::new(&emulator);
    emulator.add_fault(Fault::trickle(500, Duration::from_millis(5)));
    let begin = Instant::now();
    let reply = caller.codes(&[]).await;
    assert_eq!(reply.code_ids().len(), 20);
    let chunk_count = reply.text.len().div_ceil(500) as u32;
    assert!(chunk_count > 3 && begin.elapsed() >= Duration::from_millis(5) * chunk_count);
}
