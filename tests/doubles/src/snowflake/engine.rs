//! The DuckDB behind the double: one in-memory database, with one more attached for each of Snowflake's.

use chrono::{DateTime, Utc};
use duckdb::Connection;

use super::catalog::{Column, Name, literal, quoted};
use super::problem::{Outcome, Problem};
use super::types::Type;

/// Runs translated SQL.
pub(super) struct Engine {
    connection: Connection,
}

/// A result column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResultColumn {
    pub(super) name: String,
    pub(super) kind: Type,
}

/// A result as Snowflake's JSON carries it: text or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) columns: Vec<ResultColumn>,
    pub(super) rows: Vec<Vec<Option<String>>>,
    /// Where rows were changed.
    pub(super) stats: Option<Stats>,
}

/// How many rows a statement changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Stats {
    pub(super) inserted: u64,
    pub(super) updated: u64,
    pub(super) deleted: u64,
}

impl Engine {
    pub(super) fn new() -> Self {
        let connection = Connection::open_in_memory().expect("DuckDB opens in memory");
        connection.execute_batch(include_str!("macros.sql")).expect("the macros are right");
        Self { connection }
    }

    /// Runs statements without a result.
    pub(super) fn run(&self, sql: &str) -> Outcome<()> {
        self.connection.execute_batch(sql).map_err(|error| problem(&error))
    }

    /// Runs a statement that changes rows, and counts them.
    pub(super) fn change(&self, sql: &str) -> Outcome<u64> {
        let count = self.connection.execute(sql, []).map_err(|error| problem(&error))?;
        Ok(count as u64)
    }

    pub(super) fn create_database(&self, name: &str) -> Outcome<()> {
        self.run(&format!("attach ':memory:' as {}", quoted(name)))
    }

    pub(super) fn create_schema(&self, database: &str, schema: &str) -> Outcome<()> {
        self.run(&format!("create schema {}.{}", quoted(database), quoted(schema)))
    }

    pub(super) fn create_table(&self, name: &Name, columns: &[Column]) -> Outcome<()> {
        let columns: Vec<String> = columns
            .iter()
            .map(|column| format!("{} {}", quoted(&column.name), column.kind.duckdb()))
            .collect();
        self.run(&format!("create table {} ({})", name.quoted(), columns.join(", ")))
    }

    /// Fills a dynamic table anew.
    pub(super) fn refresh(&self, name: &Name, sql: &str) -> Outcome<()> {
        self.run(&format!("create or replace table {} as {sql}", name.quoted()))
    }

    /// A temporary table of text columns with these rows, in their order.
    pub(super) fn fill(
        &self,
        name: &str,
        columns: &[String],
        rows: &[Vec<Option<String>>],
    ) -> Outcome<()> {
        let columns: Vec<String> =
            columns.iter().map(|column| format!("{} varchar", quoted(column))).collect();
        self.run(&format!("create or replace temp table {name} ({})", columns.join(", ")))?;
        let mut appender = self.connection.appender(name).map_err(|error| problem(&error))?;
        for row in rows {
            appender
                .append_row(duckdb::appender_params_from_iter(row))
                .map_err(|error| problem(&error))?;
        }
        appender.flush().map_err(|error| problem(&error))
    }

    /// One text, or `None` for NULL or no row.
    pub(super) fn scalar(&self, sql: &str) -> Outcome<Option<String>> {
        let rows = self.texts(sql)?;
        Ok(rows.into_iter().next().and_then(|row| row.into_iter().next()).flatten())
    }

    /// The result columns of a select.
    pub(super) fn describe(&self, sql: &str) -> Outcome<Vec<(String, String)>> {
        let described = self.texts(&format!("describe {sql}"))?;
        let mut columns = Vec::new();
        for row in described {
            let mut cells = row.into_iter().flatten();
            columns.push((cells.next().unwrap_or_default(), cells.next().unwrap_or_default()));
        }
        Ok(columns)
    }

