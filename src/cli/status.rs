//! `status`: what the ledger knows of the latest runs, or of the files of one.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::duration::{self, duration};
use super::exit::Error;
use super::layout::{Cell, Column, Frame, Grid, Page, Tone};
use super::named::meant;
use super::told::print_page;
use super::{Cli, check, is_there, now, one_line, print};
use crate::config::Config;
use crate::ids::{DataDir, RunId};
use crate::ledger::streams::StreamStanding;
use crate::ledger::{CheckFinding, FileSummary, Freshness, RunSummary, StatusFile};
use crate::phrase::{counted, either};
use crate::run::Look;
use crate::status::{FileState, RunStatus};

/// What to show.
#[derive(Debug, clap::Args)]
pub(super) struct StatusArgs {
    /// Show the files of this run (an id, a unique beginning, `latest`)
    #[arg(long, value_name = "RUN_ID")]
    run: Option<String>,
    /// With `--run`: what its checks found, and where
    #[arg(long, requires = "run")]
    checks: bool,
    /// Only look whether the last run that ended well is younger than this (26h, 2d); exit 8 where it is older, or there is none
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with_all = ["run", "checks"])]
    max_age: Option<Duration>,
}

/// Where rows are shipped from here, the demo's are not to be among them, and a ledger can be lost.
const fn no_run(config: &Config) -> &'static str {
    if config.lake.bucket.is_none() && config.snowflake.account.is_none() {
        "no run yet: try `snowtrack run --demo`"
    } else {
        "no run yet in this folder; where there was one, its ledger is lost or elsewhere: `--data-dir` names its folder, and `snowtrack doctor` looks at the rest"
    }
}

/// Prints the latest runs, newest first, or one run's files.
pub(super) fn status(cli: &Cli, arguments: &StatusArgs, config: &Config) -> Result<(), Error> {
    let data_dir = &config.data_dir;
    if let Some(max_age) = arguments.max_age {
        return is_fresh(cli, config, max_age);
    }
    if !is_there(data_dir, &data_dir.warehouse())? {
        return print(if cli.json { "[]" } else { no_run(config) });
    }
    let warehouse = match crate::run::look(data_dir)? {
        Look::Free(warehouse) => warehouse,
        Look::Held { holder } => return in_progress(cli, arguments, data_dir, &holder),
    };
    let Some(word) = &arguments.run else {
        let latest = crate::ledger::latest_runs(&warehouse, SHOWN_RUNS)?;
        let sent_nothing =
            config.stream_settings().map(|it| StreamStanding::of_none(it.address.to_string()));
        let stream = crate::ledger::streams::standing(&warehouse)?.or(sent_nothing);
        if cli.json {
            return print(&runs_to_json(&latest, stream.as_ref())?);
        }
        return print_page(history(None, &latest, stream.as_ref()));
    };
    let run = meant(word, &crate::ledger::run_ids(&warehouse)?)?;
    if arguments.checks {
        return checks(cli, &run, &crate::ledger::findings_of(&warehouse, &run)?);
    }
    let files = crate::ledger::files_of(&warehouse, &run)?;
    if cli.json {
        return print(&to_json(&files)?);
    }
    // It may be any that there was.
    let all = crate::ledger::latest_runs(&warehouse, u32::MAX)?;
    let summary = all.iter().find(|it| it.run_id == run.as_str());
    print_page(one_run(None, summary, &Files { run: &run, files: &files }))
}

/// Runs that are listed.
const SHOWN_RUNS: u32 = 20;

/// What the checks of a run found.
fn checks(cli: &Cli, run: &RunId, findings: &[CheckFinding]) -> Result<(), Error> {
    match cli.json {
        true => print(&to_json(&findings)?),
        false => print_page(check::of_run(run, findings)),
    }
}

