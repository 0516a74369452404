//! Rules 21 and 23: loads of real bytes.

use std::io::Write;

use serde_json::{Value, json};

use super::rig::{PREFIX, Rig, SETUP, songs};
use snowtrack_doubles::snowflake::{Latency, LoadFault, statements};

const TABLE: &str = "SPOTIFY.RAW.SONGS";

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// The first file of the report.
async fn loaded(rig: &Rig, path: &str) -> Value {
    rig.insert_files(&[path]).await;
    let report = rig.report().await;
    let files = report.body["files"].as_array().unwrap();
    files.iter().find(|file| file["path"] == path).unwrap_or_else(|| panic!("{report:?}")).clone()
}

#[tokio::test]
async fn columns_are_matched_by_name_and_metadata_is_added() {
    let rig = Rig::new();
    rig.put_parquet(
        &format!("{PREFIX}a.parquet"),
        &format!("select *, 1 as extra, 'x' as _file_name from ({})", songs(2)),
    );
    assert_eq!(loaded(&rig, "a.parquet").await["status"], "LOADED");
    let rows = rig.snowflake.rows(
        "select id, name, to_varchar(added_at, 'YYYY-MM-DD HH24:MI:SS'), duration_ms, _file_name, _file_row_number \
         from SPOTIFY.RAW.SONGS order by _file_row_number",
    );
    let key = format!("{PREFIX}a.parquet");
    let texts: Vec<Vec<&str>> =
        rows.iter().map(|row| row.iter().map(|cell| cell.as_deref().unwrap()).collect()).collect();
    assert_eq!(
        texts,
        [
            ["s0", "Song 0", "2024-05-01 10:00:00", "0", &key, "1"],
            ["s1", "Song 1", "2024-05-01 10:00:01", "1", &key, "2"],
        ]
    );
}

#[tokio::test]
async fn a_file_without_a_required_column_is_skipped_and_one_that_fits_nothing_is_rows_of_null() {
    let rig = Rig::new();
    rig.put_parquet(
        &format!("{PREFIX}a.parquet"),
        "select 'x' as song_id, 'y' as title from range(3)",
    );
    let file = loaded(&rig, "a.parquet").await;
    assert_eq!((&file["status"], &file["rowsInserted"]), (&json!("LOAD_FAILED"), &json!(0)));
    assert_eq!(
        (&file["rowsParsed"], &file["errorsSeen"], &file["firstErrorLineNum"]),
        (&json!(3), &json!(3), &json!(1))
    );
    assert_eq!(file["firstError"], "NULL result in a non-nullable column");
    assert!(file["firstErrorColumnName"].as_str().unwrap().contains("ID"));
    // The same file into a table that requires nothing: the right count, and nothing in it.
    let rig = Rig::empty(|config| config);
    rig.snowflake.admin(&SETUP.replace(" not null,", ","));
    rig.put_parquet(
        &format!("{PREFIX}a.parquet"),
        "select 'x' as song_id, 'y' as title from range(3)",
    );
    assert_eq!(loaded(&rig, "a.parquet").await["rowsInserted"], 3);
    let full = "select count(*) from SPOTIFY.RAW.SONGS where id is not null or name is not null";
    assert_eq!(rig.snowflake.rows(full)[0][0].as_deref(), Some("0"));
}

#[tokio::test]
async fn a_value_that_does_not_fit_skips_the_file_or_only_its_row() {
    for (option, status, inserted) in
        [("skip_file", "LOAD_FAILED", 0), ("continue", "PARTIALLY_LOADED", 2)]
    {
        let rig = Rig::empty(|config| config);
        rig.snowflake
            .admin(&SETUP.replace("on_error = skip_file", &format!("on_error = {option}")));
        let select = format!(
            "select * replace (case when duration_ms = 1 then 'long' else '5' end as duration_ms) from ({})",
            songs(3)
        );
        rig.put_parquet(&format!("{PREFIX}a.parquet"), &select);
        let file = loaded(&rig, "a.parquet").await;
        assert_eq!((&file["status"], &file["rowsInserted"]), (&json!(status), &json!(inserted)));
        assert_eq!((&file["rowsParsed"], &file["errorsSeen"]), (&json!(3), &json!(1)));
        assert_eq!(file["firstError"], "Numeric value 'long' is not recognized");
        assert_eq!(file["firstErrorLineNum"], 2);
    }
}

