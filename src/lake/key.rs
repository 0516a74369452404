//! Object keys: pure functions of prefix, table, run and part.

use std::fmt;

use crate::ids::{Run, Table};

/// `<prefix>raw/<table>/year=…/month=…/day=…/<table>_<date>_<time>_<run>[_<part>].<ending>`
///
/// The table comes first, because a Snowflake stage path is a prefix. Date and time are the run's start in UTC.
pub(super) fn object_key(
    prefix: &str,
    table: Table,
    run: &Run,
    part: Option<u32>,
    ending: &str,
) -> String {
    let part = part.map(|part| format!("_{part:04}")).unwrap_or_default();
    format!(
        "{prefix}raw/{table}/{}/{table}_{}_{}{part}.{ending}",
        day_of(run),
        run.started_at.format("%Y%m%d_%H%M%S"),
        run.id,
    )
}

/// `<prefix>manifests/year=…/month=…/day=…/<run>.json`, under a prefix that no pipe watches.
pub(crate) fn manifest_key(prefix: &str, run: &Run) -> String {
    format!("{prefix}manifests/{}/{}.json", day_of(run), run.id)
}

/// `<prefix>documents/year=…/month=…/day=…/<run>.ndjson.zst`, under a prefix that no pipe watches.
pub(crate) fn archive_key(prefix: &str, run: &Run) -> String {
    format!("{prefix}documents/{}/{}.ndjson.zst", day_of(run), run.id)
}

/// `<prefix>processed/<mart>/<mart>.parquet`, under a prefix that no pipe watches: always the same, because the file is replaced.
pub(crate) fn mart_key(prefix: &str, mart: &str) -> String {
    format!("{prefix}processed/{mart}/{mart}.parquet")
}

/// `<prefix>processed/features`, beside the marts: what `features` writes, under the same names each time.
pub(crate) fn features_folder(prefix: &str) -> String {
    format!("{prefix}processed/features")
}

fn day_of(run: &Run) -> impl fmt::Display {
    run.started_at.format("year=%Y/month=%m/day=%d")
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::ids::RunId;

    #[test]
    fn a_key_names_the_table_the_day_the_run_and_the_part() {
        let started_at = DateTime::parse_from_rfc3339("2026-01-05T06:07:08Z").unwrap().to_utc();
        let run = Run { id: "01KC8Z5T3Q8V6W2Y4N9B7M1XRD".parse().unwrap(), started_at };
        insta::assert_snapshot!(object_key("spotify-data/", Table::SongArtists, &run, None, "parquet"),
            @"spotify-data/raw/song_artists/year=2026/month=01/day=05/song_artists_20260105_060708_01KC8Z5T3Q8V6W2Y4N9B7M1XRD.parquet");
        insta::assert_snapshot!(object_key("", Table::Songs, &run, Some(2), "csv.gz"),
            @"raw/songs/year=2026/month=01/day=05/songs_20260105_060708_01KC8Z5T3Q8V6W2Y4N9B7M1XRD_0002.csv.gz");
        insta::assert_snapshot!(manifest_key("spotify-data/", &run),
            @"spotify-data/manifests/year=2026/month=01/day=05/01KC8Z5T3Q8V6W2Y4N9B7M1XRD.json");
        insta::assert_snapshot!(archive_key("spotify-data/", &run),
            @"spotify-data/documents/year=2026/month=01/day=05/01KC8Z5T3Q8V6W2Y4N9B7M1XRD.ndjson.zst");
    }

    proptest::proptest! {
        #[test]
        fn keys_of_different_files_differ(secs in 0_i64..4_000_000_000, a in 0_usize..8, b in 0_usize..8, p in 0_u32..9, q in 0_u32..9) {
            let started_at = DateTime::from_timestamp(secs, 0).unwrap();
            let run = Run { id: RunId::new(started_at, 7), started_at };
            let one = object_key("x/", Table::ALL[a], &run, Some(p), "parquet");
            let two = object_key("x/", Table::ALL[b], &run, Some(q), "parquet");
            proptest::prop_assert_eq!(one == two, a == b && p == q);
            proptest::prop_assert!(one.len() <= 1024 && !one.contains("//"));
        }
    }
}
