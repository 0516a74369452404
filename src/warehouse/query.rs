//! Read-only SQL on the analysts' file.

use std::path::Path;

use comfy_table::{Table, presets};
use duckdb::{AccessMode, Config};

use super::{Doing, Error, connect};

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryFormat {
    /// A table for people.
    Table,
    /// Comma separated, with a header.
    Csv,
    /// One JSON array of objects.
    Json,
}

/// Runs one query and returns its result as text.
///
/// DuckDB itself turns every type into text, so lists, decimals and timestamps look as they do in its own shell.
///
/// # Errors
/// [`Error::NotPublished`] before the first run, [`Error::Query`] with DuckDB's message.
pub fn query(file: &Path, sql: &str, format: QueryFormat) -> Result<String, Error> {
    if !file.exists() {
        return Err(Error::NotPublished { path: file.to_owned() });
    }
    let config = Config::default()
        .access_mode(AccessMode::ReadOnly)
        .and_then(|config| config.enable_external_access(false))
        .and_then(|config| config.max_memory(super::MEMORY_LIMIT))
        .doing("set DuckDB's limits")?;
    let connection = connect(file, config)?;
    let statement = sql.trim().trim_end_matches(';');
    let shape = match format {
        QueryFormat::Json => "to_json(result)::varchar",
        QueryFormat::Table | QueryFormat::Csv => "columns(*)::varchar",
    };
    // As a subquery it can only be a query, whatever it is.
    let wrapped = format!("select {shape} from (\n{statement}\n) as result");
    let failed = |source| Error::Query { source: Box::new(source) };
    let mut prepared = connection.prepare(&wrapped).map_err(failed)?;
    let mut rows = prepared.query([]).map_err(failed)?;
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
