//! `features`: what the tables say, that nothing held back shows in them, that each publish makes them again, and that who is forgotten
//! is not in them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::doubles::snowflake::oracle::oracle;

use crate::support::World;
use crate::support::cloud::Cloud;
use crate::support::fake_s3::{Fault, Op};
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

/// Each file of a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|it| (it.file_name().into_string().unwrap(), std::fs::read(it.path()).unwrap()))
        .collect()
}

#[test]
fn what_was_made_before_rows_came_that_the_user_did_not_speak_of_stays_and_is_made_again_with_his_word()
 {
    let world = World::new();
    world.report(&["--demo"]);
    made(&world, &[]);
    let own = world.path("own");
    made(&world, &["--out", own.to_str().unwrap()]);
    let folders = [world.path(FOLDER), own];
    let all = TABLES
        .map(|table| {
            format!("select '{table}' as t, to_json(f)::varchar as r from features.{table} as f")
        })
        .join(" union all ");
    let rows_now = || world.query(&format!("select t, r from ({all}) order by all"));
    let told_now = || {
        world.query(
            "select table_name, comment from duckdb_tables() where schema_name = 'features' \
             union all select column_name, comment from duckdb_columns() where schema_name = 'features' order by all",
        )
    };
    let before = (folders.each_ref().map(|it| files(it)), rows_now(), told_now());
    let count = "select count(*) as n from features.song_features";
    let songs = world.query(count)[0]["n"].as_u64().unwrap();
    assert_eq!(rows(&folders[1].join("song_features.parquet")).len() as u64, songs);

    // Lists from the API: first the file is written anew, then a copy of it is changed.
    let spotify = FakeSpotify::start(library([50, 51, 52]), Mode::Extended);
    let began = world.query(
        "select strftime(max(started_at), '%Y-%m-%d %H:%M:%S UTC') as at from operations.runs",
    );
    let began = began[0]["at"].as_str().unwrap().to_owned();
    let run = |arguments: &[&str]| {
        let output = world.operator(&spotify, arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        output
    };
    // A file that somebody copied is none that a publish changes.
    let published = world.path("data/spotify.duckdb");
    std::fs::copy(&published, world.path("copied")).unwrap();
    std::fs::rename(world.path("copied"), &published).unwrap();
    for number in 0..2 {
        let output = run(&["--json", "run", "--mine"]);
        let said = String::from_utf8(output.stderr).unwrap();
        let wanted =
            format!("features are not renewed, they stay as of the run that began {began}");
        assert!(said.contains(&wanted), "{number}: {said}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let notes = report["notes"].as_array().unwrap();
        assert!(notes.iter().any(|it| it.as_str().unwrap().contains(&wanted)), "{report}");
        let now = (folders.each_ref().map(|it| files(it)), rows_now(), told_now());
        assert!(now == before, "{number}");
        let lists = world.query("select count(*) as n from core.playlists")[0]["n"].as_u64();
        assert!(Some(7) < lists, "{number}");
        let track = library([50, 51, 52]).tracks.values().next().unwrap().clone();
        spotify.mutate(|library| library.add_rows(&spotify_id(2), [Row::track(&track.id)]));
    }
    let elsewhere = world.path("elsewhere");
    made(&world, &["--i-may-use-api-content", "--out", &elsewhere.display().to_string()]);
    assert_eq!(world.query(count)[0]["n"].as_u64().unwrap(), songs + 60);
    let new = spotify_id(777);
    spotify.mutate(|library| {
        let known = library.tracks.values().next().unwrap().clone();
        library
            .tracks
            .insert(new.clone(), crate::support::library::Track { id: new.clone(), ..known });
        library.add_rows(&spotify_id(1), [Row::track(&new).at("2024-02-01T08:00:00Z")]);
    });
    run(&["run", "--mine"]);
    for folder in [world.path(FOLDER), elsewhere] {
        let found = rows(&folder.join("song_features.parquet"));
        assert_eq!(found.len() as u64, songs + 61);
        assert!(found.iter().any(|row| row.contains(&new)), "{new}");
    }
}

#[test]
fn features_that_cannot_be_made_without_who_is_forgotten_go() {
    let world = World::new();
    world.report(&["--demo"]);
    let own = world.path("own");
    made(&world, &["--out", own.to_str().unwrap()]);
    std::fs::write(own.join("mine.txt"), "mine").unwrap();
    let spotify = FakeSpotify::start(library([50, 51, 52]), Mode::Extended);
    assert!(world.operator(&spotify, &["run", "--mine"]).output().unwrap().status.success());
    assert_eq!(files(&own).len(), 5);
    let output = world.run(&["forget", "--playlist", "6P8x2OTXTBsmAWXAJtUFnD", "--yes"]);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("features are removed"), "{said}");
    assert_eq!(files(&own).into_keys().collect::<Vec<_>>(), ["mine.txt"]);
    let there = "select count(*) as n from duckdb_tables() where schema_name = 'features'";
    assert_eq!(world.query(there)[0]["n"], 0);
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

const FILES: [&str; 4] =
    ["interactions.parquet", "song_features.parquet", "playlist_features.parquet", "features.yml"];
const PREFIX: &str = "spotify-data/processed/features";

/// A command on a machine with a bucket, and without an account.
fn with_bucket(cloud: &Cloud, arguments: &[&str]) -> std::process::Output {
    let mut command = cloud.command(arguments);
    command.env_remove("SNOWFLAKE_ACCOUNT").output().unwrap()
}

/// That the bucket has the files as they are on disk, and how many versions of each.
fn assert_sent(cloud: &Cloud, version_count: usize) {
    let versions = cloud.s3.every_version();
    for name in FILES {
        let key = format!("{PREFIX}/{name}");
        let local = std::fs::read(cloud.world.path("data/lake").join(&key)).unwrap();
        assert_eq!(cloud.s3.object(&key), Some(local), "{key}");
        let found = versions.iter().filter(|(found, ..)| *found == key).count();
        assert_eq!(found, version_count, "{key}");
    }
}

#[test]
fn the_bucket_has_the_files_too_and_each_publish_replaces_them() {
    let cloud = Cloud::bare("rest", "parquet");
    cloud.s3.keep_versions();
    let succeeds = |arguments: &[&str]| {
        let output = with_bucket(&cloud, arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    succeeds(&["run", "--demo"]);
    let made: Value = serde_json::from_str(&succeeds(&["--json", "features"])).unwrap();
    assert_eq!(made["bucket"], format!("s3://lake/{PREFIX}"));
    assert_sent(&cloud, 1);
    let first = cloud.s3.object(&format!("{PREFIX}/song_features.parquet"));

    // A run with news, whose upload of them fails at first: the next one brings them, though it has none.
    cloud.s3.script_under(PREFIX, 1, usize::MAX, Fault::answer(403, "AccessDenied", "no"));
    let failed = with_bucket(&cloud, &["run", "--demo"]);
    assert_eq!(failed.status.code(), Some(5), "{failed:?}");
    assert!(String::from_utf8_lossy(&failed.stderr).contains(PREFIX), "{failed:?}");
    cloud.s3.clear_log();
    succeeds(&["run", "--demo"]);
    assert_sent(&cloud, 2);
    assert_ne!(cloud.s3.object(&format!("{PREFIX}/song_features.parquet")), first);
    // Without news nothing is sent.
    let puts = cloud.s3.count(Op::Put);
    succeeds(&["run", "--demo"]);
    assert_eq!(cloud.s3.count(Op::Put), puts);
    assert_sent(&cloud, 2);

    // On a machine that has only the ledger, they are made of what is published.
    std::fs::remove_dir_all(cloud.world.path("data/lake/spotify-data/processed")).unwrap();
    succeeds(&["features", "--out", "elsewhere"]);
    assert_sent(&cloud, 3);
    // Elsewhere is no part of the lake.
    assert!(cloud.s3.keys().iter().all(|key| !key.contains("elsewhere")));
}

#[test]
fn who_is_forgotten_is_in_no_version_of_the_features_in_the_bucket() {
    let cloud = Cloud::bare("rest", "parquet");
    cloud.s3.keep_versions();
    for arguments in [&["run", "--demo"][..], &["features"]] {
        let output = with_bucket(&cloud, arguments);
        assert!(output.status.success(), "{output:?}");
    }
    assert_sent(&cloud, 1);
    let list = "6P8x2OTXTBsmAWXAJtUFnD";
    // Whatever else lies in the lake is looked into, packed as it is.
    let pairs = cloud.world.path(&format!("data/lake/{PREFIX}/interactions.parquet"));
    let copy = cloud.world.path("data/lake/mine/copy.parquet");
    std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
    let connection = duckdb::Connection::open_in_memory().unwrap();
    let packed = format!(
        "copy (select song_id, [playlist_id] as lists, playlist_id || '' as it from \
        read_parquet('{}')) to '{}' (codec zstd, compression_level 9)",
        pairs.display(),
        copy.display()
    );
    connection.execute_batch(&packed).unwrap();
    let left = with_bucket(&cloud, &["forget", "--playlist", list, "--yes"]);
    assert!(!left.status.success(), "{left:?}");
    assert!(String::from_utf8_lossy(&left.stdout).contains("copy.parquet"), "{left:?}");
    std::fs::remove_file(&copy).unwrap();
    let done = with_bucket(&cloud, &["forget", "--playlist", list, "--yes"]);
    assert!(done.status.success(), "{done:?}");
    assert_sent(&cloud, 1);
    for name in TABLES {
        let rows = rows(&cloud.s3.bucket().join(format!("{PREFIX}/{name}.parquet")));
        assert!(!rows.is_empty() && rows.iter().all(|row| !row.contains(list)), "{name}");
    }
}
