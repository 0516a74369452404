//! What the latest change brought, and when the ones before it were.

use serde::Deserialize;

use super::{Entry, List, Mark, Part, Section};
use crate::report::asked::{Asked, Drawn, Wanted};
use crate::report::charts::{Bar, Chart, Column, Text, columns, two_sided_bars};
use crate::report::words::{
    ONCE_PER_LIST, at_start, counted, day, day_of, how_many, moment, spotify_page,
};
use crate::warehouse::Error;

#[derive(Deserialize)]
struct Changed {
    playlist_id: String,
    playlist_name: Option<String>,
    changed_at: String,
    added_song_count: u64,
    removed_song_count: u64,
    playlist_count: u64,
    all_added_count: u64,
    all_removed_count: u64,
}

#[derive(Deserialize)]
struct Song {
    playlist_id: String,
    change: String,
    song_id: String,
    song_name: Option<String>,
}

#[derive(Deserialize)]
struct Day {
    changed_on: String,
    added_song_count: u64,
    removed_song_count: u64,
}

/// Playlists whose songs are named.
const NAMED_PLAYLISTS: usize = 6;

const LEGEND: [&str; 2] = ["added", "removed"];

pub(super) fn section(asked: &Asked) -> Result<Section, Error> {
    let changed: Vec<Changed> = asked.rows("latest_changes")?;
    let mut parts: Vec<Part> = vec![latest(asked)?.into(), history(asked)?.into()];
    let songs: Vec<Song> =
        if changed.is_empty() { Vec::new() } else { asked.rows("latest_songs")? };
    parts.extend(changed.iter().take(NAMED_PLAYLISTS).map(|it| Part::List(list(it, &songs))));
    let lede = match changed.first() {
        Some(first) => {
            let more = (changed.len() > NAMED_PLAYLISTS)
                .then_some(" The songs of those that changed most are named.");
            let at = moment(&first.changed_at);
            format!("The latest change was read on {at}.{}", more.unwrap_or_default())
        }
        None => "No playlist has changed since it was first read. Changes show from the second reading on.".to_owned(),
    };
    Ok(Section { title: "What changed", lede, parts })
}

fn latest(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "Songs that came and went",
        question: "latest_changes",
        head: &["Playlist", "Added", "Removed"],
        nothing: "No song came or went yet",
    };
    asked.chart(&wanted, |rows: &[Changed]| {
        let first = &rows[0];
        let (added, removed) = (first.all_added_count, first.all_removed_count);
        let once = if first.playlist_count > 1 { ONCE_PER_LIST } else { "" };
        let finding = format!(
            "{} came and {} went, in {}{once}.",
            at_start(added, "song"),
            how_many(removed),
            counted(first.playlist_count, "playlist")
        );
        let name = |row: &Changed| {
            Text::linked(row.playlist_name.as_deref(), spotify_page("playlist", &row.playlist_id))
        };
        let bars: Vec<Bar> = rows
            .iter()
            .map(|row| Bar {
                label: name(row),
                parts: vec![row.added_song_count as f64, row.removed_song_count as f64],
                shown: None,
            })
            .collect();
        let cells = rows.iter().map(|row| {
            vec![name(row), Text::count(row.added_song_count), Text::count(row.removed_song_count)]
        });
        Drawn { finding, picture: two_sided_bars(&bars, LEGEND), rows: cells.collect() }
    })
}

fn history(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "Changes by day",
        question: "change_history",
        head: &["Day", "Added", "Removed"],
        nothing: "Nothing has changed between two readings yet",
    };
    asked.chart(&wanted, |rows: &[Day]| {
        let count = |row: &Day| row.added_song_count + row.removed_song_count;
        let days = rows.len() as u64;
        let busiest = rows.iter().max_by_key(|row| count(row));
        let finding = busiest.map_or_else(String::new, |busiest| {
            let moved = at_start(count(busiest), "song");
            let on = day(&busiest.changed_on);
            match days {
                1 => format!("{moved} came or went on {on}, the only day with a change{ONCE_PER_LIST}."),
                _ => format!("{moved} came or went on {on}; no other of the last {days} days with a change had more{ONCE_PER_LIST}."),
            }
        });
        let shown: Vec<Column> = rows
            .iter()
            .rev()
            .map(|row| Column {
                label: day_of(&row.changed_on)
                    .map_or_else(String::new, |day| day.format("%-d %b %y").to_string()),
                parts: vec![row.added_song_count as f64, row.removed_song_count as f64],
            })
            .collect();
        let cells = rows.iter().map(|row| {
            vec![
                Text::own(day(&row.changed_on)),
                Text::count(row.added_song_count),
                Text::count(row.removed_song_count),
            ]
        });
        Drawn { finding, picture: columns(&shown, &LEGEND), rows: cells.collect() }
    })
}

fn list(changed: &Changed, songs: &[Song]) -> List {
    let own: Vec<&Song> =
        songs.iter().filter(|song| song.playlist_id == changed.playlist_id).collect();
    let entries: Vec<Entry> = own
        .iter()
        .map(|song| Entry {
            text: Text::linked(song.song_name.as_deref(), spotify_page("track", &song.song_id)),
            mark: Some(if song.change == "added" { Mark::Added } else { Mark::Removed }),
            detail: Vec::new(),
        })
        .collect();
    let all = changed.added_song_count + changed.removed_song_count;
    List {
        title: Text::title(changed.playlist_name.as_deref()),
        left_out: all.saturating_sub(entries.len() as u64),
        entries,
    }
}
