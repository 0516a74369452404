//! Answers from the published file, and from the ledger about its runs: rows, whether they are all, and as of when.
//!
//! In: a tool's arguments, from a program or a model. Out: rows, of which there are never more than a reader can hold. Everything here
//! reads, and SQL that others wrote goes through the guard. Prints nothing.

mod error;
mod ledger;
mod names;
mod verdict;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};

pub(crate) use error::NotAnswered;
pub(crate) use names::kinds_of_parameter;

use crate::definitions::{ReadyQuestion, ready_question, ready_questions};
use crate::guard::{Guard, Question, Shape};
use crate::ids::DataDir;
use crate::warehouse::COLUMNS_OF_A_TABLE;

/// So many rows are an answer; who needs more counts them or asks for less.
pub(crate) const MOST_ROWS: u64 = 1_000;
/// So many bytes of rows are, too.
const MOST_BYTES: u64 = 4_000_000;

/// Rows, and what is to be known of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Rows {
    /// The names of the columns in their order, where a query gave them.
    #[serde(skip)]
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Value>,
    /// Whether there are more.
    pub(crate) truncated: bool,
    /// When the published file was last renewed; NULL while there is none.
    pub(crate) as_of: Option<String>,
    /// What is to be said beside them.
    #[serde(skip)]
    pub(crate) remarks: Vec<String>,
}

/// Who answers: the files of one data directory, and a guard before them.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    guard: Arc<Guard>,
    data_dir: DataDir,
    timeout: Duration,
}

impl Desk {
    /// For one data directory; no query may take longer than `timeout`.
    ///
    /// # Errors
    /// [`Refusal::NotStarted`](crate::guard::Refusal::NotStarted).
    pub(crate) fn new(data_dir: &DataDir, timeout: Duration) -> Result<Self, NotAnswered> {
        let guard = Arc::new(Guard::new()?);
        Ok(Self { guard, data_dir: data_dir.clone(), timeout })
    }

    /// What one query answers.
    ///
    /// # Errors
    /// [`NotAnswered`].
    pub(crate) async fn query(&self, sql: String) -> Result<Rows, NotAnswered> {
        self.ask(sql, BTreeMap::new()).await
    }

    /// What a ready question answers.
    ///
    /// # Errors
    /// [`NotAnswered`].
    pub(crate) async fn question(
        &self,
        name: &str,
        values: &Map<String, Value>,
    ) -> Result<Rows, NotAnswered> {
        let question = ready_question(name)?;
        let values = question.values(&given(values)?)?;
        let mut rows = self.ask(question.sql.clone(), values.clone()).await?;
        if rows.rows.is_empty() {
            let unknown = self.unknown_names(question, &values).await?;
            rows.remarks = unknown.iter().map(ToString::to_string).collect();
        }
        Ok(rows)
    }

    /// Makes the plan of a query, which reads no row.
    ///
    /// # Errors
    /// [`NotAnswered`].
    pub(crate) async fn plan(&self, sql: String) -> Result<(), NotAnswered> {
        let question = Question { is_plan: true, ..self.to_ask(sql, BTreeMap::new())? };
        self.guard.ask(&question).await?;
        Ok(())
    }

    /// The ready questions.
    pub(crate) fn questions(&self) -> Rows {
        let rows = ready_questions().iter().map(listed).collect();
        self.all(rows)
    }

    /// The tables and views with their rows and meanings.
    ///
    /// # Errors
    /// [`NotAnswered`].
    pub(crate) async fn tables(&self) -> Result<Rows, NotAnswered> {
        let as_of = self.as_of();
        let question = self.to_ask(String::new(), BTreeMap::new())?;
        let tables = self.guard.tables(&question).await?;
        let rows = tables.iter().map(serde_json::to_value).collect::<Result<_, _>>();
        Ok(Rows { as_of, ..self.all(rows.unwrap_or_default()) })
    }

    /// The columns of a table or view with their types and meanings.
    ///
    /// # Errors
    /// [`NotAnswered`]; a table that is not there is named.
    pub(crate) async fn columns(&self, table: &str) -> Result<Rows, NotAnswered> {
        let name = table.trim().replace('"', "").to_lowercase();
        // The guard binds by name, and the linter of SQL knows numbers alone.
        let values = BTreeMap::from([("table".to_owned(), Value::from(name))]);
        let found = self.ask(COLUMNS_OF_A_TABLE.replace("?1", "$table"), values).await?;
        match found.rows.is_empty() {
            true => Err(NotAnswered::UnknownTable { name: table.to_owned() }),
            false => Ok(found),
        }
    }

