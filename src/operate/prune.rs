//! `prune`: this machine's history that nothing needs any more: raw documents of transformed reads that an archive holds, local files of
//! the lake that have arrived, what old runs counted and their checks passed, and rounds without news but the newest of a stretch. Never
//! the newest read of a list, never what failed.
//!
//! `reconcile`, `--full` and `--repair` work on the tables; a replay reads the archive. So what goes is only there a second time.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::blocking::blocking;
use crate::config::Config;
use crate::event::{Sink, Teller};
use crate::lake::Store;
use crate::ledger::forgets::HeldArchive;
use crate::ledger::{prunes, rounds};
use crate::run::{Error, HeldLedger, Job, Settings, give_back, hold_to_read, hold_with_state};
use crate::state::State;
use crate::status::FileState;
use crate::stop::Stop;
use crate::warehouse::Warehouse;

/// So many runs in the ledger are worth it, too.
const WORTH_RUNS: u64 = 30;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PruneRequest {
    /// How old it must be.
    pub(crate) older_than: Duration,
    /// Whether anything is to happen.
    pub(crate) wish: PruneWish,
}

/// Whether anything is to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PruneWish {
    /// Only say what would go.
    Show,
    /// Do it.
    Delete,
    /// Do it at the end of a run: documents only where it is worth another generation of the state.
    DeleteWhereWorth,
}

/// The least part of a ledger that lives between machines for which it is saved once more after a run.
const WORTH_A_GENERATION: f64 = 0.1;

/// What goes or went.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub(crate) struct Pruned {
    /// Raw documents.
    pub(crate) document_count: u64,
    /// Local files of the lake.
    pub(crate) file_count: u64,
    /// Rounds without news whose place a later one takes.
    pub(crate) round_count: u64,
    /// Runs of which the counts and passed checks go.
    pub(crate) checked_run_count: u64,
    /// Bytes of the disk that this frees, or about so many, where it is only shown.
    pub(crate) freed_size_bytes: u64,
}

/// Deletes what is older than asked and needed by nothing, or says what that is.
///
/// # Errors
/// [`Error::Warehouse`], [`Error::Lake`], [`Error::Locked`].
pub(crate) async fn prune(
    config: &Config,
    settings: &Settings,
    request: PruneRequest,
    sink: Sink<'_>,
    stop: &Arc<Stop>,
) -> Result<Pruned, Error> {
    let PruneRequest { older_than, wish } = request;
    let teller = Teller::new(sink, settings.clock);
    let events = |what| teller.tell(what);
    let job = Job { config, settings, events: &events, stop };
    let store = Box::pin(Store::open(&config.store_settings(settings.shipping.store))).await?;
    if wish == PruneWish::Show {
        let HeldLedger { lock: _lock, warehouse } = hold_to_read(&job, "prune").await?;
        return Ok(find(&warehouse, config, &store, since(settings, older_than)).await?.pruned);
    }
    if wish == PruneWish::DeleteWhereWorth {
        // A look takes nothing from whoever waits for the state; most nights it is all there is to do.
        let HeldLedger { lock: _lock, warehouse } = hold_to_read(&job, "prune").await?;
        let found = find(&warehouse, config, &store, since(settings, older_than)).await?;
        if !found.is_worth(config) {
            let freed_size_bytes = remove(&found.files)?;
            let Pruned { file_count, .. } = found.pruned;
            return Ok(Pruned { file_count, freed_size_bytes, ..Pruned::default() });
        }
    }
    let mut state = None;
    let pruned = match hold_with_state(&job, "prune", &mut state).await {
        Ok(HeldLedger { lock: _lock, warehouse }) => {
            Box::pin(delete(&job, &store, older_than, warehouse, &mut state)).await
        }
        Err(error) => Err(error),
    };
    // It was the one who took the state from us who asked us to stop.
    let fenced = state.as_ref().and_then(State::is_fenced);
    give_back(state).await;
    fenced.map_or(pruned, |error| Err(error.into()))
}

/// From when on everything stays.
fn since(settings: &Settings, older_than: Duration) -> DateTime<Utc> {
    let age = TimeDelta::from_std(older_than).unwrap_or(TimeDelta::MAX);
    (settings.clock)().checked_sub_signed(age).unwrap_or(DateTime::UNIX_EPOCH)
}

