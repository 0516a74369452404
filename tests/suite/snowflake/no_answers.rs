//! Answers of the SQL API that are none: what they leave open is not known, never wrong, and never right.

use serde_json::{Value, json};

use crate::snowflake::verdicts::{states_of, status, verify};
use crate::support::cloud::{Cloud, SMALL};
use crate::support::fake_snowflake::{Fault, When};

/// The columns of an answer about a landing table.
fn types() -> Vec<Value> {
    let columns = [
        "FILE_NAME",
        "ROW_COUNT",
        "DISTINCT_ROW_COUNT",
        "RIGHT_HASH_COUNT",
        "RIGHT_ORIGIN_COUNT",
        "ROW_HASH_SUM",
        "CONTENT_HASH_SUM",
    ];
    columns.iter().map(|name| json!({"name": name, "type": "text", "nullable": true})).collect()
}

/// What stands where a result should, with 200.
fn bodies() -> Vec<(&'static str, String)> {
    let types = types();
    let result = |data: Value| {
        let count = data.as_array().unwrap().len();
        json!({
            "code": "090001", "sqlState": "00000", "message": "Statement executed successfully.",
            "statementHandle": "01b2c3d4-0000-0000-0000-000000000001",
            "resultSetMetaData": {"numRows": count, "format": "jsonv2", "rowType": types,
                "partitionInfo": [{"rowCount": count, "uncompressedSize": 2}]},
            "data": data,
        })
    };
    let mut unlike = result(json!([]));
    unlike["code"] = json!("000604");
    vec![
        ("an empty object", "{}".to_owned()),
        ("an empty list", "[]".to_owned()),
        ("null", "null".to_owned()),
        ("an error's body", json!({"code": "000604", "message": "cancelled"}).to_string()),
        ("a message", json!({"message": "Bad gateway"}).to_string()),
        ("no rows where one is certain", result(json!([])).to_string()),
        ("a result with an error's code", unlike.to_string()),
        ("no metadata", json!({"code": "090001", "data": []}).to_string()),
        (
            "cells of nothing",
            result(json!([[null, null, null, null, null, null, null]])).to_string(),
        ),
        (
            "words for numbers",
            result(json!([["k", "many", "few", "some", "any", "all", "none"]])).to_string(),
        ),
    ]
}

fn answers(body: &str) -> Fault {
    Fault::Status { code: 200, body: body.to_owned(), headers: Vec::new() }
}

#[test]
fn an_answer_that_is_none_leaves_a_proven_file_proven_and_the_question_open() {
    let cloud = Cloud::small("rest", "parquet");
    let (code, report) = cloud.report(&SMALL);
    assert_eq!(code, 0, "{report:#}");
    for (name, body) in bodies() {
        let songs = When::Sql("from spotify.raw.songs\\n".to_owned());
        cloud.snowflake.script(songs, usize::MAX, answers(&body));
        let (code, found) = verify(&cloud, &[]);
        assert!(matches!(code, 6 | 8), "{name}: exit {code}: {found:#}");
        assert_eq!(found["verification"]["verdict"], "pending", "{name}: {found:#}");
        // Not said to be verified by this process, and not said to be anything worse; the ledger keeps the proof.
        assert_eq!(states_of(&found, "songs"), ["accepted"], "{name}: nothing new is known");
        assert_eq!(status(&cloud, &[])[0]["status"], "verified", "{name}");
        cloud.snowflake.drop_scripts();
        let (code, again) = verify(&cloud, &[]);
        assert_eq!((code, &again["status"]), (0, &json!("verified")), "{name}: {again:#}");
    }
}

#[test]
fn a_run_that_gets_no_answer_is_pending_and_the_same_command_goes_on() {
    let mut cloud = Cloud::small("rest", "parquet");
    for (name, body) in bodies() {
        cloud.empty();
        cloud.write_source();
        let every = When::Sql("with landed".to_owned());
        cloud.snowflake.script(every, usize::MAX, answers(&body));
        let (code, report) = cloud.report(&SMALL);
        assert!(matches!(code, 6 | 8), "{name}: exit {code}: {report:#}");
        assert_eq!(report["verification"]["verdict"], "pending", "{name}: {report:#}");
        cloud.snowflake.drop_scripts();
        let (code, again) = cloud.report(&SMALL);
        assert_eq!((code, &again["run_id"]), (0, &report["run_id"]), "{name}: {again:#}");
    }
}

