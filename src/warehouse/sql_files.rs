//! The only list of DuckDB's `.sql` files, and what its templates leave open; a test fails when a file on disk is missing here. Models,
//! checks and what becomes of forgotten rows are found in their folders by build.rs.
//!
//! In: the files, and the tables as 030_core.sql describes them. Out: SQL. A block between `-- each table` and `-- end` comes once per
//! table, a check `each_table__…` once per table that has no check of that name of its own.

use std::borrow::Cow;
use std::sync::LazyLock;

use crate::ids::Consumer;
use crate::table::{Column, ColumnKind, Shape, Table};
use crate::template;

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
        &[$($kind { name: $name, sql: include_str!(concat!("../../", $folder, $name, ".sql")) }),+]
    };
}

pub(super) const UNSHIP: &str = include_str!("../../sql/duckdb/unship.sql");
pub(super) const TAKE_OVER: &str = include_str!("../../sql/duckdb/take_over.sql");
pub(super) const RESHIP: &str = include_str!("../../sql/duckdb/reship.sql");
const MERGE: &str = include_str!("../../sql/duckdb/merge.sql");
/// Ends the transaction of a transform: what was read is noted, what is no longer listed goes.
pub(super) const FINISH: &str = include_str!("../../sql/duckdb/finish.sql");
const PUBLISH: &str = include_str!("../../sql/duckdb/publish.sql");
/// Says in the attached `published` file where each list's rows come from.
pub(super) const PUBLISH_ORIGINS: &str = include_str!("../../sql/duckdb/publish_origins.sql");
/// Makes the table of findings in the attached `refused` file.
pub(super) const REFUSED: &str = include_str!("../../sql/duckdb/refused.sql");
const PUBLISH_DETAILS: &str = include_str!("../../sql/duckdb/publish_details.sql");
/// Writes what the published file has beside the shipped tables, after these.
pub(super) const PUBLISH_ALL_DETAILS: &str =
    include_str!("../../sql/duckdb/publish_all_details.sql");
/// Makes the tables of `operations` in the attached `published` file.
pub(super) const OPERATIONS: &str = include_str!("../../sql/duckdb/operations.sql");
/// Brings them to what the ledger says.
pub(super) const RENEW_OPERATIONS: &str = include_str!("../../sql/duckdb/renew_operations.sql");
const PUBLISH_GONE: &str = include_str!("../../sql/duckdb/publish_gone.sql");
const TABLE_COUNTS_FILE: &str = include_str!("../../sql/duckdb/summary/table_counts.sql");
/// What tells whether the schema is as it was left.
pub(super) const SCHEMA_WORDS: &str = include_str!("../../sql/duckdb/summary/schema_words.sql");
pub(super) const PLAYLIST_CONTENTS: &str =
    include_str!("../../sql/duckdb/summary/playlist_contents.sql");
pub(super) const MISSING_DETAILS: &str =
    include_str!("../../sql/duckdb/summary/missing_details.sql");
/// Artists that a file of genres names and nothing else does.
pub(super) const UNKNOWN_GENRES: &str = include_str!("../../sql/duckdb/summary/unknown_genres.sql");
pub(super) const TIDY_GENRES: &str = include_str!("../../sql/duckdb/tidy_genres.sql");
/// The ledger of reads, as a fetch asks it.
pub(super) const KNOWN_READS: &str = include_str!("../../sql/duckdb/summary/known_reads.sql");
pub(super) const UNFINISHED_READ: &str =
    include_str!("../../sql/duckdb/summary/unfinished_read.sql");
