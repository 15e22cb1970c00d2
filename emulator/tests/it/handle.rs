//! Starting, watching and stopping an emulator.

use std::net::TcpStream;

use chrono::TimeDelta;
use emulator::{AccessKey, AccountOptions, Clock, Emulator, Fault, Options, StartError};

use crate::caller::{ACCOUNT, CODES, Caller, DEVICES, KEY_ID, SECRET, account, noon, start};

#[tokio::test]
async fn dropping_it_closes_the_port() {
    let emulator = start(account()).await;
    let address = emulator.addr();
    assert_eq!(emulator.url(), format!("http://{address}"));
    let kept = Caller::new(&emulator);
    assert_eq!(kept.codes(&[]).await.status, 200);
    drop(emulator);
    assert!(TcpStream::connect(address).is_err());
    assert!(kept.try_call(CODES, &[]).await.is_err(), "a kept connection is closed too");
}

#[tokio::test]
async fn a_taken_port_and_a_shared_key_are_errors() {
    let first = start(account()).await;
    let taken = Emulator::start(Options::new().listen(first.addr())).await;
    assert!(matches!(taken, Err(StartError::Listen { address, .. }) if address == first.addr()));
    let other = AccountOptions::new("2").key(AccessKey::new(KEY_ID, "other"));
    let shared = Emulator::start(Options::new().account(account()).account(other)).await;
    assert!(matches!(shared, Err(StartError::Ambiguous(name)) if name == KEY_ID));
}

#[tokio::test]
async fn a_manual_clock_stands_still_and_a_real_one_runs_from_where_it_was_set() {
    let manual = start(account()).await;
    assert_eq!(manual.now(), noon());
    manual.advance(TimeDelta::hours(2));
    assert_eq!(manual.now(), noon() + TimeDelta::hours(2));
    manual.set_now(noon());
    assert_eq!(manual.now(), noon());

    let real = Emulator::start(Options::new().clock(Clock::Real)).await.unwrap();
    real.set_now(noon());
    let later = real.now();
    assert!(later >= noon() && later < noon() + TimeDelta::minutes(1));
    real.advance(TimeDelta::days(1));
    assert!(real.now() >= later + TimeDelta::days(1));
}

#[tokio::test]
async fn requests_are_counted_beyond_what_is_remembered() {
    let options = Options::new().account(account()).clock(Clock::Manual(noon())).request_log_limit(2);
    let emulator = Emulator::start(options).await.unwrap();
    let caller = Caller::new(&emulator);
    for name in ["a", "b", "c"] {
        caller.codes(&[("Name", name)]).await;
    }
    let names: Vec<Option<String>> =
        emulator.requests().iter().map(|request| request.parameter("Name").map(str::to_owned)).collect();
    assert_eq!(names, [Some("b".to_owned()), Some("c".to_owned())]);
    let counts = (emulator.request_count(), emulator.request_count_of(CODES), emulator.request_count_of(DEVICES));
    assert_eq!(counts, (3, 3, 0));
    let last = emulator.requests().remove(1);
    assert_eq!((last.at, last.account.as_deref(), last.status), (noon(), Some(ACCOUNT), Some(200)));
    assert_eq!(last.header("x-acs-action"), Some(CODES));
    emulator.clear_requests();
    assert_eq!((emulator.requests().len(), emulator.request_count()), (0, 0));
}

#[tokio::test]
async fn accounts_own_their_own() {
    let other = AccountOptions::new("2").key(AccessKey::new("other", SECRET)).generated(3, 2);
    let options = Options::new().clock(Clock::Manual(noon())).account(account().generated(3, 2)).account(other);
    let emulator = Emulator::start(options).await.unwrap();
    let mut caller = Caller::new(&emulator);
    let first = caller.codes(&[]).await.code_ids();
    caller.key_id = "other".to_owned();
    let second = caller.codes(&[]).await.code_ids();
    assert_eq!((first.len(), second.len()), (3, 3));
    assert!(first.iter().all(|id| !second.contains(id)));
}

#[tokio::test]
async fn a_panic_inside_is_not_passed_over() {
    let emulator = start(account()).await;
    emulator.add_fault(Fault::rewrite(|_| panic!("the test's own assertion")));
    assert_eq!(Caller::new(&emulator).codes(&[]).await.status, 500);
    let stopped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(emulator)));
    let text = stopped.unwrap_err().downcast::<String>().unwrap();
    assert!(text.contains("the test's own assertion"), "{text}");

    let emulator = start(account()).await;
    emulator.add_fault(Fault::edit_items(Vec::clear).when(|_| panic!("a matcher")));
    Caller::new(&emulator).codes(&[]).await;
    assert_eq!(emulator.take_failure().as_deref(), Some("a matcher"));
    assert_eq!(Caller::new(&emulator).devices(&[]).await.status, 500, "the fault is still there");
    emulator.take_failure();
    emulator.clear_faults();
    assert_eq!(Caller::new(&emulator).devices(&[]).await.status, 200);
}
