//! Read-only SQL on the analysts' file.

use std::path::Path;

use comfy_table::{Table, presets};
use duckdb::{AccessMode, Config, Connection};
use serde_json::Value;

use super::error::{Doing, Error};
use super::{connect, sql_files};

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QueryFormat {
    /// A table for people.
    Table,
    /// Comma separated, with a header.
    Csv,
    /// One JSON array of objects.
    Json,
}

/// Runs one query and returns its result as text.
///
/// DuckDB itself turns every type into text, so lists, decimals and timestamps look as they do in its own shell. Its own parser says
/// what one query is: its table function `query` takes the text as a value, out of which nothing can break.
///
/// # Errors
/// [`Error::NotPublished`] where there is no file yet, [`Error::NotOneQuery`], [`Error::Query`] with DuckDB's message.
pub(crate) fn query(
    file: &Path,
    sql: &str,
    parameters: &std::collections::BTreeMap<String, Value>,
    format: QueryFormat,
) -> Result<String, Error> {
    if !file.exists() {
        return Err(Error::NotPublished { path: file.to_owned() });
    }
    let config = Config::default()
        .access_mode(AccessMode::ReadOnly)
        .and_then(|config| config.enable_external_access(false))
        .and_then(|config| config.max_memory(&crate::warehouse::memory_limit()))
        .and_then(|config| config.with("lock_configuration", "true"))
        .doing("set DuckDB's limits")?;
    let connection = connect(file, config)?;
    let shape = match format {
        QueryFormat::Json => "to_json(result)::varchar",
        QueryFormat::Table | QueryFormat::Csv => "columns(*)::varchar",
    };
    let from = match parameters.is_empty() {
        true => format!("query({})", sql_files::literal(sql)),
        false => format!("({sql})"),
    };
    let wrapped = format!("select {shape} from {from} as result");
    let bound: std::collections::HashMap<&str, duckdb::types::Value> = parameters
        .iter()
        .map(|(name, value)| {
            let value = match value {
                Value::Null => duckdb::types::Value::Null,
                Value::Number(number) => duckdb::types::Value::BigInt(number.as_i64().unwrap_or(0)),
                other => duckdb::types::Value::Text(other.as_str().unwrap_or_default().to_owned()),
            };
            (name.as_str(), value)
        })
        .collect();
    let failed = |source: duckdb::Error| match source.to_string() {
        text if text.contains(NOT_ONE_QUERY) => Error::NotOneQuery,
        _ => Error::Query { source: Box::new(located(&connection, sql, source)) },
    };
    let mut prepared = connection.prepare(&wrapped).map_err(failed)?;
    let mut rows = prepared.query(&bound).map_err(failed)?;
    let names = rows.as_ref().map(|statement| statement.column_names()).unwrap_or_default();
    let mut cells: Vec<Vec<Option<String>>> = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        cells.push(
            (0..names.len())
                .map(|column| row.get(column))
                .collect::<Result<_, _>>()
                .map_err(failed)?,
        );
    }
    Ok(match format {
        QueryFormat::Json => {
            let objects: Vec<String> = cells.into_iter().flatten().flatten().collect();
            without_nan(&format!("[{}]", objects.join(",\n ")))
        }
        QueryFormat::Csv => csv(&names, &cells),
        QueryFormat::Table => table(&names, &cells),
    })
}

/// The error with a place in the text that the person wrote: DuckDB knows only that it stands in ours.
fn located(connection: &Connection, sql: &str, error: duckdb::Error) -> duckdb::Error {
    let parsed =
        connection
            .query_row("select json_serialize_sql(?::varchar)::varchar", [sql], |row| row.get(0));
    let parsed: Value =
        parsed.map_or(Value::Null, |text: String| serde_json::from_str(&text).unwrap_or_default());
    // Prepared by itself, of several statements the first would be run; of one, none is.
    if parsed["statements"].as_array().is_some_and(|statements| statements.len() == 1)
        && let Err(error) = connection.prepare(sql)
    {
        return error;
    }
    let duckdb::Error::DuckDBFailure(code, Some(text)) = error else { return error };
    let text = text.split("\n\nLINE ").next().unwrap_or_default();
    let position = parsed["position"].as_str().and_then(|position| position.parse().ok());
    let place = position.map(|position| place(sql, position)).unwrap_or_default();
    duckdb::Error::DuckDBFailure(code, Some(format!("{text}{place}")))
}

/// The line of the text that has this byte, as DuckDB shows it.
fn place(sql: &str, position: usize) -> String {
    let Some((before, after)) = sql.split_at_checked(position) else { return String::new() };
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let head = format!("LINE {}: ", before.matches('\n').count() + 1);
    let line = [&before[start..], after.lines().next().unwrap_or_default()].concat();
    let column = head.len() + before[start..].chars().count();
    format!("\n\n{head}{line}\n{:>1$}", '^', column + 1)
}

/// What DuckDB's `query` says of any other text.
const NOT_ONE_QUERY: &str = "Expected a single SELECT statement";

/// DuckDB writes floats that JSON has no word for as bare words, which no strict reader takes; they become `null`.
fn without_nan(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let (mut is_string, mut rest) = (false, json);
    while let Some(first) = rest.chars().next() {
        let word = ["-Infinity", "Infinity", "NaN"].into_iter().find(|word| rest.starts_with(word));
        let taken = match (is_string, first, word) {
            (false, _, Some(word)) => {
                text.push_str("null");
                word.len()
            }
            // An escape belongs to what follows it.
            (true, '\\', _) => {
                let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                text.push_str(&rest[..length]);
                length
            }
            _ => {
                is_string ^= first == '"';
                text.push(first);
                first.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    text
}

fn table(names: &[String], cells: &[Vec<Option<String>>]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY).set_header(names);
    for row in cells {
        table.add_row(row.iter().map(|cell| cell.as_deref().unwrap_or("NULL")));
    }
    format!("{table}\n{} row{}", cells.len(), if cells.len() == 1 { "" } else { "s" })
}

fn csv(names: &[String], cells: &[Vec<Option<String>>]) -> String {
    let field = |text: &str| {
        if text.contains(['"', ',', '\n', '\r']) || text.is_empty() {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.to_owned()
        }
    };
    let line = |fields: Vec<String>| fields.join(",");
    let mut lines = vec![line(names.iter().map(|name| field(name)).collect())];
    for row in cells {
        lines.push(line(
            row.iter().map(|cell| cell.as_deref().map(field).unwrap_or_default()).collect(),
        ));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_line_and_a_mark_below_it() {
        assert_eq!(place("selec 1", 0), "\n\nLINE 1: selec 1\n        ^");
        assert_eq!(place("select é\nfrom x where\n", 23), "\n\nLINE 3: \n        ^");
        assert_eq!(place("select é,\n ü x y", 15), "\n\nLINE 2:  ü x y\n           ^");
        assert_eq!(place("é", 1), "");
        assert_eq!(place("x", 9), "");
    }

    #[test]
    fn what_json_has_no_word_for_is_null_but_not_in_texts() {
        let cases = [
            (r#"[{"a":NaN,"b":-Infinity,"c":Infinity}]"#, r#"[{"a":null,"b":null,"c":null}]"#),
            (r#"[{"NaN":"NaN \" Infinity","b":"\\"}]"#, r#"[{"NaN":"NaN \" Infinity","b":"\\"}]"#),
        ];
        for (given, wanted) in cases {
            assert_eq!(without_nan(given), wanted);
        }
    }
}
