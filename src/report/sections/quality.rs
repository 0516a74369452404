//! What the checks found.

use serde::Deserialize;

use super::{Entry, List, Part, Section};
use crate::report::asked::{Asked, Drawn, Wanted};
use crate::report::charts::{Bar, Chart, Column, Text, bars, columns};
use crate::report::words::{at_start, counted, either, grouped, how_many, short_day};
use crate::warehouse::Error;

#[derive(Deserialize)]
struct TableChecks {
    table_name: String,
    pass_count: u64,
    warning_count: u64,
    error_count: u64,
    offending_row_count: Option<u64>,
}

#[derive(Deserialize)]
struct Finding {
    run_id: String,
    check: String,
    severity: String,
    offending_row_count: u64,
}

#[derive(Deserialize)]
struct RunFindings {
    run_id: String,
    started_at: Option<String>,
    warning_row_count: Option<u64>,
    error_row_count: Option<u64>,
}

pub(super) fn section(asked: &Asked) -> Result<Section, Error> {
    let findings: Vec<Finding> = asked.rows("findings")?;
    let mut parts: Vec<Part> = vec![by_table(asked)?.into(), by_run(asked)?.into()];
    let entries: Vec<Entry> = findings
        .iter()
        .map(|finding| Entry {
            text: Text::own(finding.check.as_str()),
            mark: None,
            detail: vec![
                Text::own(if finding.severity == "warn" { "warning" } else { "error" }),
                Text::own(counted(finding.offending_row_count, "row")),
            ],
        })
        .collect();
    if let Some(first) = findings.first() {
        parts.push(Part::List(List {
            title: Text::own("Checks that found something"),
            entries,
            left_out: 0,
        }));
        let lede = format!(
            "Run {} is the latest that was checked. `snowtrack status --run {} --checks` shows the rows that were found.",
            first.run_id, first.run_id
        );
        return Ok(Section { title: "Data quality", lede, parts });
    }
    let lede = "Each run is checked before anything of it is published or sent; an error stops it, a warning is told.";
    Ok(Section { title: "Data quality", lede: lede.to_owned(), parts })
}

fn by_table(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "Checks by table",
        question: "checks",
        head: &["Table", "Passed", "Warnings", "Errors", "Rows found"],
        nothing: "No run was checked yet",
    };
    asked.chart(&wanted, |rows: &[TableChecks]| {
        let sum = |of: fn(&TableChecks) -> u64| rows.iter().map(of).sum::<u64>();
        let (passed, warned, failed) =
            (sum(|it| it.pass_count), sum(|it| it.warning_count), sum(|it| it.error_count));
        let finding = format!(
            "{} of {} {}, {} {} a warning, and {} an error.",
            at_start(passed, "check"),
            grouped(passed + warned + failed),
            "passed",
            how_many(warned),
            either(warned, "is", "are"),
            how_many(failed)
        );
        let shown: Vec<Bar> = rows
            .iter()
            .map(|row| Bar {
                label: Text::own(row.table_name.as_str()),
                parts: [row.pass_count, row.warning_count, row.error_count]
                    .map(|it| it as f64)
                    .to_vec(),
                shown: None,
            })
            .collect();
        let cells = rows.iter().map(|row| {
            vec![
                Text::own(row.table_name.as_str()),
                Text::count(row.pass_count),
                Text::count(row.warning_count),
                Text::count(row.error_count),
                Text::count(row.offending_row_count.unwrap_or_default()),
            ]
        });
        Drawn {
            finding,
            picture: bars(&shown, &["passed", "warning", "error"], 0.0),
            rows: cells.collect(),
        }
    })
}

fn by_run(asked: &Asked) -> Result<Chart, Error> {
    let wanted = Wanted {
        title: "Rows that checks found, by run",
        question: "findings_by_run",
        head: &["Run", "Warned of", "Wrong"],
        nothing: "No run was checked yet",
    };
    asked.chart(&wanted, |rows: &[RunFindings]| {
        let warned = |row: &RunFindings| row.warning_row_count.unwrap_or_default();
        let wrong = |row: &RunFindings| row.error_row_count.unwrap_or_default();
        let clean = rows.iter().filter(|row| warned(row) + wrong(row) == 0).count() as u64;
        let last = &rows[0];
        let finding = format!(
            "{} of the last {} found nothing; the latest warned of {} and found {} wrong.",
            at_start(clean, "run"),
            grouped(rows.len() as u64),
            counted(warned(last), "row"),
            how_many(wrong(last))
        );
        let shown: Vec<Column> = rows
            .iter()
            .rev()
            .map(|row| Column {
                label: short_day(row.started_at.as_deref()),
                parts: vec![warned(row) as f64, wrong(row) as f64],
            })
            .collect();
        let cells = rows.iter().map(|row| {
            vec![Text::own(row.run_id.as_str()), Text::count(warned(row)), Text::count(wrong(row))]
        });
        Drawn { finding, picture: columns(&shown, &["warned of", "wrong"]), rows: cells.collect() }
    })
}
