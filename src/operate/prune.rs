//! `prune`: this machine's history that nothing needs any more: raw documents of transformed reads that an archive holds, and local files
//! of the lake that have arrived. Never the newest read of a list.
//!
//! `reconcile`, `--full` and `--repair` work on the tables; a replay reads the archive. So what goes is only there a second time.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use crate::config::Config;
use crate::event::{Sink, Teller};
use crate::lake::Store;
use crate::ledger::forgets::HeldArchive;
use crate::ledger::prunes;
use crate::run::{Error, Settings, hold};
use crate::status::FileState;
use crate::stop::Stop;
use crate::warehouse::Warehouse;

/// Whether anything is to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PruneWish {
    /// Only say what would go.
    Show,
    /// Do it.
    Delete,
}

/// What goes or went.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub(crate) struct Pruned {
    /// Raw documents.
    pub(crate) document_count: u64,
    /// Local files of the lake.
    pub(crate) file_count: u64,
    /// Bytes of the disk that this frees, or about so many, where it is only shown.
    pub(crate) freed_size_bytes: u64,
}

/// Deletes what is older than `older_than` and needed by nothing, or says what that is.
///
/// # Errors
/// [`Error::Warehouse`], [`Error::Lake`], [`Error::Locked`].
pub(crate) async fn prune(
    config: &Config,
    settings: &Settings,
    (older_than, wish): (Duration, PruneWish),
    (sink, stop): (Sink<'_>, &Arc<Stop>),
) -> Result<Pruned, Error> {
    let teller = Teller::new(sink, settings.clock);
    let events = |what| teller.tell(what);
    let store = Box::pin(Store::open(&config.store_settings(settings.shipping.store))).await?;
    let (_lock, mut warehouse) = hold(config, settings, "prune", &events, stop).await?;
    let age = TimeDelta::from_std(older_than).unwrap_or(TimeDelta::MAX);
    let now = (settings.clock)();
    let before = now.checked_sub_signed(age).unwrap_or(chrono::DateTime::UNIX_EPOCH);
    let asked = (before, arrived(config));
    let mut archives = Vec::new();
    for archive in prunes::archived_runs(&warehouse, asked)? {
        if is_kept(config, &store, &archive).await? {
            archives.push(archive);
        }
    }
    let files = match store {
        // The local lake is the lake.
        Store::Dir => Vec::new(),
        Store::S3(_) => local_files(config, &store, (&warehouse, &archives), asked).await?,
    };
    let prunable = prunes::prunable(&warehouse, before, &archives)?;
    let path = config.data_dir.warehouse();
    let size = |path: &PathBuf| std::fs::metadata(path).map_or(0, |file| file.len());
    let work_size_bytes = size(&path);
    let mut pruned = Pruned {
        document_count: prunable.document_count,
        file_count: files.len() as u64,
        freed_size_bytes: files.iter().map(size).sum(),
    };
    if wish == PruneWish::Show {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an estimate"
        )]
        let about = (work_size_bytes as f64 * prunable.share) as u64;
        pruned.freed_size_bytes += about;
        return Ok(pruned);
    }
    for file in files {
        let removed = std::fs::remove_file(&file);
        removed.map_err(|source| Error::File { doing: "remove", path: file, source })?;
    }
    if 0 < prunable.document_count {
        prunes::prune(&mut warehouse)?;
        shrink(config, warehouse)?;
        pruned.freed_size_bytes += work_size_bytes.saturating_sub(size(&path));
    }
    Ok(pruned)
}

/// The states in which nothing is left to do with a file, as this is configured.
const fn arrived(config: &Config) -> &'static [FileState] {
    use FileState::{Accepted, Exported, Submitting, Superseded, Uploaded, Verified};
    match config.lake.bucket {
        // What is only in the bucket is looked after by each run, until an account says that it has it.
        Some(_) => &[Verified, Superseded],
        None => &[Exported, Uploaded, Submitting, Accepted, Verified, Superseded],
    }
}

/// Whether an archive is where it belongs.
async fn is_kept(config: &Config, store: &Store, archive: &HeldArchive) -> Result<bool, Error> {
    Ok(match store {
        Store::Dir => config.data_dir.lake().join(&archive.key).exists(),
        Store::S3(_) => !store.lacks(&archive.key).await?,
    })
}

/// Files of the local lake that are in the bucket, where somebody may have taken them away: then they stay.
async fn local_files(
    config: &Config,
    store: &Store,
    (warehouse, archives): (&Warehouse, &[HeldArchive]),
    asked: (chrono::DateTime<chrono::Utc>, &[FileState]),
) -> Result<Vec<PathBuf>, Error> {
    let lake = config.data_dir.lake();
    let archives = archives.iter().map(|archive| archive.key.clone());
    let mut files = Vec::new();
    for key in prunes::arrived_files(warehouse, asked)?.into_iter().chain(archives) {
        let path = lake.join(&key);
        if path.exists() && !store.lacks(&key).await? {
            files.push(path);
        }
    }
    Ok(files)
}

/// Writes the work file anew: DuckDB's files grow smaller in no other way.
fn shrink(config: &Config, mut warehouse: Warehouse) -> Result<(), Error> {
    let path = config.data_dir.warehouse();
    let temp = config.data_dir.temp();
    let fresh = warehouse.copied_afresh(&path, &temp, &[], |_| Ok(()))?;
    let size = |path: &PathBuf| std::fs::metadata(path).map_or(0, |file| file.len());
    // Of few rows each table takes more than its rows need, and nothing is gained.
    if size(&path) <= size(&fresh.next) {
        let removed = std::fs::remove_file(&fresh.next);
        let path = fresh.next;
        return removed.map_err(|source| Error::File { doing: "remove", path, source });
    }
    Ok(warehouse.give_way(&fresh, &path)?)
}
