//! Tells a database that works long from one that will never answer.
//!
//! No limit of time can: the first load of a million codes is one transaction of a minute, and a peer that died
//! silently keeps its connection open for ever. So whoever waits asks the server itself, over another connection,
//! whether it is still at work on ours.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tokio::time::{sleep, timeout};

use super::{Store, StoreError};

/// How long an operation may last however busy the server looks: the longest that is known took a minute, and a
/// frozen process looks busy, too.
const WORK_LIMIT: Duration = Duration::from_secs(2 * 60 * 60);

/// What a session of the server is doing, as another one sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    /// It works on a statement.
    Working,
    /// It has waited for our next word since then, or for us to take its answer.
    Waiting(Option<DateTime<Utc>>),
    /// It is not there.
    Gone,
    /// The server could not be asked.
    Unreachable,
    /// The server is there and does not say: it has no connection left, for instance.
    Unsaid,
}

impl Store {
    /// Awaits `work` on the session of the server process `pid` while there is hope.
    ///
    /// Whenever nothing came for the store's patience, the server is asked. There is no hope where the session has
    /// ended, and where twice in a row it was seen waiting for us, or the server could not be reached. Then `work` is
    /// dropped where it stands, and its connection must not be used again.
    ///
    /// # Errors
    /// [`StoreError::Silent`] where there is no hope, and what `work` ends with.
    pub(super) async fn watch<T, E>(&self, pid: i32, work: impl Future<Output = Result<T, E>>) -> Result<T, StoreError>
    where
        StoreError: From<E>,
    {
        let began = Instant::now();
        let mut work = pin!(work);
        let mut last = Sign::Working;
        loop {
            let sign = tokio::select! {
                biased;
                done = &mut work => return Ok(done?),
                sign = self.look_later(pid) => sign,
            };
            let is_stuck = sign == last && matches!(sign, Sign::Waiting(_) | Sign::Unreachable);
            if sign == Sign::Gone || is_stuck || began.elapsed() > WORK_LIMIT {
                return Err(StoreError::Silent { waited: began.elapsed() });
            }
            last = sign;
        }
    }

    async fn look_later(&self, pid: i32) -> Sign {
        sleep(self.patience).await;
        let looking = timeout(self.answer_limit(), async { look_at(&mut *self.try_connect().await?, pid).await });
        match looking.await {
            Ok(Ok(sign)) => sign,
            Ok(Err(error)) if error.as_database_error().is_some() => Sign::Unsaid,
            Ok(Err(_)) | Err(_) => Sign::Unreachable,
        }
    }
}

async fn look_at(conn: &mut PgConnection, pid: i32) -> Result<Sign, sqlx::Error> {
    // `ClientRead` in mid-statement is a COPY that waits for its rows, `ClientWrite` an answer that nobody takes.
    let session = sqlx::query!(
        r#"select (state = 'active' and wait_event is distinct from 'ClientRead'
                   and wait_event is distinct from 'ClientWrite') as is_working, state_change
           from pg_stat_activity
           where pid = $1"#,
        pid
    )
    .fetch_optional(conn)
    .await?;
    Ok(match session {
        None => Sign::Gone,
        Some(session) if session.is_working == Some(true) => Sign::Working,
        Some(session) => Sign::Waiting(session.state_change),
    })
}
