//! Who was erased of one account, known again by keyed hashes, and taken out of what a scan reads.

use std::collections::HashSet;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;
use sqlx::PgConnection;

use crate::inventory::{MfaDevice, MfaUser, RejectedItem};

/// What stands where something was erased that has no id.
const ERASED: &str = "[erased]";

/// The erased of one account, by what stands for their ids, names and serials.
pub(crate) struct Erased {
    account_id: String,
    mac: Hmac<Sha256>,
    users: HashSet<String>,
    serials: HashSet<String>,
    principal_names: HashSet<String>,
    display_names: HashSet<String>,
}

/// Suspects that are kept as they are: an id or serial that somebody else has in the open is not hidden.
#[derive(Default)]
struct InTheOpen {
    users: HashSet<String>,
    serials: HashSet<String>,
}

impl Erased {
    /// Loads who was erased in an account that has a `key`.
    pub(crate) async fn load(conn: &mut PgConnection, account_id: &str, key: &[u8]) -> Result<Self, sqlx::Error> {
        let found = sqlx::query!(
            r#"select array(
                          select user_id from inventory.mfa_users
                          where account_id = $1 and user_id like 'erased:%'
                      ) as "users!",
                      array(
                          select serial_number from inventory.mfa_devices
                          where account_id = $1 and serial_number like 'erased:%'
                      ) as "serials!",
                      array(
                          select user_principal_name_hash from inventory.erasures
                          where account_id = $1 and user_principal_name_hash is not null
                      ) as "principal_names!",
                      array(
                          select display_name_hash from inventory.erasures
                          where account_id = $1 and display_name_hash is not null
                      ) as "display_names!""#,
            account_id
        )
        .fetch_one(conn)
        .await?;
        Ok(Self {
            account_id: account_id.to_owned(),
            mac: Hmac::new_from_slice(key).expect("HMAC takes a key of any length"),
            users: found.users.into_iter().collect(),
            serials: found.serials.into_iter().collect(),
            principal_names: found.principal_names.into_iter().collect(),
            display_names: found.display_names.into_iter().collect(),
        })
    }

    /// Replaces ids, names and serials of the erased by what stands for them, and empties what else may name them.
    ///
    /// A device that is new and bound to one of them is theirs: its serial is replaced, too.
    pub(crate) async fn withhold(
        &self,
        conn: &mut PgConnection,
        devices: &mut [MfaDevice],
        rejected: &mut [RejectedItem],
    ) -> Result<(), sqlx::Error> {
        let in_the_open = self.load_in_the_open(conn, devices).await?;
        for device in devices {
            self.withhold_device(device, &in_the_open);
        }
        for item in rejected {
            // What cannot be read cannot be searched either.
            let may_name = serde_json::from_str(&item.original).map_or(true, |value| {
                self.names(&value, &[&self.users, &self.principal_names, &self.serials, &self.display_names])
            });
            if may_name {
                item.original = ERASED.to_owned();
            }
        }
        Ok(())
    }

    fn withhold_device(&self, device: &mut MfaDevice, in_the_open: &InTheOpen) {
        let is_user = device.user.as_ref().is_some_and(|user| {
            self.is_known(user) || (self.is_namesake(user) && !in_the_open.users.contains(&user.id))
        });
        let serial = self.pseudonym(&device.serial_number);
        let is_serial =
            self.serials.contains(&serial) || (is_user && !in_the_open.serials.contains(&device.serial_number));
        if is_user && let Some(user) = &mut device.user {
            *user = MfaUser { id: self.pseudonym(&user.id), principal_name: None, display_name: None };
        }
        if is_serial {
            device.serial_number = serial;
        }
        let in_extra = [&self.users, &self.principal_names, &self.serials];
        if is_user || is_serial || device.extra.values().any(|value| self.names(value, &in_extra)) {
            device.extra = Map::new();
            for anomaly in &mut device.anomalies {
                anomaly.detail = ERASED.to_owned();
            }
        }
    }

    /// Asks the database only where it matters, which is next to never.
    async fn load_in_the_open(&self, conn: &mut PgConnection, devices: &[MfaDevice]) -> Result<InTheOpen, sqlx::Error> {
        let mut users = Vec::new();
        let mut serials = Vec::new();
        for device in devices {
            let Some(user) = &device.user else { continue };
            let is_known = self.is_known(user);
            if !is_known && !self.is_namesake(user) {
                continue;
            }
            if !is_known {
                users.push(user.id.clone());
            }
            if !self.serials.contains(&self.pseudonym(&device.serial_number)) {
                serials.push(device.serial_number.clone());
            }
        }
        if users.is_empty() && serials.is_empty() {
            return Ok(InTheOpen::default());
        }
        let found = sqlx::query!(
            r#"select array(
                          select u.user_id from unnest($2::text[]) as wanted (user_id)
                          join inventory.mfa_users u on u.account_id = $1 and md5(u.user_id) = md5(wanted.user_id)
                      ) as "users!",
                      array(
                          select d.serial_number from unnest($3::text[]) as wanted (serial_number)
                          join inventory.mfa_devices d
                            on d.account_id = $1 and md5(d.serial_number) = md5(wanted.serial_number)
                      ) as "serials!""#,
            self.account_id,
            &users,
            &serials
        )
        .fetch_one(conn)
        .await?;
        Ok(InTheOpen { users: found.users.into_iter().collect(), serials: found.serials.into_iter().collect() })
    }

    fn is_known(&self, user: &MfaUser) -> bool {
        self.users.contains(&self.pseudonym(&user.id))
    }

    /// Whether a user of another id has the principal name of an erased one: the same person, made anew.
    fn is_namesake(&self, user: &MfaUser) -> bool {
        [Some(&user.id), user.principal_name.as_ref()]
            .into_iter()
            .flatten()
            .any(|name| self.principal_names.contains(&self.pseudonym(name)))
    }

    /// Whether any text or number in `value` is one of these.
    fn names(&self, value: &Value, erased: &[&HashSet<String>]) -> bool {
        let is_erased = |text: &str| {
            let pseudonym = self.pseudonym(text);
            erased.iter().any(|set| set.contains(&pseudonym))
        };
        match value {
            Value::Null | Value::Bool(_) => false,
            Value::Number(number) => is_erased(&number.to_string()),
            Value::String(text) => is_erased(text),
            Value::Array(items) => items.iter().any(|item| self.names(item, erased)),
            Value::Object(members) => members.iter().any(|(name, value)| is_erased(name) || self.names(value, erased)),
        }
    }

    /// What stands for an erased text; as `inventory.pseudonym` has it.
    fn pseudonym(&self, plain: &str) -> String {
        let mac = self.mac.clone().chain_update(plain);
        format!("erased:{}", hex::encode(mac.finalize().into_bytes()))
    }
}
