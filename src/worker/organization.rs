//! An organization of the configuration: its management account, and the members known so far.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    Account, Worker,
    account::IdentityTrouble,
    claims::{Rank, Standing},
    identity::{exchanged, stopped},
};
use crate::{
    config::OrganizationConfig,
    inventory::Source,
    scan::{Interruption, Limits},
    source::{AccountClient, Directory, DirectoryError, Member},
    store::{MemberAccount, StoreError, Trouble},
};

/// How long a listing of members may take: they are scanned after it, whether it succeeds or not.
const LISTING_LIMIT: Duration = Duration::from_secs(60);

/// An organization of the configuration.
pub struct Organization {
    config: OrganizationConfig,
    rank: Rank,
    management: Arc<Account>,
    members: Mutex<Vec<Arc<Account>>>,
    begun_count: AtomicU64,
    /// Which listing made the members what they are, by number: an older one must not undo a newer one.
    kept: tokio::sync::Mutex<u64>,
}

/// Why the members of an organization are not known for sure; those known so far are kept.
#[derive(Clone, Debug)]
pub struct ListingTrouble {
    organization: String,
    trouble: Trouble,
}

impl ListingTrouble {
    /// The one line of the failure: organization, cause and mend.
    pub fn line(&self) -> String {
        format!("{} members: failed: {}; the members known so far are kept", self.organization, self.trouble.message())
    }
}

impl Organization {
    pub(super) fn new(config: &OrganizationConfig, index: usize, client: Arc<AccountClient>) -> Self {
        let rank = Rank { standing: Standing::OfOrganization, index };
        Self {
            management: Arc::new(Account::new(config.management_account(), rank, client)),
            config: config.clone(),
            rank,
            members: Mutex::default(),
            begun_count: AtomicU64::new(0),
            kept: tokio::sync::Mutex::default(),
        }
    }

    /// The operator's label.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// The sources that are kept of its accounts.
    pub(super) fn sources(&self) -> &[Source] {
        &self.config.sources
    }

    /// The accounts that are kept of it, as far as they are known.
    pub(super) fn accounts(&self) -> Vec<Arc<Account>> {
        let members = self.members.lock().expect("no code panics while it holds the members");
        self.config.management.then_some(&self.management).into_iter().chain(members.iter()).cloned().collect()
    }

    /// Replaces the members. Who was one before under the same label keeps its session and its rate limit.
    fn set_members(&self, wanted: &[MemberAccount]) {
        let mut members = self.members.lock().expect("no code panics while it holds the members");
        let mut known: HashMap<_, _> = members.drain(..).map(|member| (member.name().to_owned(), member)).collect();
        *members = wanted.iter().map(|wanted| self.member(wanted, known.remove(&wanted.account_name))).collect();
    }

    fn member(&self, wanted: &MemberAccount, known: Option<Arc<Account>>) -> Arc<Account> {
        if let Some(known) = known.filter(|known| known.configured_id() == Some(&wanted.account_id)) {
            return known;
        }
        let role = self.config.role_in(&wanted.account_id);
        let client = AccountClient::assuming(Arc::clone(self.management.client()), role);
        let config = self.config.member_account(&wanted.account_id, wanted.account_name.clone());
        Arc::new(Account::new(config, self.rank, Arc::new(client)))
    }
}

/// The members of `directory` that `organization` is to keep and no section has, each with a label of its own.
pub fn choose_members(
    organization: &OrganizationConfig,
    directory: &Directory,
    is_of_section: impl Fn(&str) -> bool,
) -> Vec<MemberAccount> {
    let is_wanted = |member: &&Member| {
        member.is_ready() && organization.wants(&member.account_id) && !is_of_section(&member.account_id)
    };
    let members: Vec<_> = directory.members().iter().filter(is_wanted).collect();
    label(&organization.name, &members)
}

/// Calls each member `organization/display name`, and those of one display name by their ids too.
fn label(organization: &str, members: &[&Member]) -> Vec<MemberAccount> {
    let shown = |member: &Member| {
        let name = member.display_name.replace(char::is_control, " ");
        match name.trim() {
            "" => member.account_id.clone(),
            name => name.to_owned(),
        }
    };
    let mut counts = HashMap::<_, usize>::new();
    for member in members {
        *counts.entry(shown(member)).or_default() += 1;
    }
    let name = |member: &Member| match shown(member) {
        shown if counts[&shown] > 1 => format!("{organization}/{shown} ({})", member.account_id),
        shown => format!("{organization}/{shown}"),
    };
    let account =
        |member: &&Member| MemberAccount { account_id: member.account_id.clone(), account_name: name(member) };
    members.iter().map(account).collect()
}

