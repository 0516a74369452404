use super::*;
use crate::snowflake::api::error::Error;
use crate::snowflake::api::ident::QualifiedName;
use crate::snowflake::api::{Accepted, LoadStatus, StagedFile, object_key};

const PATH: &str = "/v1/data/pipes/SPOTIFY.RAW.SONGS_PARQUET_REST_V1";

fn songs() -> QualifiedName {
    QualifiedName {
        database: "SPOTIFY".parse().unwrap(),
        schema: "RAW".parse().unwrap(),
        name: "SONGS_PARQUET_REST_V1".parse().unwrap(),
    }
}

fn files(count: usize) -> Vec<StagedFile> {
    (0..count)
        .map(|n| StagedFile { path: format!("year=2026/{n}.parquet"), size_bytes: 100 })
        .collect()
}

#[tokio::test]
async fn files_are_handed_in_by_path_and_size_and_the_answer_says_which_were_not_queued() {
    for success in [r#""responseCode":"SUCCESS""#, r#""status":"success""#] {
        let answer = format!(
            r#"{{"requestId":"r-1",{success},"skippedFiles":["year=2026/1.parquet"],"unmatchedPatternFiles":["year=2026/2.parquet"]}}"#
        );
        let server = Server::start([json(200, answer)]).await;
        let accepted = server.connect().insert_files(&songs(), &files(4), &GO_ON).await.unwrap();
        let path = |n: u32| format!("year=2026/{n}.parquet");
        assert_eq!(
            accepted,
            Accepted { skipped_paths: vec![path(1)], unmatched_paths: vec![path(2)] }
        );
        let asked = server.asked();
        assert_eq!(asked[0].line, format!("POST {PATH}/insertFiles"));
        let names: Vec<&str> = asked[0].query.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["requestId", "showSkippedFiles"]);
        assert_eq!(asked[0].parameter("showSkippedFiles"), "true");
        assert_eq!(
            asked[0].body()["files"][0],
            serde_json::json!({"path": "year=2026/0.parquet", "size": 100})
        );
        assert_eq!(asked[0].header("x-snowflake-authorization-token-type"), "KEYPAIR_JWT");
    }
}

#[tokio::test]
async fn no_call_hands_in_more_than_five_thousand_files() {
    let success = || json(200, r#"{"responseCode":"SUCCESS"}"#);
    let server = Server::start([success(), html(503), success()]).await;
    let accepted = server.connect().insert_files(&songs(), &files(5_001), &GO_ON).await.unwrap();
    assert_eq!(accepted, Accepted::default());
    let asked = server.asked();
    let counts: Vec<usize> =
        asked.iter().map(|asked| asked.body()["files"].as_array().unwrap().len()).collect();
    assert_eq!(counts, [5_000, 1, 1]);
    assert_eq!(asked[1].parameter("requestId"), asked[2].parameter("requestId"));
    assert_eq!(asked[2].parameter("retry"), "");
}

#[tokio::test]
async fn what_snowpipe_would_refuse_is_not_sent() {
    let server = Server::start([]).await;
    let connection = server.connect();
    // 1,024 bytes in 512 characters are fine, one more is not.
    let long = |path: String| [StagedFile { path, size_bytes: 1 }];
    let error = connection
        .insert_files(&songs(), &long(format!("{}a", "é".repeat(512))), &GO_ON)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::PathTooLong { size_bytes: 1_025, .. }), "{error}");
    let by_token = server.connect_with(pat(), quick());
    let error = by_token.insert_files(&songs(), &files(1), &GO_ON).await.unwrap_err();
    assert!(error.to_string().contains("programmatic access token"), "{error}");
    assert!(error.is_config());
    let nothing = connection.insert_files(&songs(), &[], &GO_ON).await.unwrap();
    assert_eq!(nothing, Accepted::default());
    assert_eq!(server.asked().len(), 0);
}

