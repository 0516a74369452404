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

pub(super) const RESHIP: &str = include_str!("../../sql/duckdb/reship.sql");
const MERGE: &str = include_str!("../../sql/duckdb/merge.sql");
/// Ends the transaction of a transform: what was read is noted, what is no longer listed goes.
pub(super) const FINISH: &str = include_str!("../../sql/duckdb/finish.sql");
const PUBLISH: &str = include_str!("../../sql/duckdb/publish.sql");
/// Takes what went from `core` out of the attached `published` file.
pub(super) const PUBLISH_GONE: &str = include_str!("../../sql/duckdb/publish_gone.sql");
pub(super) const TABLE_COUNTS: &str = include_str!("../../sql/duckdb/report/table_counts.sql");
pub(super) const PLAYLIST_CONTENTS: &str =
    include_str!("../../sql/duckdb/report/playlist_contents.sql");
pub(super) const MISSING_DETAILS: &str =
    include_str!("../../sql/duckdb/report/missing_details.sql");
/// The local side of a reconciliation; templates like `MERGE`.
pub(super) const RECONCILE_COUNTS: &str =
    include_str!("../../sql/duckdb/report/reconcile_counts.sql");
pub(super) const RECONCILE_BUCKETS: &str =
    include_str!("../../sql/duckdb/report/reconcile_buckets.sql");
pub(super) const RECONCILE_KEYS: &str = include_str!("../../sql/duckdb/report/reconcile_keys.sql");
pub(super) const RECONCILE_ROWS: &str = include_str!("../../sql/duckdb/report/reconcile_rows.sql");

/// Applied in this order at every start.
pub(super) const SCHEMA: &[SqlFile] = &[
    SqlFile { name: "010_raw", sql: include_str!("../../sql/duckdb/schema/010_raw.sql") },
    SqlFile { name: "020_meta", sql: include_str!("../../sql/duckdb/schema/020_meta.sql") },
    SqlFile { name: "030_core", sql: include_str!("../../sql/duckdb/schema/030_core.sql") },
    SqlFile { name: "040_macros", sql: include_str!("../../sql/duckdb/schema/040_macros.sql") },
    SqlFile { name: "050_staging", sql: include_str!("../../sql/duckdb/schema/050_staging.sql") },
    SqlFile {
        name: "060_canonical",
        sql: include_str!("../../sql/duckdb/schema/060_canonical.sql"),
    },
];

/// Run in this order; each writes temporary tables.
pub(super) const MODELS: &[SqlFile] = &[
    SqlFile {
        name: "00_pending_rows",
        sql: include_str!("../../sql/duckdb/models/00_pending_rows.sql"),
    },
    SqlFile {
        name: "10_pending_snapshots",
        sql: include_str!("../../sql/duckdb/models/10_pending_snapshots.sql"),
    },
    SqlFile {
        name: "20_playlist_songs",
        sql: include_str!("../../sql/duckdb/models/20_playlist_songs.sql"),
    },
    SqlFile { name: "30_songs", sql: include_str!("../../sql/duckdb/models/30_songs.sql") },
    SqlFile {
        name: "40_song_artists",
        sql: include_str!("../../sql/duckdb/models/40_song_artists.sql"),
    },
    SqlFile { name: "50_albums", sql: include_str!("../../sql/duckdb/models/50_albums.sql") },
    SqlFile { name: "60_artists", sql: include_str!("../../sql/duckdb/models/60_artists.sql") },
    SqlFile { name: "65_genres", sql: include_str!("../../sql/duckdb/models/65_genres.sql") },
    SqlFile { name: "70_playlists", sql: include_str!("../../sql/duckdb/models/70_playlists.sql") },
    SqlFile {
        name: "75_song_spread",
        sql: include_str!("../../sql/duckdb/models/75_song_spread.sql"),
    },
    SqlFile {
        name: "80_song_observations",
        sql: include_str!("../../sql/duckdb/models/80_song_observations.sql"),
    },
    SqlFile { name: "90_details", sql: include_str!("../../sql/duckdb/models/90_details.sql") },
];

