//! `status`: what the ledger knows of the latest runs, or of the files of one.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::duration::{self, duration};
use super::exit::Error;
use super::named::meant;
use super::{Cli, check, is_there, now, one_line, print};
use crate::config::Config;
use crate::ids::{DataDir, RunId};
use crate::ledger::streams::StreamStanding;
use crate::ledger::{FileSummary, Freshness, RunSummary, StatusFile};
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
    let run = match &arguments.run {
        Some(word) => Some(meant(word, &crate::ledger::run_ids(&warehouse)?)?),
        None => None,
    };
    let text = match &run {
        None => {
            let sent_nothing =
                config.stream_settings().map(|it| StreamStanding::of_none(it.address.to_string()));
            let stream = crate::ledger::streams::standing(&warehouse)?.or(sent_nothing);
            let latest = crate::ledger::latest_runs(&warehouse, 20)?;
            match cli.json {
                true => runs_to_json(&latest, stream.as_ref())?,
                false => {
                    [runs(&latest), stream.as_ref().map(of_stream).unwrap_or_default()].concat()
                }
            }
        }
        Some(run) if arguments.checks => {
            let findings = crate::ledger::findings_of(&warehouse, run)?;
            if cli.json { to_json(&findings)? } else { check::of_run(run, &findings) }
        }
        Some(run) => {
            let files = crate::ledger::files_of(&warehouse, run)?;
            if cli.json { to_json(&files)? } else { file_states(run, &files) }
        }
    };
    print(&text)
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
    let as_of = status_file.as_of.format("%Y-%m-%d %H:%M:%S UTC");
    let ids: Vec<String> = status_file.runs.iter().map(|run| run.run_id.clone()).collect();
    let text = match &arguments.run {
        None if cli.json => runs_to_json(&status_file.runs, status_file.stream.as_ref())?,
        None => format!(
            "in progress: {holder}; as of {as_of}:\n{}{}",
            runs(&status_file.runs),
            status_file.stream.as_ref().map(of_stream).unwrap_or_default()
        ),
        Some(word) => {
            let not_in_view = |error| match error {
                Error::Run(crate::run::Error::UnknownRun(word)) => Error::Usage(format!(
                    "run {word} is not in view while {holder} is at work: ask again when it has ended"
                )),
                other => other,
            };
            let run = meant(word, &ids).map_err(not_in_view)?;
            if arguments.checks {
                let findings = StatusFile::findings_of(data_dir, &run);
                if cli.json { to_json(&findings)? } else { check::of_run(&run, &findings) }
            } else {
                let files =
                    status_file.files.get(run.as_str()).map(Vec::as_slice).unwrap_or_default();
                if cli.json { to_json(&files)? } else { file_states(&run, files) }
            }
        }
    };
    print(&text)
}

fn runs(runs: &[RunSummary]) -> String {
    let mut lines = vec![format!(
        "{:<28} {:<20} {:<11} {:<10} source",
        "run", "started (UTC)", "status", "stage"
    )];
    for run in runs {
        let started = run.started_at.format("%Y-%m-%d %H:%M:%S");
        let stage = run.stage.as_deref().unwrap_or_default();
        lines.push(format!(
            "{:<28} {started:<20} {:<11} {stage:<10} {}",
            run.run_id, run.state, run.source
        ));
        if let Some(since) = run.quiet_since {
            let (count, since) = (run.round_count, since.format("%Y-%m-%d %H:%M:%S UTC"));
            lines
                .push(format!("{:>28} the last of {count} rounds without news since {since}", "→"));
        }
        if 0 < run.wrong_file_count {
            let count = run.wrong_file_count;
            let before =
                proven(run.verified_at).map(|at| format!("{at}, and now ")).unwrap_or_default();
            lines.push(format!(
                "{:>28} {before}{} {} not in Snowflake as sent: `snowtrack status --run {}`",
                "→",
                counted(count, "file"),
                either(count, "is", "are"),
                run.run_id
            ));
        } else if let Some(by) = &run.mended_by {
            let by = match by.as_str() {
                "snowflake" => "in Snowflake".to_owned(),
                by => format!("by run {by}"),
            };
            lines.push(format!("{:>28} mended {by}", "→"));
        } else if let (RunStatus::Failed | RunStatus::Pending, Some(error)) =
            (run.state, &run.error)
        {
            lines.push(format!("{:>28} {error}", "→"));
        } else if let (RunStatus::Unchanged, Some(error)) = (run.state, &run.error) {
            // What was to be done then is done: nobody is to paste it again.
            let what = one_line(run.failure.as_ref().unwrap_or(error));
            lines.push(format!("{:>28} it failed, and that is mended: {what}", "→"));
        }
        // A run that ended otherwise says it with its error.
        if let (Some(what), Some(until)) = (&run.put_off, run.put_off_until)
            && !matches!(run.state, RunStatus::Failed | RunStatus::Pending)
        {
            let until = until.format("%Y-%m-%d %H:%M:%S UTC");
            lines.push(format!(
                "{:>28} Spotify put off {}, not before {until}",
                "→",
                one_line(what)
            ));
        }
        if run.state == RunStatus::Stopped {
            let error = run.error.as_ref().map(|error| format!("{}; ", one_line(error)));
            let error = error.unwrap_or_default();
            lines.push(format!("{:>28} {error}the same command continues it", "→"));
        }
    }
    lines.join("\n")
}

/// How the stream stands, as a last line.
fn of_stream(stream: &StreamStanding) -> String {
    let StreamStanding { address, acknowledged_count, acknowledged_at, .. } = stream;
    let last =
        acknowledged_at.map(|at| format!(", the last {}", at.format("%Y-%m-%d %H:%M:%S UTC")));
    let rest = match stream.lacks() {
        None => "it lacks nothing".to_owned(),
        Some(lacks) => format!("{lacks}: the next run sends them, or `snowtrack stream`"),
    };
    let last = last.unwrap_or_default();
    format!("\nstream {address}: {acknowledged_count} events acknowledged{last}; {rest}")
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
    at.map(|at| format!("verified {}", at.format("%Y-%m-%d %H:%M:%S UTC")))
}

fn file_states(run: &RunId, files: &[FileSummary]) -> String {
    if files.is_empty() {
        return format!("run {run} shipped no file");
    }
    let mut lines = vec![format!("{:<18} {:>10} {:<9} key", "table", "rows", "state")];
    for file in files {
        lines.push(format!(
            "{:<18} {:>10} {:<9} {}",
            file.table, file.row_count, file.state, file.key
        ));
        if file.state != FileState::Verified
            && let Some(at) = proven(file.verified_at)
        {
            lines.push(format!("{:>39} {at}", "→"));
        }
        if let Some(reason) = &file.reason {
            lines.push(format!("{:>39} {}", "→", one_line(reason)));
        }
    }
    lines.join("\n")
}
