//! `watch`: the same run again and again, one line a round.
//!
//! In: the arguments of the run, and how often. Out: a line a round on standard error, with `--json` also a document a line on standard output.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

use super::duration::{self, duration};
use super::exit::{self, Error};
use super::run::{self, RunArgs};
use super::told::{completed, print, tell_as_it_is};
use super::{Cli, LogFormat, now, one_line, prune, runtime};
use crate::config::Config;
use crate::event::{Event, Stage, What};
use crate::operate::{self, CALLS_A_DAY, Pace, Round, Upkeep};
use crate::phrase::{counted, either};
use crate::run::{Kept, PlaylistReport, RunReport};
use crate::status::{PlaylistStatus, RunStatus};
use crate::stop::Stop;

/// What to run, and how often.
#[derive(Debug, clap::Args)]
pub(super) struct WatchArgs {
    /// From the beginning of a round to that of the next, at least 1s; with --json each round is a JSON document on a line of its own
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = interval)]
    every: Duration,
    /// End after so many rounds, with the exit code of the last [default: go on]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_runs: Option<u64>,
    #[command(flatten)]
    run: RunArgs,
}

/// An interval, which is some time.
fn interval(raw: &str) -> Result<Duration, String> {
    let every = duration(raw)?;
    match every.is_zero() {
        true => Err(format!("`{raw}` is no interval: give at least `1s`")),
        false => Ok(every),
    }
}

/// Changed playlists that a line names.
const SHOWN: usize = 3;

/// Runs again and again until somebody asks to stop.
pub(super) fn watch(cli: &Cli, arguments: &WatchArgs, config: &Config) -> Result<(), Error> {
    if let Some(flag) = arguments.run.repeats() {
        return Err(Error::Usage(format!(
            "`{flag}` in each round would send or ask for everything again and again: give it to one `snowtrack run`, and then watch"
        )));
    }
    let settings = run::settings(&arguments.run, config, Stage::Verify)?;
    let pace = Pace { every: arguments.every, max_runs: arguments.max_runs };
    let stop = Arc::new(Stop::default());
    let warning_count = AtomicU64::new(0);
    let count = |event: &Event| {
        if matches!(event.what, What::Warning(_)) {
            warning_count.fetch_add(1, Ordering::Relaxed);
        }
    };
    let wait = arguments.run.wait();
    let mut kept = Kept::between_runs();
    Ok(runtime()?.block_on(async {
        run::stop_on_signal(&stop);
        if !cli.quiet {
            say(cli, now(), &beginning(Upkeep::of(config, &settings), pace.every));
        }
        let make = async || {
            let ended = run::once(config, &settings, &count, &stop, &mut kept).await;
            if ended.as_ref().is_ok_and(|it| it.error.is_none() && !it.report.files.is_empty()) {
                prune::between_rounds(config, wait, &stop, &mut kept).await;
            }
            ended
        };
        let tell = |round: &Round| show(cli, round, warning_count.swap(0, Ordering::Relaxed));
        let ended = operate::watch(pace, now, &stop, make, tell).await;
        let fenced = kept.fenced();
        kept.give_back().await;
        fenced.map_or(ended, |error| Err(error.into()))
    })?)
}

/// Says what a round did; with `--quiet` only where it did not end well.
fn show(cli: &Cli, round: &Round, warning_count: u64) {
    if !cli.quiet || round.error().is_some() {
        say(cli, round.at, &line(round, warning_count));
    }
    if cli.json {
        // The next round's line may find a reader, or room, again.
        let _ = print(&document(round, warning_count).to_string());
    }
}

/// A line on standard error in the form of the log.
fn say(cli: &Cli, at: DateTime<Utc>, text: &str) {
    match cli.log_format {
        LogFormat::Human => tell_as_it_is(&format!("{} {text}", time(at))),
        LogFormat::Json => {
            let timestamp = at.to_rfc3339_opts(SecondsFormat::Micros, true);
            let line = serde_json::json!({
                "timestamp": timestamp, "level": "INFO", "fields": { "message": text }, "target": "snowtrack::watch",
            });
            tell_as_it_is(&line.to_string());
        }
    }
}

/// What the interval costs.
fn beginning(upkeep: Upkeep, every: Duration) -> String {
    let (a_day, every) = (upkeep.a_day(every), duration::words(every));
    let least = if upkeep.is_least { "at least " } else { "" };
    let mut text = format!(
        "watching every {every}: {least}{} to Spotify a round without news, {a_day} a day",
        counted(upkeep.call_count, "call")
    );
    if CALLS_A_DAY < a_day {
        let _ = write!(
            text,
            "; warning: that is more than {CALLS_A_DAY}, and new apps were locked out at 800 to 1,400; `--every {}s` stays below",
            upkeep.unwarned().as_secs()
        );
    }
    text
}