/// A health check: whether a run ended well, and not too long ago. It works beside a run, too.
fn is_fresh(cli: &Cli, config: &Config, max_age: Duration) -> Result<(), Error> {
    let (data_dir, now) = (&config.data_dir, now());
    let at = freshness(data_dir)?
        .and_then(|freshness| freshness.ended_well_at(config.snowflake.account.is_some()));
    let age = at.map(|at| (now - at).to_std().unwrap_or_default());
    let is_fresh = age.is_some_and(|age| age <= max_age);
    if cli.json {
        let secs = |duration: Duration| duration.as_secs();
        let document = json!({
            "is_fresh": is_fresh, "ended_well_at": at.map(seconds_of), "age_s": age.map(secs), "max_age_s": secs(max_age),
        });
        print(&document.to_string())?;
    }
    let wanted = duration::words(max_age);
    let Some((at, age)) = at.zip(age) else {
        return Err(Error::Stale(format!(
            "no run has ended well yet, and one was to have within {wanted}: `snowtrack status` says how far they came"
        )));
    };
    let ended = at.format("%Y-%m-%d %H:%M:%S UTC");
    let age = duration::words(age);
    if !is_fresh {
        return Err(Error::Stale(format!(
            "the last run that ended well did so {age} ago ({ended}), and {wanted} are allowed: `snowtrack status` says what came since"
        )));
    }
    if cli.json || cli.quiet {
        return Ok(());
    }
    print(&format!("the last run that ended well did so {age} ago ({ended}); {wanted} are allowed"))
}

/// When the last runs ended well, from the ledger or from what a run at work left beside it; `None` where there is no ledger.
fn freshness(data_dir: &DataDir) -> Result<Option<Freshness>, Error> {
    if !is_there(data_dir, &data_dir.warehouse())? {
        return Ok(None);
    }
    match crate::run::look(data_dir)? {
        Look::Free(warehouse) => Ok(Some(Freshness::of(&warehouse)?)),
        Look::Held { holder } => {
            let freshness =
                StatusFile::read(data_dir).and_then(|status_file| status_file.freshness);
            let path = data_dir.path().to_owned();
            let held = crate::run::Error::Locked { path, holder };
            Ok(Some(freshness.ok_or(held)?))
        }
    }
}

