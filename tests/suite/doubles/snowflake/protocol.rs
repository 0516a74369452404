//! Rules 7 to 9, 11, 13 and 19: how statements are submitted, polled, read and cancelled.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use super::rig::{Reply, Rig};
use snowtrack_doubles::snowflake::{Fault, When};

const ONE: &str = "select 1 as A";
const ROWS: &str = "select x from (select 1 as x union all select 2 union all select 3) order by x";

#[tokio::test]
async fn unknown_fields_and_wrong_types_are_noticed() {
    for (body, status, complaint) in [
        (json!({"statement": ONE, "sql": "x"}), 200, "unknown field `sql`"),
        (
            json!({"statement": ONE, "parameters": {"statement_timeout": "5"}}),
            200,
            "unknown parameter",
        ),
        (json!({"statement": ONE, "timeout": "5"}), 400, "`timeout` is \"5\""),
        (json!({"statement": ONE, "timeout": -1}), 400, "`timeout` is -1"),
        (json!({"statement": 1}), 400, "`statement` is 1"),
        (json!({"role": "LOADER"}), 400, "`statement` is missing"),
        (json!({"statement": ONE, "bindings": []}), 400, "`bindings` is []"),
        (
            json!({"statement": ONE, "bindings": {"2": {"type": "TEXT", "value": "x"}}}),
            400,
            "has no `1`",
        ),
        (json!([ONE]), 400, "the body is no object"),
    ] {
        let rig = Rig::new();
        let reply = rig.submit(body.clone()).await;
        assert_eq!(reply.status, status, "{body}");
        assert!(status == 200 || reply.code() == "390142");
        rig.complains_of(complaint);
    }
    for (query, complaint) in [
        ("&nonsense=1", "unknown parameter `nonsense`"),
        ("&async=yes", "`async` is `yes`"),
        ("&retry=1", "`retry` is `1`"),
    ] {
        let rig = Rig::new();
        let path = format!("/api/v2/statements?requestId={}{query}", Uuid::new_v4());
        rig.post(&path, json!({"statement": ONE})).await;
        rig.complains_of(complaint);
    }
}

#[tokio::test]
async fn a_request_id_is_a_fresh_uuid() {
    for (query, status, complaint) in
        [("", 200, "without requestId"), ("?requestId=run-7", 400, "`run-7` is no UUID")]
    {
        let rig = Rig::new();
        let reply =
            rig.post(&format!("/api/v2/statements{query}"), json!({"statement": ONE})).await;
        assert_eq!(reply.status, status);
        rig.complains_of(complaint);
    }
}

#[tokio::test]
async fn a_marked_repetition_is_looked_up_and_an_unmarked_one_runs_again() {
    let rig = Rig::new();
    let path = format!("/api/v2/statements?requestId={}", Uuid::new_v4());
    let body = json!({"statement": "create role if not exists R", "role": "ACCOUNTADMIN"});
    let first = rig.post(&path, body.clone()).await;
    let again = rig.post(&format!("{path}&retry=true"), body.clone()).await;
    assert_eq!(first.body["data"], json!([["Role R successfully created."]]));
    assert_eq!((again.handle(), &again.body["data"]), (first.handle(), &first.body["data"]));
    assert_eq!(rig.snowflake.counters().statement_count, 1);
    assert!(rig.snowflake.violations().is_empty());
    let unmarked = rig.post(&path, body).await;
    assert_eq!(unmarked.body["data"], json!([["R already exists, statement succeeded."]]));
    let counters = rig.snowflake.counters();
    assert_eq!((counters.statement_count, counters.unmarked_repeat_count), (2, 1));
    rig.complains_of("without retry=true");
    rig.post(&format!("{path}&retry=true"), json!({"statement": ONE})).await;
    rig.complains_of("with another body");
    // The first one never arrived.
    let unheard = format!("/api/v2/statements?requestId={}&retry=true", Uuid::new_v4());
    assert_eq!(rig.post(&unheard, json!({"statement": ONE})).await.cell(), "1");
}