#[tokio::test]
async fn timestamps_need_logical_types() {
    let rig = Rig::empty(|config| config);
    rig.snowflake.admin(&SETUP.replace(" use_vectorized_scanner = true", ""));
    rig.put_parquet(&format!("{PREFIX}a.parquet"), &songs(1));
    assert_eq!(loaded(&rig, "a.parquet").await["status"], "LOAD_FAILED");
    rig.complains_of("would land in the year 55,000,000");
}

#[tokio::test]
async fn bytes_that_are_no_parquet_fail() {
    let rig = Rig::new();
    rig.put(&format!("{PREFIX}a.parquet"), b"not a parquet file at all");
    let file = loaded(&rig, "a.parquet").await;
    assert_eq!((&file["status"], &file["rowsParsed"]), (&json!("LOAD_FAILED"), &json!(0)));
    assert!(file["firstError"].as_str().unwrap().len() > 10);
}

/// The setup with a pipe for CSV under the name of the other.
fn csv_setup() -> String {
    SETUP
        .replace("'SPOTIFY.RAW.PARQUET_V1'", "'SPOTIFY.RAW.CSV_V1'")
        .replace(".*[.]parquet", ".*[.]csv[.]gz")
}

#[tokio::test]
async fn csv_tells_null_from_nothing_and_keeps_quotes_and_line_breaks() {
    let rig = Rig::empty(|config| config);
    rig.snowflake.admin(&csv_setup());
    let text = "id,name,added_at,duration_ms,run_id,extracted_at,row_hash\n\
        s0,\\N,2024-05-01T10:00:00.000000,5,r,2026-01-05T06:07:08.123456,18446744073709551615\n\
        s1,,\\N,\\N,r,2026-01-05T06:07:08.000000,2\n\
        s2,\"say \"\"hi\"\",\nplease\",\\N,\\N,r,2026-01-05T06:07:08.000000,3\n";
    rig.put(&format!("{PREFIX}a.csv.gz"), &gzip(text));
    let file = loaded(&rig, "a.csv.gz").await;
    assert_eq!((&file["status"], &file["rowsInserted"]), (&json!("LOADED"), &json!(3)), "{file}");
    let rows = rig
        .snowflake
        .rows("select id, name, added_at, row_hash from SPOTIFY.RAW.SONGS order by id");
    assert_eq!((&rows[0][1], rows[1][1].as_deref()), (&None, Some("")));
    assert_eq!(rows[2][1].as_deref(), Some("say \"hi\",\nplease"));
    // date -ud 2024-05-01T10:00:00 +%s
    assert_eq!(rows[0][2].as_deref(), Some("1714557600.000000000"));
    assert_eq!(rows[0][3].as_deref(), Some("18446744073709551615"));
    let bad = "id,run_id,extracted_at,row_hash\ns9,r,05.01.2026,1\n";
    rig.put(&format!("{PREFIX}b.csv.gz"), &gzip(bad));
    let file = loaded(&rig, "b.csv.gz").await;
    assert_eq!(file["firstError"], "Timestamp '05.01.2026' is not recognized");
}

#[tokio::test]
async fn csv_knows_an_empty_field_from_an_empty_text_and_null_if_looks_into_quotes() {
    // Options, and what becomes of the names of four rows: nothing, empty in quotes, `\N` without and with quotes.
    let cases = [
        ("null_if = () empty_field_as_null = true", [None, Some(""), Some("\\N"), Some("\\N")]),
        (
            "null_if = () empty_field_as_null = false",
            [Some(""), Some(""), Some("\\N"), Some("\\N")],
        ),
        ("null_if = ('\\\\N') empty_field_as_null = true", [None, Some(""), None, None]),
        // The default of null_if is `\\N`, and that of empty_field_as_null is true.
        ("", [None, Some(""), None, None]),
    ];
    for (options, names) in cases {
        let rig = Rig::empty(|config| config);
        let setup = csv_setup().replace("null_if = ('\\\\N') empty_field_as_null = false", options);
        rig.snowflake.admin(&setup);
        let row =
            |id: u32, name: &str| format!("s{id},{name},,,r,2026-01-05T06:07:08.000000,{id}\n");
        let written = ["", "\"\"", "\\N", "\"\\N\""];
        let rows: String = (0..).zip(written).map(|(id, name)| row(id, name)).collect();
        let header = "id,name,added_at,duration_ms,run_id,extracted_at,row_hash\n";
        rig.put(&format!("{PREFIX}a.csv.gz"), &gzip(&format!("{header}{rows}")));
        let file = loaded(&rig, "a.csv.gz").await;
        if options.contains("empty_field_as_null = false") {
            // Nothing is no number and no time.
            assert_eq!(file["status"], "LOAD_FAILED", "{file}");
            continue;
        }
        assert_eq!(file["status"], "LOADED", "{options}: {file}");
        let found = rig.snowflake.rows("select name from SPOTIFY.RAW.SONGS order by id");
        let found: Vec<Option<&str>> = found.iter().map(|row| row[0].as_deref()).collect();
        assert_eq!(found, names, "{options}");
    }
}

