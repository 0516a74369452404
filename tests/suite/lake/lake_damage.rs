//! A file, a manifest or an archive of the local lake that is no longer what was written: no run is stuck for it, and each cure that
//! is told ends well.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::snowflake::verdicts::verify;
use crate::support::cloud::{Cloud, SMALL, text};
use crate::support::fake_s3::{Fault, Op};

/// A name, and what it does to a file.
type Damage = (&'static str, fn(&Path));

/// What can become of a file.
const DAMAGES: [Damage; 4] = [
    ("changed", |path| {
        let mut bytes = std::fs::read(path).unwrap();
        bytes[4] ^= 1;
        std::fs::write(path, bytes).unwrap();
    }),
    ("cut", |path| std::fs::write(path, b"PAR1").unwrap()),
    ("gone", |path| std::fs::remove_file(path).unwrap()),
    ("a folder", |path| {
        std::fs::remove_file(path).unwrap();
        std::fs::create_dir(path).unwrap();
    }),
];

/// A run whose bucket takes nothing, so that all it wrote is in the local lake alone.
fn exported(cloud: &Cloud, arguments: &[&str]) -> Value {
    cloud.s3.script(Op::Put, 1, usize::MAX, Fault::answer(403, "AccessDenied", "not today"));
    let (code, report) = cloud.report(&[&SMALL[..], arguments].concat());
    assert_eq!(code, 5, "{report:#}");
    cloud.s3.clear_log();
    assert!(cloud.s3.keys().is_empty());
    report
}

fn local(cloud: &Cloud, key: &str) -> PathBuf {
    cloud.world.path("data/lake").join(key)
}

fn file_of<'a>(report: &'a Value, table: &str) -> &'a Value {
    report["files"].as_array().unwrap().iter().find(|file| file["table"] == table).unwrap()
}

fn key_of(report: &Value, table: &str) -> String {
    file_of(report, table)["key"].as_str().unwrap().to_owned()
}

fn manifest_of(report: &Value) -> String {
    let key = key_of(report, "songs");
    let day = key.split("/raw/songs/").nth(1).unwrap().rsplit_once('/').unwrap().0;
    format!("spotify-data/manifests/{day}/{}.json", report["run_id"].as_str().unwrap())
}

/// The state of a run's file in the ledger.
fn state(cloud: &Cloud, run: &Value, key: &str) -> String {
    let output = cloud.run(&["--json", "status", "--run", run["run_id"].as_str().unwrap()]);
    let found = String::from_utf8_lossy(&output.stdout).into_owned();
    let found: Value =
        serde_json::from_str(&found).unwrap_or_else(|error| panic!("{error}: {found}"));
    let files =
        found.as_array().cloned().unwrap_or_else(|| found["files"].as_array().unwrap().clone());
    let file = files.into_iter().find(|file| file["key"] == key).unwrap();
    file["state"].as_str().unwrap().to_owned()
}

/// Every manifest in the bucket vouches for what is there, and for nothing else.
fn assert_manifests(cloud: &Cloud) {
    let keys = cloud.s3.keys();
    let mut vouched: Vec<String> = Vec::new();
    for key in keys.iter().filter(|key| key.contains("/manifests/")) {
        let manifest: Value = serde_json::from_slice(&cloud.s3.object(key).unwrap()).unwrap();
        for file in manifest["files"].as_array().unwrap() {
            let key = file["key"].as_str().unwrap();
            let bytes = cloud.s3.object(key).unwrap_or_else(|| panic!("{key} is not there"));
            let sha256: String =
                Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(file["sha256"], json!(sha256), "{key}");
            vouched.push(key.to_owned());
        }
    }
    vouched.sort();
    let data: Vec<String> = keys.into_iter().filter(|key| key.contains("/raw/")).collect();
    assert_eq!(vouched, data);
}

