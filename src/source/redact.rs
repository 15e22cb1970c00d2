//! Makes one harmless line of what an API said.

use super::sign::percent_encode;

/// What stands where a secret stood.
const REDACTED: &str = "[redacted]";

/// Longer messages say nothing more to a person, and each is stored with its scan.
const MESSAGE_CHARS_MAX: usize = 500;

/// A refused signature is answered with the string the server signed, which holds the key id and
/// all parameters; everything from these words on is cut.
const ECHO_MARKS: [&str; 4] = ["server string to sign", "string to sign", "stringtosign", "canonical"];

/// Who sent a request, as far as a message about it needs to know.
pub(super) struct Asker<'a> {
    /// Where its keys came from, for people.
    pub(super) origin: &'a str,
    /// Whether they are a session that is asked for anew, so that nobody can put others in its place.
    pub(super) is_session: bool,
    /// What no message may repeat; none is empty.
    pub(super) secrets: Vec<&'a str>,
}

/// `message` on one line, without the server's echo of the request and without any secret of `asker`.
pub(super) fn redact(message: &str, asker: &Asker<'_>) -> String {
    let mut message = without_echo(message).to_owned();
    for secret in &asker.secrets {
        let encoded = percent_encode(secret);
        // A string to sign holds the query, encoded a second time.
        for spelling in [*secret, &encoded, &in_small_hex(&encoded), &percent_encode(&encoded)] {
            message = message.replace(spelling, REDACTED);
        }
    }
    one_line(&message)
}

/// `%2F` as `%2f`, as some servers write it.
pub(super) fn in_small_hex(encoded: &str) -> String {
    let mut parts = encoded.split('%');
    let plain = parts.next().unwrap_or_default().to_owned();
    parts.fold(plain, |text, part| {
        let (hex, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        format!("{text}%{}{rest}", hex.to_ascii_lowercase())
    })
}

/// `text` without control characters, of bounded length.
pub(super) fn one_line(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    truncated(line.trim(), MESSAGE_CHARS_MAX)
}

/// The first `chars_max` characters, with an ellipsis where something was cut.
pub(super) fn truncated(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn without_echo(message: &str) -> &str {
    // ASCII lower case keeps every byte's place.
    let lower = message.to_ascii_lowercase();
    let echo = ECHO_MARKS.iter().filter_map(|mark| lower.find(mark)).min();
    echo.map_or(message, |start| message[..start].trim_end_matches(|c: char| !c.is_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use crate::source::credentials::Credentials;

    use super::*;

    fn credentials() -> Credentials {
        Credentials::new("LTAIid", "s3cret/+", Some("CAIS+tok/en=="), "a test").unwrap()
    }

    #[test]
    fn the_echoed_string_to_sign_is_cut() {
        let message = "Specified signature is not matched with our calculation. server string to sign is:POST&%2F&AccessKeyId%3DLTAIother";
        let redacted = redact(message, &credentials().asker());
        assert_eq!(redacted, "Specified signature is not matched with our calculation");
    }

    #[test]
    fn no_part_of_the_credentials_stays_in_any_spelling() {
        let message = "key LTAIid\nsecret s3cret/+ s3cret%2F%2B s3cret%2f%2b s3cret%252F%252B token CAIS+tok/en== \
            CAIS%2Btok%2Fen%3D%3D";
        let redacted = redact(message, &credentials().asker());
        assert_eq!(
            redacted,
            "key [redacted] secret [redacted] [redacted] [redacted] [redacted] token [redacted] [redacted]"
        );
    }

    #[test]
    fn a_secret_is_not_saved_by_the_cut() {
        let message = format!("{}{}", "x".repeat(MESSAGE_CHARS_MAX - 3), "s3cret/+");
        assert!(!redact(&message, &credentials().asker()).contains("s3c"));
    }
}
