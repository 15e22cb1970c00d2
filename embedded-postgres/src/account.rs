//! Who runs the server. `PostgreSQL` refuses root, so root hands it to an account without rights.

use std::ffi::OsStr;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::unistd::{Uid, User};

use crate::error::{AtPath, Error};

/// In the order of preference. The server needs nothing but an entry in the password database.
const STAND_INS: [&str; 2] = ["postgres", "nobody"];

/// The account that the server's processes run under.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// `None`: ourselves, as we are not root.
    stand_in: Option<(u32, u32)>,
}

impl Account {
    /// Ourselves, or for root the first stand-in that exists.
    pub(crate) fn choose() -> Result<Self, Error> {
        if !Uid::effective().is_root() {
            return Ok(Self { stand_in: None });
        }
        STAND_INS.iter().find_map(|name| User::from_name(name).ok().flatten()).map(Self::of).ok_or(Error::NoAccount)
    }

    /// For root, the account that already owns `data`: a user's own cluster stays the user's.
    pub(crate) fn of_existing(self, data: &Path) -> Self {
        let Ok(metadata) = data.metadata() else {
            return self;
        };
        if self.stand_in.is_none() || metadata.uid() == 0 {
            return self;
        }
        Self { stand_in: Some((metadata.uid(), metadata.gid())) }
    }

    pub(crate) fn is_stand_in(&self) -> bool {
        self.stand_in.is_some()
    }

    /// The mode of the directories above the data: a stand-in must be able to pass through them.
    pub(crate) fn dir_mode(&self) -> u32 {
        if self.is_stand_in() { 0o711 } else { 0o700 }
    }

    /// Makes `command` run under this account. The standard library also drops root's groups.
    pub(crate) fn assume<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        if let Some((uid, gid)) = self.stand_in {
            command.uid(uid).gid(gid);
        }
        command
    }

    pub(crate) fn give(&self, path: &Path) -> Result<(), Error> {
        match self.stand_in {
            Some((uid, gid)) => chown(path, Some(uid), Some(gid)).at("change the owner of", path),
            None => Ok(()),
        }
    }

    /// Whether the account can reach `dir`. Asked of the system, which alone knows of access lists.
    pub(crate) fn can_enter(&self, dir: &Path) -> bool {
        let mut command = Command::new("/bin/sh");
        command
            .args([OsStr::new("-c"), OsStr::new("cd \"$1\""), OsStr::new("sh"), dir.as_os_str()])
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.assume(&mut command).status().is_ok_and(|status| status.success())
    }

    fn of(user: User) -> Self {
        Self { stand_in: Some((user.uid.as_raw(), user.gid.as_raw())) }
    }
}
