//! Whatever an API says of a request, one line of it is shown, without the keys.

#![no_main]

libfuzzer_sys::fuzz_target!(|message: &[u8]| stocktake::source::fuzzing::check_message(message));
