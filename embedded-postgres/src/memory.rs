//! The file system that is kept in memory, and whether the machine has memory to spare for it.

use std::fs;
use std::path::Path;

use nix::sys::statvfs::statvfs;

/// Where Linux keeps it.
pub(crate) const DIR: &str = "/dev/shm";

/// What fills this file system is missing elsewhere, so the machine must have several times as much.
const PLENTY: u64 = 4;

/// Whether `size_bytes` fit, without the machine missing them.
pub(crate) fn has_room(size_bytes: u64) -> bool {
    let wanted = size_bytes.saturating_mul(PLENTY);
    let is_free = statvfs(DIR).is_ok_and(|stat| stat.blocks_available() * stat.fragment_size() >= size_bytes);
    is_free
        && available_bytes().is_some_and(|bytes| bytes >= wanted)
        && limit_bytes().is_none_or(|bytes| bytes >= wanted)
}

/// What the kernel could hand out without swapping.
fn available_bytes() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// What a container may have; `None` outside of one.
fn limit_bytes() -> Option<u64> {
    let text = fs::read_to_string(Path::new("/sys/fs/cgroup/memory.max")).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_machine_has_room_for_everything() {
        assert!(!has_room(u64::MAX / 8));
        assert!(available_bytes().is_none_or(|bytes| bytes > 1 << 20), "{:?}", available_bytes());
    }
}
