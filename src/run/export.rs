//! Export: writes what goes to the bucket below the local lake, and notes it in the ledger.

use super::Run;
use super::error::Error;
use crate::event::{Counts, Stage, Warning};
use crate::lake::{self, ExportSettings, Unshipped, WrittenFile, archive, manifest_key};
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
    let findings = &run.findings;
    let unshipped = Unshipped { run: &findings.run, counts: &findings.tables };
    let manifest = lake::export(&run.warehouse, passed, unshipped, &settings, run.events)?;
    let archive = written_archive(run, &settings)?;
    let key = manifest_key(&settings.prefix, &findings.run);
    let has_files = !manifest.files.is_empty();
    let manifest_file = has_files.then(|| manifest.write(&settings.lake, key)).transpose()?;
    let written = ledger::runs::Written {
        manifest: &manifest,
        manifest_file: manifest_file.as_ref(),
        archive: archive.as_ref(),
        counts: &findings.tables,
    };
    let now = run.now();
    ledger::runs::exported(&mut run.warehouse, &written, now)?;
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
    let archive = archive(&run.warehouse, &run.findings.run, &settings.lake, &settings.prefix)?;
    let Some(archive) = archive else { return Ok(None) };
    if archive.left_out_count > 0 {
        run.warn(Warning::ArchiveIncomplete { left_out_count: archive.left_out_count });
    }
    Ok(Some(archive.file))
}
