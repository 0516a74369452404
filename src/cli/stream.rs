//! `stream` sends what the stream lacks; `verify --stream` proves what it was sent.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::json;

use super::exit::Error;
use super::{Cli, now, one_line, print, run, runtime};
use crate::config::Config;
use crate::event::{Ending, Stage};
use crate::ids::Table;
use crate::observe;
use crate::operate::{StreamProof, StreamVerdict};
use crate::run::{RunReport, Sending, Settings, StreamWish};
use crate::status::RunStatus;
use crate::stop::Stop;

/// What is sent.
#[derive(Debug, clap::Args)]
pub(super) struct StreamArgs {
    /// Send every row, whatever the stream was sent before; a replay that was interrupted goes on
    #[arg(long)]
    replay: bool,
    /// Only this table
    #[arg(long, value_name = "TABLE")]
    table: Option<Table>,
    #[command(flatten)]
    wait: run::WaitArgs,
}

/// Sends what the stream lacks.
pub(super) fn stream(cli: &Cli, arguments: &StreamArgs, config: &Config) -> Result<(), Error> {
    let stop = Arc::new(Stop::default());
    let settings = settings(&arguments.wait);
    let wish =
        StreamWish { replay: arguments.replay, table: arguments.table, ..StreamWish::default() };
    let sinks = observe::usual();
    let sent = runtime()?.block_on(async {
        run::stop_on_signal(&stop);
        let sink = |event: &_| sinks.tell(event);
        crate::operate::send_changes(config, &settings, wish, &sink, &stop).await
    })?;
    let Sending { reports, notes, trouble } = sent;
    let status = match &trouble {
        None => "sent",
        Some(error) if error.ending() == Ending::Later => "pending",
        Some(_) => "failed",
    };
    if cli.json {
        let error = trouble.as_ref().map(ToString::to_string);
        let document = json!({
            "status": status, "streams": reports, "notes": notes, "error": error,
        });
        print(&document.to_string())?;
    } else if !cli.quiet {
        let mut text = String::new();
        let _ = writeln!(text, "{:<18} {:>10} {:>12}  state", "table", "events", "acknowledged");
        for report in &reports {
            let _ = writeln!(
                text,
                "{:<18} {:>10} {:>12}  {}",
                report.table, report.event_count, report.acknowledged_count, report.state
            );
        }
        for note in &notes {
            let _ = writeln!(text, "  {}", one_line(note));
        }
        print(text.trim_end())?;
    }
    trouble.map_or(Ok(()), |error| Err(crate::run::Error::from(error).into()))
}

/// Proves what the stream was sent.
pub(super) fn verify(cli: &Cli, wait: &run::WaitArgs, config: &Config) -> Result<(), Error> {
    let stop = Arc::new(Stop::default());
    let settings = settings(wait);
    let sinks = observe::usual();
    let proof = runtime()?.block_on(async {
        run::stop_on_signal(&stop);
        let sink = |event: &_| sinks.tell(event);
        crate::operate::verify_stream(config, &settings, &sink, &stop).await
    })?;
    if cli.json {
        print(&to_json(&proof))?;
    } else if !cli.quiet {
        print(in_words(&proof).trim_end())?;
    }
    match proof.verdict {
        StreamVerdict::Skipped | StreamVerdict::Verified | StreamVerdict::Expired => Ok(()),
        StreamVerdict::Mismatch => Err(Error::StreamDiffers(proof.reason)),
        StreamVerdict::Pending => match proof.trouble {
            Some(error) => Err(crate::run::Error::from(error).into()),
            None => Ok(()),
        },
    }
}

fn settings(wait: &run::WaitArgs) -> Settings {
    let (wait, state) = (wait.patience(), wait.terms());
    Settings { wait, state, ..Settings::of_stage(Stage::Upload, now) }
}

/// In the form of a run's report, as of every verification.
fn to_json(proof: &StreamProof) -> String {
    let status = match proof.verdict {
        StreamVerdict::Skipped => RunStatus::Unchanged,
        StreamVerdict::Verified => RunStatus::Verified,
        StreamVerdict::Expired | StreamVerdict::Pending => RunStatus::Pending,
        StreamVerdict::Mismatch => RunStatus::Failed,
    };
    let mut document = RunReport::of_no_run(status, &proof.reason);
    let streams: Vec<_> = proof
        .tables
        .iter()
        .map(|it| {
            json!({
                "table": it.table, "verdict": it.verdict.name(), "event_count": it.event_count,
                "found_count": it.found_count, "compacted_count": it.compacted_count,
                "differing_keys": it.differing_keys, "reason": it.reason,
            })
        })
        .collect();
    let verification = json!({ "verdict": proof.verdict.name(), "reason": proof.reason });
    let error = (proof.verdict > StreamVerdict::Expired).then(|| proof.reason.clone());
    document.insert("verdict".to_owned(), proof.verdict.name().into());
    document.insert("verification".to_owned(), verification);
    document.insert("streams".to_owned(), streams.into());
    document.insert("error".to_owned(), error.into());
    serde_json::Value::Object(document).to_string()
}

fn in_words(proof: &StreamProof) -> String {
    let mut text = String::new();
    for it in &proof.tables {
        let dropped = match it.compacted_count {
            0 => String::new(),
            count => format!(", {count} older versions compacted"),
        };
        let _ = writeln!(
            text,
            "{:<18} {:>10} of {:>10} events  {}{dropped}: {}",
            it.table,
            it.found_count,
            it.event_count,
            it.verdict.name(),
            one_line(&it.reason)
        );
    }
    let _ = writeln!(text, "{}: {}", proof.verdict.name(), one_line(&proof.reason));
    text
}
