//! Rules 20 to 22 and 24: pipes and their reports.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::rig::{PIPE, PREFIX, Reply, Rig, pipe_path, songs};
use snowtrack_doubles::snowflake::{Latency, LoadFault, PipeState};

const TABLE: &str = "SPOTIFY.RAW.SONGS";

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

fn paths(report: &Reply) -> Vec<String> {
    let files = report.body["files"].as_array().unwrap();
    files.iter().map(|file| file["path"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_file_is_queued_then_loaded_then_reported() {
    let rig = Rig::new();
    rig.put_parquet(&format!("{PREFIX}a.parquet"), &songs(3));
    let queued = rig.insert_files(&["a.parquet"]).await;
    assert_eq!((queued.status, &queued.body["responseCode"]), (200, &json!("SUCCESS")));
    let report = rig.report().await;
    assert_eq!((report.status, &report.body["completeResult"]), (200, &json!(true)));
    let file = &report.body["files"][0];
    assert_eq!(file["path"], "a.parquet");
    assert_eq!(file["stageLocation"], "s3://lake/spotify-data/raw/songs/");
    assert_eq!((&file["status"], &file["rowsInserted"]), (&json!("LOADED"), &json!(3)), "{file}");
    assert_eq!(rig.snowflake.row_count(TABLE), 3);
    // The second answer has the older word.
    assert_eq!(rig.insert_files(&["b.parquet"]).await.body["status"], "success");
    assert_eq!(rig.snowflake.counters().warehouse_statement_count, 0);
}

#[tokio::test]
async fn paths_are_relative_and_few_and_short() {
    let long = format!("{}.parquet", "a".repeat(1_024));
    let many: Vec<Value> = (0..5_001).map(|i| json!({"path": format!("{i}.parquet")})).collect();
    for (files, status, complaint) in [
        (json!([{"path": "/a.parquet"}]), 200, "is not relative"),
        (json!([{"path": "s3://lake/spotify-data/raw/songs/a.parquet"}]), 200, "is not relative"),
        (json!([{"path": "spotify-data/raw/songs/a.parquet"}]), 200, "is not relative"),
        (json!([{"path": long}]), 400, "a path of 1032 bytes"),
        (json!(many), 429, "5001 files"),
        (json!([{"path": "a.parquet", "size": "12"}]), 400, "`size` is \"12\""),
        (json!([{"path": "a.parquet", "rows": 12}]), 200, "unknown field `rows`"),
        (json!([{"path": ""}]), 400, "a path of 0 bytes"),
        (json!([{"size": 1}]), 500, "a file without a path"),
        (json!(null), 500, "without a list of files"),
    ] {
        let rig = Rig::new();
        let body = if files.is_null() { json!({}) } else { json!({"files": files}) };
        assert_eq!(
            rig.post(&pipe_path(PIPE, "insertFiles", ""), body).await.status,
            status,
            "{complaint}"
        );
        rig.complains_of(complaint);
    }
    let rig = Rig::new();
    let plain =
        rig.request(Method::POST, &pipe_path(PIPE, "insertFiles", "")).body("a.parquet\nb.parquet");
    assert_eq!(Reply::of(plain.header("content-type", "text/plain")).await.status, 200);
    assert_eq!(rig.snowflake.pending_count(PIPE), 2);
    let unknown = pipe_path(PIPE, "insertFiles", "&role=ACCOUNTADMIN");
    rig.post(&unknown, json!({"files": []})).await;
    rig.complains_of("unknown parameter `role`");
    let rig = Rig::new();
    let named = json!({"files": [{"path": "a.parquet"}], "role": "ACCOUNTADMIN"});
    assert_eq!(rig.post(&pipe_path(PIPE, "insertFiles", ""), named).await.status, 200);
    rig.complains_of("unknown field `role` in insertFiles");
    for (path, status, complaint) in [
        (format!("/v1/data/pipes/{PIPE}/insertReport?requestId=run-7"), 400, "`run-7` is no UUID"),
        (format!("/v1/data/pipes/{PIPE}/insertfiles"), 404, "no such endpoint"),
        ("/v1/data/pipes/".to_owned() + PIPE, 404, "no such endpoint"),
    ] {
        let rig = Rig::new();
        assert_eq!(rig.get(&path).await.status, status, "{path}");
        rig.complains_of(complaint);
    }
}

#[tokio::test]
async fn files_that_do_not_fit_the_pattern_and_files_it_knows_are_named() {
    let rig = Rig::new();
    let twice = pipe_path(PIPE, "insertFiles", "&showSkippedFiles=true");
    let body =
        json!({"files": [{"path": "a.parquet"}, {"path": "a.csv.gz"}, {"path": "a.parquet.tmp"}]});
    let first = rig.post(&twice, body.clone()).await;
    assert_eq!(first.body["unmatchedPatternFiles"], json!(["a.csv.gz", "a.parquet.tmp"]));
    assert!(first.body.get("skippedFiles").is_none());
    let again =
        rig.post(&pipe_path(PIPE, "insertFiles", "&showSkippedFiles=true"), body.clone()).await;
    assert_eq!(again.body["skippedFiles"], json!(["a.parquet"]));
    let silent = rig.post(&pipe_path(PIPE, "insertFiles", ""), body).await;
    assert!(silent.body.get("skippedFiles").is_none());
}

#[tokio::test]
async fn the_default_role_decides_what_is_missing_and_what_is_forbidden() {
    let rig = Rig::new();
    for (name, status) in [
        (PIPE, 200),
        ("spotify.raw.songs_parquet_rest_v1", 200),
        ("%22SPOTIFY%22.RAW.SONGS_PARQUET_REST_V1", 200),
        ("%22spotify%22.RAW.SONGS_PARQUET_REST_V1", 404),
        ("SPOTIFY.RAW.NOBODY", 404),
    ] {
        assert_eq!(rig.get(&pipe_path(name, "insertReport", "")).await.status, status, "{name}");
    }
    assert!(rig.snowflake.violations().is_empty());
    assert_eq!(rig.get(&pipe_path("SONGS_PARQUET_REST_V1", "insertReport", "")).await.status, 404);
    rig.complains_of("is not a whole pipe name");
    let setup = super::rig::SETUP;
    let granted = "grant operate, monitor on pipe";
    for (grants, insert, report) in [
        (setup.replace(granted, "grant monitor on pipe"), 403, 200),
        (setup.replace(granted, "grant operate on pipe"), 200, 403),
        (
            setup
                .replace("to role LOADER;", "to role PUBLIC;")
                .replace(granted, "grant monitor on pipe"),
            403,
            200,
        ),
        (setup.split(granted).next().unwrap().to_owned(), 404, 404),
    ] {
        let rig = Rig::empty(|config| config);
        rig.snowflake.admin(&grants);
        assert_eq!(rig.insert_files(&["a.parquet"]).await.status, insert);
        assert_eq!(rig.report().await.status, report);
    }
}

#[tokio::test]
async fn a_pipe_remembers_a_path_for_fourteen_days_whatever_became_of_it() {
    let rig = Rig::new();
    let offer = async || rig.insert_files(&["a.parquet"]).await;
    // The file is not there yet: it fails, and is remembered.
    offer().await;
    let report = rig.report().await;
    assert_eq!(report.body["files"][0]["status"], "LOAD_FAILED");
    assert!(report.body["files"][0]["systemError"].as_str().unwrap().contains("was not found"));
    rig.put_parquet(&format!("{PREFIX}a.parquet"), &songs(2));
    offer().await;
    assert_eq!(rig.snowflake.row_count(TABLE), 0);
    rig.snowflake.advance_clock(minutes(14 * 24 * 60) - Duration::from_secs(60));
    offer().await;
    assert_eq!(rig.snowflake.row_count(TABLE), 0);
    rig.snowflake.advance_clock(minutes(2));
    offer().await;
    assert_eq!(rig.snowflake.row_count(TABLE), 2);
    // A new pipe of the same name has forgotten everything; a truncated table changes nothing.
    rig.snowflake.truncate(TABLE);
    offer().await;
    assert_eq!(rig.snowflake.row_count(TABLE), 0);
    rig.snowflake.recreate_pipe(PIPE);
    offer().await;
    assert_eq!(rig.snowflake.row_count(TABLE), 2);
}

#[tokio::test]
async fn two_pipes_on_one_folder_load_each_file_twice() {
    let rig = Rig::new();
    let second =
        super::rig::SETUP.split("create pipe").nth(1).unwrap().split("on_error").next().unwrap();
    let second =
        second.replace("REST_V1", "AUTO_V1").replace("auto_ingest = false", "auto_ingest = true");
    rig.snowflake.admin(&format!("create pipe{second}"));
    rig.put_parquet(&format!("{PREFIX}a.parquet"), &songs(2));
    rig.insert_files(&["a.parquet"]).await;
    assert_eq!(rig.snowflake.row_count(TABLE), 4);
    // What an event brought is in no report.
    assert_eq!(paths(&rig.report().await), ["a.parquet"]);
    assert_eq!(
        rig.get(&pipe_path("SPOTIFY.RAW.SONGS_PARQUET_AUTO_V1", "insertReport", "")).await.status,
        404
    );
    rig.snowflake.let_events_arrive(false);
    rig.put_parquet(&format!("{PREFIX}b.parquet"), &songs(2));
    assert_eq!(rig.snowflake.row_count(TABLE), 4);
}

#[tokio::test]
async fn a_report_reaches_back_ten_minutes_and_a_mark_is_a_hint() {
    let rig = Rig::new();
    for name in ["a", "b"] {
        rig.put_parquet(&format!("{PREFIX}{name}.parquet"), &songs(1));
    }
    rig.insert_files(&["a.parquet"]).await;
    let first = rig.report().await;
    rig.insert_files(&["b.parquet"]).await;
    let mark = first.body["nextBeginMark"].as_str().unwrap().to_owned();
    let since = rig.get(&pipe_path(PIPE, "insertReport", &format!("&beginMark={mark}"))).await;
    // The event before the mark comes again.
    assert_eq!(paths(&since), ["a.parquet", "b.parquet"]);
    let mark = since.body["nextBeginMark"].as_str().unwrap().to_owned();
    let rest = rig.get(&pipe_path(PIPE, "insertReport", &format!("&beginMark={mark}"))).await;
    assert_eq!(paths(&rest), ["b.parquet"]);
    rig.snowflake.advance_clock(minutes(5));
    let recent = rig.get(&pipe_path(PIPE, "insertReport", "&recentSeconds=60")).await;
    assert!(paths(&recent).is_empty());
    assert_eq!(paths(&rig.report().await).len(), 2);
    rig.snowflake.advance_clock(minutes(5));
    assert!(paths(&rig.report().await).is_empty());
    rig.snowflake.let_report_be_incomplete();
    assert_eq!(rig.report().await.body["completeResult"], false);
    assert_eq!(rig.report().await.body["completeResult"], true);
}

#[tokio::test]
async fn reports_can_be_late_twice_or_silent() {
    let rig = Rig::new();
    for name in ["late", "twice", "silent"] {
        rig.put_parquet(&format!("{PREFIX}{name}.parquet"), &songs(1));
    }
    rig.snowflake.script_load("late", 1, LoadFault::LateReport(minutes(3)));
    rig.snowflake.script_load("twice", 1, LoadFault::ReportTwice);
    rig.snowflake.script_load("silent", 1, LoadFault::Unreported);
    rig.insert_files(&["late.parquet", "twice.parquet", "silent.parquet"]).await;
    assert_eq!(paths(&rig.report().await), ["twice.parquet", "twice.parquet"]);
    rig.snowflake.advance_clock(minutes(3));
    assert_eq!(paths(&rig.report().await), ["late.parquet", "twice.parquet", "twice.parquet"]);
    assert_eq!(rig.snowflake.row_count(TABLE), 3);
    assert_eq!(rig.snowflake.unused_faults(), 0);
}

#[tokio::test]
async fn a_scan_needs_a_start_says_complete_as_text_and_must_not_come_often() {
    let rig = Rig::new();
    rig.put_parquet(&format!("{PREFIX}a.parquet"), &songs(1));
    rig.insert_files(&["a.parquet"]).await;
    rig.snowflake.advance_clock(minutes(60));
    // The double's clock is so many minutes ahead of this machine's.
    let scan = |range: i64, ahead: i64| {
        let start = super::rig::now() + chrono::TimeDelta::minutes(ahead - range);
        let start = start.format("%Y-%m-%dT%H:%M:%S.000Z");
        pipe_path(PIPE, "loadHistoryScan", &format!("&startTimeInclusive={start}"))
    };
    let day = rig.get(&scan(24 * 60, 60)).await;
    assert_eq!((day.status, &day.body["completeResult"]), (200, &json!("true")));
    assert_eq!(paths(&day), ["a.parquet"]);
    assert_eq!(rig.get(&scan(24 * 60, 60)).await.status, 429);
    rig.snowflake.advance_clock(minutes(145));
    assert_eq!(rig.get(&scan(10, 205)).await.status, 200);
    rig.snowflake.advance_clock(minutes(8));
    assert_eq!(rig.get(&scan(10, 213)).await.status, 200);
    assert!(rig.snowflake.violations().is_empty());
    assert_eq!(rig.get(&pipe_path(PIPE, "loadHistoryScan", "")).await.status, 400);
    rig.complains_of("without a readable startTimeInclusive");
}

async fn status(rig: &Rig) -> Value {
    let reply = rig.sql(&format!("select system$pipe_status('{PIPE}')")).await;
    serde_json::from_str(reply.cell().as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_status_says_only_what_applies() {
    let rig = Rig::new();
    let idle = status(&rig).await;
    assert_eq!(idle, json!({"executionState": "RUNNING", "pendingFileCount": 0}));
    rig.snowflake.let_loads_take(Latency::Never);
    rig.insert_files(&["a.parquet", "b.parquet"]).await;
    let busy = status(&rig).await;
    assert_eq!(
        (&busy["pendingFileCount"], &busy["oldestPendingFilePath"]),
        (&json!(2), &json!("a.parquet"))
    );
    assert!(busy["oldestFileTimestamp"].is_string());
    rig.snowflake.let_loads_take(Latency::After(minutes(1)));
    rig.snowflake.advance_clock(minutes(1));
    let done = status(&rig).await;
    assert_eq!(
        (&done["pendingFileCount"], &done["lastIngestedFilePath"]),
        (&json!(0), &json!("b.parquet"))
    );
    assert_eq!(rig.snowflake.counters().warehouse_statement_count, 3);
    rig.snowflake.let_pipe_status_need_a_warehouse(false);
    status(&rig).await;
    assert_eq!(rig.snowflake.counters().warehouse_statement_count, 3);
    let missing = rig.sql("select system$pipe_status('SPOTIFY.RAW.NOBODY')").await;
    assert_eq!(missing.code(), "002003");
}

#[tokio::test]
async fn a_pipe_notices_what_is_taken_away_beneath_it() {
    for (statement, state) in [
        ("drop table SPOTIFY.RAW.SONGS", "STOPPED_MISSING_TABLE"),
        ("drop stage SPOTIFY.RAW.SPOTIFY_S3_STAGE", "STOPPED_STAGE_DROPPED"),
        ("drop file format SPOTIFY.RAW.PARQUET_V1", "STOPPED_FILE_FORMAT_DROPPED"),
        (
            "alter stage SPOTIFY.RAW.SPOTIFY_S3_STAGE set url = 's3://lake/other/'",
            "STOPPED_STAGE_ALTERED",
        ),
        ("alter pipe SPOTIFY.RAW.SONGS_PARQUET_REST_V1 set pipe_execution_paused = true", "PAUSED"),
    ] {
        let rig = Rig::new();
        rig.snowflake.admin(statement);
        assert_eq!(status(&rig).await["executionState"], state);
    }
    // With the table it goes on by itself.
    let rig = Rig::new();
    rig.snowflake.admin("drop table SPOTIFY.RAW.SONGS");
    rig.snowflake.admin("create table if not exists SPOTIFY.RAW.SONGS (id varchar)");
    assert_eq!(status(&rig).await["executionState"], "RUNNING");
    let rig = Rig::new();
    rig.snowflake.admin(&format!("revoke operate on pipe {PIPE} from role LOADER"));
    assert_eq!(rig.insert_files(&["a.parquet"]).await.status, 403);
    rig.snowflake.admin(&format!("drop pipe {PIPE}"));
    assert_eq!(rig.insert_files(&["a.parquet"]).await.status, 404);
    for (statement, complaint) in [
        ("drop table SPOTIFY.RAW.SONGS", "DROP loses"),
        ("revoke select on table SPOTIFY.RAW.SONGS from role LOADER", "REVOKE takes away"),
    ] {
        let rig = Rig::new();
        rig.submit(json!({"statement": statement, "role": "ACCOUNTADMIN"})).await;
        rig.complains_of(complaint);
    }
}

#[tokio::test]
async fn a_status_can_say_anything() {
    let rig = Rig::new();
    let fields =
        json!({"executionState": null, "fault": "lost", "pendingHistoryRefreshJobsCount": 3});
    rig.snowflake.let_pipe_status_say(PIPE, fields);
    let said = json!({"fault": "lost", "pendingFileCount": 0, "pendingHistoryRefreshJobsCount": 3});
    assert_eq!(status(&rig).await, said);
}

#[tokio::test]
async fn a_report_holds_ten_thousand_events_and_says_when_it_held_more() {
    let rig = Rig::new();
    // None of them exists, which is an event as well.
    for from in [0, 5_000, 10_000] {
        let many =
            (from..(from + 5_000).min(10_001)).map(|i| json!({"path": format!("{i}.parquet")}));
        let body = json!({"files": many.collect::<Vec<_>>()});
        assert_eq!(rig.post(&pipe_path(PIPE, "insertFiles", ""), body).await.status, 200);
    }
    let report = rig.report().await;
    assert_eq!((paths(&report).len(), &report.body["completeResult"]), (10_000, &json!(false)));
    assert_eq!(paths(&report)[0], "1.parquet");
    let start =
        (super::rig::now() - chrono::TimeDelta::minutes(5)).format("%Y-%m-%dT%H:%M:%S.000Z");
    let scan = pipe_path(PIPE, "loadHistoryScan", &format!("&startTimeInclusive={start}"));
    let scan = rig.get(&scan).await;
    assert_eq!((paths(&scan).len(), &scan.body["completeResult"]), (10_000, &json!("false")));
    assert_eq!(paths(&scan)[0], "0.parquet");
    assert!(scan.body["rangeEndTime"].as_str() < scan.body["endTimeExclusive"].as_str());
}

#[tokio::test]
async fn a_pipe_that_is_not_running_loads_nothing_and_says_why() {
    for (state, error, is_queued) in [
        ("PAUSED", None, true),
        ("STALLED_EXECUTION_ERROR", Some("disk full"), true),
        ("STALLED_STAGE_PERMISSION_ERROR", Some("access denied"), true),
        ("STOPPED_MISSING_TABLE", None, false),
        ("STOPPED_STAGE_DROPPED", None, false),
        ("READ_ONLY", None, false),
        ("A_STATE_OF_TOMORROW", Some("?"), false),
    ] {
        let rig = Rig::new();
        rig.put_parquet(&format!("{PREFIX}a.parquet"), &songs(2));
        rig.snowflake.set_pipe_state(PIPE, PipeState::new(state, error));
        assert_eq!(rig.insert_files(&["a.parquet"]).await.status, 200);
        let told = status(&rig).await;
        assert_eq!(told["executionState"], state);
        assert_eq!(told.get("error").and_then(Value::as_str), error);
        assert_eq!(rig.snowflake.row_count(TABLE), 0);
        rig.snowflake.set_pipe_state(PIPE, PipeState::new("RUNNING", None));
        assert_eq!(rig.snowflake.row_count(TABLE), if is_queued { 2 } else { 0 }, "{state}");
    }
    let rig = Rig::new();
    rig.snowflake.set_pipe_state(PIPE, PipeState::new("STOPPED_CLONED", None));
    assert_eq!(rig.insert_files(&["a.parquet"]).await.status, 400);
    // Asking makes Snowflake look at the stage again.
    rig.snowflake.set_pipe_state(PIPE, PipeState::new("STALLED_STAGE_PERMISSION_ERROR", None));
    status(&rig).await;
    assert_eq!(status(&rig).await["executionState"], "RUNNING");
}
