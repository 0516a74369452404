//! What a verification leaves alone: the report of the run that it is about, and that this run is over.

use serde_json::{Value, json};

use crate::snowflake::verdicts::{error_of, id_of, verify};
use crate::source::documents::playlist;
use crate::support::cloud::{Cloud, SMALL, text};
use crate::support::fake_snowflake::PipeState;

const PIPE: &str = "SPOTIFY.RAW.SONGS_PARQUET_REST_V1";

/// What the ledger says of a run.
#[derive(Debug, PartialEq)]
struct Entry {
    status: String,
    report: Option<Value>,
    finished_at: Option<String>,
}

fn ledger(cloud: &Cloud) -> duckdb::Connection {
    duckdb::Connection::open(cloud.world.path("data/snowtrack.duckdb")).unwrap()
}

fn entry(cloud: &Cloud, run: &str) -> Entry {
    let sql =
        "select status, report::varchar, finished_at::varchar from meta.runs where run_id = ?";
    let of_row = |row: &duckdb::Row<'_>| {
        let report: Option<String> = row.get(1)?;
        Ok(Entry {
            status: row.get(0)?,
            report: report.map(|text| serde_json::from_str(&text).unwrap()),
            finished_at: row.get(2)?,
        })
    };
    ledger(cloud).query_row(sql, [run], of_row).unwrap()
}

/// Another name for the song, so that a run that reads has something to ship.
fn rename_the_song(cloud: &Cloud) {
    let renamed = playlist(|song| song["name"] = json!("High Tide"));
    let renamed = renamed.replace("\"snapshot_id\":\"s1\"", "\"snapshot_id\":\"s2\"");
    cloud.world.write("in/playlist.json", &renamed);
}

#[test]
fn a_verification_that_could_not_ask_opens_no_run_that_is_over() {
    let cloud = Cloud::small("rest", "parquet");
    let (code, uploaded) = cloud.report(&["--from-dir", "in", "--no-ingest"]);
    assert_eq!((code, &uploaded["status"]), (0, &json!("uploaded")), "{uploaded:#}");
    let run = id_of(&uploaded).to_owned();
    let before = entry(&cloud, &run);
    assert_eq!(before.report.as_ref(), Some(&uploaded));
    // Snowflake was told of nothing, so there is nothing to compare.
    for arguments in [&["verify"][..], &["verify", "--run", &run], &["verify", "--all"]] {
        let ended = cloud.run(arguments);
        assert_eq!(ended.status.code(), Some(8), "{}", text(&ended));
        assert_eq!(entry(&cloud, &run), before, "{arguments:?}: {}", text(&ended));
    }
    rename_the_song(&cloud);
    let (code, next) = cloud.report(&SMALL);
    assert_eq!((code, &next["status"]), (0, &json!("verified")), "{next:#}");
    assert_ne!(id_of(&next), run, "the next run reads anew");
    assert_eq!(next["tables"].as_array().unwrap().len(), 8);
    assert_eq!(cloud.landed("songs"), 2, "{next:#}");
}

#[test]
fn a_verification_leaves_the_report_of_what_it_verifies_as_it_was() {
    let cloud = Cloud::small("rest", "parquet");
    let (code, first) = cloud.report(&SMALL);
    assert_eq!(code, 0, "{first:#}");
    let before = entry(&cloud, id_of(&first));
    assert_eq!((before.status.as_str(), before.report.as_ref()), ("verified", Some(&first)));
    assert_eq!(verify(&cloud, &[]).0, 0);
    assert_eq!(entry(&cloud, id_of(&first)), before);
    // What is found to be wrong is a state of its own, and the report still says what was done then.
    cloud.snowflake.tamper("delete from SPOTIFY.RAW.SONGS");
    for arguments in [&[][..], &["--run", id_of(&first)], &["--all"]] {
        assert_eq!(verify(&cloud, arguments).0, 7);
        let after = entry(&cloud, id_of(&first));
        assert_eq!(after.status, "failed");
        assert_eq!((&after.report, &after.finished_at), (&before.report, &before.finished_at));
    }
}

#[test]
fn a_verification_that_proves_an_open_run_ends_it_and_keeps_its_report() {
    let cloud = Cloud::small("rest", "parquet");
    cloud.snowflake.set_pipe_state(PIPE, PipeState::new("PAUSED", None));
    let (code, waiting) = cloud.report(&SMALL);
    assert_eq!((code, &waiting["status"]), (8, &json!("pending")), "{waiting:#}");
    let run = id_of(&waiting).to_owned();
    let before = entry(&cloud, &run);
    assert_eq!(before.status, "running");
    // It is still open while nothing is known.
    assert_eq!(verify(&cloud, &["--run", &run]).0, 8);
    assert_eq!(entry(&cloud, &run), before);
    cloud.snowflake.set_pipe_state(PIPE, PipeState::new("RUNNING", None));
    let (code, proven) = verify(&cloud, &["--run", &run]);
    assert_eq!(code, 0, "{proven:#}");
    assert_eq!(entry(&cloud, &run), Entry { status: "verified".to_owned(), ..before });
    rename_the_song(&cloud);
    let (code, next) = cloud.report(&SMALL);
    assert_eq!((code, id_of(&next) == run), (0, false), "{next:#}");
}

#[test]
fn a_killed_run_that_a_verification_proves_has_an_end_and_a_report() {
    let cloud = Cloud::small("rest", "parquet");
    let (_, first) = cloud.report(&SMALL);
    let kill = "update meta.runs set status = 'running', report = null, finished_at = null";
    ledger(&cloud).execute_batch(kill).unwrap();
    let (code, proven) = verify(&cloud, &[]);
    assert_eq!(code, 0, "{proven:#}");
    let after = entry(&cloud, id_of(&first));
    assert_eq!((after.status.as_str(), after.report), ("verified", Some(proven)));
    assert!(after.finished_at.is_some());
}

#[test]
fn a_pipe_that_stands_is_named_in_what_is_said_and_in_what_to_do() {
    let states = [
        (
            "PAUSED",
            8,
            "alter pipe SPOTIFY.RAW.SONGS_PARQUET_REST_V1 set pipe_execution_paused = false",
        ),
        ("STOPPED_STAGE_DROPPED", 6, "its stage is gone"),
        ("STALLED_COMPILATION_ERROR", 6, "its COPY statement no longer compiles"),
    ];
    for (state, exit_code, next_step) in states {
        let cloud = Cloud::small("rest", "parquet");
        cloud.snowflake.set_pipe_state(PIPE, PipeState::new(state, None));
        let (code, stands) = cloud.report(&SMALL);
        assert_eq!(code, exit_code, "{stands:#}");
        let error = error_of(&stands);
        let reason = format!("its pipe `{PIPE}` is {state}");
        assert!(error.contains(&reason), "no {reason:?} in {error}");
        let what_to_do = error.rsplit(&format!("; pipe `{PIPE}`: ")).next().unwrap();
        assert!(what_to_do.contains(next_step) && !what_to_do.contains("its pipe"), "{error}");
    }
}

#[test]
fn status_says_when_what_is_wrong_now_was_right() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    ledger(&cloud)
        .execute_batch("update meta.files set verified_at = '2026-01-05 06:00:00'")
        .unwrap();
    cloud.snowflake.tamper("delete from SPOTIFY.RAW.SONGS");
    // The others are found right once more, now.
    assert_eq!(verify(&cloud, &[]).0, 7);
    let output = cloud.run(&["status"]);
    let said = text(&output);
    assert!(said.contains("verified 2026-01-05 06:00:00 UTC, and now 1 file"), "{said}");
}
