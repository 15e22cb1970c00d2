//! HTTP: requests in, answers out, in the way their faults ask for.

mod line;
mod send;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, RawQuery, State as Shared};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::request::GatewayRequest;
use crate::state::State;
use line::{Line, Lines};

/// What the server's tasks and the handle share.
#[derive(Debug)]
pub(crate) struct Hub {
    state: Mutex<State>,
    /// Requests answered since the start or the last clearing, to wait on.
    request_count: watch::Sender<u64>,
    failure: Mutex<Option<String>>,
}

impl Hub {
    pub(crate) fn new(state: State) -> Self {
        Self { state: Mutex::new(state), request_count: watch::Sender::new(0), failure: Mutex::new(None) }
    }

    /// A closure of a test may have panicked under the lock: that is reported elsewhere, and the state is still whole.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn request_count(&self) -> watch::Receiver<u64> {
        self.request_count.subscribe()
    }

    pub(crate) fn clear_requests(&self) {
        let mut state = self.state();
        state.log.clear();
        self.request_count.send_replace(0);
    }

    pub(crate) fn take_failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn fail(&self, panic: &(dyn Any + Send)) {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert_with(|| text.unwrap_or("a panic without a text").to_owned());
    }
}

/// Serves until its runtime is shut down.
pub(crate) async fn serve(listener: TcpListener, hub: std::sync::Arc<Hub>) {
    let app = Router::new().fallback(answer).with_state(hub);
    let app = app.into_make_service_with_connect_info::<Line>();
    if let Err(error) = axum::serve(Lines(listener), app).await {
        tracing::error!(%error, "the emulator stopped serving: {error}");
    }
}

async fn answer(
    Shared(hub): Shared<std::sync::Arc<Hub>>,
    ConnectInfo(line): ConnectInfo<Line>,
    method: Method,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // Only the metadata service knows PUT.
    let is_known = [Method::GET, Method::POST].contains(&method) || (method == Method::PUT && uri.path() != "/");
    if !is_known {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let request = GatewayRequest::new(method, uri.path(), query.as_deref().unwrap_or_default(), headers, body);
    let answered = catch_unwind(AssertUnwindSafe(|| {
        let mut state = hub.state();
        let answer = state.answer(&request);
        hub.request_count.send_replace(state.log.total());
        answer
    }));
    match answered {
        Ok(answer) => send::send(answer, line).await,
        Err(panic) => {
            hub.fail(panic.as_ref());
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
