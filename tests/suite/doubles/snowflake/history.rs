//! Rule 25: `COPY_HISTORY`.

use std::time::Duration;

use serde_json::json;

use super::rig::{PREFIX, Rig, SETUP, songs};
use snowtrack_doubles::snowflake::{FakeConfig, Latency, LoadFault};

/// File and place, status, counts, pipe: of every load the role may see.
async fn history(rig: &Rig, role: &str) -> Vec<Vec<Option<String>>> {
    let sql = "select stage_location, file_name, status, row_count, row_parsed, pipe_name from table(\
               SPOTIFY.information_schema.copy_history(table_name => 'SPOTIFY.RAW.SONGS', \
               start_time => dateadd(hours, -1, current_timestamp()))) order by last_load_time, file_name";
    let reply = rig.submit(json!({"statement": sql, "role": role})).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    serde_json::from_value(reply.body["data"].clone()).unwrap()
}

async fn offer(rig: &Rig, names: &[&str]) {
    for name in names {
        rig.put_parquet(&format!("{PREFIX}{name}"), &songs(3));
        rig.insert_files(&[name]).await;
    }
    rig.snowflake.load_now();
}

#[tokio::test]
async fn a_key_is_place_and_file_with_the_slash_on_either_side() {
    let rig = Rig::new();
    offer(&rig, &["a.parquet", "b.parquet"]).await;
    let rows = history(&rig, "LOADER").await;
    let text = |row: usize, cell: usize| rows[row][cell].clone().unwrap();
    for (row, name) in [(0, "a.parquet"), (1, "b.parquet")] {
        let (place, file) = (text(row, 0), text(row, 1));
        assert_ne!(place.ends_with('/'), file.starts_with('/'), "one slash, on one side");
        assert_eq!(format!("{place}{file}"), format!("s3://lake/{PREFIX}{name}"));
    }
    assert_ne!(text(0, 0), text(1, 0));
    assert_eq!([text(0, 2), text(0, 3), text(0, 4)], ["Loaded", "3", "3"]);
    assert_eq!(text(0, 5), "SONGS_PARQUET_REST_V1");
}

#[tokio::test]
async fn words_are_in_title_case_and_what_is_not_known_yet_is_null() {
    let rig = Rig::new();
    rig.snowflake.script_load("a.parquet", 1, LoadFault::InParts(9));
    rig.snowflake.script_load("b.parquet", 1, LoadFault::Fail("no".to_owned()));
    offer(&rig, &["a.parquet", "b.parquet"]).await;
    let rows = history(&rig, "LOADER").await;
    let words: Vec<_> = rows.iter().map(|row| row[2].as_deref().unwrap()).collect();
    assert_eq!(words, ["Load in progress", "Load failed"]);
    assert_eq!((&rows[0][4], rows[1][4].as_deref()), (&None, Some("0")));
}

#[tokio::test]
async fn without_monitor_on_the_pipe_a_load_looks_like_a_copy() {
    let rig = Rig::new();
    rig.snowflake.admin(
        "create role if not exists READER; grant role READER to user LOADER_SVC; \
         grant usage on database SPOTIFY to role READER; grant usage on schema SPOTIFY.RAW to role READER; \
         grant usage on warehouse WH to role READER; grant select on table SPOTIFY.RAW.SONGS to role READER",
    );
    offer(&rig, &["a.parquet"]).await;
    assert_eq!(history(&rig, "READER").await[0][5], None);
    assert!(history(&rig, "LOADER").await[0][5].is_some());
}

#[tokio::test]
async fn history_lags_and_ends_and_a_truncated_table_has_none() {
    let rig = Rig::empty(|config| FakeConfig { ..config });
    rig.snowflake.admin(SETUP);
    rig.snowflake.let_history_lag(Duration::from_secs(1_200));
    offer(&rig, &["a.parquet"]).await;
    // After ten minutes the report has forgotten it and the history has not heard of it.
    rig.snowflake.advance_clock(Duration::from_secs(660));
    assert!(rig.report().await.body["files"].as_array().unwrap().is_empty());
    assert!(history(&rig, "LOADER").await.is_empty());
    rig.snowflake.advance_clock(Duration::from_secs(600));
    assert_eq!(history(&rig, "LOADER").await.len(), 1);
    rig.snowflake.truncate("SPOTIFY.RAW.SONGS");
    assert!(history(&rig, "LOADER").await.is_empty());
    let sql = "select 1 from table(SPOTIFY.information_schema.copy_history(table_name => 'SPOTIFY.RAW.SONGS', \
               start_time => dateadd(days, -15, current_timestamp())))";
    let reply = rig.sql(sql).await;
    assert_eq!((reply.status, reply.body["sqlState"].as_str()), (422, Some("22023")));
    rig.snowflake.let_loads_take(Latency::Never);
    rig.snowflake.recreate_pipe(super::rig::PIPE);
}

/// What a warehouse was asked, and what pipes loaded.
const QUERIES: &str = "select query_tag, count(*) from snowflake.account_usage.query_history \
                       where warehouse_name = 'WH' group by query_tag";
const PIPES: &str = "select pipe_name, sum(files_inserted::number(38, 0)) \
                     from snowflake.account_usage.pipe_usage_history group by pipe_name";

#[tokio::test]
async fn account_usage_needs_a_database_role_and_comes_late() {
    let rig = Rig::new();
    offer(&rig, &["a.parquet"]).await;
    let refused = rig.submit(json!({"statement": QUERIES, "role": "LOADER"})).await;
    assert_eq!(refused.body["code"], "002003", "{refused:?}");
    rig.snowflake.admin("grant database role snowflake.governance_viewer to role LOADER");
    let answered = rig.submit(json!({"statement": QUERIES, "role": "LOADER"})).await;
    assert_eq!((answered.status, &answered.body["data"]), (200, &json!([])), "{answered:?}");
    let other = rig.submit(json!({"statement": PIPES, "role": "LOADER"})).await;
    assert_eq!(other.body["code"], "002003", "each view has a role of its own: {other:?}");
    rig.snowflake.admin("grant imported privileges on database snowflake to role LOADER");
    let early = rig.submit(json!({"statement": PIPES, "role": "LOADER"})).await;
    assert_eq!(early.body["data"], json!([]), "{early:?}");
    rig.snowflake.advance_clock(Duration::from_secs(46 * 60));
    let told = rig.submit(json!({"statement": QUERIES, "role": "LOADER"})).await;
    // What came before: two answers of a warehouse, and no tag.
    assert_eq!(told.body["data"], json!([["", "2"]]), "{told:?}");
    rig.snowflake.advance_clock(Duration::from_secs(3 * 3_600));
    let told = rig.submit(json!({"statement": PIPES, "role": "LOADER"})).await;
    assert_eq!(told.body["data"], json!([["SONGS_PARQUET_REST_V1", "1"]]), "{told:?}");
}