#[tokio::test]
async fn a_lost_answer_is_found_again_and_a_lost_request_is_run() {
    for (fault, runs_before) in [(Fault::ResetBefore, 0), (Fault::ResetAfter, 1)] {
        let rig = Rig::new();
        rig.snowflake.script(When::Sql("SELECT 1".to_owned()), 1, fault);
        let path = format!("/api/v2/statements?requestId={}", Uuid::new_v4());
        let request = rig.request(Method::POST, &path).json(&json!({"statement": ONE}));
        assert!(request.send().await.is_err());
        assert_eq!(rig.snowflake.counters().statement_count, runs_before);
        let again = rig.post(&format!("{path}&retry=true"), json!({"statement": ONE})).await;
        assert_eq!(again.cell(), "1");
        assert_eq!(
            (rig.snowflake.counters().statement_count, rig.snowflake.unused_faults()),
            (1, 0)
        );
    }
}

#[tokio::test]
async fn any_statement_may_take_its_time_and_runs_when_the_polls_are_over() {
    let rig = Rig::new();
    rig.snowflake.script(When::Any, 1, Fault::Accepted { polls: 2 });
    let body = json!({"statement": "create role if not exists R", "role": "ACCOUNTADMIN"});
    let accepted = rig.submit(body).await;
    assert_eq!(accepted.status, 202);
    assert!(["333333", "333334"].contains(&accepted.code()));
    let path = format!("/api/v2/statements/{}", accepted.handle());
    let exists = || !rig.snowflake.rows("show roles like 'R'").is_empty();
    for _ in 0..2 {
        assert_eq!(rig.get(&path).await.status, 202);
        assert!(!exists());
    }
    assert_eq!(rig.get(&path).await.status, 200);
    assert!(exists());
    assert_eq!(rig.snowflake.counters().poll_count, 3);
    rig.snowflake.script(When::Any, 1, Fault::Accepted { polls: 0 });
    let failing = rig.sql("nonsense").await;
    let polled = rig.get(&format!("/api/v2/statements/{}", failing.handle())).await;
    assert_eq!((failing.status, polled.status, polled.code()), (202, 422, "001003"));
    let path = format!("/api/v2/statements?requestId={}&async=true", Uuid::new_v4());
    assert_eq!(rig.post(&path, json!({"statement": ONE})).await.status, 202);
}

#[tokio::test]
async fn polling_faster_than_the_floor_is_refused() {
    let rig = Rig::new();
    rig.snowflake.let_polls_come_every(Duration::from_secs(30));
    rig.snowflake.script(When::Any, 1, Fault::Accepted { polls: 5 });
    let path = format!("/api/v2/statements/{}", rig.sql(ONE).await.handle());
    assert_eq!(rig.get(&path).await.status, 202);
    let fast = rig.get(&path).await;
    assert_eq!((fast.status, fast.code()), (429, "390505"));
    rig.complains_of("was asked for again within");
}

#[tokio::test]
async fn a_result_comes_in_partitions_of_which_all_but_the_first_are_packed_and_bare() {
    for is_unmarked in [false, true] {
        let rig = Rig::new();
        rig.snowflake.script(When::Any, 1, Fault::Partitions { size: 2, is_unmarked });
        let first = rig.sql(ROWS).await;
        let metadata = &first.body["resultSetMetaData"];
        assert_eq!(metadata["numRows"], 3);
        let counts: Vec<_> = metadata["partitionInfo"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| &part["rowCount"])
            .collect();
        assert_eq!(counts, [&json!(2), &json!(1)]);
        assert_eq!(first.body["data"], json!([["1"], ["2"]]));
        let path = format!("/api/v2/statements/{}", first.handle());
        let request = rig.request(Method::GET, &format!("{path}?partition=1"));
        let response = request.send().await.unwrap();
        let encoding = response.headers().get("content-encoding").cloned();
        assert_eq!(encoding.is_none(), is_unmarked);
        let bytes = response.bytes().await.unwrap().to_vec();
        assert_eq!(bytes[..2], [0x1f, 0x8b]);
        let mut text = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut text)
            .unwrap();
        assert_eq!(text, r#"{"data":[["3"]]}"#);
        let beyond = rig.get(&format!("{path}?partition=2")).await;
        assert_eq!((beyond.status, beyond.code()), (422, "391918"));
        assert!(first.headers["link"].to_str().unwrap().contains("partition=1>;rel=\"next\""));
        rig.get(&format!("{path}?partition=one")).await;
        rig.complains_of("`partition` is no number");
    }
}

