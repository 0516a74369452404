//! What in a playlist wants a look: songs that stand there twice, and rows that cannot be played.

use serde::Deserialize;

use super::playlist;
use crate::report::asked::{Asked, Drawn, Wanted};
use crate::report::charts::{Bar, Chart, Text, bars};
use crate::report::sections::{Entry, List};
use crate::report::words::{ONCE_PER_LIST, at_start, counted, day, either, how_many, spotify_page};
use crate::warehouse::Error;

#[derive(Deserialize)]
struct Duplicates {
    playlist_id: String,
    playlist_name: Option<String>,
    repeated_row_count: u64,
    alike_song_count: u64,
    all_repeated_count: u64,
    all_alike_count: u64,
}

#[derive(Deserialize)]
struct Duplicate {
    playlist_name: Option<String>,
    song_id: String,
    song_name: Option<String>,
    artist_name: Option<String>,
    row_count: u64,
    other_song_count: u64,
}

#[derive(Deserialize)]
struct Unavailable {
    playlist_id: String,
    playlist_name: Option<String>,
    removed_count: u64,
    taken_down_count: u64,
    all_count: u64,
}

#[derive(Deserialize)]
struct UnavailableRow {
    playlist_name: Option<String>,
    position: u64,
    song_id: String,
    added_on: Option<String>,
    reason: String,
}

pub(super) fn duplicates(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "Songs that stand there twice",
        question: "duplicates",
        head: &["Playlist", "Rows too many", "Songs alike"],
        nothing: "No playlist has a song twice",
    };
    asked.chart(&wanted, |rows: &[Duplicates]| {
        let (repeated, alike) = (rows[0].all_repeated_count, rows[0].all_alike_count);
        let once = if rows.len() > 1 { ONCE_PER_LIST } else { "" };
        let finding = format!(
            "{} {} a song that is there already; {} {} title and artist with another of the list{once}.",
            at_start(repeated, "row"),
            either(repeated, "repeats", "repeat"),
            counted(alike, "song"),
            either(alike, "shares", "share"),
        );
        let name = |row: &Duplicates| playlist(row.playlist_name.as_deref(), &row.playlist_id);
        let shown: Vec<Bar> = rows
            .iter()
            .map(|row| Bar {
                label: name(row),
                parts: vec![row.repeated_row_count as f64, row.alike_song_count as f64],
                shown: None,
            })
            .collect();
        let cells = rows.iter().map(|row| {
            vec![name(row), Text::count(row.repeated_row_count), Text::count(row.alike_song_count)]
        });
        let legend = ["rows too many", "songs alike"];
        Drawn { finding, picture: bars(&shown, &legend, 0.0), rows: cells.collect() }
    })
}

pub(super) fn unavailable(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "Rows that cannot be played",
        question: "unavailable",
        head: &["Playlist", "Removed", "Taken down"],
        nothing: "Every row can be played",
    };
    asked.chart(&wanted, |rows: &[Unavailable]| {
        let removed: u64 = rows.iter().map(|row| row.removed_count).sum();
        let taken_down: u64 = rows.iter().map(|row| row.taken_down_count).sum();
        let all = rows[0].all_count;
        let finding = format!(
            "{} cannot be played; of those shown, {} {} an empty place, and {} {} taken down.",
            at_start(all, "row"),
            how_many(removed),
            either(removed, "is", "are"),
            how_many(taken_down),
            either(taken_down, "was", "were"),
        );
        let name = |row: &Unavailable| playlist(row.playlist_name.as_deref(), &row.playlist_id);
        let shown: Vec<Bar> = rows
            .iter()
            .map(|row| Bar {
                label: name(row),
                parts: vec![row.removed_count as f64, row.taken_down_count as f64],
                shown: None,
            })
            .collect();
        let cells = rows.iter().map(|row| {
            vec![name(row), Text::count(row.removed_count), Text::count(row.taken_down_count)]
        });
        let legend = ["removed", "taken down"];
        Drawn { finding, picture: bars(&shown, &legend, 0.0), rows: cells.collect() }
    })
}

/// The first of both, by name and place.
pub(super) fn lists(asked: &Asked) -> Result<Vec<List>, Error> {
    // The question before it is cheaper, and most often says that there are none.
    let has_twice = !asked.rows::<Duplicates>("duplicates")?.is_empty();
    let twice: Vec<Duplicate> = if has_twice { asked.rows("duplicate_songs")? } else { Vec::new() };
    let twice = twice.iter().map(|row| {
        let times = match (row.row_count, row.other_song_count) {
            (1, others) => format!("and {} alike", counted(others, "song")),
            (rows, 0) => format!("{rows} times"),
            (rows, others) => format!("{rows} times, and {} alike", counted(others, "song")),
        };
        Entry {
            text: Text::linked(row.song_name.as_deref(), spotify_page("track", &row.song_id)),
            mark: None,
            detail: vec![
                Text::name(row.artist_name.as_deref()),
                Text::own(times),
                Text::name(row.playlist_name.as_deref()),
            ],
        }
    });
    let gone: Vec<UnavailableRow> = asked.rows("unavailable_songs")?;
    let gone = gone.iter().map(|row| {
        let reason = if row.reason == "taken_down" { "taken down" } else { "removed" };
        let added = row.added_on.as_deref().map(|on| Text::own(format!("added {}", day(on))));
        let place = Text::own(format!("place {}", row.position + 1));
        let page = spotify_page("track", &row.song_id);
        let link = page.map(|page| Text::Linked { name: row.song_id.clone(), page });
        let detail = [Some(place), Some(Text::own(reason)), added, link];
        Entry {
            text: Text::name(row.playlist_name.as_deref()),
            mark: None,
            detail: detail.into_iter().flatten().collect(),
        }
    });
    let lists = [
        List {
            title: Text::own("Duplicates to look at first"),
            entries: twice.collect(),
            left_out: 0,
        },
        List {
            title: Text::own("Latest of what cannot be played"),
            entries: gone.collect(),
            left_out: 0,
        },
    ];
    Ok(lists.into_iter().filter(|list| !list.entries.is_empty()).collect())
}
