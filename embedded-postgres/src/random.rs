//! Randomness for names and passwords, from the kernel.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::{AtPath, Error};

/// `byte_count` random bytes in hexadecimal, which needs no escaping in a URL, SQL or a path.
pub(crate) fn hex(byte_count: usize) -> Result<String, Error> {
    let source = Path::new("/dev/urandom");
    let mut bytes = vec![0; byte_count];
    File::open(source).and_then(|mut file| file.read_exact(&mut bytes)).at("read", source)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