    /// The latest runs, newest first.
    ///
    /// # Errors
    /// [`NotAnswered::Run`].
    pub(crate) async fn runs(&self) -> Result<Rows, NotAnswered> {
        let data_dir = self.data_dir.clone();
        let rows = off_the_runtime(move || ledger::runs(&data_dir)).await?;
        Ok(self.all(rows))
    }

    /// What is proven of a run, what differs, and what to do.
    ///
    /// # Errors
    /// [`NotAnswered`].
    pub(crate) async fn verdict(&self, run: &str) -> Result<Rows, NotAnswered> {
        let (data_dir, run) = (self.data_dir.clone(), run.trim().to_owned());
        let mut rows = off_the_runtime(move || ledger::verdict(&data_dir, &run)).await?;
        let truncated = MOST_ROWS < rows.len() as u64;
        rows.truncate(usize::try_from(MOST_ROWS).unwrap_or(usize::MAX));
        Ok(Rows { truncated, ..self.all(rows) })
    }

    /// Runs a query with values for what it leaves open.
    ///
    /// # Errors
    /// [`NotAnswered`].
    pub(crate) async fn ask(
        &self,
        sql: String,
        parameters: BTreeMap<String, Value>,
    ) -> Result<Rows, NotAnswered> {
        // Before: a file that is renewed meanwhile is no older than that.
        let as_of = self.as_of();
        let question = self.to_ask(sql, parameters)?;
        let answer = self.guard.ask(&question).await?;
        let columns = answer.columns.into_iter().map(|column| column.name).collect();
        let (rows, truncated) = (answer.rows, answer.is_truncated);
        Ok(Rows { columns, rows, truncated, as_of, remarks: Vec::new() })
    }

    /// Rows that are all.
    fn all(&self, rows: Vec<Value>) -> Rows {
        let (columns, remarks, as_of) = (Vec::new(), Vec::new(), self.as_of());
        Rows { columns, rows, truncated: false, as_of, remarks }
    }

    fn to_ask(
        &self,
        sql: String,
        parameters: BTreeMap<String, Value>,
    ) -> Result<Question, NotAnswered> {
        Ok(Question {
            file: self.published()?,
            sql,
            parameters,
            shape: Shape::Objects,
            most_rows: Some(MOST_ROWS),
            most_bytes: Some(MOST_BYTES),
            timeout: self.timeout,
            is_plan: false,
        })
    }

    /// The published file, where it is there.
    ///
    /// # Errors
    /// [`NotAnswered::NotPublished`].
    pub(crate) fn published(&self) -> Result<PathBuf, NotAnswered> {
        let path = self.data_dir.published();
        match path.is_file() {
            true => Ok(path),
            false => Err(NotAnswered::NotPublished { path }),
        }
    }

    /// When it was last renewed: every run ends with that.
    fn as_of(&self) -> Option<String> {
        let file = std::fs::metadata(self.data_dir.published()).ok()?;
        let at: DateTime<Utc> = file.modified().ok()?.into();
        Some(at.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

/// A value is a text, a number or a boolean; what is NULL is not given.
///
/// # Errors
/// [`NotAnswered::NoValue`] for anything else.
pub(crate) fn given(values: &Map<String, Value>) -> Result<Vec<String>, NotAnswered> {
    let each = values.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => match number.as_f64().filter(|it| it.fract() == 0.0) {
                // A model writes 5.0 where it means 5.
                Some(whole) if whole.abs() < 1e15 => format!("{whole:.0}"),
                _ => number.to_string(),
            },
            Value::Bool(_) => value.to_string(),
            _ => return Err(NotAnswered::NoValue { name: name.clone() }),
        };
        match name.contains('=') {
            true => Err(NotAnswered::NoValue { name: name.clone() }),
            false => Ok(format!("{name}={text}")),
        }
    });
    each.collect()
}

fn listed(question: &ReadyQuestion) -> Value {
    json!({
        "name": question.name,
        "description": question.description,
        "parameters": question.parameters,
    })
}

/// The ledger is a file of DuckDB's, which blocks.
async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, NotAnswered> + Send + 'static,
) -> Result<T, NotAnswered> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(NotAnswered::Unread { cause: error.to_string() }))
}
