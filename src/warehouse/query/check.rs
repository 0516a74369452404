//! What is one query, and does nothing but answer from the tables: DuckDB's own parser says it, before anything of it runs.
//!
//! Its tree is looked at once and without recursion: a query may be nested deeper than a stack.

use std::path::Path;

use duckdb::Connection;
use serde_json::value::RawValue;

use super::place::{of_duckdb, of_text, place};
use super::refusal::Refusal;
use super::tree::{Node, each_object};

/// What was found to be one query.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Checked {
    /// A select, without what stands behind it.
    Query { sql: String },
    /// The plan of one. It stands in no other query.
    Explained,
}

/// Table functions that read and change nothing but what they are given, or the file's own catalogue.
const TABLE_FUNCTIONS: [&str; 14] = [
    "range",
    "generate_series",
    "unnest",
    "repeat",
    "json_each",
    "json_tree",
    "duckdb_schemas",
    "duckdb_tables",
    "duckdb_views",
    "duckdb_columns",
    "duckdb_constraints",
    "duckdb_types",
    "duckdb_functions",
    "duckdb_keywords",
];

/// Functions that do more than answer: they wait, write, read elsewhere, or run text as SQL. Other than with table functions, there are
/// hundreds that answer, and a new one more likely does, too.
const FUNCTIONS: [&str; 21] = [
    "sleep_ms",
    "pg_sleep",
    "write_log",
    "getenv",
    "nextval",
    "currval",
    "setseed",
    "glob",
    "query",
    "query_table",
    "json_execute_serialized_sql",
    "json_serialize_plan",
    "enable_logging",
    "disable_logging",
    "truncate_duckdb_logs",
    "enable_profiling",
    "disable_profiling",
    "checkpoint",
    "force_checkpoint",
    "sniff_csv",
    "which_secret",
];

/// Families of them.
const FUNCTION_FAMILIES: [&str; 4] = ["read_", "pragma_", "duckdb_", "parquet_"];

/// Settings that say what a query runs under, and nothing of the machine.
const SETTINGS: [&str; 6] = [
    "memory_limit",
    "threads",
    "enable_external_access",
    "lock_configuration",
    "search_path",
    "timezone",
];

/// Tables of DuckDB's own that have paths or settings.
const SYSTEM_TABLES: [&str; 5] =
    ["duckdb_databases", "duckdb_logs", "pragma_database_list", "pg_settings", "pg_tablespace"];

/// Schemas whose names are no beginning of a file's.
const SCHEMAS: [&str; 7] =
    ["core", "marts", "operations", "features", "main", "information_schema", "pg_catalog"];

/// Endings that DuckDB takes for files to read.
const FILE_ENDINGS: [&str; 13] = [
    ".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".parquet", ".duckdb", ".db", ".gz",
    ".zst", ".xlsx", ".arrow",
];

/// Says what the text is, where it is one query that may run.
///
/// # Errors
/// The [`Refusal`] that says why not.
pub(super) fn check(connection: &Connection, sql: &str, file: &Path) -> Result<Checked, Refusal> {
    let explained = explained(sql);
    // Where the select begins.
    let from = sql.len() - explained.unwrap_or(sql).len();
    let Parsed::Selects(statements) = parsed(connection, sql, from)? else {
        return Err(no_select(connection, &sql[from..], file));
    };
    let [statement] = statements.as_slice() else {
        return Err(match first(connection, &sql[from..]) {
            Some(first) => Refusal::Several { next: word(&sql[from + first.len()..]).to_owned() },
            None => Refusal::Empty,
        });
    };
    each_object(statement.get(), look_at)?;
    if explained.is_some() {
        return Ok(Checked::Explained);
    }
    let without_end = if sql.contains(';') { first(connection, sql) } else { None };
    Ok(Checked::Query { sql: without_end.unwrap_or(sql).to_owned() })
}

/// What DuckDB's parser makes of a text.
enum Parsed {
    /// Selects, each as its tree.
    Selects(Vec<Box<RawValue>>),
    /// Something else is among them.
    NoSelect,
}

#[derive(serde::Deserialize)]
struct Answer {
    error: bool,
    error_type: Option<String>,
    error_message: Option<String>,
    position: Option<String>,
    #[serde(default)]
    statements: Vec<Box<RawValue>>,
}

