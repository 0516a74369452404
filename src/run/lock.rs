//! One run at a time on a data directory: an advisory lock that the system releases when the process dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use super::error::Error;
use super::job::{Job, require_ledger};
use super::saving;
use crate::blocking::blocking;
use crate::event::{Warning, What};
use crate::ids::{DataDir, RunId};
use crate::ledger::{files_of, latest_runs, streams};
use crate::retry::pause;
use crate::state::State;
use crate::warehouse::{self, Warehouse};

/// Holds the data directory while it lives.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    /// Goes with it, and is nothing where the directory is the user's.
    _empty: Option<EmptyLedger>,
}

/// A folder for a ledger that nobody wants to keep; it goes when this goes.
#[derive(Debug)]
struct EmptyLedger(PathBuf);

impl Drop for EmptyLedger {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Lock {
    /// Takes the directory, or says who has it.
    ///
    /// # Errors
    /// [`Error::Locked`] names the holder.
    pub(crate) fn take(data_dir: &DataDir, holder: &str) -> Result<Self, Error> {
        let folder = data_dir.path();
        let failed = |source| Error::DataDir { path: folder.to_owned(), source };
        let is_usable = |path: &Path| match path.to_string_lossy().contains('?') {
            true => Err(Error::DataDirName { path: path.to_owned() }),
            false => Ok(()),
        };
        is_usable(&std::path::absolute(folder).map_err(failed)?)?;
        crate::disk::create_private_dir(folder).map_err(failed)?;
        // DuckDB follows links before it looks at the name.
        is_usable(&folder.canonicalize().map_err(failed)?)?;
        let path = data_dir.lock();
        // A link of that name would have us write over somebody else's file.
        let no_link = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).custom_flags(no_link);
        let mut file = options.open(&path).map_err(|source| match path.is_symlink() {
            true => Error::File { doing: "take the lock, which is a link:", path, source },
            false => failed(source),
        })?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                let holder = match holder.trim() {
                    "" => "another snowtrack",
                    holder => holder,
                };
                return Err(Error::Locked { path: folder.to_owned(), holder: holder.to_owned() });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let mut lock = Self { file, _empty: None };
        lock.write(holder).map_err(failed)?;
        Ok(lock)
    }

    /// Says anew who has it, for people; that it cannot be said changes nothing.
    pub(crate) fn describe(&mut self, holder: &str) {
        let _ = self.write(holder);
    }

    fn write(&mut self, holder: &str) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(format!("process {} ({holder})\n", std::process::id()).as_bytes())
    }
}

/// The data directory and its warehouse, for one process alone.
pub(crate) struct HeldLedger {
    /// The warehouse.
    pub(crate) warehouse: Warehouse,
    // After it: the directory is given back when its files are closed.
    /// The directory.
    pub(crate) lock: Lock,
}

/// Takes both. Whoever has one of them is waited for as long as the settings say.
///
/// # Errors
/// [`Error::Locked`] names the holder, be it a run or a program that has the file open.
pub(crate) async fn hold(job: &Job<'_>, holder: &str) -> Result<HeldLedger, Error> {
    let lock = lock_directory(job, holder).await?;
    let warehouse = open_ledger(job).await?;
    Ok(HeldLedger { warehouse, lock })
}

/// The same for whoever only reads. Where there is no ledger yet it is an empty one elsewhere, so that nothing is made here.
///
/// # Errors
/// As [`hold`].
pub(crate) async fn hold_to_read(job: &Job<'_>, holder: &str) -> Result<HeldLedger, Error> {
    let data_dir = &job.config.data_dir;
    // Who has the directory may be about to make a ledger.
    let (Ok(false), false) = (data_dir.warehouse().try_exists(), data_dir.lock().exists()) else {
        return hold(job, holder).await;
    };
    let name = format!("snowtrack-empty-{:016x}", fastrand::u64(..));
    let folder = std::env::temp_dir().join(name);
    if std::fs::DirBuilder::new().mode(0o700).create(&folder).is_err() {
        // There is no other place.
        return hold(job, holder).await;
    }
    let empty = EmptyLedger(folder.clone());
    let data_dir = DataDir::new(folder);
    let lock = Lock { _empty: Some(empty), ..Lock::take(&data_dir, holder)? };
    let warehouse = blocking(|| attempt(&data_dir))?;
    Ok(HeldLedger { warehouse, lock })
}

/// The same, where there is a ledger.
///
/// # Errors
/// As [`hold`], and that there is none.
pub(crate) async fn hold_ledger(job: &Job<'_>, holder: &str) -> Result<HeldLedger, Error> {
    let lock = lock_ledger(job, holder).await?;
    let warehouse = open_ledger(job).await?;
    Ok(HeldLedger { warehouse, lock })
}

