//! The only list of DuckDB's `.sql` files, and what its templates leave open; a test fails when a file on disk is missing here. Models,
//! checks and what becomes of forgotten rows are found in their folders by build.rs.
//!
//! In: the files, and the tables as 030_core.sql describes them. Out: SQL. A block between `-- each table` and `-- end` comes once per
//! table, a check `each_table__…` once per table that has no check of that name of its own.

mod asked;
mod filling;
pub(crate) mod ledger;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::LazyLock;

use crate::table::{Shape, Table};
use crate::template;

pub(crate) use asked::{OwnerColumn, forgotten_by, keep_all_keys, keep_forgotten_keys};
pub(super) use asked::{
    batch, begin_evaluation, begin_features, change_features, features, forget, forgotten_rows,
    lacking, purge_table, recommend, stream,
};
use filling::{consumer, filling, of_table};
pub(super) use filling::{literal, quoted};
#[cfg(test)]
pub(crate) use tests::Scratch;

/// The files of a folder as they stand: name and text.
type Files = [(&'static str, &'static str)];

/// A `.sql` file, filled in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SqlFile {
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

/// A check: its query selects the offending rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CheckFile {
    /// `<table>__<what>`.
    pub name: &'static str,
    /// Header and query.
    pub sql: &'static str,
}

/// The files of a folder, each under its name.
macro_rules! files {
    ($kind:ident, $folder:literal; $($name:literal,)+) => {
        &[$($kind { name: $name, sql: include_str!(concat!("../../../", $folder, $name, ".sql")) }),+]
    };
}

pub(super) const UNSHIP: &str = include_str!("../../../sql/duckdb/unship.sql");
pub(super) const TAKE_OVER: &str = include_str!("../../../sql/duckdb/take_over.sql");
pub(super) const RESHIP: &str = include_str!("../../../sql/duckdb/reship.sql");
const MERGE: &str = include_str!("../../../sql/duckdb/merge.sql");
/// Ends the transaction of a transform: what was read is noted, what is no longer listed goes.
pub(super) const FINISH: &str = include_str!("../../../sql/duckdb/finish.sql");
const PUBLISH: &str = include_str!("../../../sql/duckdb/publish.sql");
/// Says in the attached `published` file where each list's rows come from.
pub(super) const PUBLISH_ORIGINS: &str = include_str!("../../../sql/duckdb/publish_origins.sql");
/// Makes the table of findings in the attached `refused` file.
pub(super) const REFUSED: &str = include_str!("../../../sql/duckdb/refused.sql");
const PUBLISH_DETAILS: &str = include_str!("../../../sql/duckdb/publish_details.sql");
/// Writes what the published file has beside the shipped tables, after these.
pub(super) const PUBLISH_ALL_DETAILS: &str =
    include_str!("../../../sql/duckdb/publish_all_details.sql");
/// Makes the tables of `operations` in the attached `published` file.
pub(super) const OPERATIONS: &str = include_str!("../../../sql/duckdb/operations.sql");
/// Brings them to what the ledger says.
pub(super) const RENEW_OPERATIONS: &str = include_str!("../../../sql/duckdb/renew_operations.sql");
const PUBLISH_GONE: &str = include_str!("../../../sql/duckdb/publish_gone.sql");
const TABLE_COUNTS_FILE: &str = include_str!("../../../sql/duckdb/summary/table_counts.sql");
/// What tells whether the schema is as it was left.
pub(super) const SCHEMA_WORDS: &str = include_str!("../../../sql/duckdb/summary/schema_words.sql");
pub(super) const PLAYLIST_CONTENTS: &str =
    include_str!("../../../sql/duckdb/summary/playlist_contents.sql");
pub(super) const MISSING_DETAILS: &str =
    include_str!("../../../sql/duckdb/summary/missing_details.sql");
/// Artists that a file of genres names and nothing else does.
pub(super) const UNKNOWN_GENRES: &str =
    include_str!("../../../sql/duckdb/summary/unknown_genres.sql");
pub(super) const TIDY_GENRES: &str = include_str!("../../../sql/duckdb/tidy_genres.sql");
/// The ledger of reads, as a fetch asks it.
pub(super) const KNOWN_READS: &str = include_str!("../../../sql/duckdb/summary/known_reads.sql");
pub(super) const UNFINISHED_READ: &str =
    include_str!("../../../sql/duckdb/summary/unfinished_read.sql");
