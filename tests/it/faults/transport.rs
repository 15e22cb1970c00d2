//! Refusals, broken connections, and bodies that are not what the operation returns.

use std::time::Duration;

use emulator::{Effect, Fault};
use serde_json::json;
use stocktake::{config::Config, inventory::Source};

use super::{Applied, Rig, check_report, complete, difference, failed, incomplete};

/// A name, what strikes, the code in the ledger, and words of the line.
type Trouble = (&'static str, fn() -> Fault, &'static str, &'static [&'static str]);

const TROUBLES: [Trouble; 22] = [
    ("throttled", || Fault::throttled(None), "Throttling.User", &["flow control", "api.requests_per_second"]),
    ("throttled for a moment", || Fault::throttled(Some(1)), "Throttling.User", &["api.requests_per_second"]),
    ("429", || Fault::error(429, "Throttling.Api", "Too many."), "Throttling.Api", &["429", "Too many"]),
    ("429 for a moment", || raw(429, &[("x-acs-retry-after", "1")], "slow down"), "http_429", &["throttled"]),
    ("500", || Fault::error(500, "InternalError", "An error."), "InternalError", &["500", "next scan", "support"]),
    ("502 of a proxy", Fault::html_502, "http_502", &["502", "not JSON"]),
    ("503", || Fault::error(503, "ServiceUnavailable", "Busy."), "ServiceUnavailable", &["503", "Busy."]),
    ("504 without a body", || raw(504, &[], ""), "http_504", &["504"]),
    ("a message of many lines", || Fault::error(500, "X", "one\ntwo\r\n\u{1b}[31mthree"), "X", &["one two"]),
    ("dropped", Fault::drop_connection, "connection_interrupted", &["broke off", "proxy"]),
    ("reset in mid-body", Fault::reset_mid_body, "connection_interrupted", &["broke off"]),
    ("truncated JSON", Fault::truncated_json, "malformed_answer", &["JSON that breaks off at line 1"]),
    ("an empty 200", Fault::empty_200, "malformed_answer", &["HTTP 200", "empty body"]),
    ("no object", || Fault::json(&json!([])), "malformed_answer", &["not a JSON object"]),
    ("an empty object", || Fault::json(&json!({})), "malformed_answer", &["malformed answer"]),
    ("null", || Fault::json(&json!(null)), "malformed_answer", &["not a JSON object"]),
    ("a page of a proxy as 200", || raw(200, &[], "<html>log in</html>"), "malformed_answer", &["not JSON"]),
    (
        "a body that is not the gzip it says",
        || raw(200, &[("content-encoding", "gzip")], "{}"),
        "connection_interrupted",
        &["broke off"],
    ),
    (
        "an error in a 200",
        || Fault::json(&json!({ "Code": "InternalError", "Message": "An error." })),
        "InternalError",
        &["200 InternalError"],
    ),
    (
        "an error in a 200 beside a list",
        || Fault::rewrite(|body| body["Code"] = "ServiceUnavailable".into()),
        "ServiceUnavailable",
        &["200 ServiceUnavailable"],
    ),
    (
        "throttled in a 200",
        || Fault::json(&json!({ "code": "Throttling", "message": "Slow down." })),
        "Throttling",
        &["Slow down."],
    ),
    ("a list of another kind", || Fault::rewrite(container_without_list), "malformed_answer", &["holds no list"]),
];

/// What trying again does not help: nothing of it is asked twice.
const REFUSALS: [Trouble; 4] = [
    ("denied", || Fault::error(403, "NoPermission", "You may not."), "NoPermission", &["permission denied", "grant"]),
    ("a parameter refused", || Fault::error(400, "InvalidParameter.Foo", "Foo."), "InvalidParameter.Foo", &["Foo."]),
    ("a redirect", || raw(302, &[("location", "https://example.com/x?secret")], ""), "redirected", &["example.com"]),
    ("gone", || Fault::error(404, "InvalidApi.NotFound", "No such."), "InvalidApi.NotFound", &["_endpoint"]),
];

fn raw(status: u16, headers: &[(&str, &str)], body: &str) -> Fault {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let content_type = "text/html".to_owned();
    Fault::new(Effect::Raw { status, content_type, headers, body: body.as_bytes().to_vec() })
}

fn container_without_list(body: &mut serde_json::Value) {
    let name = if body.get("AccessTokens").is_some() { "AccessTokens" } else { "VirtualMFADevices" };
    body[name] = json!({ "Item": [] });
}

