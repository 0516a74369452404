//! What is proven: how the runs ended, how far the files are, and since when.

use serde::Deserialize;

use super::{Entry, List, Part, Section};
use crate::report::asked::{Asked, Drawn, Wanted};
use crate::report::charts::{Bar, Chart, Column, Text, bars, columns};
use crate::report::words::{
    at_start, counted, day, either, grouped, how_many, moment, plainly_counted, short_day,
    spotify_page,
};
use crate::warehouse::Error;

#[derive(Deserialize)]
pub(in crate::report) struct Run {
    pub(in crate::report) run_id: String,
    pub(in crate::report) status: String,
    pub(in crate::report) started_at: Option<String>,
    pub(in crate::report) finished_at: Option<String>,
    run_count: u64,
}

#[derive(Deserialize)]
struct Day {
    started_on: Option<String>,
    good_count: u64,
    bad_count: u64,
    run_count: u64,
}

#[derive(Deserialize)]
struct Files {
    table_name: String,
    verified_count: u64,
    wrong_count: u64,
    superseded_count: u64,
    file_count: u64,
    row_count: Option<u64>,
}

#[derive(Deserialize)]
struct Freshness {
    playlist_name: Option<String>,
    playlist_id: String,
    last_run_at: Option<String>,
    last_proof_at: Option<String>,
    last_looked_at: Option<String>,
    last_changed_at: Option<String>,
    unchanged_day_count: Option<u64>,
}

pub(super) fn section(asked: &Asked) -> Result<Section, Error> {
    let runs: Vec<Run> = asked.rows("last_runs")?;
    let freshness: Vec<Freshness> = asked.rows("freshness")?;
    let whole = freshness.iter().find(|row| row.playlist_id.is_empty());
    let mut parts: Vec<Part> =
        vec![by_day(asked)?.into(), files(asked)?.into(), unchanged(asked)?.into()];
    if let Some(first) = runs.first() {
        parts.push(Part::List(List {
            title: Text::own("Latest runs"),
            entries: runs.iter().map(entry).collect(),
            left_out: first.run_count.saturating_sub(runs.len() as u64),
        }));
    }
    let lede = match runs.first() {
        None => "The published file tells of no run: an older snowtrack wrote it, or no run has ended yet.".to_owned(),
        Some(last) => {
            let ended = last.finished_at.as_deref().map(|at| format!(" and ended on {}", moment(at)));
            let proof = whole.and_then(|row| row.last_proof_at.as_deref());
            let proof = proof.map_or_else(
                || "No file has been proven in Snowflake yet.".to_owned(),
                |at| format!("The last proof in Snowflake is of {}.", moment(at)),
            );
            format!("The last run is {}: it is {}{}. {proof}", last.run_id, last.status, ended.unwrap_or_default())
        }
    };
    Ok(Section { title: "Load proof", lede, parts })
}

fn entry(run: &Run) -> Entry {
    let started = run.started_at.as_deref().map(|at| Text::own(moment(at)));
    Entry {
        text: Text::own(run.run_id.as_str()),
        mark: None,
        detail: [Some(Text::own(run.status.as_str())), started].into_iter().flatten().collect(),
    }
}

fn by_day(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "Runs by day",
        question: "runs_by_day",
        head: &["Day", "Ended well", "Open", "Failed or refused"],
        nothing: "No run is known to this file",
    };
    asked.chart(&wanted, |rows: &[Day]| {
        let open = |row: &Day| row.run_count.saturating_sub(row.good_count + row.bad_count);
        let all: u64 = rows.iter().map(|row| row.run_count).sum();
        let good: u64 = rows.iter().map(|row| row.good_count).sum();
        let bad: u64 = rows.iter().map(|row| row.bad_count).sum();
        let finding = format!(
            "{} on {}: {} ended well, {} failed or {} refused.",
            at_start(all, "run"),
            counted(rows.len() as u64, "day"),
            how_many(good),
            how_many(bad),
            either(bad, "was", "were"),
        );
        let shown: Vec<Column> = rows
            .iter()
            .rev()
            .map(|row| Column {
                label: short_day(row.started_on.as_deref()),
                parts: [row.good_count, open(row), row.bad_count].map(|it| it as f64).to_vec(),
            })
            .collect();
        let cells = rows.iter().map(|row| {
            vec![
                Text::own(row.started_on.as_deref().map_or_else(|| "–".to_owned(), day)),
                Text::count(row.good_count),
                Text::count(open(row)),
                Text::count(row.bad_count),
            ]
        });
        let legend = ["ended well", "open", "failed or refused"];
        Drawn { finding, picture: columns(&shown, &legend), rows: cells.collect() }
    })
}

