//! `stream` sends what the stream lacks; `verify --stream` proves what it was sent.

use std::sync::Arc;

use serde_json::json;

use super::exit::Error;
use super::layout::{Cell, Column, Frame, Grid, Page, Tone};
use super::told::print_page;
use super::{Cli, now, one_line, print, run, runtime};
use crate::config::Config;
use crate::event::{Ending, Stage};
use crate::ids::Table;
use crate::observe;
use crate::operate::{StreamProof, StreamVerdict};
use crate::run::{RunReport, Sending, Settings, StreamReport, StreamWish};
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
        print_page(sent_page(&reports, &notes))?;
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
        print_page(proof_page(&proof))?;
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

/// What was sent, table by table.
fn sent_page(reports: &[StreamReport], notes: &[String]) -> Page {
    let columns = vec![
        Column::word("table"),
        Column::number("events"),
        Column::number("acknowledged"),
        Column::word("state"),
    ];
    let mut table = Grid::new(Frame::Open { indent: 0 }, columns);
    for report in reports {
        table.row(vec![
            report.table.name().into(),
            Cell::number(report.event_count),
            Cell::number(report.acknowledged_count),
            report.state.name().into(),
        ]);
    }
    let mut page = Page::default();
    page.table(table);
    notes.iter().for_each(|note| page.say(format!("  {}", one_line(note))));
    page
}

fn proof_page(proof: &StreamProof) -> Page {
    let columns = vec![
        Column::word("table"),
        Column::number("found"),
        Column::number("events"),
        Column::word("verdict"),
    ];
    let mut table = Grid::new(Frame::Open { indent: 0 }, columns);
    for it in &proof.tables {
        let tone = tone(it.verdict);
        table.row(vec![
            it.table.name().into(),
            Cell::number(it.found_count),
            Cell::number(it.event_count),
            Cell::toned(it.verdict.name(), tone),
        ]);
        let dropped = match it.compacted_count {
            0 => String::new(),
            count => format!("{count} older versions compacted; "),
        };
        table.note(format!("{dropped}{}", it.reason), tone);
    }
    let mut page = Page::default();
    page.table(table);
    let verdict = proof.verdict.name();
    let line = format!("{verdict}: {}", one_line(&proof.reason));
    page.say_toned(line, verdict, tone(proof.verdict));
    page
}

const fn tone(verdict: StreamVerdict) -> Tone {
    match verdict {
        StreamVerdict::Verified => Tone::Ok,
        StreamVerdict::Skipped => Tone::Plain,
        StreamVerdict::Expired | StreamVerdict::Pending => Tone::Warn,
        StreamVerdict::Mismatch => Tone::Fail,
    }
}