#[test]
fn a_lost_file_keeps_no_other_back_and_the_next_run_ships_its_rows_in_a_new_one() {
    for (name, damage) in DAMAGES {
        let cloud = Cloud::small("rest", "parquet");
        let first = exported(&cloud, &[]);
        let key = key_of(&first, "songs");
        damage(&local(&cloud, &key));
        let output = cloud.run(&[&["run"], &SMALL[..]].concat());
        let said = text(&output);
        assert_eq!(output.status.code(), Some(5), "{name}: {said}");
        let wanted = match name {
            "gone" => "is gone",
            _ => "changed or damaged",
        };
        for part in
            [wanted, &key, "The next `snowtrack run --from-dir in` ships its rows in a new file"]
        {
            assert!(said.contains(part), "{name}: no `{part}` in {said}");
        }
        assert!(!said.contains("full?"), "{name}: {said}");
        // All others went and arrived, and the manifest speaks of them alone.
        assert_eq!((cloud.landed("songs"), cloud.landed("albums")), (0, 1), "{name}");
        assert!(cloud.s3.keys().contains(&manifest_of(&first)), "{name}");
        assert_manifests(&cloud);
        assert_eq!(state(&cloud, &first, &key), "exported", "{name}");

        let (code, second) = cloud.report(&SMALL);
        assert_eq!((code, &second["status"]), (0, &json!("verified")), "{name}: {second:#}");
        assert_ne!(second["run_id"], first["run_id"]);
        assert_ne!(key_of(&second, "songs"), key);
        assert_eq!((cloud.landed("songs"), cloud.landed("albums")), (1, 1), "{name}");
        assert_eq!(state(&cloud, &first, &key), "superseded", "{name}");
        assert_manifests(&cloud);
        // It is over: nothing is left to say or to ship.
        let (code, third) = cloud.report(&SMALL);
        assert_eq!((code, &third["files"]), (0, &json!([])), "{name}: {third:#}");
        let same = cloud.run(&["reconcile"]);
        assert_eq!(same.status.code(), Some(0), "{name}: {}", text(&same));
    }
}

#[test]
fn a_full_shipment_settles_a_lost_file_at_once() {
    for (name, damage) in DAMAGES {
        let cloud = Cloud::small("rest", "parquet");
        let first = exported(&cloud, &[]);
        let key = key_of(&first, "songs");
        damage(&local(&cloud, &key));
        let (code, full) = cloud.report(&[&SMALL[..], &["--full"]].concat());
        assert_eq!((code, &full["status"]), (0, &json!("verified")), "{name}: {full:#}");
        assert_eq!((cloud.landed("songs"), cloud.landed("albums")), (1, 2), "{name}");
        assert_eq!(state(&cloud, &first, &key), "superseded", "{name}");
        assert_manifests(&cloud);
    }
}

