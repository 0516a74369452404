//! Upload: brings what is outstanding into the bucket, one run's files after the other's: what is wrong with one holds up no other.

use std::collections::BTreeSet;
use std::path::Path;

use super::error::Error;
use super::{Run, lost, pipes};
use crate::blocking::blocking;
use crate::event::{Counts, Stage, Warning};
use crate::lake::{
    self, ExportedFile, Store, StuckFile, ToUpload, Uploaded, WrittenFile, archive, archive_key,
};
use crate::ledger::{self, Shipment, ShippedFile, Step, written};
use crate::snowflake::IngestMode;
use crate::status::FileState;

/// Files of one run that are in the bucket whole: the lake's proof, with what the ledger knows of each.
pub(crate) struct UploadedShipment(Shipment);

impl UploadedShipment {
    /// What of a shipment is proven to be there.
    fn of(mut shipment: Shipment, proof: &Uploaded) -> Self {
        let keys: BTreeSet<&str> = proof.files().iter().map(|file| file.key.as_str()).collect();
        shipment.files.retain(|shipped| keys.contains(shipped.file.key.as_str()));
        Self(shipment)
    }

    /// The files, as the ledger knew them before they were uploaded.
    pub(crate) const fn shipment(&self) -> &Shipment {
        &self.0
    }
}

/// Brings every outstanding file into the bucket and returns those that were not submitted yet.
///
/// What is about one run's files alone is kept in `held_up`, and the others go.
pub(crate) async fn upload(run: &mut Run<'_>) -> Result<Vec<UploadedShipment>, Error> {
    let uploaded = match run.only_verifies() {
        true => Vec::new(),
        false => upload_outstanding(run).await?,
    };
    run.leave(Counts::default());
    run.findings.reached = Stage::Upload;
    Ok(uploaded)
}

async fn upload_outstanding(run: &mut Run<'_>) -> Result<Vec<UploadedShipment>, Error> {
    let again = run.submits_announced();
    let is_to_go = |it: &&Shipment| it.files.iter().any(|file| file.is_unsubmitted(again));
    let to_go: Vec<Shipment> = run.findings.shipments.iter().filter(is_to_go).cloned().collect();
    if to_go.is_empty() {
        return Ok(Vec::new());
    }
    run.enter(Stage::Upload)?;
    pipes::require_any(run).await?;
    let settings = run.config.store_settings(run.settings.shipping.store);
    let store = Box::pin(Store::open(&settings)).await?;
    let mut uploaded = Vec::new();
    for shipment in to_go {
        run.check_stop()?;
        match upload_shipment(run, &store, &shipment).await {
            Ok(Some(proof)) => uploaded.push(UploadedShipment::of(shipment, &proof)),
            Ok(None) => {}
            Err(Error::Lake(error)) if error.is_about_one_file() => {
                run.findings.held_up.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    // Of what is not there nobody needs to ask.
    let arrived = uploaded.iter().flat_map(|uploaded| uploaded.shipment().exported());
    let arrived: BTreeSet<&str> = arrived.map(|file| file.key.as_str()).collect();
    let is_asked_about = |shipped: &ShippedFile| {
        !shipped.is_unsubmitted(again) || arrived.contains(shipped.file.key.as_str())
    };
    for shipment in &mut run.findings.shipments {
        shipment.files.retain(is_asked_about);
    }
    run.findings.shipments.retain(|shipment| !shipment.files.is_empty());
    Ok(uploaded)
}

/// One run's files; `None` where none of them can go. Files that cannot are noted, and the others go without them.
async fn upload_shipment(
    run: &mut Run<'_>,
    store: &Store,
    shipment: &Shipment,
) -> Result<Option<Uploaded>, Error> {
    let again = run.submits_announced();
    let unsubmitted = shipment.files.iter().filter(|shipped| shipped.is_unsubmitted(again));
    let mut files: Vec<ExportedFile> = unsubmitted.map(|shipped| shipped.file.clone()).collect();
    // A bucket that sends events announces a file to its pipe at once, also where this command goes no further.
    if run.config.loads_by_event() {
        let now = run.now();
        ledger::files::mark_announced(&mut run.warehouse, &files, IngestMode::Auto, now)?;
    }
    let lake = run.config.data_dir.lake();
    // It goes when everything else is there; then it vouches for what was there.
    let is_manifest_there = shipment.files.iter().any(|it| it.state != FileState::Exported);
    let (archive, mut manifest) = blocking(|| {
        let archive = archive_of(run, shipment, &lake)?;
        let is_short = !is_manifest_there && lost::is_any_of(&run.warehouse, &shipment.run.id)?;
        let manifest = match is_short {
            true => write_manifest(run, shipment, &lake),
            false => manifest_of(run, shipment, &lake),
        };
        Ok::<_, Error>((archive, manifest?))
    })?;
    loop {
        let what =
            ToUpload { lake: &lake, files: &files, archive: archive.as_ref(), manifest: &manifest };
        // Boxed: the SDK's futures are so deep that the compiler gives up on a run's.
        match Box::pin(lake::upload(store, &what, run.events, run.stop)).await {
            Ok(uploaded) => {
                let (step, now) = (Step::UPLOADED, run.now());
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
                lost::supersede(run)?;
                let is_stuck = |file: &ExportedFile| stuck.iter().any(|it| it.key == file.key);
                files.retain(|file| !is_stuck(file));
                if files.is_empty() {
                    return Ok(None);
                }
                if !is_manifest_there {
                    manifest = write_manifest(run, shipment, &lake)?;
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
fn manifest_of(run: &mut Run<'_>, shipment: &Shipment, lake: &Path) -> Result<WrittenFile, Error> {
    match written::written_manifest(&run.warehouse, &shipment.run.id)? {
        Some(file) if file.is_whole(lake) => Ok(file),
        Some(file) => {
            say_rewritten(run, &lake.join(&file.key));
            write_manifest(run, shipment, lake)
        }
        // An earlier version noted no checksum.
        None if lake.join(&shipment.manifest_key).exists() => {
            Ok(WrittenFile::of(lake, &shipment.manifest_key)?)
        }
        None => write_manifest(run, shipment, lake),
    }
}

fn write_manifest(
    run: &mut Run<'_>,
    shipment: &Shipment,
    lake: &Path,
) -> Result<WrittenFile, Error> {
    let manifest = written::manifest(&run.warehouse, &shipment.run)?;
    let file = manifest.write(lake, shipment.manifest_key.clone())?;
    written::manifest_written(&run.warehouse, shipment.run.id.as_str(), &file)?;
    Ok(file)
}

/// The archive beside the files, where the run was asked for one; written anew where it is not as it was.
fn archive_of(
    run: &mut Run<'_>,
    shipment: &Shipment,
    lake: &Path,
) -> Result<Option<WrittenFile>, Error> {
    let Some(file) = written::written_archive(&run.warehouse, &shipment.run.id)? else {
        // An earlier version noted none.
        let key = archive_key(&run.config.prefix(), &shipment.run);
        let is_there = lake.join(&key).exists();
        return Ok(is_there.then(|| WrittenFile::of(lake, &key)).transpose()?);
    };
    if file.is_whole(lake) {
        return Ok(Some(file));
    }
    let prefix = file.key.strip_suffix(&archive_key("", &shipment.run)).unwrap_or_default();
    let written = archive(&run.warehouse, &shipment.run, lake, prefix)?;
    match written {
        Some(written) => {
            say_rewritten(run, &lake.join(&file.key));
            written::archive_written(&run.warehouse, shipment.run.id.as_str(), &written.file)?;
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
