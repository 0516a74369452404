use std::time::{Duration, Instant};

use super::*;
use crate::snowflake::api::Statement;
use crate::snowflake::api::error::Error;
use crate::snowflake::api::failure::FailureKind;
use crate::snowflake::api::usage::Usage;
use crate::stop::Stop;

const POST: &str = "POST /api/v2/statements";

fn one_row() -> Reply {
    json(200, result(r#"["a.parquet","12"]"#, &[1]))
}

fn poll() -> String {
    format!("GET /api/v2/statements/{HANDLE}")
}

fn cancel() -> String {
    format!("POST /api/v2/statements/{HANDLE}/cancel")
}

fn cancelled() -> Reply {
    json(
        200,
        format!(
            r#"{{"code":"000604","sqlState":"57014","message":"successfully canceled","statementHandle":"{HANDLE}"}}"#
        ),
    )
}

fn failed(status: u16, code: &str, sql_state: &str) -> Reply {
    json(
        status,
        format!(
            r#"{{"code":"{code}","sqlState":"{sql_state}","message":"words of Snowflake","statementHandle":"{HANDLE}"}}"#
        ),
    )
}

async fn run(server: &Server) -> Result<crate::snowflake::api::rows::Rows, Error> {
    server.connect().run(&Statement::new("select 1"), &GO_ON).await
}

#[tokio::test]
async fn a_statement_goes_out_with_its_values_and_its_session_and_comes_back_as_rows() {
    let server = Server::start([one_row()]).await;
    let connection = server.connect();
    let statement = Statement {
        bindings: vec![r#"["a.parquet"]"#.to_owned(), "it's".to_owned()],
        query_tag: Some("run 01K".to_owned()),
        ..Statement::new("select ?, ?")
    };
    let rows = connection.run(&statement, &GO_ON).await.unwrap();
    assert_eq!(rows.handle(), HANDLE);
    let row = rows.only().unwrap();
    assert_eq!(row.cell("FILE_NAME").unwrap().text().unwrap(), "a.parquet");
    assert_eq!(row.cell("ROW_COUNT").unwrap().u64().unwrap(), 12);

    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].line, POST);
    assert_eq!(
        asked[0].body(),
        serde_json::json!({
            "statement": "select ?, ?",
            "timeout": 600, "role": "LOADER_ROLE", "warehouse": "LOADER_WH",
            "bindings": {
                "1": {"type": "TEXT", "value": "[\"a.parquet\"]"},
                "2": {"type": "TEXT", "value": "it's"}},
            "parameters": {"query_tag": "run 01K", "use_cached_result": "false"}})
    );
    for (name, wanted) in [
        ("x-snowflake-authorization-token-type", "KEYPAIR_JWT"),
        ("accept", "application/json"),
        ("content-type", "application/json"),
        ("user-agent", concat!("snowtrack/", env!("CARGO_PKG_VERSION"))),
    ] {
        assert_eq!(asked[0].header(name), wanted);
    }
    assert!(asked[0].header("accept-encoding").contains("gzip"));
    let names: Vec<&str> = asked[0].query.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["requestId"]);
    assert_eq!(
        uuid::Uuid::parse_str(asked[0].parameter("requestId")).unwrap().get_version_num(),
        4
    );
}

#[tokio::test]
async fn a_statement_that_is_not_done_is_polled_until_it_is() {
    let server = Server::start([running(), running(), Reply::Reset, running(), one_row()]).await;
    let connection = server.connect();
    let rows = connection.run(&Statement::new("select 1"), &GO_ON).await.unwrap();
    assert_eq!(rows.iter().count(), 1);
    assert_eq!(server.lines(), [POST, &poll(), &poll(), &poll(), &poll()]);
    let usage = connection.usage();
    assert!(Duration::from_millis(6) <= usage.waited, "{usage:?}");
    let counts = Usage { waited: Duration::ZERO, ..usage };
    assert_eq!(
        counts,
        Usage {
            request_count: 5,
            retry_count: 1,
            statement_count: 1,
            poll_count: 3,
            token_count: 1,
            waited: Duration::ZERO
        }
    );
}