/// Run in this order after the transform.
pub const CHECKS: &[CheckFile] = &[
    CheckFile {
        name: "albums__id_is_well_formed",
        sql: include_str!("../../sql/duckdb/checks/albums__id_is_well_formed.sql"),
    },
    CheckFile {
        name: "albums__key_is_not_null",
        sql: include_str!("../../sql/duckdb/checks/albums__key_is_not_null.sql"),
    },
    CheckFile {
        name: "albums__key_is_unique",
        sql: include_str!("../../sql/duckdb/checks/albums__key_is_unique.sql"),
    },
    CheckFile {
        name: "albums__name_is_not_empty",
        sql: include_str!("../../sql/duckdb/checks/albums__name_is_not_empty.sql"),
    },
    CheckFile {
        name: "albums__name_is_not_null",
        sql: include_str!("../../sql/duckdb/checks/albums__name_is_not_null.sql"),
    },
    CheckFile {
        name: "albums__release_date_is_plausible",
        sql: include_str!("../../sql/duckdb/checks/albums__release_date_is_plausible.sql"),
    },
    CheckFile {
        name: "albums__row_hash_is_right",
        sql: include_str!("../../sql/duckdb/checks/albums__row_hash_is_right.sql"),
    },
    CheckFile {
        name: "albums__total_tracks_is_positive",
        sql: include_str!("../../sql/duckdb/checks/albums__total_tracks_is_positive.sql"),
    },
    CheckFile {
        name: "albums__url_is_well_formed",
        sql: include_str!("../../sql/duckdb/checks/albums__url_is_well_formed.sql"),
    },
    CheckFile {
        name: "artists__id_is_well_formed",
        sql: include_str!("../../sql/duckdb/checks/artists__id_is_well_formed.sql"),
    },
    CheckFile {
        name: "artists__key_is_not_null",
        sql: include_str!("../../sql/duckdb/checks/artists__key_is_not_null.sql"),
    },
    CheckFile {
        name: "artists__key_is_unique",
        sql: include_str!("../../sql/duckdb/checks/artists__key_is_unique.sql"),
    },
    CheckFile {
        name: "artists__name_is_not_empty",
        sql: include_str!("../../sql/duckdb/checks/artists__name_is_not_empty.sql"),
    },
    CheckFile {
        name: "artists__name_is_not_null",
        sql: include_str!("../../sql/duckdb/checks/artists__name_is_not_null.sql"),
    },
    CheckFile {
        name: "artists__row_hash_is_right",
        sql: include_str!("../../sql/duckdb/checks/artists__row_hash_is_right.sql"),
    },
    CheckFile {
        name: "artists__url_is_well_formed",
        sql: include_str!("../../sql/duckdb/checks/artists__url_is_well_formed.sql"),
    },
    CheckFile {
        name: "documents__row_is_readable",
        sql: include_str!("../../sql/duckdb/checks/documents__row_is_readable.sql"),
    },
    CheckFile {
        name: "genres__artist_exists",
        sql: include_str!("../../sql/duckdb/checks/genres__artist_exists.sql"),
    },
    CheckFile {
        name: "genres__key_is_not_null",
        sql: include_str!("../../sql/duckdb/checks/genres__key_is_not_null.sql"),
    },
    CheckFile {
        name: "genres__key_is_unique",
        sql: include_str!("../../sql/duckdb/checks/genres__key_is_unique.sql"),
    },
    CheckFile {
        name: "genres__row_hash_is_right",
        sql: include_str!("../../sql/duckdb/checks/genres__row_hash_is_right.sql"),
    },
    CheckFile {
        name: "playlist_songs__added_at_is_plausible",
        sql: include_str!("../../sql/duckdb/checks/playlist_songs__added_at_is_plausible.sql"),
    },
    CheckFile {
        name: "playlist_songs__item_kind_is_known",
        sql: include_str!("../../sql/duckdb/checks/playlist_songs__item_kind_is_known.sql"),
    },
    CheckFile {
        name: "playlist_songs__key_is_not_null",
        sql: include_str!("../../sql/duckdb/checks/playlist_songs__key_is_not_null.sql"),
    },
    CheckFile {
        name: "playlist_songs__key_is_unique",
        sql: include_str!("../../sql/duckdb/checks/playlist_songs__key_is_unique.sql"),
    },
    CheckFile {
        name: "playlist_songs__no_row_is_lost",
        sql: include_str!("../../sql/duckdb/checks/playlist_songs__no_row_is_lost.sql"),
    },
    CheckFile {
        name: "playlist_songs__playlist_exists",
        sql: include_str!("../../sql/duckdb/checks/playlist_songs__playlist_exists.sql"),
    },
    CheckFile {
        name: "playlist_songs__positions_are_contiguous",
        sql: include_str!("../../sql/duckdb/checks/playlist_songs__positions_are_contiguous.sql"),
    },
    CheckFile {
        name: "playlist_songs__read_is_complete",
        sql: include_str!("../../sql/duckdb/checks/playlist_songs__read_is_complete.sql"),
    },
    CheckFile {
        name: "playlist_songs__row_count_is_total",
        sql: include_str!("../../sql/duckdb/checks/playlist_songs__row_count_is_total.sql"),
    },
    CheckFile {
        name: "playlist_songs__row_hash_is_right",
        sql: include_str!("../../sql/duckdb/checks/playlist_songs__row_hash_is_right.sql"),
    },
    CheckFile {
        name: "playlist_songs__row_is_readable",
        sql: include_str!("../../sql/duckdb/checks/playlist_songs__row_is_readable.sql"),
    },
    CheckFile {
        name: "playlist_songs__song_exists",
        sql: include_str!("../../sql/duckdb/checks/playlist_songs__song_exists.sql"),
    },
    CheckFile {
        name: "playlist_songs__song_id_fits_the_kind",
        sql: include_str!("../../sql/duckdb/checks/playlist_songs__song_id_fits_the_kind.sql"),
    },
    CheckFile {
        name: "playlists__id_is_well_formed",
        sql: include_str!("../../sql/duckdb/checks/playlists__id_is_well_formed.sql"),
    },
    CheckFile {
        name: "playlists__item_count_has_not_collapsed",
        sql: include_str!("../../sql/duckdb/checks/playlists__item_count_has_not_collapsed.sql"),
    },
    CheckFile {
        name: "playlists__key_is_not_null",
        sql: include_str!("../../sql/duckdb/checks/playlists__key_is_not_null.sql"),
    },
    CheckFile {
        name: "playlists__key_is_unique",
        sql: include_str!("../../sql/duckdb/checks/playlists__key_is_unique.sql"),
    },
    CheckFile {
        name: "playlists__name_is_known",
        sql: include_str!("../../sql/duckdb/checks/playlists__name_is_known.sql"),
    },
    CheckFile {
        name: "playlists__row_hash_is_right",
        sql: include_str!("../../sql/duckdb/checks/playlists__row_hash_is_right.sql"),
    },
    CheckFile {
        name: "playlists__url_is_well_formed",
        sql: include_str!("../../sql/duckdb/checks/playlists__url_is_well_formed.sql"),
    },
    CheckFile {
        name: "reads__are_fresh",
        sql: include_str!("../../sql/duckdb/checks/reads__are_fresh.sql"),
    },
    CheckFile {
        name: "reads__playlist_is_known",
        sql: include_str!("../../sql/duckdb/checks/reads__playlist_is_known.sql"),
    },
    CheckFile {
        name: "song_artists__artist_exists",
        sql: include_str!("../../sql/duckdb/checks/song_artists__artist_exists.sql"),
    },
    CheckFile {
        name: "song_artists__first_is_primary",
        sql: include_str!("../../sql/duckdb/checks/song_artists__first_is_primary.sql"),
    },
    CheckFile {
        name: "song_artists__key_is_not_null",
        sql: include_str!("../../sql/duckdb/checks/song_artists__key_is_not_null.sql"),
    },
    CheckFile {
        name: "song_artists__key_is_unique",
        sql: include_str!("../../sql/duckdb/checks/song_artists__key_is_unique.sql"),
    },
    CheckFile {
        name: "song_artists__row_hash_is_right",
        sql: include_str!("../../sql/duckdb/checks/song_artists__row_hash_is_right.sql"),
    },
    CheckFile {
        name: "song_artists__song_exists",
        sql: include_str!("../../sql/duckdb/checks/song_artists__song_exists.sql"),
    },
    CheckFile {
        name: "song_observations__key_is_not_null",
        sql: include_str!("../../sql/duckdb/checks/song_observations__key_is_not_null.sql"),
    },
    CheckFile {
        name: "song_observations__key_is_unique",
        sql: include_str!("../../sql/duckdb/checks/song_observations__key_is_unique.sql"),
    },
    CheckFile {
        name: "song_observations__playlist_count_is_plausible",
        sql: include_str!(
            "../../sql/duckdb/checks/song_observations__playlist_count_is_plausible.sql"
        ),
    },
    CheckFile {
        name: "song_observations__popularity_is_0_to_100",
        sql: include_str!("../../sql/duckdb/checks/song_observations__popularity_is_0_to_100.sql"),
    },
    CheckFile {
        name: "song_observations__row_hash_is_right",
        sql: include_str!("../../sql/duckdb/checks/song_observations__row_hash_is_right.sql"),
    },
    CheckFile {
        name: "song_observations__song_exists",
        sql: include_str!("../../sql/duckdb/checks/song_observations__song_exists.sql"),
    },
    CheckFile {
        name: "songs__added_at_is_plausible",
        sql: include_str!("../../sql/duckdb/checks/songs__added_at_is_plausible.sql"),
    },
    CheckFile {
        name: "songs__album_exists",
        sql: include_str!("../../sql/duckdb/checks/songs__album_exists.sql"),
    },
    CheckFile {
        name: "songs__album_is_known",
        sql: include_str!("../../sql/duckdb/checks/songs__album_is_known.sql"),
    },
    CheckFile {
        name: "songs__artist_exists",
        sql: include_str!("../../sql/duckdb/checks/songs__artist_exists.sql"),
    },
    CheckFile {
        name: "songs__artist_is_known",
        sql: include_str!("../../sql/duckdb/checks/songs__artist_is_known.sql"),
    },
    CheckFile {
        name: "songs__duration_is_positive",
        sql: include_str!("../../sql/duckdb/checks/songs__duration_is_positive.sql"),
    },
    CheckFile {
        name: "songs__id_is_well_formed",
        sql: include_str!("../../sql/duckdb/checks/songs__id_is_well_formed.sql"),
    },
    CheckFile {
        name: "songs__key_is_not_null",
        sql: include_str!("../../sql/duckdb/checks/songs__key_is_not_null.sql"),
    },
    CheckFile {
        name: "songs__key_is_unique",
        sql: include_str!("../../sql/duckdb/checks/songs__key_is_unique.sql"),
    },
    CheckFile {
        name: "songs__name_is_not_empty",
        sql: include_str!("../../sql/duckdb/checks/songs__name_is_not_empty.sql"),
    },
    CheckFile {
        name: "songs__name_is_not_null",
        sql: include_str!("../../sql/duckdb/checks/songs__name_is_not_null.sql"),
    },
    CheckFile {
        name: "songs__popularity_is_0_to_100",
        sql: include_str!("../../sql/duckdb/checks/songs__popularity_is_0_to_100.sql"),
    },
    CheckFile {
        name: "songs__row_hash_is_right",
        sql: include_str!("../../sql/duckdb/checks/songs__row_hash_is_right.sql"),
    },
    CheckFile {
        name: "songs__taken_down_duration_is_positive",
        sql: include_str!("../../sql/duckdb/checks/songs__taken_down_duration_is_positive.sql"),
    },
    CheckFile {
        name: "songs__url_is_well_formed",
        sql: include_str!("../../sql/duckdb/checks/songs__url_is_well_formed.sql"),
    },
    CheckFile {
        name: "tables__row_count_has_not_collapsed",
        sql: include_str!("../../sql/duckdb/checks/tables__row_count_has_not_collapsed.sql"),
    },
];

/// The dbt models, which the published file carries as views; a mart stands after those it refers to.
pub(super) const MARTS: &[SqlFile] = &[
    SqlFile {
        name: "playlist_changes",
        sql: include_str!("../../dbt/models/marts/playlist_changes.sql"),
    },
    SqlFile {
        name: "playlist_songs_current",
        sql: include_str!("../../dbt/models/marts/playlist_songs_current.sql"),
    },
    SqlFile {
        name: "song_popularity_over_time",
        sql: include_str!("../../dbt/models/marts/song_popularity_over_time.sql"),
    },
    SqlFile { name: "artist_songs", sql: include_str!("../../dbt/models/marts/artist_songs.sql") },
    SqlFile {
        name: "playlist_overview",
        sql: include_str!("../../dbt/models/marts/playlist_overview.sql"),
    },
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
                TABLE_COUNTS,
                PLAYLIST_CONTENTS,
                MISSING_DETAILS,
            ])
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
