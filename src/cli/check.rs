//! `check`, and what `status --checks` shows of a run: which checks there are, what they found, and where.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::json;

use super::exit::Error;
use super::harmless::shortened;
use super::run::{StageArgs, one_stage, stop_on_signal, tell_nothing_here};
use super::{Cli, now, print, runtime, summary};
use crate::config::Config;
use crate::event::Stage;
use crate::ids::RunId;
use crate::ledger::CheckFinding;
use crate::observe;
use crate::operate::{Everything, check_everything};
use crate::phrase::{counted, every};
use crate::quality;
use crate::run::RunReport;
use crate::status::RunStatus;
use crate::stop::Stop;
use crate::warehouse::CHECKS;

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
        return print(&list(cli.json));
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
    let settings = arguments.stage.settings(Stage::Check);
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
        let mut text = format!(
            "looked at {} of {}\n",
            every(row_count, "row"),
            counted(tables.len() as u64, "table")
        );
        summary::checks(&mut text, &checks);
        print(text.trim_end())?;
    }
    error.map_or(Ok(()), |error| Err(error.into()))
}

fn list(as_json: bool) -> String {
    let entries = CHECKS.iter().map(|file| {
        let severity = quality::severity_of(file).name();
        (file.name, severity, quality::table_of(file), quality::why_of(file))
    });
    if as_json {
        let entries = entries.map(|(check, severity, table, why)| {
            json!({ "check": check, "severity": severity, "table": table, "why": why })
        });
        return json!(entries.collect::<Vec<_>>()).to_string();
    }
    let lines =
        entries.map(|(check, severity, _, why)| format!("{severity:<5}  {check:<42}  {why}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// What the checks of a run found.
pub(super) fn of_run(run: &RunId, findings: &[CheckFinding]) -> String {
    if findings.is_empty() {
        return format!("run {run} came to no check");
    }
    let failed: Vec<_> = findings.iter().filter(|finding| finding.status == "fail").collect();
    let passed = findings.len() - failed.len();
    let mut text =
        format!("run {run}: {passed} of {} passed\n", counted(findings.len() as u64, "check"));
    for CheckFinding { check, severity, offending_row_count, why, rows, .. } in failed {
        let counted = counted(*offending_row_count, "row");
        let _ = writeln!(text, "  {severity:<5} {check} found {counted}: {why}");
        let shown = rows.len().min(SHOWN_ROWS);
        for row in &rows[..shown] {
            let _ = writeln!(text, "          {}", shortened(row.get()));
        }
        let more = offending_row_count.saturating_sub(shown as u64);
        if more > 0 {
            let _ =
                writeln!(text, "          … and {more} more; `--json` gives the first {KEPT_ROWS}");
        }
    }
    text.trim_end().to_owned()
}

/// Rows of a check that a person still reads.
const SHOWN_ROWS: usize = 20;
/// Rows of a check that the ledger keeps.
const KEPT_ROWS: usize = quality::KEPT_FAILURES;
