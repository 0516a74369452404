//! `export --marts`: one Parquet file a mart, replaced each time, here and in the bucket.

use serde_json::{Value, json};

use super::marts;
use crate::source::documents::playlist;
use crate::support::World;
use crate::support::cloud::Cloud;

/// What `export --marts --json` says.
fn exported(output: &std::process::Output) -> Vec<Value> {
    assert!(output.status.success(), "{output:?}");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    told["marts"].as_array().unwrap().clone()
}

/// The rows of a Parquet file that the mart lacks, and the other way round.
fn differences(world: &World, mart: &str) -> i64 {
    let connection = duckdb::Connection::open_in_memory().unwrap();
    let published = world.path("data/spotify.duckdb");
    let file = world
        .path("data/lake/spotify-data/processed")
        .join(mart)
        .join(mart)
        .with_extension("parquet");
    connection
        .execute_batch(&format!("attach '{}' as p (read_only); use p", published.display()))
        .unwrap();
    let file = format!("'{}'", file.display());
    let sql = format!(
        "select count(*) from ((from marts.{mart} except all from {file}) union all (from {file} except all from marts.{mart}))"
    );
    connection.query_row(&sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn each_mart_is_one_file_that_the_next_export_replaces() {
    let world = World::new();
    let output = world.run(&["export", "--marts"]);
    assert_eq!(output.status.code(), Some(2), "before the first run there is nothing to export");
    for (number, added) in [1, 2].into_iter().enumerate() {
        let mut list: Value = serde_json::from_str(&playlist(|_| {})).unwrap();
        list["snapshot_id"] = json!(format!("s{number}"));
        let row = list["items"]["items"][0].clone();
        list["items"]["items"] = json!(vec![row; added]);
        list["items"]["total"] = json!(added);
        world.write(&format!("in{number}/a.json"), &list.to_string());
        let (code, report) = world.report(&["--from-dir", &format!("in{number}")]);
        assert_eq!(code, 0, "{report:#}");
        let told = exported(&world.run(&["--json", "export", "--marts"]));
        let names: Vec<String> = marts(&world);
        assert!(names.len() >= 20);
        assert_eq!(
            told.iter().map(|mart| mart["mart"].as_str().unwrap()).collect::<Vec<_>>(),
            names
        );
        let files: Vec<String> =
            names.iter().map(|mart| format!("{mart}/{mart}.parquet")).collect();
        assert_eq!(world.files("data/lake/spotify-data/processed"), files);
        for (mart, name) in told.iter().zip(&names) {
            assert_eq!(differences(&world, name), 0, "{name}");
            let count = world.query(&format!("select count(*) as n from marts.{name}"));
            assert_eq!(mart["row_count"], count[0]["n"], "{name}");
            assert_eq!(mart["key"], json!(format!("spotify-data/processed/{name}/{name}.parquet")));
        }
    }
    assert_eq!(
        world.query("select max(row_count) as n from marts.playlist_overview")[0]["n"],
        json!(2)
    );
}

#[test]
fn the_bucket_gets_the_same_files_and_the_next_ones_in_their_place() {
    let cloud = Cloud::small("rest", "parquet");
    let key = "spotify-data/processed/playlist_overview/playlist_overview.parquet";
    let mut former = None;
    for name in ["Harbour", "Pier"] {
        let list =
            playlist(|_| {}).replace("Harbour", name).replace("\"s1\"", &format!("\"{name}\""));
        cloud.world.write("in/playlist.json", &list);
        let (code, report) = cloud.report(&["--from-dir", "in"]);
        assert_eq!(code, 0, "{report:#}");
        let told = exported(&cloud.run(&["--json", "export", "--marts"]));
        for mart in &told {
            let key = mart["key"].as_str().unwrap();
            let local = std::fs::read(cloud.world.path("data/lake").join(key)).unwrap();
            assert_eq!(cloud.s3.object(key), Some(local), "{key}");
        }
        let now = cloud.s3.object(key);
        assert!(now.is_some() && now != former);
        former = now;
    }
}