#[tokio::test]
async fn a_client_that_reads_the_first_partition_only_is_noticed() {
    let rig = Rig::new();
    rig.snowflake.script(When::Any, 1, Fault::Partitions { size: 1, is_unmarked: false });
    let path = format!("/api/v2/statements/{}", rig.sql(ROWS).await.handle());
    assert_eq!(rig.get(&format!("{path}?partition=1")).await.status, 200);
    rig.complains_of("1 of 3 partitions");
    assert_eq!(rig.get(&format!("{path}?partition=2")).await.status, 200);
    assert!(rig.complaints().is_empty());
}

#[test]
fn a_double_that_has_something_to_complain_of_fails_the_test_that_drops_it() {
    let dropped = |allows: bool| {
        std::panic::catch_unwind(move || {
            let rig = Rig::new();
            rig.snowflake.admin("create role ANOTHER");
            if allows {
                rig.snowflake.allow_violations();
            }
        })
    };
    let panic = dropped(false).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("would not have liked") && text.contains("IF NOT EXISTS"), "{text}");
    assert!(dropped(true).is_ok());
}

#[tokio::test]
async fn a_running_statement_can_be_cancelled_once() {
    let rig = Rig::new();
    rig.snowflake.script(When::Any, 1, Fault::Accepted { polls: 9 });
    let body = json!({"statement": "create role if not exists R", "role": "ACCOUNTADMIN"});
    let path = format!("/api/v2/statements/{}", rig.submit(body).await.handle());
    let cancelled = Reply::of(rig.request(Method::POST, &format!("{path}/cancel"))).await;
    assert_eq!((cancelled.status, cancelled.code()), (200, "000604"));
    assert_eq!(cancelled.body["sqlState"], "57014");
    let polled = rig.get(&path).await;
    assert_eq!((polled.status, polled.code()), (422, "000604"));
    let again = Reply::of(rig.request(Method::POST, &format!("{path}/cancel"))).await;
    assert_eq!((again.status, again.code()), (422, "000605"));
    assert!(rig.snowflake.rows("show roles like 'R'").is_empty());
    let nobody = format!("/api/v2/statements/{}", Uuid::new_v4());
    let unknown = Reply::of(rig.request(Method::POST, &format!("{nobody}/cancel"))).await;
    assert_eq!((unknown.status, unknown.code()), (422, "000709"));
    assert_eq!(rig.get(&nobody).await.code(), "000709");
    assert_eq!(rig.snowflake.counters().cancelled_count, 1);
}

#[tokio::test]
async fn nulls_become_text_where_the_client_asks_for_it() {
    let rig = Rig::new();
    let path = format!("/api/v2/statements?requestId={}&nullable=false", Uuid::new_v4());
    let reply = rig.post(&path, json!({"statement": "select null as A, 1 as B"})).await;
    assert_eq!(reply.body["data"], json!([["null", "1"]]));
}

#[tokio::test]
async fn a_statement_out_of_time_and_one_that_is_too_large_have_codes_of_their_own() {
    let rig = Rig::new();
    rig.snowflake.script(When::Any, 1, Fault::TimedOut);
    let late = rig.sql(ONE).await;
    assert_eq!((late.status, late.code()), (408, "000630"));
    assert!(late.body["statementHandle"].is_string());
    rig.snowflake.script(When::Any, 1, Fault::CutOff);
    let cut = rig.sql(ONE).await;
    assert_eq!((cut.status, cut.code()), (200, "391908"));
    let (code, sql_state, message) =
        ("000603".to_owned(), "XX000".to_owned(), "internal error".to_owned());
    rig.snowflake.script(When::Any, 1, Fault::Failed { code, sql_state, message });
    let failed = rig.sql(ONE).await;
    assert_eq!((failed.status, failed.code(), failed.message()), (422, "000603", "internal error"));
    rig.snowflake.script(When::Any, 1, Fault::WrongRowCount);
    let short = rig.sql(ONE).await;
    assert_eq!(short.body["resultSetMetaData"]["numRows"], 2);
    assert_eq!(rig.snowflake.unused_faults(), 0);
}