/// Asks the parser about the text from there on.
fn parsed(connection: &Connection, sql: &str, from: usize) -> Result<Parsed, Refusal> {
    let tree = "select json_serialize_sql(?::varchar)::varchar";
    let tree: String = connection
        .query_row(tree, [&sql[from..]], |row| row.get(0))
        .map_err(|source| of_duckdb(source, false))?;
    let answer: Answer = serde_json::from_str(&tree).map_err(unread)?;
    if !answer.error {
        return Ok(Parsed::Selects(answer.statements));
    }
    if answer.error_type.as_deref() == Some("not implemented") {
        return Ok(Parsed::NoSelect);
    }
    let position = answer.position.and_then(|at| at.parse::<usize>().ok());
    let place = position.map(|at| place(sql, from + at)).unwrap_or_default();
    let text = format!("Parser Error: {}{place}", answer.error_message.unwrap_or_default());
    Err(of_text(&text, false))
}

fn unread(error: serde_json::Error) -> Refusal {
    Refusal::Unwritten { cause: format!("DuckDB's tree of the query: {error}") }
}

/// The text as far as its first statement goes. The parser itself says where that is: what stands before one of the semicolons is the
/// same statement as in the whole, or else that semicolon is part of a text or a comment.
fn first<'a>(connection: &Connection, sql: &'a str) -> Option<&'a str> {
    let whole = match parsed(connection, sql, 0) {
        Ok(Parsed::Selects(statements)) => statements.into_iter().next(),
        _ => None,
    };
    for (at, _) in sql.match_indices(';') {
        let Ok(Parsed::Selects(statements)) = parsed(connection, &sql[..at], 0) else { continue };
        if let [only] = statements.as_slice() {
            let is_same = whole.as_ref().is_none_or(|whole| whole.get() == only.get());
            if is_same {
                return Some(&sql[..at]);
            }
        }
    }
    None
}

/// Why a text with something else than selects is refused.
fn no_select(connection: &Connection, sql: &str, file: &Path) -> Refusal {
    if let Some(first) = first(connection, sql) {
        return Refusal::Several { next: word(&sql[first.len()..]).to_owned() };
    }
    match sql.to_lowercase().contains("pivot") {
        true => Refusal::PivotWithoutValues,
        false => Refusal::NotASelect { word: verb(sql).to_owned(), file: file.to_owned() },
    }
}

/// Why there is no plan of a plan.
pub(super) fn no_plan(file: &Path) -> Refusal {
    Refusal::NotASelect { word: "explain".to_owned(), file: file.to_owned() }
}

/// What stands behind `explain`, where the text begins with that.
fn explained(sql: &str) -> Option<&str> {
    let behind = |text, wanted: &str| {
        let found = word(text);
        found.eq_ignore_ascii_case(wanted).then(|| &skipped(text)[found.len()..])
    };
    let rest = behind(sql, "explain")?;
    Some(behind(rest, "analyze").unwrap_or(rest))
}

/// The text's first word.
fn word(sql: &str) -> &str {
    let text = skipped(sql);
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
    &text[..end.unwrap_or(text.len())]
}

/// The word that says what a statement does: behind the queries that it names first, where it begins with `with`.
fn verb(sql: &str) -> &str {
    let first = word(sql);
    if !first.eq_ignore_ascii_case("with") {
        return first;
    }
    let mut rest = &skipped(sql)[first.len()..];
    let (mut depth, mut is_behind_a_query) = (0_usize, false);
    loop {
        rest = behind_gap(rest, |_| false);
        let Some(letter) = rest.chars().next() else { return first };
        let length = match letter {
            '\'' | '"' => {
                let end = rest[1..].find(letter);
                end.map_or(rest.len(), |end| end + 2)
            }
            _ if letter.is_alphabetic() => {
                let found = word(rest);
                // A query that names itself may have its columns, or its keys, before it.
                let is_of_with = ["as", "using"].iter().any(|it| found.eq_ignore_ascii_case(it));
                if is_behind_a_query && !is_of_with {
                    return found;
                }
                found.len()
            }
            _ => letter.len_utf8(),
        };
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        is_behind_a_query = letter == ')' && depth == 0;
        rest = &rest[length..];
    }
}

/// The text behind what means nothing: gaps, comments, and what encloses or ends a statement.
fn skipped(text: &str) -> &str {
    behind_gap(text, |letter| matches!(letter, ';' | '('))
}

/// The text behind gaps, comments, and what else is passed over.
fn behind_gap(mut text: &str, is_passed: fn(char) -> bool) -> &str {
    loop {
        let before = text;
        text = text.trim_start_matches(|it: char| it.is_whitespace() || is_passed(it));
        if let Some(comment) = text.strip_prefix("--") {
            text = comment.split_once('\n').map_or("", |(_, rest)| rest);
        } else if text.starts_with("/*") {
            text = behind_comment(text);
        }
        if text.len() == before.len() {
            return text;
        }
    }
}