/// The same with the ledger between machines, where there is one: whoever is given `state` gives it back, however this ends.
///
/// # Errors
/// As [`hold`], and [`Error::State`].
pub(crate) async fn hold_with_state(
    job: &Job<'_>,
    holder: &str,
    state: &mut Option<State>,
) -> Result<HeldLedger, Error> {
    let lock = lock_directory(job, holder).await?;
    *state = saving::hold(job).await?;
    let warehouse = open_ledger(job).await?;
    Ok(HeldLedger { warehouse, lock })
}

/// The data directory, for one process alone.
pub(crate) async fn lock_directory(job: &Job<'_>, holder: &str) -> Result<Lock, Error> {
    patiently(job, job.settings.wait, || Lock::take(&job.config.data_dir, holder)).await
}

/// The same for whoever goes on with what is there, and makes nothing where nothing is.
pub(crate) async fn lock_ledger(job: &Job<'_>, holder: &str) -> Result<Lock, Error> {
    // Who has the directory may be about to make a ledger.
    if !job.config.data_dir.lock().exists() {
        require_ledger(job)?;
    }
    let lock = lock_directory(job, holder).await?;
    require_ledger(job)?;
    Ok(lock)
}

/// Its warehouse, for whoever has the directory. The file alone can be open for the moment that `status` needs.
pub(crate) async fn open_ledger(job: &Job<'_>) -> Result<Warehouse, Error> {
    patiently(job, job.settings.wait.max(GLANCE), || attempt(&job.config.data_dir)).await
}

async fn patiently<T>(
    job: &Job<'_>,
    patience: Duration,
    mut attempt: impl FnMut() -> Result<T, Error>,
) -> Result<T, Error> {
    let (began, mut is_told) = (Instant::now(), false);
    loop {
        let (path, other) = match blocking(&mut attempt) {
            Err(Error::Locked { path, holder }) => (path, holder),
            other => return other,
        };
        let left = patience.saturating_sub(began.elapsed());
        if left.is_zero() {
            return Err(Error::Locked { path, holder: other });
        }
        if !is_told && GLANCE < left {
            let (path, holder) = (path.display().to_string(), other.clone());
            let now = (job.settings.clock)();
            let until = TimeDelta::from_std(left).ok().and_then(|it| now.checked_add_signed(it));
            let until = until.unwrap_or(DateTime::<Utc>::MAX_UTC);
            (job.events)(What::Warning(Warning::InUse { path, holder, until }));
            is_told = true;
        }
        job.stop.or(pause(left.min(INTERVAL))).await.ok_or(Error::Interrupted)?;
    }
}

/// How long somebody may look at the warehouse without being in the way.
const GLANCE: Duration = Duration::from_secs(1);
/// Between two attempts.
const INTERVAL: Duration = Duration::from_millis(100);

fn attempt(data_dir: &DataDir) -> Result<Warehouse, Error> {
    let opened = Warehouse::open(&data_dir.warehouse(), &data_dir.temp());
    opened.map_err(|error| match error {
        warehouse::Error::Held { holder, .. } => {
            Error::Locked { path: data_dir.path().to_owned(), holder }
        }
        error => error.into(),
    })
}

/// The ledger for whoever only looks.
pub(crate) enum Look {
    /// Nobody writes to it: here it is, read-only.
    Free(Box<Warehouse>),
    /// Somebody does.
    Held {
        /// Who, for people.
        holder: String,
    },
}

/// Opens the ledger without being in anybody's way: nothing is locked or written, and a run that begins meanwhile waits a moment.
///
/// # Errors
/// [`Error::Warehouse`].
pub(crate) fn look(data_dir: &DataDir) -> Result<Look, Error> {
    let path = data_dir.warehouse();
    let opened = match Warehouse::look(&path) {
        Ok(warehouse) if can_be_read(&warehouse) => Ok(warehouse),
        Ok(older) => {
            // What another version of this program made can be read once it is brought up to date.
            drop(older);
            Warehouse::open(&path, &data_dir.temp())
        }
        Err(error) => Err(error),
    };
    match opened {
        Ok(warehouse) => Ok(Look::Free(Box::new(warehouse))),
        Err(warehouse::Error::Held { holder, process_id, .. }) => {
            let described = std::fs::read_to_string(data_dir.lock()).unwrap_or_default();
            let is_run =
                process_id.is_some_and(|id| described.starts_with(&format!("process {id} ")));
            let holder = if is_run { described.trim().to_owned() } else { holder };
            Ok(Look::Held { holder })
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether the tables have the columns that are asked for.
fn can_be_read(warehouse: &Warehouse) -> bool {
    let no_run = RunId::new(chrono::DateTime::UNIX_EPOCH, 0);
    latest_runs(warehouse, 1).is_ok()
        && files_of(warehouse, &no_run).is_ok()
        && streams::standing(warehouse).is_ok()
}
