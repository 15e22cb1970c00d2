//! Markers and `IsTruncated` of `ListVirtualMFADevices` that lead astray.

use emulator::Fault;
use serde_json::{Value, json};
use stocktake::inventory::Source;

use super::{Applied, Rig, complete, failed, incomplete};
use crate::support::ACCOUNT_ID;

async fn rig() -> Rig {
    Rig::new(Source::MfaDevices, |config| config.scan.scan_attempts = 2).await
}

/// Sets `IsTruncated` on the last page alone.
fn last_page(edit: impl Fn(&mut Value) + Send + 'static) -> Fault {
    Fault::rewrite(move |body| {
        if body["IsTruncated"] == false {
            edit(body);
        }
    })
    .always()
}

#[tokio::test]
async fn a_chain_of_markers_that_breaks_is_an_error_and_not_an_end() {
    let rig = rig().await;
    let lost = || Fault::without_marker();
    let missing = |applied| incomplete("missing_marker", applied, &["IsTruncated is true but there is no Marker"]);
    rig.strike("missing on page 1", [lost().always()], missing(Applied::FirstPage)).await;
    rig.strike("missing on page 2", [lost().after(1).always()], missing(Applied::FirstPage)).await;
    for nothing in [json!(""), json!(null), json!(false), json!({})] {
        let name = format!("{nothing} on page 1");
        let fault = Fault::rewrite(move |body| body["Marker"] = nothing.clone()).always();
        rig.strike(&name, [fault], missing(Applied::FirstPage)).await;
    }
    let endless = last_page(|body| body["IsTruncated"] = true.into());
    rig.strike("missing on the last page", [endless], missing(Applied::AllButDeletes)).await;

    let repeated = |applied| incomplete("repeated_marker", applied, &["a Marker came a second time"]);
    rig.strike("repeated", [Fault::repeated_marker()], repeated(Applied::FirstPage)).await;
    let mut first: Option<Value> = None;
    let alternating = Fault::rewrite(move |body| {
        let first = first.get_or_insert_with(|| body["Marker"].clone());
        if body["IsTruncated"] == false {
            body["IsTruncated"] = true.into();
            body["Marker"] = first.clone();
        }
    });
    rig.strike("back to page 2", [alternating.always()], repeated(Applied::AllButDeletes)).await;

    let foreign = Fault::marker("never given out").always();
    let refused = incomplete("InvalidParameter.Marker", Applied::FirstPage, &["Marker is not valid"]);
    rig.strike("of another listing", [foreign], refused).await;
    rig.heal().await;
}

#[tokio::test]
async fn a_chain_that_breaks_once_is_read_again_from_the_start() {
    let rig = rig().await;
    rig.strike("missing once", [Fault::without_marker().after(1).times(1)], complete()).await;
    rig.strike("repeated once", [Fault::repeated_marker().times(2)], complete()).await;
    rig.heal().await;
}

#[tokio::test]
async fn a_marker_is_followed_whatever_it_holds() {
    let rig = rig().await;
    for prefix in
        ["a+b/c=d&e%f", "%2B%00%zz", "激活码 é\u{1F511}", " ", "&Marker=", "#?/\\\"'\u{7f}", "a\tb\r\nc", "\0"]
    {
        rig.world.emulator.with_settings(ACCOUNT_ID, |settings| prefix.clone_into(&mut settings.marker_prefix));
        rig.strike(&format!("{prefix:?}"), [], complete()).await;
    }
    let nine_kb = "9".repeat(9_000);
    rig.world.emulator.with_settings(ACCOUNT_ID, |settings| settings.marker_prefix = nine_kb);
    rig.strike("9 kB", [], complete()).await;
    // No URL is as long: the scan says so, and nothing panics.
    let too_long = Fault::rewrite(|body| body["Marker"] = "m".repeat(100_000).into());
    let unsendable = incomplete("connection_interrupted", Applied::FirstPage, &["broke off"]);
    rig.strike("100 kB", [too_long], unsendable).await;
    rig.heal().await;
}

#[tokio::test]
async fn an_end_is_an_end_only_if_it_is_said() {
    let rig = rig().await;
    let silent = |fault: Fault| (fault.always(), failed("malformed_answer", &["no readable IsTruncated"]));
    let (absent, expected) = silent(Fault::without_field("IsTruncated"));
    rig.strike("not said", [absent], expected).await;
    for value in [json!(null), json!("maybe"), json!(0), json!([])] {
        let name = format!("{value}");
        let (unreadable, expected) = silent(Fault::rewrite(move |body| body["IsTruncated"] = value.clone()));
        rig.strike(&name, [unreadable], expected).await;
    }
    let as_text = Fault::rewrite(|body| body["IsTruncated"] = body["IsTruncated"].to_string().into());
    rig.strike("as a text", [as_text.always()], complete()).await;
    rig.strike("a marker at the end", [last_page(|body| body["Marker"] = "more".into())], complete()).await;

    let absent = Fault::without_field("VirtualMFADevices").always();
    rig.strike("no container", [absent], failed("malformed_answer", &["no VirtualMFADevices"])).await;
    let absent = Fault::without_field("VirtualMFADevices").after(2).always();
    let short = incomplete("malformed_answer", Applied::FirstPage, &["no VirtualMFADevices"]);
    rig.strike("no container on page 3", [absent], short).await;
    rig.heal().await;
}

#[tokio::test]
async fn pages_may_be_empty_short_or_repeat_devices() {
    let rig = rig().await;
    // What a page leaves out vanished, and the second reading finds it.
    let empty = || Fault::replace_items(Vec::new());
    rig.strike("an empty page once", [empty().after(1).times(1)], complete()).await;
    rig.strike("twice on a page", [Fault::duplicate_item(4).times(3)], complete()).await;
    let repeat = || Fault::edit_items(|items| items[4] = items[3].clone());
    rig.strike("one hidden by another once", [repeat().times(1)], complete()).await;
    rig.heal().await;
}
