//! The only list of `.sql` files; a test fails when one on disk is missing here.

use crate::ids::Table;

/// A `.sql` file.
#[derive(Debug, Clone, Copy)]
pub(super) struct SqlFile {
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
}

/// A check: its query selects the offending rows.
#[derive(Debug, Clone, Copy)]
pub struct CheckFile {
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

pub(super) const RESHIP: &str = include_str!("../../sql/duckdb/reship.sql");
const MERGE: &str = include_str!("../../sql/duckdb/merge.sql");
/// Ends the transaction of a transform: what was read is noted, what is no longer listed goes.
pub(super) const FINISH: &str = include_str!("../../sql/duckdb/finish.sql");
const PUBLISH: &str = include_str!("../../sql/duckdb/publish.sql");
/// Makes the table of findings in the attached `refused` file.
pub(super) const REFUSED: &str = include_str!("../../sql/duckdb/refused.sql");
/// Takes what went from `core` out of the attached `published` file.
pub(super) const PUBLISH_GONE: &str = include_str!("../../sql/duckdb/publish_gone.sql");
pub(super) const TABLE_COUNTS: &str = include_str!("../../sql/duckdb/report/table_counts.sql");
/// What tells whether the schema is as it was left.
pub(super) const SCHEMA_WORDS: &str = include_str!("../../sql/duckdb/report/schema_words.sql");
pub(super) const PLAYLIST_CONTENTS: &str =
    include_str!("../../sql/duckdb/report/playlist_contents.sql");
pub(super) const MISSING_DETAILS: &str =
    include_str!("../../sql/duckdb/report/missing_details.sql");
/// The ledger of reads, as a fetch asks it.
pub(super) const KNOWN_READS: &str = include_str!("../../sql/duckdb/report/known_reads.sql");
pub(super) const UNFINISHED_READ: &str =
    include_str!("../../sql/duckdb/report/unfinished_read.sql");
/// The local side of a reconciliation; templates like `MERGE`.
pub(super) const RECONCILE_COUNTS: &str =
    include_str!("../../sql/duckdb/report/reconcile_counts.sql");
pub(super) const RECONCILE_BUCKETS: &str =
    include_str!("../../sql/duckdb/report/reconcile_buckets.sql");
pub(super) const RECONCILE_KEYS: &str = include_str!("../../sql/duckdb/report/reconcile_keys.sql");
pub(super) const RECONCILE_ROWS: &str = include_str!("../../sql/duckdb/report/reconcile_rows.sql");

/// Each statement of `sql/duckdb/ledger` under its name, and the list of them all.
macro_rules! statements {
    ($($name:ident $file:literal,)+) => {
        $(pub(crate) const $name: &str =
            include_str!(concat!("../../sql/duckdb/ledger/", $file, ".sql"));)+
        #[cfg(test)]
        pub(super) const ALL: &[&str] = &[$($name),+];
    };
}

/// What the ledger is asked and told.
#[rustfmt::skip]
pub(crate) mod ledger {
    statements! {
        ADVANCE_FILES "advance_files",
        ANNOUNCE_FILES "announce_files",
        ASKED_DETAILS "asked_details",
        BEGIN_READ "begin_read",
        BEGIN_RUN "begin_run",
        BEGUN_PLAYLISTS "begun_playlists",
        BEING_FETCHED "being_fetched",
        CHECK_RESULTS "check_results",
        CONTINUE_READS "continue_reads",
        DOCUMENTS_OF_RUN "documents_of_run",
        DOUBT_FILES "doubt_files",
        END_FETCH "end_fetch",
        END_RUN "end_run",
        END_UNFINISHED_RUNS "end_unfinished_runs",
        FILES_SINCE_RUN "files_since_run",
        FINISHED_PLAYLIST_READS "finished_playlist_reads",
        FINISHED_READ "finished_read",
        FIRST_ROWS "first_rows",
        FORGET_LOCKOUTS "forget_lockouts",
        HAS_ROWS_TO_SHIP "has_rows_to_ship",
        HAS_SETTINGS "has_settings",
        IS_EXPORTED "is_exported",
        IS_FOREIGN "is_foreign",
        IS_PUBLISHED "is_published",
        JUDGE_RUNS "judge_runs",
        LAST_ITEM_ID "last_item_id",
        LAST_PROOF "last_proof",
        LATEST_EXPORTED_RUN "latest_exported_run",
        LATEST_RUNS "latest_runs",
        LATEST_RUN_WITH_FILES "latest_run_with_files",
        LISTED_PLAYLISTS "listed_playlists",
        LOST_FILES "lost_files",
        MANIFEST_FILES "manifest_files",
        NOTE_ARCHIVE "note_archive",
        NOTE_EXPORT "note_export",
        NOTE_FILES "note_files",
        NOTE_LOCKOUTS "note_lockouts",
        NOTE_LOST_FILES "note_lost_files",
        NOTE_MANIFEST "note_manifest",
        NOTE_TABLE_COUNTS "note_table_counts",
        NOTE_VERDICTS "note_verdicts",
        PENDING_ROW_COUNT "pending_row_count",
        ROWS_OF_DOCUMENTS "rows_of_documents",
        ROW_HELD_BEFORE "row_held_before",
        SENT_FILES "sent_files",
        SETTLE_FILES "settle_files",
        SHIPPED_FILES "shipped_files",
        SUBMIT_FILES "submit_files",
        SUPERSEDE_FILES "supersede_files",
        SUPERSEDE_OLDER_FILES "supersede_older_files",
        TABLE_COUNTS_OF_RUN "table_counts_of_run",
        TEXT_COLUMNS "text_columns",
        UNFINISHED_RUN "unfinished_run",
        UNPUBLISHED_ROW_COUNT "unpublished_row_count",
        UNREAD "unread",
        WHICH_ARE_IN_USE "which_are_in_use",
        WHICH_ARE_LATEST "which_are_latest",
        WHICH_ARE_OF_RUN "which_are_of_run",
        WHICH_ARE_OUTSTANDING "which_are_outstanding",
        WHICH_HAVE_KEYS "which_have_keys",
        WIDEN_RUN "widen_run",
        WITHDRAW_FILES "withdraw_files",
        WRITTEN_ARCHIVE "written_archive",
        WRITTEN_MANIFEST "written_manifest",
    }
}

/// Applied in this order at every start.
pub(super) const SCHEMA: &[SqlFile] = files![
    SqlFile, "sql/duckdb/schema/";
    "010_raw",
    "020_meta",
    "030_core",
    "040_macros",
    "050_staging",
    "060_canonical",
    "070_upgrade",
];

/// Run in this order; each writes temporary tables.
pub(super) const MODELS: &[SqlFile] = files![
    SqlFile, "sql/duckdb/models/";
    "00_pending_rows",
    "10_pending_snapshots",
    "20_playlist_songs",
    "30_songs",
    "40_song_artists",
    "50_albums",
    "60_artists",
    "65_genres",
    "70_playlists",
    "75_song_spread",
    "80_song_observations",
    "90_details",
];

/// Run in this order after the transform.
pub const CHECKS: &[CheckFile] = files![
    CheckFile, "sql/duckdb/checks/";
    "albums__id_is_well_formed",
    "albums__key_is_not_null",
    "albums__key_is_unique",
    "albums__name_is_not_empty",
    "albums__name_is_not_null",
    "albums__release_date_is_plausible",
    "albums__row_hash_is_right",
    "albums__total_tracks_is_positive",
    "albums__url_is_well_formed",
    "artists__id_is_well_formed",
    "artists__key_is_not_null",
    "artists__key_is_unique",
    "artists__name_is_not_empty",
    "artists__name_is_not_null",
    "artists__row_hash_is_right",
    "artists__url_is_well_formed",
    "documents__row_is_readable",
    "genres__artist_exists",
    "genres__key_is_not_null",
    "genres__key_is_unique",
    "genres__row_hash_is_right",
    "playlist_songs__added_at_is_plausible",
    "playlist_songs__item_kind_is_known",
    "playlist_songs__key_is_not_null",
    "playlist_songs__key_is_unique",
    "playlist_songs__no_row_is_lost",
    "playlist_songs__playlist_exists",
    "playlist_songs__positions_are_contiguous",
    "playlist_songs__read_is_complete",
    "playlist_songs__row_count_is_total",
    "playlist_songs__row_hash_is_right",
    "playlist_songs__row_is_readable",
    "playlist_songs__song_exists",
    "playlist_songs__song_id_fits_the_kind",
    "playlists__id_is_well_formed",
    "playlists__item_count_has_not_collapsed",
    "playlists__key_is_not_null",
    "playlists__key_is_unique",
    "playlists__name_is_known",
    "playlists__row_hash_is_right",
    "playlists__url_is_well_formed",
    "reads__are_fresh",
    "reads__playlist_is_known",
    "song_artists__artist_exists",
    "song_artists__first_is_primary",
    "song_artists__key_is_not_null",
    "song_artists__key_is_unique",
    "song_artists__row_hash_is_right",
    "song_artists__song_exists",
    "song_observations__key_is_not_null",
    "song_observations__key_is_unique",
    "song_observations__playlist_count_is_plausible",
    "song_observations__popularity_is_0_to_100",
    "song_observations__row_hash_is_right",
    "song_observations__song_exists",
    "songs__added_at_is_plausible",
    "songs__album_exists",
    "songs__album_is_known",
    "songs__artist_exists",
    "songs__artist_is_known",
    "songs__duration_is_positive",
    "songs__id_is_well_formed",
    "songs__key_is_not_null",
    "songs__key_is_unique",
    "songs__name_is_not_empty",
    "songs__name_is_not_null",
    "songs__popularity_is_0_to_100",
    "songs__row_hash_is_right",
    "songs__taken_down_duration_is_positive",
    "songs__url_is_well_formed",
    "tables__row_count_has_not_collapsed",
];

/// The dbt models, which the published file carries as views; a mart stands after those it refers to.
pub(super) const MARTS: &[SqlFile] = files![
    SqlFile, "dbt/models/marts/";
    "playlist_changes",
    "playlist_songs_current",
    "song_popularity_over_time",
    "artist_songs",
    "playlist_overview",
];

/// The statements that bring `next_<table>` into `core.<table>`.
pub(super) fn merge(table: Table) -> String {
    let again = match table {
        Table::PlaylistSongs => "again_playlist_songs".to_owned(),
        _ => format!("next_{table}"),
    };
    for_table(MERGE, table)
        .replace("{stored}", &but_of_songs(table, "known_playlist_songs"))
        .replace("{again}", &again)
}

/// A table of `core`, but for the rows of playlists the part of them that `view` gives.
fn but_of_songs(table: Table, view: &str) -> String {
    match table {
        Table::PlaylistSongs => view.to_owned(),
        _ => format!("core.{table}"),
    }
}

/// A template filled in for one table.
pub(super) fn for_table(template: &str, table: Table) -> String {
    let named = template.replace("{table}", table.name());
    named.replace("{key}", table.key()).replace("{group}", table.group())
}

/// The statements that bring what changed in a table into the attached `published` file.
pub(super) fn publish_changes(table: Table) -> String {
    for_table(PUBLISH, table)
        .replace("{changed}", &but_of_songs(table, "staging.republished_playlist_songs"))
}

/// The statement that copies a table into the attached `published` file.
pub(super) fn publish_table(table: Table) -> String {
    format!("create table published.core.{table} as from core.{table}")
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
    for other in MARTS {
        sql = sql
            .replace(&format!("{{{{ ref('{}') }}}}", other.name), &format!("marts.{}", other.name));
    }
    format!("create view marts.{} as\n{sql}", mart.name)
}

/// Text as an SQL literal, for the few statements that take no bound value.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Text as a quoted identifier.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sql_file_on_disk_is_listed() {
        let listed: Vec<&str> = SCHEMA
            .iter()
            .chain(MODELS)
            .chain(MARTS)
            .map(|file| file.sql)
            .chain(CHECKS.iter().map(|check| check.sql))
            .chain([
                MERGE,
                RESHIP,
                FINISH,
                PUBLISH,
                PUBLISH_GONE,
                REFUSED,
                TABLE_COUNTS,
                SCHEMA_WORDS,
                PLAYLIST_CONTENTS,
                MISSING_DETAILS,
            ])
            .chain([KNOWN_READS, UNFINISHED_READ])
            .chain(ledger::ALL.iter().copied())
            .chain([RECONCILE_COUNTS, RECONCILE_BUCKETS, RECONCILE_KEYS, RECONCILE_ROWS])
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
                        "{} is not in catalog.rs",
                        path.display()
                    );
                    count += 1;
                }
            }
        }
        assert_eq!(count, listed.len());
    }

    #[test]
    fn a_mart_has_no_jinja_left() {
        for mart in MARTS {
            assert!(!mart_view(mart).contains("{{"), "{}", mart.name);
        }
    }
}
