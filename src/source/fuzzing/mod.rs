//! What must hold whatever arrives: the narrow door for `fuzz/`, which the tests beside it use as well.
//!
//! Each `check_…` takes one input and panics where a property is broken.

mod answers;
mod endpoints;
mod messages;
mod profiles;
#[cfg(test)]
mod tests;

pub use answers::check_answer;
pub use endpoints::check_endpoint;
pub use messages::check_message;
pub use profiles::check_profiles;

use super::{
    redact::{Asker, in_small_hex},
    sign::percent_encode,
};

/// Secrets of whoever asked; no message may repeat one.
const SECRETS: [&str; 3] = ["fUzZs3cret/+Of=30.characters==", "CAIS+fuzz/t0ken%of==", "LTAI5tFuzzKeyId"];

fn asker() -> Asker<'static> {
    Asker { origin: "the fuzzer", is_session: false, secrets: SECRETS.to_vec() }
}

/// One line that repeats no secret, neither as it is nor percent-encoded.
fn assert_harmless_line(text: &str) {
    assert!(!text.chars().any(char::is_control), "more than one line: {text:?}");
    for secret in SECRETS {
        let once = percent_encode(secret);
        for spelling in [secret, &once, &in_small_hex(&once), &percent_encode(&once)] {
            assert!(!text.contains(spelling), "a secret survived: {text:?}");
        }
    }
}