/// The local side of a reconciliation; templates like `MERGE`.
pub(super) const RECONCILE_COUNTS: &str = include_str!("../../sql/duckdb/compare/counts.sql");
pub(super) const RECONCILE_BUCKETS: &str = include_str!("../../sql/duckdb/compare/buckets.sql");
pub(super) const RECONCILE_KEYS: &str = include_str!("../../sql/duckdb/compare/keys.sql");
pub(super) const RECONCILE_ROWS: &str = include_str!("../../sql/duckdb/compare/rows.sql");
/// What a person's query runs with, and what `query --tables` asks.
pub(super) const SEARCH_PATH: &str = include_str!("../../sql/duckdb/query/search_path.sql");
pub(crate) const TABLES_OF_A_FILE: &str = include_str!("../../sql/duckdb/query/tables.sql");
/// What `mcp` describes a table with, and what `ask` looks a name up with.
pub(crate) const COLUMNS_OF_A_TABLE: &str = include_str!("../../sql/duckdb/query/columns.sql");
pub(crate) const NEAREST_NAME: &str = include_str!("../../sql/duckdb/query/nearest_name.sql");
pub(super) const HELD_GROUPS: &str = include_str!("../../sql/duckdb/compare/groups.sql");

/// Each statement of `sql/duckdb/ledger` under its name, and the list of them all.
macro_rules! statements {
    ($($name:ident $file:literal,)+) => {
        $(pub(crate) const $name: &str =
            include_str!(concat!("../../sql/duckdb/ledger/", $file, ".sql"));)+
        #[cfg(test)]
        pub(super) const ALL: &[&str] = &[$($name),+];
    };
}

/// What is copied into a fresh work file.
pub(super) const FRESH_TABLES: &str = include_str!("../../sql/duckdb/forget/fresh_tables.sql");

/// What the report asks the published file, each question under its name. Made by build.rs.
const QUESTION_FILES: &Files = include!(concat!(env!("OUT_DIR"), "/report.rs"));

/// The SQL of a question of the report, without its header.
pub(crate) fn question(name: &str) -> &'static str {
    let found = QUESTION_FILES.iter().find(|(known, _)| *known == name);
    let sql = found.expect("the report asks what lies in sql/duckdb/report, by test").1;
    sql.split_once('\n').map_or(sql, |(_, rest)| rest.trim_end())
}

/// What is asked of the published file to recommend songs, and to say how well that is done.
pub(super) mod recommend {
    pub(crate) const RECOMMEND: &str = include_str!("../../sql/duckdb/recommend/recommend.sql");
    pub(crate) const LISTS: &str = include_str!("../../sql/duckdb/recommend/lists.sql");
    pub(crate) const UNKNOWN_SONGS: &str =
        include_str!("../../sql/duckdb/recommend/unknown_songs.sql");
    pub(crate) const SONG_NAMES: &str = include_str!("../../sql/duckdb/recommend/song_names.sql");
    pub(crate) const API_LISTS: &str = include_str!("../../sql/duckdb/recommend/api_lists.sql");
    pub(crate) const BEGIN_EVALUATION: &str =
        include_str!("../../sql/duckdb/recommend/begin_evaluation.sql");
    pub(crate) const EVALUATE: &str = include_str!("../../sql/duckdb/recommend/evaluate.sql");
    #[cfg(test)]
    pub(super) const ALL: &[&str] =
        &[RECOMMEND, LISTS, UNKNOWN_SONGS, SONG_NAMES, API_LISTS, BEGIN_EVALUATION, EVALUATE];
}

/// What a model can learn from, table by table.
pub(super) mod features {
    pub(crate) const INTERACTIONS: &str =
        include_str!("../../sql/duckdb/features/interactions.sql");
    pub(crate) const BEGIN: &str = include_str!("../../sql/duckdb/features/begin.sql");
    pub(crate) const PART_COUNT: &str = include_str!("../../sql/duckdb/features/part_count.sql");
    /// Of a part of the songs.
    pub(crate) const DEGREES: &str = include_str!("../../sql/duckdb/features/degrees.sql");
    pub(crate) const SONG_FEATURES: &str =
        include_str!("../../sql/duckdb/features/song_features.sql");
    pub(crate) const PLAYLIST_FEATURES: &str =
        include_str!("../../sql/duckdb/features/playlist_features.sql");
    #[cfg(test)]
    pub(super) const ALL: &[&str] =
        &[INTERACTIONS, BEGIN, PART_COUNT, DEGREES, SONG_FEATURES, PLAYLIST_FEATURES];
    /// What each column means, as it is written beside the files.
    pub(crate) const MEANINGS: &str = include_str!("../../sql/duckdb/features/features.yml");
    /// The same as JSON. Made by build.rs.
    pub(crate) const MEANINGS_JSON: &str = include_str!(concat!(env!("OUT_DIR"), "/features.json"));
}