#[tokio::test]
async fn parquet_has_null_if_as_well_and_its_default_is_a_text() {
    for (options, name, shown) in [
        ("null_if = ()", Some("\\N"), "[]"),
        ("null_if = ('NULL')", Some("\\N"), "[NULL]"),
        ("null_if = ('NULL', '\\\\N')", None, "[NULL, \\N]"),
        ("", None, "[\\N]"),
    ] {
        let rig = Rig::empty(|config| config);
        let format = format!("use_vectorized_scanner = true {options}");
        rig.snowflake.admin(&SETUP.replace("use_vectorized_scanner = true", &format));
        let song = songs(1).replacen("'Song ' || i as name", r"'\N' as name", 1);
        rig.put_parquet(&format!("{PREFIX}a.parquet"), &song);
        assert_eq!(loaded(&rig, "a.parquet").await["status"], "LOADED", "{options}");
        let rows = rig.snowflake.rows("select name from SPOTIFY.RAW.SONGS");
        assert_eq!(rows[0][0].as_deref(), name, "{options}");
        let listed = rig.snowflake.rows("desc file format SPOTIFY.RAW.PARQUET_V1");
        let null_if = listed.iter().find(|row| row[0].as_deref() == Some("NULL_IF")).unwrap();
        assert_eq!(null_if[2].as_deref(), Some(shown), "{options}");
        // Changed in place, it reads the next file so.
        let change = "alter file format SPOTIFY.RAW.PARQUET_V1 set null_if = ()";
        rig.snowflake.admin(change);
        rig.put_parquet(&format!("{PREFIX}b.parquet"), &song);
        loaded(&rig, "b.parquet").await;
        let rows = rig.snowflake.rows("select name from SPOTIFY.RAW.SONGS order by _file_name");
        assert_eq!(rows[1][0].as_deref(), Some("\\N"), "{options}");
    }
}

#[tokio::test]
async fn csv_that_breaks_its_own_quotes_is_refused() {
    for (text, why) in [
        ("id,run_id\n\"s1,r\n", "End of record reached"),
        ("id,run_id\n\"s1\"x,r\n", "Found character 'x' instead of field delimiter ','"),
    ] {
        let rig = Rig::empty(|config| config);
        rig.snowflake.admin(&csv_setup());
        rig.put(&format!("{PREFIX}a.csv.gz"), &gzip(text));
        let file = loaded(&rig, "a.csv.gz").await;
        assert!(file["firstError"].as_str().unwrap().contains(why), "{file}");
    }
}

#[tokio::test]
async fn a_pipe_is_refused_whose_options_do_not_go_together() {
    for (setup, code) in [
        (SETUP.replace("match_by_column_name = case_insensitive\n", ""), "001008"),
        (SETUP.replace("_loaded_at = metadata", "_nobody = metadata"), "000904"),
        (SETUP.replace("metadata$filename", "metadata$file"), "000904"),
        (SETUP.replace("on_error = skip_file", "on_error = abort_statement"), "001008"),
        (SETUP.replace("on_error = skip_file", "on_error = skip_file force = true"), "001008"),
        (SETUP.replace("on_error = skip_file", "files = ('a')"), "001008"),
        (
            SETUP.replace(
                "format_name = 'SPOTIFY.RAW.PARQUET_V1'",
                "format_name = 'SPOTIFY.RAW.NOBODY'",
            ),
            "002003",
        ),
        (csv_setup().replace("parse_header = true", "parse_header = false"), "001008"),
        (csv_setup().replace("error_on_column_count_mismatch = false", ""), "001008"),
        (SETUP.replace("url = 's3://lake/spotify-data/'", "url = 's3://elsewhere/'"), "001008"),
    ] {
        let rig = Rig::empty(|config| config);
        let upto = setup.find("grant usage on database").unwrap();
        let mut last = None;
        for statement in statements(&setup[..upto]) {
            let reply = rig.submit(json!({"statement": statement, "role": "ACCOUNTADMIN"})).await;
            if reply.status != 200 {
                last = Some(reply.code().to_owned());
                break;
            }
        }
        assert_eq!(last.as_deref(), Some(code), "{setup}");
    }
}

