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
