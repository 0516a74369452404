//! Upload: brings what is outstanding into the bucket, one run's files after the other's: what is wrong with one holds up no other.

use std::collections::BTreeSet;
use std::path::Path;

use super::error::Error;
use super::{Run, lost};
use crate::blocking::blocking;
use crate::event::{Counts, Stage, Warning};
use crate::lake::{
    self, ExportedFile, Shipment, Store, StuckFile, Uploaded, WrittenFile, archive, archive_key,
};
use crate::ledger::{self, Parcel, written};
use crate::snowflake::IngestMode;

/// Brings every outstanding file into the bucket and returns the proof for those that were not submitted yet.
///
/// What is about one run's files alone is kept in `held_up`, and the others go.
pub(crate) async fn upload(run: &mut Run<'_>) -> Result<Vec<Uploaded>, Error> {
    let uploaded = match run.only_verifies() {
        true => Vec::new(),
        false => upload_outstanding(run).await?,
    };
    run.leave(Counts::default());
    run.findings.reached = Stage::Upload;
    Ok(uploaded)
}

async fn upload_outstanding(run: &mut Run<'_>) -> Result<Vec<Uploaded>, Error> {
    let again = run.submits_announced();
    let is_to_go = |parcel: &&Parcel| parcel.unsubmitted(again).next().is_some();
    let to_go: Vec<Parcel> = run.findings.parcels.iter().filter(is_to_go).cloned().collect();
    if to_go.is_empty() {
        return Ok(Vec::new());
    }
    run.enter(Stage::Upload)?;
    let settings = run.config.store_settings(run.settings.shipping.store);
    let store = Box::pin(Store::open(&settings)).await?;
    let (mut all, mut arrived) = (Vec::new(), BTreeSet::new());
    for parcel in &to_go {
        run.check_stop()?;
        match upload_parcel(run, &store, parcel).await {
            Ok(Some(uploaded)) => {
                arrived.extend(uploaded.files().iter().map(|file| file.key.clone()));
                all.push(uploaded);
            }
            Ok(None) => {}
            Err(Error::Lake(error)) if error.is_about_one_file() => {
                run.findings.held_up.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    // Of what is not there nobody needs to ask.
    let waited_for: BTreeSet<&str> = to_go
        .iter()
        .flat_map(|parcel| parcel.unsubmitted(again))
        .map(|entry| entry.file.key.as_str())
        .filter(|key| !arrived.contains(*key))
        .collect();
    for parcel in &mut run.findings.parcels {
        parcel.entries.retain(|entry| !waited_for.contains(entry.file.key.as_str()));
    }
    run.findings.parcels.retain(|parcel| !parcel.entries.is_empty());
    Ok(all)
}

/// One run's files; `None` where none of them can go. Files that cannot are noted, and the others go without them.
async fn upload_parcel(
    run: &mut Run<'_>,
    store: &Store,
    parcel: &Parcel,
) -> Result<Option<Uploaded>, Error> {
    let mut files: Vec<ExportedFile> =
        parcel.unsubmitted(run.submits_announced()).map(|entry| entry.file.clone()).collect();
    // A bucket that sends events tells the pipe of a file at once, also where this command goes no further.
    if run.config.loads_by_event() {
        let now = run.now();
        ledger::files::announce(&mut run.warehouse, &files, IngestMode::Auto, now)?;
    }
    let lake = run.config.data_dir.lake();
    // It goes when everything else is there; then it vouches for what was there.
    let is_manifest_there = parcel.entries.iter().any(|entry| entry.state != "exported");
    let (archive, mut manifest) = blocking(|| {
        let archive = archive_of(run, parcel, &lake)?;
        let is_short = !is_manifest_there && lost::is_any_of(&run.warehouse, &parcel.run_id)?;
        let manifest = match is_short {
            true => write_manifest(run, parcel, &lake),
            false => manifest_of(run, parcel, &lake),
        };
        Ok::<_, Error>((archive, manifest?))
    })?;
    loop {
        let shipment =
            Shipment { lake: &lake, files: &files, archive: archive.as_ref(), manifest: &manifest };
        // Boxed: the SDK's futures are so deep that the compiler gives up on a run's.
        match Box::pin(lake::upload(store, &shipment, run.events, run.stop)).await {
            Ok(uploaded) => {
                let (step, now) = (("exported", "uploaded"), run.now());
                ledger::files::advance(&mut run.warehouse, uploaded.files(), step, now)?;
                return Ok(Some(uploaded));
            }
            Err(lake::Error::Stuck { files: stuck }) => {
                // The archive is no file of a table: the ledger knows of nothing that could replace it.
                let now = run.now();
                if lost::note(&mut run.warehouse, &stuck, now)? < stuck.len() {
                    return Err(lake::Error::Stuck { files: stuck }.into());
                }
                warn(run, &stuck);
                lost::settle(run)?;
                let is_stuck = |file: &ExportedFile| stuck.iter().any(|it| it.key == file.key);
                files.retain(|file| !is_stuck(file));
                if files.is_empty() {
                    return Ok(None);
                }
                if !is_manifest_there {
                    manifest = write_manifest(run, parcel, &lake)?;
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn warn(run: &Run<'_>, stuck: &[StuckFile]) {
    for StuckFile { key, error } in stuck {
        run.warn(Warning::FileStuck { key: key.clone(), error: error.in_words() });
    }
}

/// The run's manifest as it was written; what is no longer so is written anew, because the ledger knows all that stands in it.
fn manifest_of(run: &mut Run<'_>, parcel: &Parcel, lake: &Path) -> Result<WrittenFile, Error> {
    match written::written_manifest(&run.warehouse, &parcel.run_id)? {
        Some(file) if file.is_whole(lake) => Ok(file),
        Some(file) => {
            say_rewritten(run, &lake.join(&file.key));
            write_manifest(run, parcel, lake)
        }
        // An earlier version noted no checksum.
        None if lake.join(&parcel.manifest_key).exists() => {
            Ok(WrittenFile::of(lake, &parcel.manifest_key)?)
        }
        None => write_manifest(run, parcel, lake),
    }
}

fn write_manifest(run: &mut Run<'_>, parcel: &Parcel, lake: &Path) -> Result<WrittenFile, Error> {
    let manifest = written::manifest(&run.warehouse, &parcel.run_id, parcel.started_at)?;
    let file = manifest.write(lake, parcel.manifest_key.clone())?;
    written::manifest_written(&run.warehouse, parcel.run_id.as_str(), &file)?;
    Ok(file)
}

/// The archive beside the files, where the run was asked for one; written anew where it is not as it was.
fn archive_of(
    run: &mut Run<'_>,
    parcel: &Parcel,
    lake: &Path,
) -> Result<Option<WrittenFile>, Error> {
    let of_run = (&parcel.run_id, parcel.started_at);
    let Some(file) = written::written_archive(&run.warehouse, &parcel.run_id)? else {
        // An earlier version noted none.
        let key = archive_key(&run.config.prefix(), of_run.0, of_run.1);
        let is_there = lake.join(&key).exists();
        return Ok(is_there.then(|| WrittenFile::of(lake, &key)).transpose()?);
    };
    if file.is_whole(lake) {
        return Ok(Some(file));
    }
    let prefix = file.key.strip_suffix(&archive_key("", of_run.0, of_run.1)).unwrap_or_default();
    let written = archive(&run.warehouse, of_run, lake, prefix)?;
    match written {
        Some(written) => {
            say_rewritten(run, &lake.join(&file.key));
            written::archive_written(&run.warehouse, of_run.0.as_str(), &written.file)?;
            Ok(Some(written.file))
        }
        None => {
            let path = lake.join(&file.key).display().to_string();
            run.warn(Warning::ArchiveLost { path });
            Ok(None)
        }
    }
}

fn say_rewritten(run: &Run<'_>, path: &Path) {
    run.warn(Warning::Rewritten { path: path.display().to_string() });
}
