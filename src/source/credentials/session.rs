//! A session as STS, the metadata service and credentials URIs all write it.

use chrono::{DateTime, Utc};

use crate::source::decode::{Malformed, Members};

use super::Credentials;

/// Reads key, secret, token and end of the session in `members`, which came from `origin`.
pub(in crate::source) fn read_session(members: &Members<'_>, origin: &str) -> Result<Credentials, Malformed> {
    let required = |name: &str| {
        let value = members.text(&[name]).filter(|value| !value.trim().is_empty());
        value.ok_or_else(|| Malformed(format!("no {name}")))
    };
    let (id, secret) = (required("AccessKeyId")?, required("AccessKeySecret")?);
    let expires_at: DateTime<Utc> =
        required("Expiration")?.parse().map_err(|_| Malformed("an Expiration that is no instant".to_owned()))?;
    let session = Credentials::new(&id, &secret, Some(&required("SecurityToken")?), origin);
    let session = session.map_err(|_| Malformed("a character that no key has".to_owned()))?;
    Ok(Credentials { expires_at: Some(expires_at), ..session })
}

/// Reads the body of an answer that says `"Code":"Success"` beside the session.
///
/// # Errors
/// What is wrong with it, without any secret.
pub(super) fn read_coded_session(body: &[u8], origin: &str) -> Result<Credentials, String> {
    let members = Members::of_body(body).map_err(|Malformed(reason)| reason)?;
    match members.text(&["Code"]) {
        Some(code) if code == "Success" => read_session(&members, origin).map_err(|Malformed(reason)| reason),
        Some(_) => Err("a Code that is not Success".to_owned()),
        None => Err("no Code".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    const BODY: &str = r#"{"Code":"Success","AccessKeyId":"STS.id","AccessKeySecret":"s3cret","SecurityToken":"t0ken",
        "Expiration":"2026-06-01T09:00:00Z","LastUpdated":"2026-06-01T08:00:00Z"}"#;

    #[test]
    fn a_session_is_read_with_its_end() {
        let session = read_coded_session(BODY.as_bytes(), "a test").unwrap();
        assert_eq!((session.access_key_id.as_str(), session.secret.expose_secret()), ("STS.id", "s3cret"));
        assert_eq!(session.security_token.as_ref().unwrap().expose_secret(), "t0ken");
        assert_eq!(session.expires_at, Some("2026-06-01T09:00:00Z".parse().unwrap()));
        assert_eq!(session.origin(), "a test");
    }

    #[test]
    fn what_is_missing_is_named_and_nothing_is_quoted() {
        for (from, to, reason) in [
            ("\"Success\"", "\"hunter2\"", "a Code that is not Success"),
            ("\"Code\"", "\"code\"", "no Code"),
            ("AccessKeyId", "x", "no AccessKeyId"),
            ("AccessKeySecret", "x", "no AccessKeySecret"),
            ("\"t0ken\"", "\" \"", "no SecurityToken"),
            ("Expiration", "x", "no Expiration"),
            ("2026-06-01T09:00:00Z", "hunter2", "an Expiration that is no instant"),
            ("s3cret", "hunter2 hunter2", "a character that no key has"),
        ] {
            let error = read_coded_session(BODY.replacen(from, to, 1).as_bytes(), "a test").unwrap_err();
            assert_eq!(error, reason, "{from}");
        }
        assert_eq!(read_coded_session(b"hunter2", "a test").unwrap_err(), "not JSON at line 1, column 1");
    }
}
