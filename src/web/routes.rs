//! Which path answers what, and the headers that every answer carries.

use std::time::Duration;

use axum::{
    Router,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::{NaiveTime, TimeDelta};
use tokio::time::timeout;

use super::{WebState, health, metrics, page, targets::join};
use crate::store::{Measurements, Overview, StoreError};

/// How long the database may take: less than a person or a scrape waits.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// Scans on the page.
const SCAN_LIMIT: i64 = 20;

/// Nothing is loaded from anywhere, and no script runs, whatever a name or an error may hold.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

pub(super) fn router(state: WebState) -> Router {
    Router::new()
        .route("/", get(show_page))
        .route("/metrics", get(show_metrics))
        .route("/healthz", get("ok"))
        .route("/readyz", get(health::readyz))
        .fallback((StatusCode::NOT_FOUND, "nothing is here; the status page is at /\n"))
        .with_state(state)
        .layer(map_response(add_headers))
}

async fn show_page(State(state): State<WebState>) -> Response {
    let now = state.now();
    let today = now.with_time(NaiveTime::MIN).single().unwrap_or(now);
    let since = today - TimeDelta::days(page::DAY_COUNT - 1);
    match answer(state.store().overview(SCAN_LIMIT, since)).await {
        Ok(overview) => {
            let Overview { targets, held, scans, statuses, transitions } = overview;
            let targets = join(targets, &state.configured_targets(now));
            page::Page { now, targets, held, scans, statuses, transitions }.render().into_response()
        }
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, page::without_database(now, &reason)).into_response(),
    }
}

async fn show_metrics(State(state): State<WebState>) -> impl IntoResponse {
    // Without a database the process still tells what it counts itself.
    let measurements = answer(state.store().measurements()).await.ok();
    let is_database_up = measurements.is_some();
    let Measurements { targets, held, scans } = measurements.unwrap_or_default();
    let targets = if is_database_up { join(targets, &state.configured_targets(state.now())) } else { Vec::new() };
    let reading = metrics::Reading { is_database_up, targets, held, scans, requests: state.request_counts() };
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], reading.render())
}

/// What the store answers in time, or in one line why it does not.
async fn answer<T>(asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, String> {
    match timeout(ANSWER_TIME, asked).await {
        Ok(answered) => answered.map_err(|error| error.to_string()),
        Err(_) => Err(format!("the database did not answer within {} s", ANSWER_TIME.as_secs())),
    }
}

async fn add_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
