//! Object keys: pure functions of prefix, table, run and part.

use chrono::{DateTime, Utc};

use crate::ids::{RunId, Table};

/// `<prefix>raw/<table>/year=…/month=…/day=…/<table>_<date>_<time>_<run>[_<part>].<ending>`
///
/// The table comes first, because a Snowflake stage path is a prefix. Date and time are the run's start in UTC.
pub(super) fn object_key(
    prefix: &str,
    table: Table,
    (run, started_at): (&RunId, DateTime<Utc>),
    part: Option<u32>,
    ending: &str,
) -> String {
    let part = part.map(|part| format!("_{part:04}")).unwrap_or_default();
    format!(
        "{prefix}raw/{table}/{}/{table}_{}_{run}{part}.{ending}",
        started_at.format("year=%Y/month=%m/day=%d"),
        started_at.format("%Y%m%d_%H%M%S"),
    )
}

/// `<prefix>manifests/year=…/month=…/day=…/<run>.json`, under a prefix that no pipe watches.
pub(crate) fn manifest_key(prefix: &str, run: &RunId, started_at: DateTime<Utc>) -> String {
    format!("{prefix}manifests/{}/{run}.json", started_at.format("year=%Y/month=%m/day=%d"))
}

/// `<prefix>documents/year=…/month=…/day=…/<run>.ndjson.zst`, under a prefix that no pipe watches.
pub(crate) fn archive_key(prefix: &str, run: &RunId, started_at: DateTime<Utc>) -> String {
    format!("{prefix}documents/{}/{run}.ndjson.zst", started_at.format("year=%Y/month=%m/day=%d"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_the_table_the_day_the_run_and_the_part() {
        let run: RunId = "01KC8Z5T3Q8V6W2Y4N9B7M1XRD".parse().unwrap();
        let at = DateTime::parse_from_rfc3339("2026-01-05T06:07:08Z").unwrap().to_utc();
        insta::assert_snapshot!(object_key("spotify-data/", Table::SongArtists, (&run, at), None, "parquet"),
            @"spotify-data/raw/song_artists/year=2026/month=01/day=05/song_artists_20260105_060708_01KC8Z5T3Q8V6W2Y4N9B7M1XRD.parquet");
        insta::assert_snapshot!(object_key("", Table::Songs, (&run, at), Some(2), "csv.gz"),
            @"raw/songs/year=2026/month=01/day=05/songs_20260105_060708_01KC8Z5T3Q8V6W2Y4N9B7M1XRD_0002.csv.gz");
        insta::assert_snapshot!(manifest_key("spotify-data/", &run, at),
            @"spotify-data/manifests/year=2026/month=01/day=05/01KC8Z5T3Q8V6W2Y4N9B7M1XRD.json");
        insta::assert_snapshot!(archive_key("spotify-data/", &run, at),
            @"spotify-data/documents/year=2026/month=01/day=05/01KC8Z5T3Q8V6W2Y4N9B7M1XRD.ndjson.zst");
    }

    proptest::proptest! {
        #[test]
        fn keys_of_different_files_differ(secs in 0_i64..4_000_000_000, a in 0_usize..8, b in 0_usize..8, p in 0_u32..9, q in 0_u32..9) {
            let at = DateTime::from_timestamp(secs, 0).unwrap();
            let run = RunId::new(at, 7);
            let one = object_key("x/", Table::ALL[a], (&run, at), Some(p), "parquet");
            let two = object_key("x/", Table::ALL[b], (&run, at), Some(q), "parquet");
            proptest::prop_assert_eq!(one == two, a == b && p == q);
            proptest::prop_assert!(one.len() <= 1024 && !one.contains("//"));
        }
    }
}