#[tokio::test]
async fn every_partition_is_read_packed_or_not() {
    let first = result(r#"["a","1"],["b","2"]"#, &[2, 1, 1]);
    let server = Server::start([
        json(200, first),
        json(200, r#"{"data":[["c",null]]}"#).gzip(true),
        json(200, r#"{"data":[["d","4"]]}"#).gzip(false),
    ])
    .await;
    let rows = run(&server).await.unwrap();
    let names: Vec<_> =
        rows.iter().map(|row| row.cell("file_name").unwrap().text().unwrap().to_owned()).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
    assert!(rows.iter().nth(2).unwrap().cell("ROW_COUNT").unwrap().not_null().is_none());
    let asked = server.asked();
    assert_eq!(
        asked.iter().map(|asked| asked.parameter("partition")).collect::<Vec<_>>(),
        ["", "1", "2"]
    );
}

#[tokio::test]
async fn a_result_that_is_not_whole_is_an_error() {
    let cut_off = one_row();
    let Reply::Whole { body, .. } = cut_off else { unreachable!() };
    let cut_off = String::from_utf8(body).unwrap().replace("090001", "391908");
    let scripts = [
        (vec![json(200, result(r#"["a","1"]"#, &[2]))], "1 of 2 rows of partition 0 came"),
        (
            vec![json(200, result(r#"["a","1"]"#, &[1, 2])), json(200, r#"{"data":[["b","2"]]}"#)],
            "1 of 2 rows of partition 1 came",
        ),
        (
            vec![json(
                200,
                result(r#"["a","1"]"#, &[1]).replace(r#""numRows":1"#, r#""numRows":3"#),
            )],
            "1 of 3 rows came",
        ),
        (vec![json(200, result(r#"["a"]"#, &[1]))], "a row has not 2 cells"),
        (vec![json(200, cut_off)], "cut it off (391908)"),
    ];
    for (script, wanted) in scripts {
        let server = Server::start(script).await;
        let error = run(&server).await.unwrap_err();
        assert!(matches!(error, Error::Incomplete { .. }), "{error}");
        assert!(error.to_string().contains(wanted), "{error}");
        server.asked();
    }
}

/// Every statement has a result, if only the word that it was done: an answer without columns says nothing, and not that there is nothing.
#[tokio::test]
async fn an_answer_without_columns_is_no_empty_result() {
    let no_columns = result("", &[0]);
    let (before, behind) = no_columns.split_once(r#""rowType":["#).unwrap();
    let (_, behind) = behind.split_once("}],").unwrap();
    let no_columns = format!(r#"{before}"rowType":[],{behind}"#);
    let no_data = result("", &[0]).replace(r#""data":[],"#, "");
    for body in ["{}", "[]", r#"{"data":[]}"#, &no_columns, &no_data] {
        let server = Server::start([json(200, body)]).await;
        let error = run(&server).await.unwrap_err();
        assert!(matches!(error, Error::Unexpected { .. }), "{body}: {error}");
        server.asked();
    }
}

#[tokio::test]
async fn a_failed_statement_says_its_code_its_state_and_what_to_do() {
    for (code, sql_state, kind, advice) in [
        ("000904", "42000", FailureKind::Sql, ""),
        ("000606", "57P03", FailureKind::NoWarehouse, "lacks USAGE"),
        ("002003", "42S02", FailureKind::Missing, "may not see it"),
        ("003001", "42501", FailureKind::Denied, "grant it"),
        ("000604", "57014", FailureKind::Cancelled, ""),
    ] {
        let server = Server::start([running(), failed(422, code, sql_state)]).await;
        let error = run(&server).await.unwrap_err();
        let failure = error.statement().unwrap();
        assert_eq!((failure.kind(), failure.handle.as_deref()), (kind, Some(HANDLE)));
        let text = error.to_string();
        assert!(text.contains(code) && text.contains(sql_state), "{text}");
        assert!(text.contains("words of Snowflake") && text.contains(advice), "{text}");
        assert!(!error.is_transient() && !error.is_later() && !error.is_config());
        assert_eq!(error.is_missing_object(), code == "002003");
        server.asked();
    }
}

#[tokio::test]
async fn a_role_that_does_not_exist_is_a_session_failure_whatever_the_status() {
    let server =
        Server::start([json(400, r#"{"code":390189,"message":"Role 'X' does not exist"}"#)]).await;
    let error = run(&server).await.unwrap_err();
    assert_eq!(error.statement().unwrap().kind(), FailureKind::Session);
}

#[tokio::test]
async fn a_statement_out_of_time_is_not_run_again() {
    for status in [408, 422] {
        let server = Server::start([failed(status, "000630", "57014")]).await;
        let error = run(&server).await.unwrap_err();
        assert!(matches!(&error, Error::TooSlow { handle, .. } if handle == HANDLE), "{error}");
        assert!(error.is_later() && error.to_string().contains("words of Snowflake"));
        assert_eq!(server.lines(), [POST]);
    }
}

#[tokio::test]
async fn what_may_have_run_is_sent_again_as_a_retry_of_the_same_request() {
    let whole = result(r#"["a","1"]"#, &[1]);
    for fault in [
        html(503),
        json(502, ""),
        Reply::Reset,
        Reply::Cut(whole.clone()),
        json(200, &whole[..whole.len() / 2]),
        html(200),
        json(408, "{}"),
        json(429, r#"{"code":"390505","message":"Too many requests."}"#),
    ] {
        let server = Server::start([fault, one_row()]).await;
        assert_eq!(run(&server).await.unwrap().iter().count(), 1);
        let asked = server.asked();
        assert_eq!((asked[0].parameter("retry"), asked[1].parameter("retry")), ("", "true"));
        assert_eq!(asked[0].parameter("requestId"), asked[1].parameter("requestId"));
        assert_eq!(asked[0].body, asked[1].body);
    }
}

#[tokio::test]
async fn each_statement_has_a_request_id_of_its_own() {
    let server = Server::start([one_row(), one_row()]).await;
    let connection = server.connect();
    for _ in 0..2 {
        connection.run(&Statement::new("select 1"), &GO_ON).await.unwrap();
    }
    let asked = server.asked();
    assert_ne!(asked[0].parameter("requestId"), asked[1].parameter("requestId"));
    assert_eq!(asked[0].header("authorization"), asked[1].header("authorization"));
    assert_eq!(connection.usage().token_count, 1);
}

#[tokio::test]
async fn an_account_that_cannot_be_reached_is_given_up_after_the_last_retry() {
    let server = Server::start(vec![html(503); 4]).await;
    let error = run(&server).await.unwrap_err();
    assert!(
        matches!(&error, Error::Unreachable { tries: 4, reason, .. } if reason == "status 503"),
        "{error}"
    );
    assert!(error.is_transient() && !error.is_later());
    assert_eq!(server.asked().len(), 4);
}

#[tokio::test]
async fn a_wait_that_snowflake_asks_for_is_kept() {
    let server = Server::start([json(429, "").with("retry-after", "30"), one_row()]).await;
    let started = Instant::now();
    run(&server).await.unwrap();
    assert!(Duration::from_millis(30) <= started.elapsed());
    server.asked();
}

#[tokio::test]
async fn a_wait_beyond_our_patience_ends_the_call_with_the_time_to_come_back() {
    let until = "until 2026-01-05 13:00:00 UTC";
    let by_date = json(429, "").with("date", date(0)).with("retry-after", date(3600));
    for reply in [json(429, "").with("retry-after", "3600"), by_date] {
        let server = Server::start([reply]).await;
        let error = run(&server).await.unwrap_err();
        assert!(error.is_later() && error.to_string().contains(until), "{error}");
        assert_eq!(server.lines(), [POST]);
    }
}

/// Who is asked to pause asks nothing else meanwhile either; a pause that a call waits out is over by then.
#[tokio::test]
async fn a_pause_beyond_our_patience_keeps_the_other_calls_of_the_process_from_asking() {
    let server = Server::start([json(429, "").with("retry-after", "3600")]).await;
    let connection = server.connect();
    for _ in 0..3 {
        let error = connection.run(&Statement::new("select 1"), &GO_ON).await.unwrap_err();
        assert!(error.to_string().contains("until 2026-01-05 13:00:00 UTC"), "{error}");
    }
    assert_eq!(server.lines(), [POST], "it was asked once");
    assert!(!connection.is_paused_to_the_end(), "nobody said when the end is");
    connection.limit(Duration::from_secs(1_800));
    assert!(connection.is_paused_to_the_end());
    let waited = json(429, "").with("retry-after", "30");
    let server = Server::start([waited, one_row(), one_row()]).await;
    let connection = server.connect();
    for _ in 0..2 {
        connection.run(&Statement::new("select 1"), &GO_ON).await.unwrap();
    }
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn a_wait_of_ages_is_a_day_and_no_number_ends_in_a_panic() {
    for seconds in
        ["86401", "99999999999", "9000000000000", "9223372036854775", "18446744073709551616"]
    {
        for status in [429, 503] {
            let server = Server::start([json(status, "").with("retry-after", seconds)]).await;
            let error = run(&server).await.unwrap_err();
            let text = error.to_string();
            assert!(text.contains("until 2026-01-06 12:00:00 UTC"), "{seconds}: {text}");
            assert_eq!(server.lines(), [POST], "{seconds}");
        }
    }
    // A clock at the end of time is nobody's: what it says does not reach the tokens.
    let ages = "Fri, 31 Dec 9999 23:59:59 GMT".to_owned();
    let refused = || json(401, "{}").with("date", ages.clone());
    let server = Server::start([refused(), one_row()]).await;
    run(&server).await.unwrap();
    assert_eq!(server.asked()[1].claims()["iat"], 1_767_614_399);
}

#[tokio::test]
async fn too_many_calls_while_polling_are_waited_out() {
    let busy = json(429, r#"{"code":"390505","message":"Too many requests."}"#);
    let server = Server::start([running(), busy.clone(), busy, one_row()]).await;
    assert_eq!(run(&server).await.unwrap().iter().count(), 1);
    assert_eq!(server.lines(), [POST, &poll(), &poll(), &poll()]);
}

#[tokio::test]
async fn a_told_stop_cancels_the_statement_that_is_running() {
    let server = Server::start([running(), Reply::Hang, cancelled()]).await;
    let connection = server.connect();
    let stop = Stop::default();
    let statement = Statement::new("copy into T");
    let told = async {
        while server.asked.lock().unwrap().len() < 2 {
            tokio::task::yield_now().await;
        }
        stop.ask();
    };
    let (ended, ()) = tokio::join!(connection.run(&statement, &stop), told);
    let error = ended.unwrap_err();
    assert!(error.is_stopped() && error.to_string().contains("was cancelled"), "{error}");
    assert_eq!(server.lines(), [POST, &poll(), &cancel()]);
}

#[tokio::test]
async fn a_told_stop_does_not_wait_for_an_answer_that_does_not_come() {
    let server = Server::start([Reply::Hang]).await;
    let (connection, statement) = (server.connect(), Statement::new("select 1"));
    let stop = Stop::default();
    let told = async {
        while server.asked.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        stop.ask();
    };
    let (ended, ()) = tokio::join!(connection.run(&statement, &stop), told);
    assert!(matches!(ended, Err(Error::Stopped { handle: None, .. })));
    // Told before it begins, it asks nothing.
    let ended = connection.run(&statement, &stop).await;
    assert!(matches!(ended, Err(Error::Stopped { .. })));
    assert_eq!(server.lines(), [POST]);
}

#[tokio::test]
async fn a_statement_beyond_its_deadline_is_cancelled_and_worth_coming_back_for() {
    let server = Server::start([running(), cancelled()]).await;
    let timing =
        ConnectionTiming { poll_ceiling: Duration::ZERO, deadline: Duration::ZERO, ..quick() };
    let connection = server.connect_with(Credential::KeyPair(key()), timing);
    let error = connection.run(&Statement::new("copy into T"), &GO_ON).await.unwrap_err();
    assert!(matches!(&error, Error::TooSlow { handle, .. } if handle == HANDLE), "{error}");
    assert!(error.is_later() && error.is_transient());
    let asked = server.asked();
    assert_eq!(asked[0].body()["timeout"], 1);
    assert_eq!(asked[1].line, cancel());
}

#[tokio::test]
async fn cancelling_what_is_done_is_no_failure() {
    let server = Server::start([failed(422, "000709", "02000"), cancelled()]).await;
    let connection = server.connect();
    assert!(!connection.cancel(HANDLE).await.unwrap());
    assert!(connection.cancel(HANDLE).await.unwrap());
    assert!(connection.cancel("../../session").await.is_err());
    assert_eq!(server.lines(), [cancel(), cancel()]);
}

#[tokio::test]
async fn what_is_not_the_sql_api_is_said_to_be_none_and_is_not_asked_again() {
    let moved = json(302, "").with("location", "https://example.com/api/v2/statements?token=t");
    let server = Server::start([moved]).await;
    let error = run(&server).await.unwrap_err();
    assert!(matches!(error, Error::Redirected { status: 302, .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("`https://example.com/api/v2/statements`"), "{text}");
    assert!(text.contains("check the account identifier"), "{text}");
    assert_eq!(server.lines(), [POST]);
    for (reply, status, advice) in [
        (html(403), 403, "network policy"),
        (html(404), 404, "check the account identifier"),
        (
            json(
                400,
                r#"{"code":"390142","message":"Incoming request does not contain a valid payload."}"#,
            ),
            400,
            "valid payload",
        ),
        (html(522), 522, "TLS certificate"),
    ] {
        let server = Server::start([reply]).await;
        let error = run(&server).await.unwrap_err();
        assert!(matches!(error, Error::Refused { status: said, .. } if said == status), "{error}");
        assert!(error.to_string().contains(advice), "{error}");
        assert!(!error.to_string().contains("<html>"), "{error}");
        assert_eq!(server.lines(), [POST]);
    }
}
