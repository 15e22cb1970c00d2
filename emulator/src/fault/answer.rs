//! An answer on its way out, and how it is to be delivered.

use std::time::Duration;

use axum::http::StatusCode;

const JSON: &str = "application/json;charset=utf-8";

/// What is going to be sent.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) code: Option<String>,
    pub(crate) delay: Duration,
    pub(crate) delivery: Delivery,
}

/// How it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Whole,
    Trickle { chunk_bytes: usize, pause: Duration },
    ResetMidBody,
    Drop,
    Hang,
}

impl Answer {
    pub(crate) fn json(status: StatusCode, body: Vec<u8>, code: Option<String>) -> Self {
        Self {
            status,
            content_type: JSON.to_owned(),
            headers: Vec::new(),
            body,
            code,
            delay: Duration::ZERO,
            delivery: Delivery::Whole,
        }
    }

    /// The status that the client will see, if it sees one.
    pub(crate) fn visible_status(&self) -> Option<u16> {
        let is_sent = !matches!(self.delivery, Delivery::Drop | Delivery::Hang);
        is_sent.then(|| self.status.as_u16())
    }
}
