//! A cluster in use: joins the parts, and lets go of them again.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Child;

use crate::account::Account;
use crate::error::Error;
use crate::initdb::{self, NAME};
use crate::locks::{StartLock, UserLock, open_log, server_is_alive};
use crate::options::{Durability, Options};
use crate::place::{PASSWORD, Place, kept_majors};
use crate::programs::{Programs, locate};
use crate::server::{self, await_ready};
use crate::sweep;
use crate::watchdog::{Watchdog, reap_later};
use crate::work::Work;

/// A running `PostgreSQL` server and our share in it.
///
/// Any number of processes may use the cluster of one data directory. The first starts the server, the
/// others join it, and it stops when the last of them stops, drops its `Cluster` or dies.
pub struct Cluster {
    place: Place,
    data: PathBuf,
    durability: Durability,
    programs: Programs,
    password: String,
    port: u16,
    /// Present if we started the server.
    child: Option<Child>,
    /// Taken out when we let go.
    hold: Option<Hold>,
}

/// What the kernel takes back when our process ends.
#[derive(Debug)]
struct Hold {
    share: UserLock,
    /// Absent if somebody killed it.
    watchdog: Option<Watchdog>,
}

impl Cluster {
    /// The name of the database that every new cluster has.
    pub const DATABASE: &str = NAME;

    /// Starts the server, making the cluster first if it is new, or joins the one that runs already.
    /// Blocks for a second or so; longer when the programs must be fetched or the data recovered.
    ///
    /// # Errors
    ///
    /// Each says in one line what to mend; see [`Error`].
    pub fn start(options: Options) -> Result<Self, Error> {
        let account = Account::choose()?;
        let durability = options.durability();
        let data_dir = options.data_dir.as_deref().unwrap_or(Path::new(""));
        let kept = match durability {
            Durability::Durable => kept_majors(data_dir),
            Durability::Throwaway => {
                sweep::sweep();
                BTreeSet::new()
            }
        };
        let programs = locate(&options.search, &account, &kept, data_dir)?;
        let place = match durability {
            Durability::Durable => Place::durable(data_dir, programs.major(), &account)?,
            Durability::Throwaway => Place::throwaway(&account, options.memory_bytes)?,
        };

        let turn = StartLock::take(&place)?;
        let (share, alone) = UserLock::take(&place, &turn)?;
        place.claim()?;
        let data = place.settle_data(&account)?;
        let account = account.of_existing(&data);
        let mut cluster =
            Self { place, data, durability, programs, password: String::new(), port: 0, child: None, hold: None };
        let share = match cluster.join(share, alone, &turn)? {
            Joined::Yes => return Ok(cluster),
            Joined::No(share) => share,
        };
        cluster.bring_up(&account, &options, share, &turn)?;
        Ok(cluster)
    }

    /// The address of `database` for sqlx, psql or any other client. It holds the password.
    ///
    /// The database [`Cluster::DATABASE`] is there from the beginning.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{NAME}:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// The TCP port on 127.0.0.1. A durable cluster keeps it from run to run while it is free.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The version of the server's programs, `15.18` for instance.
    pub fn version(&self) -> &str {
        self.programs.version()
    }

    /// The folder of the programs; psql and `pg_dump` are there too in most distributions.
    pub fn bin_dir(&self) -> &Path {
        self.programs.bin_dir()
    }

    /// What `LD_LIBRARY_PATH` must be for these programs, if they were fetched.
    pub fn library_path(&self) -> Option<&OsStr> {
        self.programs.library_path()
    }

    /// The cluster's directory, with the server's log in `server.log`.
    pub fn dir(&self) -> &Path {
        self.place.path()
    }

    /// Whether this call started the server, rather than joined a running one.
    pub fn is_owner(&self) -> bool {
        self.child.is_some()
    }

    /// Lets go of the cluster, and stops the server if we were its last user.
    ///
    /// # Errors
    ///
    /// [`Error::Stop`] if the server does not end. Dropping the cluster does the same and logs the error.
    pub fn stop(mut self) -> Result<(), Error> {
        self.let_go()
    }

    /// Joins the server that runs already, if one does and is not about to end.
    fn join(&mut self, share: UserLock, alone: bool, turn: &StartLock) -> Result<Joined, Error> {
        if !server_is_alive(&self.place)? {
            return Ok(Joined::No(share));
        }
        let watchdog = Watchdog::join(&self.place, turn)?;
        // With neither a watchdog nor other users it is an orphan, or just being stopped.
        if (watchdog.is_some() || !alone)
            && let Some(postmaster) = await_ready(&self.place, &self.data)?
        {
            self.port = postmaster.port;
            self.password = self.place.read(PASSWORD)?;
            self.hold = Some(Hold { share, watchdog });
            return Ok(Joined::Yes);
        }
        drop(watchdog);
        server::stop(&self.place, &self.data, self.durability)?;
        Ok(Joined::No(share))
    }

    /// Makes what is missing and starts the server. The watchdog comes first, so that no instant of
    /// ours to die in leaves anything running.
    fn bring_up(
        &mut self,
        account: &Account,
        options: &Options,
        share: UserLock,
        turn: &StartLock,
    ) -> Result<(), Error> {
        let (programs, place, data) = (&self.programs, &self.place, &*self.data);
        let watchdog = Watchdog::start(place, data, self.durability, turn)?;
        let log = open_log(place)?;
        let work = Work { programs, account, place, data, durability: self.durability, watchdog: &watchdog, log: &log };
        if !place.is_ready(data) {
            initdb::make(&work)?;
        }
        let (child, port) = server::start(&work, &options.settings)?;
        self.password = place.read(PASSWORD)?;
        self.port = port;
        self.child = Some(child);
        self.hold = Some(Hold { share, watchdog: Some(watchdog) });
        Ok(())
    }

    fn let_go(&mut self) -> Result<(), Error> {
        let Some(Hold { share, watchdog }) = self.hold.take() else {
            return Ok(());
        };
        let turn = StartLock::take(&self.place)?;
        if !share.give_back(&self.place, &turn)? {
            self.child.take().into_iter().for_each(reap_later);
            return Ok(());
        }
        // The child is reaped before the watchdog looks for it.
        let stopped = server::stop(&self.place, &self.data, self.durability);
        if let (Some(mut child), Ok(())) = (self.child.take(), &stopped) {
            let _ = child.wait(); // fails only if there is no such child, which is as good
        }
        if self.durability == Durability::Throwaway {
            sweep::remove(&self.place);
        }
        watchdog.into_iter().for_each(Watchdog::dismiss);
        stopped
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Err(error) = self.let_go() {
            tracing::warn!(error = &error as &dyn std::error::Error, "the database was not stopped cleanly");
        }
    }
}

impl fmt::Debug for Cluster {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("dir", &self.dir())
            .field("port", &self.port)
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}

/// Whether a running server was joined; the share in the cluster comes back if not.
enum Joined {
    Yes,
    No(UserLock),
}
