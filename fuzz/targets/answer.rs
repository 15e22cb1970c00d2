//! Whatever bytes an API answers, nothing is lost and nothing secret is kept.

#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| stocktake::source::fuzzing::check_answer(body));
