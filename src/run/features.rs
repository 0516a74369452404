//! The files of features, written again whenever the published file is another: they must not say what it no longer says. Those of the
//! lake's own folder go to the bucket, too, where there is one: the same keys each time, as with the marts.
//!
//! ```text
//! published ─▶ lacking ─▶ written ─▶ sent        as the ledger notes it: cut off anywhere, the next run goes on
//! ```

use std::path::{Path, PathBuf};

use super::error::Error;
use super::job::Job;
use crate::blocking::blocking;
use crate::config::Config;
use crate::lake::{self, Store, features_folder};
use crate::ledger::features::{self, FilesAt};
use crate::warehouse::{FEATURE_FILES, Warehouse, remove_features};

/// Where the files of features are unless somebody says otherwise: in the local lake, where no pipe looks.
pub(crate) fn usual_folder(config: &Config) -> PathBuf {
    config.data_dir.lake().join(features_folder(&config.prefix()))
}

/// The same in the bucket, where there is one.
pub(crate) fn address(config: &Config) -> Option<String> {
    let bucket = config.lake.bucket.as_ref()?;
    Some(format!("s3://{bucket}/{}", features_folder(&config.prefix())))
}

/// Writes the files again wherever they were written before, as far as that is on this machine, but where they are already.
///
/// # Errors
/// [`crate::warehouse::Error::File`], [`crate::warehouse::Error::Statement`].
pub(crate) fn renew(
    warehouse: &mut Warehouse,
    config: &Config,
    but: Option<&Path>,
) -> Result<(), crate::warehouse::Error> {
    let published = config.data_dir.published();
    if !published.exists() {
        return Ok(());
    }
    for folder in folders(warehouse, config)? {
        if but != Some(folder.as_path()) {
            warehouse.export_features(&published, &folder)?;
        }
    }
    features::have_files(warehouse, FilesAt::Written)
}

/// Whether the files say what the published file says, wherever they are wanted.
///
/// # Errors
/// [`crate::warehouse::Error::Statement`].
pub(crate) fn are_there(
    warehouse: &Warehouse,
    config: &Config,
) -> Result<bool, crate::warehouse::Error> {
    Ok(match (warehouse.feature_wish()?, features::files_at(warehouse)?) {
        (None, _) => true,
        (Some(_), FilesAt::Nowhere) => false,
        (Some(wish), at) => match address(config).filter(|_| wish.is_in_lake()) {
            Some(address) => at == FilesAt::Sent(address),
            None => true,
        },
    })
}

/// Brings the files to where they are wanted: to disk, and from the lake's own folder into the bucket.
///
/// # Errors
/// [`Error::Warehouse`], [`Error::Lake`], [`Error::Interrupted`]; the next run goes on.
pub(crate) async fn bring(job: &Job<'_>, warehouse: &mut Warehouse) -> Result<(), Error> {
    let config = job.config;
    if are_there(warehouse, config)? || !config.data_dir.published().exists() {
        return Ok(());
    }
    let folder = usual_folder(config);
    let paths = FEATURE_FILES.map(|name| folder.join(name));
    let are_here = || paths.iter().all(|path| path.exists());
    // Another machine may have written those that are to be sent.
    if features::files_at(warehouse)? == FilesAt::Nowhere || !are_here() {
        blocking(|| renew(warehouse, config, None))?;
    }
    if are_there(warehouse, config)? {
        return Ok(());
    }
    let Some(address) = address(config) else { return Ok(()) };
    match are_here() {
        true => job.stop.or(Box::pin(send(job, &folder))).await.ok_or(Error::Interrupted)??,
        false => tracing::warn!(
            "`{address}` keeps the features of before: a run deletes nothing there, `snowtrack forget` does"
        ),
    }
    Ok(features::have_files(warehouse, FilesAt::Sent(address))?)
}

async fn send(job: &Job<'_>, folder: &Path) -> Result<(), lake::Error> {
    let settings = job.config.store_settings(job.settings.shipping.store);
    let prefix = features_folder(&job.config.prefix());
    if let Store::S3(bucket) = Store::open(&settings).await? {
        let bucket = bucket.overwriting();
        for name in FEATURE_FILES {
            bucket.send(&folder.join(name), &format!("{prefix}/{name}")).await?;
        }
    }
    Ok(())
}

/// Takes the files away wherever they were written, as far as that is on this machine.
///
/// # Errors
/// [`crate::warehouse::Error::File`], [`crate::warehouse::Error::Statement`].
pub(crate) fn remove(
    warehouse: &Warehouse,
    config: &Config,
) -> Result<(), crate::warehouse::Error> {
    let folders = folders(warehouse, config)?;
    folders.iter().try_for_each(|folder| remove_features(folder))
}

/// The tables as files, wherever they were written, as far as that is on this machine.
///
/// # Errors
/// [`crate::warehouse::Error::Statement`].
pub(crate) fn files(
    warehouse: &Warehouse,
    config: &Config,
) -> Result<Vec<PathBuf>, crate::warehouse::Error> {
    let folders = folders(warehouse, config)?.into_iter();
    let all = folders.flat_map(|folder| FEATURE_FILES.map(|name| folder.join(name)));
    let is_table = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "parquet");
    Ok(all.filter(|path| is_table(path) && path.exists()).collect())
}

/// The lake's own folder where it was written to, and the others that are there.
fn folders(
    warehouse: &Warehouse,
    config: &Config,
) -> Result<Vec<PathBuf>, crate::warehouse::Error> {
    let wish = warehouse.feature_wish()?.unwrap_or_default();
    let noted = wish.folders.iter().map(|folder| match folder.is_empty() {
        true => Some(usual_folder(config)),
        false => Some(PathBuf::from(folder)).filter(|folder| folder.exists()),
    });
    Ok(noted.flatten().collect())
}
