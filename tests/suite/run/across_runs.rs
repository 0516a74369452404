//! Promises that more than one run has to keep: what is refused, shipped again, or configured otherwise on the way.

use serde_json::{Value, json};

use crate::run::cloud_kills::killed;
use crate::snowflake::proof::assert_verified;
use crate::support::cloud::{self, Cloud, SMALL, text};
use crate::support::fake_s3::{Fault as S3Fault, Op};
use crate::support::fake_snowflake::{Fault, PipeState, When};

const SONGS_PIPE: &str = "SPOTIFY.RAW.SONGS_PARQUET_REST_V1";

fn pause(cloud: &Cloud) {
    cloud.snowflake.set_pipe_state(SONGS_PIPE, PipeState::new("PAUSED", None));
}

fn resume(cloud: &Cloud) {
    cloud.snowflake.set_pipe_state(SONGS_PIPE, PipeState::new("RUNNING", None));
}

fn full() -> Vec<&'static str> {
    [&SMALL[..], &["--full"]].concat()
}

/// What the ledger calls each run, oldest first.
fn statuses(cloud: &Cloud) -> Vec<(String, String)> {
    let output = cloud.run(&["--json", "status"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let runs = found.as_array().unwrap().iter().rev();
    let text = |run: &Value, name: &str| run[name].as_str().unwrap().to_owned();
    runs.map(|run| (text(run, "run_id"), text(run, "status"))).collect()
}

/// A small run with something else in its environment.
fn report_with(cloud: &Cloud, environment: &[(&str, &str)], arguments: &[&str]) -> (i32, Value) {
    let mut command = cloud.command(&[&["--json", "run"], arguments].concat());
    command.envs(environment.iter().copied());
    cloud::report(&mut command)
}

/// Sets the account up for something else as well; the exit code.
fn apply_with(cloud: &Cloud, name: &str, value: &str) -> Option<i32> {
    let mut command = cloud.command(&["snowflake", "apply", "--as-role", "ACCOUNTADMIN"]);
    command.env(name, value);
    let output = command.output().unwrap();
    cloud.snowflake.clear_log();
    output.status.code()
}

/// The gate refuses the repair, too, until a run has passed it.
#[test]
fn rows_that_the_gate_holds_are_not_to_be_repaired() {
    let cloud = Cloud::small("rest", "parquet");
    let differs = || text(&cloud.run(&["reconcile"]));
    assert_eq!(cloud.report(&SMALL).0, 0);
    let spoilt = crate::source::documents::playlist(|song| song["duration_ms"] = json!(-1));
    cloud.world.write("in/playlist.json", &spoilt.replace("\"s1\"", "\"s2\""));
    let (code, refused) = cloud.report(&SMALL);
    assert_eq!(code, 4, "{refused:#}");
    let (run, said) = (refused["run_id"].as_str().unwrap(), differs());
    let why = format!("`snowtrack status --run {run} --checks`");
    assert!(said.contains("the quality gate, which refused run") && said.contains(&why), "{said}");
    assert!(!said.contains("--repair"), "{said}");
    assert_eq!(cloud.run(&["reconcile", "--repair"]).status.code(), Some(4));
    // A row that is gone there is one to repair once a run has passed.
    cloud.world.write("in/playlist.json", &spoilt.replace("-1", "1").replace("\"s1\"", "\"s3\""));
    assert_eq!(cloud.report(&SMALL).0, 0);
    cloud.snowflake.admin("delete from SPOTIFY.RAW.SONGS");
    assert!(differs().contains("--repair` ships"), "{}", differs());
}

#[test]
fn a_run_that_the_gate_refused_never_becomes_verified() {
    let cloud = Cloud::small("rest", "parquet");
    let spoilt = crate::source::documents::playlist(|song| song["duration_ms"] = json!(-1));
    cloud.world.write("in/playlist.json", &spoilt);
    let (code, refused) = cloud.report(&SMALL);
    assert_eq!((code, &refused["status"]), (4, &json!("refused")), "{refused:#}");
    let run = refused["run_id"].as_str().unwrap();

    let verify = |arguments: &[&str], wanted: &str| {
        let output = cloud.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains(wanted), "{arguments:?}: {}", text(&output));
    };
    verify(&["verify"], "nothing was exported yet");
    verify(&["verify", "--run", run], "was refused by the quality gate");
    assert_eq!(cloud.snowflake.requests().len(), 0);

    // Accepted by a later run, its rows are that one's merit.
    let accepted = [&SMALL[..], &["--warn-only", "songs__duration_is_positive"]].concat();
    let (code, report) = cloud.report(&accepted);
    assert_eq!(code, 0, "{report:#}");
    assert_verified(&cloud, &report);
    for stage in ["verify", "upload", "ingest", "export", "check"] {
        verify(&[stage, "--run", run], "was refused by the quality gate");
    }
    let later = report["run_id"].as_str().unwrap();
    let wanted = [(run, "refused"), (later, "verified")];
    assert_eq!(statuses(&cloud), wanted.map(|(run, it)| (run.to_owned(), it.to_owned())));
}

#[test]
fn a_full_shipment_while_a_run_is_pending_takes_its_files_along_and_is_continued_by_its_own_command()
 {
    let cloud = Cloud::small("rest", "parquet");
    pause(&cloud);
    let (code, first) = cloud.report(&SMALL);
    assert_eq!(code, 8, "{first:#}");
    let (code, second) = cloud.report(&full());
    assert_eq!(code, 8, "{second:#}");
    assert_ne!(second["run_id"], first["run_id"]);
    // The songs of the first and all of the second.
    assert_eq!(second["files"].as_array().unwrap().len(), 9, "{second:#}");
    let (code, again) = cloud.report(&full());
    assert_eq!((code, &again["run_id"]), (8, &second["run_id"]), "{again:#}");
    assert_eq!(again["files"].as_array().unwrap().len(), 2, "both songs: {again:#}");
    resume(&cloud);
    let (code, done) = cloud.report(&full());
    assert_eq!((code, &done["run_id"]), (0, &second["run_id"]), "{done:#}");
    assert_eq!((cloud.landed("songs"), cloud.landed("albums")), (2, 2), "one of each run");
    assert!(statuses(&cloud).iter().all(|(_, status)| status == "verified"));
    // Nothing is left to continue: the same command looks for news again.
    let (code, third) = cloud.report(&SMALL);
    assert_eq!((code, &third["files"]), (0, &json!([])), "{third:#}");
    assert!(third["run_id"] != first["run_id"] && third["run_id"] != second["run_id"]);
}

#[test]
fn a_file_that_a_full_shipment_replaced_holds_no_later_run_up() {
    let cloud = Cloud::small("rest", "parquet");
    pause(&cloud);
    assert_eq!(cloud.report(&SMALL).0, 8);
    // Whoever makes the pipe anew loses what waits in it.
    cloud.snowflake.recreate_pipe(SONGS_PIPE);
    let mut command = cloud.command(&[&["--json", "run"], &full()[..]].concat());
    command.env("SNOWFLAKE_VERIFY_TIMEOUT_SECS", "0");
    let (code, second) = cloud::report(&mut command);
    assert_eq!(code, 0, "whether the old file is lost no longer matters: {second:#}");
    let (code, third) = cloud.report(&SMALL);
    assert_eq!((code, &third["files"]), (0, &json!([])), "{third:#}");
    assert_eq!(cloud.landed("songs"), 1);
    let statuses = statuses(&cloud);
    let statuses: Vec<&str> = statuses.iter().map(|(_, status)| status.as_str()).collect();
    assert_eq!(statuses, ["verified", "verified", "unchanged"]);
}

#[test]
fn a_full_shipment_that_is_killed_stays_one_whatever_continues_it() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    cloud.s3.clear_log();
    cloud.s3.script(Op::Head, 1, 1, S3Fault::Hang);
    killed(&cloud, &full(), cloud.s3.hung());
    let (code, report) = cloud.report(&SMALL);
    assert_eq!((code, report["files"].as_array().unwrap().len()), (0, 8), "{report:#}");
    assert_eq!(cloud.landed("songs"), 2);
}

