//! Export: writes what goes to the bucket below the local lake, and notes it in the ledger.

use super::Run;
use super::error::Error;
use crate::event::{Counts, Stage, Warning};
use crate::lake::{self, ExportSettings, WrittenFile, archive, manifest_key};
use crate::ledger;
use crate::quality::QualityPassed;

/// Writes the files, the archive where it is asked for, the manifest last, and notes all of them at once.
pub(crate) fn export(run: &mut Run<'_>, passed: &QualityPassed) -> Result<(), Error> {
    if !run.does(Stage::Export) {
        return Ok(());
    }
    run.check_stop()?;
    run.enter(Stage::Export)?;
    let settings = run.config.export_settings();
    let of_run = (run.id(), run.started_at(), run.findings.tables.as_slice());
    let manifest = lake::export(&run.warehouse, passed, of_run, &settings, run.events)?;
    let archive = written_archive(run, &settings)?;
    let key = manifest_key(&settings.prefix, run.id(), run.started_at());
    let has_files = !manifest.files.is_empty();
    let written = has_files.then(|| manifest.write(&settings.lake, key)).transpose()?;
    let (beside, now) = ((written.as_ref(), archive.as_ref()), run.now());
    let counts = &run.findings.tables;
    ledger::runs::exported(&mut run.warehouse, &manifest, beside, counts, now)?;
    run.findings.manifest = Some(manifest);
    run.leave(Counts::default());
    run.findings.reached = Stage::Export;
    Ok(())
}

/// Keeps the raw documents beside the files, where that is asked for.
fn written_archive(run: &Run<'_>, settings: &ExportSettings) -> Result<Option<WrittenFile>, Error> {
    if !run.settings.archive {
        return Ok(None);
    }
    let of_run = (run.id(), run.started_at());
    let archive = archive(&run.warehouse, of_run, &settings.lake, &settings.prefix)?;
    let Some(archive) = archive else { return Ok(None) };
    if archive.left_out_count > 0 {
        run.warn(Warning::ArchiveIncomplete { left_out_count: archive.left_out_count });
    }
    Ok(Some(archive.file))
}
