//! Brings what is outstanding into the bucket, one run's files after the other's: what is wrong with one holds up no other.

use std::collections::BTreeSet;
use std::path::Path;

use super::error::Error;
use super::findings::Story;
use super::job::Edge;
use super::lost;
use super::ship::{is_by_event, lake, store_settings};
use crate::blocking::blocking;
use crate::event::{Event, Stage};
use crate::lake;
use crate::lake::{
    ExportedFile, Shipment, Store, StuckFile, Uploaded, WrittenFile, archive, archive_key, upload,
};
use crate::ledger;
use crate::ledger::Parcel;
use crate::ledger::written;
use crate::snowflake::IngestMode;
use crate::warehouse::Warehouse;

impl Story {
    /// Brings every outstanding file into the bucket and returns the proof for those that no pipe has been told of.
    ///
    /// What is about one run's files alone is kept in `held_up`, and the others go.
    pub(crate) async fn upload(
        &mut self,
        edge: Edge<'_>,
        warehouse: &mut Warehouse,
    ) -> Result<Vec<Uploaded>, Error> {
        let again = edge.submits_announced();
        let is_to_go = |parcel: &&Parcel| parcel.unsubmitted(again).next().is_some();
        let to_go: Vec<Parcel> = self.parcels.iter().filter(is_to_go).cloned().collect();
        if to_go.is_empty() {
            return Ok(Vec::new());
        }
        self.enter(edge, warehouse, Stage::Upload)?;
        let settings = store_settings(edge.config, edge.settings.shipping.store);
        let store = Box::pin(Store::open(&settings)).await?;
        let (mut all, mut arrived) = (Vec::new(), BTreeSet::new());
        for parcel in &to_go {
            edge.check_stop()?;
            match upload_parcel(edge, warehouse, &store, parcel).await {
                Ok(Some(uploaded)) => {
                    arrived.extend(uploaded.files().iter().map(|file| file.key.clone()));
                    all.push(uploaded);
                }
                Ok(None) => {}
                Err(Error::Lake(error)) if error.is_about_one_file() => {
                    self.held_up.get_or_insert(error);
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
        for parcel in &mut self.parcels {
            parcel.entries.retain(|entry| !waited_for.contains(entry.file.key.as_str()));
        }
        self.parcels.retain(|parcel| !parcel.entries.is_empty());
        Ok(all)
    }
}

/// One run's files; `None` where none of them can go. Files that cannot are noted, and the others go without them.
async fn upload_parcel(
    edge: Edge<'_>,
    warehouse: &mut Warehouse,
    store: &Store,
    parcel: &Parcel,
) -> Result<Option<Uploaded>, Error> {
    let mut files: Vec<ExportedFile> =
        parcel.unsubmitted(edge.submits_announced()).map(|entry| entry.file.clone()).collect();
    // A bucket that sends events tells the pipe of a file at once, also where this command goes no further.
    if is_by_event(edge.config) {
        ledger::files::announce(warehouse, &files, IngestMode::Auto, edge.now())?;
    }
    let lake = lake(edge);
    // It goes when everything else is there; then it vouches for what was there.
    let is_manifest_there = parcel.entries.iter().any(|entry| entry.state != "exported");
    let (archive, mut manifest) = blocking(|| {
        let archive = archive_of(edge, warehouse, parcel, &lake)?;
        let is_short = !is_manifest_there && lost::is_any_of(warehouse, &parcel.run_id)?;
        let manifest = match is_short {
            true => write_manifest(warehouse, parcel, &lake),
            false => manifest_of(edge, warehouse, parcel, &lake),
        };
        Ok::<_, Error>((archive, manifest?))
    })?;
    loop {
        let shipment =
            Shipment { lake: &lake, files: &files, archive: archive.as_ref(), manifest: &manifest };
        // Boxed: the SDK's futures are so deep that the compiler gives up on a run's.
        match Box::pin(upload(store, &shipment, edge.events, edge.stop)).await {
            Ok(uploaded) => {
                ledger::files::advance(
                    warehouse,
                    uploaded.files(),
                    ("exported", "uploaded"),
                    edge.now(),
                )?;
                return Ok(Some(uploaded));
            }
            Err(lake::Error::Stuck { files: stuck }) => {
                // The archive is no file of a table: the ledger knows of nothing that could replace it.
                if lost::note(warehouse, &stuck, edge.now())? < stuck.len() {
                    return Err(lake::Error::Stuck { files: stuck }.into());
                }
                warn(edge, &stuck);
                lost::settle(edge, warehouse)?;
                let is_stuck = |file: &ExportedFile| stuck.iter().any(|it| it.key == file.key);
                files.retain(|file| !is_stuck(file));
                if files.is_empty() {
                    return Ok(None);
                }
                if !is_manifest_there {
                    manifest = write_manifest(warehouse, parcel, &lake)?;
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn warn(edge: Edge<'_>, stuck: &[StuckFile]) {
    for StuckFile { error, .. } in stuck {
        (edge.events)(Event::Warning(error.in_words()));
    }
}

/// The run's manifest as it was written; what is no longer so is written anew, because the ledger knows all that stands in it.
fn manifest_of(
    edge: Edge<'_>,
    warehouse: &mut Warehouse,
    parcel: &Parcel,
    lake: &Path,
) -> Result<WrittenFile, Error> {
    match written::written_manifest(warehouse, &parcel.run_id)? {
        Some(file) if file.is_whole(lake) => Ok(file),
        Some(file) => {
            say_rewritten(edge, &lake.join(&file.key));
            write_manifest(warehouse, parcel, lake)
        }
        // An earlier version noted no checksum.
        None if lake.join(&parcel.manifest_key).exists() => {
            Ok(WrittenFile::of(lake, &parcel.manifest_key)?)
        }
        None => write_manifest(warehouse, parcel, lake),
    }
}

fn write_manifest(
    warehouse: &mut Warehouse,
    parcel: &Parcel,
    lake: &Path,
) -> Result<WrittenFile, Error> {
    let manifest = written::manifest(warehouse, &parcel.run_id, parcel.started_at)?;
    let file = manifest.write(lake, parcel.manifest_key.clone())?;
    written::manifest_written(warehouse, &parcel.run_id, &file)?;
    Ok(file)
}

/// The archive beside the files, where the run was asked for one; written anew where it is not as it was.
fn archive_of(
    edge: Edge<'_>,
    warehouse: &mut Warehouse,
    parcel: &Parcel,
    lake: &Path,
) -> Result<Option<WrittenFile>, Error> {
    let run = (&parcel.run_id, parcel.started_at);
    let Some(file) = written::written_archive(warehouse, &parcel.run_id)? else {
        // An earlier version noted none.
        let key = archive_key(&crate::run::story::prefix(edge.config), run.0, run.1);
        let is_there = lake.join(&key).exists();
        return Ok(is_there.then(|| WrittenFile::of(lake, &key)).transpose()?);
    };
    if file.is_whole(lake) {
        return Ok(Some(file));
    }
    let prefix = file.key.strip_suffix(&archive_key("", run.0, run.1)).unwrap_or_default();
    let written = archive(warehouse, run, lake, prefix)?;
    match written {
        Some(written) => {
            say_rewritten(edge, &lake.join(&file.key));
            written::archive_written(warehouse, run.0, &written.file)?;
            Ok(Some(written.file))
        }
        None => {
            let path = lake.join(&file.key);
            let text = format!(
                "`{}` was changed or damaged, or is gone, and its documents are no longer here; the run's files go without it",
                path.display()
            );
            (edge.events)(Event::Warning(text));
            Ok(None)
        }
    }
}

fn say_rewritten(edge: Edge<'_>, path: &Path) {
    let path = path.display();
    let text = format!(
        "`{path}` was changed or damaged since it was written, or is gone; it is written anew from the ledger"
    );
    (edge.events)(Event::Warning(text));
}
