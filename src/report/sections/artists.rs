//! Whose songs they are, and how much a few have of them.

use serde::Deserialize;

use super::Section;
use crate::report::asked::{Asked, Drawn, Wanted};
use crate::report::charts::{Bar, Chart, Column, Text, bars, columns};
use crate::report::words::{
    at_start, counted, either, grouped, percent, percents, share, spotify_page,
};
use crate::warehouse::Error;

#[derive(Deserialize)]
struct Artist {
    artist_id: String,
    artist_name: Option<String>,
    song_count: u64,
    primary_song_count: u64,
    playlist_count: u64,
}

#[derive(Deserialize)]
struct Step {
    step: u64,
    artist_count: u64,
    song_count: u64,
}

#[derive(Deserialize)]
struct Concentration {
    playlist_id: String,
    playlist_name: Option<String>,
    artist_count: u64,
    top_10_share: Option<f64>,
    gini: Option<f64>,
}

pub(super) fn section(asked: &Asked) -> Result<Section, Error> {
    let parts = vec![top(asked)?.into(), tail(asked)?.into(), concentration(asked)?.into()];
    let lede =
        "Whose songs the playlists hold, and how much of them a few artists have.".to_owned();
    Ok(Section { title: "Artists", lede, parts })
}

fn top(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "Artists with most songs",
        question: "top_artists",
        head: &["Artist", "Songs", "As first artist", "Playlists"],
        nothing: "No playlist has an artist yet",
    };
    asked.chart(&wanted, |rows: &[Artist]| {
        let most = rows[0].song_count;
        let least = rows.iter().map(|row| row.song_count).min().unwrap_or_default();
        let finding = match rows.len() {
            count if count > 1 && least == most => {
                format!("The {count} artists with most songs have {} each.", counted(most, "song"))
            }
            1 => format!("One artist alone has {}.", counted(most, "song")),
            count => {
                format!("The {count} artists with most songs have {least} to {most} songs each.")
            }
        };
        let name = |row: &Artist| {
            Text::linked(row.artist_name.as_deref(), spotify_page("artist", &row.artist_id))
        };
        let shown: Vec<Bar> = rows
            .iter()
            .map(|row| Bar { label: name(row), parts: vec![row.song_count as f64], shown: None })
            .collect();
        let cells = rows.iter().map(|row| {
            vec![
                name(row),
                Text::count(row.song_count),
                Text::count(row.primary_song_count),
                Text::count(row.playlist_count),
            ]
        });
        Drawn { finding, picture: bars(&shown, &[], 0.0), rows: cells.collect() }
    })
}

/// The steps of the question, in words.
const STEPS: [&str; 6] = ["1", "2", "3–4", "5–9", "10–19", "20+"];

fn tail(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "Artists by number of songs",
        question: "artist_tail",
        head: &["Songs", "Artists", "Songs of theirs"],
        nothing: "No artist has a song yet",
    };
    asked.chart(&wanted, |rows: &[Step]| {
        let word = |step: u64| {
            let at = usize::try_from(step).unwrap_or_default().saturating_sub(1);
            STEPS.get(at).copied().unwrap_or_default()
        };
        let all: u64 = rows.iter().map(|row| row.artist_count).sum();
        let once: u64 = rows.iter().filter(|row| row.step == 1).map(|row| row.artist_count).sum();
        let finding = match (all, once) {
            (1, 1) => "The only artist has a single song.".to_owned(),
            _ => format!(
                "{} of {} {} a single song, {}.",
                at_start(once, "artist"),
                grouped(all),
                either(once, "has", "have"),
                percent(share(once, all))
            ),
        };
        let count = |step: u64| {
            rows.iter().filter(|row| row.step == step).map(|row| row.artist_count as f64).sum()
        };
        let shown: Vec<Column> = (1..=STEPS.len() as u64)
            .map(|step| Column { label: word(step).to_owned(), parts: vec![count(step)] })
            .collect();
        let cells = rows.iter().map(|row| {
            vec![
                Text::own(word(row.step)),
                Text::count(row.artist_count),
                Text::count(row.song_count),
            ]
        });
        Drawn { finding, picture: columns(&shown, &[]), rows: cells.collect() }
    })
}

fn concentration(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "What the ten largest artists hold",
        question: "concentration",
        head: &["Playlist", "Share of ten", "Gini", "Artists"],
        nothing: "No playlist has a known artist",
    };
    asked.chart(&wanted, |rows: &[Concentration]| {
        let shares = percents(rows.iter().filter_map(|row| row.top_10_share)).unwrap_or_default();
        let finding = match rows {
            [_] => format!("The ten largest artists of the playlist have {shares} of its songs."),
            rows => format!(
                "In the {} shown the ten largest artists have {shares} of the songs.",
                counted(rows.len() as u64, "playlist")
            ),
        };
        let name = |row: &Concentration| {
            Text::linked(row.playlist_name.as_deref(), spotify_page("playlist", &row.playlist_id))
        };
        let value = |value: Option<f64>, words: fn(f64) -> String| {
            value.map_or_else(|| Text::own("–"), |it| Text::figure(words(it)))
        };
        let shown: Vec<Bar> = rows
            .iter()
            .map(|row| Bar {
                label: name(row),
                parts: vec![row.top_10_share.unwrap_or_default()],
                shown: Some(row.top_10_share.map_or_else(|| "–".to_owned(), percent)),
            })
            .collect();
        let cells = rows.iter().map(|row| {
            vec![
                name(row),
                value(row.top_10_share, percent),
                value(row.gini, |it| format!("{it:.2}")),
                Text::count(row.artist_count),
            ]
        });
        Drawn { finding, picture: bars(&shown, &[], 1.0), rows: cells.collect() }
    })
}
