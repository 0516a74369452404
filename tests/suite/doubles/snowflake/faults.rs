//! Rule 10: what the network and gateways do.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use super::rig::{PIPE, Reply, Rig, pipe_path};
use snowtrack_doubles::snowflake::{Fault, When};

#[tokio::test]
async fn a_gateway_answers_without_json() {
    let rig = Rig::new();
    rig.snowflake.script(When::Call(1), 1, Fault::Html(502));
    rig.snowflake.script(When::Call(2), 1, Fault::Empty(503));
    let html = rig.sql("select 1").await;
    assert_eq!(html.status, 502);
    assert!(html.body.as_str().unwrap().starts_with("<!DOCTYPE html>"));
    let empty = rig.sql("select 1").await;
    assert_eq!((empty.status, empty.body), (503, json!("")));
    assert_eq!(rig.sql("select 1").await.status, 200);
    let statuses: Vec<_> = rig.snowflake.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [502, 503, 200]);
}

#[tokio::test]
async fn too_many_requests_with_and_without_a_time_and_too_early_is_a_bug() {
    let rig = Rig::new();
    rig.snowflake.let_a_second_last(Duration::from_millis(1));
    rig.snowflake.script(When::Any, 1, Fault::TooMany { retry_after: None });
    let plain = rig.sql("select 1").await;
    assert_eq!((plain.status, plain.code()), (429, "390505"));
    assert!(plain.headers.get("retry-after").is_none());
    rig.snowflake.script(When::Any, 1, Fault::TooMany { retry_after: Some(1) });
    assert_eq!(rig.sql("select 1").await.headers["retry-after"], "1");
    // A second of the double is over before the next request can come.
    while rig.sql("select 1").await.status == 429 {}
    rig.snowflake.let_a_second_last(Duration::from_secs(3_600));
    rig.snowflake.script(When::Any, 1, Fault::TooMany { retry_after: Some(1) });
    rig.sql("select 1").await;
    assert_eq!(rig.sql("select 1").await.status, 429);
    rig.complains_of("before Retry-After had passed");
}

#[tokio::test]
async fn answers_are_cut_slow_or_never_come() {
    let rig = Rig::new();
    let ask = || {
        let path = format!("/api/v2/statements?requestId={}", Uuid::new_v4());
        rig.request(Method::POST, &path).json(&json!({"statement": "select 1"}))
    };
    rig.snowflake.script(When::Any, 1, Fault::TruncatedJson);
    let text = ask().send().await.unwrap().text().await.unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&text).is_err() && text.starts_with('{'));
    rig.snowflake.script(When::Any, 1, Fault::TruncatedBody);
    assert!(ask().send().await.unwrap().bytes().await.is_err());
    let gap = Duration::from_millis(1);
    rig.snowflake.script(When::Any, 1, Fault::Slow { chunk_size_bytes: 100, gap });
    assert_eq!(Reply::of(ask()).await.status, 200);
    rig.snowflake.script(When::Any, 1, Fault::Hang);
    let impatient = ask().timeout(Duration::from_millis(50)).send().await.unwrap_err();
    assert!(impatient.is_timeout());
    assert_eq!(rig.snowflake.unused_faults(), 0);
}

#[tokio::test]
async fn faults_strike_where_they_are_meant_to() {
    let rig = Rig::new();
    rig.snowflake.script(When::Path("insertReport".to_owned()), 1, Fault::Empty(500));
    rig.snowflake.script(When::Handle, 1, Fault::Empty(504));
    let statement = rig.sql("select 1").await;
    assert_eq!(statement.status, 200);
    assert_eq!(rig.get(&format!("/api/v2/statements/{}", statement.handle())).await.status, 504);
    let report = || pipe_path(PIPE, "insertReport", "");
    assert_eq!(rig.get(&report()).await.status, 500);
    assert_eq!(rig.get(&report()).await.status, 200);
    let headers = vec![("content-type", "application/json".to_owned())];
    let body = r#"{"code":"1","message":"x"}"#.to_owned();
    rig.snowflake.script(When::Any, 1, Fault::Status { code: 418, body, headers });
    let reply = rig.sql("select 1").await;
    assert_eq!((reply.status, reply.message()), (418, "x"));
}

#[tokio::test]
async fn a_good_token_may_be_refused_once() {
    let rig = Rig::new();
    rig.snowflake.script(When::Any, 1, Fault::Unauthorized);
    let refused = rig.sql("select 1").await;
    assert_eq!((refused.status, refused.code()), (401, "390144"));
    assert_eq!(rig.sql("select 1").await.status, 200);
    assert!(rig.snowflake.violations().is_empty());
}
