//! A message of an API becomes one harmless line.

use super::{SECRETS, asker, assert_harmless_line};
use crate::source::{
    redact::{in_small_hex, redact},
    sign::percent_encode,
};

/// Redacts `message` after putting secrets into it: a byte below 16 may stand for one of three, spelled in one of four ways.
///
/// # Panics
/// Where the line repeats a secret, is none, or is long.
pub fn check_message(message: &[u8]) {
    let mut text = String::new();
    for part in message.utf8_chunks() {
        for c in part.valid().chars() {
            match SECRETS.get((c as usize) % 4).filter(|_| c < '\u{10}') {
                Some(secret) => text.push_str(&spelled(secret, c as usize / 4)),
                None => text.push(c),
            }
        }
    }
    let line = redact(&text, &asker());
    assert_harmless_line(&line);
    assert!(line.chars().count() <= 501, "{} characters", line.chars().count());
}

/// `secret` as it is, percent-encoded once or twice, or with small letters, as some servers write `%2f`.
fn spelled(secret: &str, way: usize) -> String {
    let encoded = percent_encode(secret);
    match way {
        0 => secret.to_owned(),
        1 => encoded,
        2 => in_small_hex(&encoded),
        _ => percent_encode(&encoded),
    }
}