fn seconds_of(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

fn to_json(value: &impl serde::Serialize) -> Result<String, Error> {
    Ok(serde_json::to_string(value).map_err(std::io::Error::from)?)
}

/// A run holds the ledger while it works; what it left beside it tells the rest.
fn in_progress(
    cli: &Cli,
    arguments: &StatusArgs,
    data_dir: &DataDir,
    holder: &str,
) -> Result<(), Error> {
    let Some(status_file) = StatusFile::read(data_dir) else {
        if cli.json {
            return print(&json!([{ "status": "running", "holder": holder }]).to_string());
        }
        return print(&format!("in progress: {holder}; its ledger can be read when it ends"));
    };
    let status_file = status_file.held_by(holder);
    let as_of = time(status_file.as_of);
    let beside = format!("in progress: {holder}; as of {as_of}:");
    let Some(word) = &arguments.run else {
        return match cli.json {
            true => print(&runs_to_json(&status_file.runs, status_file.stream.as_ref())?),
            false => {
                let stream = status_file.stream.as_ref();
                print_page(history(Some(&beside), &status_file.runs, stream))
            }
        };
    };
    let not_in_view = |error| match error {
        Error::Run(crate::run::Error::UnknownRun(word)) => Error::Usage(format!(
            "run {word} is not in view while {holder} is at work: ask again when it has ended"
        )),
        other => other,
    };
    let ids: Vec<String> = status_file.runs.iter().map(|run| run.run_id.clone()).collect();
    let run = meant(word, &ids).map_err(not_in_view)?;
    if arguments.checks {
        return checks(cli, &run, &StatusFile::findings_of(data_dir, &run));
    }
    let files = status_file.files.get(run.as_str()).map(Vec::as_slice).unwrap_or_default();
    if cli.json {
        return print(&to_json(&files)?);
    }
    let summary = status_file.runs.iter().find(|it| it.run_id == run.as_str());
    print_page(one_run(Some(&beside), summary, &Files { run: &run, files }))
}

/// The latest runs as a table, below who is at work.
fn history(beside: Option<&str>, runs: &[RunSummary], stream: Option<&StreamStanding>) -> Page {
    let mut page = Page::default();
    if let Some(beside) = beside {
        page.say(beside);
    }
    let mut table = Grid::new(
        Frame::Open { indent: 0 },
        vec![
            Column::word("run"),
            Column::word("state").major(),
            Column::text("source").major(),
            Column::word("stage").minor(),
            Column::number("playlists").minor(),
            Column::number("rows"),
            Column::number("took"),
            Column::word("started (UTC)").minor(),
            Column::word("").major(),
        ],
    );
    let now = now();
    for run in runs {
        let count = |count: Option<u64>| match count {
            Some(count) => Cell::number(count),
            None => Cell::toned("–", Tone::Dim),
        };
        let since = run.finished_at.unwrap_or(run.started_at);
        table.row(vec![
            run.run_id.as_str().into(),
            Cell::toned(run.state.name(), run.state),
            title(run).into(),
            run.stage.as_deref().unwrap_or_default().into(),
            count(run.playlist_count),
            count(run.row_count),
            took(run).map_or_else(|| Cell::toned("–", Tone::Dim), Cell::from),
            run.started_at.format("%Y-%m-%d %H:%M:%S").to_string().into(),
            match run.state {
                RunStatus::Running => {
                    format!("for {}", duration::words(between(run.started_at, now))).into()
                }
                _ => format!("{} ago", duration::words(between(since, now))).into(),
            },
        ]);
        for Remark { text, tone } in remarks(run) {
            table.note(text, tone);
        }
    }
    page.table(table);
    if let Some(stream) = stream {
        page.say(of_stream(stream));
    }
    page
}

/// What the run read, by its names where it has some.
fn title(run: &RunSummary) -> &str {
    if run.title.is_empty() { &run.source } else { &run.title }
}

fn between(from: DateTime<Utc>, to: DateTime<Utc>) -> Duration {
    (to - from).to_std().unwrap_or_default()
}

/// How long it took, in words.
fn took(run: &RunSummary) -> Option<String> {
    let took = between(run.started_at, run.finished_at?);
    Some(match took.as_secs() {
        0..60 => format!("{:.1}s", took.as_secs_f64()),
        _ => duration::words(took),
    })
}

/// What is said of a run.
struct Remark {
    text: String,
    tone: Tone,
}

/// What there is to say of a run beside its figures, each in a line of its own.
fn remarks(run: &RunSummary) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let mut say = |text: String, tone: Tone| remarks.push(Remark { text, tone });
    if let Some(since) = run.quiet_since {
        let text =
            format!("the last of {} rounds without news since {}", run.round_count, time(since));
        say(text, Tone::Dim);
    }
    let is_unwell = matches!(run.state, RunStatus::Failed | RunStatus::Pending);
    if let (true, Some(error)) = (is_unwell, &run.error) {
        // What was to be done then is done: nobody is to paste it again.
        let is_mended = run.wrong_file_count == 0 && run.mended_by.is_some();
        let what = run.failure.as_ref().filter(|_| is_mended).unwrap_or(error);
        say(what.clone(), run.state.into());
    } else if let (RunStatus::Unchanged, Some(error)) = (run.state, &run.error) {
        let what = run.failure.as_ref().unwrap_or(error);
        say(format!("it failed, and that is mended: {what}"), Tone::Plain);
    } else if let Some(error) = &run.failed_with {
        say(format!("it failed, and that is mended: {error}"), Tone::Plain);
    }
    if 0 < run.wrong_file_count {
        let count = run.wrong_file_count;
        let before =
            proven(run.verified_at).map(|at| format!("{at}, and now ")).unwrap_or_default();
        let text = format!(
            "{before}{} {} not in Snowflake as sent: `snowtrack status --run {}`",
            counted(count, "file"),
            either(count, "is", "are"),
            run.run_id
        );
        say(text, Tone::Fail);
    } else if let Some(by) = &run.mended_by {
        let text = match by.as_str() {
            "snowflake" => "mended in Snowflake".to_owned(),
            by => format!("mended by run {by}"),
        };
        say(text, Tone::Ok);
    }
    // A run that ended otherwise says it with its error.
    if let (Some(what), Some(until), false) = (&run.put_off, run.put_off_until, is_unwell) {
        say(format!("Spotify put off {what}, not before {}", time(until)), Tone::Warn);
    }
    if run.state == RunStatus::Stopped {
        let error = run.error.as_ref().map(|error| format!("{error}; ")).unwrap_or_default();
        say(format!("{error}the same command continues it"), Tone::Warn);
    }
    remarks
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// How the stream stands, as a last line.
fn of_stream(stream: &StreamStanding) -> String {
    let StreamStanding { address, acknowledged_count, acknowledged_at, .. } = stream;
    let last = acknowledged_at.map(|at| format!(", the last {}", time(at)));
    let rest = match stream.lacks() {
        None => "it lacks nothing".to_owned(),
        Some(lacks) => format!("{lacks}: the next run sends them, or `snowtrack stream`"),
    };
    let last = last.unwrap_or_default();
    format!("stream {address}: {acknowledged_count} events acknowledged{last}; {rest}")
}

/// The runs as JSON; how the stream stands is with the latest.
fn runs_to_json(runs: &[RunSummary], stream: Option<&StreamStanding>) -> Result<String, Error> {
    let Some(stream) = stream else { return to_json(&runs) };
    let mut all = serde_json::to_value(runs).map_err(std::io::Error::from)?;
    if let Some(latest) = all.get_mut(0) {
        latest["stream"] = serde_json::to_value(stream).map_err(std::io::Error::from)?;
    }
    to_json(&all)
}

/// When it was proven, in words.
fn proven(at: Option<DateTime<Utc>>) -> Option<String> {
    at.map(|at| format!("verified {}", time(at)))
}

/// A run, and the files that it shipped.
struct Files<'f> {
    run: &'f RunId,
    files: &'f [FileSummary],
}