/// What is older than that and needed by nothing.
struct Prunable {
    pruned: Pruned,
    files: Vec<PathBuf>,
    /// Of the ledger.
    share: f64,
}

impl Pruned {
    /// Whether nothing of the ledger goes.
    const fn keeps_the_ledger(&self) -> bool {
        self.document_count == 0 && self.round_count == 0 && self.checked_run_count == 0
    }

    /// Whether nothing goes.
    pub(crate) const fn is_nothing(&self) -> bool {
        self.keeps_the_ledger() && self.file_count == 0
    }
}

impl Prunable {
    /// Whether anything of the ledger goes at the end of a run.
    fn is_worth(&self, config: &Config) -> bool {
        let Pruned { document_count, round_count, checked_run_count, .. } = self.pruned;
        let is_alone = config.state.location.is_none();
        (0 < document_count && (is_alone || WORTH_A_GENERATION <= self.share))
            || WORTH_RUNS <= round_count.max(checked_run_count)
    }
}

async fn find(
    warehouse: &Warehouse,
    config: &Config,
    store: &Store,
    before: DateTime<Utc>,
) -> Result<Prunable, Error> {
    let mut archives = Vec::new();
    for archive in prunes::archived_runs(warehouse, before, arrived(config))? {
        if is_kept(config, store, &archive).await? {
            archives.push(archive);
        }
    }
    let files = match store {
        // The local lake is the lake.
        Store::Dir => Vec::new(),
        Store::S3(_) => local_files(warehouse, config, store, before, &archives).await?,
    };
    let prunable = prunes::prunable(warehouse, before, &archives)?;
    let work_size_bytes = size(&config.data_dir.warehouse());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an estimate"
    )]
    let about = (work_size_bytes as f64 * prunable.share) as u64;
    let pruned = Pruned {
        document_count: prunable.document_count,
        file_count: files.len() as u64,
        round_count: rounds::find(warehouse, before)?,
        checked_run_count: prunes::old_findings(warehouse, before, arrived(config))?,
        freed_size_bytes: files.iter().map(size).sum::<u64>() + about,
    };
    Ok(Prunable { pruned, files, share: prunable.share })
}

async fn delete(
    job: &Job<'_>,
    store: &Store,
    older_than: Duration,
    mut warehouse: Warehouse,
    state: &mut Option<State>,
) -> Result<Pruned, Error> {
    let (config, before) = (job.config, since(job.settings, older_than));
    let Prunable { mut pruned, files, .. } = find(&warehouse, config, store, before).await?;
    pruned.freed_size_bytes = remove(&files)?;
    if pruned.keeps_the_ledger() {
        return Ok(pruned);
    }
    let (path, temp) = (config.data_dir.warehouse(), config.data_dir.temp());
    let work_size_bytes = size(&path);
    prunes::prune(&mut warehouse)?;
    shrink(config, warehouse)?;
    pruned.freed_size_bytes += work_size_bytes.saturating_sub(size(&path));
    if let Some(state) = state {
        let mut warehouse = blocking(|| Warehouse::open(&path, &temp))?;
        Box::pin(state.save(&mut warehouse)).await?;
    }
    Ok(pruned)
}

/// Removes files of the local lake, and says how many bytes they had.
fn remove(files: &[PathBuf]) -> Result<u64, Error> {
    let mut freed_size_bytes = 0;
    for path in files {
        freed_size_bytes += size(path);
        let removed = std::fs::remove_file(path);
        removed.map_err(|source| Error::File { doing: "remove", path: path.clone(), source })?;
    }
    Ok(freed_size_bytes)
}

fn size(path: &PathBuf) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
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
    warehouse: &Warehouse,
    config: &Config,
    store: &Store,
    before: DateTime<Utc>,
    archives: &[HeldArchive],
) -> Result<Vec<PathBuf>, Error> {
    let lake = config.data_dir.lake();
    let archives = archives.iter().map(|archive| archive.key.clone());
    let mut files = Vec::new();
    let arrived = prunes::arrived_files(warehouse, before, arrived(config))?;
    for key in arrived.into_iter().chain(archives) {
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
    // Of few rows each table takes more than its rows need, and nothing is gained.
    if size(&path) <= size(&fresh.next) {
        let removed = std::fs::remove_file(&fresh.next);
        let path = fresh.next;
        return removed.map_err(|source| Error::File { doing: "remove", path, source });
    }
    Ok(warehouse.give_way(&fresh, &path)?)
}
