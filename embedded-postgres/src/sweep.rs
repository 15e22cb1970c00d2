//! Removes throwaway clusters whose process and watchdog are both gone, as after a power cut.

use std::fs;
use std::os::unix::fs::MetadataExt;

use nix::unistd::Uid;

use crate::error::Error;
use crate::locks::{StartLock, UserLock};
use crate::memory;
use crate::options::Durability;
use crate::place::{Place, THROWAWAY_PREFIX, temp_dirs};
use crate::server;

/// Sweeps the temporary directories. A failure is no reason not to start.
pub(crate) fn sweep() {
    for dir in temp_dirs().into_iter().chain([memory::DIR.into()]) {
        let entries = dir.read_dir().into_iter().flatten().filter_map(Result::ok);
        for entry in entries {
            let is_named_so = entry.file_name().as_encoded_bytes().starts_with(THROWAWAY_PREFIX.as_bytes());
            // Not following links, and not another user's.
            let is_own_dir =
                entry.metadata().is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == Uid::effective().as_raw());
            if !is_named_so || !is_own_dir {
                continue;
            }
            let place = Place::at(entry.path());
            if let Err(error) = sweep_one(&place) {
                tracing::debug!(dir = %place.path().display(), %error, "a leftover cluster was not removed");
            }
        }
    }
}

/// Removes one throwaway cluster unless somebody uses it. A directory without the mark is being made.
fn sweep_one(place: &Place) -> Result<(), Error> {
    if !place.is_ours() {
        return Ok(());
    }
    let Some(turn) = StartLock::try_take(place)? else {
        return Ok(());
    };
    let (_share, alone) = UserLock::take(place, &turn)?;
    if alone {
        server::stop(place, &place.file("data"), Durability::Throwaway)?;
        remove(place);
    }
    Ok(())
}

/// Removes a throwaway cluster's directory. The watchdog may be at the same work, so what is missing
/// meanwhile is no error, and what remains is removed by the next sweep.
pub(crate) fn remove(place: &Place) {
    if let Err(error) = fs::remove_dir_all(place.path()) {
        tracing::debug!(dir = %place.path().display(), %error, "a throwaway cluster was not wholly removed");
    }
}
