//! Whatever the file and the environment hold is in range or refused, a line a problem.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| stocktake::config::fuzzing::check_config(text));