/// The statements that split every list into what is known and what is hidden.
pub(super) fn begin_evaluation() -> String {
    with_interactions(recommend::BEGIN_EVALUATION)
}

/// The statements that make the first table of features, and what the others are made from.
pub(super) fn begin_features() -> String {
    with_interactions(features::BEGIN)
}

fn with_interactions(template: &str) -> String {
    template::fill(&without_header(template), |name| match name {
        "interactions" => Some(Cow::Owned(without_header(features::INTERACTIONS))),
        _ => None,
    })
}

/// What is forgotten: whose, what becomes of the rows of each table, and what goes of everything else.
pub(super) mod forget {
    use super::Files;

    pub(crate) const WHOSE: &str = include_str!("../../sql/duckdb/forget/whose.sql");
    pub(crate) const PURGE_TABLE: &str = include_str!("../../sql/duckdb/forget/purge_table.sql");
    pub(crate) const PURGE: &str = include_str!("../../sql/duckdb/forget/purge.sql");
    pub(crate) const NAMING_ROWS: &str = include_str!("../../sql/duckdb/forget/naming_rows.sql");
    pub(crate) const REPLACE_ROW: &str = include_str!("../../sql/duckdb/forget/replace_row.sql");
    pub(crate) const ORIGINS: &str = include_str!("../../sql/duckdb/forget/origins.sql");
    /// Of each shipped table, under its name. Made by build.rs.
    pub(crate) const ROWS: &Files = include!(concat!(env!("OUT_DIR"), "/forget_rows.rs"));
}

/// What becomes of a table's rows in `source`, where somebody is forgotten.
pub(super) fn forgotten_rows(table: Table, source: &str) -> String {
    template::fill(&without_header(rows_to_forget(table)), |name| match name {
        "source" => Some(Cow::Owned(source.to_owned())),
        _ => filling(table.shape(), name),
    })
}

/// The statements that take a table's rows of those who are forgotten out of `core`.
pub(super) fn purge_table(table: Table) -> String {
    let rows = forgotten_rows(table, &format!("core.{table}"));
    template::fill(forget::PURGE_TABLE, |name| match name {
        "rows" => Some(Cow::Owned(rows.clone())),
        _ => filling(table.shape(), name),
    })
}

/// A column that says whose a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OwnerColumn {
    /// The column.
    pub(crate) name: &'static str,
    /// What it names: a kind of what is forgotten.
    pub(crate) kind: &'static str,
}

/// The column and kind that a line of the header of a table's file names.
pub(crate) fn forgotten_by(table: Table, what: &str) -> Option<OwnerColumn> {
    let line =
        rows_to_forget(table).lines().find_map(|line| line.strip_prefix("-- ")?.strip_prefix(what));
    let (name, kind) = line?.strip_prefix(": ")?.split_once(' ')?;
    Some(OwnerColumn { name, kind })
}

fn rows_to_forget(table: Table) -> &'static str {
    let own = forget::ROWS.iter().find(|(name, _)| *name == table.name());
    own.expect("each table has a file of sql/duckdb/forget/rows, by test").1
}

fn without_header(sql: &str) -> String {
    sql.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n")
}

