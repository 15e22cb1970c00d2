//! Whatever is written as a schedule fires for ever or is refused in one line.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| stocktake::config::fuzzing::check_cron(text));
