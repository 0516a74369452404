//! Rules 7 to 19: statements.

use serde_json::json;

use super::rig::{PREFIX, Rig, songs};

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
    assert_eq!(
        reply.body["data"],
        json!([[
            "1",
            "x",
            "true",
            "10",
            "-0.500000000",
            "1616127219.500000000 1560",
            null,
            "1.50"
        ]])
    );
    let types = reply.body["resultSetMetaData"]["rowType"].as_array().unwrap();
    let names: Vec<_> = types.iter().map(|column| column["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["A", "b", "C", "D", "E", "F", "G", "H"]);
    assert_eq!(rig.snowflake.counters().warehouse_statement_count, 0);
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
