//! A file of profiles is read or refused in one line.

use std::sync::LazyLock;

use crate::source::{
    Environment,
    context::Context,
    credentials::{read_cli_profile, read_ini_profile},
};

static CONTEXT: LazyLock<Context> = LazyLock::new(|| Context::of_environment(Environment::of_pairs([])));

/// Reads `text` as both kinds of file, by the profile it calls current and by name.
///
/// # Panics
/// Where a refusal is no line.
pub fn check_profiles(text: &str) {
    for profile in [None, Some("default"), Some("work")] {
        for read in [read_cli_profile, read_ini_profile] {
            if let Err(error) = read("file", text, profile, &CONTEXT) {
                let line = error.to_string();
                assert!(!line.chars().any(char::is_control), "{line:?}");
            }
        }
    }
}