/// Whatever shipment of fewer rows did not come to its end before: each table's rows go in a file that this very command makes.
#[test]
fn a_full_shipment_makes_new_files_of_every_row_whatever_was_left_open() {
    // What hangs as the run before is killed: before its upload, between two files, and when all of it is submitted.
    for (name, op, first) in [("not uploaded", Op::Head, 1), ("in part", Op::Put, 4)] {
        let cloud = Cloud::small("rest", "parquet");
        cloud.s3.script(op, first, 1, S3Fault::Hang);
        killed(&cloud, &SMALL, cloud.s3.hung());
        cloud.s3.clear_log();
        let open = statuses(&cloud)[0].0.clone();
        let (code, report) = cloud.report(&full());
        assert_eq!((code, &report["status"]), (0, &json!("verified")), "{name}: {report:#}");
        assert_ne!(report["run_id"], open.as_str(), "{name}");
        let files = report["files"].as_array().unwrap();
        let of = |run: &Value| files.iter().filter(|file| file["run_id"] == *run).count();
        assert_eq!((of(&report["run_id"]), of(&json!(open))), (8, 8), "{name}: {report:#}");
        assert_eq!(cloud.landed("songs"), 2, "{name}: what was open is finished, too");
        let notes = report["notes"].to_string();
        assert!(notes.contains(&open) && notes.contains("8 files"), "{name}: {notes}");
        assert!(statuses(&cloud).iter().all(|(_, status)| status == "verified"), "{name}");
    }
}

