//! Which role of the database statements run under: never one that could rewrite history, where it can be helped.

use sqlx::PgConnection;

use super::StoreError;

/// What the program does in the database, each with a role that may do no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Duty {
    /// Scans and looks: for the whole session.
    Work,
    /// Purges and legal holds: for one transaction.
    Retention,
}

impl Duty {
    pub(super) fn role(self) -> &'static str {
        match self {
            Self::Work => "stocktake_worker",
            Self::Retention => "stocktake_retention",
        }
    }
}

/// A session, as far as its rights go.
pub(super) struct Standing {
    /// The server process behind it.
    pub(super) pid: i32,
    /// Whether the role was taken.
    pub(super) is_assumed: bool,
    /// Whether the lock was taken; `None` where none was wanted.
    pub(super) is_locked: Option<bool>,
}

/// Takes the rights of retention until the transaction of `conn` ends.
///
/// # Errors
/// [`StoreError::RoleNotGranted`] where the session works as the worker, who may not purge, and cannot change.
pub(super) async fn assume_retention(conn: &mut PgConnection) -> Result<(), StoreError> {
    if assume(&mut *conn, Some(Duty::Retention), None).await?.is_assumed {
        return Ok(());
    }
    let session =
        sqlx::query!(r#"select current_user::text as "role!", session_user::text as "login!""#).fetch_one(conn).await?;
    if session.role == Duty::Work.role() {
        return Err(StoreError::RoleNotGranted { role: Duty::Retention.role(), login: session.login });
    }
    // No such roles here: the login does everything itself, within the guards.
    Ok(())
}

/// Gives up the login's own rights for those of `duty`, if this database has granted any and the login may take
/// them; else it stays what it is, and `check` tells. Membership counts for the login, whatever role the session
/// has now. With it goes the attempt to take the session's lock that is called `lock`.
pub(super) async fn assume(
    conn: &mut PgConnection,
    duty: Option<Duty>,
    lock: Option<&str>,
) -> Result<Standing, sqlx::Error> {
    // One question for all, as each connection begins with it.
    sqlx::query_as!(
        Standing,
        r#"
        select pg_backend_pid() as "pid!",
               case
                   when pg_has_role(
                            session_user, to_regrole($1)::oid,
                            case when current_setting('server_version_num')::int < 160000 then 'member' else 'set' end)
                    and has_schema_privilege(to_regrole($1)::oid, to_regnamespace('inventory')::oid, 'usage')
                   then set_config('role', $1, $2)
               end is not null as "is_assumed!",
               pg_try_advisory_lock(hashtextextended($3, 0)) as is_locked
        "#,
        duty.map(Duty::role),
        duty == Some(Duty::Retention),
        lock
    )
    .fetch_one(conn)
    .await
}
