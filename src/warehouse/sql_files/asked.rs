//! What is asked of the work file and of the published one by subject (recommendations, features, who is forgotten, a stream), and what the
//! templates among it leave open.

use std::borrow::Cow;

use super::filling::{consumer, filling, of_table};
use super::ledger;
use crate::table::Table;
use crate::template;

/// What is asked of the published file to recommend songs, and to say how well that is done.
pub(in crate::warehouse) mod recommend {
    pub(crate) const RECOMMEND: &str = include_str!("../../../sql/duckdb/recommend/recommend.sql");
    pub(crate) const LISTS: &str = include_str!("../../../sql/duckdb/recommend/lists.sql");
    pub(crate) const UNKNOWN_SONGS: &str =
        include_str!("../../../sql/duckdb/recommend/unknown_songs.sql");
    pub(crate) const SONG_NAMES: &str =
        include_str!("../../../sql/duckdb/recommend/song_names.sql");
    pub(crate) const API_LISTS: &str = include_str!("../../../sql/duckdb/recommend/api_lists.sql");
    pub(crate) const BEGIN_EVALUATION: &str =
        include_str!("../../../sql/duckdb/recommend/begin_evaluation.sql");
    pub(crate) const EVALUATE: &str = include_str!("../../../sql/duckdb/recommend/evaluate.sql");
    #[cfg(test)]
    pub(in crate::warehouse::sql_files) const ALL: &[&str] =
        &[RECOMMEND, LISTS, UNKNOWN_SONGS, SONG_NAMES, API_LISTS, BEGIN_EVALUATION, EVALUATE];
}

/// What a model can learn from, table by table.
pub(in crate::warehouse) mod features {
    pub(crate) const INTERACTIONS: &str =
        include_str!("../../../sql/duckdb/features/interactions.sql");
    pub(crate) const BEGIN: &str = include_str!("../../../sql/duckdb/features/begin.sql");
    pub(crate) const PART_COUNT: &str = include_str!("../../../sql/duckdb/features/part_count.sql");
    pub(crate) const CHANGES: &str = include_str!("../../../sql/duckdb/features/changes.sql");
    /// Of a part of the songs.
    pub(crate) const DEGREES: &str = include_str!("../../../sql/duckdb/features/degrees.sql");
    pub(crate) const CONCERNED_SONGS: &str =
        include_str!("../../../sql/duckdb/features/concerned_songs.sql");
    pub(crate) const SONG_PARTS: &str = include_str!("../../../sql/duckdb/features/song_parts.sql");
    pub(crate) const SONG_FEATURES: &str =
        include_str!("../../../sql/duckdb/features/song_features.sql");
    pub(crate) const REPLACE_SONGS: &str =
        include_str!("../../../sql/duckdb/features/replace_songs.sql");
    pub(crate) const PLAYLIST_FEATURES: &str =
        include_str!("../../../sql/duckdb/features/playlist_features.sql");
    pub(crate) const REPLACE_LISTS: &str =
        include_str!("../../../sql/duckdb/features/replace_lists.sql");
    /// Whatever of it changes, tables that were made before it are no longer what they would be.
    pub(crate) const ALL: &[&str] = &[
        INTERACTIONS,
        BEGIN,
        CHANGES,
        PART_COUNT,
        DEGREES,
        CONCERNED_SONGS,
        SONG_PARTS,
        SONG_FEATURES,
        REPLACE_SONGS,
        PLAYLIST_FEATURES,
        REPLACE_LISTS,
    ];
    pub(crate) const AS_OF: &str = include_str!("../../../sql/duckdb/features/as_of.sql");
    pub(crate) const OF_PUBLISHED: &str =
        include_str!("../../../sql/duckdb/features/of_published.sql");
    pub(crate) const OF_FORMER: &str = include_str!("../../../sql/duckdb/features/of_former.sql");
    /// What is asked of tables that are made.
    #[cfg(test)]
    pub(in crate::warehouse::sql_files) const ASKED: &[&str] = &[AS_OF, OF_PUBLISHED, OF_FORMER];
    /// What each column means, as it is written beside the files.
    pub(crate) const MEANINGS: &str = include_str!("../../../sql/duckdb/features/features.yml");
    /// The same as JSON. Made by build.rs.
    pub(crate) const MEANINGS_JSON: &str = include_str!(concat!(env!("OUT_DIR"), "/features.json"));
}

/// The statements that split every list into what is known and what is hidden.
pub(in crate::warehouse) fn begin_evaluation() -> String {
    with_interactions(recommend::BEGIN_EVALUATION)
}

/// The statements that make the first table of features, and what the others are made from.
pub(in crate::warehouse) fn begin_features() -> String {
    with_interactions(features::BEGIN)
}

