//! The demo library, against the counts and rows that its generator computed without SQL.

use serde_json::{Value, json};

use crate::support::{World, fixture, tables};

/// Rows that the truth expects of a table at a point in time; liked songs are a playlist of ours.
fn expected(point: &Value, liked_so_far: u64, table: &str) -> u64 {
    let count = point["row_counts"][table].as_u64().unwrap();
    match table {
        "playlists" => count + 1,
        "playlist_songs" => count + liked_so_far,
        _ => count,
    }
}

#[test]
fn two_runs_of_the_demo_give_the_tables_that_its_generator_computed() {
    let truth = fixture("demo_truth.json");
    let world = World::new();
    let mut liked_so_far = 0;
    for point in truth["points"].as_array().unwrap() {
        liked_so_far += point["liked_song_rows"].as_u64().unwrap();
        let (code, report) = world.report(&["--demo"]);
        assert_eq!((code, &report["status"]), (0, &json!("exported")), "{report}");
        for (table, row_count, changed) in tables(&report) {
            if table == "song_observations" {
                continue; // Counted per day of the run, which the generator does not know.
            }
            assert_eq!(row_count, expected(point, liked_so_far, &table), "{table}");
            let published = world.query(&format!("select count(*) as n from core.{table}"));
            assert_eq!(published[0]["n"], json!(row_count), "{table}");
            if matches!(table.as_str(), "songs" | "albums" | "artists" | "song_artists" | "genres")
            {
                let change = &point["changes"][&table];
                let expected =
                    change["new"].as_u64().unwrap() + change["changed"].as_u64().unwrap();
                assert_eq!(changed, expected, "{table}");
            }
        }
    }
}

#[test]
fn a_third_run_ships_nothing_and_is_a_success() {
    let world = World::new();
    for _ in 0..2 {
        assert_eq!(world.report(&["--demo"]).0, 0);
    }
    let (code, report) = world.report(&["--demo"]);
    assert_eq!(code, 0);
    assert_eq!(report["files"], json!([]));
    assert!(tables(&report).iter().all(|(_, _, changed)| *changed == 0), "{report}");
}

#[test]
fn every_dirty_row_of_the_demo_becomes_what_its_generator_says() {
    let truth = fixture("demo_truth.json");
    let world = World::new();
    assert_eq!(world.report(&["--demo"]).0, 0);
    assert_eq!(world.report(&["--demo"]).0, 0);
    let rows = world.query(
        "select items.position, items.item_kind, strftime(items.added_at, '%Y-%m-%dT%H:%M:%S') as row_added_at, \
         items.song_id, songs.name, strftime(songs.added_at, '%Y-%m-%dT%H:%M:%S') as song_added_at, songs.duration_ms, \
         songs.popularity, albums.release_date::varchar as release_date from core.playlist_songs as items \
         left join core.songs as songs on songs.id = items.song_id left join core.albums as albums on albums.id = songs.album_id \
         where items.playlist_id = '06wWByNykxLO2ayPXleKjd' order by items.position",
    );
    let cases = truth["messy_cases"].as_array().unwrap();
    assert!(cases.len() > 15);
    for case in cases {
        let position = usize::try_from(case["position"].as_u64().unwrap()).unwrap();
        for (name, expected) in case.as_object().unwrap() {
            if rows[position].get(name).is_some() {
                assert_eq!(&rows[position][name], expected, "{name} of {case}");
            }
        }
    }
}

#[test]
fn each_file_of_the_manifest_holds_the_rows_and_the_hash_sum_that_it_claims() {
    for format in ["parquet", "csv"] {
        let world = World::new();
        let output = world
            .command(&["--json", "run", "--demo"])
            .env("LAKE_FORMAT", format)
            .output()
            .unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let files = report["files"].as_array().unwrap();
        assert_eq!(files.len(), 8, "{format}");
        for file in files {
            let path = world.path("data/lake").join(file["key"].as_str().unwrap());
            assert_eq!(path.metadata().unwrap().len(), file["size_bytes"].as_u64().unwrap());
            let table = file["table"].as_str().unwrap();
            let core = world.query(&format!(
                "select count(*) as n, sum(row_hash)::varchar as s from core.{table}"
            ));
            assert_eq!(
                (&core[0]["n"], &core[0]["s"]),
                (&file["row_count"], &file["row_hash_sum"]),
                "{table}"
            );
        }
    }
}

#[test]
fn the_stages_one_by_one_give_what_a_run_gives() {
    let (whole, staged) = (World::new(), World::new());
    assert_eq!(whole.report(&["--demo"]).0, 0);
    for arguments in [
        &["fetch", "--demo"][..],
        &["transform"],
        &["check"],
        &["publish"],
        &["export"],
        &["export"],
    ] {
        let output = staged.run(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    for table in
        ["songs", "albums", "artists", "song_artists", "playlists", "playlist_songs", "genres"]
    {
        let sql = format!("select count(*) as n, sum(row_hash)::varchar as s from core.{table}");
        assert_eq!(whole.query(&sql), staged.query(&sql), "{table}");
    }
}

#[test]
fn a_full_run_ships_every_row_again() {
    let world = World::new();
    for _ in 0..2 {
        assert_eq!(world.report(&["--demo"]).0, 0);
    }
    let (code, report) = world.report(&["--demo", "--full"]);
    assert_eq!(code, 0, "{report}");
    assert!(tables(&report).iter().all(|(_, rows, changed)| rows == changed), "{report}");
}