/// What a round did.
fn line(round: &Round, warning_count: u64) -> String {
    let mut parts = Vec::new();
    if let Ok(ended) = &round.ended {
        did(&ended.report, &mut parts);
    }
    if 0 < warning_count {
        let shows = either(warning_count, "shows it", "shows them");
        parts.push(format!("{} (`-v` {shows})", counted(warning_count, "warning")));
    }
    if let Some(error) = round.error() {
        let text = crate::causes::chain(error);
        parts.push(format!("exit code {}: {}", exit::of(error.ending()), completed(&text)));
    }
    parts.extend(round.next_at.map(|next_at| match round.is_put_off {
        true => format!("waits for Spotify until {}", time(next_at)),
        false => format!("next {}", time(next_at)),
    }));
    one_line(&format!("round {}: {}", round.number, parts.join("; ")))
}

/// What became of the lists, rows and files.
fn did(report: &RunReport, parts: &mut Vec<String>) {
    // The liked songs have no version, so they are read each time.
    let is_as_before = report.status == RunStatus::Unchanged;
    let read = of_status(report, PlaylistStatus::Fetched);
    let changed: Vec<_> = read.filter(|_| !is_as_before).collect();
    let row_count: u64 = report.tables.iter().map(|table| table.changed_row_count).sum();
    let mut text = match changed.len() {
        0 => "nothing changed".to_owned(),
        count => {
            let mut names: Vec<_> = changed.iter().take(SHOWN).map(|it| change(it)).collect();
            names.extend((SHOWN < count).then(|| "…".to_owned()));
            let all = counted(report.playlists.len(), "playlist");
            format!("{count} of {all} changed ({})", names.join(", "))
        }
    };
    let calls = counted(report.spotify.call_count, "call");
    let file_count = report.files.len();
    if 0 < row_count || 0 < file_count {
        let (rows, files) = (counted(row_count, "row"), counted(file_count, "file"));
        let _ = write!(text, ", {rows}, {files}");
    }
    let _ = write!(text, ", {calls}, {}", report.status);
    parts.push(text);
    let put_off: Vec<_> = of_status(report, PlaylistStatus::PutOff).collect();
    let until = put_off.iter().filter_map(|it| it.not_before).max();
    if let (Some(first), Some(until)) = (put_off.first(), until) {
        let name = first.called();
        let others = match put_off.len() {
            1 => String::new(),
            count => format!(" and {}", counted(count - 1, "other")),
        };
        parts.push(format!("`{name}`{others} put off until {}", time(until)));
    }
}

fn of_status(report: &RunReport, status: PlaylistStatus) -> impl Iterator<Item = &PlaylistReport> {
    report.playlists.iter().filter(move |playlist| playlist.status == status)
}

/// A list and its songs.
fn change(playlist: &PlaylistReport) -> String {
    let name = playlist.called();
    match (playlist.added_song_count, playlist.removed_song_count) {
        // Read for the first time, moved, renamed.
        (0, 0) => format!("`{name}`"),
        (added, removed) => format!("`{name}` +{added} −{removed}"),
    }
}

/// The round's report, without what grows with the library and not with its changes.
fn document(round: &Round, warning_count: u64) -> Value {
    let error = round.error();
    let mut fields = match &round.ended {
        Ok(ended) => ended.report.short(),
        Err(error) => {
            let is_later = exit::of(error.ending()) == exit::LATER;
            let status = if is_later { RunStatus::Pending } else { RunStatus::Failed };
            RunReport::of_no_run(status, "the round ended before there was a run")
        }
    };
    let reports = round.ended.as_ref().map_or(&[][..], |ended| &ended.report.playlists);
    let news = reports.iter().filter(|it| it.status != PlaylistStatus::Unchanged);
    let news = serde_json::to_value(news.collect::<Vec<_>>()).unwrap_or_default();
    let next_at = round.next_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
    fields.insert("playlists".to_owned(), news);
    fields.insert("round".to_owned(), round.number.into());
    fields.insert("warning_count".to_owned(), warning_count.into());
    fields.insert("next_at".to_owned(), next_at.into());
    let code = error.map_or(exit::DONE, |error| exit::of(error.ending()));
    fields.insert("exit_code".to_owned(), code.into());
    fields.insert("error".to_owned(), error.map(|error| crate::causes::chain(error)).into());
    fields.into()
}

/// A time as the lines tell it.
fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}
