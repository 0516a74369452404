//! Bad nights: what no two calls in a row show, because time passes, a privilege is missing, or somebody loses patience.

use std::time::Duration;

use serde_json::{Value, json};

use crate::run::cloud_kills::{killed, start, wait_until_it_hangs};
use crate::run::kills::signal;
use crate::snowflake::proof::assert_verified;
use crate::support::cloud::{Cloud, SMALL, text};
use crate::support::fake_snowflake::{Fault, LoadFault, PipeState, When};

const SONGS_PIPE: &str = "RAW.SONGS_PARQUET_REST_V1/insertFiles";

/// Lets ten days pass for the file that is being submitted.
fn age(cloud: &Cloud) {
    let state = cloud.world.path("data/snowtrack.duckdb");
    let connection = duckdb::Connection::open(state).unwrap();
    let sql = "update meta.files set told_at = told_at - interval 10 days, updated_at = updated_at - interval 10 days where state = 'submitting'";
    assert_eq!(connection.execute(sql, []).unwrap(), 1);
}

fn status(cloud: &Cloud, arguments: &[&str]) -> Value {
    let output = cloud.run(&[&["--json", "status"], arguments].concat());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn state_of<'a>(report: &'a Value, table: &str) -> &'a Value {
    let files = report["files"].as_array().unwrap();
    &files.iter().find(|file| file["table"] == table).unwrap()["state"]
}

#[test]
fn a_submission_whose_answer_never_came_is_not_repeated_when_no_pipe_would_know_it() {
    // What came of it: nothing, or the file was queued and only the answer was lost.
    for (fault, code, state) in [(Fault::Hang, 7, "failed"), (Fault::HangAfter, 0, "verified")] {
        let cloud = Cloud::small("rest", "parquet");
        cloud.snowflake.script(When::Path(SONGS_PIPE.to_owned()), 1, fault.clone());
        killed(&cloud, &SMALL, cloud.snowflake.hung());
        cloud.snowflake.load_now();
        age(&cloud);
        // A no to the second call takes back nothing that the first may have brought about, and begins no new time.
        let no = || Fault::Status { code: 403, body: "{}".to_owned(), headers: Vec::new() };
        cloud.snowflake.script(When::Path(SONGS_PIPE.to_owned()), 1, no());
        let (denied, report) = cloud.report(&SMALL);
        assert_eq!(denied, 6, "{report:#}");
        age(&cloud);
        cloud.snowflake.clear_log();
        let (second, report) = cloud.report(&SMALL);
        assert_eq!((second, state_of(&report, "songs")), (code, &json!(state)), "{report:#}");
        assert_eq!(cloud.snowflake.count(SONGS_PIPE), 0, "{fault:?}");
        assert_eq!(cloud.landed("songs"), u64::from(code == 0), "{fault:?}");
        if code == 7 {
            let reason = report["verification"]["reason"].as_str().unwrap();
            assert!(reason.contains("no pipe remembers it"), "{reason}");
            // The remedy that it names.
            let again = cloud.report(&[&SMALL[..], &["--full"]].concat());
            assert_eq!(cloud.report(&SMALL).0, 0, "{:#}", again.1);
        }
    }
}