/// The run's head, and its files.
fn one_run(beside: Option<&str>, summary: Option<&RunSummary>, files: &Files<'_>) -> Page {
    let mut page = Page::default();
    if let Some(beside) = beside {
        page.say(beside);
    }
    if let Some(run) = summary {
        head(&mut page, run);
        page.gap();
    }
    let Files { run, files } = files;
    match files {
        [] if summary.is_some_and(|run| run.state == RunStatus::Running) => {
            page.say(format!("run {run} has written no file yet"));
        }
        [] => page.say(format!("run {run} shipped no file")),
        files => page.table(file_states(files)),
    }
    page
}

/// What is known of a run beside its files.
fn head(page: &mut Page, run: &RunSummary) {
    let state = run.state.name();
    let at = if run.state == RunStatus::Running { "at" } else { "last at" };
    let stage = run.stage.as_ref().map(|stage| format!(", {at} {stage}")).unwrap_or_default();
    page.say_toned(format!("run {}: {state}{stage}", run.run_id), state, run.state);
    page.say(format!("  source: {}", one_line(title(run))));
    let ended = match (run.finished_at, took(run)) {
        (Some(at), Some(took)) => format!(", ended {} ({took})", time(at)),
        _ => ", not ended".to_owned(),
    };
    page.say(format!("  started {}{ended}", time(run.started_at)));
    let counts = [
        (run.playlist_count, "playlist"),
        (run.row_count, "row"),
        (run.call_count, "call"),
        (run.warning_count, "warning"),
    ];
    let known = counts.into_iter().filter_map(|(count, noun)| Some(counted(count?, noun)));
    let known = known.collect::<Vec<_>>().join(", ");
    let findings = match run.warning_count {
        Some(_) => format!(" (`snowtrack status --run {} --checks`)", run.run_id),
        None => String::new(),
    };
    if !known.is_empty() {
        page.say(format!("  {known}{findings}"));
    }
    for Remark { text, tone } in remarks(run) {
        let line = format!("  → {}", one_line(&text));
        page.say_toned(line, "→", tone);
    }
}

fn file_states(files: &[FileSummary]) -> Grid {
    let mut table = Grid::new(
        Frame::Open { indent: 0 },
        vec![
            Column::word("table"),
            Column::number("rows"),
            Column::word("state"),
            Column::pasted("key").or_below(),
        ],
    );
    for file in files {
        table.row(vec![
            file.table.name().into(),
            Cell::number(file.row_count),
            Cell::toned(file.state.name(), file.state),
            file.key.as_str().into(),
        ]);
        if file.state != FileState::Verified
            && let Some(at) = proven(file.verified_at)
        {
            table.note(at, Tone::Plain);
        }
        if let Some(reason) = &file.reason {
            table.note(reason, file.state);
        }
    }
    table
}
