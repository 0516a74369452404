//! A data directory that the version before `meta.consumers` left (`tests/fixtures/ledger`), run on by this one.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::World;
use crate::support::cloud::{Cloud, text};
use crate::support::fake_s3::Op;
use crate::support::truth::TABLES;

/// The runs that it knows: of `first`, whose files are in the bucket and nobody was told; of `second`, exported and not uploaded; of
/// `third`, killed when its rows were in the tables, two that went among them, and nothing was checked.
const RUNS: [&str; 3] =
    ["01JK4ZQFXWH69KHR0PSFFYGF3A", "01JK4ZQMDKA3CRYBWP5Y7A95QP", "01JK4ZQQEN0HFXSEJ1RJS6XYTG"];

/// Files of a folder and of those in it, by their paths within.
fn files(folder: &Path, within: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder.join(within)).unwrap() {
        let entry = entry.unwrap();
        let path = within.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            files(folder, &path, found);
        } else {
            found.push(path);
        }
    }
}

fn unpack(world: &World) {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ledger");
    let mut found = Vec::new();
    files(&fixture, Path::new(""), &mut found);
    for file in found {
        let bytes = std::fs::read(fixture.join(&file)).unwrap();
        let (file, bytes) = match file.extension().is_some_and(|ending| ending == "zst") {
            true => (file.with_extension(""), zstd::decode_all(&*bytes).unwrap()),
            false => (file, bytes),
        };
        let target = world.path(file.to_str().unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(target, bytes).unwrap();
    }
}

/// What of the local lake is of a run, by keys.
fn keys_of(world: &World, run: &str) -> Vec<String> {
    let (lake, mut found) = (world.path("data/lake"), Vec::new());
    files(&lake, Path::new(""), &mut found);
    let keys = found.into_iter().map(|file| file.to_str().unwrap().to_owned());
    keys.filter(|key| key.contains(run)).collect()
}

/// An account, and the older data directory beside a bucket that holds what was uploaded.
fn older() -> Cloud {
    let cloud = Cloud::new("rest", "parquet");
    unpack(&cloud.world);
    let uploaded = keys_of(&cloud.world, RUNS[0]);
    assert_eq!(uploaded.len(), 9, "a file for each table and the manifest");
    // By another copy of the directory, so that the bucket has what a client leaves there, checksums included.
    let output = cloud.run(&["upload", "--run", RUNS[0]]);
    assert!(output.status.success(), "{}", text(&output));
    for key in cloud.s3.keys().iter().filter(|key| !uploaded.contains(key)) {
        std::fs::remove_file(cloud.s3.bucket().join(key)).unwrap();
    }
    assert_eq!(cloud.s3.keys().len(), uploaded.len());
    std::fs::remove_dir_all(cloud.world.path("data")).unwrap();
    unpack(&cloud.world);
    cloud.s3.clear_log();
    cloud
}

/// The same readings by this version alone.
fn undisturbed() -> Cloud {
    let cloud = Cloud::new("rest", "parquet");
    unpack(&cloud.world);
    std::fs::remove_dir_all(cloud.world.path("data")).unwrap();
    for folder in ["first", "second", "third"] {
        let (code, report) = cloud.report(&["--from-dir", folder]);
        assert_eq!(code, 0, "{folder}: {report:#}");
    }
    cloud
}

/// What a table says, whenever it was read.
fn rows_of(cloud: &Cloud, table: &str) -> Value {
    let columns = match table {
        "song_observations" => "song_id, popularity, playlist_count",
        _ => "* exclude (run_id, extracted_at)",
    };
    cloud.world.query(&format!("select {columns} from core.{table} order by all"))
}

#[test]
fn a_ledger_of_an_earlier_version_is_run_on_and_nothing_is_lost_or_shipped_twice() {
    let wanted = undisturbed();
    // The killed run is continued; or one of another source, which says nothing new, ships what it left.
    for folder in ["third", "fourth"] {
        let cloud = older();
        let artist = std::fs::read_to_string(cloud.world.path("third/artist.json")).unwrap();
        cloud.world.write("fourth/artist.json", &artist);
        run_on(&cloud, folder, &wanted);
    }
}

fn run_on(cloud: &Cloud, folder: &str, wanted: &Cloud) {
    let (code, report) = cloud.report(&["--from-dir", folder]);
    assert_eq!((code, &report["status"]), (0, &json!("verified")), "{folder}: {report:#}");
    let run = report["run_id"].as_str().unwrap();
    assert_eq!(run == RUNS[2], folder == "third", "{run}");
    let written = keys_of(&cloud.world, run);
    for key in report["files"].as_array().unwrap().iter().map(|file| file["key"].as_str().unwrap())
    {
        assert!(
            RUNS[..2].iter().any(|run| key.contains(run)) || written.iter().any(|it| it == key)
        );
    }

    // What was in the bucket is not sent again.
    let calls = cloud.s3.calls();
    let mut sent: Vec<_> = calls.iter().filter(|call| call.op == Op::Put).collect();
    assert!(sent.iter().all(|call| !call.key.contains(RUNS[0])), "{sent:#?}");
    sent.dedup_by_key(|call| call.key.clone());
    let of_others = [keys_of(&cloud.world, RUNS[1]), written].concat();
    assert_eq!(sent.len(), of_others.len(), "{sent:#?}");

    // Every row is in Snowflake once, the published file has what it should, and the current rows are the same.
    for table in TABLES {
        assert_eq!(rows_of(cloud, table), rows_of(wanted, table), "{folder}: {table}");
        assert_eq!(cloud.landed(table), wanted.landed(table), "{folder}: {table}");
    }
    let left = "select count(*) filter (song_id = '0song00000000000000001') as artists, \
        (select list(genre) from core.genres) as genres from core.song_artists";
    assert_eq!(cloud.world.query(left), json!([{"artists": 1, "genres": ["shanty"]}]));
    let output = cloud.run(&["reconcile"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));

    let (code, again) = cloud.report(&["--from-dir", folder]);
    assert_eq!((code, &again["status"]), (0, &json!("unchanged")), "{again:#}");
    assert_eq!(again["files"], json!([]));
}

#[test]
fn a_ledger_of_an_earlier_version_is_shown_before_anything_changes_it() {
    let world = World::new();
    unpack(&world);
    let output = world.run(&["--json", "status"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let status: Value = serde_json::from_slice(&output.stdout).unwrap();
    let shown = status.as_array().unwrap();
    let shown: Vec<_> = shown.iter().map(|run| run["run_id"].as_str().unwrap()).collect();
    assert_eq!(shown, [RUNS[2], RUNS[1], RUNS[0]]);
}