/// The local side of a reconciliation; templates like `MERGE`.
pub(super) const RECONCILE_COUNTS: &str = include_str!("../../../sql/duckdb/compare/counts.sql");
pub(super) const RECONCILE_BUCKETS: &str = include_str!("../../../sql/duckdb/compare/buckets.sql");
pub(super) const RECONCILE_KEYS: &str = include_str!("../../../sql/duckdb/compare/keys.sql");
pub(super) const RECONCILE_ROWS: &str = include_str!("../../../sql/duckdb/compare/rows.sql");
/// What a person's query runs with, and what `query --tables` asks.
pub(super) const SEARCH_PATH: &str = include_str!("../../../sql/duckdb/query/search_path.sql");
pub(crate) const TABLES_OF_A_FILE: &str = include_str!("../../../sql/duckdb/query/tables.sql");
/// What `mcp` describes a table with, and what `ask` looks a name up with.
pub(crate) const COLUMNS_OF_A_TABLE: &str = include_str!("../../../sql/duckdb/query/columns.sql");
pub(crate) const NEAREST_NAME: &str = include_str!("../../../sql/duckdb/query/nearest_name.sql");
pub(super) const HELD_GROUPS: &str = include_str!("../../../sql/duckdb/compare/groups.sql");

/// What is copied into a fresh work file.
pub(super) const FRESH_TABLES: &str = include_str!("../../../sql/duckdb/forget/fresh_tables.sql");

/// What the report asks the published file, each question under its name. Made by build.rs.
const QUESTION_FILES: &Files = include!(concat!(env!("OUT_DIR"), "/report.rs"));

/// The SQL of a question of the report, without its header.
pub(crate) fn question(name: &str) -> &'static str {
    let found = QUESTION_FILES.iter().find(|(known, _)| *known == name);
    let sql = found.expect("the report asks what lies in sql/duckdb/report, by test").1;
    sql.split_once('\n').map_or(sql, |(_, rest)| rest.trim_end())
}

const SCHEMA_FILES: &[SqlFile] = files![
    SqlFile, "sql/duckdb/schema/";
    "010_raw",
    "020_meta",
    "030_core",
    "035_details",
    "040_macros",
    "050_staging",
    "060_canonical",
    "070_upgrade",
];

// Made by build.rs.
const MODEL_FILES: &Files = include!(concat!(env!("OUT_DIR"), "/models.rs"));
const MART_FILES: &Files = include!(concat!(env!("OUT_DIR"), "/marts.rs"));
const CHECK_FILES: &Files = include!(concat!(env!("OUT_DIR"), "/checks.rs"));

/// Applied in this order at every start.
pub(super) static SCHEMA: LazyLock<Vec<SqlFile>> =
    LazyLock::new(|| schema(SCHEMA_FILES, Table::shapes()));

/// Run in this order; each writes temporary tables.
pub(super) static MODELS: LazyLock<Vec<SqlFile>> =
    LazyLock::new(|| MODEL_FILES.iter().map(|&(name, sql)| SqlFile { name, sql }).collect());

/// Run in this order after the transform.
pub(crate) static CHECKS: LazyLock<Vec<CheckFile>> =
    LazyLock::new(|| checks(CHECK_FILES, Table::shapes()));

/// Rows of each shipped table, and how many are about to be shipped.
pub(super) static TABLE_COUNTS: LazyLock<String> =
    LazyLock::new(|| of_each_table(TABLE_COUNTS_FILE, Table::shapes()));

/// The dbt models, which the published file carries as views; a mart stands after those it refers to.
pub(super) static MARTS: LazyLock<Vec<SqlFile>> = LazyLock::new(|| {
    let mut left: Vec<SqlFile> =
        MART_FILES.iter().map(|&(name, sql)| SqlFile { name, sql }).collect();
    let mut ordered = Vec::with_capacity(left.len());
    // Each round takes what refers to nothing that is left; a circle would leave its marts for the end, where DuckDB names them.
    while let Some(at) = left.iter().position(|mart| !left.iter().any(|other| refers(mart, other)))
    {
        ordered.push(left.remove(at));
    }
    ordered.extend(left);
    ordered
});

/// The schema's files with a block for each table.
fn schema(files: &[SqlFile], shapes: &[Shape]) -> Vec<SqlFile> {
    let filled = |file: &SqlFile| {
        let sql = template::fill(&of_each_table(file.sql, shapes), consumer);
        SqlFile { sql: sql.leak(), ..*file }
    };
    files.iter().map(filled).collect()
}

/// The checks by name: those of their own, and the templates for every table that has none of the same name.
fn checks(files: &Files, shapes: &[Shape]) -> Vec<CheckFile> {
    let mut checks = Vec::new();
    for (name, sql) in files {
        let Some(what) = name.strip_prefix("each_table") else {
            checks.push(check(name, sql, shapes));
            continue;
        };
        for shape in shapes {
            let name = format!("{}{what}", shape.name);
            if files.iter().all(|(own, _)| *own != name) {
                checks.push(check(name.leak(), sql, shapes));
            }
        }
    }
    checks.sort_by_key(|check| check.name);
    checks
}

