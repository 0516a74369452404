//! A file of the lake on this disk: moved to its place whole, and read back as it is.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::error::Error;

/// What the disk refused.
pub(super) fn failed(doing: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::File { doing, path: path.to_owned(), source }
}

/// Moves a file to its name once its bytes are on the disk.
pub(super) fn move_into_place(from: &Path, to: &Path) -> Result<(), Error> {
    let folder = to.parent().unwrap_or_else(|| Path::new("."));
    std::fs::create_dir_all(folder).map_err(|source| failed("create", folder, source))?;
    File::open(from)
        .and_then(|file| file.sync_all())
        .map_err(|source| failed("write", from, source))?;
    std::fs::rename(from, to).map_err(|source| failed("write", to, source))
}

/// Has a file of the lake written beside its name, and puts it in the place of what was there.
pub(crate) fn replace<E: From<Error>>(
    path: &Path,
    write: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let temporary = path.with_extension("new");
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    std::fs::create_dir_all(folder).map_err(|source| failed("create", folder, source))?;
    write(&temporary)?;
    Ok(move_into_place(&temporary, path)?)
}

/// SHA-256 (hexadecimal) and size of a file.
pub(super) fn digest(path: &Path) -> Result<(String, u64), Error> {
    let read = || {
        let mut file = File::open(path)?;
        let (mut hash, mut size, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 20]);
        loop {
            let length = file.read(&mut buffer)?;
            if length == 0 {
                break;
            }
            hash.update(&buffer[..length]);
            size += length as u64;
        }
        Ok((hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect(), size))
    };
    read().map_err(|source| failed("read back", path, source))
}

/// Writes a file beside its name and moves it there whole.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let temporary = path.with_extension("json.new");
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    std::fs::create_dir_all(folder).map_err(|source| failed("create", folder, source))?;
    std::fs::write(&temporary, bytes).map_err(|source| failed("write", &temporary, source))?;
    move_into_place(&temporary, path)
}
