//! The members of organizations, as the last whole listings showed them.

use chrono::{DateTime, Utc};
use sqlx::Connection;

use super::{Store, StoreError, Trouble};

/// How the members of an organization were last listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownOrganization {
    /// The management account.
    pub account_id: String,
    /// When its members were last listed whole.
    pub listed_at: Option<DateTime<Utc>>,
    /// Why the newest listing was not whole.
    pub error_message: Option<String>,
}

/// A member account, by id and label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberAccount {
    /// The numeric id.
    pub account_id: String,
    /// Its label.
    pub account_name: String,
}

impl Store {
    /// What is known of the organization of this label.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn organization(&self, name: &str) -> Result<Option<KnownOrganization>, StoreError> {
        let known = sqlx::query_as!(
            KnownOrganization,
            "select account_id, listed_at, error_message
             from inventory.organizations
             where organization_name = $1
             order by listed_at desc nulls last
             limit 1",
            name
        )
        .fetch_optional(&mut *self.connection().await?)
        .await?;
        Ok(known)
    }

    /// Its members, by label.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn members(&self, organization: &str) -> Result<Vec<MemberAccount>, StoreError> {
        let members = sqlx::query_as!(
            MemberAccount,
            "select account_id, account_name
             from inventory.organization_members
             where organization_name = $1 and left_at is null
             order by account_name",
            organization
        )
        .fetch_all(&mut *self.connection().await?)
        .await?;
        Ok(members)
    }

    /// Makes the members of an organization those that a whole listing showed. Who was one before and is none
    /// now is no longer scheduled; what is known of it stays.
    ///
    /// # Errors
    /// Where the database refuses; nothing is changed then.
    pub async fn keep_members(
        &self,
        organization: &str,
        management_id: &str,
        members: &[MemberAccount],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let (ids, names): (Vec<_>, Vec<_>) =
            members.iter().map(|member| (member.account_id.clone(), member.account_name.clone())).unzip();
        let mut conn = self.connection().await?;
        let mut tx = conn.begin().await?;
        sqlx::query!(
            "insert into inventory.organizations (account_id, organization_name, listed_at, member_count)
             values ($1, $2, $3, $4)
             on conflict (account_id, organization_name) do update
             set listed_at = excluded.listed_at,
                 member_count = excluded.member_count,
                 error_code = null,
                 error_message = null",
            management_id,
            organization,
            now,
            members.len() as i64
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "insert into inventory.organization_members as m (account_id, organization_name, account_name, joined_at)
             select account_id, $1, account_name, $4
             from unnest($2::text[], $3::text[]) as seen (account_id, account_name)
             on conflict (account_id, organization_name) do update
             set account_name = excluded.account_name, left_at = null
             where m.account_name <> excluded.account_name or m.left_at is not null",
            organization,
            &ids,
            &names,
            now
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "update inventory.organization_members
             set left_at = $3
             where organization_name = $1 and left_at is null and account_id <> all ($2)",
            organization,
            &ids,
            now
        )
        .execute(&mut *tx)
        .await?;
        // An account that has a section of its own by now is called otherwise, and stays scheduled.
        sqlx::query!(
            "update inventory.targets t
             set is_scheduled = false, stale_after_seconds = null
             from inventory.organization_members m
             join inventory.accounts a on a.account_id = m.account_id and a.account_name = m.account_name
             where m.organization_name = $1
               and m.left_at is not null
               and t.account_id = m.account_id
               and t.is_scheduled",
            organization
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Records why the members of an organization could not be listed; they stay what they were.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn note_listing_failure(
        &self,
        organization: &str,
        management_id: &str,
        trouble: &Trouble,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "insert into inventory.organizations (account_id, organization_name, error_code, error_message)
             values ($1, $2, $3, $4)
             on conflict (account_id, organization_name) do update
             set error_code = excluded.error_code, error_message = excluded.error_message",
            management_id,
            organization,
            trouble.code,
            trouble.message()
        )
        .execute(&mut *self.connection().await?)
        .await?;
        Ok(())
    }
}
