//! What making a cluster and starting its server have in common.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use crate::account::Account;
use crate::error::{AtPath, Error};
use crate::options::Durability;
use crate::place::Place;
use crate::programs::Programs;
use crate::watchdog::Watchdog;

/// The circumstances of a start.
pub(crate) struct Work<'a> {
    pub(crate) programs: &'a Programs,
    pub(crate) account: &'a Account,
    pub(crate) place: &'a Place,
    pub(crate) data: &'a Path,
    pub(crate) durability: Durability,
    pub(crate) watchdog: &'a Watchdog,
    /// Locked; see `locks`.
    pub(crate) log: &'a File,
}

impl Work<'_> {
    /// The log as the output of a process.
    pub(crate) fn output(&self) -> Result<Stdio, Error> {
        self.log.try_clone().map(Stdio::from).at("share", &self.place.file("server.log"))
    }
}