/// What a stream lacks, as it is sent, and what was read back of it; templates like `MERGE`.
pub(super) mod stream {
    pub(crate) const LACKING: &str = include_str!("../../sql/duckdb/stream/lacking.sql");
    pub(crate) const GONE: &str = include_str!("../../sql/duckdb/stream/gone.sql");
    pub(crate) const MAY_BE_GONE: &str = include_str!("../../sql/duckdb/stream/may_be_gone.sql");
    pub(crate) const NONE_GONE: &str = include_str!("../../sql/duckdb/stream/none_gone.sql");
    pub(crate) const BATCH_END: &str = include_str!("../../sql/duckdb/stream/batch_end.sql");
    pub(crate) const BATCH: &str = include_str!("../../sql/duckdb/stream/batch.sql");
    pub(crate) const GONE_BATCH: &str = include_str!("../../sql/duckdb/stream/gone_batch.sql");
    pub(crate) const BEGIN_FOUND: &str = include_str!("../../sql/duckdb/stream/begin_found.sql");
    pub(crate) const PROOF: &str = include_str!("../../sql/duckdb/stream/proof.sql");
    pub(crate) const PROOF_SUMS: &str = include_str!("../../sql/duckdb/stream/proof_sums.sql");
    pub(crate) const DIFFERING_KEYS: &str =
        include_str!("../../sql/duckdb/stream/differing_keys.sql");
    pub(crate) const LEFT: &str = include_str!("../../sql/duckdb/stream/left.sql");
    #[cfg(test)]
    pub(super) const ALL: [&str; 12] = [
        LACKING,
        GONE,
        MAY_BE_GONE,
        NONE_GONE,
        BATCH_END,
        BATCH,
        GONE_BATCH,
        BEGIN_FOUND,
        PROOF,
        PROOF_SUMS,
        DIFFERING_KEYS,
        LEFT,
    ];
}

/// What a stream lacks of a table: of the rows that changed since it was last sent some, or of all.
pub(super) fn lacking(table: Table, is_candidate: &'static str) -> String {
    template::fill(stream::LACKING, |name| match name {
        // Filled in by itself: it names a consumer.
        "is_candidate" => Some(Cow::Owned(template::fill(is_candidate, consumer))),
        _ => filling(table.shape(), name),
    })
}

/// The statement that keeps the keys of a table's rows of those who are forgotten.
pub(crate) fn keep_forgotten_keys(table: Table) -> String {
    let rows = forgotten_rows(table, &format!("core.{table}"));
    template::fill(ledger::NOTE_STREAM_GONE, |name| match name {
        "rows" => Some(Cow::Owned(rows.clone())),
        _ => filling(table.shape(), name),
    })
}

/// The same of all rows of a table.
pub(crate) fn keep_all_keys(table: Table) -> String {
    template::fill(ledger::NOTE_STREAM_GONE, |name| match name {
        "rows" => Some(Cow::Owned(format!("select *, true as is_gone from core.{table}"))),
        _ => filling(table.shape(), name),
    })
}

