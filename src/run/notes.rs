//! What Spotify did not give, in words: nothing of it is an error, and a reader of the tables would wonder.

use super::error::Error;
use super::findings::Findings;
use crate::ids::{RunId, Table};
use crate::ledger::{self, Shipment};
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
    let unchanged = count(PlaylistStatus::Unchanged);
    // Recorded documents are what they are.
    if unchanged > 0 && findings.spotify.call_count > 0 {
        let (what, give) = match unchanged {
            1 => ("1 unchanged playlist".to_owned(), "gives"),
            _ => (format!("{unchanged} unchanged playlists"), "give"),
        };
        notes.push(format!(
            "{what} {give} no new observation of popularity; `--refetch-older-than 7d` reads them again when they are that old"
        ));
    }
    Ok(notes)
}

/// Says that no song has a popularity.
pub(crate) fn popularity(warehouse: &Warehouse) -> Result<Option<String>, crate::warehouse::Error> {
    let sql = "select count(*), count(popularity) from core.songs";
    let count = counted(warehouse, sql)?;
    Ok(count.map(|count| {
        format!(
            "Spotify gave no popularity for any of {count} songs (it gives none to apps in development mode)"
        )
    }))
}

/// Says that no artist that was asked for has a genre.
pub(crate) fn genres(warehouse: &Warehouse) -> Result<Option<String>, crate::warehouse::Error> {
    let given = ledger::runs::genres_given(warehouse)?;
    let count = (given.artist_count > 0 && given.genre_count == 0).then_some(given.artist_count);
    Ok(count.map(|count| {
        format!(
            "Spotify gave no genres for any of {count} artists (it gives none to apps in development mode)"
        )
    }))
}

/// Says that the rows of a settled file were looked for in the table.
pub(crate) fn settled(table: Table, row_count: u64) -> String {
    let (rows, stand) = if row_count == 1 { ("row", "stands") } else { ("rows", "stand") };
    format!(
        "{row_count} current {rows} of `{table}` {stand} in files that a repair or `reconcile` settled: not row by row, the whole table was compared by its keys and contents instead (not by `RUN_ID` and `EXTRACTED_AT`), and has them"
    )
}

/// Says which files of others a run takes along that ships every row itself.
pub(crate) fn open(shipments: &[Shipment], run: &RunId) -> Vec<String> {
    let others = shipments.iter().filter(|shipment| shipment.run.id != *run);
    let said = others.map(|Shipment { run, files, .. }| {
        let files = if files.len() == 1 { "1 file".to_owned() } else { format!("{} files", files.len()) };
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
