//! Names in a query, as the user wrote them, replaced by the nearest name that there is.
//!
//! DuckDB's own parser finds what is compared with which column, and writes the query anew. The model never hears of it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::answers::{Desk, NotAnswered};
use crate::warehouse::NEAREST_NAME;

/// Below this, nothing that there is was meant.
const LEAST_LIKENESS: f64 = 0.8;

/// A name that was corrected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Meant {
    /// As the user wrote it.
    pub(crate) said: String,
    /// As it is written in the warehouse.
    pub(crate) meant: String,
}

/// A query, and what was corrected in it.
pub(crate) struct Corrected {
    pub(crate) sql: String,
    pub(crate) names: Vec<Meant>,
}

/// The query with the names that were meant. What cannot be corrected stays as it is.
///
/// # Errors
/// [`NotAnswered`] where names cannot be looked up.
pub(crate) async fn corrected(desk: &Desk, sql: &str) -> Result<Corrected, NotAnswered> {
    let unchanged = || Corrected { sql: sql.to_owned(), names: Vec::new() };
    let tree = "select json_serialize_sql($sql::varchar)::varchar as text";
    let Some(tree) = text(desk, tree, "sql", sql).await? else { return Ok(unchanged()) };
    // A query that is nested deeper than this reader goes is left as it is.
    let Ok(mut tree) = serde_json::from_str::<Value>(&tree) else { return Ok(unchanged()) };
    let tables = tables(&tree);
    let mut found = Vec::new();
    compared(&tree, &tables, &mut found);
    let mut names = Vec::new();
    for Compared { said, kinds, case } in found {
        let is_known = |it: &Meant| it.said == said;
        if names.iter().any(is_known) {
            continue;
        }
        if let Some(meant) = nearest(desk, &said, &kinds).await? {
            let meant = case.of(&meant);
            if meant != said {
                names.push(Meant { said, meant });
            }
        }
    }
    if names.is_empty() {
        return Ok(unchanged());
    }
    replace(&mut tree, &tables, &names);
    let written = "select json_deserialize_sql($tree::json)::varchar as text";
    let anew = text(desk, written, "tree", &tree.to_string()).await;
    Ok(match anew {
        Ok(Some(sql)) => Corrected { sql, names },
        _ => unchanged(),
    })
}

/// The name of those kinds that is nearest; `None` where it is written as it is, or nothing is like it.
///
/// # Errors
/// [`NotAnswered`].
pub(crate) async fn nearest(
    desk: &Desk,
    said: &str,
    kinds: &str,
) -> Result<Option<String>, NotAnswered> {
    let values = [("said", said), ("kinds", kinds)];
    let values = values.map(|(name, value)| (name.to_owned(), Value::from(value)));
    // The guard binds by name, and the linter of SQL knows numbers alone.
    let sql = NEAREST_NAME.replace("?1", "$said").replace("?2", "$kinds");
    let rows = desk.ask(sql, BTreeMap::from(values)).await?.rows;
    let Some(row) = rows.first() else { return Ok(None) };
    let is_exact = row["is_exact"].as_bool().unwrap_or(true);
    let is_like = row["likeness"].as_f64().is_some_and(|it| LEAST_LIKENESS <= it);
    let name = row["name"].as_str().filter(|_| is_like && !is_exact);
    Ok(name.map(str::to_owned))
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

/// In which letters a comparison wants its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    AsWritten,
    Lower,
    Upper,
}

impl Case {
    fn of(self, name: &str) -> String {
        match self {
            Self::AsWritten => name.to_owned(),
            Self::Lower => name.to_lowercase(),
            Self::Upper => name.to_uppercase(),
        }
    }
}

/// A text that stands beside a column of names.
#[derive(Debug, PartialEq, Eq)]
struct Compared {
    said: String,
    kinds: String,
    case: Case,
}

/// The tables of a query by the name that it calls them.
type Tables = BTreeMap<String, String>;

fn tables(tree: &Value) -> Tables {
    let mut found = Tables::new();
    each_object(tree, &mut |object| {
        if object.get("type").and_then(Value::as_str) == Some("BASE_TABLE") {
            let name = lower(object.get("table_name"));
            let alias = lower(object.get("alias"));
            found.insert(if alias.is_empty() { name.clone() } else { alias }, name);
        }
    });
    found
}

fn lower(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_lowercase()
}