#[test]
fn a_repair_while_a_run_is_pending_loses_nothing_and_both_arrive() {
    let cloud = Cloud::small("rest", "parquet");
    pause(&cloud);
    let (code, first) = cloud.report(&SMALL);
    assert_eq!(code, 8, "{first:#}");
    cloud.snowflake.tamper("update SPOTIFY.RAW.ARTISTS set NAME = 'Somebody else'");
    let repaired = cloud.run(&["reconcile", "--repair"]);
    assert_eq!(repaired.status.code(), Some(8), "{}", text(&repaired));
    assert!(text(&repaired).contains("PAUSED"), "{}", text(&repaired));
    resume(&cloud);
    let (code, report) = cloud.report(&SMALL);
    assert_eq!((code, &report["run_id"]), (0, &first["run_id"]), "{report:#}");
    let same = cloud.run(&["reconcile"]);
    assert_eq!(same.status.code(), Some(0), "{}", text(&same));
    assert_eq!((cloud.landed("artists"), cloud.landed("songs")), (2, 2));
    assert!(statuses(&cloud).iter().all(|(_, status)| status == "verified"));
}

#[test]
fn files_go_their_way_in_the_format_they_were_exported_in() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(apply_with(&cloud, "LAKE_FORMAT", "csv"), Some(0));
    pause(&cloud);
    let (code, first) = cloud.report(&SMALL);
    assert_eq!(code, 8, "{first:#}");
    // Told already: only to be verified, and its own pipe says why it is not.
    let csv = [("LAKE_FORMAT", "csv")];
    let (code, again) = report_with(&cloud, &csv, &SMALL);
    assert_eq!((code, &again["run_id"]), (8, &first["run_id"]), "{again:#}");
    assert!(again["verification"]["reason"].as_str().unwrap().contains("PAUSED"), "{again:#}");
    // Both formats of one table on their way at once.
    let songs_csv = "SPOTIFY.RAW.SONGS_CSV_REST_V2";
    cloud.snowflake.set_pipe_state(songs_csv, PipeState::new("PAUSED", None));
    let (code, second) = report_with(&cloud, &csv, &full());
    assert_eq!(code, 8, "{second:#}");
    assert!(second["files"].to_string().contains(".csv.gz"), "{second:#}");
    resume(&cloud);
    let (code, third) = report_with(&cloud, &csv, &full());
    assert_eq!((code, &third["run_id"]), (8, &second["run_id"]), "one of two: {third:#}");
    cloud.snowflake.set_pipe_state(songs_csv, PipeState::new("RUNNING", None));
    let (code, done) = report_with(&cloud, &csv, &full());
    assert_eq!((code, &done["run_id"]), (0, &second["run_id"]), "{done:#}");
    assert_eq!((cloud.landed("songs"), cloud.landed("albums")), (2, 2));
    assert!(statuses(&cloud).iter().all(|(_, status)| status == "verified"));
}

#[test]
fn a_file_that_no_pipe_was_told_of_goes_to_the_pipe_of_its_own_format() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(apply_with(&cloud, "LAKE_FORMAT", "csv"), Some(0));
    assert_eq!(cloud.report(&[&SMALL[..], &["--no-ingest"]].concat()).0, 0);
    let mut ingest = cloud.command(&["ingest"]);
    ingest.env("LAKE_FORMAT", "csv");
    let output = ingest.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(cloud.snowflake.count("_PARQUET_REST_V1/insertFiles"), 8);
    let mut verify = cloud.command(&["--json", "verify"]);
    verify.env("LAKE_FORMAT", "csv");
    let (code, report) = cloud::report(&mut verify);
    assert_eq!(code, 0, "{report:#}");
    assert_verified(&cloud, &report);
}

#[test]
fn a_file_that_may_have_been_told_one_way_is_never_told_another() {
    for (mode, other) in [("rest", "copy"), ("copy", "rest"), ("auto", "copy"), ("auto", "rest")] {
        let cloud = Cloud::small(mode, "parquet");
        // Whoever sets up two ways at once is warned; here nothing but the ledger keeps a file from taking both.
        let _ = apply_with(&cloud, "SNOWFLAKE_INGEST", other);
        let bell = match mode {
            "rest" => {
                let told = When::Path("ALBUMS_PARQUET_REST_V1/insertFiles".to_owned());
                cloud.snowflake.script(told, 1, Fault::HangAfter);
                cloud.snowflake.hung()
            }
            "copy" => {
                let sent = When::Sql("copy into SPOTIFY.RAW.ALBUMS".to_owned());
                cloud.snowflake.script(sent, 1, Fault::HangAfter);
                cloud.snowflake.hung()
            }
            // The manifest: by now the bucket's events have told the pipes of every file.
            _ => {
                cloud.s3.script(Op::Put, 9, 1, S3Fault::Hang);
                cloud.s3.hung()
            }
        };
        killed(&cloud, &SMALL, bell);
        let (code, report) = report_with(&cloud, &[("SNOWFLAKE_INGEST", other)], &SMALL);
        assert_eq!(code, 0, "{mode}, then {other}: {report:#}");
        assert_verified(&cloud, &report);
    }
}