#[test]
fn a_repair_settles_a_lost_file() {
    let cloud = Cloud::small("rest", "parquet");
    let first = exported(&cloud, &[]);
    let key = key_of(&first, "songs");
    std::fs::remove_file(local(&cloud, &key)).unwrap();
    let output = cloud.run(&["reconcile", "--repair"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(cloud.landed("songs"), 1);
    assert_eq!(state(&cloud, &first, &key), "superseded");
}

#[test]
fn the_next_nights_rows_go_whatever_happened_to_an_older_file() {
    let cloud = Cloud::small("rest", "parquet");
    let first = exported(&cloud, &[]);
    std::fs::remove_file(local(&cloud, &key_of(&first, "songs"))).unwrap();
    let other =
        crate::source::documents::playlist(|song| song["id"] = json!("9aB1cD2eF3gH4iJ5kL6mN7"));
    let other = other.replace("3aB1cD2eF3gH4iJ5kL6mN7", "4aB1cD2eF3gH4iJ5kL6mN7");
    cloud.world.write("other/playlist.json", &other);
    let (code, night) = cloud.report(&["--from-dir", "other"]);
    assert_eq!(code, 5, "{night:#}");
    let own = night["files"].as_array().unwrap().iter();
    let run = night["run_id"].as_str().unwrap();
    let own: Vec<_> = own.filter(|file| file["key"].as_str().unwrap().contains(run)).collect();
    assert!(own.len() >= 3 && own.iter().all(|file| file["state"] == "verified"), "{night:#}");
    assert_eq!(cloud.landed("songs"), 1);
    let (code, next) = cloud.report(&["--from-dir", "other"]);
    assert_eq!(code, 0, "{next:#}");
    assert_eq!(cloud.landed("songs"), 2);
    assert_manifests(&cloud);
}

#[test]
fn a_lake_that_is_gone_is_written_anew() {
    let cloud = Cloud::small("rest", "parquet");
    exported(&cloud, &["--archive"]);
    std::fs::remove_dir_all(cloud.world.path("data/lake")).unwrap();
    let (code, lost) = cloud.report(&SMALL);
    assert_eq!(code, 5, "{lost:#}");
    assert!(lost["error"].as_str().unwrap().contains("nor did 7 others"), "{lost:#}");
    let (code, anew) = cloud.report(&SMALL);
    assert_eq!(code, 0, "{anew:#}");
    for table in ["albums", "artists", "songs", "song_artists", "playlists", "playlist_songs"] {
        assert_eq!(cloud.landed(table), 1, "{table}");
    }
    assert_manifests(&cloud);
}

#[test]
fn another_file_under_a_key_of_ours_holds_up_no_run_but_the_first() {
    let cloud = Cloud::small("rest", "parquet");
    let first = exported(&cloud, &[]);
    let key = key_of(&first, "songs");
    cloud.s3.plant(&key, b"somebody else's");
    let (code, refused) = cloud.report(&SMALL);
    assert_eq!(code, 5, "{refused:#}");
    let error = refused["error"].as_str().unwrap();
    assert!(error.contains("is there already with other contents"), "{error}");
    assert_eq!((cloud.landed("songs"), cloud.landed("albums")), (0, 1));
    let (code, second) = cloud.report(&SMALL);
    assert_eq!(code, 0, "{second:#}");
    assert_eq!(cloud.landed("songs"), 1);
    assert_eq!(cloud.s3.object(&key).unwrap(), b"somebody else's");
}

#[test]
fn a_manifest_is_written_anew_whenever_it_is_not_as_it_was() {
    for (name, damage) in DAMAGES.into_iter().take(3) {
        // Before it went.
        let cloud = Cloud::small("rest", "parquet");
        let first = exported(&cloud, &[]);
        let manifest = manifest_of(&first);
        let before = std::fs::read(local(&cloud, &manifest)).unwrap();
        damage(&local(&cloud, &manifest));
        let output = cloud.run(&[&["run"], &SMALL[..]].concat());
        assert_eq!(output.status.code(), Some(0), "{name}: {}", text(&output));
        assert!(
            text(&output).contains("written anew from the ledger"),
            "{name}: {}",
            text(&output)
        );
        assert_eq!(cloud.s3.object(&manifest).unwrap(), before, "{name}");
        assert_manifests(&cloud);

        // After it went, and before anybody told Snowflake.
        let cloud = Cloud::small("rest", "parquet");
        let (code, first) = cloud.report(&[&SMALL[..], &["--no-ingest"]].concat());
        assert_eq!(code, 0, "{name}: {first:#}");
        damage(&local(&cloud, &manifest_of(&first)));
        let output = cloud.run(&["ingest"]);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", text(&output));
        let output = cloud.run(&["verify"]);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", text(&output));
        assert_manifests(&cloud);
    }
}

#[test]
fn an_archive_is_written_anew_whenever_it_is_not_as_it_was() {
    for (name, damage) in DAMAGES.into_iter().take(3) {
        let cloud = Cloud::small("rest", "parquet");
        let first = exported(&cloud, &["--archive"]);
        let archive = manifest_of(&first)
            .replace("/manifests/", "/documents/")
            .replace(".json", ".ndjson.zst");
        let before = std::fs::read(local(&cloud, &archive)).unwrap();
        damage(&local(&cloud, &archive));
        let (code, report) = cloud.report(&SMALL);
        assert_eq!(code, 0, "{name}: {report:#}");
        assert_eq!(cloud.s3.object(&archive).unwrap(), before, "{name}");
    }
}

#[test]
fn rows_that_are_wrong_in_snowflake_count_for_more_than_a_file_that_never_got_there() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    cloud.s3.script(Op::Put, 1, usize::MAX, Fault::answer(403, "AccessDenied", "not today"));
    let (code, second) = cloud.report(&[&SMALL[..], &["--full"]].concat());
    assert_eq!(code, 5, "{second:#}");
    cloud.s3.clear_log();
    std::fs::remove_file(local(&cloud, &key_of(&second, "songs"))).unwrap();
    let (code, lost) = cloud.report(&SMALL);
    assert_eq!(code, 5, "{lost:#}");
    let (code, found) = verify(&cloud, &[]);
    assert_eq!((code, &found["status"]), (5, &json!("failed")), "{found:#}");
    cloud.snowflake.tamper("delete from SPOTIFY.RAW.ALBUMS");
    let (code, found) = verify(&cloud, &["--all"]);
    assert_eq!(code, 7, "{found:#}");
    assert_eq!(found["verification"]["verdict"], "mismatch", "{found:#}");
}
