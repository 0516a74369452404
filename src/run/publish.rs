//! Publish: the analysts' file is brought up to date and moved into place.

use super::Run;
use super::error::Error;
use super::transform::Transformed;
use crate::event::{Counts, Stage};
use crate::quality::QualityPassed;

/// Publishes the tables that passed, from the next version that the transform began, where it did.
pub(crate) fn publish(
    run: &mut Run<'_>,
    _: &QualityPassed,
    transformed: Transformed,
) -> Result<(), Error> {
    if !run.does(Stage::Publish) {
        return Ok(());
    }
    run.check_stop()?;
    run.enter(Stage::Publish)?;
    let published = run.config.data_dir.published();
    run.warehouse.publish(&published, transformed.next_version)?;
    let size_bytes = std::fs::metadata(&published).ok().map(|file| file.len());
    run.leave(Counts { file_count: Some(1), size_bytes, ..Counts::default() });
    Ok(())
}