#[test]
fn one_odd_answer_is_asked_again_and_does_no_harm() {
    let mut cloud = Cloud::small("rest", "parquet");
    for (name, body) in bodies() {
        cloud.empty();
        cloud.write_source();
        cloud.snowflake.script(When::Sql("with landed".to_owned()), 1, answers(&body));
        let (code, report) = cloud.report(&SMALL);
        assert_eq!((code, &report["status"]), (0, &json!("verified")), "{name}: {report:#}");
        assert_eq!(cloud.snowflake.unused_faults(), 0, "{name}");
    }
}

#[test]
fn a_mismatch_is_asked_for_twice_and_one_wrong_answer_alone_is_not_believed() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    // A well-formed result of no rows at all, once: what a replica that lags would say.
    let types = types();
    let empty = json!({
        "code": "090001", "sqlState": "00000", "message": "Statement executed successfully.",
        "statementHandle": "01b2c3d4-0000-0000-0000-000000000001",
        "resultSetMetaData": {"numRows": 1, "format": "jsonv2", "rowType": types,
            "partitionInfo": [{"rowCount": 1, "uncompressedSize": 2}]},
        "data": [[null, "0", "0", "0", "0", "0", "0"]],
    });
    let songs = || When::Sql("from spotify.raw.songs\\n".to_owned());
    cloud.snowflake.script(songs(), 1, answers(&empty.to_string()));
    let (code, found) = verify(&cloud, &[]);
    assert_eq!((code, states_of(&found, "songs")), (0, vec!["verified"]), "{found:#}");
    // Twice the same is believed.
    cloud.snowflake.script(songs(), 2, answers(&empty.to_string()));
    let (code, found) = verify(&cloud, &[]);
    assert_eq!((code, states_of(&found, "songs")), (7, vec!["mismatch"]), "{found:#}");
    // And where the second question gets no answer, nothing is known.
    assert_eq!(verify(&cloud, &[]).0, 0);
    cloud.snowflake.script(songs(), 1, answers(&empty.to_string()));
    cloud.snowflake.script(songs(), usize::MAX, answers("{}"));
    let mut command = cloud.command(&["--json", "verify"]);
    command.env("SNOWFLAKE_VERIFY_TIMEOUT_SECS", "0");
    let (code, found) = crate::support::cloud::report(&mut command);
    assert_eq!((code, states_of(&found, "songs")), (8, vec!["accepted"]), "{found:#}");
    cloud.snowflake.drop_scripts();
    let runs = status(&cloud, &[]);
    assert_eq!(runs[0]["status"], "verified", "{runs:#}");
}

#[test]
fn a_pipe_that_does_not_say_whether_it_took_the_files_took_none() {
    let mut cloud = Cloud::small("rest", "parquet");
    for body in ["{}", "[]", "null", r#"{"message":"Bad gateway"}"#] {
        cloud.empty();
        cloud.write_source();
        let handed_in = || When::Path("insertFiles".to_owned());
        cloud.snowflake.script(handed_in(), usize::MAX, answers(body));
        let (code, report) = cloud.report(&SMALL);
        assert_eq!(code, 6, "{body}: {report:#}");
        assert_eq!(report["verification"]["verdict"], "pending", "{body}: {report:#}");
        assert_eq!(cloud.landed("songs"), 0, "{body}");
        // Once is passed over, and the same run goes on.
        cloud.snowflake.drop_scripts();
        cloud.snowflake.script(handed_in(), 1, answers(body));
        let (code, again) = cloud.report(&SMALL);
        assert_eq!((code, &again["status"]), (0, &json!("verified")), "{body}: {again:#}");
        assert_eq!(again["run_id"], report["run_id"], "{body}");
        assert_eq!(cloud.landed("songs"), 1, "{body}");
    }
}
