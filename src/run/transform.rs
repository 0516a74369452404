//! Transform: what is landed becomes rows of the shipped tables.

use super::error::Error;
use super::fetch::Fetched;
use super::publish::prepare_beside;
use super::{Run, lost, notes};
use crate::event::{Counts, Stage};
use crate::ledger;
use crate::warehouse::NextVersion;

/// The tables are as the run leaves them.
pub(crate) struct Transformed {
    /// The next version of the published file, where the run publishes.
    pub(crate) next_version: Option<NextVersion>,
}

/// Shapes what is landed, and counts what is in the tables.
pub(crate) fn transform(run: &mut Run<'_>, _: Fetched) -> Result<Transformed, Error> {
    let next_version = prepare_beside(run, shape_and_count)?;
    let row_count = Some(run.findings.tables.iter().map(|table| table.changed_row_count).sum());
    run.leave(Counts { row_count, ..Counts::default() });
    Ok(Transformed { next_version })
}

fn shape_and_count(run: &mut Run<'_>) -> Result<(), Error> {
    if run.does(Stage::Transform) {
        shape(run)?;
    }
    run.findings.tables = run.warehouse.table_counts()?;
    run.findings.notes = notes::of(&run.findings, &run.warehouse)?;
    let count = run.warehouse.pending_read_count()?;
    if run.does(Stage::Export) && 0 < count {
        return Err(Error::NotTransformed { count });
    }
    Ok(())
}

fn shape(run: &mut Run<'_>) -> Result<(), Error> {
    run.check_stop()?;
    run.enter(Stage::Transform)?;
    run.warehouse.transform()?;
    if run.settings.genres.is_some() {
        run.findings.unknown_artist_count = run.warehouse.tidy_genres()?;
    }
    if ledger::runs::is_full(&run.warehouse, run.id())? {
        run.warehouse.unship_everything()?;
    }
    lost::take_over(run)?;
    for (table, keys) in &run.settings.reship {
        run.warehouse.reship(*table, keys)?;
    }
    describe_playlists(run)
}

/// Adds what the transform knows about each playlist's rows.
fn describe_playlists(run: &mut Run<'_>) -> Result<(), Error> {
    let names = run.warehouse.playlist_names()?;
    let contents = run.warehouse.playlist_contents()?;
    for report in &mut run.findings.playlists {
        report.name = names.get(&report.playlist_id).cloned();
        if let Some(contents) = contents.get(&report.playlist_id) {
            report.row_count = contents.row_count;
            report.track_count = contents.track_count;
            report.episode_count = contents.episode_count;
            report.local_count = contents.local_count;
            report.removed_count = contents.removed_count;
            report.added_song_count = contents.added_song_count;
            report.removed_song_count = contents.removed_song_count;
        }
    }
    Ok(())
}
