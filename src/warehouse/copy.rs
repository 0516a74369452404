//! Copies a large file without pages of memory for the copy.
//!
//! The kernel's own copy costs a page of its cache for each page of the new file, and another wait for the disk when that is synced;
//! on a machine whose memory is fresh or full this is most of a small run's time.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

const CHUNK: usize = 4 << 20;

/// Makes `to` a copy of `from`, on disk when it returns: a clone of its blocks where the file system can, else past the page cache
/// where it can. `is_unwanted` ends it early.
///
/// # Errors
/// What the file system says, and [`io::ErrorKind::Interrupted`] where it was ended; `to` may then be there in part.
pub(super) fn copy(from: &Path, to: &Path, is_unwanted: &AtomicBool) -> io::Result<()> {
    let (source, target) = (File::open(from)?, File::create(to)?);
    // Before there is anything to read in it.
    target.set_permissions(source.metadata()?.permissions())?;
    if !is_cloned(&target, &source) && write(&source, (to, true), is_unwanted).is_err() {
        // Whatever the matter with direct writes is: network file systems have words of their own for it.
        write(&File::open(from)?, (to, false), is_unwanted)?;
    }
    target.sync_all()
}

/// Makes a clone where the file system can (XFS and Btrfs can, ext4 cannot).
#[cfg(target_os = "linux")]
fn is_cloned(target: &File, source: &File) -> bool {
    rustix::fs::ioctl_ficlone(target, source).is_ok()
}

#[cfg(not(target_os = "linux"))]
const fn is_cloned(_: &File, _: &File) -> bool {
    false
}

fn write(
    mut source: &File,
    (to, is_direct): (&Path, bool),
    is_unwanted: &AtomicBool,
) -> io::Result<()> {
    /// What direct writes are aligned to. A file system that wants more refuses, and is written to plainly.
    const SECTOR: usize = 4096;

    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(target_os = "linux")]
    if is_direct {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(rustix::fs::OFlags::DIRECT.bits().cast_signed());
    }
    let mut target = options.open(to)?;
    let mut memory = vec![0; CHUNK + SECTOR];
    let start = memory.as_ptr().align_offset(SECTOR).min(SECTOR);
    let chunk = &mut memory[start..start + CHUNK];
    let mut size = 0;
    loop {
        if is_unwanted.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let mut filled = 0;
        while filled < CHUNK {
            match source.read(&mut chunk[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // What the last chunk has too much is cut off below.
        let whole = if is_direct { filled.next_multiple_of(SECTOR) } else { filled };
        target.write_all(&chunk[..whole])?;
        size += filled as u64;
        if filled < CHUNK {
            return target.set_len(size);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static WANTED: AtomicBool = AtomicBool::new(false);

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
            copy(&from, &to, &WANTED).unwrap();
            assert!(std::fs::read(&to).unwrap() == text, "{size} bytes");
        }
    }

    #[test]
    fn a_copy_has_every_byte_whatever_its_size() {
        copies_every_byte(tempfile::tempdir().unwrap().path());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_system_without_direct_writes_gets_a_plain_copy() {
        // Where /dev/shm is a tmpfs of Linux before 6.6, it refuses them.
        if let Ok(folder) = tempfile::tempdir_in("/dev/shm") {
            copies_every_byte(folder.path());
        }
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        std::fs::write(&from, bytes(CHUNK + 77)).unwrap();
        write(&File::open(&from).unwrap(), (&to, false), &WANTED).unwrap();
        assert!(std::fs::read(&to).unwrap() == bytes(CHUNK + 77));
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
            copy(&from, &to, &WANTED).unwrap();
            assert_eq!(std::fs::metadata(&to).unwrap().permissions().mode() & 0o777, mode);
        }
    }

    #[test]
    fn a_copy_that_is_unwanted_ends_and_one_of_nothing_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let error = copy(&from, &to, &WANTED).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        std::fs::write(&from, "rows").unwrap();
        let error = write(&File::open(&from).unwrap(), (&to, true), &AtomicBool::new(true));
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::Interrupted);
    }
}
