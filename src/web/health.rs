//! Whether the worker can do its work: for load balancers and orchestrators.

use std::time::Duration;

use axum::{extract::State, http::StatusCode};
use tokio::time::timeout;

use super::WebState;
use crate::store::{SchemaState, StoreError};

/// A database that takes longer is not there.
const READY_TIME: Duration = Duration::from_secs(2);

/// 200 where the database answers and its schema is this program's; 503 with the reason in one line else.
/// A probe only reads.
pub(super) async fn readyz(State(state): State<WebState>) -> (StatusCode, String) {
    let reason = match timeout(READY_TIME, state.store().schema_state()).await {
        Ok(Ok(SchemaState::Current { .. })) => return (StatusCode::OK, "ready\n".to_owned()),
        Ok(Ok(SchemaState::Pending { .. })) => StoreError::NotMigrated.to_string(),
        Ok(Ok(SchemaState::Newer { version })) => StoreError::NewerThanProgram { version }.to_string(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("the database did not answer within {} s", READY_TIME.as_secs()),
    };
    (StatusCode::SERVICE_UNAVAILABLE, one_line(&reason))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ") + "\n"
}
