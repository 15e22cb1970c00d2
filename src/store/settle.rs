//! How a scan ended whose own connection cannot tell: recorded, and asked, over another one.

use std::time::Duration;

use backon::{ConstantBuilder, Retryable};
use sqlx::PgConnection;
use tokio::time::timeout;
use tracing::warn;

use super::{
    Applied, StoreError,
    ledger::{self, Closing, Counts, Outcome, Trouble},
    role::{Duty, assume},
    session::{TargetSession, lock_name},
};
use crate::{clock::Clock, scan::Evidence};

/// Between two attempts to connect: a server that restarts is there again within seconds.
const CONNECT_PAUSE: Duration = Duration::from_millis(500);

/// How long the server may take to end a session, in milliseconds.
const END_LIMIT_MS: i64 = 5_000;

/// What the ledger says of a scan.
enum Fate {
    /// Its transaction took place.
    Applied,
    /// It did not, and never will.
    NotApplied(Outcome),
}

impl TargetSession {
    /// Records that the scan ended with nothing applied.
    ///
    /// # Errors
    /// Where the database cannot be told; the next scan of the target then closes the row.
    pub async fn fail(
        mut self,
        outcome: Outcome,
        evidence: Evidence,
        trouble: Trouble,
        clock: &dyn Clock,
    ) -> Result<Applied, StoreError> {
        let closing = Closing::failed(self.scan_id, outcome, clock.now(), &evidence, &trouble);
        let account_id = &self.target.account_id;
        let recorded = self.store.watch(self.conn.pid, ledger::close_scan(&mut *self.conn, account_id, &closing)).await;
        let outcome = match recorded {
            Ok(()) => {
                self.conn.release().await;
                outcome
            }
            Err(error) if error.is_lost() => match self.settle(&closing).await? {
                Fate::NotApplied(outcome) => outcome,
                // It cannot be: this session committed nothing of the scan. What went wrong is told as it is.
                Fate::Applied => return Err(error),
            },
            Err(error) => return Err(error),
        };
        Ok(Applied { scan_id: self.scan_id, outcome, counts: Counts::default(), evidence, trouble: Some(trouble) })
    }

    /// Records that the scan failed because of the database, unless it is known already that it cannot be told.
    ///
    /// # Errors
    /// `error` itself, where the database cannot be told.
    pub(crate) async fn fail_by(self, error: StoreError, clock: &dyn Clock) -> Result<Applied, StoreError> {
        let trouble = Trouble::of(&error);
        let outcome = if matches!(error, StoreError::Overtaken) { Outcome::Abandoned } else { Outcome::Failed };
        let evidence = Evidence::default();
        if !error.is_lost() {
            return self.fail(outcome, evidence, trouble, clock).await.or(Err(error));
        }
        let closing = Closing::failed(self.scan_id, outcome, clock.now(), &evidence, &trouble);
        match self.settle(&closing).await {
            Ok(Fate::NotApplied(outcome)) => Ok(Applied {
                scan_id: self.scan_id,
                outcome,
                counts: Counts::default(),
                evidence: Evidence::default(),
                trouble: Some(trouble),
            }),
            Ok(Fate::Applied) | Err(_) => Err(error),
        }
    }

    /// The truth about a commit that was not answered: `applied` if it took place, the failure if not.
    ///
    /// # Errors
    /// [`StoreError::InDoubt`] where the database cannot be asked.
    pub(super) async fn settle_commit(
        self,
        applied: Applied,
        error: StoreError,
        clock: &dyn Clock,
    ) -> Result<Applied, StoreError> {
        let trouble = Trouble::of(&error);
        let evidence = &applied.evidence;
        let closing = Closing::failed(self.scan_id, Outcome::Failed, clock.now(), evidence, &trouble);
        match self.settle(&closing).await {
            Ok(Fate::Applied) => {
                warn!(scan.id = self.scan_id, "{error}; the ledger says that the scan was applied");
                Ok(applied)
            }
            Ok(Fate::NotApplied(outcome)) => {
                Ok(Applied { outcome, counts: Counts::default(), trouble: Some(trouble), ..applied })
            }
            Err(why) => Err(StoreError::InDoubt(Box::new(why))),
        }
    }

    /// Closes the scan's row over a new connection, or finds that it is closed.
    ///
    /// The old session is ended first: then no commit of it can still be under way.
    async fn settle(&self, closing: &Closing<'_>) -> Result<Fate, StoreError> {
        if self.is_rehearsal {
            // Its row went with its session.
            return Ok(Fate::NotApplied(closing.outcome));
        }
        let pauses = ConstantBuilder::new().with_delay(CONNECT_PAUSE).without_max_times();
        let connecting = (|| self.store.login_connection()).retry(pauses);
        let mut conn = timeout(self.store.patience.max(self.store.answer_limit()), connecting)
            .await
            .map_err(|_| StoreError::Unreachable("it did not come back".into()))??;
        let pid = conn.pid;
        let asking = async {
            self.end_session(&mut conn).await?;
            assume(&mut conn, Some(Duty::Work), None).await?;
            match ledger::close_scan(&mut *conn, &self.target.account_id, closing).await {
                Ok(()) => Ok(Fate::NotApplied(closing.outcome)),
                Err(StoreError::Disagreement { .. }) => self.look_up(&mut conn).await,
                Err(error) => Err(error),
            }
        };
        let verdict = self.store.watch(pid, asking).await?;
        conn.release().await;
        Ok(verdict)
    }

    /// Ends the session of this scan, if the server still has it: it is known by its lock.
    async fn end_session(&self, conn: &mut PgConnection) -> Result<(), StoreError> {
        sqlx::query!(
            "select pg_terminate_backend(l.pid, $3)
             from pg_locks l, (select hashtextextended($2, 0) as key) k
             where l.locktype = 'advisory'
               and l.pid = $1
               and l.database = (select oid from pg_database where datname = current_database())
               and ((l.classid::bigint << 32) | l.objid::bigint) = k.key
               and l.objsubid = 1",
            self.conn.pid,
            lock_name(&self.target),
            END_LIMIT_MS
        )
        .fetch_all(conn)
        .await?;
        Ok(())
    }

    async fn look_up(&self, conn: &mut PgConnection) -> Result<Fate, StoreError> {
        let is_applied = sqlx::query_scalar!(
            r#"select applied_at is not null as "is_applied!" from inventory.scans where account_id = $1 and scan_id = $2"#,
            self.target.account_id,
            self.scan_id
        )
        .fetch_one(conn)
        .await?;
        // A scan that began meanwhile closed the row of this one.
        Ok(if is_applied { Fate::Applied } else { Fate::NotApplied(Outcome::Abandoned) })
    }
}
