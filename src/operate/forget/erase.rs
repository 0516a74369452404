//! What went out of the tables goes everywhere else: objects in every version, landing rows, manifests, archives, and what lies about on
//! this machine. Each step can be done again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::json;

use super::Scope;
use super::error::Error;
use super::places::{Places, remove_file, remove_folder};
use crate::event::Events;
use crate::ids::Table;
use crate::lake::{self, Redaction, ToUpload, WrittenFile, redact_archive};
use crate::ledger::forgets::{self, HeldArchive, RunOfErasure};
use crate::ledger::written;
use crate::status::FileState;
use crate::warehouse::{Theirs, Warehouse};

/// Erases the files of which the other rows have arrived.
pub(super) async fn files(
    warehouse: &mut Warehouse,
    places: &Places<'_>,
    events: Events<'_>,
) -> Result<(), Error> {
    forgets::supersede(warehouse, places.now())?;
    let runs = forgets::runs_of_erasure(warehouse)?;
    let mut keys: BTreeMap<Table, Vec<String>> = BTreeMap::new();
    for run in &runs {
        for (table, key) in forgets::files_of_erasure(warehouse, &run.run.id)? {
            keys.entry(table).or_default().push(key);
        }
    }
    // The objects first: what is not there any more is not loaded behind our back.
    for key in keys.values().flatten() {
        places.check_stop()?;
        if let Some(bucket) = places.bucket() {
            bucket.erase(key).await?;
        }
        remove_file(&places.lake().join(key))?;
    }
    landing_rows(places, &keys).await?;
    for run in &runs {
        manifest(warehouse, places, run, events).await?;
        let of_run = forgets::files_of_erasure(warehouse, &run.run.id)?;
        let of_run: Vec<String> = of_run.into_iter().map(|(_, key)| key).collect();
        forgets::erased(warehouse, &of_run, places.now())?;
    }
    Ok(())
}

/// Deletes the rows of files, one statement a table.
pub(super) async fn landing_rows(
    places: &Places<'_>,
    keys: &BTreeMap<Table, Vec<String>>,
) -> Result<(), Error> {
    let Some(account) = &places.account else { return Ok(()) };
    for (table, keys) in keys {
        let sql = account.names.delete_files(*table);
        places.ask(account, sql, vec![json!(keys).to_string()]).await?;
    }
    Ok(())
}

/// Writes a run's manifest anew without the files that go; where none is left, it goes, too.
async fn manifest(
    warehouse: &Warehouse,
    places: &Places<'_>,
    RunOfErasure { run, manifest_key }: &RunOfErasure,
    events: Events<'_>,
) -> Result<(), Error> {
    let rest = written::manifest(warehouse, run)?;
    if rest.files.is_empty() {
        if let Some(bucket) = places.bucket() {
            bucket.erase(manifest_key).await?;
        }
        remove_file(&places.lake().join(manifest_key))?;
        return Ok(forgets::lose_manifest(warehouse, &run.id)?);
    }
    let keys: BTreeSet<&str> = rest.files.iter().map(|file| file.key.as_str()).collect();
    let held = forgets::held_files(warehouse)?;
    let is_sent = held
        .iter()
        .any(|file| keys.contains(file.key.as_str()) && file.state != FileState::Exported);
    let file = rest.write(&places.lake(), manifest_key.clone())?;
    written::manifest_written(warehouse, run.id.as_str(), &file)?;
    match is_sent {
        true => replace(places, &file, events).await,
        false => Ok(()),
    }
}

/// Puts a file of the local lake in the place of whatever versions its object has.
async fn replace(places: &Places<'_>, file: &WrittenFile, events: Events<'_>) -> Result<(), Error> {
    let Some(bucket) = places.bucket() else { return Ok(()) };
    bucket.erase(&file.key).await?;
    let lake = places.lake();
    let what = ToUpload { lake: &lake, files: &[], archive: None, manifest: file };
    Box::pin(lake::upload(&places.store, &what, events, places.job.stop)).await?;
    Ok(())
}

