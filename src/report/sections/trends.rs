//! How the playlists grew, how popular their songs are, and of which years they come.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;

use super::{Part, Section};
use crate::report::asked::{Asked, Drawn, Wanted};
use crate::report::charts::{
    Bar, Chart, Column, Line, Point, Text, columns, lines, two_sided_bars,
};
use crate::report::words::{
    ONCE_PER_LIST, at_start, counted, day, decimal, either, how_many, percent, share, spotify_page,
};
use crate::warehouse::Error;

#[derive(Deserialize)]
struct Week {
    week: NaiveDate,
    added_song_count: u64,
}

#[derive(Deserialize)]
struct Popularity {
    observed_on: NaiveDate,
    mean_popularity: Option<f64>,
    top_tenth_popularity: Option<f64>,
    song_count: u64,
}

#[derive(Deserialize)]
struct Move {
    song_id: String,
    song_name: Option<String>,
    observed_on: String,
    popularity: Option<i64>,
    popularity_change: f64,
}

#[derive(Deserialize)]
struct Spread {
    playlist_count: u64,
    song_count: u64,
}

#[derive(Deserialize)]
struct Year {
    release_year: Option<i32>,
    song_count: u64,
}

pub(super) fn section(asked: &Asked) -> Result<Section, Error> {
    let popularity: Vec<Popularity> = asked.rows("popularity")?;
    let is_known = popularity.iter().any(|row| row.mean_popularity.is_some());
    let mut parts: Vec<Part> = vec![weekly(asked)?.into()];
    if is_known {
        parts.push(popularity_by_day(asked)?.into());
        parts.push(moves(asked)?.into());
    }
    parts.push(years(asked)?.into());
    parts.push(spread(asked)?.into());
    if !is_known {
        let words = "Popularity: Spotify gave none. New apps get none since 2024, so that the trends here \
            are those of additions and of the playlists that hold a song.";
        parts.push(Part::Note { title: "Popularity", words });
    }
    let lede = match is_known {
        true => "How the playlists grow, how popular their songs are, and when those came out.",
        false => "How the playlists grow, and when their songs came out.",
    };
    Ok(Section { title: "Trends", lede: lede.to_owned(), parts })
}

fn weekly(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "Songs added by week",
        question: "weekly_additions",
        head: &["Week of", "Songs added"],
        nothing: "No song has a known day of addition",
    };
    asked.chart(&wanted, |rows: &[Week]| {
        let of = |row: &Week| row.added_song_count;
        let most = rows.iter().max_by_key(|row| of(row));
        let all: u64 = rows.iter().map(of).sum();
        let weeks = every_week(rows).len() as u64;
        let finding = most.map_or_else(String::new, |most| {
            let count = of(most);
            let added = format!("{} {} added", at_start(count, "song"), either(count, "was", "were"));
            let week = day(&most.week.to_string());
            match weeks {
                1 => format!("{added} in the week of {week}, the only one with an addition{ONCE_PER_LIST}."),
                _ => format!(
                    "{added} in the week of {week}; no other of the {weeks} weeks shown had more. In all it was {}{ONCE_PER_LIST}.",
                    counted(all, "song")
                ),
            }
        });
        let shown: Vec<Column> = every_week(rows)
            .into_iter()
            .map(|(week, count)| Column {
                label: week.format("%b %Y").to_string(),
                parts: vec![count as f64],
            })
            .collect();
        let cells = rows
            .iter()
            .rev()
            .map(|row| vec![Text::own(day(&row.week.to_string())), Text::count(of(row))]);
        Drawn { finding, picture: columns(&shown, &[]), rows: cells.collect() }
    })
}

/// The weeks from the first to the last, also those without an addition.
fn every_week(rows: &[Week]) -> BTreeMap<NaiveDate, u64> {
    let mut weeks: BTreeMap<NaiveDate, u64> =
        rows.iter().map(|row| (row.week, row.added_song_count)).collect();
    if let (Some(first), Some(last)) = (rows.first(), rows.last()) {
        let between = first.week.iter_weeks().take_while(|week| *week <= last.week);
        // The question gives two years at most.
        for week in between.take(105) {
            weeks.entry(week).or_default();
        }
    }
    weeks
}

fn popularity_by_day(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "Popularity by day",
        question: "popularity",
        head: &["Day", "Mean", "Top tenth", "Songs"],
        nothing: "Spotify gave no popularity yet",
    };
    asked.chart(&wanted, |rows: &[Popularity]| {
        let last = rows.iter().find(|row| row.mean_popularity.is_some());
        let finding = last.map_or_else(String::new, |last| {
            format!(
                "On {} the songs had a mean popularity of {} of 100, and one in ten had {} or more.",
                day(&last.observed_on.to_string()),
                decimal(last.mean_popularity.unwrap_or_default()),
                decimal(last.top_tenth_popularity.unwrap_or_default()),
            )
        });
        let line = |name: &str, value: fn(&Popularity) -> Option<f64>| Line {
            name: Text::own(name),
            points: rows.iter().rev().map(|row| Point { day: row.observed_on, value: value(row) }).collect(),
        };
        let drawn = [
            line("mean", |row| row.mean_popularity),
            line("top tenth", |row| row.top_tenth_popularity),
        ];
        let value = |value: Option<f64>| value.map_or_else(|| Text::own("–"), |it| Text::figure(decimal(it)));
        let cells = rows.iter().map(|row| {
            vec![
                Text::own(day(&row.observed_on.to_string())),
                value(row.mean_popularity),
                value(row.top_tenth_popularity),
                Text::count(row.song_count),
            ]
        });
        Drawn { finding, picture: lines(&drawn), rows: cells.collect() }
    })
}

