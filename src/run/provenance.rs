//! Whether the ledger is the one that wrote the lake. An empty one ships everything again, another one takes for shipped what is
//! not; both are said before anything is read or shipped.
//! So is a demo whose made-up rows would stand among others.
//!
//! In: the names of manifests, of the local lake first; the bucket is asked only where the ledger knows no file, and then once or
//! twice. Out: a warning at most: what is shipped again is right by key, and a night without data is worse.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Run;
use super::error::Error;
use super::job::Source;
use crate::config::Config;
use crate::event::Warning;
use crate::ids::RunId;
use crate::lake::{Store, StoreTiming};
use crate::ledger;
use crate::retry::RetryPolicy;

/// A run whose files are there and that the ledger does not know.
pub(crate) struct Stranger {
    pub(crate) run: RunId,
    /// Where its files are.
    pub(crate) place: String,
    /// Where raw documents are, if any were kept.
    pub(crate) documents: Option<String>,
}

/// Says so where the lake has files of a run that the ledger does not know.
pub(crate) async fn look(run: &Run<'_>) -> Result<(), Error> {
    let demo = Source::Demo.name();
    // What stays on this machine can be deleted with its folder.
    if run.settings.source == Some(Source::Demo)
        && run.config.lake.bucket.is_some()
        && ledger::runs::has_read_other(&run.warehouse, &demo)?
    {
        run.warn(Warning::DemoAmongOthers);
    }
    let knows_files = ledger::runs::knows_files(&run.warehouse)?;
    let is_known = |id: &RunId| ledger::runs::is_known(&run.warehouse, id).unwrap_or(true);
    let mut stranger = in_local_lake(run.config, is_known);
    if stranger.is_none() && !knows_files {
        stranger = Box::pin(in_bucket(run.config, is_known)).await;
    }
    if let Some(Stranger { run: unknown, place, documents }) = stranger {
        let ledger = run.config.data_dir.warehouse().display().to_string();
        run.warn(Warning::UnknownRun { run: unknown, place, documents, ledger, knows_files });
    }
    Ok(())
}

/// The newest run of the local lake, if it is not known.
pub(crate) fn in_local_lake(
    config: &Config,
    is_known: impl Fn(&RunId) -> bool,
) -> Option<Stranger> {
    let root = config.data_dir.lake().join(config.prefix());
    let run = newest_run(&root.join("manifests")).filter(|run| !is_known(run))?;
    let documents = root.join("documents");
    Some(Stranger {
        run,
        place: root.display().to_string(),
        documents: documents.exists().then(|| documents.display().to_string()),
    })
}

/// The run of the newest manifest below `year=…/month=…/day=…`.
fn newest_run(manifests: &Path) -> Option<RunId> {
    let last = |folder: &Path, is_one: &dyn Fn(&str) -> bool| -> Option<PathBuf> {
        let names = std::fs::read_dir(folder).ok()?;
        let names = names.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Some(folder.join(names.filter(|name| is_one(name)).max()?))
    };
    let mut folder = manifests.to_owned();
    for part in ["year=", "month=", "day="] {
        folder = last(&folder, &|name| name.starts_with(part))?;
    }
    let manifest = last(&folder, &|name| name.ends_with(".json"))?;
    manifest.file_stem()?.to_str()?.parse().ok()
}

/// A run of the bucket, if it is not known. A bucket that cannot be listed says nothing: the upload has its own words.
pub(crate) async fn in_bucket(
    config: &Config,
    is_known: impl Fn(&RunId) -> bool,
) -> Option<Stranger> {
    let name = config.lake.bucket.as_deref()?;
    let settings = config.store_settings(impatient());
    let Ok(Store::S3(bucket)) = Store::open(&settings).await else { return None };
    let prefix = config.prefix();
    let key = bucket.first_key(&format!("{prefix}manifests/")).await.ok()??;
    let run: RunId = key.rsplit('/').next()?.strip_suffix(".json")?.parse().ok()?;
    if is_known(&run) {
        return None;
    }
    let place = format!("s3://{name}/{prefix}");
    let documents = bucket.first_key(&format!("{prefix}documents/")).await.ok().flatten();
    Some(Stranger { run, documents: documents.map(|_| format!("{place}documents/")), place })
}

/// A courtesy: it holds nothing up.
fn impatient() -> StoreTiming {
    let first_delay = Duration::from_millis(100);
    StoreTiming {
        retry: RetryPolicy { max_retries: 1, first_delay, max_delay: first_delay },
        connect: Duration::from_secs(3),
        answer: Duration::from_secs(10),
    }
}
