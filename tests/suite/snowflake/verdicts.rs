//! What a run and `verify` say of the files that were sent: only what was compared in this process, and whose it is.

use std::process::Command;

use serde_json::{Value, json};

use crate::source::documents::playlist;
use crate::support::World;
use crate::support::cloud::{self, Cloud, SMALL, text};
use crate::support::fake_snowflake::LoadFault;

/// `verify … --json`: exit code and report.
pub(crate) fn verify(cloud: &Cloud, arguments: &[&str]) -> (i32, Value) {
    cloud::report(&mut cloud.command(&[&["--json", "verify"], arguments].concat()))
}

/// `status … --json`.
pub(crate) fn status(cloud: &Cloud, arguments: &[&str]) -> Value {
    let output = cloud.run(&[&["--json", "status"], arguments].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)))
}

pub(crate) fn id_of(report: &Value) -> &str {
    report["run_id"].as_str().unwrap()
}

pub(crate) fn error_of(report: &Value) -> &str {
    report["error"].as_str().unwrap_or_else(|| panic!("{report:#}"))
}

/// The states of a table's files, in the order of the runs.
pub(crate) fn states_of<'a>(report: &'a Value, table: &str) -> Vec<&'a str> {
    let files = report["files"].as_array().unwrap().iter().filter(|file| file["table"] == table);
    files.map(|file| file["state"].as_str().unwrap()).collect()
}

/// Whose files the report is about, each run once.
fn runs_of(report: &Value) -> Vec<String> {
    let files = report["files"].as_array().unwrap().iter();
    let mut runs: Vec<String> =
        files.map(|file| file["run_id"].as_str().unwrap().to_owned()).collect();
    runs.dedup();
    runs
}

/// Another name for the song, so that the next run has something to ship.
pub(crate) fn rename_the_song(cloud: &Cloud, name: &str) {
    let renamed = playlist(|song| song["name"] = json!(name));
    let renamed = renamed.replace("\"snapshot_id\":\"s1\"", &format!("\"snapshot_id\":\"{name}\""));
    cloud.world.write("in/playlist.json", &renamed);
}

fn fail_songs(cloud: &Cloud) {
    cloud.snowflake.script_load("raw/songs/", 1, LoadFault::Fail("NULL result".to_owned()));
}

fn time(text: &str) -> chrono::DateTime<chrono::Utc> {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no time"))
}

/// Whether it was while the run was at work, to the second.
fn is_within(report: &Value, at: &str) -> bool {
    let second = |name: &str| time(report[name].as_str().unwrap()).timestamp();
    (second("started_at")..=second("finished_at")).contains(&time(at).timestamp())
}

/// The run's status in the ledger.
fn ledger_status(cloud: &Cloud, run: &str) -> String {
    let runs = status(cloud, &[]);
    let found = runs.as_array().unwrap().iter().find(|it| it["run_id"] == run);
    found.unwrap()["status"].as_str().unwrap().to_owned()
}

#[test]
fn verify_asks_every_landing_table_anew_however_often_it_was_proven() {
    for mode in ["rest", "auto", "copy"] {
        let cloud = Cloud::small(mode, "parquet");
        let (code, report) = cloud.report(&SMALL);
        assert_eq!(code, 0, "{mode}: {report:#}");
        for arguments in [&[][..], &["--run", id_of(&report)], &["--all"]] {
            cloud.snowflake.clear_log();
            let (code, found) = verify(&cloud, arguments);
            assert_eq!((code, &found["status"]), (0, &json!("verified")), "{mode}: {found:#}");
            assert_eq!(found["files"].as_array().unwrap().len(), 8);
            let asked = cloud
                .snowflake
                .statements()
                .into_iter()
                .filter(|statement| statement.sql.to_lowercase().contains("with landed"));
            assert_eq!(asked.count(), 8, "{mode}, {arguments:?}: each table once");
            // Where everything is asked about, so are the pipes, all of them at once.
            let most = if arguments == ["--all"] { 9 } else { 8 };
            assert!(cloud.snowflake.counters().warehouse_statement_count <= most, "{mode}");
        }
        cloud.snowflake.tamper("delete from SPOTIFY.RAW.SONGS");
        for arguments in [&[][..], &["--run", id_of(&report)], &["--all"]] {
            let (code, found) = verify(&cloud, arguments);
            assert_eq!((code, &found["status"]), (7, &json!("failed")), "{mode}: {found:#}");
            assert_eq!(found["verification"]["verdict"], "mismatch");
            assert_eq!(states_of(&found, "songs"), ["mismatch"]);
            assert_eq!(states_of(&found, "albums"), ["verified"]);
            let key = found["files"].as_array().unwrap().iter().find(|it| it["table"] == "songs");
            let key = key.unwrap()["key"].as_str().unwrap();
            let error = error_of(&found);
            assert!(error.starts_with(&format!("run {}", id_of(&report))), "{error}");
            assert!(error.contains(key), "{error}");
        }
        // Also a run that has nothing to send says so.
        assert_eq!(cloud.report(&SMALL).0, 7);
    }
}

