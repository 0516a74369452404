//! Publish: the analysts' file is brought up to date and moved into place.
//!
//! Its next version is made beside other stages, because a copy takes as long as the disk needs: it is begun before the tables change
//! and has the changes while the checks look at them. Only what passed is finished; anything else is dropped, and leaves nothing.

use super::error::Error;
use super::{Run, features, saving};
use crate::blocking::blocking;
use crate::causes::chain;
use crate::event::{Counts, Stage, Warning};
use crate::ledger;
use crate::quality::QualityPassed;
use crate::warehouse::NextVersion;

/// Changes the tables by `shape`, with the next version of the published file beside it; `None` where the run does not publish.
pub(crate) fn prepare_beside(
    run: &mut Run<'_>,
    shape: impl FnOnce(&mut Run<'_>) -> Result<(), Error>,
) -> Result<Option<NextVersion>, Error> {
    if !run.does(Stage::Publish) {
        return shape(run).map(|()| None);
    }
    let next_version = NextVersion::begin(&run.warehouse, &run.config.data_dir.published())?;
    shape(run)?;
    next_version.apply_changes(&run.warehouse)?;
    Ok(Some(next_version))
}

/// Says in the published file, where there is one, how the run ended. What it says of rows is right without: a failure is only told.
pub(crate) fn renew_operations(run: &mut Run<'_>) {
    let target = run.config.data_dir.published();
    let renewed = run.warehouse.renew_operations(&target).and_then(|file| match file {
        Some(file) => ledger::consumers::renewed(&mut run.warehouse, &file),
        None => Ok(()),
    });
    if let Err(error) = renewed {
        run.warn(Warning::OperationsNotRenewed { error: chain(&error) });
    }
}

/// Publishes the tables that passed.
pub(crate) fn publish(
    run: &mut Run<'_>,
    _: &QualityPassed,
    next_version: Option<NextVersion>,
) -> Result<(), Error> {
    let Some(next_version) = next_version else { return Ok(()) };
    run.check_stop()?;
    run.enter(Stage::Publish)?;
    let features_at = ledger::features::files_at(&run.warehouse)?;
    saving::note_news(run)?;
    let Some(file) = next_version.finish(&run.warehouse)? else {
        run.leave(Counts { file_count: Some(0), ..Counts::default() });
        return Ok(());
    };
    ledger::consumers::published(&mut run.warehouse, &file)?;
    if let Some(told) = features::renew_or_keep(&mut run.warehouse, run.config, features_at)? {
        tracing::warn!("{told}");
        run.findings.notes.push(told);
    }
    let size_bytes = std::fs::metadata(run.config.data_dir.published()).ok().map(|file| file.len());
    run.leave(Counts { file_count: Some(1), size_bytes, ..Counts::default() });
    Ok(())
}

/// Says in the published file how the run ended, and puts that where the analysts want it.
pub(crate) async fn tell_analysts(run: &mut Run<'_>) -> Result<(), Error> {
    if run.stop.is_asked() {
        // The next run does it.
        return Ok(());
    }
    blocking(|| renew_operations(run));
    match run.findings.has_published {
        true => saving::put_published(run).await,
        false => Ok(()),
    }
}
