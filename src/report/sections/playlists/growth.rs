//! How many songs the playlists held, and how much of their first state is left.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;

use super::playlist;
use crate::report::asked::{Asked, Drawn, Wanted};
use crate::report::charts::{Bar, Chart, Line, Point, Text, bars, lines};
use crate::report::words::{ONCE_PER_LIST, counted, day, decimal, how_many, percent, percents};
use crate::warehouse::Error;

#[derive(Deserialize)]
struct Held {
    playlist_id: String,
    playlist_name: Option<String>,
    day: NaiveDate,
    song_count: i64,
}

#[derive(Deserialize)]
struct Churn {
    playlist_id: String,
    playlist_name: Option<String>,
    added_song_count: u64,
    removed_song_count: u64,
    retained_share: Option<f64>,
    half_life_days: Option<f64>,
}

pub(super) fn held(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "Songs in the largest playlists",
        question: "held_songs",
        head: &["Playlist", "Day", "Songs"],
        nothing: "No playlist has a song yet",
    };
    asked.chart(&wanted, |rows: &[Held]| {
        let mut lists: Vec<&str> = Vec::new();
        for row in rows {
            if !lists.contains(&row.playlist_id.as_str()) {
                lists.push(&row.playlist_id);
            }
        }
        let days: BTreeMap<NaiveDate, ()> = rows.iter().map(|row| (row.day, ())).collect();
        let drawn: Vec<Line> = lists.iter().filter_map(|id| line(id, rows, &days)).collect();
        let at_end: f64 = drawn.iter().filter_map(|line| line.points.last()?.value).sum();
        let at_begin: f64 =
            drawn.iter().filter_map(|line| line.points.iter().find_map(|it| it.value)).sum();
        let begin =
            days.first_key_value().map_or_else(String::new, |(it, ())| day(&it.to_string()));
        let which = match lists.len() as u64 {
            1 => "The largest playlist".to_owned(),
            count => format!("The {count} largest playlists"),
        };
        let once = if lists.len() > 1 { ONCE_PER_LIST } else { "" };
        let finding = format!(
            "{which} held {} at the end of the day on which each was first read ({begin} for the first), and {} now{once}.",
            counted(at_begin.max(0.0) as u64, "song"),
            how_many(at_end.max(0.0) as u64)
        );
        let cells = rows.iter().map(|row| {
            vec![
                Text::name(row.playlist_name.as_deref()),
                Text::own(day(&row.day.to_string())),
                Text::count(row.song_count.max(0).unsigned_abs()),
            ]
        });
        Drawn { finding, picture: lines(&drawn), rows: cells.collect() }
    })
}

/// A playlist's line, which goes on where only another changed.
fn line(id: &str, rows: &[Held], days: &BTreeMap<NaiveDate, ()>) -> Option<Line> {
    let own: BTreeMap<NaiveDate, &Held> =
        rows.iter().filter(|row| row.playlist_id == id).map(|row| (row.day, row)).collect();
    let (first, named) = own.first_key_value()?;
    let points = days.range(*first..).map(|(day, ())| {
        let latest = own.range(..=*day).next_back();
        Point { day: *day, value: latest.map(|(_, row)| row.song_count as f64) }
    });
    Some(Line { name: Text::title(named.playlist_name.as_deref()), points: points.collect() })
}

pub(super) fn churn(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "What stays in a playlist",
        question: "churn",
        head: &["Playlist", "Added", "Removed", "Kept", "Half-life, days"],
        nothing: "No playlist has lost or won a song",
    };
    asked.chart(&wanted, |rows: &[Churn]| {
        let shares = percents(rows.iter().filter_map(|row| row.retained_share));
        let which = match rows {
            [_] => "One playlist has changed".to_owned(),
            rows => {
                format!("The {} shown have changed most", counted(rows.len() as u64, "playlist"))
            }
        };
        let finding = match shares {
            Some(shares) => format!("{which}; {shares} of the first songs are still there."),
            None => format!("{which}, and began without a song."),
        };
        let value = |value: Option<f64>, words: fn(f64) -> String| {
            value.map_or_else(|| Text::own("–"), |it| Text::figure(words(it)))
        };
        let name = |row: &Churn| playlist(row.playlist_name.as_deref(), &row.playlist_id);
        let shown: Vec<Bar> = rows
            .iter()
            .map(|row| Bar {
                label: name(row),
                parts: vec![row.retained_share.unwrap_or_default()],
                shown: Some(row.retained_share.map_or_else(|| "–".to_owned(), percent)),
            })
            .collect();
        let cells = rows.iter().map(|row| {
            vec![
                name(row),
                Text::count(row.added_song_count),
                Text::count(row.removed_song_count),
                value(row.retained_share, percent),
                value(row.half_life_days, decimal),
            ]
        });
        Drawn { finding, picture: bars(&shown, &[], 1.0), rows: cells.collect() }
    })
}
