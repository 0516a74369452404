//! Copies a large file without a place for it in the page cache.
//!
//! The kernel's own copy costs a page of memory for each page of the file, and another wait for the disk when it is synced; on a
//! machine whose memory is fresh or full that is most of a small run's time.

use std::fs::File;
use std::io;
use std::path::Path;

/// Makes `to` a copy of `from`, on disk when it returns: a clone of its blocks where the file system can, else past the page cache.
///
/// # Errors
/// What the file system says; `to` may then be there in part.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let source = File::open(from)?;
    #[cfg(target_os = "linux")]
    if linux::clone(&source, to)? || linux::write_directly(&source, to)? {
        return Ok(());
    }
    drop(source);
    std::fs::copy(from, to)?;
    File::open(to)?.sync_all()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::{File, OpenOptions};
    use std::io::{self, Read, Write};
    use std::os::unix::fs::OpenOptionsExt;
    use std::path::Path;

    use rustix::fs::OFlags;

    /// What direct writes are aligned to: no disk has larger sectors.
    const SECTOR: usize = 4096;
    const CHUNK: usize = 4 << 20;

    /// Whether the file system could (XFS and Btrfs can, ext4 cannot).
    pub(super) fn clone(source: &File, to: &Path) -> io::Result<bool> {
        let target = File::create(to)?;
        match rustix::fs::ioctl_ficlone(&target, source) {
            Ok(()) => target.sync_all().map(|()| true),
            Err(_) => Ok(false),
        }
    }

    /// Whether the file system could (a tmpfs of an older kernel and some network file systems cannot).
    pub(super) fn write_directly(mut source: &File, to: &Path) -> io::Result<bool> {
        let flags = OFlags::DIRECT.bits().cast_signed();
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).custom_flags(flags);
        let is_refused = |error: &io::Error| error.kind() == io::ErrorKind::InvalidInput;
        let mut target = match options.open(to) {
            Err(error) if is_refused(&error) => return Ok(false),
            opened => opened?,
        };
        let mut memory = vec![0; CHUNK + SECTOR];
        let start = memory.as_ptr().align_offset(SECTOR).min(SECTOR);
        let chunk = &mut memory[start..start + CHUNK];
        let mut size = 0;
        loop {
            let mut filled = 0;
            while filled < CHUNK {
                match source.read(&mut chunk[filled..])? {
                    0 => break,
                    count => filled += count,
                }
            }
            // The last chunk's rest is cut off below.
            match target.write_all(&chunk[..filled.next_multiple_of(SECTOR)]) {
                Err(error) if is_refused(&error) => return Ok(false),
                written => written?,
            }
            size += filled as u64;
            if filled < CHUNK {
                break;
            }
        }
        target.set_len(size)?;
        target.sync_all()?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(count: usize) -> Vec<u8> {
        let mut random = fastrand::Rng::with_seed(7);
        std::iter::repeat_with(|| random.u8(..)).take(count).collect()
    }

    #[test]
    fn a_copy_has_every_byte_whatever_its_size() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        // Longer than the next ones: what is left of it must not stay.
        std::fs::write(&to, bytes(9 << 20)).unwrap();
        for size in
            [0, 1, 4095, 4096, 4097, (4 << 20) - 1, 4 << 20, (8 << 20) + 4096, (8 << 20) + 5]
        {
            let text = bytes(size);
            std::fs::write(&from, &text).unwrap();
            copy(&from, &to).unwrap();
            assert!(std::fs::read(&to).unwrap() == text, "{size} bytes");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_system_without_direct_writes_gets_a_plain_copy() {
        // /dev/shm is a tmpfs: it refused direct writes until Linux 6.6.
        let shared = Path::new("/dev/shm");
        let folder =
            if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() };
        let folder = folder.unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let text = bytes((4 << 20) + 77);
        std::fs::write(&from, &text).unwrap();
        copy(&from, &to).unwrap();
        assert!(std::fs::read(&to).unwrap() == text);
    }

    #[test]
    fn what_is_not_there_is_not_copied() {
        let folder = tempfile::tempdir().unwrap();
        let error = copy(&folder.path().join("none"), &folder.path().join("to")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
