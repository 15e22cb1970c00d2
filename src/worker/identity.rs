//! Whose inventory a scan may write: the account that its keys prove, its section may keep, and no other section keeps.

use super::{Account, Worker, account::IdentityTrouble};
use crate::{
    scan::{Incompleteness, Interruption, Limits},
    store::Trouble,
};

impl Worker {
    /// The id under which `account` is scanned.
    pub(super) async fn identify(&self, account: &Account, limits: &Limits) -> Result<String, IdentityTrouble> {
        let account_id = match limits.wait(account.verify_id()).await {
            Ok(verified) => verified?,
            Err(Interruption::Stopped) => return Err(IdentityTrouble::Refused(stopped())),
            Err(Interruption::Deadline(allowed)) => {
                return Err(IdentityTrouble::Unknown(late("STS did not say whose keys these are", allowed)));
            }
        };
        // Once a process: it costs a connection to the database.
        if account.configured_id().is_none() && !self.claims.holds(&account_id, account.rank()) {
            self.check_label(account, &account_id).await?;
        }
        self.claims
            .claim(&account_id, account.rank(), account.name())
            .map_err(|holder| IdentityTrouble::Refused(kept_twice(&account_id, &holder)))?;
        Ok(account_id)
    }

    /// Refuses to go on under a label with another account than before, unless the configuration says so: readers of
    /// the views take both for one.
    async fn check_label(&self, account: &Account, account_id: &str) -> Result<(), IdentityTrouble> {
        let known = self.store.account_id_of(account.name()).await;
        match known.map_err(|error| IdentityTrouble::Refused(Trouble::of(&error)))? {
            Some(known) if known != account_id => {
                Err(IdentityTrouble::Refused(exchanged(account.name(), "account", &known, account_id)))
            }
            _ => Ok(()),
        }
    }

    /// The id that `account` had or should have, where STS does not tell it.
    pub(super) async fn known_id(&self, account: &Account) -> Option<String> {
        match account.configured_id() {
            Some(id) => Some(id.to_owned()),
            None => self.store.account_id_of(account.name()).await.ok().flatten(),
        }
    }
}

/// `section` of the configuration was another account before.
pub(super) fn exchanged(name: &str, section: &str, known: &str, actual: &str) -> Trouble {
    Trouble {
        code: "account_exchanged".into(),
        cause: format!("`{name}` was account {known} until now, but the keys belong to {actual}"),
        mend: format!(
            "nothing was changed; correct {section}.credentials, or set {section}.id = \"{actual}\" if it is meant"
        ),
    }
}

pub(super) fn stopped() -> Trouble {
    Trouble {
        code: "stopped".into(),
        cause: "the worker was stopped".into(),
        mend: "nothing was changed; the next scan starts over".into(),
    }
}

/// The deadline passed while `what` went on.
pub(super) fn late(what: &str, allowed: std::time::Duration) -> Trouble {
    let trouble = Trouble::incomplete(&Incompleteness::Deadline(allowed));
    Trouble { cause: format!("{what}: {}", trouble.cause), ..trouble }
}

fn kept_twice(account_id: &str, holder: &str) -> Trouble {
    Trouble {
        code: "account_configured_twice".into(),
        cause: format!("the keys belong to account {account_id}, which `{holder}` keeps"),
        mend: "nothing was changed; remove one of the two sections, or correct its credentials; an [[account]] that is an \
               organization's too needs its id".into(),
    }
}
