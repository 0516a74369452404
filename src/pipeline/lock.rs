//! One run at a time on a data directory: an advisory lock that the system releases when the process dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::Error;

/// Holds the data directory while it lives.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Takes the directory, or says who has it.
    ///
    /// # Errors
    /// [`Error::Locked`] names the holder.
    pub fn take(data_dir: &Path, holder: &str) -> Result<Self, Error> {
        let failed = |source| Error::DataDir { path: data_dir.to_owned(), source };
        crate::disk::create_private_dir(data_dir).map_err(failed)?;
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(data_dir.join("lock"))
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                let holder = if holder.trim().is_empty() {
                    "another snowtrack".to_owned()
                } else {
                    holder.trim().to_owned()
                };
                return Err(Error::Locked { path: data_dir.to_owned(), holder });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let mut lock = Self { file };
        lock.write(holder).map_err(failed)?;
        Ok(lock)
    }

    /// Says anew who has it, for people; that it cannot be said changes nothing.
    pub(super) fn describe(&mut self, holder: &str) {
        let _ = self.write(holder);
    }

    fn write(&mut self, holder: &str) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(format!("process {} ({holder})\n", std::process::id()).as_bytes())
    }
}