#[tokio::test]
async fn a_stage_without_a_slash_is_a_prefix_and_a_complaint() {
    let rig = Rig::empty(|config| config);
    rig.snowflake.admin(
        &SETUP.replace("url = 's3://lake/spotify-data/'", "url = 's3://lake/spotify-data/x'"),
    );
    rig.complains_of("has no slash at its end");
}

/// The setup with a pipe that listens to events.
fn auto_setup() -> String {
    SETUP.replace("auto_ingest = false", "auto_ingest = true")
}

#[tokio::test]
async fn a_path_without_a_slash_loads_its_neighbours_too() {
    for (path, count) in [("raw/songs/", 1), ("raw/songs", 2)] {
        let rig = Rig::empty(|config| config);
        rig.snowflake.admin(&auto_setup().replace("raw/songs/", path));
        rig.put_parquet(&format!("{PREFIX}a.parquet"), &songs(1));
        rig.put_parquet("spotify-data/raw/songs_by_year/a.parquet", &songs(1));
        rig.put_parquet("spotify-data-old/raw/songs/a.parquet", &songs(1));
        assert_eq!(rig.snowflake.row_count(TABLE), count, "{path}");
        if count == 2 {
            rig.complains_of("is a prefix");
        }
    }
}

#[tokio::test]
async fn only_events_that_the_bucket_sends_reach_the_pipe() {
    for (subscribed, prefix, is_loaded) in [
        ("s3:ObjectCreated:*", "spotify-data/", true),
        ("s3:ObjectCreated:Put", "spotify-data/", false),
        ("s3:ObjectCreated:*", "elsewhere/", false),
    ] {
        let rig = Rig::empty(|config| config);
        rig.snowflake.admin(&auto_setup());
        rig.snowflake.let_events_arrive(false);
        rig.snowflake.subscribe(subscribed, prefix);
        let key = format!("{PREFIX}a.parquet");
        rig.put_parquet(&key, &songs(2));
        let is_sent = rig.snowflake.object_created(&key, "ObjectCreated:CompleteMultipartUpload");
        assert_eq!((is_sent, rig.snowflake.row_count(TABLE) == 2), (is_loaded, is_loaded));
    }
}

#[tokio::test]
async fn a_file_may_be_committed_in_parts() {
    let rig = Rig::new();
    rig.put_parquet(&format!("{PREFIX}a.parquet"), &songs(10));
    rig.snowflake.script_load("a.parquet", 1, LoadFault::InParts(3));
    rig.insert_files(&["a.parquet"]).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let report = rig.report().await;
        let file = &report.body["files"][0];
        seen.push((
            file["status"].as_str().unwrap().to_owned(),
            file["rowsInserted"].as_u64().unwrap(),
        ));
    }
    let expected =
        [("LOAD_IN_PROGRESS", 3), ("LOAD_IN_PROGRESS", 6), ("LOADED", 10), ("LOADED", 10)];
    assert_eq!(seen, expected.map(|(status, count)| (status.to_owned(), count)));
    assert_eq!(rig.snowflake.row_count(TABLE), 10);
}

#[tokio::test]
async fn loads_can_wait_for_looks() {
    let rig = Rig::new();
    rig.snowflake.let_loads_take(Latency::Looks(2));
    rig.put_parquet(&format!("{PREFIX}a.parquet"), &songs(1));
    rig.insert_files(&["a.parquet"]).await;
    for count in [0, 0, 1] {
        assert_eq!(rig.report().await.body["files"].as_array().unwrap().len(), count);
    }
}

