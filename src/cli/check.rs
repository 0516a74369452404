//! `check`, and what `status --checks` shows of a run: which checks there are, what they found, and where.

use std::sync::Arc;

use serde_json::json;

use super::exit::Error;
use super::layout::{Cell, Column, Frame, Grid, Page, Tone};
use super::run::{StageArgs, one_stage, stop_on_signal};
use super::stages::tell_nothing_here;
use super::summary::{self, Found, say_row};
use super::told::print_page;
use super::{Cli, now, print, runtime};
use crate::config::Config;
use crate::event::Stage;
use crate::ids::RunId;
use crate::ledger::CheckFinding;
use crate::observe;
use crate::operate::{Everything, check_everything};
use crate::phrase::{counted, every};
use crate::quality::{self, Severity};
use crate::run::RunReport;
use crate::status::RunStatus;
use crate::stop::Stop;
use crate::warehouse::{CHECKS, CheckFile};

#[derive(Debug, clap::Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    stage: StageArgs,
    /// Look at every row, shipped or not, and change nothing [default where nothing is pending]
    #[arg(long, conflicts_with = "run")]
    all: bool,
    /// List the checks: name, severity and why each exists
    #[arg(long, conflicts_with_all = ["all", "run", "warn_only"])]
    list: bool,
}

impl CheckArgs {
    /// Whether it looks at rows.
    pub(super) const fn looks(&self) -> bool {
        !self.list
    }
}

/// Checks what is pending, or everything, or says what would be checked.
pub(super) fn check(cli: &Cli, arguments: &CheckArgs, config: &Config) -> Result<(), Error> {
    if arguments.list {
        return match cli.json {
            true => print(&document()),
            false => print_page(list()),
        };
    }
    if arguments.stage.run.is_none() {
        match look(arguments, config) {
            Ok(None) => {}
            Ok(Some(everything)) => return tell(cli, everything),
            Err(Error::Run(error @ crate::run::Error::NothingHere { .. })) => {
                return tell_nothing_here(cli, &error);
            }
            Err(error) => return Err(error),
        }
    }
    one_stage(cli, &arguments.stage, config, Stage::Check)
}

fn look(arguments: &CheckArgs, config: &Config) -> Result<Option<Everything>, Error> {
    let stop = Arc::new(Stop::default());
    let settings = arguments.stage.settings(config, Stage::Check)?;
    let sinks = observe::usual();
    Ok(runtime()?.block_on(async {
        stop_on_signal(&stop);
        let sink = |event: &_| sinks.tell(event);
        check_everything(config, &settings, arguments.all, &sink, &stop).await
    })?)
}

fn tell(cli: &Cli, everything: Everything) -> Result<(), Error> {
    let Everything { checks, tables, started_at, error } = everything;
    if cli.json {
        // The form of a run's report, though there is no run.
        let status = if error.is_some() { RunStatus::Refused } else { RunStatus::Unchanged };
        let mut document = RunReport::of_no_run(status, "`check` asks nobody");
        let found = json!({
            "started_at": started_at, "finished_at": now(), "tables": tables, "checks": checks,
            "error": error.as_ref().map(ToString::to_string),
        });
        document.extend(found.as_object().cloned().unwrap_or_default());
        print(&serde_json::Value::from(document).to_string())?;
    } else if !cli.quiet {
        let row_count: u64 = tables.iter().map(|table| table.row_count).sum();
        let mut page = Page::default();
        page.say(format!(
            "looked at {} of {}",
            every(row_count, "row"),
            counted(tables.len() as u64, "table")
        ));
        summary::checks(&mut page, &checks, "");
        print_page(page)?;
    }
    error.map_or(Ok(()), |error| Err(error.into()))
}

/// The checks as one document.
fn document() -> String {
    let entry = |file: &CheckFile| {
        let severity = quality::severity_of(file).name();
        let (table, why) = (quality::table_of(file), quality::why_of(file));
        json!({ "check": file.name, "severity": severity, "table": table, "why": why })
    };
    json!(CHECKS.iter().map(entry).collect::<Vec<_>>()).to_string()
}

/// The checks as a table, each with why it exists.
fn list() -> Page {
    let columns = vec![Column::word("severity"), Column::word("check")];
    let mut table = Grid::new(Frame::Open { indent: 0 }, columns);
    for file in CHECKS.iter() {
        let severity = quality::severity_of(file);
        let tone = if severity == Severity::Error { Tone::Plain } else { Tone::Warn };
        table.row(vec![Cell::toned(severity.name(), tone), file.name.into()]);
        table.note(quality::why_of(file), Tone::Plain);
    }
    let mut page = Page::default();
    page.table(table);
    page.say(counted(CHECKS.len() as u64, "check"));
    page
}

/// What the checks of a run found.
pub(super) fn of_run(run: &RunId, findings: &[CheckFinding]) -> Page {
    let mut page = Page::default();
    if findings.is_empty() {
        page.say(format!("run {run} came to no check"));
        return page;
    }
    let failed: Vec<_> = findings.iter().filter(|finding| finding.status == "fail").collect();
    let passed = findings.len() - failed.len();
    let checks = counted(findings.len() as u64, "check");
    page.say(format!("run {run}: {passed} of {checks} passed"));
    for CheckFinding { check, severity, offending_row_count, why, sentences, .. } in failed {
        let row_count = *offending_row_count;
        Found { check, severity, row_count, why }.say(&mut page);
        let shown = sentences.len().min(SHOWN_ROWS);
        sentences[..shown].iter().for_each(|sentence| say_row(&mut page, sentence));
        let more = row_count.saturating_sub(shown as u64);
        if more > 0 {
            page.say(format!("        … and {more} more; `--json` gives the first {KEPT_ROWS}"));
        }
    }
    page
}

/// Rows of a check that a person still reads.
const SHOWN_ROWS: usize = 20;
/// Rows of a check that the ledger keeps.
const KEPT_ROWS: usize = quality::KEPT_FAILURES;