#[test]
fn a_run_with_nothing_to_send_is_unchanged_and_names_the_last_proof() {
    let cloud = Cloud::small("rest", "parquet");
    let (code, first) = cloud.report(&SMALL);
    assert_eq!(code, 0, "{first:#}");
    cloud.snowflake.clear_log();
    let (code, second) = cloud.report(&SMALL);
    assert_eq!((code, &second["status"], &second["files"]), (0, &json!("unchanged"), &json!([])));
    assert_eq!(second["verification"]["verdict"], "skipped", "{second:#}");
    let reason = second["verification"]["reason"].as_str().unwrap();
    let wanted = format!("nothing to send; last proof: run {}, ", id_of(&first));
    let at = reason.strip_prefix(&wanted).unwrap_or_else(|| panic!("{reason}"));
    assert!(is_within(&first, at), "{reason}");
    assert_eq!(cloud.snowflake.requests().len(), 0, "nothing is asked, so nothing is claimed");
    let said = text(&cloud.run(&["run", "--from-dir", "in"]));
    assert!(said.contains("unchanged") && said.contains("last proof"), "{said}");
    assert!(!said.contains("verified"), "{said}");
    assert_eq!(ledger_status(&cloud, id_of(&second)), "unchanged");
}

#[test]
fn without_an_account_there_is_nothing_to_verify_with_and_a_run_without_news_is_unchanged() {
    let world = World::new();
    world.write("in/playlist.json", &playlist(|_| {}));
    let (code, first) = world.report(&SMALL);
    assert_eq!((code, &first["status"]), (0, &json!("exported")), "{first:#}");
    let (code, second) = world.report(&SMALL);
    assert_eq!((code, &second["status"]), (0, &json!("unchanged")), "{second:#}");
    assert_eq!(second["verification"]["verdict"], "skipped");
    for arguments in [&["verify"][..], &["verify", "--all"], &["verify", "--run", id_of(&first)]] {
        let output = world.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains("SNOWFLAKE_ACCOUNT"), "{}", text(&output));
    }
}

#[test]
fn a_bucket_without_an_account_is_told_of_news_once() {
    let cloud = Cloud::small("rest", "parquet");
    let run = || {
        let mut command: Command = cloud.command(&[&["--json", "run"], &SMALL[..]].concat());
        command.env_remove("SNOWFLAKE_ACCOUNT");
        cloud::report(&mut command)
    };
    let (code, first) = run();
    assert_eq!((code, &first["status"]), (0, &json!("uploaded")), "{first:#}");
    let (code, second) = run();
    assert_eq!((code, &second["status"], &second["files"]), (0, &json!("unchanged"), &json!([])));
    // With an account, what was never sent there is outstanding.
    let (code, third) = cloud.report(&SMALL);
    assert_eq!((code, &third["status"]), (0, &json!("verified")), "{third:#}");
    assert_eq!(runs_of(&third), [id_of(&first)]);
}

