//! `reconcile`: whole tables compared, what differs told by kind, and what another shipment mends shipped again.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::exit::Error;
use super::layout::{Cell, Column, Frame, Grid, Page, Tone};
use super::told::print_page;
use super::{Cli, now, one_line, print, run, runtime};
use crate::config::Config;
use crate::event::Stage;
use crate::ids::Table;
use crate::observe;
use crate::operate::{Asked, Reconciliation};
use crate::phrase::{counted, either, listed};
use crate::snowflake::compare::{Change, Difference, Kind};
use crate::stop::Stop;

/// Which tables to compare.
#[derive(Debug, clap::Args)]
pub(super) struct ReconcileArgs {
    /// Tables to compare [default: all]
    #[arg(value_name = "TABLE")]
    tables: Vec<Table>,
    /// Ship exactly the rows that differ again, and compare once more; never over rows that are newer in Snowflake
    #[arg(long)]
    repair: bool,
    /// Write over rows that are newer in Snowflake, too
    #[arg(long, requires = "repair")]
    force: bool,
    #[command(flatten)]
    wait: run::WaitArgs,
}

/// Compares tables, and with `--repair` ships what differs again.
pub(super) fn reconcile(
    cli: &Cli,
    arguments: &ReconcileArgs,
    config: &Config,
) -> Result<(), Error> {
    let stop = Arc::new(Stop::default());
    let wait = arguments.wait.patience();
    let settings =
        crate::run::Settings { wait, ..crate::run::Settings::of_stage(Stage::Verify, now) };
    let sinks = observe::usual();
    let compare = |repaired| {
        runtime()?.block_on(async {
            run::stop_on_signal(&stop);
            let asked = Asked { tables: &arguments.tables, repaired };
            let sink = |event: &_| sinks.tell(event);
            Ok::<_, Error>(
                crate::operate::reconcile(config, &settings, &asked, &sink, &stop).await?,
            )
        })
    };
    let mut found = compare(BTreeSet::new())?;
    let before = found.count();
    let keys = found.keys(arguments.force);
    let is_repaired = arguments.repair && !keys.is_empty();
    if is_repaired {
        if !cli.json {
            print_page(differences(&found, Advice::Begun))?;
        }
        let again = crate::run::Settings {
            wait,
            state: arguments.wait.terms(),
            reship: keys,
            stages: Stage::Transform..=Stage::Verify,
            ..crate::run::Settings::of_stage(Stage::Verify, now)
        };
        match run::go_quietly(cli, config, &again) {
            // An older file that is wrong stays wrong until the comparison shows that its rows are right now.
            Err(error) if error.code() == crate::cli::exit::MISMATCH => {}
            other => other?,
        }
        let settled = std::mem::take(&mut found.settled);
        found = compare(found.incomplete())?;
        for (table, count) in settled {
            *found.settled.entry(table).or_default() += count;
        }
    }
    let mended = before.saturating_sub(found.count());
    if cli.json {
        print(&to_json(&found, mended))?;
    } else {
        let advice = if arguments.repair { Advice::Done } else { Advice::Open };
        let mut page = differences(&found, advice);
        if is_repaired {
            page.say_toned(format!("mended {}", rows(mended)), "mended", Tone::Ok);
        }
        print_page(page)?;
    }
    match found.count() {
        0 => Ok(()),
        count => {
            let rest = rest(&found, arguments, is_repaired);
            Err(Error::Differs { count, rest })
        }
    }
}

fn rows(count: usize) -> String {
    counted(count as u64, "row")
}

/// What mends what is left, by kind, cheapest first.
fn rest(found: &Reconciliation, arguments: &ReconcileArgs, is_repaired: bool) -> String {
    let names: Vec<&str> = arguments.tables.iter().map(|table| table.name()).collect();
    let command = ["snowtrack reconcile"].into_iter().chain(names).collect::<Vec<_>>().join(" ");
    let mut parts = Vec::new();
    let left = found.keys(false).values().map(BTreeSet::len).sum::<usize>();
    if 0 < left && is_repaired {
        parts.push(format!(
            "{} still {} after {} shipped again: `snowtrack verify` says how far the files are",
            rows(left),
            either(left as u64, "differs", "differ"),
            either(left as u64, "it was", "they were")
        ));
    } else if let (1.., Some(run)) = (left, &found.refused) {
        parts.push(format!(
            "{} {} for the quality gate, which refused run {run}: `snowtrack status --run {run} --checks` says what it found; once a run has passed, `{command}` compares again",
            rows(left),
            either(left as u64, "waits", "wait")
        ));
    } else if 0 < left {
        parts.push(format!("`{command} --repair` ships {} again", rows(left)));
    }
    let newer = found.count_of(Kind::NewerThere);
    if 0 < newer && arguments.force {
        parts.push(format!(
            "{} newer in Snowflake than what was shipped over: another warehouse file ships to the same tables just now",
            rows(newer)
        ));
    } else if 0 < newer {
        parts.push(format!(
            "{} newer in Snowflake, which only `{command} --repair --force` writes over",
            rows(newer)
        ));
    }
    let what = "what only Snowflake has cannot be mended from here";
    let then = format!("`{command}` settles it then");
    parts.extend(by_hand(what, found.deletions.values(), &found.role, &then));
    let what = "no shipment is newer than what is of a time still to come";
    let then = format!("then `{command} --repair` mends it");
    parts.extend(by_hand(what, found.deletions_ahead.values(), &found.role, &then));
    parts.join("; ")
}

