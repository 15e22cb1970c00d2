//! The RAM role of the ECS instance that this runs on, from its metadata service.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Url};

use crate::source::context::Context;

use super::{Credentials, CredentialsError, fetch::fetch, session::read_coded_session};

/// The service is on the instance's own link: where it does not answer at once, it is not there.
const TIMEOUT: Duration = Duration::from_secs(1);

/// The longest that the service allows; a token is asked for anew with each session, so its end does not matter.
const TOKEN_TTL_SECONDS: &str = "21600";

/// A session of `role_name`, or else of the role that the environment or the instance names.
pub(super) async fn load(role_name: Option<&str>, context: &Context) -> Result<Credentials, CredentialsError> {
    read(role_name, context).await.map_err(|cause| CredentialsError::MetadataFailed { cause })
}

async fn read(role_name: Option<&str>, context: &Context) -> Result<Credentials, String> {
    let token = match fetch(
        request(context, Method::PUT, &["latest", "api", "token"])
            .header("X-aliyun-ecs-metadata-token-ttl-seconds", TOKEN_TTL_SECONDS),
    )
    .await
    {
        Ok(token) => Some(token),
        // An instance may know no tokens, and a container may be too many hops away to receive one.
        Err(_) if !context.environment.is_true("ALIBABA_CLOUD_IMDSV1_DISABLED") => None,
        Err(cause) => return Err(format!("{cause} for a token, and ALIBABA_CLOUD_IMDSV1_DISABLED is set")),
    };
    let get = async |last: &str| {
        let path = ["latest", "meta-data", "ram", "security-credentials", last];
        let request = request(context, Method::GET, &path);
        fetch(match &token {
            Some(token) => request.header("X-aliyun-ecs-metadata-token", token.as_slice()),
            None => request,
        })
        .await
    };
    let role = match role_name.map(str::to_owned).or_else(|| context.environment.get("ALIBABA_CLOUD_ECS_METADATA")) {
        Some(role) => role,
        None => {
            let answer = get("").await.map_err(|cause| format!("{cause} for the name of the role"))?;
            let name = String::from_utf8(answer).ok().map(|name| name.trim().to_owned());
            name.filter(|name| !name.is_empty()).ok_or("no name of a role")?
        }
    };
    let answer = get(&role).await.map_err(|cause| format!("{cause} for the role's session"))?;
    read_coded_session(&answer, "the RAM role of this ECS instance")
}

/// Around any proxy, which would be another machine than the one that is asked about. Each part of `path` stays one
/// part, whatever it holds.
fn request(context: &Context, method: Method, path: &[&str]) -> RequestBuilder {
    let mut url = Url::parse(&context.environment.metadata_url()).expect("an IP address and a port are a URL");
    url.path_segments_mut().expect("http has a path").extend(path);
    context.http.direct().request(method, url).timeout(TIMEOUT)
}

#[cfg(test)]
#[path = "ecs_role_tests.rs"]
mod tests;