/// What stands behind a comment, within which others may stand.
fn behind_comment(text: &str) -> &str {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(found) = text[at..].find(['/', '*']).map(|found| at + found) {
        at = match &text[found..] {
            rest if rest.starts_with("/*") => {
                depth += 1;
                found + 2
            }
            rest if rest.starts_with("*/") => {
                depth = depth.saturating_sub(1);
                found + 2
            }
            _ => found + 1,
        };
        if depth == 0 {
            return &text[at..];
        }
    }
    ""
}

/// Looks at each function and table that the statement names.
fn look_at(node: &Node<'_>, is_table: bool) -> Result<(), Refusal> {
    if let Some(name) = node.text("function_name") {
        let lower = name.to_lowercase();
        if is_table {
            if !TABLE_FUNCTIONS.contains(&lower.as_str()) {
                return Err(Refusal::TableFunction { name, allowed: TABLE_FUNCTIONS.join(", ") });
            }
        } else if lower == "current_setting" {
            return setting(node);
        } else if FUNCTIONS.contains(&lower.as_str())
            || FUNCTION_FAMILIES.iter().any(|it| lower.starts_with(it))
        {
            return Err(Refusal::Function { name });
        }
    }
    match node.text("type").as_deref() {
        Some("BASE_TABLE") => table(node),
        _ => Ok(()),
    }
}

/// A setting by its name, as it stands there.
fn setting(node: &Node<'_>) -> Result<(), Refusal> {
    #[derive(serde::Deserialize)]
    struct Constant {
        value: Named,
    }
    #[derive(serde::Deserialize)]
    struct Named {
        value: String,
    }
    let given = node.children().unwrap_or_default();
    let given = serde_json::from_str::<Vec<Constant>>(given).unwrap_or_default();
    let name = given.into_iter().next().map(|it| it.value.value);
    match name {
        Some(name) if SETTINGS.contains(&name.to_lowercase().as_str()) => Ok(()),
        other => Err(Refusal::Setting {
            name: other.unwrap_or_else(|| "current_setting(…)".to_owned()),
            allowed: SETTINGS.join(", "),
        }),
    }
}

/// A table, which DuckDB would take for a file where there is none by that name.
fn table(node: &Node<'_>) -> Result<(), Refusal> {
    let part = |name| node.text(name).unwrap_or_default();
    let (catalog, schema, table) = (part("catalog_name"), part("schema_name"), part("table_name"));
    if SYSTEM_TABLES.contains(&table.to_lowercase().as_str()) {
        return Err(Refusal::SystemTable { name: table });
    }
    if SCHEMAS.contains(&schema.to_lowercase().as_str()) {
        return Ok(());
    }
    let parts: Vec<String> =
        [catalog, schema, table].into_iter().filter(|part| !part.is_empty()).collect();
    let name = parts.join(".");
    let lower = name.to_lowercase();
    let is_file = name.contains(['/', '\\', ':', '*', '?'])
        || FILE_ENDINGS.iter().any(|ending| lower.ends_with(ending));
    if is_file { Err(Refusal::OtherFile { name }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_stands_behind_comments_and_brackets() {
        let cases = [
            ("", ""),
            ("-- alone", ""),
            ("-- a\n  DROP table x", "DROP"),
            ("/* a /* b */ */ (( select 1))", "select"),
            ("/* never ends drop", ""),
            (" ;; insert_x into y", "insert_x"),
            ("/", ""),
            ("-", ""),
        ];
        for (sql, wanted) in cases {
            assert_eq!(word(sql), wanted, "{sql}");
        }
    }

    #[test]
    fn what_a_statement_does_stands_behind_the_queries_that_it_names() {
        let cases = [
            ("drop table x", "drop"),
            ("with a as (select 1) insert into x from a", "insert"),
            (
                "WITH a AS (select ')' as b), c(d, e) as materialized (from a) Delete from x",
                "Delete",
            ),
            (
                "with recursive a(b) using key (b) as (select (1)) -- x\n update x set y = 1",
                "update",
            ),
            ("with \"a)b\" as (select '(') /* ( */ merge into x", "merge"),
            ("with", "with"),
            ("with a as (select 1", "with"),
        ];
        for (sql, wanted) in cases {
            assert_eq!(verb(sql), wanted, "{sql}");
        }
    }

    #[test]
    fn what_is_explained_stands_behind_the_word() {
        let cases = [
            ("explain select 1", Some(" select 1")),
            ("-- x\nEXPLAIN ANALYZE select 1", Some(" select 1")),
            ("explain/* x */analyze(select 1)", Some("(select 1)")),
            ("explained", None),
            ("select 'explain'", None),
        ];
        for (sql, wanted) in cases {
            assert_eq!(explained(sql), wanted, "{sql}");
        }
    }
}
