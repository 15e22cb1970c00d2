//! A credentials URI: a program beside this one that hands out sessions over HTTP.

use reqwest::Url;

use crate::source::{context::Context, endpoint::is_loopback};

use super::{Credentials, CredentialsError, fetch::fetch, session::read_coded_session};

/// The session that `uri` answers. The URI itself may be a secret and is never shown.
pub(super) async fn load(uri: &str, context: &Context) -> Result<Credentials, CredentialsError> {
    let failed = |cause: &str| CredentialsError::UriFailed { cause: cause.to_owned() };
    let url = Url::parse(uri).map_err(|_| failed("it is no URL"))?;
    let host = url.host_str().ok_or_else(|| failed("it names no host"))?;
    let client = match url.scheme() {
        "http" | "https" if is_loopback(host) => context.http.direct(),
        "https" => context.http.proxied(),
        _ => return Err(failed("it is neither https nor plain http to loopback")),
    };
    let answer = fetch(client.get(url)).await.map_err(|cause| failed(&cause))?;
    read_coded_session(&answer, "the credentials URI").map_err(|cause| failed(&cause))
}

#[cfg(test)]
mod tests {
    use crate::source::{
        Environment,
        child_test::is_child_with,
        scripted_server::{Reply, ScriptedServer},
    };

    use super::*;

    const SESSION: &str = r#"{"Code":"Success","AccessKeyId":"STS.id","AccessKeySecret":"s","SecurityToken":"t",
        "Expiration":"2026-06-01T09:00:00Z"}"#;

    async fn ask(uri: &str) -> Result<Credentials, CredentialsError> {
        load(uri, &Context::of_environment(Environment::of_pairs([]))).await
    }

    #[tokio::test]
    async fn the_session_is_read_around_any_proxy() {
        let nowhere = "http://127.0.0.1:1";
        if is_child_with(&[("http_proxy", nowhere), ("all_proxy", nowhere), ("no_proxy", "")]) {
            let server = ScriptedServer::start(vec![Reply::json(200, SESSION)]).await;
            let session = ask(&format!("http://{}/path?user=a", server.host())).await.unwrap();
            assert_eq!((session.access_key_id.as_str(), session.origin()), ("STS.id", "the credentials URI"));
            assert!(server.requests()[0].starts_with("GET /path?user=a HTTP/1.1"));
        }
    }

    #[tokio::test]
    async fn plain_http_beyond_loopback_is_refused_without_showing_the_uri() {
        for uri in [
            "http://10.0.0.1/hunter2",
            "http://broker.internal/hunter2",
            "http://127.0.0.1.example.com/hunter2",
            "http://100.100.100.200/hunter2",
            "ftp://localhost/hunter2",
            "file:///etc/hunter2",
            "hunter2",
        ] {
            let error = ask(uri).await.unwrap_err().to_string();
            assert!(error.starts_with("the credentials URI gave no session: it "), "{uri}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed_and_a_failure_shows_no_uri() {
        let target = ScriptedServer::start(vec![Reply::json(200, SESSION)]).await;
        let location = format!("location: http://{}/\r\n", target.host());
        let server = ScriptedServer::start(vec![Reply::with_headers(307, &location, b"")]).await;
        let error = ask(&format!("http://{}/hunter2", server.host())).await.unwrap_err().to_string();
        assert_eq!(error, "the credentials URI gave no session: HTTP 307");
        assert!(target.requests().is_empty());
        let closed = ask("http://127.0.0.1:1/hunter2").await.unwrap_err().to_string();
        assert!(closed.contains("connection failed") && !closed.contains("hunter2"), "{closed}");
    }
}
