//! One small unsigned request: to the metadata service, or to a credentials URI.

use reqwest::RequestBuilder;

use crate::source::http::{bounded_body, transport_fault};

/// A session is some two kilobytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// The body that `request` is answered with.
///
/// # Errors
/// What went wrong, without URL or content: either can hold secrets.
pub(super) async fn fetch(request: RequestBuilder) -> Result<Vec<u8>, String> {
    let lost = |error: reqwest::Error| match transport_fault(error) {
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    };
    let response = request.send().await.map_err(lost)?;
    let status = response.status();
    if !status.is_success() {
        return Err(format!("HTTP {}", status.as_u16()));
    }
    let body = bounded_body(response, BODY_BYTES_MAX).await.map_err(lost)?;
    body.map(Vec::from).ok_or_else(|| format!("more than {BODY_BYTES_MAX} bytes"))
}
