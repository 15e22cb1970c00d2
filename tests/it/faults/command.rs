//! The program itself under a few of the faults: what it prints, and its exit code.

use emulator::Fault;

use crate::support::{ACCOUNT_ID, Desk};

#[tokio::test]
async fn each_kind_of_fault_ends_the_program_with_its_code_and_one_line() {
    let desk = Desk::new().await;
    assert_eq!(desk.run(&["sync"]).await.code, 0);
    let codes = |fault: Fault| fault.action("ListAccessTokens").always();
    let devices = |fault: Fault| fault.action("ListVirtualMFADevices").always();
    let cases: [(Fault, &[&str]); 6] = [
        (codes(Fault::html_502()), &["access-tokens: failed: API unavailable", "502", "next scan"]),
        (codes(Fault::drop_connection()), &["access-tokens: failed: ", "broke off", "proxy"]),
        (codes(Fault::without_total_count()), &["access-tokens: incomplete: ", "no readable TotalCount"]),
        (codes(Fault::item_without_id(3)), &["access-tokens: incomplete: 1 items have no usable id"]),
        (devices(Fault::truncated_json()), &["mfa-devices: failed: malformed answer", "breaks off"]),
        (devices(Fault::repeated_marker()), &["mfa-devices: incomplete: ", "Marker"]),
    ];
    for (fault, words) in cases {
        desk.emulator.clear_faults();
        desk.emulator.add_fault(fault);
        let mut command = desk.command(&["sync"]);
        command.env("STOCKTAKE__API__MAX_ATTEMPTS", "1");
        let ended = crate::support::desk::ended(command).await;
        ended.expect_failure(3, words);
        ended.expect_failure(3, &["prod", ACCOUNT_ID]);
    }
    desk.emulator.clear_faults();
    desk.emulator.add_fault(Fault::throttled(Some(1)).times(3));
    desk.emulator.add_fault(Fault::total_count("30").action("ListAccessTokens").always());
    let ended = desk.run(&["sync"]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "what passes is nobody's business");
}