#[test]
fn a_full_shipment_heals_a_refused_file_and_report_summary_exit_code_and_ledger_agree() {
    let cloud = Cloud::small("rest", "parquet");
    fail_songs(&cloud);
    let (code, first) = cloud.report(&SMALL);
    assert_eq!((code, states_of(&first, "songs")), (7, vec!["failed"]), "{first:#}");
    assert_eq!(ledger_status(&cloud, id_of(&first)), "failed");
    let (code, full) = cloud.report(&["--from-dir", "in", "--full"]);
    assert_eq!((code, &full["status"], &full["error"]), (0, &json!("verified"), &Value::Null));
    assert_eq!(full["verification"]["verdict"], "verified", "{full:#}");
    assert_eq!(states_of(&full, "songs"), ["superseded", "verified"]);
    // What failed did fail; who mended it is beside it.
    assert_eq!(ledger_status(&cloud, id_of(&full)), "verified");
    assert_eq!(ledger_status(&cloud, id_of(&first)), "failed");
    assert_eq!(status(&cloud, &[])[1]["mended_by"], full["run_id"]);
    let said = text(&cloud.run(&["status"]));
    assert!(said.contains(&format!("mended by run {}", id_of(&full))), "{said}");
    assert!(!said.contains("`snowtrack "), "what is done is not advised any more: {said}");
    let (code, all) = verify(&cloud, &["--all"]);
    assert_eq!((code, states_of(&all, "songs")), (0, vec!["verified"]), "{all:#}");
    // Of a run that was replaced in part, the rest is asked about.
    let (code, of_first) = verify(&cloud, &["--run", id_of(&first)]);
    assert_eq!((code, states_of(&of_first, "songs")), (0, vec!["superseded"]), "{of_first:#}");
    assert_eq!(cloud.report(&SMALL).1["status"], "unchanged");
}

#[test]
fn an_earlier_runs_refused_file_keeps_exit_7_until_it_is_mended_and_is_told_as_that_runs() {
    let cloud = Cloud::small("rest", "parquet");
    fail_songs(&cloud);
    let (_, first) = cloud.report(&SMALL);
    rename_the_song(&cloud, "High Tide");
    for state in ["verified", "failed"] {
        // With news of its own, then without any.
        let (code, later) = cloud.report(&SMALL);
        assert_eq!((code, &later["status"]), (7, &json!("failed")), "{later:#}");
        assert_ne!(later["run_id"], first["run_id"]);
        let error = error_of(&later);
        assert!(error.starts_with(&format!("run {}", id_of(&first))), "{error}");
        assert!(error.contains("earlier run"), "{error}");
        let bad = later["files"].as_array().unwrap().iter().filter(|it| it["state"] != "verified");
        let bad: Vec<&Value> = bad.map(|it| &it["run_id"]).collect();
        assert_eq!(bad, [&first["run_id"]], "{later:#}");
        assert_eq!(ledger_status(&cloud, id_of(&later)), state, "what became of its own files");
        let stale = cloud.run(&["status", "--max-age", "1h"]);
        assert_eq!(stale.status.code(), Some(8), "exit 7 is no good end: {}", text(&stale));
    }
    let mended = cloud.run(&["reconcile", "--repair"]);
    assert_eq!(mended.status.code(), Some(0), "{}", text(&mended));
    let runs = status(&cloud, &[]);
    let statuses: Vec<&str> =
        runs.as_array().unwrap().iter().map(|it| it["status"].as_str().unwrap()).collect();
    // The second run brought the song's newer row: nothing was left to ship.
    assert_eq!(statuses, ["unchanged", "verified", "failed"], "{runs:#}");
    assert_eq!(runs[2]["mended_by"], runs[1]["run_id"], "{runs:#}");
    // It ended with exit 7, whatever was mended since.
    let error = runs[0]["error"].as_str().unwrap();
    assert!(error.starts_with(&format!("run {}", id_of(&first))), "{error}");
    // So did the night before, whose own files had arrived.
    let said = text(&cloud.run(&["status"]));
    let told: Vec<&str> =
        said.lines().filter(|line| line.contains("it failed, and that is mended: run ")).collect();
    assert_eq!(told.len(), 2, "{said}");
    assert!(told.iter().all(|line| !line.contains("`snowtrack ")), "{said}");
    assert_eq!(said.matches(&format!("mended by run {}", id_of(&runs[1]))).count(), 1, "{said}");
    assert_eq!(cloud.report(&SMALL).1["status"], "unchanged");
}

