//! The faults that are waiting, and their work on an answer.

use axum::http::StatusCode;
use chrono::TimeDelta;

use super::effect::InventoryEdit;
use super::{Answer, Delivery, Effect, Fault, FaultId, RequestView};
use crate::api::{self, ApiError};

/// All faults that were added since the last clearing.
#[derive(Debug, Default)]
pub(crate) struct Script {
    faults: Vec<Fault>,
    /// Ids stay unique across clearings.
    cleared_count: usize,
}

/// What is to happen once the answer is made.
#[derive(Default)]
pub(crate) struct After {
    pub(crate) edits: Vec<InventoryEdit>,
    pub(crate) advance: TimeDelta,
}

impl Script {
    pub(crate) fn add(&mut self, fault: Fault) -> FaultId {
        self.faults.push(fault);
        FaultId(self.cleared_count + self.faults.len() - 1)
    }

    pub(crate) fn clear(&mut self) {
        self.cleared_count += self.faults.len();
        self.faults.clear();
    }

    pub(crate) fn struck_count(&self, FaultId(id): FaultId) -> u64 {
        let fault = id.checked_sub(self.cleared_count).and_then(|index| self.faults.get(index));
        fault.map_or(0, |fault| fault.struck_count)
    }

    /// How many faults have strikes left, of those that end.
    pub(crate) fn waiting_count(&self) -> usize {
        self.faults.iter().filter(|fault| fault.remaining_count.is_some_and(|count| count > 0)).count()
    }

    /// Lets every fault of this request work on its answer.
    pub(crate) fn work(&mut self, request: &RequestView<'_>, request_id: &str, answer: &mut Answer) -> After {
        let mut after = After::default();
        for fault in &mut self.faults {
            if fault.strikes(request) {
                fault.effect.work(request, request_id, answer, &mut after);
                if fault.effect.decides() {
                    break;
                }
            }
        }
        after
    }
}

impl Effect {
    fn work(&mut self, request: &RequestView<'_>, request_id: &str, answer: &mut Answer, after: &mut After) {
        let is_good = answer.status == StatusCode::OK;
        match self {
            Self::Error { status, code, message, headers } => {
                let error = ApiError::new(*status, code, message);
                answer.body = error.body(request_id, api::product_of(request.action));
                answer.status = error.status;
                answer.code = Some(error.code);
                answer.headers.clone_from(headers);
            }
            Self::Raw { status, content_type, headers, body } => {
                answer.status = StatusCode::from_u16(*status).expect("a raw answer has a status that HTTP knows");
                answer.content_type.clone_from(content_type);
                answer.headers.clone_from(headers);
                answer.body.clone_from(body);
                answer.code = None;
            }
            Self::Delay(by) => answer.delay += *by,
            Self::Hang => answer.delivery = Delivery::Hang,
            Self::Drop => answer.delivery = Delivery::Drop,
            Self::ResetMidBody => answer.delivery = Delivery::ResetMidBody,
            Self::Trickle { chunk_bytes, pause } => {
                answer.delivery = Delivery::Trickle { chunk_bytes: *chunk_bytes, pause: *pause };
            }
            Self::Rewrite(edit) if is_good => {
                let mut body = serde_json::from_slice(&answer.body).expect("rewriting comes before breaking the JSON");
                edit(&mut body);
                answer.body = body.to_string().into_bytes();
            }
            Self::RewriteBytes(edit) if is_good => edit(&mut answer.body),
            Self::Rewrite(_) | Self::RewriteBytes(_) => {}
            Self::Mutate(edit) => after.edits.extend(edit.take()),
            Self::Advance(by) => after.advance += *by,
        }
    }
}
