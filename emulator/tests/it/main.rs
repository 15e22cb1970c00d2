//! One binary for all tests over HTTP.