/// Writes every archive anew that names them.
pub(super) async fn archives(
    warehouse: &Warehouse,
    places: &Places<'_>,
    theirs: &Theirs,
    events: Events<'_>,
) -> Result<(), Error> {
    for archive in forgets::archives(warehouse)? {
        places.check_stop()?;
        let local = places.lake().join(&archive.key);
        let remote = places.fetched(&archive.key, None).await?;
        let of_bucket = match &remote {
            Some(path) => redact(places, path, "of_bucket", theirs)?,
            None => Redaction::Clean,
        };
        let here = match local.exists() {
            true => redact(places, &local, "here", theirs)?,
            false => Redaction::Clean,
        };
        match (of_bucket, here) {
            (Redaction::Nothing, _) | (_, Redaction::Nothing) => {
                lose(warehouse, places, &archive).await?;
            }
            (Redaction::Rest(path), _) | (Redaction::Clean, Redaction::Rest(path)) => {
                let file = keep(warehouse, places, &archive, &path)?;
                if remote.is_some() {
                    replace(places, &file, events).await?;
                }
            }
            // Killed between the two halves of a replacement.
            (Redaction::Clean, Redaction::Clean) if remote.is_none() && local.exists() => {
                let file = WrittenFile::of(&places.lake(), &archive.key)?;
                replace(places, &file, events).await?;
            }
            // Killed between a replacement and its note, on this machine or another.
            (Redaction::Clean, Redaction::Clean) if remote.is_some() => {
                let file = WrittenFile::of(&places.aside(), &archive.key)?;
                written::archive_written(warehouse, &archive.run_id, &file)?;
            }
            (Redaction::Clean, Redaction::Clean) => {}
        }
    }
    Ok(())
}

fn redact(
    places: &Places<'_>,
    path: &Path,
    name: &str,
    theirs: &Theirs,
) -> Result<Redaction, Error> {
    Ok(redact_archive(path, &places.aside().join(name), theirs)?)
}

/// The rest of an archive takes its place here, and in the ledger.
fn keep(
    warehouse: &Warehouse,
    places: &Places<'_>,
    archive: &HeldArchive,
    rest: &Path,
) -> Result<WrittenFile, Error> {
    let lake = places.lake();
    let path = lake.join(&archive.key);
    let failed = |source| crate::run::Error::File { doing: "write", path: path.clone(), source };
    let folder = path.parent().unwrap_or(&lake);
    std::fs::create_dir_all(folder).and_then(|()| std::fs::rename(rest, &path)).map_err(failed)?;
    let file = WrittenFile::of(&lake, &archive.key)?;
    written::archive_written(warehouse, &archive.run_id, &file)?;
    Ok(file)
}

async fn lose(
    warehouse: &Warehouse,
    places: &Places<'_>,
    archive: &HeldArchive,
) -> Result<(), Error> {
    if let Some(bucket) = places.bucket() {
        bucket.erase(&archive.key).await?;
    }
    remove_file(&places.lake().join(&archive.key))?;
    Ok(forgets::lose_archive(warehouse, &archive.run_id)?)
}

/// Erases what was made of the published file, whosever rows it has: the same command makes it again without theirs.
pub(super) async fn processed(places: &Places<'_>) -> Result<(), Error> {
    let prefix = places.processed();
    if let Some(bucket) = places.bucket() {
        for version in bucket.versions(&prefix).await? {
            places.check_stop()?;
            bucket.delete_version(&version.key, &version.version_id).await?;
        }
    }
    remove_folder(&places.lake().join(prefix))
}

/// What lies about on this machine and is made again when it is needed; and the login, where it is the user who goes.
pub(super) fn rest_of_this_machine(places: &Places<'_>, scope: &Scope) -> Result<(), Error> {
    let data_dir = &places.job.config.data_dir;
    for path in [data_dir.refused(), data_dir.status(), data_dir.findings(), data_dir.report()] {
        remove_file(&path)?;
    }
    match scope {
        Scope::Playlist(_) => Ok(()),
        Scope::User | Scope::Everything => login(places),
    }
}

/// The stored login, and what a killed process may have left of a new one.
fn login(places: &Places<'_>) -> Result<(), Error> {
    let token = places.job.config.data_dir.token();
    remove_file(&token.with_extension("json.new"))?;
    remove_file(&token)
}
