//! Answers of Snowflake's that lie: each says that rows are there which are not, in a form that is well made but for one thing.

use serde_json::{Value, json};

use crate::snowflake::false_verified::assert_not_verified;
use crate::snowflake::verdicts::{rename_the_song, verify};
use crate::support::cloud::{self, Cloud, SMALL};
use crate::support::fake_snowflake::{Fault, LoadFault, PipeState, When};

const PIPE: &str = "SPOTIFY.RAW.SONGS_PARQUET_REST_V1";
const HANDLE: &str = "01b2c3d4-0000-0000-0000-000000000001";

fn answers(body: &Value) -> Fault {
    Fault::Status { code: 200, body: body.to_string(), headers: Vec::new() }
}

/// A result of these columns and rows, all text.
fn result(columns: &[&str], rows: &Value) -> Value {
    let types: Vec<Value> = columns
        .iter()
        .map(|name| json!({"name": name, "type": "text", "nullable": true}))
        .collect();
    let count = rows.as_array().unwrap().len();
    json!({
        "code": "090001", "sqlState": "00000", "message": "Statement executed successfully.",
        "statementHandle": HANDLE,
        "resultSetMetaData": {"numRows": count, "format": "jsonv2", "rowType": types,
            "partitionInfo": [{"rowCount": count, "uncompressedSize": 200}]},
        "data": rows,
    })
}

const LANDED: [&str; 7] = [
    "FILE_NAME",
    "ROW_COUNT",
    "DISTINCT_ROW_COUNT",
    "RIGHT_HASH_COUNT",
    "RIGHT_ORIGIN_COUNT",
    "ROW_HASH_SUM",
    "CONTENT_HASH_SUM",
];

/// A table's file, by its key and the sum of its hashes.
fn file_of(report: &Value, table: &str) -> (String, String) {
    let files = report["files"].as_array().unwrap();
    let file = files.iter().find(|file| file["table"] == table).unwrap();
    let text = |name: &str| file[name].as_str().unwrap().to_owned();
    (text("key"), text("row_hash_sum"))
}

/// A file of one row, and the row about all files.
fn landed(key: &str, sum: &str) -> Value {
    json!([[key, "1", "1", "1", "1", sum, sum], [null, "1", "1", "1", "1", sum, sum]])
}

fn songs() -> When {
    When::Sql("from spotify.raw.songs\\n".to_owned())
}

