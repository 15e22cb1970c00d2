//! Runs a test in a process of its own, since the variables of this one must not change.

use std::{env, process::Command, thread};

const CHILD: &str = "STOCKTAKE_TEST_IS_CHILD";

/// Whether this is the child, which has `variables` and does the test; the parent runs it and
/// fails where it fails. To be called from the test's own thread, which bears its name.
pub(super) fn is_child_with(variables: &[(&str, &str)]) -> bool {
    if env::var_os(CHILD).is_some() {
        return true;
    }
    let name = thread::current().name().unwrap().to_owned();
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", &name])
        .env(CHILD, "1")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && stdout.contains("1 passed"), "{stdout}");
    false
}