#[test]
fn a_proof_that_fails_later_is_a_new_state_and_status_tells_both() {
    let cloud = Cloud::small("rest", "parquet");
    let (code, report) = cloud.report(&SMALL);
    assert_eq!(code, 0, "{report:#}");
    let run = id_of(&report);
    cloud.snowflake.tamper("update SPOTIFY.RAW.SONGS set NAME = 'Somebody else'");
    assert_eq!(verify(&cloud, &[]).0, 7);
    let files = status(&cloud, &["--run", run]);
    let song = files.as_array().unwrap().iter().find(|file| file["table"] == "songs").unwrap();
    assert_eq!(song["state"], "mismatch", "{files:#}");
    assert!(is_within(&report, song["verified_at"].as_str().unwrap()), "{song}");
    let said = text(&cloud.run(&["status", "--run", run]));
    let day = time(song["verified_at"].as_str().unwrap());
    let day = day.format("verified %Y-%m-%d %H:%M:%S UTC").to_string();
    assert!(said.contains("mismatch") && said.contains(&day), "{said}");
    let runs = status(&cloud, &[]);
    assert_eq!(runs[0]["status"], "failed", "{runs:#}");
    assert!(runs[0]["verified_at"].is_string(), "{runs:#}");
    let said = text(&cloud.run(&["status"]));
    assert!(said.contains("verified ") && said.contains("1 file"), "{said}");
    // What changed back is proven anew.
    cloud.snowflake.tamper("update SPOTIFY.RAW.SONGS set NAME = 'Low Tide'");
    assert_eq!(verify(&cloud, &[]).0, 0);
    assert_eq!(ledger_status(&cloud, run), "verified");
}

#[test]
fn verify_asks_about_the_latest_shipment_about_one_run_or_about_everything() {
    let cloud = Cloud::small("rest", "parquet");
    let (_, first) = cloud.report(&SMALL);
    rename_the_song(&cloud, "High Tide");
    let (code, second) = cloud.report(&SMALL);
    assert_eq!(code, 0, "{second:#}");
    assert_eq!(cloud.report(&SMALL).1["status"], "unchanged");
    let asked = |arguments: &[&str]| {
        let (code, report) = verify(&cloud, arguments);
        (code, runs_of(&report))
    };
    let (one, two) = (id_of(&first).to_owned(), id_of(&second).to_owned());
    assert_eq!(asked(&[]), (0, vec![two.clone()]), "not the one that had nothing to send");
    assert_eq!(asked(&["--run", &one]), (0, vec![one.clone()]));
    assert_eq!(asked(&["--all"]), (0, vec![one.clone(), two.clone()]));
    cloud.snowflake.tamper(&format!("delete from SPOTIFY.RAW.ALBUMS where RUN_ID = '{one}'"));
    assert_eq!(asked(&["--run", &two]).0, 0);
    assert_eq!(asked(&["--all"]), (7, vec![one.clone(), two.clone()]));
    // From now on it is outstanding.
    assert_eq!(asked(&[]), (7, vec![one, two]));
    let both = cloud.run(&["verify", "--all", "--run", id_of(&first)]);
    assert_eq!(both.status.code(), Some(2), "{}", text(&both));
}

/// A file that a later shipment of every row made needless stays proven, and is counted as that.
#[test]
fn the_counts_of_a_verification_of_everything_are_those_of_its_files() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    assert_eq!(cloud.report(&["--from-dir", "in", "--full"]).0, 0);
    let (code, all) = verify(&cloud, &["--all"]);
    assert_eq!((code, all["files"].as_array().unwrap().len()), (0, 16), "{all:#}");
    assert_eq!(all["verification"]["reason"], "all 16 files are in, row by row as they were sent");
    cloud.snowflake.tamper(
        "delete from SPOTIFY.RAW.SONGS where RUN_ID = (select max(RUN_ID) from SPOTIFY.RAW.SONGS)",
    );
    let output = cloud.run(&["verify", "--all"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(7), "{said}");
    assert!(said.contains("16 files, 16 rows, "), "{said}");
    assert!(said.contains("(15 verified, 1 mismatch)"), "{said}");
    assert!(said.contains("15 of 16 files are verified"), "{said}");
}

#[test]
fn files_that_newer_ones_replaced_are_told_apart_in_a_summary() {
    let cloud = Cloud::small("rest", "parquet");
    fail_songs(&cloud);
    let (_, first) = cloud.report(&SMALL);
    assert_eq!(cloud.report(&["--from-dir", "in", "--full"]).0, 0);
    let said = text(&cloud.run(&["verify", "--run", id_of(&first)]));
    assert!(said.contains("(7 verified, 1 superseded)"), "{said}");
    let wanted = "verified: all 7 files are in, row by row as they were sent; 1 superseded file is not asked about, because newer ones took its place";
    assert!(said.contains(wanted), "{said}");
}

