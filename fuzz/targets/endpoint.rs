//! No text is an endpoint in plain http beyond loopback, to whoever reads it.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    stocktake::source::fuzzing::check_endpoint(text);
    stocktake::config::fuzzing::check_endpoint(text);
});
