//! What runs and pipes cost, by Snowflake's own account of it: the views of `SNOWFLAKE.ACCOUNT_USAGE`.
//!
//! In: the answers to `sql/snowflake/history`. Out: who used the warehouse when, what an hour of it was billed, what a pipe was. A query
//! has no price of its own: an hour's credits belong to those who asked in it, in proportion to how long they were at work.

use std::collections::BTreeMap;

use super::api::{Error, Ident, Rows, literal};
use super::objects::{IngestMode, Names};
use super::sql::{Filling, HISTORY_OF_PIPES, HISTORY_OF_QUERIES, HISTORY_OF_WAREHOUSES};
use crate::lake::Format;
use crate::table::Table;

/// Which of the three is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UsageView {
    /// Who used the warehouse; bind it.
    Queries,
    /// What it was billed; bind it.
    Metering,
    /// What the pipes were billed.
    Pipes,
}

impl Names {
    /// What a view says since `since` (ISO 8601).
    pub(crate) fn usage(&self, view: UsageView, since: &str) -> String {
        let template = match view {
            UsageView::Queries => HISTORY_OF_QUERIES,
            UsageView::Metering => HISTORY_OF_WAREHOUSES,
            UsageView::Pipes => HISTORY_OF_PIPES,
        };
        self.single(template, vec![("since", Filling::Text(literal(since)))])
    }

    /// Whether a pipe of this name loads the table, in any way and format, of any version.
    pub(crate) fn is_pipe_of(&self, name: &str, table: Table) -> bool {
        let formats = [Format::Parquet, Format::Csv];
        let modes = [IngestMode::Rest, IngestMode::Auto];
        let of_table = formats.into_iter().flat_map(|format| modes.map(|mode| (format, mode)));
        of_table.filter_map(|(format, mode)| self.pipe(table, format, mode)).any(|pipe| {
            let ours = pipe.name.as_str();
            let family = |name: &str| name.rsplit_once('V').map(|(family, _)| family.to_owned());
            family(name) == family(ours)
        })
    }

    /// What an administrator runs so that our role may read the views.
    pub(crate) fn usage_grants(role: &Ident) -> [String; 2] {
        ["USAGE_VIEWER", "GOVERNANCE_VIEWER"]
            .map(|viewer| format!("grant database role SNOWFLAKE.{viewer} to role {role}"))
    }
}

/// What one tag's statements used.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct TagUsage {
    pub statement_count: u64,
    pub execution_ms: u64,
    pub bytes_scanned: u64,
    /// Its share of what the warehouse was billed.
    pub credits: f64,
    /// Whether some of it is not billed yet.
    pub is_incomplete: bool,
}

/// What one pipe loaded and was billed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PipeUsage {
    /// Its name, without the schema.
    pub pipe: String,
    pub credits: f64,
    pub bytes: u64,
    pub file_count: u64,
}

/// What each tag used, from the answers about queries and about metering.
///
/// # Errors
/// An answer that is none.
pub(crate) fn tag_usage(
    queries: &Rows,
    metering: &Rows,
) -> Result<BTreeMap<String, TagUsage>, Error> {
    let mut billed = BTreeMap::new();
    for row in metering.iter() {
        let credits = number(&row.cell("CREDITS")?.decimal()?);
        billed.insert(row.cell("STARTED_IN")?.text()?.to_owned(), credits);
    }
    let mut at_work: BTreeMap<String, u64> = BTreeMap::new();
    for row in queries.iter() {
        let hour = row.cell("STARTED_IN")?.text()?.to_owned();
        *at_work.entry(hour).or_default() += row.cell("EXECUTION_MS")?.u64()?;
    }
    let mut usage: BTreeMap<String, TagUsage> = BTreeMap::new();
    for row in queries.iter() {
        let tag = row.cell("QUERY_TAG")?.not_null().map(|cell| cell.text()).transpose()?;
        let hour = row.cell("STARTED_IN")?.text()?;
        let execution_ms = row.cell("EXECUTION_MS")?.u64()?;
        let bytes = row.cell("BYTES_SCANNED")?.not_null().map(|cell| cell.u64()).transpose()?;
        let of_tag = usage.entry(tag.unwrap_or_default().to_owned()).or_default();
        of_tag.statement_count += row.cell("STATEMENT_COUNT")?.u64()?;
        of_tag.execution_ms += execution_ms;
        of_tag.bytes_scanned += bytes.unwrap_or(0);
        match billed.get(hour) {
            Some(credits) => {
                let all_ms = at_work.get(hour).copied().unwrap_or(0);
                of_tag.credits += credits * share(execution_ms, all_ms);
            }
            None => of_tag.is_incomplete = true,
        }
    }
    Ok(usage)
}

