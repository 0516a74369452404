//! What is in each playlist, how it moved, and what in it wants a look.

mod faults;
mod growth;

use serde::Deserialize;

use super::{Part, Section};
use crate::report::asked::{Asked, Drawn, Wanted};
use crate::report::charts::{Bar, Chart, Grid, Text, bars, grid};
use crate::report::words::{
    ONCE_PER_LIST, at_start, counted, day, either, grouped, length, percent, share, spotify_page,
};
use crate::warehouse::Error;

#[derive(Deserialize)]
struct Playlist {
    playlist_id: String,
    playlist_name: Option<String>,
    row_count: u64,
    track_count: u64,
    episode_count: u64,
    local_count: u64,
    removed_count: u64,
    song_count: u64,
    artist_count: u64,
    song_duration_ms: u64,
    last_added_at: Option<String>,
}

#[derive(Deserialize)]
struct Pair {
    place: usize,
    playlist_name: Option<String>,
    other_place: usize,
    other_playlist_name: Option<String>,
    shared_song_count: u64,
    jaccard: f64,
}

#[derive(Deserialize)]
struct Hour {
    iso_weekday: usize,
    hour: usize,
    song_count: u64,
}

#[derive(Deserialize)]
struct Adder {
    added_by: String,
    song_count: u64,
    playlist_count: u64,
    last_added_at: Option<String>,
    all_person_count: u64,
    all_song_count: u64,
    unknown_song_count: u64,
}

pub(super) fn section(asked: &Asked) -> Result<Section, Error> {
    let mut parts: Vec<Part> = vec![
        sizes(asked)?.into(),
        growth::held(asked)?.into(),
        growth::churn(asked)?.into(),
        overlap(asked)?.into(),
        hours(asked)?.into(),
        adders(asked)?.into(),
        faults::duplicates(asked)?.into(),
        faults::unavailable(asked)?.into(),
    ];
    parts.extend(faults::lists(asked)?.into_iter().map(Part::List));
    let lede = "What each playlist holds now, how it moved, who fills it and when, and what in it wants a look."
        .to_owned();
    Ok(Section { title: "Playlists", lede, parts })
}

fn playlist(name: Option<&str>, id: &str) -> Text {
    Text::linked(name, spotify_page("playlist", id))
}

fn sizes(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "Rows by playlist",
        question: "playlists",
        head: &["Playlist", "Songs", "Artists", "Length", "Last added"],
        nothing: "No playlist was read yet",
    };
    asked.chart(&wanted, |rows: &[Playlist]| {
        let longest = &rows[0];
        let all: u64 = rows.iter().map(|row| row.row_count).sum();
        let finding = match rows.len() {
            1 => format!(
                "The playlist has {} and lasts {}.",
                counted(longest.row_count, "row"),
                length(longest.song_duration_ms)
            ),
            _ => format!(
                "The longest playlist has {} and lasts {}; the {} shown have {}.",
                counted(longest.row_count, "row"),
                length(longest.song_duration_ms),
                rows.len(),
                grouped(all)
            ),
        };
        let name = |row: &Playlist| playlist(row.playlist_name.as_deref(), &row.playlist_id);
        let shown: Vec<Bar> = rows
            .iter()
            .map(|row| {
                let counts =
                    [row.track_count, row.episode_count, row.removed_count, row.local_count];
                Bar { label: name(row), parts: counts.map(|it| it as f64).to_vec(), shown: None }
            })
            .collect();
        let cells = rows.iter().map(|row| {
            let last = row.last_added_at.as_deref().map_or_else(|| "–".to_owned(), day);
            vec![
                name(row),
                Text::count(row.song_count),
                Text::count(row.artist_count),
                Text::own(length(row.song_duration_ms)),
                Text::own(last),
            ]
        });
        let legend = ["songs", "episodes", "removed", "local files"];
        Drawn { finding, picture: bars(&shown, &legend, 0.0), rows: cells.collect() }
    })
}

