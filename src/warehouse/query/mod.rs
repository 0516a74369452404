//! SQL that others wrote, on the analysts' file: one query, which only reads, under limits that it cannot lift.
//!
//! It runs in a process of its own, for which the room `guard` cares: what DuckDB's memory limit does not bound, that process's does.

mod check;
mod nested;
mod place;
mod refusal;
mod tables;
mod text;
mod tree;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use duckdb::arrow::array::{Array, AsArray};
use duckdb::types::Value as Bound;
use duckdb::{AccessMode, Config, Connection, Statement};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use refusal::Refusal;
pub(crate) use tables::{ListedTable, counts};
pub(crate) use text::csv_line;

use super::sql_files::{self, literal};
use super::{connect, error, memory_limit_bytes};
use check::Checked;
use nested::Nested;
use text::{Rows, cell};

/// What is asked: SQL on a file, and what it may cost.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Question {
    /// The analysts' file, or the refused rows.
    pub(crate) file: PathBuf,
    /// One query.
    pub(crate) sql: String,
    /// Values for its `$name`s.
    pub(crate) parameters: BTreeMap<String, Value>,
    /// What is written of each row.
    pub(crate) shape: Shape,
    /// So many rows are the most that is written.
    pub(crate) most_rows: Option<u64>,
    /// So many bytes of rows are, too.
    pub(crate) most_bytes: Option<u64>,
    /// The time that it may take.
    pub(crate) timeout: Duration,
    /// Whether only its plan is made, which reads no row.
    pub(crate) is_plan: bool,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Shape {
    /// Comma separated, behind a header.
    Csv,
    /// One JSON array of objects.
    Json,
    /// A JSON object on each line, and types of columns at the end.
    Objects,
    /// A JSON array of texts on each line, as DuckDB's own shell would show them.
    Cells,
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// DuckDB's type; empty where nobody asked for it.
    #[serde(rename = "type")]
    pub(crate) kind: String,
}

/// DuckDB's name for texts.
const TEXT: &str = "VARCHAR";

impl Column {
    fn new(name: &str, kind: &str) -> Self {
        Self { name: name.to_owned(), kind: kind.to_owned() }
    }

    fn is_text(&self) -> bool {
        self.kind == TEXT
    }
}

/// What is known of a result once its rows are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answered {
    pub(crate) columns: Vec<Column>,
    pub(crate) row_count: u64,
    /// Whether there are more rows than were written.
    pub(crate) is_truncated: bool,
}

/// Threads of a query: it is not alone on the machine.
const THREADS: i64 = 2;

/// How deep an expression may be. DuckDB plans a chain of operators in the third power of its length: 300 took 0.5 s, 600 took 4 s (1.5.6).
const MOST_DEPTH: u32 = 300;

/// DuckDB's memory for a query, in bytes.
pub(crate) fn query_memory_bytes() -> u64 {
    memory_limit_bytes()
}

/// Runs the query and writes its rows.
///
/// # Errors
/// A [`Refusal`]; of `output`'s own errors, the text.
pub(crate) fn answer(question: &Question, output: &mut dyn Write) -> Result<Answered, Refusal> {
    let connection = open(&question.file)?;
    let checked = check::check(&connection, &question.sql, &question.file)?;
    let parameters = bound(&question.parameters)?;
    let failed = |source| place::refusal(&connection, &question.sql, source, false);
    let is_object = matches!(question.shape, Shape::Json | Shape::Objects);
    let mut columns = Vec::new();
    let statement = match &checked {
        // Of a plan there is no plan, and `analyze` would run what it is of.
        Checked::Explained if question.is_plan => return Err(check::no_plan(&question.file)),
        Checked::Explained => question.sql.clone(),
        Checked::Query { sql } if question.is_plan => format!("explain {}", wrapped("*", sql)),
        Checked::Query { sql } if is_object => {
            columns = described(&connection, sql, &parameters).map_err(failed)?;
            as_json(&columns, sql)
        }
        Checked::Query { sql } => wrapped("columns(*)::varchar", sql),
    };
    let mut prepared = connection.prepare(&statement).map_err(failed)?;
    // Streamed, or DuckDB would make all of the result first; its iterator panics where a row fails, so the rows are taken below.
    let _ = prepared.stream_arrow(&parameters).map_err(failed)?;
    let mut answered = write(question, &columns, &prepared, output)?;
    if let (Shape::Cells, Checked::Query { sql }) = (question.shape, &checked) {
        // The rows are out; without types they are shown, too.
        let found = described(&connection, sql, &parameters).unwrap_or_default();
        if found.len() == answered.columns.len() {
            columns = found;
        }
    }
    if !columns.is_empty() {
        answered.columns = columns;
    }
    Ok(answered)
}

/// Opens the file so that nothing but reading is possible, and nothing of that can be taken back.
///
/// The order matters: where files go cannot be said once external access is off, and nothing once the configuration is locked.
fn open(file: &Path) -> Result<Connection, Refusal> {
    let limits = Config::default()
        .access_mode(AccessMode::ReadOnly)
        .and_then(|it| it.with("temp_directory", ""))
        .and_then(|it| it.max_memory(&format!("{}KB", memory_limit_bytes() / 1000)))
        .and_then(|it| it.threads(THREADS))
        .and_then(|it| it.with("autoinstall_known_extensions", "false"))
        .and_then(|it| it.with("autoload_known_extensions", "false"))
        .and_then(|it| it.with("allow_community_extensions", "false"));
    let unopened = |cause: duckdb::Error| Refusal::Unopened {
        path: file.to_owned(),
        cause: cause.to_string(),
    };
    let connection =
        limits.map_err(unopened).and_then(|it| connect(file, it).map_err(Refusal::of_open))?;
    let path: Option<String> =
        connection.query_row(sql_files::SEARCH_PATH, [], |row| row.get(0)).map_err(unopened)?;
    // Nothing but these schemas is in there; the refused rows have none of them.
    let path = path.map(|path| format!("set search_path = {};", literal(&path)));
    let depth = format!("set max_expression_depth = {MOST_DEPTH};");
    let lock = "set enable_external_access = false; set lock_configuration = true";
    let settings = format!("{}{depth}{lock}", path.unwrap_or_default());
    connection.execute_batch(&settings).map_err(unopened)?;
    Ok(connection)
}

