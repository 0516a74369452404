//! What Spotify did not give, in words: nothing of it is an error, and a reader of the tables would wonder.

use super::error::Error;
use super::findings::Findings;
use super::report::PlaylistReport;
use crate::ids::{RunId, Table};
use crate::ledger::{self, Shipment};
use crate::phrase::{self, either};
use crate::status::PlaylistStatus;
use crate::warehouse::Warehouse;

/// What a run's reader should know of what it read.
pub(crate) fn of(findings: &Findings, warehouse: &Warehouse) -> Result<Vec<String>, Error> {
    let count = |status: PlaylistStatus| {
        findings.playlists.iter().filter(|it| it.status == status).count() as u64
    };
    let mut notes = Vec::new();
    if count(PlaylistStatus::Fetched) > 0 {
        notes.extend(popularity(warehouse)?);
    }
    if findings.enrichment.artist_count > 0 {
        notes.extend(genres(warehouse)?);
    }
    if findings.unknown_artist_count > 0 {
        let count = findings.unknown_artist_count;
        notes.push(format!(
            "{count} of the artists in the file of genres {} in no playlist that was read: given again when they are, theirs land, too",
            if count == 1 { "is" } else { "are" }
        ));
    }
    notes.extend(unnamed(findings));
    let unchanged = count(PlaylistStatus::Unchanged);
    // Recorded documents are what they are.
    if unchanged > 0 && findings.spotify.call_count > 0 {
        let what = phrase::counted(unchanged, "unchanged playlist");
        let give = either(unchanged, "gives", "give");
        notes.push(format!(
            "{what} {give} no new observation of popularity; `--refetch-older-than 7d` reads them again when they are that old"
        ));
    }
    Ok(notes)
}

/// Says of which playlists that were read Spotify did not say what they are called.
fn unnamed(findings: &Findings) -> Option<String> {
    let is_unnamed =
        |it: &&PlaylistReport| it.status == PlaylistStatus::Fetched && it.name.is_none();
    let unnamed = findings.playlists.iter().filter(is_unnamed);
    let ids: Vec<String> = unnamed.map(|it| format!("`{}`", it.playlist_id)).collect();
    let is_asked = 0 < findings.spotify.call_count && !ids.is_empty();
    is_asked.then(|| {
        let (it, are) = (either(ids.len(), "it", "them"), either(ids.len(), "it is", "they are"));
        format!(
            "Spotify gave no name of {}; where it named no owner of {it} either, {are} read anew by the next run",
            phrase::listed(&ids)
        )
    })
}

/// Says that no song has a popularity.
pub(crate) fn popularity(warehouse: &Warehouse) -> Result<Option<String>, crate::warehouse::Error> {
    let sql = "select count(*), count(popularity) from core.songs";
    let count = counted(warehouse, sql)?;
    Ok(count.map(|count| {
        format!(
            "Spotify gave no popularity for any of {} (it gives none to apps in development mode)",
            phrase::counted(count, "song")
        )
    }))
}

/// Says that no artist that was asked for has a genre.
pub(crate) fn genres(warehouse: &Warehouse) -> Result<Option<String>, crate::warehouse::Error> {
    let given = ledger::runs::genres_given(warehouse)?;
    let count = (given.artist_count > 0 && given.genre_count == 0).then_some(given.artist_count);
    Ok(count.map(|count| {
        format!(
            "Spotify gave no genres for any of {} (it gives none to apps in development mode)",
            phrase::counted(count, "artist")
        )
    }))
}

/// Says that the rows of a settled file were looked for in the table.
pub(crate) fn settled(table: Table, row_count: u64) -> String {
    let rows = phrase::counted(row_count, "current row");
    let stand = either(row_count, "stands", "stand");
    format!(
        "{rows} of `{table}` {stand} in files that a repair or `reconcile` settled: not row by row, the whole table was compared by its keys and contents instead (not by `RUN_ID` and `EXTRACTED_AT`), and has them"
    )
}

/// Says which files of others a run takes along that ships every row itself.
pub(crate) fn open(shipments: &[Shipment], run: &RunId) -> Vec<String> {
    let others = shipments.iter().filter(|shipment| shipment.run.id != *run);
    let said = others.map(|Shipment { run, files, .. }| {
        let files = phrase::counted(files.len() as u64, "file");
        format!("{files} of run {} had not arrived: what is open goes along; this run ships every row in new files", run.id)
    });
    said.collect()
}

/// Of how many there is not one.
fn counted(warehouse: &Warehouse, sql: &str) -> Result<Option<u64>, crate::warehouse::Error> {
    let rows = warehouse.rows(sql, "look for what Spotify did not give", |row| {
        Ok((row.get::<_, u64>(0)?, row.get::<_, u64>(1)?))
    })?;
    Ok(rows.into_iter().find_map(|(count, given)| (count > 0 && given == 0).then_some(count)))
}