/// What the ledger is asked, and what it notes.
#[rustfmt::skip]
pub(crate) mod ledger {
    statements! {
        ACKNOWLEDGE_GONE_ROWS "acknowledge_gone_rows",
        ACKNOWLEDGE_RUNS "acknowledge_runs",
        ACKNOWLEDGE_STREAM_BATCH "acknowledge_stream_batch",
        ACKNOWLEDGE_STREAM_GONE "acknowledge_stream_gone",
        ACKNOWLEDGE_STREAM_RUNS "acknowledge_stream_runs",
        ADOPT_READ "adopt_read",
        ADVANCE_FILES "advance_files",
        ANNOUNCE_FILES "announce_files",
        ARCHIVED_RUNS "archived_runs",
        ARCHIVES "archives",
        ARRIVED_FILES "arrived_files",
        ASKED_DETAILS "asked_details",
        BEGIN_FORGET "begin_forget",
        BEGIN_READ "begin_read",
        BEGIN_REPLAY "begin_replay",
        BEGIN_REWRITE "begin_rewrite",
        BEGIN_RUN "begin_run",
        BEGIN_STREAM_BATCH "begin_stream_batch",
        BEGUN_FORGET "begun_forget",
        BEGUN_PLAYLISTS "begun_playlists",
        BEING_FETCHED "being_fetched",
        CHECK_RESULTS "check_results",
        CLOSE_FORGET "close_forget",
        CONTINUE_READS "continue_reads",
        DENY_FILES "deny_files",
        DOCUMENTS_OF_RUN "documents_of_run",
        END_FETCH "end_fetch",
        END_FORGET "end_forget",
        END_READ "end_read",
        END_REPLAY "end_replay",
        END_RUN "end_run",
        END_UNFINISHED_RUNS "end_unfinished_runs",
        ERASED_FILES "erased_files",
        ERASE_FILES "erase_files",
        FILES_OF_ERASURE "files_of_erasure",
        FILES_OF_RUNS "files_of_runs",
        FILES_TO_LOOK_INTO "files_to_look_into",
        FINISHED_PLAYLIST_READS "finished_playlist_reads",
        FINISHED_READ "finished_read",
        FIRST_ROWS "first_rows",
        FORGET_CHECK_FAILURES "forget_check_failures",
        FORGET_CHECK_RESULTS "forget_check_results",
        FORGET_FILES "forget_files",
        FORGET_LOCKOUTS "forget_lockouts",
        FORGET_LOOKS "forget_looks",
        FORGET_SETTING "forget_setting",
        FRESHNESS "freshness",
        HAS_PENDING "has_pending",
        HAS_READ_OTHER "has_read_other",
        HAS_ROWS_TO_SHIP "has_rows_to_ship",
        HAS_RUN "has_run",
        HAS_SETTINGS "has_settings",
        HOLDS_TEXT "holds_text",
        IS_EXPORTED "is_exported",
        IS_FOREIGN "is_foreign",
        IS_FORGOTTEN_PLAYLIST "is_forgotten_playlist",
        IS_PUBLISHED "is_published",
        JUDGE_RUNS "judge_runs",
        KEEP_FORGOTTEN "keep_forgotten",
        KNOWN_STREAM "known_stream",
        KNOWN_USERS "known_users",
        LACK_EVERY_RUN "lack_every_run",
        LAST_ITEM_ID "last_item_id",
        LAST_PROOF "last_proof",
        LATEST_EXPORTED_RUN "latest_exported_run",
        LATEST_RUNS "latest_runs",
        LATEST_RUN_WITH_FILES "latest_run_with_files",
        LEAVE_OUT_PLAYLIST "leave_out_playlist",
        LISTED_PLAYLISTS "listed_playlists",
        LOSE_ARCHIVE "lose_archive",
        LOSE_FORGOTTEN_ROWS "lose_forgotten_rows",
        LOSE_MANIFEST "lose_manifest",
        LOSE_SENT_ROWS "lose_sent_rows",
        LOSE_STREAM_BATCHES "lose_stream_batches",
        LOST_FILES "lost_files",
        MANIFEST_FILES "manifest_files",
        MAY_ASK_IN_BATCHES "may_ask_in_batches",
        NEWEST_LISTING "newest_listing",
        NOTE_ARCHIVE "note_archive",
        NOTE_CHANGE "note_change",
        NOTE_EXPORT "note_export",
        NOTE_FILES "note_files",
        NOTE_LOCKOUTS "note_lockouts",
        NOTE_LOOKS "note_looks",
        NOTE_LOST_FILES "note_lost_files",
        NOTE_MANIFEST "note_manifest",
        NOTE_ORIGINS "note_origins",
        NOTE_SETTING "note_setting",
        NOTE_STREAM_GONE "note_stream_gone",
        NOTE_STREAM_ROWS "note_stream_rows",
        NOTE_TABLE_COUNTS "note_table_counts",
        NOTE_TOMBSTONES "note_tombstones",
        NOTE_VERDICTS "note_verdicts",
        ORIGINS_OF_RUNS "origins_of_runs",
        PENDING_CHANGED_ROW_COUNT "pending_changed_row_count",
        PENDING_GONE_ROW_COUNT "pending_gone_row_count",
        PENDING_ROW_COUNT "pending_row_count",
        PROVE_RUN "prove_run",
        PRUNABLE_READS "prunable_reads",
        PRUNABLE_SIZE "prunable_size",
        PRUNE_DOCUMENTS "prune_documents",
        RECORDINGS "recordings",
        REDIRECT_FILES "redirect_files",
        REGISTER_CONSUMER "register_consumer",
        REMEMBER_PLAYLIST "remember_playlist",
        REPLACE_STREAM "replace_stream",
        REPLACE_STREAM_ROWS "replace_stream_rows",
        ROWS_OF_SNAPSHOT "rows_of_snapshot",
        ROWS_OF_DOCUMENTS "rows_of_documents",
        ROW_COUNT_OF_RUNS "row_count_of_runs",
        ROW_HELD_BEFORE "row_held_before",
        RUNS_OF_ERASURE "runs_of_erasure",
        SENT_COMPANIONS "sent_companions",
        SENT_FILES "sent_files",
        SETTING "setting",
        SETTLED_PAGES "settled_pages",
        SNAPSHOT_AT "snapshot_at",
        SETTLED_ROWS_OF_RUNS "settled_rows_of_runs",
        SETTLE_FILES "settle_files",
        SHIPPED_BY_RUN "shipped_by_run",
        SHIPPED_FILES "shipped_files",
        STANDING_FILES "standing_files",
        STATES_OF_FILES "states_of_files",
        STREAM_IS_PENDING "stream_is_pending",
        STREAM_RANGES "stream_ranges",
        STREAM_STANDING "stream_standing",
        SUBMIT_FILES "submit_files",
        SUBMIT_FILES_AGAIN "submit_files_again",
        SUPERSEDE_FORGOTTEN "supersede_forgotten",
        SUPERSEDE_OLDER_FILES "supersede_older_files",
        TABLE_COUNTS_OF_RUN "table_counts_of_run",
        TEXT_COLUMNS "text_columns",
        UNFINISHED_FORGET "unfinished_forget",
        UNFINISHED_RUN "unfinished_run",
        UNKNOWN_CONSUMERS "unknown_consumers",
        UNPROVEN_REWRITES "unproven_rewrites",
        UNREAD "unread",
        UNSETTLE_FILES "unsettle_files",
        WHICH_ARE_IN_USE "which_are_in_use",
        WHICH_ARE_LATEST "which_are_latest",
        WHICH_ARE_OF_RUN "which_are_of_run",
        WHICH_ARE_OUTSTANDING "which_are_outstanding",
        WHICH_HAVE_KEYS "which_have_keys",
        WIDEN_RUN "widen_run",
        WRITTEN_ARCHIVE "written_archive",
        WRITTEN_MANIFEST "written_manifest",
    }
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

/// A template filled in for one table.
fn of_table(template: &str, shape: &Shape) -> String {
    template::fill(template, |name| filling(shape, name))
}

/// What a template leaves open about its table.
fn filling<'a>(shape: &'a Shape, name: &str) -> Option<Cow<'a, str>> {
    let made = match name {
        // Quoted, because a parameter may not be called `position` otherwise.
        "parameters" => shape.each_column(", ", |column| quoted(&column.name)),
        "column_texts" => shape.each_column(", ", column_text),
        "texts" => texts(shape),
        "key_json" => key_json(shape),
        "gone_key_json" => gone_key_json(shape),
        "value_json" => value_json(shape),
        "columns_of_json" => shape.each_column(", ", column_of_json),
        "key_is_null" => shape.each_key(" or ", |column| format!("{} is null", column.name)),
        _ => return shape.filling(name).or_else(|| consumer(name)),
    };
    Some(Cow::Owned(made))
}