fn each_object<'t>(tree: &'t Value, look: &mut impl FnMut(&'t Map<String, Value>)) {
    match tree {
        Value::Array(values) => values.iter().for_each(|value| each_object(value, look)),
        Value::Object(object) => {
            look(object);
            object.values().for_each(|value| each_object(value, look));
        }
        _ => {}
    }
}

/// Each text that is compared with names.
fn compared(tree: &Value, tables: &Tables, found: &mut Vec<Compared>) {
    each_object(tree, &mut |object| {
        let Some(sides) = sides(object) else { return };
        let Some((kinds, case)) = sides.iter().find_map(|side| column(side, tables)) else {
            return;
        };
        let texts = sides.iter().filter_map(|side| constant(side));
        found.extend(texts.map(|said| Compared {
            said: said.to_owned(),
            kinds: kinds.clone(),
            case,
        }));
    });
}

/// What an `=` or an `IN` compares.
fn sides(object: &Map<String, Value>) -> Option<Vec<&Value>> {
    match object.get("type")?.as_str()? {
        "COMPARE_EQUAL" => Some(vec![object.get("left")?, object.get("right")?]),
        "COMPARE_IN" => Some(object.get("children")?.as_array()?.iter().collect()),
        _ => None,
    }
}

/// Whose names a column has.
fn column(side: &Value, tables: &Tables) -> Option<(String, Case)> {
    if side["class"] == "FUNCTION" {
        let case = match side["function_name"].as_str()? {
            "lower" | "lcase" => Case::Lower,
            "upper" | "ucase" => Case::Upper,
            "trim" => Case::AsWritten,
            _ => return None,
        };
        let [only] = side["children"].as_array()?.as_slice() else { return None };
        let (kinds, inner) = column(only, tables)?;
        return Some((kinds, if case == Case::AsWritten { inner } else { case }));
    }
    let names = side["column_names"].as_array().filter(|_| side["class"] == "COLUMN_REF")?;
    let names: Vec<String> = names.iter().map(|name| lower(Some(name))).collect();
    let (last, before) = names.split_last()?;
    let kinds = match last.as_str() {
        "playlist_name" | "other_playlist_name" => "playlists".to_owned(),
        "song_name" => "songs".to_owned(),
        "artist_name" => "artists".to_owned(),
        "album_name" => "albums".to_owned(),
        "name" => match before.last().and_then(|alias| tables.get(alias)) {
            Some(table) => kind_of(table)?.to_owned(),
            None => {
                let kinds: Vec<&str> = tables.values().filter_map(|it| kind_of(it)).collect();
                if kinds.is_empty() {
                    return None;
                }
                kinds.join(",")
            }
        },
        _ => return None,
    };
    Some((kinds, Case::AsWritten))
}

/// Whose names the column `name` of a table has.
fn kind_of(table: &str) -> Option<&'static str> {
    match table {
        "playlists" | "freshness" => Some("playlists"),
        "songs" => Some("songs"),
        "artists" => Some("artists"),
        "albums" => Some("albums"),
        _ => None,
    }
}

/// A text that stands there as it is.
fn constant(side: &Value) -> Option<&str> {
    if side["class"] != "CONSTANT" || side["value"]["type"]["id"] != "VARCHAR" {
        return None;
    }
    side["value"]["value"].as_str().filter(|text| !text.trim().is_empty())
}

/// Puts what was meant in the place of what was said, where names are compared.
fn replace(tree: &mut Value, tables: &Tables, names: &[Meant]) {
    match tree {
        Value::Array(values) => values.iter_mut().for_each(|it| replace(it, tables, names)),
        Value::Object(object) => {
            let is_of_names = sides(object)
                .is_some_and(|sides| sides.iter().any(|side| column(side, tables).is_some()));
            if is_of_names {
                let list = object.get_mut("children").and_then(Value::as_array_mut);
                if let Some(children) = list {
                    children.iter_mut().for_each(|side| replace_constant(side, names));
                }
                for key in ["left", "right"] {
                    if let Some(side) = object.get_mut(key) {
                        replace_constant(side, names);
                    }
                }
            }
            object.values_mut().for_each(|it| replace(it, tables, names));
        }
        _ => {}
    }
}

fn replace_constant(side: &mut Value, names: &[Meant]) {
    let Some(said) = constant(side) else { return };
    let Some(found) = names.iter().find(|it| it.said == said) else { return };
    side["value"]["value"] = Value::from(found.meant.clone());
}