fn files(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "Files by table and state",
        question: "files",
        head: &["Table", "Verified", "On the way", "Wrong", "Replaced", "Rows"],
        nothing: "No file was written yet",
    };
    asked.chart(&wanted, |rows: &[Files]| {
        let open = |row: &Files| {
            row.file_count
                .saturating_sub(row.verified_count + row.wrong_count + row.superseded_count)
        };
        let sum = |of: &dyn Fn(&Files) -> u64| rows.iter().map(of).sum::<u64>();
        let (verified, wrong) = (sum(&|row| row.verified_count), sum(&|row| row.wrong_count));
        let finding = format!(
            "{} of {} {} verified in Snowflake, {} {} on the way or only written, {} wrong.",
            at_start(verified, "file"),
            grouped(sum(&|row| row.file_count)),
            either(verified, "is", "are"),
            how_many(sum(&open)),
            either(sum(&open), "is", "are"),
            how_many(wrong)
        );
        let counts =
            |row: &Files| [row.verified_count, open(row), row.wrong_count, row.superseded_count];
        let shown: Vec<Bar> = rows
            .iter()
            .map(|row| Bar {
                label: Text::own(row.table_name.as_str()),
                parts: counts(row).map(|it| it as f64).to_vec(),
                shown: None,
            })
            .collect();
        let cells = rows.iter().map(|row| {
            let own = [Text::own(row.table_name.as_str())].into_iter();
            let own = own.chain(counts(row).map(Text::count));
            own.chain([Text::count(row.row_count.unwrap_or_default())]).collect()
        });
        let legend = ["verified", "on the way", "wrong", "replaced"];
        Drawn { finding, picture: bars(&shown, &legend, 0.0), rows: cells.collect() }
    })
}

fn unchanged(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "Days without a change",
        question: "freshness",
        head: &["Playlist", "Days", "Last changed", "Last looked at", "Last run"],
        nothing: "No playlist was looked at yet",
    };
    asked.chart(&wanted, |rows: &[Freshness]| {
        let lists: Vec<&Freshness> =
            rows.iter().filter(|row| !row.playlist_id.is_empty()).collect();
        let days = |row: &Freshness| row.unchanged_day_count.unwrap_or_default();
        let most = lists.iter().map(|row| days(row)).max().unwrap_or_default();
        let count = lists.len() as u64;
        let rested =
            format!("had not changed for {} at the last run.", plainly_counted(most, "day"));
        let finding = match (count, most) {
            (0, _) => "No playlist was looked at yet.".to_owned(),
            (1, _) => format!("The playlist {rested}"),
            (_, 0) => format!(
                "Each of the {count} playlists shown changed less than a day before the last run."
            ),
            _ => format!("Of the {count} playlists shown, the one that rested longest {rested}"),
        };
        let name = |row: &Freshness| {
            Text::linked(row.playlist_name.as_deref(), spotify_page("playlist", &row.playlist_id))
        };
        let shown: Vec<Bar> = lists
            .iter()
            .map(|row| Bar { label: name(row), parts: vec![days(row) as f64], shown: None })
            .collect();
        let when =
            |at: &Option<String>| Text::own(at.as_deref().map_or_else(|| "–".to_owned(), day));
        let cells = lists.iter().map(|row| {
            vec![
                name(row),
                Text::count(days(row)),
                when(&row.last_changed_at),
                when(&row.last_looked_at),
                when(&row.last_run_at),
            ]
        });
        Drawn { finding, picture: bars(&shown, &[], 0.0), rows: cells.collect() }
    })
}