/// The ledger's name of a consumer, which a template leaves open.
fn consumer<'a>(name: &str) -> Option<Cow<'a, str>> {
    let named = Consumer::EVERY.into_iter().map(Consumer::name).find(|known| *known == name);
    named.map(Cow::Borrowed)
}

/// The key of an event: its columns as a JSON array.
fn key_json(shape: &Shape) -> String {
    format!("json_array({})::varchar", shape.each_key(", ", |column| quoted(&column.name)))
}

/// The same of a row that went, of which the ledger keeps two columns as text.
fn gone_key_json(shape: &Shape) -> String {
    let keys = shape.columns.iter().filter(|column| column.is_key);
    let texts = keys.zip(["first_key", "second_key"]).map(|(column, text)| match column.kind {
        ColumnKind::Integer => format!("{text}::integer"),
        _ => text.to_owned(),
    });
    format!("json_array({})::varchar", texts.collect::<Vec<_>>().join(", "))
}

/// The value of an event: the row's columns by name.
fn value_json(shape: &Shape) -> String {
    let field = |column: &Column| {
        let name = quoted(&column.name);
        let value = match column.kind {
            ColumnKind::Timestamp => format!("strftime({name}, '{JSON_TIME}')"),
            _ => name,
        };
        format!("{}, {value}", literal(&column.name))
    };
    format!(
        "json_object({}, 'run_id', run_id, 'extracted_at', strftime(extracted_at, '{JSON_TIME}'), \
         'row_hash', row_hash::varchar)::varchar",
        shape.each_column(", ", field)
    )
}

