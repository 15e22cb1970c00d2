//! What must hold whatever the operator writes: the narrow door for `fuzz/`, which the tests use as well.
//!
//! Each `check_…` takes one input and panics where a property is broken.

use std::path::PathBuf;

use chrono::{DateTime, Timelike, Utc};

use super::{Config, Problem, endpoint::refuse_endpoint, load::assemble, parse_cron};

/// Reads `text` as the file, and its lines of the form `NAME=value` as the environment over an empty file.
///
/// # Panics
/// Where a problem is not one line, or an accepted configuration is out of range.
pub fn check_config(text: &str) {
    check(assemble(Some((PathBuf::from("stocktake.toml"), text.to_owned())), []));
    let variables = text.lines().filter_map(|line| line.split_once('='));
    check(assemble(None, variables.map(|(name, value)| (name.to_owned(), value.to_owned()))));
}

/// Reads `text` as a schedule.
///
/// # Panics
/// Where a refusal is not one line, or an accepted expression does not fire again and again on whole seconds.
pub fn check_cron(text: &str) {
    match parse_cron(text) {
        Ok(None) => assert_eq!(text.trim(), "off"),
        Ok(Some(cron)) => {
            let next = |after: DateTime<Utc>| cron.find_next_occurrence(&after, false).expect("it fires for ever");
            let first = next(DateTime::UNIX_EPOCH);
            let second = next(first);
            assert!(DateTime::UNIX_EPOCH < first && first < second);
            assert_eq!((first.nanosecond(), second.nanosecond()), (0, 0));
        }
        Err(error) => assert_line(&error.to_string()),
    }
}

/// Reads `text` as an endpoint.
///
/// # Panics
/// Where plain http beyond loopback is accepted, or more than scheme, host and port.
pub fn check_endpoint(text: &str) {
    if refuse_endpoint(text).is_none() {
        let (scheme, authority) = text.split_once("://").expect("a scheme was found");
        let host = authority.trim_end_matches('/').rsplit_once(':').map_or(authority, |(host, _)| host);
        let is_local = host.to_ascii_lowercase().trim_end_matches('/') == "localhost"
            || host.starts_with("127.")
            || authority.starts_with('[');
        assert!(scheme == "https" || is_local, "{text:?}");
        assert!(!text.contains(['@', '?', '#', ' ', '\\']) && !text.chars().any(char::is_control), "{text:?}");
    }
}

fn check(read: Result<Config, Vec<Problem>>) {
    match read {
        Ok(config) => {
            let Config { api, scan, .. } = config;
            [&api.smc_endpoint, &api.ims_endpoint, &api.sts_endpoint].into_iter().for_each(|text| check_endpoint(text));
            assert!((0.0..=1.0).contains(&scan.max_delete_ratio) && scan.scan_attempts > 0 && !scan.deadline.is_zero());
        }
        Err(problems) => {
            assert!(!problems.is_empty(), "a refusal says why");
            problems.iter().for_each(|problem| assert_line(&problem.to_string()));
        }
    }
}

fn assert_line(text: &str) {
    assert!(!text.is_empty() && !text.chars().any(char::is_control), "not one line: {text:?}");
}