    /// A select's result in Snowflake's encoding.
    pub(super) fn select(&self, sql: &str) -> Outcome<Rows> {
        let mut columns = Vec::new();
        for (name, kind) in self.describe(sql)? {
            columns.push(ResultColumn { name, kind: Type::of_duckdb(&kind)? });
        }
        let names: Vec<String> = (0..columns.len()).map(|at| format!("c{at}")).collect();
        let cells: Vec<String> =
            columns.iter().zip(&names).map(|(column, name)| cell(column.kind, name)).collect();
        let (cells, names) = (cells.join(", "), names.join(", "));
        let rows = self.texts(&format!("select {cells} from ({sql}) as result({names})"))?;
        let rows = rows.into_iter().map(|row| {
            let encoded = row
                .into_iter()
                .zip(&columns)
                .map(|(cell, column)| cell.map(|text| encoded(column.kind, text)));
            encoded.collect()
        });
        Ok(Rows { rows: rows.collect(), columns, stats: None })
    }

    /// Rows whose columns are text.
    pub(super) fn texts(&self, sql: &str) -> Outcome<Vec<Vec<Option<String>>>> {
        let mut statement = self.connection.prepare(sql).map_err(|error| problem(&error))?;
        let mut rows = statement.query([]).map_err(|error| problem(&error))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(|error| problem(&error))? {
            let width = row.as_ref().column_count();
            let cells: Result<Vec<Option<String>>, _> = (0..width).map(|at| row.get(at)).collect();
            found.push(cells.map_err(|error| problem(&error))?);
        }
        Ok(found)
    }
}

/// A cell as text that [`encoded`] finishes.
fn cell(kind: Type, name: &str) -> String {
    match kind {
        Type::Date => format!("({name} - date '1970-01-01')::varchar"),
        Type::TimestampNtz(_) => format!("epoch_us({name})::varchar"),
        Type::TimestampLtz(_) => format!("epoch_ns({name})::varchar"),
        Type::TimestampTz(_) => {
            format!("epoch_us({name}.at)::varchar || ' ' || ({name}.minutes + 1440)::varchar")
        }
        Type::Array => format!("to_json({name})::varchar"),
        _ => format!("{name}::varchar"),
    }
}

fn encoded(kind: Type, text: String) -> String {
    match kind {
        Type::TimestampNtz(_) => seconds(&text, 1_000_000, 1_000),
        Type::TimestampLtz(_) => seconds(&text, 1_000_000_000, 1),
        Type::TimestampTz(_) => {
            let (micros, offset) = text.split_once(' ').unwrap_or((&text, "1440"));
            format!("{} {offset}", seconds(micros, 1_000_000, 1_000))
        }
        _ => text,
    }
}

/// Seconds with nine decimals; before 1970 the fraction still counts forward.
fn seconds(text: &str, per_second: i64, nanos: i64) -> String {
    let value: i64 = text.parse().unwrap_or_default();
    let exact = i128::from(value) * i128::from(nanos);
    let (sign, size) = if value < 0 { ("-", -exact) } else { ("", exact) };
    let whole = i128::from(per_second) * i128::from(nanos);
    format!("{sign}{}.{:09}", size / whole, size % whole)
}

/// A time as DuckDB's literal for a column that stands for LTZ.
pub(super) fn ltz(at: DateTime<Utc>) -> String {
    format!("timestamp_ns {}", literal(&at.format("%Y-%m-%d %H:%M:%S%.9f").to_string()))
}

/// A DuckDB error as Snowflake would have said it.
fn problem(error: &duckdb::Error) -> Problem {
    let text = error.to_string();
    let between_quotes = || text.split('"').nth(1).unwrap_or_default().to_owned();
    if text.contains("Referenced column") || text.contains("Values list") {
        Problem::invalid_identifier(&between_quotes())
    } else if text.contains("Conversion Error") {
        Problem::new("100038", "22018", text)
    } else if text.contains("Out of Range") {
        Problem::new("100046", "22003", text)
    } else {
        Problem::syntax(&text)
    }
}