/// A column as the value of an event has it.
fn column_of_json(column: &Column) -> String {
    let text = format!("(value_json ->> {})", literal(&format!("$.{}", quoted(&column.name))));
    match column.kind {
        ColumnKind::Varchar => text,
        ColumnKind::Integer => format!("try_cast({text} as integer)"),
        ColumnKind::Boolean => format!("try_cast({text} as boolean)"),
        ColumnKind::Date => format!("try_cast({text} as date)"),
        ColumnKind::Timestamp => format!("try_strptime({text}, '{JSON_TIME}')"),
    }
}

/// A time in an event.
const JSON_TIME: &str = "%Y-%m-%dT%H:%M:%SZ";

/// The columns that hold text, comma separated.
fn texts(shape: &Shape) -> String {
    let texts = shape.columns.iter().filter(|column| column.kind == ColumnKind::Varchar);
    texts.map(|column| quoted(&column.name)).collect::<Vec<_>>().join(", ")
}

fn column_text(column: &Column) -> String {
    let as_text = match column.kind {
        ColumnKind::Timestamp => "hash_time",
        ColumnKind::Boolean | ColumnKind::Date | ColumnKind::Integer | ColumnKind::Varchar => {
            "hash_text"
        }
    };
    format!("staging.{as_text}({})", quoted(&column.name))
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

/// Text as an SQL literal, for the few statements that take no bound value.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Text as a quoted identifier.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// What a folder in place of `sql/duckdb` gives, for tests.
#[cfg(test)]
pub(crate) struct Scratch {
    pub(crate) schema: Vec<SqlFile>,
    pub(crate) models: Vec<SqlFile>,
    pub(crate) merges: Vec<String>,
    pub(crate) checks: Vec<CheckFile>,
    pub(crate) table_counts: String,
}

#[cfg(test)]
impl Scratch {
    pub(crate) fn read(folder: &std::path::Path, shapes: &[Shape]) -> Self {
        let files = |name: &str| {
            let entries = std::fs::read_dir(folder.join(name)).unwrap();
            let mut files: Vec<(&'static str, &'static str)> = entries
                .map(|entry| {
                    let path = entry.unwrap().path();
                    let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
                    (&*name.leak(), &*std::fs::read_to_string(&path).unwrap().leak())
                })
                .collect();
            files.sort_unstable();
            files
        };
        let listed = |name| files(name).into_iter().map(|(name, sql)| SqlFile { name, sql });
        let counts = std::fs::read_to_string(folder.join("summary/table_counts.sql")).unwrap();
        Self {
            schema: schema(&listed("schema").collect::<Vec<_>>(), shapes),
            models: listed("models").collect(),
            merges: shapes.iter().map(merge_of).collect(),
            checks: checks(&files("checks"), shapes),
            table_counts: of_each_table(&counts, shapes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checks_that_every_table_has_are_its_own_by_name_and_kept_once() {
        for table in Table::ALL {
            for what in ["key_is_not_null", "key_is_unique", "row_hash_is_right"] {
                let name = format!("{table}__{what}");
                let found: Vec<_> = CHECKS.iter().filter(|check| check.name == name).collect();
                assert_eq!(found.len(), 1, "{name}");
                assert!(found[0].sql.contains(&format!("\n-- table: {table}\n")), "{name}");
            }
        }
        // A new check is a file and nothing else; that none goes by mistake is what is counted.
        assert!(71 <= CHECKS.len(), "a check is gone: {}", CHECKS.len());
        for check in CHECKS.iter() {
            assert!(!check.name.contains("each_table"), "{}", check.name);
        }
        let filled = SCHEMA.iter().map(|file| file.sql).chain(CHECKS.iter().map(|check| check.sql));
        for sql in filled.chain([TABLE_COUNTS.as_str()]) {
            for open in ["{table}", "{key}", "{columns}", "{parameters}", "-- each table"] {
                assert!(!sql.contains(open), "{open} in {sql}");
            }
            for open in Consumer::ALL.map(|consumer| format!("{{{}}}", consumer.name())) {
                assert!(!sql.contains(&open), "{open} in {sql}");
            }
        }
    }

    #[test]
    fn every_sql_file_on_disk_is_listed() {
        let listed: Vec<&str> = SCHEMA_FILES
            .iter()
            .map(|file| file.sql)
            .chain(MODEL_FILES.iter().chain(CHECK_FILES).chain(MART_FILES).map(|(_, sql)| *sql))
            .chain(QUESTION_FILES.iter().map(|(_, sql)| *sql))
            .chain([
                MERGE,
                RESHIP,
                UNSHIP,
                TAKE_OVER,
                FINISH,
                PUBLISH,
                PUBLISH_GONE,
                PUBLISH_DETAILS,
                PUBLISH_ALL_DETAILS,
                OPERATIONS,
                RENEW_OPERATIONS,
                PUBLISH_ORIGINS,
                REFUSED,
                TABLE_COUNTS_FILE,
                SCHEMA_WORDS,
                PLAYLIST_CONTENTS,
                MISSING_DETAILS,
            ])
            .chain([KNOWN_READS, UNFINISHED_READ, SEARCH_PATH, TABLES_OF_A_FILE])
            .chain([COLUMNS_OF_A_TABLE, NEAREST_NAME])
            .chain([UNKNOWN_GENRES, TIDY_GENRES])
            .chain(recommend::ALL.iter().chain(features::ALL).copied())
            .chain([
                forget::WHOSE,
                forget::PURGE,
                forget::PURGE_TABLE,
                forget::ORIGINS,
                FRESH_TABLES,
            ])
            .chain([forget::NAMING_ROWS, forget::REPLACE_ROW])
            .chain(forget::ROWS.iter().map(|(_, sql)| *sql))
            .chain(ledger::ALL.iter().copied())
            .chain(stream::ALL)
            .chain([
                RECONCILE_COUNTS,
                RECONCILE_BUCKETS,
                RECONCILE_KEYS,
                RECONCILE_ROWS,
                HELD_GROUPS,
            ])
            .collect();
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut folders = vec![root.join("sql/duckdb"), root.join("dbt/models/marts")];
        let mut count = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "sql") {
                    let text = std::fs::read_to_string(&path).unwrap();
                    assert!(
                        listed.contains(&text.as_str()),
                        "{} is not in sql_files.rs",
                        path.display()
                    );
                    count += 1;
                }
            }
        }
        assert_eq!(count, listed.len());
    }

    #[test]
    fn each_table_says_what_becomes_of_its_rows_where_somebody_is_forgotten() {
        for table in Table::ALL {
            let sql = forgotten_rows(table, "core.x");
            assert!(!sql.contains("{source}") && !sql.contains("{columns}"), "{table}");
            assert!(forgotten_by(table, "gone").is_some(), "{table}");
        }
        assert_eq!(forget::ROWS.len(), Table::ALL.len());
        assert_eq!(
            forgotten_by(Table::PlaylistSongs, "nulled"),
            Some(OwnerColumn { name: "added_by", kind: "user" })
        );
        assert_eq!(forgotten_by(Table::Songs, "nulled"), None);
    }

    #[test]
    fn a_mart_has_no_jinja_left() {
        for mart in MARTS.iter() {
            assert!(!mart_view(mart).contains("{{"), "{}", mart.name);
        }
    }
}
