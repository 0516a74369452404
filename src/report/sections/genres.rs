//! Of which genres the artists are, and of how many songs that is known.

use serde::Deserialize;

use super::{Part, Section};
use crate::report::asked::{Asked, Drawn, Wanted};
use crate::report::charts::{Bar, Chart, Text, bars};
use crate::report::words::{counted, grouped, percent, share, spotify_page};
use crate::warehouse::Error;

#[derive(Deserialize)]
struct Genre {
    genre: String,
    song_count: u64,
    playlist_count: u64,
}

#[derive(Deserialize)]
struct Coverage {
    playlist_id: String,
    playlist_name: Option<String>,
    song_count: u64,
    known_song_count: u64,
    all_song_count: u64,
    all_known_count: u64,
}

pub(super) fn section(asked: &Asked) -> Result<Section, Error> {
    let genres: Vec<Genre> = asked.rows("genres")?;
    let title = "Genres";
    if genres.is_empty() {
        let words = "Genres: Spotify gave none. New apps get none, and Spotify calls the field obsolete. \
            `snowtrack run --genres FILE.csv` (artist_id,genre) brings those of another source, and charts of them stand here.";
        let lede = "No genre is known of any artist.".to_owned();
        return Ok(Section { title, lede, parts: vec![Part::Note { title: "No genres", words }] });
    }
    let parts = vec![top(asked)?.into(), coverage(asked)?.into()];
    let lede =
        "A song has its artist's genres. Shares are of the songs whose artist has one.".to_owned();
    Ok(Section { title, lede, parts })
}

fn top(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "Genres with most songs",
        question: "genres",
        head: &["Genre", "Songs", "Playlists"],
        nothing: "No song has a known genre",
    };
    asked.chart(&wanted, |rows: &[Genre]| {
        let finding = match rows.len() {
            1 => format!("The only genre known has {}.", counted(rows[0].song_count, "song")),
            _ => format!(
                "The largest genre has {}, the second {}.",
                counted(rows[0].song_count, "song"),
                grouped(rows[1].song_count)
            ),
        };
        let name = |row: &Genre| Text::name(Some(&row.genre));
        let shown: Vec<Bar> = rows
            .iter()
            .map(|row| Bar { label: name(row), parts: vec![row.song_count as f64], shown: None })
            .collect();
        let cells = rows.iter().map(|row| {
            vec![name(row), Text::count(row.song_count), Text::count(row.playlist_count)]
        });
        Drawn { finding, picture: bars(&shown, &[], 0.0), rows: cells.collect() }
    })
}

fn coverage(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "Songs of known genre",
        question: "genre_coverage",
        head: &["Playlist", "Songs", "Of known genre", "Share"],
        nothing: "No playlist has a song yet",
    };
    asked.chart(&wanted, |rows: &[Coverage]| {
        let (known, all) = (rows[0].all_known_count, rows[0].all_song_count);
        let finding = format!(
            "A genre is known of {} of {}, {}.",
            grouped(known),
            counted(all, "song"),
            percent(share(known, all))
        );
        let name = |row: &Coverage| {
            Text::linked(row.playlist_name.as_deref(), spotify_page("playlist", &row.playlist_id))
        };
        let known_share = |row: &Coverage| percent(share(row.known_song_count, row.song_count));
        let shown: Vec<Bar> = rows
            .iter()
            .map(|row| Bar {
                label: name(row),
                parts: vec![share(row.known_song_count, row.song_count)],
                shown: Some(known_share(row)),
            })
            .collect();
        let cells = rows.iter().map(|row| {
            vec![
                name(row),
                Text::count(row.song_count),
                Text::count(row.known_song_count),
                Text::figure(known_share(row)),
            ]
        });
        Drawn { finding, picture: bars(&shown, &[], 1.0), rows: cells.collect() }
    })
}
