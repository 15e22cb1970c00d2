//! `ResourceManager` `ListAccounts`: the member accounts of a resource directory.

use std::collections::HashSet;

use super::{AccountClient, Operation, SourceError, decode::decode_members};

/// The most that the API takes.
const PAGE_SIZE: u64 = 100;

/// One account of a resource directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The numeric id.
    pub account_id: String,
    /// What the directory calls it; may be empty.
    pub display_name: String,
    /// For instance `CreateSuccess`.
    pub status: String,
}

/// Every member of a directory, seen whole: only [`AccountClient::list_members`] makes it, so nobody is taken for gone
/// after half a listing.
#[derive(Debug)]
pub struct Directory {
    members: Vec<Member>,
}

/// Why it is not known who the members are.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// A request failed for good.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The pages do not make a whole.
    #[error("saw {distinct} distinct members of a TotalCount of {total}")]
    Incomplete {
        /// Distinct ids that were seen.
        distinct: u64,
        /// The count that the last page stated.
        total: u64,
    },
    /// The directory changed between two pages.
    #[error("TotalCount changed from {first} to {last} while the members were listed")]
    Changed {
        /// What the first page stated.
        first: u64,
        /// What a later one did.
        last: u64,
    },
}

impl DirectoryError {
    /// The API's `Code`, or a short name of our own.
    pub fn code(&self) -> String {
        match self {
            Self::Source(error) => error.code(),
            Self::Incomplete { .. } => "count_mismatch".to_owned(),
            Self::Changed { .. } => "total_changed".to_owned(),
        }
    }

    /// What the operator should do.
    pub fn mend(&self) -> String {
        match self {
            Self::Source(error) => error.mend(),
            Self::Incomplete { .. } | Self::Changed { .. } => {
                "the next listing tries again; report it if it stays".to_owned()
            }
        }
    }
}

impl Member {
    /// Whether it is a whole account by now; others are on their way in.
    pub fn is_ready(&self) -> bool {
        self.status.ends_with("Success")
    }
}

impl Directory {
    /// Its members, in the API's order, each once.
    pub fn members(&self) -> &[Member] {
        &self.members
    }
}

impl AccountClient {
    /// Lists the members of the directory that this account manages.
    ///
    /// # Errors
    /// Where a request fails, or where the pages do not hold as many distinct members as each of them states.
    pub async fn list_members(&self) -> Result<Directory, DirectoryError> {
        let mut members = Vec::new();
        let mut ids = HashSet::new();
        let mut first_total = None;
        for number in 1.. {
            let params =
                [("PageNumber".to_owned(), number.to_string()), ("PageSize".to_owned(), PAGE_SIZE.to_string())];
            let (page, _) = self.call(Operation::ListAccounts, &params, decode_members).await?;
            let (total, first) = (page.total_count, *first_total.get_or_insert(page.total_count));
            if total != first {
                return Err(DirectoryError::Changed { first, last: total });
            }
            let seen = ids.len();
            members.extend(page.members.into_iter().filter(|member| ids.insert(member.account_id.clone())));
            // A page without a new member will not be followed by one that has some.
            if number * PAGE_SIZE >= total || ids.len() == seen {
                let distinct = ids.len() as u64;
                if distinct != total {
                    return Err(DirectoryError::Incomplete { distinct, total });
                }
                break;
            }
        }
        Ok(Directory { members })
    }
}
