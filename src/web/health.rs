//! Whether the worker can do its work: for load balancers and orchestrators.

use std::time::Duration;

use axum::{extract::State, http::StatusCode};
use tokio::time::timeout;

use super::WebState;

/// A database that takes longer is not there.
const READY_TIME: Duration = Duration::from_secs(2);

/// 200 where the database answers and its schema is this program's; 503 with the reason in one line else.
pub(super) async fn readyz(State(state): State<WebState>) -> (StatusCode, String) {
    match timeout(READY_TIME, state.store().check_schema()).await {
        Ok(Ok(())) => (StatusCode::OK, "ready\n".to_owned()),
        Ok(Err(error)) => (StatusCode::SERVICE_UNAVAILABLE, one_line(&error.to_string())),
        Err(_) => {
            let reason = format!("the database did not answer within {} s", READY_TIME.as_secs());
            (StatusCode::SERVICE_UNAVAILABLE, one_line(&reason))
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ") + "\n"
}