#[tokio::test]
async fn a_scan_in_trouble_after_its_first_page_applies_that_page_and_deletes_nothing() {
    // Both listings are called by the same code: one of them meets all troubles, the other some.
    let codes = rig(Source::AccessTokens, 1).await;
    let devices = rig(Source::MfaDevices, 1).await;
    let all = TROUBLES.into_iter().chain(REFUSALS).map(|trouble| (&codes, trouble));
    let some = TROUBLES.into_iter().chain(REFUSALS).step_by(9).map(|trouble| (&devices, trouble));
    for (rig, (name, fault, error_code, line)) in all.chain(some) {
        rig.strike(name, [fault().after(1).always()], incomplete(error_code, Applied::FirstPage, line)).await;
    }
    codes.heal().await;
    devices.heal().await;
}

#[tokio::test]
async fn a_scan_in_trouble_from_the_start_changes_nothing() {
    let codes = rig(Source::AccessTokens, 1).await;
    let devices = rig(Source::MfaDevices, 1).await;
    let every_second = TROUBLES.into_iter().chain(REFUSALS).step_by(2);
    for (rig, (name, fault, error_code, line)) in [&devices, &codes].into_iter().cycle().zip(every_second) {
        rig.strike(name, [fault().always()], failed(error_code, line)).await;
    }
    codes.heal().await;
    devices.heal().await;
}

#[tokio::test]
async fn a_passing_trouble_is_asked_again_and_a_refusal_is_not() {
    let codes = rig(Source::AccessTokens, 2).await;
    let devices = rig(Source::MfaDevices, 2).await;
    // Without `x-acs-retry-after` throttling waits a second and more, which `retry` tests without waiting.
    let passing = |names: [&'static str; 4]| TROUBLES.into_iter().filter(move |(name, ..)| names.contains(name));
    let strike = async |rig: &Rig, names| {
        for (name, fault, ..) in passing(names) {
            rig.strike(name, [fault()], complete()).await;
        }
        for (name, fault, error_code, line) in REFUSALS {
            rig.strike(name, [fault()], failed(error_code, line)).await;
        }
    };
    // Both at once: what costs time here is waiting.
    tokio::join!(
        strike(&codes, ["throttled for a moment", "500", "dropped", "truncated JSON"]),
        strike(&devices, ["429 for a moment", "502 of a proxy", "reset in mid-body", "an error in a 200"])
    );
    codes.heal().await;
    devices.heal().await;
}

async fn rig(source: Source, max_attempts: u32) -> Rig {
    Rig::new(source, |config| config.api.max_attempts = max_attempts).await
}

#[tokio::test]
async fn a_refused_connection_keeps_everything() {
    for source in Source::ALL {
        let rig = Rig::new(source, |config| {
            config.api.smc_endpoint = "http://127.0.0.1:1".into();
            config.api.ims_endpoint = "http://127.0.0.1:1".into();
        });
        let key = if source == Source::AccessTokens { "api.smc_endpoint" } else { "api.ims_endpoint" };
        let rig = rig.await;
        let before = rig.world.kept(source).await;
        rig.change();
        let report = rig.world.scan(source).await;
        check_report("refused", &report, &failed("connection_failed", &["refused", "DNS"]));
        assert!(report.failure_line().unwrap().contains(key));
        assert_eq!(difference(&rig.world.kept(source).await, &before), "");
    }
}

/// An answer of which a byte comes every now and then.
fn trickle() -> Fault {
    Fault::trickle(1, Duration::from_millis(100))
}

#[tokio::test]
async fn an_answer_that_never_ends_is_given_up_after_its_time() {
    // The answers to all other requests come within milliseconds.
    let configure = |config: &mut Config| config.api.request_timeout = Duration::from_secs(1);
    let codes = Rig::new(Source::AccessTokens, configure).await;
    let devices = Rig::new(Source::MfaDevices, configure).await;
    let line = &["timeout", "api.request_timeout"];
    let short = || incomplete("timeout", Applied::FirstPage, line);
    tokio::join!(
        async {
            codes.strike("hung", [Fault::hang().always()], failed("timeout", line)).await;
            codes.strike("trickling from page 2 on", [trickle().after(1).always()], short()).await;
        },
        async {
            devices.strike("trickling", [trickle().always()], failed("timeout", line)).await;
            devices.strike("hung from page 2 on", [Fault::hang().after(1).always()], short()).await;
        }
    );
}

#[tokio::test]
async fn a_wait_that_the_api_asks_for_ends_by_the_deadline() {
    let configure = |config: &mut Config| {
        config.scan.deadline = Duration::from_secs(1);
        config.api.max_attempts = 5;
    };
    let rig = Rig::new(Source::AccessTokens, configure).await;
    let an_hour = Fault::throttled(Some(3_600_000)).after(1).always();
    let line = &["longer than 1s", "scan.deadline"];
    rig.strike("told to wait for an hour", [an_hour], incomplete("deadline", Applied::FirstPage, line)).await;
    rig.heal().await;
}
