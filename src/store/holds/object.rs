//! Finds the object that a hold is to keep.

use crate::{
    inventory::Source,
    store::{Store, StoreError},
};

impl Store {
    /// The listing of an object and its id as the guards compare it; deleted ones have history too.
    pub(super) async fn find_object(
        &self,
        account_id: &str,
        dataset: Option<Source>,
        object_id: &str,
    ) -> Result<(Source, String), StoreError> {
        let found = sqlx::query!(
            r#"select source as "source!", object_id as "object_id!"
               from (
                   select 'access-tokens' as source, access_token_id as object_id
                   from inventory.access_tokens
                   where account_id = $1 and access_token_id = $2
                   union all
                   select 'mfa-devices', device_key::text
                   from inventory.mfa_devices
                   where account_id = $1 and device_key::text = $2
               ) o
               where $3::text is null or source = $3"#,
            account_id,
            object_id,
            dataset.map(Source::name)
        )
        .fetch_all(&mut *self.connection().await?)
        .await?;
        match found.as_slice() {
            [object] => {
                let source = object.source.parse().map_err(StoreError::NotFound)?;
                Ok((source, object.object_id.clone()))
            }
            [] => Err(StoreError::NotFound(format!(
                "account {account_id} has no {} `{object_id}`; nothing was changed",
                match dataset {
                    Some(Source::AccessTokens) => "code",
                    Some(Source::MfaDevices) => "device with the device_key",
                    None => "code or device_key",
                }
            ))),
            _ => Err(StoreError::NotFound(format!(
                "account {account_id} has a code and a device `{object_id}`; say which with --dataset; nothing was changed"
            ))),
        }
    }
}
