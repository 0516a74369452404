//! Rules 12 and 14 to 18: what statements mean.

use serde_json::{Value, json};

use super::rig::{PREFIX, Rig, SETUP, songs};
use snowtrack_doubles::snowflake::FakeConfig;

#[tokio::test]
async fn a_select_of_constants_needs_no_warehouse_and_every_cell_is_a_string_or_null() {
    let rig = Rig::new();
    let reply = rig
        .sql(
            "select 1 as A, 'x' as \"b\", true as C, date '1970-01-11' as D, timestamp '1969-12-31 23:59:59.5' as E, \
             '2021-03-19T06:13:39.5+02:00'::timestamp_tz as F, null as G, 1.50 as H",
        )
        .await;
    assert_eq!(reply.status, 200, "{reply:?}");
    // date -ud '2021-03-19T04:13:39' +%s
    let row =
        json!(["1", "x", "true", "10", "-0.500000000", "1616127219.500000000 1560", null, "1.50"]);
    assert_eq!(reply.body["data"], json!([row]));
    let types = reply.body["resultSetMetaData"]["rowType"].as_array().unwrap();
    let names: Vec<_> = types.iter().map(|column| column["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["A", "b", "C", "D", "E", "F", "G", "H"]);
    assert_eq!(rig.snowflake.counters().warehouse_statement_count, 0);
    // The next statement writes the same types in the other letter case.
    let next = rig.sql("select 1 as A").await;
    let kind = |reply: &super::rig::Reply| {
        reply.body["resultSetMetaData"]["rowType"][0]["type"].as_str().unwrap().to_owned()
    };
    assert_eq!((kind(&reply), kind(&next)), ("FIXED".to_owned(), "fixed".to_owned()));
}

#[tokio::test]
async fn landed_rows_are_counted_and_hashed_as_the_verification_does() {
    let rig = Rig::new();
    let key = format!("{PREFIX}year=2026/a.parquet");
    rig.put_parquet(&key, &songs(3));
    assert_eq!(rig.insert_files(&["year=2026/a.parquet"]).await.status, 200);
    let sql = "select _file_name as file_name, count(*) as row_count, count(distinct _file_row_number) as d, \
               to_varchar(sum(row_hash)) as row_hash_sum, \
               to_varchar(sum(md5_number_upper64(concat_ws(chr(31), coalesce(id, '\\\\N'), coalesce(name, '\\\\N'))))) as c \
               from SPOTIFY.RAW.SONGS where array_contains(_file_name::variant, parse_json(?)) group by _file_name";
    let bindings = json!({"1": {"type": "TEXT", "value": json!([key]).to_string()}});
    let reply = rig.submit(json!({"statement": sql, "bindings": bindings})).await;
    // md5 of `s0\x1fSong 0` and so on, computed with Python's hashlib.
    let sum = "11280429943645793783";
    assert_eq!(reply.body["data"], json!([[key, "3", "3", sum, sum]]), "{reply:?}");
    assert_eq!(rig.snowflake.counters().warehouse_statement_count, 1);
}

#[tokio::test]
async fn functions_mean_what_they_mean_in_snowflake() {
    let rig = Rig::new();
    for (sql, cell) in [
        // The documentation's own example.
        ("select md5_number_upper64('Snowflake')", json!("17145559544104499780")),
        ("select concat_ws('-', 'a', null, 'b')", json!(null)),
        ("select concat_ws('-', 'a', 1, 'b')", json!("a-1-b")),
        (r"select length('\\N')", json!("2")),
        (r"select '\N'", json!("N")),
        (r"select 'it\'s' || $$ a\b $$", json!(r"it's a\b ")),
        ("select char(65) || chr(66)", json!("AB")),
        ("select to_varchar(date '2026-01-05', 'YYYY-MM-DD')", json!("2026-01-05")),
        (
            "select to_varchar(timestamp '2026-01-05 06:07:08.123', 'YYYY-MM-DD\"T\"HH24:MI:SS.FF6')",
            json!("2026-01-05T06:07:08.123000"),
        ),
        // An account that never chose a zone is in Los Angeles.
        (
            "select to_varchar(to_timestamp_ltz('2026-01-05T06:07:08Z'), 'YYYY-MM-DD HH24:MI:SS.FF3TZH:TZM')",
            json!("2026-01-04 22:07:08.000-08:00"),
        ),
        ("select to_timestamp_ltz('2026-01-05 06:07:08')", json!("1767622028.000000000")),
        ("select to_varchar(true) || to_varchar(12)", json!("true12")),
        ("select array_contains('b'::variant, parse_json('[\"a\",\"b\"]'))", json!("true")),
        ("select iff(equal_null(null, null), 'same', 'other')", json!("same")),
        (
            "select x from (select 1 as x union all select null) order by x desc limit 1",
            json!(null),
        ),
        ("with a as (select 1 as x), b as (select x + 1 as y from a) select y from b", json!("2")),
        ("select cast('12' as number(10, 0))", json!("12")),
        ("select current_role()", json!("LOADER")),
    ] {
        assert_eq!(rig.sql(sql).await.cell(), &cell, "{sql}");
    }
    let utc = json!({"TIMEZONE": "UTC"});
    let sql = "select to_varchar(to_timestamp_ltz('2026-01-05T06:07:08Z'), 'HH24:MI TZHTZM')";
    assert_eq!(
        rig.submit(json!({"statement": sql, "parameters": utc})).await.cell(),
        "06:07 +0000"
    );
}

#[tokio::test]
async fn what_snowflake_would_refuse_never_succeeds() {
    let rig = Rig::new();
    for (sql, code, state) in [
        ("selec 1", "001003", "42000"),
        ("select 1 from", "001003", "42000"),
        ("select (1", "001003", "42000"),
        ("select nothing", "000904", "42000"),
        ("select id from SPOTIFY.RAW.SONGS where \"id\" = 'x'", "000904", "42000"),
        ("select \"ID\", nosuch from SPOTIFY.RAW.SONGS", "000904", "42000"),
        ("select * from SPOTIFY.RAW.NOBODY", "002003", "02000"),
        ("select * from SPOTIFY.raw.\"songs\"", "002003", "02000"),
        ("select * from SONGS", "090105", "22000"),
        // DuckDB has these, Snowflake does not.
        ("select list_contains([1], 1)", "002140", "42601"),
        ("select strftime(current_timestamp(), '%Y')", "002140", "42601"),
        ("select md5_number_upper('x')", "002140", "42601"),
        ("from SPOTIFY.RAW.SONGS", "001003", "42000"),
        ("select '1'::hugeint", "001003", "42000"),
        // Snowflake compares variants.
        ("select array_contains('b', parse_json('[\"b\"]'))", "001044", "42P13"),
        ("select 'x'::number(10, 0)", "100038", "22018"),
        ("undrop table SPOTIFY.RAW.SONGS", "001003", "42000"),
        ("merge into SPOTIFY.RAW.SONGS using SPOTIFY.RAW.SONGS", "001003", "42000"),
        ("put file:///tmp/a @stage", "391911", "0A000"),
        ("get @stage file:///tmp", "391911", "0A000"),
        ("use database SPOTIFY", "391911", "0A000"),
        ("begin", "391911", "0A000"),
        ("alter session set timezone = 'UTC'", "391911", "0A000"),
        ("desc table SPOTIFY.RAW.NOBODY", "002003", "02000"),
        ("show pipes in schema SPOTIFY.NOWHERE", "002043", "02000"),
    ] {
        let reply = rig.sql(sql).await;
        assert_eq!((reply.status, reply.code()), (422, code), "{sql}: {reply:?}");
        assert_eq!(reply.body["sqlState"], state, "{sql}");
        assert!(reply.body["statementHandle"].is_string());
    }
}

#[tokio::test]
async fn nothing_is_ever_replaced() {
    let rig = Rig::new();
    let sql = "create or replace table SPOTIFY.RAW.SONGS (id varchar)";
    assert_eq!(rig.sql(sql).await.code(), "001003");
    rig.complains_of("CREATE OR REPLACE");
    let rig = Rig::new();
    rig.snowflake.admin("create role ANOTHER");
    rig.complains_of("CREATE without IF NOT EXISTS");
}

#[tokio::test]
async fn rows_are_inserted_updated_and_deleted_with_a_warehouse_and_the_privilege() {
    let rig = Rig::new();
    rig.put_parquet(&format!("{PREFIX}a.parquet"), &songs(3));
    rig.insert_files(&["a.parquet"]).await;
    let update = "update SPOTIFY.RAW.SONGS set name = 'Other ' || id where id <> ?";
    let bindings = json!({"1": {"type": "TEXT", "value": "s0"}});
    let ask = |sql: &str, role: &str| json!({"statement": sql, "role": role});
    let mut body = ask(update, "ACCOUNTADMIN");
    body["bindings"] = bindings;
    let updated = rig.submit(body).await;
    assert_eq!(
        (updated.cell(), &updated.body["stats"]["numRowsUpdated"]),
        (&json!("2"), &json!(2))
    );
    let delete = "delete from SPOTIFY.RAW.SONGS where name = 'Other s1'";
    // The loader may insert and read, and no more.
    assert_eq!(rig.submit(ask(delete, "LOADER")).await.code(), "002003");
    assert_eq!(rig.submit(ask(delete, "ACCOUNTADMIN")).await.cell(), "1");
    let insert = "insert into SPOTIFY.RAW.SONGS select * from SPOTIFY.RAW.SONGS";
    let inserted = rig.submit(ask(insert, "LOADER")).await;
    assert_eq!(inserted.body["stats"]["numRowsInserted"], 2);
    let names =
        rig.snowflake.rows("select name from SPOTIFY.RAW.SONGS group by name order by name");
    assert_eq!(names, [[Some("Other s2".to_owned())], [Some("Song 0".to_owned())]]);
    assert_eq!(rig.snowflake.counters().warehouse_statement_count, 3);
}

#[tokio::test]
async fn a_table_changes_column_by_column() {
    let rig = Rig::new();
    let table = "alter table SPOTIFY.RAW.SONGS";
    let columns = || {
        let rows = rig.snowflake.rows("desc table SPOTIFY.RAW.SONGS");
        let cells = rows.into_iter().map(|mut row| {
            let (nullable, kind) = (row.swap_remove(3).unwrap(), row.swap_remove(1).unwrap());
            format!("{} {kind} {nullable}", row.swap_remove(0).unwrap())
        });
        cells.collect::<Vec<_>>()
    };
    rig.snowflake.admin(&format!(
        "{table} add column if not exists URL varchar; {table} add column if not exists URL varchar; \
         {table} drop column RUN_ID; {table} alter column NAME set data type varchar(10); \
         {table} alter column NAME set not null; {table} alter column ID drop not null"
    ));
    let now = columns();
    assert_eq!((&now[0][..], &now[1][..]), ("ID VARCHAR(16777216) Y", "NAME VARCHAR(10) N"));
    assert_eq!(now.last().unwrap(), "URL VARCHAR(16777216) Y");
    assert!(!now.iter().any(|column| column.starts_with("RUN_ID")));
    assert_eq!(rig.sql(&format!("{table} drop column URL")).await.code(), "003001");
    let known = rig
        .submit(
            json!({"statement": format!("{table} add column ID varchar"), "role": "ACCOUNTADMIN"}),
        )
        .await;
    assert_eq!(known.code(), "002002");
}

#[tokio::test]
async fn names_in_the_body_are_compared_letter_for_letter() {
    let rig = Rig::new();
    let right = json!({"statement": "select count(*) from SONGS", "database": "SPOTIFY", "schema": "RAW",
        "warehouse": "WH", "role": "LOADER"});
    assert_eq!(rig.submit(right.clone()).await.cell(), "0");
    for (field, wrong, code) in [
        ("database", "spotify", "390201"),
        ("schema", "raw", "390201"),
        ("role", "loader", "390189"),
        ("role", "SYSTEM_OF_OTHERS", "390189"),
        ("warehouse", "wh", "000606"),
    ] {
        let mut body = right.clone();
        body[field] = json!(wrong);
        let reply = rig.submit(body).await;
        assert_eq!((reply.status, reply.code()), (422, code), "{field}");
    }
}

#[tokio::test]
async fn a_warehouse_without_a_grant_looks_like_none_and_a_table_without_one_like_a_missing_one() {
    let rig = Rig::new();
    rig.snowflake.admin("create role if not exists STRANGER; create role if not exists GUEST");
    rig.snowflake
        .admin("grant role STRANGER to user LOADER_SVC; grant role GUEST to user LOADER_SVC");
    rig.snowflake.admin(
        "grant usage on database SPOTIFY to role GUEST; grant usage on schema SPOTIFY.RAW to role GUEST; \
         grant select on table SPOTIFY.RAW.SONGS to role GUEST",
    );
    let ask = |role: &str, sql: &str| json!({"statement": sql, "role": role});
    let select = "select count(*) from SPOTIFY.RAW.SONGS";
    let reply = rig.submit(ask("GUEST", select)).await;
    assert_eq!((reply.code(), &reply.body["sqlState"]), ("000606", &json!("57P03")));
    rig.snowflake.admin("grant usage on warehouse WH to role GUEST");
    assert_eq!(rig.submit(ask("GUEST", select)).await.cell(), "0");
    let hidden = rig.submit(ask("STRANGER", select)).await;
    let missing = rig.submit(ask("STRANGER", &select.replace("SONGS", "NOBODY"))).await;
    assert_eq!(hidden.code(), "002003");
    assert_eq!(hidden.message().replace("SONGS", "NOBODY"), missing.message());
    let reply =
        rig.submit(ask("GUEST", "create table if not exists SPOTIFY.RAW.MINE (a varchar)")).await;
    assert_eq!(reply.code(), "003001");
    let reply =
        rig.submit(ask("GUEST", "grant select on table SPOTIFY.RAW.SONGS to role STRANGER")).await;
    assert_eq!(reply.code(), "003001");
}

#[tokio::test]
async fn bound_values_are_strings_of_the_units_that_snowflake_wants() {
    let rig = Rig::new();
    let ask = |kind: &str, value: Value| {
        let bindings = json!({"1": {"type": kind, "value": value}});
        json!({"statement": "select ?", "bindings": bindings})
    };
    for (kind, value, cell) in [
        ("TEXT", "it's \\N", "it's \\N"),
        ("FIXED", "-12", "-12"),
        (
            "FIXED",
            "12345678901234567890123456789012345678",
            "12345678901234567890123456789012345678",
        ),
        ("BOOLEAN", "true", "true"),
        // Milliseconds in, days out; nanoseconds in, seconds out.
        ("DATE", "864000000", "10"),
        ("TIMESTAMP_NTZ", "1616173619123456000", "1616173619.123456000"),
        ("TIMESTAMP_LTZ", "-500000000", "-0.500000000"),
        ("TIMESTAMP_TZ", "1616173619000000000 1500", "1616173619.000000000 1500"),
    ] {
        assert_eq!(rig.submit(ask(kind, json!(value))).await.cell(), cell, "{kind}");
    }
    for (kind, value) in [("FIXED", "twelve"), ("BOOLEAN", "yes"), ("DATE", "2026-01-05")] {
        let reply = rig.submit(ask(kind, json!(value))).await;
        assert_eq!((reply.status, reply.code()), (422, "100037"), "{kind}");
        assert_eq!(reply.body["sqlState"], "22018");
    }
    let none = rig.sql("select ?").await;
    assert_eq!((none.status, none.code()), (422, "002049"));
    assert!(rig.snowflake.violations().is_empty());
    assert_eq!(rig.submit(ask("FIXED", json!(12))).await.status, 400);
    rig.complains_of("binding 1 is not a type and a value, both strings");
}

#[tokio::test]
async fn several_statements_run_until_the_first_failure_and_each_has_a_handle() {
    let rig = Rig::new();
    let ask = |sql: &str, count: &str| json!({"statement": sql, "parameters": {"MULTI_STATEMENT_COUNT": count}});
    let two = rig.sql("select 1; select 2").await;
    assert_eq!((two.code(), &two.body["sqlState"]), ("000008", &json!("0A000")));
    assert_eq!(rig.submit(ask("select 1; select 2;", "3")).await.code(), "000008");
    assert_eq!(rig.sql("select 1;").await.cell(), "1");
    let both = rig.submit(ask("select 1; -- nothing\n select 2;", "2")).await;
    let handles = both.body["statementHandles"].as_array().unwrap();
    assert_eq!(handles.len(), 2);
    let second = rig.get(&format!("/api/v2/statements/{}", handles[1].as_str().unwrap())).await;
    assert_eq!(second.cell(), "2");
    let failed = rig.submit(ask("begin; use database SPOTIFY", "0")).await;
    assert_eq!(failed.code(), "100132", "the double knows no session");
    let sql = "create role if not exists ONE; nonsense; create role if not exists TWO";
    let mut body = ask(sql, "0");
    body["role"] = json!("ACCOUNTADMIN");
    assert_eq!(rig.submit(body).await.code(), "100132");
    let roles = rig.snowflake.rows("show roles like '%o%'");
    let names: Vec<_> = roles.iter().map(|row| row[1].clone().unwrap()).collect();
    assert!(names.contains(&"ONE".to_owned()) && !names.contains(&"TWO".to_owned()), "{names:?}");
    let mut bound = ask("select ?; select 2", "2");
    bound["bindings"] = json!({"1": {"type": "TEXT", "value": "x"}});
    assert_eq!(rig.submit(bound).await.status, 422);
}

#[tokio::test]
async fn a_dynamic_table_is_as_old_as_its_lag() {
    let rig = Rig::new();
    rig.snowflake.admin(
        "create schema if not exists SPOTIFY.CORE; create dynamic table if not exists SPOTIFY.CORE.SONGS \
         target_lag = '10 minutes' warehouse = WH as select id, name from SPOTIFY.RAW.SONGS \
         qualify row_number() over (partition by id order by extracted_at desc) = 1",
    );
    rig.put_parquet(&format!("{PREFIX}a.parquet"), &songs(2));
    rig.insert_files(&["a.parquet"]).await;
    assert_eq!(rig.snowflake.row_count("SPOTIFY.RAW.SONGS"), 2);
    assert_eq!(rig.snowflake.row_count("SPOTIFY.CORE.SONGS"), 0);
    rig.snowflake.advance_clock(std::time::Duration::from_secs(600));
    assert_eq!(rig.snowflake.row_count("SPOTIFY.CORE.SONGS"), 2);
}

#[tokio::test]
async fn the_default_namespace_completes_names() {
    let place = Some(("SPOTIFY".to_owned(), Some("RAW".to_owned())));
    let rig = Rig::empty(|config| FakeConfig { default_namespace: place, ..config });
    rig.snowflake.admin(SETUP);
    assert_eq!(rig.sql("select count(*) from songs").await.cell(), "0");
}