#[test]
fn a_result_that_is_not_the_one_that_was_asked_for_proves_nothing() {
    let cloud = Cloud::small("rest", "parquet");
    let (_, earlier) = cloud.report(&SMALL);
    rename_the_song(&cloud, "High Tide");
    let (code, report) = cloud.report(&SMALL);
    assert_eq!(code, 0, "{report:#}");
    let ((key, sum), (old_key, old_sum)) = (file_of(&report, "songs"), file_of(&earlier, "songs"));
    let album = file_of(&earlier, "albums");
    let right = || result(&LANDED, &landed(&key, &sum));
    // The form is right: said of rows that are there, it is believed.
    cloud.snowflake.script(songs(), 1, answers(&right()));
    assert_eq!((verify(&cloud, &[]).0, cloud.snowflake.unused_faults()), (0, 0));
    cloud.snowflake.tamper("delete from SPOTIFY.RAW.SONGS");
    let with = |change: fn(&mut Value)| {
        let mut body = right();
        change(&mut body);
        body
    };
    let others_columns = ["ROW_COUNT", "FILE_NAME", "STATUS", "ROW_PARSED", "A", "B", "C"];
    let mut turned = LANDED;
    turned.rotate_left(1);
    let lies = [
        ("an album's file", result(&LANDED, &landed(&album.0, &album.1))),
        ("an earlier run's file", result(&LANDED, &landed(&old_key, &old_sum))),
        ("another's hashes", result(&LANDED, &landed(&key, &old_sum))),
        ("other columns", result(&others_columns, &landed(&key, &sum))),
        ("names and cells in another order", result(&turned, &landed(&key, &sum))),
        ("no row about all files", with(|it| drop(it["data"].as_array_mut().unwrap().pop()))),
        ("a row about all that knows of none", with(|it| it["data"][1][1] = json!("0"))),
        ("one row of two promised", with(|it| it["resultSetMetaData"]["numRows"] = json!(3))),
        (
            "a part that is short",
            with(|it| it["resultSetMetaData"]["partitionInfo"][0]["rowCount"] = json!(3)),
        ),
        (
            "the file twice",
            result(
                &LANDED,
                &json!([
                    [key, "1", "1", "1", "1", sum, sum],
                    [key, "0", "0", "0", "0", "0", "0"],
                    [null, "1", "1", "1", "1", sum, sum]
                ]),
            ),
        ),
        ("a row more", with(|it| it["data"][0][1] = json!("2"))),
        ("no different row", with(|it| it["data"][0][2] = json!("0"))),
        ("a hash beside another row", with(|it| it["data"][0][3] = json!("0"))),
        ("a row of another time", with(|it| it["data"][0][4] = json!("0"))),
        ("hashes that are none", with(|it| it["data"][0][5] = json!("NaN"))),
        ("contents that are not known", with(|it| it["data"][0][6] = Value::Null)),
        ("an error's code", with(|it| it["code"] = json!("000630"))),
        ("a result that was cut off", with(|it| it["code"] = json!("391908"))),
    ];
    for (name, lie) in lies {
        cloud.snowflake.script(songs(), usize::MAX, answers(&lie));
        assert_not_verified(name, &[6, 7, 8], &verify(&cloud, &[]));
        cloud.snowflake.drop_scripts();
    }
}

#[test]
fn a_result_in_parts_or_of_another_statement_proves_nothing() {
    let cloud = Cloud::small("rest", "parquet");
    let (code, report) = cloud.report(&SMALL);
    assert_eq!(code, 0, "{report:#}");
    let (key, sum) = file_of(&report, "songs");
    cloud.snowflake.tamper("delete from SPOTIFY.RAW.SONGS");
    let right = result(&LANDED, &landed(&key, &sum));
    let mut in_parts = right.clone();
    in_parts["data"] = json!([right["data"][0]]);
    in_parts["resultSetMetaData"]["partitionInfo"] =
        json!([{"rowCount": 1, "uncompressedSize": 100}, {"rowCount": 1, "uncompressedSize": 100}]);
    let part = |rows: Value| answers(&json!({ "data": rows }));
    let another = |rows: &Value| {
        let mut body = result(&LANDED, rows);
        body["statementHandle"] = json!("01b2c3d4-0000-0000-0000-00000000ffff");
        answers(&body)
    };
    let later = || Fault::Accepted { polls: 1 };
    let cases = [
        ("the first part again", answers(&in_parts), part(json!([right["data"][0]]))),
        ("an empty part", answers(&in_parts), part(json!([]))),
        ("more than the part", answers(&in_parts), part(right["data"].clone())),
        ("the other statement's rows", later(), another(&landed(&key, &sum))),
        ("the other statement's nothing", later(), another(&json!([]))),
    ];
    for (name, first, then) in cases {
        cloud.snowflake.script(songs(), usize::MAX, first);
        cloud.snowflake.script(When::Handle, usize::MAX, then);
        assert_not_verified(name, &[6, 7, 8], &verify(&cloud, &[]));
        cloud.snowflake.drop_scripts();
    }
}

