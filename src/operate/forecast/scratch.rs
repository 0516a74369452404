//! A copy of the ledger that a plan may spoil: the ledger itself is neither locked nor written.
//!
//! A run may be at work on the original. DuckDB writes blocks first and then one of two headers that name them, so a copy is whole
//! if the headers are the same after it as before it; what came since the last such moment is in the log beside it, which is read up
//! to its last whole entry. Where the file keeps changing, the copy is made again.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::disk::create_private_dir;
use crate::ids::DataDir;
use crate::run::Error;
use crate::warehouse::{self, Warehouse};

/// The main header and the two that take turns, of 4 KiB each.
const HEADER_BYTES: usize = 3 * 4096;
/// How often a copy is made of a file that keeps changing.
const TRIES: u32 = 20;

/// A folder that goes when this goes.
pub(super) struct Scratch {
    folder: PathBuf,
    /// Folders above it that were made for it, the innermost first.
    made: Vec<PathBuf>,
}

impl Scratch {
    /// A folder of its own: beside the ledger, where there is one, else where the system keeps such things.
    pub(super) fn new(data_dir: &DataDir) -> Result<Self, Error> {
        let name = format!("snowtrack-plan-{}", std::process::id());
        let beside = data_dir.temp();
        let elsewhere = std::env::temp_dir();
        let places = match data_dir.warehouse().exists() {
            true => [beside, elsewhere],
            false => [elsewhere, beside],
        };
        let mut failed = None;
        for place in places {
            remove_orphans(&place);
            let above = place.ancestors().take(2).filter(|folder| !folder.exists());
            let made = above.map(Path::to_owned).collect();
            let scratch = Self { folder: place.join(&name), made };
            match create_private_dir(&place).and_then(|()| create_private_dir(&scratch.folder)) {
                Ok(()) => return Ok(scratch),
                Err(source) => {
                    let path = scratch.folder.clone();
                    failed =
                        Some(Error::File { doing: "make a copy of the ledger in", path, source });
                }
            }
        }
        Err(failed.expect("there are two places, and neither could be used"))
    }

    /// The warehouse as it is now, for this plan alone; an empty one where there is none.
    pub(super) fn warehouse(&self, data_dir: &DataDir) -> Result<Warehouse, Error> {
        let copy = DataDir::new(self.folder.clone());
        let original = data_dir.warehouse();
        let open = || Warehouse::open(&copy.warehouse(), &copy.temp());
        if !original.exists() {
            return Ok(open()?);
        }
        for attempt in 1.. {
            let is_whole = self.copy(&original, &copy.warehouse())?;
            match open() {
                Ok(warehouse) if is_whole => return Ok(warehouse),
                Err(error) if is_whole && (attempt == TRIES || !is_of_moment(&error)) => {
                    return Err(error.into());
                }
                _ if attempt == TRIES => break,
                _ => {}
            }
        }
        let holder = "a run that keeps changing the ledger".to_owned();
        Err(Error::Locked { path: data_dir.path().to_owned(), holder })
    }

    /// Copies the work file with what is beside it; returns whether it was the same all the while.
    fn copy(&self, original: &Path, copy: &Path) -> Result<bool, Error> {
        let failed = |source| Error::File { doing: "copy", path: original.to_owned(), source };
        let before = headers(original).map_err(failed)?;
        std::fs::copy(original, copy).map_err(failed)?;
        for beside in [log_of, pages_of] {
            let (from, to) = (beside(original), beside(copy));
            match std::fs::copy(&from, &to) {
                Ok(_) => {}
                Err(source) if source.kind() == ErrorKind::NotFound => {
                    let _ = std::fs::remove_file(&to);
                }
                Err(source) => return Err(Error::File { doing: "copy", path: from, source }),
            }
        }
        Ok(before == headers(original).map_err(failed)?)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be taken away now is taken away by the next plan.
        let _ = std::fs::remove_dir_all(&self.folder);
        for folder in &self.made {
            let _ = std::fs::remove_dir(folder);
        }
    }
}

/// Takes away what killed plans left.
fn remove_orphans(place: &Path) {
    let Ok(entries) = std::fs::read_dir(place) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let id = name.to_str().and_then(|name| name.strip_prefix("snowtrack-plan-"));
        let id = id.filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()));
        if id.is_some_and(|id| {
            !Path::new("/proc").join(id).exists() && Path::new("/proc/self").exists()
        }) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether the copy may be refused because it was made while the original changed.
const fn is_of_moment(error: &warehouse::Error) -> bool {
    !matches!(error, warehouse::Error::NotOurs { .. })
}

fn headers(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES);
    File::open(path)?.take(HEADER_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// DuckDB's log of what is not in the file yet.
fn log_of(work_file: &Path) -> PathBuf {
    work_file.with_extension("duckdb.wal")
}

/// Pages that are not in the tables yet.
fn pages_of(work_file: &Path) -> PathBuf {
    work_file.with_extension("pages")
}
