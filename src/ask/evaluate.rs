//! How often answers are right: each question of a file is asked of the model, and of the nearest ready question without one, and their
//! rows are compared with those of SQL that a person wrote.
//!
//! What is compared is what was executed, not how it is written. Columns that an answer has besides do not count against it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::nearest::{nearest, values};
use super::{NotTold, Server, Told, ask, ready};
use crate::answers::{Desk, NotAnswered};

/// Why nothing is measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EvaluationError {
    /// The file cannot be read.
    #[error("could not read the questions `{path}`")]
    File { path: PathBuf, source: std::io::Error },
    /// It is no list of questions.
    #[error("`{path}` is no list of questions with `question` and `sql`: {why}")]
    Form { path: PathBuf, why: String },
    /// A person's own SQL has no answer.
    #[error("the SQL of the question `{question}` has no answer")]
    Gold { question: String, source: NotAnswered },
}

/// A question with the SQL that answers it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    question: String,
    /// The ready question that answers it, where one does.
    #[serde(default)]
    ready: Option<String>,
    sql: String,
}

/// What became of one question.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) question: String,
    /// The ready question that would have answered it.
    pub(crate) ready: Option<String>,
    /// Whether the model's rows are right; NULL without a model.
    pub(crate) model_is_right: Option<bool>,
    /// Why the model had none.
    pub(crate) error: Option<String>,
    /// The ready question that is nearest by its words.
    pub(crate) nearest: Option<String>,
    pub(crate) nearest_is_right: bool,
}

/// How many were right, of how many.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Score {
    pub(crate) right: usize,
    pub(crate) of: usize,
}

impl Score {
    /// Of those outcomes, by `is_right`.
    pub(crate) fn of<'o>(
        outcomes: impl Iterator<Item = &'o Outcome>,
        is_right: impl Fn(&Outcome) -> bool,
    ) -> Self {
        outcomes.fold(Self::default(), |score, outcome| Self {
            right: score.right + usize::from(is_right(outcome)),
            of: score.of + 1,
        })
    }
}

/// Asks each question of the file.
///
/// # Errors
/// [`EvaluationError`].
pub(crate) async fn evaluate(
    desk: &Desk,
    path: &Path,
    model: Option<(&Server, &str)>,
) -> Result<Vec<Outcome>, EvaluationError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| EvaluationError::File { path: path.to_owned(), source })?;
    let items: Vec<Item> = serde_yaml_ng::from_str(&text)
        .map_err(|error| EvaluationError::Form { path: path.to_owned(), why: error.to_string() })?;
    let mut outcomes = Vec::new();
    for Item { question, ready, sql } in items {
        let gold = desk.query(sql).await;
        let gold = gold
            .map_err(|source| EvaluationError::Gold { question: question.clone(), source })?
            .rows;
        let answered = match model {
            Some((server, model)) => Some(ask(desk, server, model, &question).await),
            None => None,
        };
        let error = match &answered {
            Some(Err(error)) => Some(crate::causes::causes(error).join(": ")),
            _ => None,
        };
        let is_right = |told: &Told| is_same(&gold, &told.rows.rows);
        let found = nearest(&question).into_iter().next();
        let by_words = match found {
            Some(found) => guess(desk, &found.name, values(found, &question)).await.ok(),
            None => None,
        };
        outcomes.push(Outcome {
            ready,
            model_is_right: answered.map(|told| told.is_ok_and(|told| is_right(&told))),
            error,
            nearest: found.map(|it| it.name.clone()),
            nearest_is_right: by_words.is_some_and(|told| is_right(&told)),
            question,
        });
    }
    Ok(outcomes)
}

async fn guess(
    desk: &Desk,
    name: &str,
    values: serde_json::Map<String, Value>,
) -> Result<Told, NotTold> {
    ready(desk, "", name, values).await.map_err(|failed| failed.why)
}

/// Whether an answer has those rows: as many, and for each of their columns one with the same values, row by row. Order does not count.
fn is_same(gold: &[Value], answer: &[Value]) -> bool {
    if gold.len() != answer.len() {
        return false;
    }
    let (gold, answer) = (columns(gold), columns(answer));
    let mut chosen: Vec<&Vec<String>> = Vec::new();
    for column in gold.values() {
        let is_equal = |other: &&Vec<String>| sorted(column) == sorted(other);
        // Of several with the same values, the one that is not taken.
        let free = answer.values().filter(is_equal);
        let free: Vec<&Vec<String>> = free.collect();
        let untaken = free.iter().find(|it| !chosen.iter().any(|taken| std::ptr::eq(*taken, **it)));
        let Some(found) = untaken.or(free.first()) else { return false };
        chosen.push(found);
    }
    let gold: Vec<&Vec<String>> = gold.values().collect();
    sorted(&lines(&gold)) == sorted(&lines(&chosen))
}

/// The values of each column, as texts; a whole number is one whatever its type.
fn columns(rows: &[Value]) -> BTreeMap<String, Vec<String>> {
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        for (name, value) in row.as_object().into_iter().flatten() {
            columns.entry(name.clone()).or_default().push(text(value));
        }
    }
    columns
}

fn text(value: &Value) -> String {
    match value.as_f64() {
        // Nine digits: sums may differ by the order of their terms.
        Some(number) => format!("{number:.9e}"),
        None => value.to_string(),
    }
}

fn lines(columns: &[&Vec<String>]) -> Vec<String> {
    let count = columns.first().map_or(0, |column| column.len());
    let line = |at: usize| columns.iter().map(|it| it[at].as_str()).collect::<Vec<_>>().join("\t");
    (0..count).map(line).collect()
}

fn sorted(values: &[String]) -> Vec<&String> {
    let mut values: Vec<&String> = values.iter().collect();
    values.sort();
    values
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_are_compared_by_their_values_whatever_their_columns_are_called() {
        let gold = [json!({"n": 1, "name": "a"}), json!({"n": 2, "name": "b"})];
        let same =
            [json!({"who": "b", "x": 9, "count": 2.0}), json!({"who": "a", "x": 9, "count": 1})];
        assert!(is_same(&gold, &same));
        let crossed = [json!({"who": "b", "count": 1}), json!({"who": "a", "count": 2})];
        assert!(!is_same(&gold, &crossed));
        assert!(!is_same(&gold, &gold[..1]));
        assert!(!is_same(&gold, &[json!({"n": 1}), json!({"n": 2})]));
        assert!(is_same(&[], &[]));
    }
}
