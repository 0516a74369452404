//! `features`: what the tables say, that nothing held back shows in them, that each publish makes them again, and that who is forgotten
//! is not in them.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::doubles::snowflake::oracle::oracle;
use crate::support::World;
use crate::support::fake_spotify::FakeSpotify;
use crate::support::library::{Library, Mode, Playlist, Row, spotify_id};

const TABLES: [&str; 3] = ["interactions", "song_features", "playlist_features"];
const FOLDER: &str = "data/lake/spotify-data/processed/features";

/// `features … --json`: the tables.
fn made(world: &World, arguments: &[&str]) -> Value {
    let output = world.run(&[&["--json", "features"], arguments].concat());
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Rows of a Parquet file, each as JSON.
fn rows(path: &Path) -> BTreeSet<String> {
    let connection = duckdb::Connection::open_in_memory().unwrap();
    let sql = format!("select to_json(r)::varchar from read_parquet('{}') as r", path.display());
    let mut statement = connection.prepare(&sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// The meanings beside the files.
fn meanings(path: &Path) -> Value {
    serde_yaml_ng::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_tables_have_the_columns_that_the_meanings_describe_in_the_file_and_as_parquet() {
    let world = World::new();
    world.report(&["--demo"]);
    let told = made(&world, &[]);
    let meanings = meanings(&world.path(&format!("{FOLDER}/features.yml")));
    for (number, table) in TABLES.into_iter().enumerate() {
        let told = &told["tables"][number];
        assert_eq!(told["table"], table);
        let columns = meanings["tables"][table]["columns"].as_object().unwrap();
        let wanted: Vec<&str> = columns.keys().map(String::as_str).collect();
        let found = world.query(&format!(
            "select column_name as name, comment from duckdb_columns() \
             where schema_name = 'features' and table_name = '{table}' order by column_index"
        ));
        let found = found.as_array().unwrap();
        let names: BTreeSet<&str> = found.iter().map(|it| it["name"].as_str().unwrap()).collect();
        assert_eq!(names, wanted.iter().copied().collect(), "{table}");
        for column in found {
            let meaning = columns[column["name"].as_str().unwrap()]["meaning"].as_str().unwrap();
            assert!(column["comment"].as_str().unwrap().starts_with(meaning), "{column}");
        }
        let file = rows(&world.path(&format!("{FOLDER}/{table}.parquet")));
        let there =
            world.query(&format!("select to_json(r)::varchar as r from features.{table} as r"));
        let there: BTreeSet<String> = there
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["r"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(file, there, "{table}");
        assert_eq!(told["row_count"], file.len(), "one row per key");
    }
}

/// Three lists of ten songs, a song a day, which overlap; the last of each, which is its test, is that of `last`.
fn library(last: [u64; 3]) -> Library {
    let (mut library, songs) = Library::new("keeper").with_plain_tracks(100, 60);
    for list in 0..3 {
        let mut numbers: Vec<u64> = (0..9).map(|it| list * 4 + it).collect();
        numbers.push(last[list as usize]);
        let rows = numbers.iter().enumerate().map(|(day, number)| {
            Row::track(&songs[*number as usize]).at(&format!("2024-01-{:02}T08:00:00Z", day + 1))
        });
        let playlist = Playlist::new(&spotify_id(list + 1), &format!("List {list}"), "keeper");
        library = library.with_playlist(playlist.with_rows(rows));
    }
    // In both worlds there are the same songs.
    let rows = (0..60).map(|number| Row::track(&songs[number as usize]).at("2030-01-01T08:00:00Z"));
    library.with_playlist(Playlist::new(&spotify_id(9), "All at once", "keeper").with_rows(rows))
}

#[test]
fn no_feature_knows_a_row_that_is_held_back() {
    let of = |last: [u64; 3]| {
        let world = World::new();
        let spotify = FakeSpotify::start(library(last), Mode::Extended);
        let run = world.operator(&spotify, &["run", "--mine"]).output().unwrap();
        assert!(run.status.success(), "{run:?}");
        made(&world, &["--i-may-use-api-content"]);
        let file = |table: &str| rows(&world.path(&format!("{FOLDER}/{table}.parquet")));
        let held_back =
            world.query("select count(*) as n from features.interactions where split = 'test'");
        assert_eq!(held_back[0]["n"], 3);
        TABLES.map(file)
    };
    let (one, other) = (of([50, 51, 52]), of([20, 21, 0]));
    assert_ne!(one[0], other[0], "the rows that are held back differ");
    assert_eq!(one[1], other[1], "song_features");
    assert_eq!(one[2], other[2], "playlist_features");
}

#[test]
fn each_publish_makes_them_again_until_rows_come_that_the_user_did_not_speak_of() {
    let world = World::new();
    world.report(&["--demo"]);
    made(&world, &[]);
    let count = "select count(*) as n from features.song_features";
    let before = world.query(count)[0]["n"].as_u64().unwrap();
    let file = world.path(&format!("{FOLDER}/song_features.parquet"));
    assert_eq!(rows(&file).len() as u64, before);

    let spotify = FakeSpotify::start(library([50, 51, 52]), Mode::Extended);
    let run = || {
        let output = world.operator(&spotify, &["run", "--mine"]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(run().contains("features are not renewed"));
    let there = "select count(*) as n from duckdb_tables() where schema_name = 'features'";
    assert_eq!(world.query(there)[0]["n"], 0);
    assert!(!file.exists() && !world.path(&format!("{FOLDER}/features.yml")).exists());

    let elsewhere = world.path("elsewhere");
    made(&world, &["--i-may-use-api-content", "--out", &elsewhere.display().to_string()]);
    assert_eq!(world.query(count)[0]["n"].as_u64().unwrap(), before + 60);
    let new = spotify_id(777);
    spotify.mutate(|library| {
        let known = library.tracks.values().next().unwrap().clone();
        library
            .tracks
            .insert(new.clone(), crate::support::library::Track { id: new.clone(), ..known });
        library.add_rows(&spotify_id(1), [Row::track(&new).at("2024-02-01T08:00:00Z")]);
    });
    run();
    for folder in [world.path(FOLDER), elsewhere] {
        let songs = rows(&folder.join("song_features.parquet"));
        assert_eq!(songs.len() as u64, before + 61);
        assert!(songs.iter().any(|row| row.contains(&new)), "{new}");
    }
}

#[test]
fn who_is_forgotten_is_in_no_feature() {
    let world = World::new();
    world.report(&["--demo"]);
    made(&world, &[]);
    let elsewhere = world.path("elsewhere");
    made(&world, &["--out", elsewhere.to_str().unwrap()]);
    let list = "6P8x2OTXTBsmAWXAJtUFnD";
    let holds = |world: &World| {
        TABLES.map(|table| {
            let rows = rows(&world.path(&format!("{FOLDER}/{table}.parquet")));
            rows.iter().any(|row| row.contains(list))
        })
    };
    assert_eq!(holds(&world), [true, false, true]);
    let output = world.run(&["forget", "--playlist", list, "--yes"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(holds(&world), [false; 3]);
    let left =
        format!("select count(*) as n from features.interactions where playlist_id = '{list}'");
    assert_eq!(world.query(&left)[0]["n"], 0);
    let songs =
        "select count(*) as n from features.song_features anti join core.songs on id = song_id";
    assert_eq!(world.query(songs)[0]["n"], 0);
    assert!(
        world.query("select count(*) as n from features.interactions")[0]["n"].as_u64() > Some(0)
    );
    let file = rows(&elsewhere.join("interactions.parquet"));
    assert!(!file.is_empty() && !file.iter().any(|row| row.contains(list)));
    let output = world.run(&["forget", "--everything", "--yes"]);
    assert!(output.status.success(), "{output:?}");
    assert!(std::fs::read_dir(&elsewhere).unwrap().next().is_none());
}

#[test]
fn rows_of_the_api_are_not_written_without_the_users_word() {
    let world = World::new();
    let spotify = FakeSpotify::start(library([50, 51, 52]), Mode::Extended);
    assert!(world.operator(&spotify, &["run", "--mine"]).output().unwrap().status.success());
    let out = world.path("out");
    for arguments in [vec![], vec!["--out", out.to_str().unwrap()]] {
        let output = world.run(&[vec!["features"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains("--i-may-use-api-content") && told.contains("machine learning"));
    }
    assert!(!out.exists() && !world.path(FOLDER).exists());
    let there = "select count(*) as n from duckdb_tables() where schema_name = 'features'";
    assert_eq!(world.query(there)[0]["n"], 0);
}

#[test]
fn pandas_computes_the_same_and_reads_the_files_as_polars_does() {
    let Some(mut check) = oracle("features_check.py") else { return };
    let world = World::new();
    check.arg(env!("CARGO_BIN_EXE_snowtrack")).arg(world.path("demo"));
    let output = check.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(told["slopes"].as_u64() > Some(10), "{told}");
}