/// What a person has to delete in Snowflake, in whose name, and what mends the rest: said once, of however many tables.
fn by_hand<'s>(
    what: &str,
    statements: impl Iterator<Item = &'s String>,
    role: &str,
    then: &str,
) -> Option<String> {
    let statements: Vec<String> = statements.map(|it| format!("`{it}`")).collect();
    let length: usize = statements.iter().map(String::len).sum();
    let who = format!(
        "the tables' owner or ACCOUNTADMIN may run {} (the loader's role `{role}` is not given that right)",
        either(statements.len(), "it", "them")
    );
    match (statements.as_slice(), length) {
        ([], _) => None,
        (_, 0..=LONGEST_STATEMENT) => {
            Some(format!("{what}, but by {}: {who}; {then}", listed(&statements)))
        }
        _ => Some(format!("{what}: `--json` holds the `delete` for it: {who}; {then}")),
    }
}

/// A statement that a person still pastes from a terminal.
const LONGEST_STATEMENT: usize = 4_000;

fn to_json(found: &Reconciliation, mended: usize) -> String {
    let difference = |it: &Difference| {
        let changes = it.changes.iter().map(|Change { column, local, remote }| {
            json!({"column": column, "duckdb": local, "snowflake": remote})
        });
        json!({
            "key": it.key, "in_duckdb": it.local.is_some(), "in_snowflake": it.remote.is_some(),
            "kind": it.kind.name(), "changes": changes.collect::<Vec<_>>(), "next_step": it.next_step,
        })
    };
    let tables = found.tables.iter().map(|table| {
        json!({
            "table": table.table.name(),
            "duckdb_row_count": table.local.row_count,
            "snowflake_row_count": table.remote.row_count,
            "differences": table.differences.iter().map(difference).collect::<Vec<Value>>(),
            "delete": found.deletions.get(&table.table),
            "delete_ahead": found.deletions_ahead.get(&table.table),
            "settled_file_count": found.settled.get(&table.table).copied().unwrap_or_default(),
        })
    });
    let tables = tables.collect::<Vec<_>>();
    json!({"is_same": found.is_same(), "mended_row_count": mended, "tables": tables}).to_string()
}

/// Shown per table; `--json` has all of them.
const SHOWN: usize = 10;

/// What is done about differences that another shipment mends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Advice {
    /// Nothing yet.
    Open,
    /// They are shipped now.
    Begun,
    /// They were shipped, but for those that may not be.
    Done,
}

/// Each table, the rows that differ, and at the end what each kind of difference means.
fn differences(found: &Reconciliation, advice: Advice) -> Page {
    let columns = vec![
        Column::word("table"),
        Column::number("DuckDB"),
        Column::number("Snowflake"),
        Column::number("differ"),
    ];
    let mut shown = Grid::new(Frame::Open { indent: 0 }, columns);
    for table in &found.tables {
        let count = table.differences.len();
        shown.row(vec![
            table.table.name().into(),
            Cell::number(table.local.row_count),
            Cell::number(table.remote.row_count),
            Cell::toned(count.to_string(), if count == 0 { Tone::Ok } else { Tone::Fail }),
        ]);
    }
    let mut page = Page::default();
    page.table(shown);
    for table in found.tables.iter().filter(|table| !table.differences.is_empty()) {
        page.say(format!("{}:", table.table.name()));
        for it in table.differences.iter().take(SHOWN) {
            page.say(format!("  {}: {}", one_line(&it.key.join(", ")), one_line(&what(it))));
        }
        if table.differences.len() > SHOWN {
            let left = table.differences.len() - SHOWN;
            page.say(format!("  … and {left} more (`--json` lists them)"));
        }
    }
    for kind in Kind::ALL {
        let gone = if kind == Kind::OnlyThere { found.count_going_with_group() } else { 0 };
        let count = found.count_of(kind) - gone;
        let line = |count, step| format!("→ {} {}: {step}", rows(count), kind.label());
        if 0 < gone {
            let step = match advice {
                Advice::Open => Difference::group_step(gone),
                Advice::Begun => format!("{}; {SHIPPED_NOW}", Difference::group_meaning(gone)),
                Advice::Done => Difference::group_meaning(gone),
            };
            page.say(line(gone, step));
        }
        if 0 < count {
            let step = match advice {
                Advice::Begun if kind.is_mended_by_repair() => {
                    format!("{}; {SHIPPED_NOW}", kind.meaning(count))
                }
                Advice::Open => kind.next_step(count),
                Advice::Begun | Advice::Done => kind.meaning(count),
            };
            page.say(line(count, step));
        }
    }
    for (table, count) in found.settled.iter().filter(|_| advice != Advice::Begun) {
        page.say(format!(
            "settled {} of `{table}`: its rows are right now, whatever became of {}",
            counted(*count as u64, "file"),
            either(*count, "that file", "those files")
        ));
    }
    page
}

/// What is done about rows while `--repair` does it.
const SHIPPED_NOW: &str = "what can be is shipped again now";

fn what(difference: &Difference) -> String {
    let value = |value: &Option<String>| match value {
        Some(text) => format!("`{text}`"),
        None => "NULL".to_owned(),
    };
    let of = |Change { column, local, remote }: &Change| {
        format!("{column} is {}, wanted {}", value(remote), value(local))
    };
    let changes: Vec<String> = difference.changes.iter().map(of).collect();
    let label = difference.kind.label();
    match (&difference.remote, changes.is_empty()) {
        (Some(remote), true) => format!("{label} (run {})", remote.run_id),
        (_, true) => label.to_owned(),
        (_, false) => format!("{} ({label})", changes.join(", ")),
    }
}