/// The statements that bring what changed into the first table of features, and say what the others are made anew from.
pub(in crate::warehouse) fn change_features() -> String {
    template::fill(&without_header(features::CHANGES), |name| match name {
        "interactions" => Some(Cow::Owned(interactions_of("resplit_lists"))),
        _ => consumer(name),
    })
}

fn with_interactions(template: &str) -> String {
    template::fill(&without_header(template), |name| match name {
        "interactions" => Some(Cow::Owned(interactions_of("core.playlists"))),
        _ => None,
    })
}

fn interactions_of(lists: &'static str) -> String {
    template::fill(&without_header(features::INTERACTIONS), |name| match name {
        "lists" => Some(Cow::Borrowed(lists)),
        _ => None,
    })
}

/// What is forgotten: whose, what becomes of the rows of each table, and what goes of everything else.
pub(in crate::warehouse) mod forget {
    use crate::warehouse::sql_files::Files;

    pub(crate) const WHOSE: &str = include_str!("../../../sql/duckdb/forget/whose.sql");
    pub(crate) const PURGE_TABLE: &str = include_str!("../../../sql/duckdb/forget/purge_table.sql");
    pub(crate) const PURGE: &str = include_str!("../../../sql/duckdb/forget/purge.sql");
    pub(crate) const NAMING_ROWS: &str = include_str!("../../../sql/duckdb/forget/naming_rows.sql");
    pub(crate) const REPLACE_ROW: &str = include_str!("../../../sql/duckdb/forget/replace_row.sql");
    pub(crate) const ORIGINS: &str = include_str!("../../../sql/duckdb/forget/origins.sql");
    pub(crate) const IN_PARQUET: &str = include_str!("../../../sql/duckdb/forget/in_parquet.sql");
    /// Of each shipped table, under its name. Made by build.rs.
    pub(crate) const ROWS: &Files = include!(concat!(env!("OUT_DIR"), "/forget_rows.rs"));
}

/// What becomes of a table's rows in `source`, where somebody is forgotten.
pub(in crate::warehouse) fn forgotten_rows(table: Table, source: &str) -> String {
    template::fill(&without_header(rows_to_forget(table)), |name| match name {
        "source" => Some(Cow::Owned(source.to_owned())),
        _ => filling(table.shape(), name),
    })
}

/// The statements that take a table's rows of those who are forgotten out of `core`.
pub(in crate::warehouse) fn purge_table(table: Table) -> String {
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
pub(in crate::warehouse) mod stream {
    pub(crate) const LACKING: &str = include_str!("../../../sql/duckdb/stream/lacking.sql");
    pub(crate) const GONE: &str = include_str!("../../../sql/duckdb/stream/gone.sql");
    pub(crate) const MAY_BE_GONE: &str = include_str!("../../../sql/duckdb/stream/may_be_gone.sql");
    pub(crate) const NONE_GONE: &str = include_str!("../../../sql/duckdb/stream/none_gone.sql");
    pub(crate) const BATCH_END: &str = include_str!("../../../sql/duckdb/stream/batch_end.sql");
    pub(crate) const BATCH: &str = include_str!("../../../sql/duckdb/stream/batch.sql");
    pub(crate) const GONE_BATCH: &str = include_str!("../../../sql/duckdb/stream/gone_batch.sql");
    pub(crate) const BEGIN_FOUND: &str = include_str!("../../../sql/duckdb/stream/begin_found.sql");
    pub(crate) const PROOF: &str = include_str!("../../../sql/duckdb/stream/proof.sql");
    pub(crate) const PROOF_SUMS: &str = include_str!("../../../sql/duckdb/stream/proof_sums.sql");
    pub(crate) const DIFFERING_KEYS: &str =
        include_str!("../../../sql/duckdb/stream/differing_keys.sql");
    pub(crate) const LEFT: &str = include_str!("../../../sql/duckdb/stream/left.sql");
    #[cfg(test)]
    pub(in crate::warehouse::sql_files) const ALL: [&str; 12] = [
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
pub(in crate::warehouse) fn lacking(table: Table, is_candidate: &'static str) -> String {
    template::fill(stream::LACKING, |name| match name {
        // Filled in by itself: it names a consumer.
        "is_candidate" => Some(Cow::Owned(template::fill(is_candidate, consumer))),
        _ => filling(table.shape(), name),
    })
}

/// The rows of a batch: all between its ends, or those among them that are lacking.
pub(in crate::warehouse) fn batch(table: Table, is_lacking: &'static str) -> String {
    template::fill(stream::BATCH, |name| match name {
        "is_lacking" => Some(Cow::Owned(of_table(is_lacking, table.shape()))),
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
