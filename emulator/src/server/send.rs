//! Delivers an answer: whole, slowly, in part, or not at all.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use futures::stream;

use super::line::Line;
use crate::fault::{Answer, Delivery};

/// Makes the HTTP response, after the delay; a hanging one is never made.
pub(super) async fn send(answer: Answer, line: Line) -> Response {
    if !answer.delay.is_zero() {
        tokio::time::sleep(answer.delay).await;
    }
    let body = Bytes::from(answer.body);
    let length = body.len();
    let body = match answer.delivery {
        Delivery::Whole => Body::from(body),
        Delivery::Trickle { chunk_bytes, pause } => trickle(body, chunk_bytes.max(1), pause),
        Delivery::ResetMidBody => half(body, line),
        Delivery::Drop => {
            line.close();
            Body::empty()
        }
        Delivery::Hang => std::future::pending().await,
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    // The length is told even of a body that stops short: a peer can then know that it did.
    headers.insert(CONTENT_LENGTH, length.into());
    headers.insert(CONTENT_TYPE, header_value(&answer.content_type));
    for (name, value) in answer.headers {
        let name = HeaderName::try_from(name).expect("a fault's header has a valid name");
        headers.insert(name, header_value(&value));
    }
    response
}

fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("a fault's header has a valid value")
}

fn trickle(body: Bytes, chunk_bytes: usize, pause: Duration) -> Body {
    Body::from_stream(stream::unfold(body, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(pause).await;
        let chunk = rest.split_to(chunk_bytes.min(rest.len()));
        Some((Ok::<_, io::Error>(chunk), rest))
    }))
}

fn half(body: Bytes, line: Line) -> Body {
    let first = body.slice(..body.len() / 2);
    Body::from_stream(stream::unfold(Some(first), move |first| {
        let line = line.clone();
        async move {
            if let Some(first) = first {
                return Some((Ok(first), None));
            }
            // The server writes out what it has whenever the next part is not ready at once.
            tokio::task::yield_now().await;
            line.reset();
            Some((Err(io::Error::new(io::ErrorKind::ConnectionReset, "cut by a fault")), None))
        }
    }))
}