fn moves(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "Largest moves in popularity",
        question: "popularity_moves",
        head: &["Song", "Change", "Popularity now"],
        nothing: "No song's popularity has moved yet",
    };
    asked.chart(&wanted, |rows: &[Move]| {
        let up = rows.iter().filter(|row| row.popularity_change > 0.0).count() as u64;
        let finding = format!(
            "Of the {} that moved most on {}, {} rose and {} fell.",
            counted(rows.len() as u64, "song"),
            day(&rows[0].observed_on),
            how_many(up),
            how_many(rows.len() as u64 - up),
        );
        let name = |row: &Move| {
            Text::linked(row.song_name.as_deref(), spotify_page("track", &row.song_id))
        };
        let bars: Vec<Bar> = rows
            .iter()
            .map(|row| Bar {
                label: name(row),
                parts: vec![row.popularity_change.max(0.0), (-row.popularity_change).max(0.0)],
                shown: None,
            })
            .collect();
        let cells = rows.iter().map(|row| {
            let now = row.popularity.map_or_else(|| "–".to_owned(), |it| it.to_string());
            vec![
                name(row),
                Text::figure(format!("{:+.0}", row.popularity_change)),
                Text::figure(now),
            ]
        });
        Drawn {
            finding,
            picture: two_sided_bars(&bars, ["risen", "fallen"]),
            rows: cells.collect(),
        }
    })
}

/// Years that a chart shows by themselves; with more, it shows decades.
const MOST_YEARS: i32 = 40;

fn years(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "Songs by year of release",
        question: "release_years",
        head: &["Year", "Songs"],
        nothing: "No playlist has a song yet",
    };
    asked.chart(&wanted, |rows: &[Year]| {
        let known: BTreeMap<i32, u64> =
            rows.iter().filter_map(|row| Some((row.release_year?, row.song_count))).collect();
        let unknown: u64 =
            rows.iter().filter(|row| row.release_year.is_none()).map(|row| row.song_count).sum();
        let all: u64 = known.values().sum();
        let recent: u64 = known
            .last_key_value()
            .map_or(0, |(last, _)| known.range(last - 9..).map(|(_, count)| count).sum());
        let last = known.last_key_value().map_or(0, |(year, _)| *year);
        let missing = match unknown {
            0 => "the year of each is known.".to_owned(),
            _ => format!("of {} the year is unknown.", counted(unknown, "song")),
        };
        let finding = match all {
            0 => format!("No year is known: {missing}"),
            _ => format!(
                "{} of the songs came out in the ten years up to {last}; {missing}",
                percent(share(recent, all))
            ),
        };
        let cells = rows.iter().map(|row| {
            let year =
                row.release_year.map_or_else(|| "unknown".to_owned(), |year| year.to_string());
            vec![Text::own(year), Text::count(row.song_count)]
        });
        let shown = columns_of_years(&known);
        let picture = columns(&shown, &[]);
        Drawn { finding, picture, rows: cells.collect() }
    })
}

fn columns_of_years(known: &BTreeMap<i32, u64>) -> Vec<Column> {
    let (Some((first, _)), Some((last, _))) = (known.first_key_value(), known.last_key_value())
    else {
        return Vec::new();
    };
    let step = if last.saturating_sub(*first) < MOST_YEARS { 1 } else { 10 };
    let from = first.div_euclid(step) * step;
    // Ten centuries of decades: what is older is a mistake, and has its row in the table.
    let from = from.max(last.saturating_sub(step * 100));
    let steps = (from..=*last).step_by(usize::try_from(step).unwrap_or(1));
    let column = |year: i32| Column {
        label: if step == 1 { year.to_string() } else { format!("{year}s") },
        parts: vec![known.range(year..year + step).map(|(_, count)| *count as f64).sum()],
    };
    steps.map(column).collect()
}

/// What the question counts more playlists as.
const MOST_PLAYLISTS: u64 = 24;

fn spread(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "Playlists that hold a song",
        question: "spread",
        head: &["Playlists", "Songs"],
        nothing: "No playlist has a song yet",
    };
    asked.chart(&wanted, |rows: &[Spread]| {
        let several: u64 =
            rows.iter().filter(|row| row.playlist_count > 1).map(|row| row.song_count).sum();
        let all: u64 = rows.iter().map(|row| row.song_count).sum();
        let finding = format!(
            "{} {} in more than one playlist, {} of all.",
            at_start(several, "song"),
            either(several, "stands", "stand"),
            percent(share(several, all))
        );
        let shown: Vec<Column> = rows
            .iter()
            .map(|row| Column {
                label: match row.playlist_count {
                    MOST_PLAYLISTS => format!("{MOST_PLAYLISTS}+ lists"),
                    count => counted(count, "list"),
                },
                parts: vec![row.song_count as f64],
            })
            .collect();
        let cells = rows
            .iter()
            .map(|row| vec![Text::count(row.playlist_count), Text::count(row.song_count)]);
        Drawn { finding, picture: columns(&shown, &[]), rows: cells.collect() }
    })
}
