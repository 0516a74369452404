//! Names in a query, as the user wrote them, replaced by the nearest name that there is.
//!
//! DuckDB's own parser finds what is compared with which column, and writes the query anew. The model never hears of it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::compared::{Compared, Names, compared};
use crate::answers::{Desk, NotAnswered};

/// Below this, nothing that there is was meant.
const LEAST_LIKENESS: f64 = 0.8;

/// So many names are looked up in a query; what stands behind them stays as it is.
const MOST_NAMES: usize = 40;

/// A name that was corrected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Meant {
    /// As the user wrote it.
    pub(crate) said: String,
    /// As it is written in the warehouse.
    pub(crate) meant: String,
}

/// What became of the names of a question.
#[derive(Debug, Default)]
pub(crate) struct Corrections {
    pub(crate) names: Vec<Meant>,
    /// What nothing is called, or like.
    pub(crate) unknown: Vec<String>,
}

impl Corrections {
    fn note(&mut self, said: &str, found: &Found) {
        match found {
            Found::AsWritten => {}
            Found::Nearest(meant) => {
                let name = Meant { said: said.to_owned(), meant: meant.clone() };
                if !self.names.contains(&name) {
                    self.names.push(name);
                }
            }
            Found::Nothing => {
                if !self.unknown.iter().any(|it| it == said) {
                    self.unknown.push(said.to_owned());
                }
            }
        }
    }
}

/// A query, and what was corrected in it.
pub(crate) struct Corrected {
    pub(crate) sql: String,
    pub(crate) corrections: Corrections,
}

/// What is called so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    AsWritten,
    Nearest(String),
    Nothing,
}

/// The query with the names that were meant. What cannot be corrected stays as it is.
///
/// # Errors
/// [`NotAnswered`] where names cannot be looked up.
pub(crate) async fn corrected(desk: &Desk, sql: &str) -> Result<Corrected, NotAnswered> {
    let unchanged = |unknown| Corrected {
        sql: sql.to_owned(),
        corrections: Corrections { names: Vec::new(), unknown },
    };
    let tree = "select json_serialize_sql($sql::varchar)::varchar as text";
    let Some(tree) = text(desk, tree, "sql", sql).await? else { return Ok(unchanged(Vec::new())) };
    // A query that is nested deeper than this reader goes is left as it is.
    let Ok(mut tree) = serde_json::from_str::<Value>(&tree) else {
        return Ok(unchanged(Vec::new()));
    };
    let mut corrections = Corrections::default();
    let mut known: BTreeMap<(String, Names), Found> = BTreeMap::new();
    for Compared { said, names, place } in compared(&tree) {
        let key = (said, names);
        let found = match known.get(&key) {
            Some(found) => found.clone(),
            None if MOST_NAMES <= known.len() => continue,
            None => {
                let (said, names) = &key;
                let found = match look_up(desk, said, &names.kinds).await? {
                    Found::Nearest(name) if names.case.of(&name) == *said => Found::AsWritten,
                    Found::Nearest(name) => Found::Nearest(names.case.of(&name)),
                    other => other,
                };
                corrections.note(said, &found);
                known.insert(key, found.clone());
                found
            }
        };
        if let (Found::Nearest(meant), Some(text)) = (found, tree.pointer_mut(&place)) {
            *text = meant.into();
        }
    }
    if corrections.names.is_empty() {
        return Ok(unchanged(corrections.unknown));
    }
    let written = "select json_deserialize_sql($tree::json)::varchar as text";
    let anew = text(desk, written, "tree", &tree.to_string()).await;
    Ok(match anew {
        Ok(Some(sql)) => Corrected { sql, corrections },
        _ => unchanged(corrections.unknown),
    })
}

/// The name of those kinds that was meant.
///
/// # Errors
/// [`NotAnswered`].
pub(crate) async fn look_up(desk: &Desk, said: &str, kinds: &str) -> Result<Found, NotAnswered> {
    Ok(match desk.nearest_name(said, kinds).await? {
        Some(name) if name.is_exact => Found::AsWritten,
        Some(name) if LEAST_LIKENESS <= name.likeness => Found::Nearest(name.name),
        _ => Found::Nothing,
    })
}

/// The names of those kinds in a value of a ready question.
///
/// # Errors
/// [`NotAnswered`].
pub(super) async fn of_value(
    desk: &Desk,
    said: &str,
    kinds: &str,
    corrections: &mut Corrections,
) -> Result<Option<String>, NotAnswered> {
    let found = look_up(desk, said, kinds).await?;
    corrections.note(said, &found);
    Ok(if let Found::Nearest(name) = found { Some(name) } else { None })
}

/// What one query with one value makes of it.
async fn text(
    desk: &Desk,
    sql: &str,
    name: &str,
    value: &str,
) -> Result<Option<String>, NotAnswered> {
    let values = BTreeMap::from([(name.to_owned(), Value::from(value))]);
    let rows = desk.ask(sql.to_owned(), values).await?.rows;
    Ok(rows.first().and_then(|row| row["text"].as_str()).map(str::to_owned))
}