/// The ledger keeps the proof of yesterday; this process knows nothing of the table that it may not read.
#[test]
fn a_table_that_may_not_be_read_is_not_told_as_verified() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    cloud.snowflake.admin("revoke select on table SPOTIFY.RAW.SONGS from role SPOTIFY_LOADER");
    let (code, found) = verify(&cloud, &[]);
    assert_eq!(code, 6, "{found:#}");
    assert_eq!(states_of(&found, "songs"), ["accepted"], "{found:#}");
    assert_eq!(states_of(&found, "albums"), ["verified"], "{found:#}");
    let said = text(&cloud.run(&["verify"]));
    assert!(said.contains("(1 accepted, 7 verified)"), "{said}");
    let doctor = cloud.run(&["doctor"]);
    let said = text(&doctor);
    assert_eq!(doctor.status.code(), Some(6), "{said}");
    assert!(said.contains("grant select, insert on table SPOTIFY.RAW.SONGS to role"), "{said}");
    cloud.snowflake.admin("grant select on table SPOTIFY.RAW.SONGS to role SPOTIFY_LOADER");
    // What is proven anew is verified again.
    assert_eq!(states_of(&verify(&cloud, &[]).1, "songs"), ["verified"]);
    assert_eq!(cloud.run(&["doctor"]).status.code(), Some(0));
}

#[test]
fn a_verification_says_how_long_it_took_itself() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    let ledger = duckdb::Connection::open(cloud.world.path("data/snowtrack.duckdb")).unwrap();
    // The rows still say when they were sent, so they are told to be of another run.
    let aged = "update meta.runs set started_at = started_at - interval 5 day";
    ledger.execute_batch(aged).unwrap();
    drop(ledger);
    let said = text(&cloud.run(&["verify"]));
    let took = said.lines().next().unwrap().rsplit(" in ").next().unwrap();
    let seconds: f64 = took.trim_end_matches(" s").parse().unwrap_or_else(|_| panic!("{said}"));
    assert!(seconds < 600.0, "{said}");
}

#[test]
fn what_somebody_removed_is_named() {
    type Remove = fn(&Cloud, &Value) -> String;
    fn key_of(report: &Value, table: &str) -> String {
        let files = report["files"].as_array().unwrap();
        let file = files.iter().find(|file| file["table"] == table).unwrap();
        file["key"].as_str().unwrap().to_owned()
    }
    let cases: [(&str, &[i32], Remove); 5] = [
        ("table", &[6], |cloud, _| {
            cloud.snowflake.admin("drop table SPOTIFY.RAW.SONGS");
            "SPOTIFY.RAW.SONGS".to_owned()
        }),
        ("pipe", &[6], |cloud, _| {
            cloud.snowflake.admin("drop pipe SPOTIFY.RAW.SONGS_PARQUET_REST_V1");
            "SPOTIFY.RAW.SONGS_PARQUET_REST_V1".to_owned()
        }),
        ("file", &[0], |cloud, report| {
            let key = key_of(report, "songs");
            std::fs::remove_file(cloud.s3.bucket().join(&key)).unwrap();
            key
        }),
        ("prefix", &[0], |cloud, _| {
            std::fs::remove_dir_all(cloud.s3.bucket().join("spotify-data/raw/songs")).unwrap();
            "spotify-data/raw/songs/".to_owned()
        }),
        ("bucket's contents", &[0], |cloud, _| {
            std::fs::remove_dir_all(cloud.s3.bucket().join("spotify-data/raw")).unwrap();
            "spotify-data/raw/".to_owned()
        }),
    ];
    for (what, codes, remove) in cases {
        let cloud = Cloud::small("rest", "parquet");
        let (code, report) = cloud.report(&SMALL);
        assert_eq!(code, 0, "{what}: {report:#}");
        let name = remove(&cloud, &report);
        let output = cloud.run(&["verify"]);
        let said = text(&output);
        assert!(codes.contains(&output.status.code().unwrap()), "{what}: {said}");
        assert!(said.contains(&name), "{what}, `{name}`: {said}");
        let (_, found) = verify(&cloud, &[]);
        assert!(found.to_string().contains(&name), "{what}: {found:#}");
    }
}