#[tokio::test]
async fn loads_can_lie() {
    // Rows, different rows, sum of the hashes as sent, sum of the hashes of what is there.
    let check = "select count(*), count(distinct _file_row_number), to_varchar(sum(row_hash)), \
                 to_varchar(sum(md5_number_upper64(concat_ws(chr(31), id, name)))) from SPOTIFY.RAW.SONGS";
    let mut seen = Vec::new();
    for fault in
        [None, Some(LoadFault::DropRow), Some(LoadFault::CorruptValue), Some(LoadFault::LoadTwice)]
    {
        let rig = Rig::new();
        rig.put_parquet(&format!("{PREFIX}a.parquet"), &songs(3));
        if let Some(fault) = fault {
            rig.snowflake.script_load("a.parquet", 1, fault);
        }
        let file = loaded(&rig, "a.parquet").await;
        assert_eq!((&file["status"], &file["rowsInserted"]), (&json!("LOADED"), &json!(3)));
        let row = rig.snowflake.rows(check).remove(0);
        seen.push(row.into_iter().map(Option::unwrap).collect::<Vec<_>>());
    }
    let [right, dropped, corrupt, twice] = &seen[..] else { panic!() };
    assert_eq!(right[..2], ["3", "3"]);
    assert_eq!(right[2], right[3]);
    assert_eq!(dropped[..2], ["2", "2"]);
    assert_eq!((&corrupt[..3], corrupt[3] == right[3]), (&right[..3], false));
    assert_eq!(twice[..2], ["6", "3"]);
    let rig = Rig::new();
    rig.put_parquet(&format!("{PREFIX}a.parquet"), &songs(3));
    rig.snowflake.script_load("a.parquet", 1, LoadFault::Fail("internal error".to_owned()));
    assert_eq!(loaded(&rig, "a.parquet").await["firstError"], "internal error");
}

#[tokio::test]
async fn the_load_that_is_meant_goes_wrong_and_neither_the_one_before_nor_the_one_after() {
    let rig = Rig::new();
    rig.snowflake.script_nth_load(PREFIX, 2, 1, LoadFault::Fail("internal error".to_owned()));
    let mut seen = Vec::new();
    for (count, name) in [(1, "a.parquet"), (2, "b.parquet"), (3, "c.parquet")] {
        rig.put_parquet(&format!("{PREFIX}{name}"), &songs(count));
        seen.push(loaded(&rig, name).await["status"].clone());
    }
    assert_eq!(seen, ["LOADED", "LOAD_FAILED", "LOADED"]);
    assert_eq!(rig.snowflake.unused_faults(), 0);
}

fn copy(files: &str, option: &str) -> String {
    let pipe = SETUP.split("as\n").nth(1).unwrap().split(';').next().unwrap();
    let copy = pipe.replace("pattern = '.*[.]parquet'", &format!("files = ({files})"));
    copy.replace("on_error = skip_file", option)
}

#[tokio::test]
async fn copy_loads_named_files_and_remembers_them_apart_from_the_pipe() {
    let rig = Rig::new();
    rig.put_parquet(&format!("{PREFIX}a.parquet"), &songs(3));
    rig.put_parquet(&format!("{PREFIX}b.parquet"), "select 1 as x");
    let sql = copy("'a.parquet', 'b.parquet'", "on_error = skip_file");
    let reply = rig.sql(&sql).await;
    let heads = reply.body["resultSetMetaData"]["rowType"].as_array().unwrap();
    assert_eq!((&heads[0]["name"], &heads[3]["name"]), (&json!("file"), &json!("rows_loaded")));
    let rows = &reply.body["data"];
    let url = "s3://lake/spotify-data/raw/songs";
    assert_eq!(
        rows[0],
        json!([format!("{url}/a.parquet"), "LOADED", "3", "3", "1", "0", null, null, null, null])
    );
    assert_eq!((&rows[1][1], &rows[1][3]), (&json!("LOAD_FAILED"), &json!("0")));
    assert_eq!(rig.snowflake.counters().warehouse_statement_count, 1);
    let again = rig.sql(&copy("'a.parquet'", "on_error = skip_file")).await;
    assert_eq!(again.cell(), "Copy executed with 0 files processed.");
    // The pipe has never heard of it.
    assert_eq!(loaded(&rig, "a.parquet").await["status"], "LOADED");
    assert_eq!(rig.snowflake.row_count(TABLE), 6);
    rig.snowflake.advance_clock(std::time::Duration::from_secs(65 * 86_400));
    rig.sql(&copy("'a.parquet'", "on_error = skip_file")).await;
    assert_eq!(rig.snowflake.row_count(TABLE), 9, "after 64 days it is forgotten");
    let aborted = rig.sql(&copy("'b.parquet'", "")).await;
    assert_eq!((aborted.status, aborted.code()), (422, "100080"));
    rig.sql(&copy("'a.parquet'", "force = true")).await;
    rig.complains_of("COPY with FORCE");
}