#[test]
fn what_pipes_and_histories_claim_vouches_for_no_row() {
    let history = [
        "STAGE_LOCATION",
        "FILE_NAME",
        "STATUS",
        "ROW_COUNT",
        "ROW_PARSED",
        "ERROR_COUNT",
        "FIRST_ERROR_MESSAGE",
        "FIRST_ERROR_LINE_NUMBER",
        "FIRST_ERROR_COLUMN_NAME",
        "PIPE_NAME",
        "LOADED_AT",
    ];
    let (cloud, mut claims) = (Cloud::small("rest", "parquet"), Vec::new());
    cloud.snowflake.set_pipe_state(PIPE, PipeState::new("PAUSED", None));
    let (code, report) = cloud.report(&SMALL);
    assert_eq!(code, 8, "{report:#}");
    let (key, _) = file_of(&report, "songs");
    let path = key.split_once("raw/songs/").unwrap().1;
    for (status, reported, count) in [
        ("Loaded", "LOADED", 1),
        ("Loaded", "LOADED", 0),
        ("Loaded", "LOADED", 2),
        ("Partially loaded", "PARTIALLY_LOADED", 1),
        ("Load in progress", "LOAD_IN_PROGRESS", 1),
        ("Verified", "VERIFIED", 1),
    ] {
        let at = "2026-01-05T06:07:08.123+00:00";
        let listed = json!([
            "s3://lake/spotify-data/raw/songs/",
            path,
            status,
            count.to_string(),
            count.to_string(),
            "0",
            null,
            null,
            null,
            PIPE,
            at
        ]);
        let file = json!({"path": path, "stageLocation": "s3://lake/spotify-data/raw/songs/", "fileSize": 100,
            "timeReceived": "2026-01-05T06:07:08.123Z", "lastInsertTime": "2026-01-05T06:07:08.123Z",
            "rowsInserted": count, "rowsParsed": count, "errorsSeen": 0, "errorLimit": 1, "complete": true, "status": reported});
        let told = json!({"pipe": PIPE, "completeResult": true, "nextBeginMark": "1_1",
            "statistics": {"activeFiles": 0}, "files": [file]});
        claims.push((format!("{status}, {count}"), result(&history, &json!([listed])), told));
        let twice = json!([listed, listed]);
        let told = json!({"pipe": PIPE, "completeResult": true, "nextBeginMark": "1_1", "files": [file, file]});
        claims.push((format!("{status}, {count}, twice"), result(&history, &twice), told));
    }
    cloud.snowflake.let_pipe_status_say(
        PIPE,
        json!({"executionState": "RUNNING", "pendingFileCount": 0,
        "lastIngestedTimestamp": "2099-01-01T00:00:00Z"}),
    );
    for (name, listed, told) in &claims {
        cloud.snowflake.script(When::Sql("copy_history".to_owned()), usize::MAX, answers(listed));
        let report = When::Path("SONGS_PARQUET_REST_V1/insertReport".to_owned());
        cloud.snowflake.script(report, usize::MAX, answers(told));
        let mut command = cloud.command(&["--json", "verify"]);
        command.env("SNOWFLAKE_VERIFY_TIMEOUT_SECS", "0");
        assert_not_verified(name, &[6, 7, 8], &cloud::report(&mut command));
        cloud.snowflake.drop_scripts();
    }
    assert_eq!((claims.len(), cloud.landed("songs")), (12, 0));
}

#[test]
fn a_load_that_is_reported_otherwise_than_it_went_is_judged_by_its_rows() {
    // What happens, and whether all rows are there once.
    let loads = [
        (LoadFault::DropRow, false),
        (LoadFault::CorruptValue, false),
        (LoadFault::LoadTwice, false),
        (LoadFault::Fail("NULL result".to_owned()), false),
        (LoadFault::ReportTwice, true),
        (LoadFault::Unreported, true),
    ];
    for mode in ["rest", "copy", "auto"] {
        let mut cloud = Cloud::small(mode, "parquet");
        for (fault, is_right) in &loads {
            cloud.empty();
            cloud.write_source();
            cloud.snowflake.script_load("raw/songs/", 1, fault.clone());
            let name = format!("{mode}, {fault:?}");
            let ended = cloud.report(&SMALL);
            if *is_right {
                assert_eq!((ended.0, cloud.landed("songs")), (0, 1), "{name}: {:#}", ended.1);
            } else {
                assert_not_verified(&name, &[7, 8], &ended);
                assert_not_verified(&name, &[7, 8], &verify(&cloud, &["--all"]));
            }
        }
    }
}
