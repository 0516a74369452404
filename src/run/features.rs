//! The files of features, written again whenever the published file is another: they must not say what it no longer says. Those of the
//! lake's own folder go to the bucket, too, where there is one: the same keys each time, as with the marts.
//!
//! ```text
//! published ─▶ lacking ─▶ written ─▶ sent        as the ledger notes it: cut off anywhere, the next run goes on
//! ```
//!
//! Where lists came from Spotify's API since, and the user said nothing of those, everything stays as it was made before: a publish takes
//! nothing away. Who is forgotten is another matter.

use std::path::{Path, PathBuf};

use super::error::Error;
use super::job::Job;
use crate::blocking::blocking;
use crate::config::Config;
use crate::lake::{self, Store, features_folder};
use crate::ledger::features::{self, FilesAt};
use crate::phrase::counted;
use crate::warehouse::{FEATURE_FILES, PublishedFeatures, Warehouse, remove_features};

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

/// The same once the published file is another. Where its features stayed as they were, so do the files, which are where they were
/// before; what is to be said then.
///
/// # Errors
/// [`crate::warehouse::Error::File`], [`crate::warehouse::Error::Statement`].
pub(crate) fn renew_or_keep(
    warehouse: &mut Warehouse,
    config: &Config,
    were_at: FilesAt,
) -> Result<Option<String>, crate::warehouse::Error> {
    let Some(wish) = warehouse.feature_wish()? else { return Ok(None) };
    let there = warehouse.published_features(&config.data_dir.published())?;
    if wish.api_content || there.api_list_count == 0 {
        return renew(warehouse, config, None).map(|()| None);
    }
    features::have_files(warehouse, were_at)?;
    Ok(Some(not_renewed(&there)))
}

fn not_renewed(there: &PublishedFeatures) -> String {
    let lists = counted(there.api_list_count, "list");
    let stay = match (there.are_there, &there.as_of) {
        (true, Some(as_of)) => format!("they stay as of the run that began {as_of}"),
        (true, None) => "they stay as they were".to_owned(),
        (false, _) => {
            "the published file has none, and files written before stay as they are".to_owned()
        }
    };
    format!(
        "features are not renewed, {stay}: {lists} came from Spotify's API; `snowtrack features --i-may-use-api-content` makes them again, where you may"
    )
}

/// Brings them once somebody is forgotten, without whom the published file is. What it cannot have without them goes; what is to be said
/// then.
///
/// # Errors
/// As [`bring`].
pub(crate) async fn bring_without_forgotten(
    job: &Job<'_>,
    warehouse: &mut Warehouse,
) -> Result<Option<&'static str>, Error> {
    let (config, published) = (job.config, job.config.data_dir.published());
    if warehouse.feature_wish()?.is_none() {
        return Ok(None);
    }
    features::lack_files(warehouse)?;
    if published.exists() && warehouse.published_features(&published)?.are_there {
        bring(job, warehouse).await?;
        return Ok(None);
    }
    remove(warehouse, config)?;
    // There is nothing to bring until there are features again.
    features::have_files(warehouse, address(config).map_or(FilesAt::Written, FilesAt::Sent))?;
    Ok(Some(
        "features are removed, also where their files were written: they may hold who is forgotten, and cannot be made without them; where lists came from Spotify's API, `snowtrack features --i-may-use-api-content` makes them again, where you may",
    ))
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