fn overlap(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "Songs that two playlists share",
        question: "overlap",
        head: &["Playlist", "Other playlist", "Shared", "Of both"],
        nothing: "No two playlists share a song",
    };
    asked.chart(&wanted, |rows: &[Pair]| {
        let pairs: Vec<&Pair> = rows
            .iter()
            .filter(|row| row.place < row.other_place && row.shared_song_count > 0)
            .collect();
        let most = pairs.iter().map(|row| row.shared_song_count).max().unwrap_or_default();
        let finding = format!(
            "Of the playlists shown, {} {} a song; the closest have {} in common.",
            counted(pairs.len() as u64, "pair"),
            either(pairs.len() as u64, "shares", "share"),
            counted(most, "song")
        );
        let count = rows.iter().map(|row| row.place).max().unwrap_or_default();
        let first_of = |place: usize| rows.iter().find(|row| row.place == place);
        let names = (1..=count)
            .filter_map(first_of)
            .map(|row| Text::numbered(row.place, row.playlist_name.as_deref()));
        let value = |place: usize, other: usize| {
            let row = rows.iter().find(|row| row.place == place && row.other_place == other);
            row.filter(|_| place != other).map(|row| row.shared_song_count as f64)
        };
        let drawn = Grid {
            rows: names.collect(),
            columns: (1..=count).map(|place| place.to_string()).collect(),
            values: (1..=count)
                .map(|place| (1..=count).map(|other| value(place, other)).collect())
                .collect(),
            label_width: 150.0,
            has_figures: true,
        };
        let cells = pairs.iter().map(|row| {
            vec![
                Text::name(row.playlist_name.as_deref()),
                Text::name(row.other_playlist_name.as_deref()),
                Text::count(row.shared_song_count),
                Text::figure(percent(row.jaccard)),
            ]
        });
        Drawn { finding, picture: grid(&drawn), rows: cells.collect() }
    })
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LONG_DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

fn hours(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "When songs are added",
        question: "heatmap",
        head: &["Hour", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
        nothing: "No song has a known time of addition",
    };
    asked.chart(&wanted, |rows: &[Hour]| {
        let value = |weekday: usize, hour: usize| -> u64 {
            let own = rows.iter().filter(|row| row.iso_weekday == weekday + 1 && row.hour == hour);
            own.map(|row| row.song_count).sum()
        };
        let all: u64 = rows.iter().map(|row| row.song_count).sum();
        let finding = rows.iter().max_by_key(|row| row.song_count).map_or_else(String::new, |most| {
            let weekday = LONG_DAYS.get(most.iso_weekday.wrapping_sub(1)).copied().unwrap_or_default();
            format!(
                "{} of {} {} added on a {weekday} between {:02}:00 and {:02}:59 UTC; no other hour of the week has more{ONCE_PER_LIST}.",
                at_start(most.song_count, "song"),
                grouped(all),
                either(most.song_count, "was", "were"),
                most.hour,
                most.hour,
            )
        });
        let hour_label = |hour: usize| if hour.is_multiple_of(3) { format!("{hour}") } else { String::new() };
        let drawn = Grid {
            rows: DAYS.map(Text::own).to_vec(),
            columns: (0..24).map(hour_label).collect(),
            values: (0..7)
                .map(|weekday| (0..24).map(|hour| Some(value(weekday, hour) as f64)).collect())
                .collect(),
            label_width: 32.0,
            has_figures: false,
        };
        let cells = (0..24).map(|hour| {
            let counts = (0..7).map(|weekday| Text::count(value(weekday, hour)));
            std::iter::once(Text::own(format!("{hour:02}"))).chain(counts).collect()
        });
        Drawn { finding, picture: grid(&drawn), rows: cells.collect() }
    })
}

fn adders(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "Who adds songs",
        question: "adders",
        head: &["Added by", "Songs", "Playlists", "Last"],
        nothing: "No playlist has a song yet",
    };
    asked.chart(&wanted, |rows: &[Adder]| {
        let first = &rows[0];
        let named = rows.iter().filter(|row| !row.added_by.is_empty());
        let most = named.map(|row| row.song_count).max().unwrap_or_default();
        let finding = match first.all_person_count {
            0 => format!(
                "Of {} nobody is named who added it.",
                counted(first.all_song_count, "song")
            ),
            count => format!(
                "{} {} named; the busiest added {}, {} of all{ONCE_PER_LIST}. Of {} nobody is named.",
                at_start(count, "person").replace("persons", "people"),
                either(count, "is", "are"),
                counted(most, "song"),
                percent(share(most, first.all_song_count)),
                counted(first.unknown_song_count, "song")
            ),
        };
        let name = |row: &Adder| match row.added_by.is_empty() {
            true => Text::own("unknown"),
            false => Text::linked(Some(&row.added_by), None),
        };
        let shown: Vec<Bar> = rows
            .iter()
            .map(|row| Bar { label: name(row), parts: vec![row.song_count as f64], shown: None })
            .collect();
        let cells = rows.iter().map(|row| {
            let last = row.last_added_at.as_deref().map_or_else(|| "–".to_owned(), day);
            vec![
                name(row),
                Text::count(row.song_count),
                Text::count(row.playlist_count),
                Text::own(last),
            ]
        });
        Drawn { finding, picture: bars(&shown, &[], 0.0), rows: cells.collect() }
    })
}
