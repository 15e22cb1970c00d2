//! Whatever a file of profiles holds is read or refused in one line.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| stocktake::source::fuzzing::check_profiles(text));