#[tokio::test]
async fn a_path_of_1024_bytes_is_taken() {
    let server = Server::start([json(200, r#"{"responseCode":"SUCCESS"}"#)]).await;
    let file = [StagedFile { path: "é".repeat(512), size_bytes: 1 }];
    let accepted = server.connect().insert_files(&songs(), &file, &GO_ON).await.unwrap();
    assert_eq!(accepted, Accepted::default());
    server.asked();
}

#[tokio::test]
async fn a_pipe_that_refuses_says_who_lacks_what() {
    for (reply, wanted) in [
        (
            json(404, r#"{"code":"390404","message":"not found"}"#),
            "DEFAULT_ROLE of user `loader` may not see it",
        ),
        (
            json(403, r#"{"code":"390403","message":"insufficient"}"#),
            "lacks OPERATE on pipe `SPOTIFY.RAW.SONGS_PARQUET_REST_V1` (403): insufficient",
        ),
        (json(400, r#"{"message":"Pipe is in state STOPPED_CLONED"}"#), "STOPPED_CLONED"),
        (json(200, r#"{"responseCode":"FAILED"}"#), "it answers `FAILED`"),
        (html(415), "the answer gives no reason"),
    ] {
        let server = Server::start([reply]).await;
        let error = server.connect().insert_files(&songs(), &files(1), &GO_ON).await.unwrap_err();
        assert!(error.to_string().contains(wanted), "{error}");
        assert!(!error.is_transient() && !error.is_later() && !error.is_config());
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_pipe_that_is_busy_for_long_is_worth_coming_back_for() {
    let server = Server::start(vec![json(429, ""); 4]).await;
    let error = server.connect().insert_files(&songs(), &files(1), &GO_ON).await.unwrap_err();
    assert!(error.is_later() && error.is_transient(), "{error}");
    assert_eq!(server.asked().len(), 4);
}

const LOADED: &str = r#"{"path":"year=2026/0.parquet","stageLocation":"s3://bucket/spotify-data/raw/songs/","fileSize":57,
    "timeReceived":"2026-01-05T12:00:01.453Z","lastInsertTime":"2026-01-05T12:00:28.575Z","rowsInserted":12,"rowsParsed":12,
    "errorsSeen":0,"errorLimit":1,"complete":true,"status":"LOADED"}"#;
const FAILED: &str = r#"{"path":"year=2026/1.parquet","stageLocation":"s3://bucket/spotify-data/raw/songs/","fileSize":9,
    "timeReceived":"2026-01-05T12:00:01.453Z","lastInsertTime":"2026-01-05T12:00:29.575Z","rowsInserted":0,"rowsParsed":3,"errorsSeen":1,"errorLimit":1,
    "firstError":"NULL result in a non-nullable column","firstErrorLineNum":2,"firstErrorCharacterPos":1,
    "firstErrorColumnName":"\"SONGS\"[\"ID\":1]","systemError":null,"complete":true,"status":"LOAD_FAILED"}"#;

#[tokio::test]
async fn a_report_tells_how_each_file_went() {
    let answer = format!(
        r#"{{"pipe":"SPOTIFY.RAW.SONGS_PARQUET_REST_V1","completeResult":false,"nextBeginMark":"1_39","statistics":{{"activeFiles":2}},"files":[{LOADED},{FAILED}]}}"#
    );
    let server = Server::start([json(200, answer)]).await;
    let report = server.connect().insert_report(&songs(), &GO_ON).await.unwrap();
    let [loaded, failed] = report.as_slice() else { panic!("{report:?}") };
    assert_eq!(loaded.status, LoadStatus::Loaded);
    assert_eq!((loaded.inserted_row_count, loaded.parsed_row_count), (Some(12), Some(12)));
    let key = object_key(loaded.stage_location.as_deref().unwrap(), &loaded.path);
    assert_eq!(key.unwrap(), "spotify-data/raw/songs/year=2026/0.parquet");
    assert_eq!(loaded.inserted_at.unwrap().timestamp_millis(), 1_767_614_428_575);
    assert_eq!(failed.status, LoadStatus::Failed);
    assert_eq!(failed.first_error.as_deref(), Some("NULL result in a non-nullable column"));
    assert_eq!((failed.error_count, failed.first_error_line), (1, Some(2)));
    let asked = server.asked();
    assert_eq!(asked[0].line, format!("GET {PATH}/insertReport"));
}

#[tokio::test]
async fn an_object_that_reports_nothing_is_no_report_and_one_that_takes_nothing_no_answer() {
    for body in ["{}", r#"{"message":"Bad gateway"}"#, r#"{"files":null}"#] {
        let server = Server::start([json(200, body)]).await;
        let error = server.connect().insert_report(&songs(), &GO_ON).await.unwrap_err();
        assert!(error.is_no_answer() && error.to_string().contains("no report"), "{error}");
        let server = Server::start([json(200, body), json(200, body)]).await;
        let error = server.connect().insert_files(&songs(), &files(1), &GO_ON).await.unwrap_err();
        assert!(error.is_no_answer() && !error.is_denial(), "{error}");
        assert_eq!(server.asked().len(), 2, "a pipe skips what it knows");
    }
}