/// A check with what it leaves open. Its text is kept as long as the program runs, as that of a file is.
fn check(name: &'static str, sql: &str, shapes: &[Shape]) -> CheckFile {
    let of_all = of_each_table(sql, shapes);
    let table = name.split_once("__").map_or(name, |(table, _)| table);
    let shape = shapes.iter().find(|shape| shape.name == table);
    let sql = shape.map_or_else(|| of_all.clone(), |shape| of_table(&of_all, shape));
    CheckFile { name, sql: sql.leak() }
}

/// A template with its blocks once per table.
fn of_each_table(sql: &str, shapes: &[Shape]) -> String {
    template::repeat(sql, shapes, of_table)
}

/// The statements that bring `next_<table>` into `core.<table>`.
pub(super) fn merge(table: Table) -> String {
    merge_of(table.shape())
}

fn merge_of(shape: &Shape) -> String {
    template::fill(MERGE, |name| match name {
        "stored" => Some(but_of_songs(shape, "known_playlist_songs")),
        "again" if shape.name == PLAYLIST_SONGS => Some(Cow::Borrowed("again_playlist_songs")),
        "again" => Some(Cow::Owned(format!("next_{}", shape.name))),
        _ => filling(shape, name),
    })
}

/// The table whose history is larger than all others together: of it only the part that can matter is looked at.
const PLAYLIST_SONGS: &str = "playlist_songs";

/// A table of `core`, but for the rows of playlists the part of them that `view` gives.
fn but_of_songs(shape: &Shape, view: &'static str) -> Cow<'static, str> {
    match shape.name == PLAYLIST_SONGS {
        true => Cow::Borrowed(view),
        false => Cow::Owned(format!("core.{}", shape.name)),
    }
}

/// A template that leaves consumers open.
pub(crate) fn for_consumers(template: &str) -> String {
    template::fill(template, consumer)
}

/// A template filled in for one table.
pub(crate) fn for_table(template: &str, table: Table) -> String {
    of_table(template, table.shape())
}

/// The statements that bring what changed in a table into the attached `published` file.
pub(super) fn publish_changes(table: Table) -> String {
    let shape = table.shape();
    template::fill(PUBLISH, |name| match name {
        "changed" => Some(but_of_songs(shape, "staging.republished_playlist_songs")),
        _ => filling(shape, name),
    })
}

/// The statements that take what went from `core` out of the attached `published` file.
pub(super) fn publish_gone() -> String {
    template::fill(PUBLISH_GONE, consumer)
}

/// The statements that bring what changed beside the shipped tables into the attached `published` file.
pub(super) fn publish_details() -> String {
    template::fill(PUBLISH_DETAILS, consumer)
}

/// The statement that copies a table into the attached `published` file.
pub(super) fn publish_table(table: Table) -> String {
    format!("create table published.core.{table} as from core.{table}")
}

/// The statement that writes a table of the attached file `former` into the attached `published` file, without who is forgotten.
pub(super) fn republish_table(table: Table) -> String {
    let rows = forgotten_rows(table, &format!("former.core.{table}"));
    format!(
        "create table published.core.{table} as \
         select * exclude (is_gone, is_changed) from (\n{rows}\n) where not is_gone"
    )
}

/// A check's name and its offending rows as JSON, for one statement or a part of one.
pub(super) fn offending(name: &str, query: &str) -> String {
    let (name, query) = (literal(name), query.trim().trim_end_matches(';'));
    format!("select {name}, to_json(offending)::varchar from (\n{query}\n) as offending")
}

/// A dbt model as a DuckDB view: `source` and `ref` are the only Jinja that the models use.
pub(super) fn mart_view(mart: &SqlFile) -> String {
    let mut sql = mart.sql.to_owned();
    for table in Table::ALL {
        sql = sql
            .replace(&format!("{{{{ source('spotify', '{table}') }}}}"), &format!("core.{table}"));
    }
    for other in MARTS.iter() {
        sql = sql.replace(&reference(other), &format!("marts.{}", other.name));
    }
    format!("create view marts.{} as\n{sql}", mart.name)
}

/// How a model names another one.
fn reference(mart: &SqlFile) -> String {
    format!("{{{{ ref('{}') }}}}", mart.name)
}

fn refers(mart: &SqlFile, other: &SqlFile) -> bool {
    mart.sql.contains(&reference(other))
}
