//! Which section of the configuration keeps which account, so that no two keep the same.

use std::{collections::HashMap, sync::Mutex};

/// Where an account stands among those of the configuration; of two that turn out to be the same, the lesser keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    pub(super) standing: Standing,
    /// The place in the configuration.
    pub(super) index: usize,
}

/// How much the configuration says of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// A section with its id.
    Named,
    /// A section whose id its keys tell.
    Unnamed,
    /// An account of an organization: a section of its own outranks it.
    OfOrganization,
}

/// The section that keeps each account id, as far as this process knows.
#[derive(Debug, Default)]
pub(super) struct Claims {
    holders: Mutex<HashMap<String, (Rank, String)>>,
}

impl Claims {
    /// Claims `account_id` for the section called `name`.
    ///
    /// # Errors
    /// The name of the section of a lesser rank that keeps it.
    pub(super) fn claim(&self, account_id: &str, rank: Rank, name: &str) -> Result<(), String> {
        let mut holders = self.holders.lock().expect("no code panics while it holds the claims");
        let holder = holders.entry(account_id.to_owned()).or_insert_with(|| (rank, name.to_owned()));
        // Whoever came first: which answer of STS is the quicker one must not decide.
        if rank <= holder.0 {
            *holder = (rank, name.to_owned());
            return Ok(());
        }
        Err(holder.1.clone())
    }

    /// Whether the section at `rank` keeps `account_id`.
    pub(super) fn holds(&self, account_id: &str, rank: Rank) -> bool {
        let holders = self.holders.lock().expect("no code panics while it holds the claims");
        holders.get(account_id).is_some_and(|(holder, _)| *holder == rank)
    }

    /// Whether a section of its own keeps `account_id`.
    pub(super) fn is_of_section(&self, account_id: &str) -> bool {
        let holders = self.holders.lock().expect("no code panics while it holds the claims");
        holders.get(account_id).is_some_and(|(holder, _)| holder.standing < Standing::OfOrganization)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_kept_by_one_section_with_its_id_first_and_then_by_place() {
        let claims = Claims::default();
        let unnamed = |index| Rank { standing: Standing::Unnamed, index };
        assert_eq!(claims.claim("1", unnamed(2), "c"), Ok(()));
        assert_eq!(claims.claim("1", unnamed(2), "c"), Ok(()), "again");
        assert_eq!(claims.claim("1", unnamed(3), "d"), Err("c".to_owned()));
        assert_eq!(claims.claim("1", unnamed(0), "a"), Ok(()));
        assert_eq!(claims.claim("1", unnamed(2), "c"), Err("a".to_owned()));
        assert_eq!(claims.claim("1", Rank { standing: Standing::Named, index: 9 }, "z"), Ok(()));
        assert_eq!(claims.claim("1", unnamed(0), "a"), Err("z".to_owned()));
        assert_eq!(claims.claim("2", unnamed(0), "a"), Ok(()), "another account");
        assert!(claims.holds("2", unnamed(0)) && !claims.holds("1", unnamed(0)));
    }
}