#[test]
fn one_table_that_cannot_be_asked_about_hides_nothing_of_the_others() {
    for (fault, code, verdict) in
        [(None, 6, "pending"), (Some(LoadFault::CorruptValue), 7, "mismatch")]
    {
        let cloud = Cloud::small("rest", "parquet");
        let is_wrong = fault.is_some();
        if let Some(fault) = fault {
            cloud.snowflake.script_load("raw/songs/", 1, fault);
        }
        let refused = Fault::Failed {
            code: "003001".to_owned(),
            sql_state: "42501".to_owned(),
            message:
                "SQL access control error: Insufficient privileges to operate on table 'ALBUMS'"
                    .to_owned(),
        };
        let asked = When::Sql("from spotify.raw.albums\\n".to_owned());
        cloud.snowflake.script(asked, usize::MAX, refused);
        let output = cloud.command(&[&["--json", "run"], &SMALL[..]].concat()).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{report:#}\n{said}");
        assert_eq!(report["verification"]["verdict"], verdict, "{report:#}");
        assert!(said.contains("Insufficient privileges"), "{said}");
        assert_eq!(state_of(&report, "songs"), if is_wrong { "mismatch" } else { "verified" });
        assert_eq!(state_of(&report, "albums"), "accepted");
        assert_eq!(state_of(&report, "playlists"), "verified");
    }
}

#[test]
fn a_copy_that_is_interrupted_is_cancelled_in_snowflake_and_the_next_run_is_free_to_do_it_again() {
    let cloud = Cloud::small("copy", "parquet");
    let songs = When::Sql("copy into spotify.raw.songs\\n".to_owned());
    cloud.snowflake.script(songs, 1, Fault::Accepted { polls: 1_000 });
    cloud.snowflake.script(When::Handle, 1, Fault::Hang);
    let mut child = start(&cloud, &SMALL);
    wait_until_it_hangs(&mut child, cloud.snowflake.hung());
    signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let requests = cloud.snowflake.requests();
    assert!(requests.last().unwrap().path.ends_with("/cancel"), "{:?}", requests.last());
    let files = status(&cloud, &["--run", status(&cloud, &[])[0]["run_id"].as_str().unwrap()]);
    let of_songs = files.as_array().unwrap().iter().find(|file| file["table"] == "songs");
    assert_eq!(of_songs.unwrap()["state"], "uploaded", "taken back: {files:#}");
    let (code, report) = cloud.report(&SMALL);
    assert_eq!(code, 0, "{report:#}");
    assert_verified(&cloud, &report);
}

#[test]
fn what_failed_once_is_told_at_once_when_nobody_remembers_why() {
    let cloud = Cloud::small("rest", "parquet");
    cloud.snowflake.script_load(
        "raw/songs/",
        1,
        LoadFault::Fail("NULL result in a non-nullable column".to_owned()),
    );
    let (code, report) = cloud.report(&SMALL);
    assert_eq!(code, 7, "{report:#}");
    let reason = |report: &Value| {
        let reason = report["verification"]["reason"].as_str().unwrap();
        reason.split_once("verified; ").unwrap().1.to_owned()
    };
    let before = reason(&report);
    assert!(before.contains("NULL result"), "{before}");
    // Snowpipe reports for ten minutes, the copy history lists for 14 days.
    cloud.snowflake.advance_clock(Duration::from_secs(20 * 24 * 3600));
    let (code, report) = cloud.report(&SMALL);
    assert_eq!((code, reason(&report)), (7, before), "{report:#}");
}

#[test]
fn what_only_explains_may_fail_without_changing_what_is_known() {
    let refused = || Fault::Failed {
        code: "003001".to_owned(),
        sql_state: "42501".to_owned(),
        message: "SQL access control error: Insufficient privileges".to_owned(),
    };
    for place in ["copy_history", "system$pipe_status"] {
        // A file that failed, as the pipe's report says, and a run that needs no explanation.
        for (fault, code) in [(Some(LoadFault::Fail("NULL result".to_owned())), 7), (None, 0)] {
            let cloud = Cloud::small("rest", "parquet");
            if let Some(fault) = fault {
                cloud.snowflake.script_load("raw/songs/", 1, fault);
            }
            cloud.snowflake.script(When::Sql(place.to_owned()), usize::MAX, refused());
            let (found, report) = cloud.report(&SMALL);
            assert_eq!(found, code, "{place}: {report:#}");
            let reason = report["verification"]["reason"].as_str().unwrap();
            assert_eq!(reason.contains("NULL result"), code == 7, "{place}: {reason}");
        }
    }
}

#[test]
fn a_pipe_that_says_nothing_of_itself_keeps_no_file_from_being_verified() {
    let cloud = Cloud::small("auto", "parquet");
    let refused = Fault::Failed {
        code: "002003".to_owned(),
        sql_state: "02000".to_owned(),
        message: "Pipe does not exist or not authorized.".to_owned(),
    };
    cloud.snowflake.script(When::Sql("system$pipe_status".to_owned()), usize::MAX, refused);
    let (code, report) = cloud.report(&SMALL);
    assert_eq!(code, 0, "{report:#}");
    assert_verified(&cloud, &report);
}

#[test]
fn a_copy_that_failed_is_not_waited_for_by_the_run_that_finds_it() {
    let cloud = Cloud::small("copy", "parquet");
    cloud.snowflake.script_load("raw/songs/", 1, LoadFault::Fail("NULL result".to_owned()));
    cloud.snowflake.script(When::Sql("from spotify.raw.albums\\n".to_owned()), 1, Fault::Hang);
    killed(&cloud, &SMALL, cloud.snowflake.hung());
    cloud.snowflake.clear_log();
    let (code, report) = cloud.report(&SMALL);
    assert_eq!((code, state_of(&report, "songs")), (7, &json!("failed")), "{report:#}");
    assert!(report["verification"]["reason"].as_str().unwrap().contains("NULL result"));
    let statements = cloud.snowflake.statements().into_iter();
    let looks = statements.filter(|it| it.sql.contains("from SPOTIFY.RAW.SONGS\n")).count();
    assert_eq!(looks, 2, "once to see, once to be sure");
}

#[test]
fn a_pipe_that_took_nothing_is_told_again_whatever_else_is_wrong() {
    let cloud = Cloud::small("rest", "parquet");
    let pipe = "SPOTIFY.RAW.ALBUMS_PARQUET_REST_V1";
    cloud.snowflake.script_load("raw/songs/", 1, LoadFault::Fail("NULL result".to_owned()));
    cloud.snowflake.set_pipe_state(pipe, PipeState::new("STOPPED_MISSING_TABLE", None));
    let (code, report) = cloud.report(&SMALL);
    assert_eq!((code, cloud.landed("albums")), (7, 0), "{report:#}");
    cloud.snowflake.set_pipe_state(pipe, PipeState::new("RUNNING", None));
    let (code, report) = cloud.report(&SMALL);
    assert_eq!((code, cloud.landed("albums")), (7, 1), "{report:#}");
    assert_eq!(state_of(&report, "albums"), "verified");
}

#[test]
fn a_full_shipment_settles_what_was_wrong_also_when_a_later_run_sees_it_arrive() {
    let cloud = Cloud::small("rest", "parquet");
    let pipe = "SPOTIFY.RAW.SONGS_PARQUET_REST_V1";
    cloud.snowflake.script_load("raw/songs/", 1, LoadFault::Fail("NULL result".to_owned()));
    assert_eq!(cloud.report(&SMALL).0, 7);
    cloud.snowflake.set_pipe_state(pipe, PipeState::new("PAUSED", None));
    let full = cloud.report(&[&SMALL[..], &["--full"]].concat());
    let states = full.1["files"].as_array().unwrap().iter().filter(|it| it["table"] == "songs");
    let states: Vec<&str> = states.map(|it| it["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["failed", "accepted"], "{:#}", full.1);
    cloud.snowflake.set_pipe_state(pipe, PipeState::new("RUNNING", None));
    // Not that run's own command: it knows nothing of `--full`.
    let output = cloud.run(&["verify"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

#[test]
fn who_asks_while_a_run_is_at_work_sees_how_far_it_is() {
    let cloud = Cloud::small("rest", "parquet");
    // What another process of it ended with is over.
    let output = cloud.run(&[&["fetch"], &SMALL[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    cloud.snowflake.script(When::Path("insertFiles".to_owned()), 1, Fault::Hang);
    let mut child = start(&cloud, &SMALL);
    wait_until_it_hangs(&mut child, cloud.snowflake.hung());
    let runs = status(&cloud, &[]);
    assert_eq!((&runs[0]["state"], &runs[0]["stage"]), (&json!("running"), &json!("ingest")));
    assert_eq!((runs.as_array().unwrap().len(), &runs[0]["finished_at"]), (1, &Value::Null));
    let id = runs[0]["run_id"].as_str().unwrap();
    let files = status(&cloud, &["--run", id]);
    let states = files.as_array().unwrap().iter().map(|file| file["state"].as_str().unwrap());
    assert_eq!(states.collect::<Vec<_>>(), ["uploaded"; 8]);
    let shown = text(&cloud.run(&["status"]));
    assert!(shown.contains("in progress: ") && shown.contains(id), "{shown}");
    child.kill().unwrap();
    child.wait().unwrap();
    let files = status(&cloud, &["--run", id]);
    assert!(files.as_array().unwrap().iter().any(|file| file["state"] == "submitting"), "{files}");
    assert_eq!(status(&cloud, &[])[0]["state"], "stopped");
}