/// The query with its rows in the shape that is wanted. It was found to be one query by itself, so between brackets and behind the end
/// of a line, which ends its last comment, it is one there. The name is one that no column has.
fn wrapped(shape: &str, sql: &str) -> String {
    format!("select {shape} from (\n{sql}\n) as \"each row\"")
}

/// The query with each value as JSON. A text is left as it is, for [`Rows`] to quote, and what has texts in it is left to [`Nested`]: DuckDB's
/// writer of JSON sets six bytes aside for each byte of one, in each of 2,048 rows.
fn as_json(columns: &[Column], sql: &str) -> String {
    let numbered = |at: usize| format!("\"{at}\"");
    let value = |(at, column): (usize, &Column)| match Nested::of(&column.kind) {
        _ if column.is_text() => numbered(at),
        Some(nested) => format!("{}::{} as {0}", numbered(at), nested.of_texts()),
        None => format!("to_json({})::varchar as {0}", numbered(at)),
    };
    let values: Vec<String> = columns.iter().enumerate().map(value).collect();
    let names: Vec<String> = (0..columns.len()).map(numbered).collect();
    // By their places: of two that are called the same, one has another name inside.
    format!("{}({})", wrapped(&values.join(", "), sql), names.join(", "))
}

fn bound(parameters: &BTreeMap<String, Value>) -> Result<HashMap<String, Bound>, Refusal> {
    let value = |(name, value): (&String, &Value)| {
        let bound = match value {
            Value::Null => Bound::Null,
            Value::Bool(it) => Bound::Boolean(*it),
            Value::String(it) => Bound::Text(it.clone()),
            Value::Number(it) => match it.as_i64() {
                Some(whole) => Bound::BigInt(whole),
                None => Bound::Double(it.as_f64().unwrap_or(f64::NAN)),
            },
            Value::Array(_) | Value::Object(_) => {
                return Err(Refusal::Parameter { name: name.clone() });
            }
        };
        Ok((name.clone(), bound))
    };
    parameters.iter().map(value).collect()
}

/// Writes rows as they come, until the last or until they are enough.
fn write(
    question: &Question,
    described: &[Column],
    prepared: &Statement<'_>,
    output: &mut dyn Write,
) -> Result<Answered, Refusal> {
    let unwritten = |error: io::Error| Refusal::Unwritten { cause: error.to_string() };
    let schema = prepared.schema();
    let own = || schema.fields().iter().map(|it| Column::new(it.name(), TEXT)).collect();
    let columns = if described.is_empty() { own() } else { described.to_vec() };
    let nested: Vec<Option<Nested>> = described.iter().map(|it| Nested::of(&it.kind)).collect();
    let mut rows = Rows::begin(question.shape, &columns, output).map_err(unwritten)?;
    let mut is_truncated = false;
    let is_enough = |rows: &Rows<'_>| {
        question.most_rows.is_some_and(|most| most <= rows.row_count)
            || question.most_bytes.is_some_and(|most| most <= rows.byte_count)
    };
    while let Some(batch) = prepared.step().map_err(Refusal::of_rows)? {
        let values = batch.columns();
        for at in 0..batch.len() {
            if is_enough(&rows) {
                is_truncated = true;
                break;
            }
            let cells = values.iter().enumerate().map(|(place, values)| {
                match nested.get(place).and_then(Option::as_ref) {
                    Some(nested) => nested.json(values, at).map(Cow::from),
                    None => cell(values.as_string::<i32>(), at).map(Cow::from),
                }
            });
            let cells: Vec<Option<Cow<'_, str>>> = cells.collect();
            let size_bytes: usize = cells.iter().flatten().map(|cell| cell.len()).sum();
            if let Some(limit_bytes) = question.most_bytes.filter(|most| *most < size_bytes as u64)
            {
                return Err(Refusal::Size { limit_bytes });
            }
            rows.row(&cells).map_err(unwritten)?;
        }
        if is_truncated {
            break;
        }
    }
    let row_count = rows.row_count;
    rows.end().map_err(unwritten)?;
    let columns = columns.iter().map(|it| Column::new(&it.name, "")).collect();
    Ok(Answered { columns, row_count, is_truncated })
}

fn described(
    connection: &Connection,
    sql: &str,
    parameters: &HashMap<String, Bound>,
) -> duckdb::Result<Vec<Column>> {
    let mut described = connection.prepare(&format!("describe {}", wrapped("*", sql)))?;
    let column = |row: &duckdb::Row<'_>| Ok(Column { name: row.get(0)?, kind: row.get(1)? });
    described.query_map(parameters, column)?.collect()
}

impl Refusal {
    /// Why the file does not open.
    fn of_open(cause: error::Error) -> Self {
        match cause {
            error::Error::Held { path, holder, .. } => Self::Held { path, holder },
            error::Error::Open { path, source } => {
                Self::Unopened { path, cause: source.to_string() }
            }
            other => Self::Unwritten { cause: other.to_string() },
        }
    }

    /// What ended the rows.
    fn of_rows(cause: duckdb::Error) -> Self {
        place::of_duckdb(cause, true)
    }
}