impl Worker {
    /// Takes the members for known that the database remembers, so that a listing which fails right after the start
    /// takes nobody away.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn recall_members(&self) -> Result<(), StoreError> {
        for organization in &self.organizations {
            let mut members = self.store.members(organization.name()).await?;
            members.retain(|member| organization.config.wants(&member.account_id));
            organization.set_members(&members);
        }
        Ok(())
    }

    /// Lists the members of every organization anew; writes nothing where `is_rehearsal`.
    pub async fn list_members(&self, is_rehearsal: bool) -> Vec<ListingTrouble> {
        let listings = self.organizations.iter().map(|organization| self.list_members_of(organization, is_rehearsal));
        futures::future::join_all(listings).await.into_iter().filter_map(Result::err).collect()
    }

    /// Makes the members of `organization` those that its directory lists now, if it can be seen whole.
    pub(super) async fn list_members_of(
        &self,
        organization: &Organization,
        is_rehearsal: bool,
    ) -> Result<(), ListingTrouble> {
        let limits = Limits::new(LISTING_LIMIT.min(self.config.scan.deadline), self.stop.clone());
        let listed = self.try_list_members(organization, &limits, is_rehearsal).await;
        let Err(trouble) = listed else { return Ok(()) };
        if !is_rehearsal && !self.stop.is_cancelled() {
            self.note_failure(organization, &trouble).await;
        }
        Err(ListingTrouble { organization: organization.name().to_owned(), trouble })
    }

    async fn try_list_members(
        &self,
        organization: &Organization,
        limits: &Limits,
        is_rehearsal: bool,
    ) -> Result<(), Trouble> {
        let management = &organization.management;
        let verified = limits.wait(management.verify_id()).await.map_err(interrupted)?;
        let management_id = verified.map_err(IdentityTrouble::into_trouble)?;
        let known = self.store.organization(organization.name()).await.map_err(|error| Trouble::of(&error))?;
        // The members of another directory would push out all of this one.
        if let Some(known) = known.filter(|known| known.account_id != management_id)
            && management.configured_id().is_none()
        {
            return Err(exchanged(organization.name(), "organization", &known.account_id, &management_id));
        }
        let number = organization.begun_count.fetch_add(1, Ordering::Relaxed) + 1;
        let directory = limits.wait(management.client().list_members()).await.map_err(interrupted)?;
        let directory = directory.map_err(|error| not_listed(&error))?;
        let members = choose_members(&organization.config, &directory, |id| self.claims.is_of_section(id));
        let mut kept_number = organization.kept.lock().await;
        if number < *kept_number {
            return Ok(());
        }
        if !is_rehearsal {
            let kept = self.store.keep_members(organization.name(), &management_id, &members, self.clock.now()).await;
            kept.map_err(|error| Trouble::of(&error))?;
        }
        organization.set_members(&members);
        *kept_number = number;
        Ok(())
    }

    /// Tells `status`, if it is known in whose name.
    async fn note_failure(&self, organization: &Organization, trouble: &Trouble) {
        let known = match self.store.organization(organization.name()).await {
            Ok(known) => known.map(|known| known.account_id),
            Err(error) => return tracing::warn!("{}: its trouble could not be kept: {error}", organization.name()),
        };
        let Some(id) = known.or_else(|| organization.management.known_id()) else { return };
        if let Err(error) = self.store.note_listing_failure(organization.name(), &id, trouble).await {
            tracing::warn!("{}: its trouble could not be kept: {error}", organization.name());
        }
    }
}

fn interrupted(interruption: Interruption) -> Trouble {
    match interruption {
        Interruption::Stopped => stopped(),
        Interruption::Deadline(allowed) => Trouble {
            code: "deadline".into(),
            cause: format!("the listing took longer than {}", humantime::format_duration(allowed)),
            mend: "look at what is slow between here and `api.resourcemanager_endpoint`".into(),
        },
    }
}

fn not_listed(error: &DirectoryError) -> Trouble {
    Trouble { code: error.code(), cause: error.to_string(), mend: error.mend() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_called_by_its_display_name_and_by_its_id_where_that_is_not_enough() {
        let member = |id: &str, name: &str| Member {
            account_id: id.into(),
            display_name: name.into(),
            status: "CreateSuccess".into(),
        };
        let members = [member("1", "dev"), member("2", " prod\n"), member("3", "dev"), member("4", "")];
        let labels = label("acme", &members.iter().collect::<Vec<_>>());
        let names: Vec<_> = labels.iter().map(|member| member.account_name.as_str()).collect();
        assert_eq!(names, ["acme/dev (1)", "acme/prod", "acme/dev (3)", "acme/4"]);
    }
}