/// What each pipe was billed.
///
/// # Errors
/// An answer that is none.
pub(crate) fn pipe_usage(rows: &Rows) -> Result<Vec<PipeUsage>, Error> {
    let of_row = |row: super::api::Row<'_>| {
        let name = row.cell("PIPE_NAME")?.text()?;
        let whole = |column: &str| row.cell(column)?.not_null().map_or(Ok(0), |cell| cell.u64());
        Ok(PipeUsage {
            // With or without database and schema, as Snowflake likes.
            pipe: name.rsplit('.').next().unwrap_or(name).trim_matches('"').to_owned(),
            credits: number(&row.cell("CREDITS")?.decimal()?),
            bytes: whole("BYTES")?,
            file_count: whole("FILE_COUNT")?,
        })
    };
    rows.iter().map(of_row).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a share")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// A decimal number that was read as one.
fn number(text: &str) -> f64 {
    text.parse().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snowflake::api::Column;

    fn rows(columns: &[&str], rows: &[&[&str]]) -> Rows {
        let column = |name: &&str| Column { name: (*name).to_owned(), kind: "TEXT".to_owned() };
        let cell = |text: &&str| (*text != "-").then(|| (*text).to_owned());
        Rows {
            handle: "h".to_owned(),
            columns: columns.iter().map(column).collect(),
            rows: rows.iter().map(|cells| cells.iter().map(cell).collect()).collect(),
        }
    }

    #[test]
    fn an_hours_credits_belong_to_those_who_asked_in_it() {
        let queries = rows(
            &["QUERY_TAG", "STARTED_IN", "STATEMENT_COUNT", "EXECUTION_MS", "BYTES_SCANNED"],
            &[
                &["run-a", "2026-01-05T06", "8", "3000", "100"],
                &["", "2026-01-05T06", "2", "1000", "-"],
                &["run-a", "2026-01-05T07", "1", "500", "5"],
                &["run-b", "2026-01-05T08", "1", "500", "5"],
            ],
        );
        let metering = rows(
            &["STARTED_IN", "CREDITS"],
            &[&["2026-01-05T06", "0.2"], &["2026-01-05T07", "0.050000"]],
        );
        let usage = tag_usage(&queries, &metering).unwrap();
        let a = &usage["run-a"];
        assert_eq!((a.statement_count, a.execution_ms, a.bytes_scanned), (9, 3_500, 105));
        assert!((a.credits - 0.2).abs() < 1e-9 && !a.is_incomplete, "{a:?}");
        assert!((usage[""].credits - 0.05).abs() < 1e-9);
        let b = &usage["run-b"];
        assert!(b.is_incomplete && b.credits == 0.0, "{b:?}");
    }

    #[test]
    fn a_pipe_is_known_by_its_name_however_it_is_written() {
        let usage = pipe_usage(&rows(
            &["PIPE_NAME", "CREDITS", "BYTES", "FILE_COUNT"],
            &[&["A_V1", "0.001", "12", "2"], &["DB.RAW.\"B_V1\"", "0", "-", "-"]],
        ))
        .unwrap();
        let names: Vec<_> = usage.iter().map(|it| (it.pipe.as_str(), it.file_count)).collect();
        assert_eq!(names, [("A_V1", 2), ("B_V1", 0)]);
    }
}
