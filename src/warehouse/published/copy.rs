//! Copies a large file without pages of memory for the copy.
//!
//! The kernel's own copy costs a page of its cache for each page of the new file, and another wait for the disk when that is synced;
//! on a machine whose memory is fresh or full this is most of a small run's time.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::Path;

const CHUNK: usize = 4 << 20;
const CHUNKS_PER_SYNC: u64 = 16;
/// What direct writes are aligned to. A file system that wants more refuses, and is written to plainly.
const SECTOR: usize = 4096;

/// Makes `to` a copy of `from`, on disk when it returns: a clone of its blocks where the file system can, else past the page cache
/// where it can. `is_unwanted` is asked every few megabytes.
///
/// # Errors
/// What the file system says, and [`io::ErrorKind::Interrupted`] where it is unwanted; `to` may then be there in part.
pub(crate) fn copy(from: &Path, to: &Path, is_unwanted: &dyn Fn() -> bool) -> io::Result<()> {
    let (source, target) = (File::open(from)?, File::create(to)?);
    // Before there is anything to read in it.
    target.set_permissions(source.metadata()?.permissions())?;
    if is_cloned(&source, &target) {
        return target.sync_all();
    }
    let written = open_direct(to).and_then(|target| write(&source, &target, SECTOR, is_unwanted));
    match written {
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => {
            (&source).rewind()?;
            target.set_len(0)?;
            write(&source, &target, 1, is_unwanted)
        }
        written => written,
    }
}

/// Makes a clone where the file system can (XFS and Btrfs can, ext4 cannot).
#[cfg(target_os = "linux")]
fn is_cloned(source: &File, target: &File) -> bool {
    rustix::fs::ioctl_ficlone(target, source).is_ok()
}

#[cfg(not(target_os = "linux"))]
const fn is_cloned(_: &File, _: &File) -> bool {
    false
}

/// A file whose writes go past the page cache.
#[cfg(target_os = "linux")]
fn open_direct(file: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let flag = rustix::fs::OFlags::DIRECT.bits().cast_signed();
    File::options().write(true).custom_flags(flag).open(file)
}

#[cfg(not(target_os = "linux"))]
fn open_direct(_: &Path) -> io::Result<File> {
    Err(ErrorKind::Unsupported.into())
}

/// Writes in whole units of `unit` bytes, and syncs as it goes.
fn write(
    mut source: &File,
    mut target: &File,
    unit: usize,
    is_unwanted: &dyn Fn() -> bool,
) -> io::Result<()> {
    let mut memory = vec![0; CHUNK + SECTOR];
    let start = memory.as_ptr().align_offset(SECTOR).min(SECTOR);
    let chunk = &mut memory[start..start + CHUNK];
    for number in 0.. {
        if is_unwanted() {
            return Err(ErrorKind::Interrupted.into());
        }
        let mut filled = 0;
        while filled < CHUNK {
            match source.read(&mut chunk[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // What the last chunk has too much is cut off below.
        target.write_all(&chunk[..filled.next_multiple_of(unit)])?;
        if filled < CHUNK {
            target.set_len(number * CHUNK as u64 + filled as u64)?;
            break;
        }
        // Else the last sync would have everything to do, and nobody could end it.
        if unit == 1 && number % CHUNKS_PER_SYNC == 0 {
            target.sync_data()?;
        }
    }
    target.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(count: usize) -> Vec<u8> {
        let mut random = fastrand::Rng::with_seed(7);
        std::iter::repeat_with(|| random.u8(..)).take(count).collect()
    }

    fn copies_every_byte(folder: &Path) {
        let (from, to) = (folder.join("from"), folder.join("to"));
        // Longer than the next ones: what is left of it must not stay.
        std::fs::write(&to, bytes(9 << 20)).unwrap();
        let sizes = [0, 1, 4095, 4096, 4097, CHUNK - 1, CHUNK, 2 * CHUNK + 4096, 2 * CHUNK + 5];
        for size in sizes {
            let text = bytes(size);
            std::fs::write(&from, &text).unwrap();
            copy(&from, &to, &|| false).unwrap();
            assert!(std::fs::read(&to).unwrap() == text, "{size} bytes");
        }
    }

    #[test]
    fn a_copy_has_every_byte_whatever_its_size() {
        copies_every_byte(tempfile::tempdir().unwrap().path());
    }

    #[test]
    fn a_file_system_without_direct_writes_gets_a_plain_copy() {
        // Where /dev/shm is a tmpfs of Linux before 6.6, it refuses them.
        if let Ok(folder) = tempfile::tempdir_in("/dev/shm") {
            copies_every_byte(folder.path());
        }
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let text = bytes((CHUNKS_PER_SYNC as usize + 2) * CHUNK + 77);
        std::fs::write(&from, &text).unwrap();
        let target = File::create(&to).unwrap();
        write(&File::open(&from).unwrap(), &target, 1, &|| false).unwrap();
        assert!(std::fs::read(&to).unwrap() == text);
    }

    #[cfg(unix)]
    #[test]
    fn who_may_read_the_file_may_read_the_copy_and_nobody_else() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        std::fs::write(&from, "rows").unwrap();
        for mode in [0o600, 0o664] {
            std::fs::set_permissions(&from, std::fs::Permissions::from_mode(mode)).unwrap();
            copy(&from, &to, &|| false).unwrap();
            assert_eq!(std::fs::metadata(&to).unwrap().permissions().mode() & 0o777, mode);
        }
    }

    #[test]
    fn a_copy_that_is_unwanted_ends_and_one_of_nothing_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let error = copy(&from, &to, &|| false).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        std::fs::write(&from, bytes(3 * CHUNK)).unwrap();
        let asked = std::cell::Cell::new(0);
        let is_unwanted = || asked.replace(asked.get() + 1) == 2;
        // A clone is done before anybody can ask.
        let Err(error) = copy(&from, &to, &is_unwanted) else { return };
        // Not once more, plainly.
        assert_eq!((error.kind(), asked.get()), (io::ErrorKind::Interrupted, 3));
    }
}
