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

/// Gives up the login's own rights for those of the worker, if this database has granted any and the login may
/// take them; else it stays what it is, and `check` tells.
pub(super) async fn assume_work(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    assume(conn, Duty::Work).await.map(drop)
}

/// Takes the rights of retention until the transaction of `conn` ends.
///
/// # Errors
/// [`StoreError::RoleNotGranted`] where the session works as the worker, who may not purge, and cannot change.
pub(super) async fn assume_retention(conn: &mut PgConnection) -> Result<(), StoreError> {
    if assume(&mut *conn, Duty::Retention).await? {
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

/// Whether the role was taken. Membership counts for the login, whatever role the session has now.
async fn assume(conn: &mut PgConnection, duty: Duty) -> Result<bool, sqlx::Error> {
    let assumed = sqlx::query_scalar!(
        "select set_config('role', r.rolname, $2)
         from pg_catalog.pg_roles r
         where r.rolname = $1
           and pg_has_role(
                   session_user, r.oid,
                   case when current_setting('server_version_num')::int < 160000 then 'member' else 'set' end)
           and has_schema_privilege(r.oid, to_regnamespace('inventory')::oid, 'usage')",
        duty.role(),
        duty == Duty::Retention
    )
    .fetch_optional(conn)
    .await?;
    Ok(assumed.is_some())
}
