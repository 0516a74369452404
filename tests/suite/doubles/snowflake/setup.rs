//! Every statement of `sql/snowflake` runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::rig::{Reply, Rig};
use crate::support::TABLES;
use snowtrack_doubles::snowflake::{FakeSnowflake, statements};

const NAMES: [(&str, &str); 24] = [
    ("role", "LOADER"),
    ("warehouse", "WH"),
    ("database", "SPOTIFY"),
    ("schema", "RAW"),
    ("core_schema", "CORE"),
    ("marts_schema", "MARTS"),
    ("reader_role", "READER"),
    ("target_lag", "'1 hour'"),
    ("refresh_mode", "INCREMENTAL"),
    ("user", "LOADER_SVC"),
    ("public_key", "'MIIB'"),
    ("integration", "SPOTIFY_S3"),
    ("aws_role_arn", "'arn:aws:iam::123456789012:role/snowflake'"),
    ("lake_url", "'s3://lake/spotify-data/'"),
    ("stage", "SPOTIFY_S3_STAGE"),
    ("auto_ingest", "false"),
    ("file_format", "PARQUET_V1"),
    ("pattern", "'.*[.]parquet'"),
    ("since", "'2026-01-05T06:07:08Z'"),
    ("files", "'a.parquet'"),
    ("table_comment", "'what a row is'"),
    ("run_id_comment", "'the run'"),
    ("extracted_at_comment", "'its start'"),
    ("row_hash_comment", "'its hash'"),
];

fn path_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/snowflake").join(name)
}

fn read(name: &str) -> String {
    let path = path_of(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What the program makes of a table's description, in types and texts that every version of Snowflake takes.
fn described(table: &str) -> [(&'static str, String); 8] {
    let core = read("../duckdb/schema/030_core.sql");
    let (before, after) = core.split_once(&format!("core.{table} (")).unwrap();
    let key = before.rsplit_once("-- key: ").unwrap().1.lines().next().unwrap();
    let lines = after.lines().skip(1).map(str::trim);
    let lines: Vec<&str> = lines.take_while(|line| !line.starts_with("run_id ")).collect();
    let kind = |words: &str| match words.trim_start() {
        words if words.starts_with("integer") => "number(10, 0)",
        words if words.starts_with("timestamp") => "timestamp_ntz(6)",
        words if words.starts_with("date") => "date",
        words if words.starts_with("boolean") => "boolean",
        _ => "varchar",
    };
    let columns: Vec<(&str, &str)> = lines
        .iter()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, rest)| (name, kind(rest)))
        .collect();
    let names = |form: &dyn Fn(&str) -> String| {
        columns.iter().map(|(name, _)| form(name)).collect::<Vec<_>>().join(", ")
    };
    let ddl: Vec<String> = columns
        .iter()
        .map(|(name, kind)| {
            let is_key = key.split(", ").any(|part| part == *name);
            format!("{name} {kind}{}", if is_key { " not null" } else { "" })
        })
        .collect();
    let current: Vec<String> = columns
        .iter()
        .map(|(name, kind)| format!("{name} {kind} comment 'what it''s for; NULL = unknown'"))
        .collect();
    [
        ("current_columns", current.join(", ")),
        ("landing_table", table.to_owned()),
        ("landing_columns", ddl.join(", ")),
        ("columns", names(&str::to_owned)),
        ("key", key.to_owned()),
        ("row_key", format!("concat_ws(chr(31), {key})")),
        ("column_texts", names(&|name| format!(r"coalesce(to_varchar({name}), '\\N')"))),
        ("column_values", names(&|name| format!("to_varchar({name}) as {name}_value"))),
    ]
}

/// Fills the placeholders as the program would.
fn filled(text: &str, table: &str) -> String {
    let without_end = |sql: String| sql.trim_end().trim_end_matches(';').to_owned();
    let mut text = text.to_owned();
    for (name, folder) in [("canonical_rows", "canonical"), ("current_rows", "current")] {
        let placeholder = format!("{{{name}}}");
        if text.contains(&placeholder) {
            let own = format!("{folder}/{table}.sql");
            let has_own = path_of(&own).exists();
            let template = if has_own { own } else { format!("{folder}/each_table.sql") };
            text = text.replace(&placeholder, &without_end(read(&template)));
        }
    }
    text = text.replace("{source}", "{database}.{schema}.{table}");
    for (name, value) in described(table) {
        text = text.replace(&format!("{{{name}}}"), &value);
    }
    for (name, value) in NAMES {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    text.replace("{table}", &table.to_uppercase())
        .replace("{folder}", table)
        .replace("{pipe}", &format!("{}_PARQUET_REST_V1", table.to_uppercase()))
}

/// The columns of a landing table that may not be NULL, as Snowflake describes it.
pub(crate) fn required(snowflake: &FakeSnowflake, table: &str) -> BTreeSet<String> {
    let columns = snowflake.rows(&format!("desc table SPOTIFY.RAW.{table}"));
    let required = columns.into_iter().filter(|column| column[3].as_deref() == Some("N"));
    required.map(|column| column[0].as_deref().unwrap().to_lowercase()).collect()
}

/// Those that must be: its key, and what says where a row came from. A file whose columns have other names is refused for them.
pub(crate) fn required_of(table: &str) -> BTreeSet<String> {
    let [.., (_, key), _, _, _] = &described(table);
    let origin = ["run_id", "extracted_at", "row_hash", "_file_name", "_file_row_number"];
    key.split(", ").chain(origin).map(str::to_owned).collect()
}

async fn run(rig: &Rig, sql: &str, role: &str, binding: Option<Value>) -> Vec<Reply> {
    let mut replies = Vec::new();
    for statement in statements(sql) {
        let mut body = json!({"statement": statement, "role": role, "warehouse": "WH"});
        if let Some(value) = &binding {
            // For every open place the same.
            let count = body["statement"].as_str().unwrap().matches('?').count();
            for place in 1..=count {
                let text = json!({"type": "TEXT", "value": value.to_string()});
                body["bindings"][place.to_string()] = text;
            }
        }
        let reply = rig.submit(body).await;
        assert_eq!(reply.status, 200, "{statement}\n{reply:?}");
        replies.push(reply);
    }
    replies
}

/// A double that was set up with our own SQL: the administrator's part, then the owner's.
async fn set_up() -> Rig {
    let rig = Rig::empty(|config| config);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/snowflake/setup");
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    for name in names {
        let text = read(&format!("setup/{}", name.to_str().unwrap()));
        let role = if text.contains("audience: admin") { "ACCOUNTADMIN" } else { "LOADER" };
        let is_template = text.contains("A template, once per table");
        for table in if is_template { &TABLES[..] } else { &TABLES[..1] } {
            run(&rig, &filled(&text, table), role, None).await;
        }
    }
    rig
}

#[tokio::test]
async fn the_setup_runs_twice_and_its_second_run_changes_nothing() {
    let rig = set_up().await;
    let created = || rig.snowflake.rows("show tables in schema SPOTIFY.RAW").len();
    assert_eq!(created(), TABLES.len());
    assert_eq!(rig.snowflake.rows("show pipes in schema SPOTIFY.RAW").len(), TABLES.len());
    assert_eq!(
        rig.snowflake.rows("show dynamic tables in schema SPOTIFY.CORE").len(),
        TABLES.len()
    );
    for table in TABLES {
        assert_eq!(required(&rig.snowflake, table), required_of(table), "{table}");
    }
    let again =
        run(&rig, &filled(&read("setup/100_landing_table.sql"), "songs"), "LOADER", None).await;
    assert_eq!(again[0].body["data"], json!([["SONGS already exists, statement succeeded."]]));
}

#[tokio::test]
async fn everything_else_runs_on_what_the_setup_made() {
    let rig = set_up().await;
    run(&rig, &filled(&read("observe.sql"), "songs"), "ACCOUNTADMIN", None).await;
    for table in TABLES {
        run(&rig, &filled(&read("observe_table.sql"), table), "LOADER", None).await;
        for (name, binding) in [
            ("verify/landed.sql", Some(json!(["a"]))),
            ("verify/pipe_status.sql", None),
            ("compare/counts.sql", None),
            ("compare/buckets.sql", None),
            ("compare/keys.sql", Some(json!(["00"]))),
            ("compare/rows.sql", Some(json!(["a"]))),
        ] {
            run(&rig, &filled(&read(name), table), "LOADER", binding).await;
        }
        run(&rig, &filled(&read("load.sql"), table), "LOADER", None).await;
        let now = super::rig::now().format("'%Y-%m-%dT%H:%M:%SZ'").to_string();
        let history = read("verify/copy_history.sql").replace("{since}", &now);
        run(&rig, &filled(&history, table), "LOADER", Some(json!("run"))).await;
    }
}

#[tokio::test]
async fn a_reader_reads_current_rows_and_nothing_that_was_landed() {
    let rig = set_up().await;
    rig.snowflake
        .admin("grant role READER to user LOADER_SVC; grant usage on warehouse WH to role READER");
    let ask = async |statement: &str| {
        rig.submit(json!({"statement": statement, "role": "READER", "warehouse": "WH"})).await
    };
    for table in TABLES {
        let read = ask(&format!("select count(*) from SPOTIFY.CORE.{table}")).await;
        assert_eq!((read.status, &read.body["data"]), (200, &json!([["0"]])), "{read:?}");
        let denied = ask(&format!("select count(*) from SPOTIFY.RAW.{table}")).await;
        assert_eq!((denied.status, &denied.body["code"]), (422, &json!("002003")), "{denied:?}");
    }
    rig.snowflake.admin("create table if not exists SPOTIFY.MARTS.LATER (id varchar)");
    assert_eq!(ask("select count(*) from SPOTIFY.MARTS.LATER").await.status, 200);
    let written = ask("insert into SPOTIFY.MARTS.LATER values ('x')").await;
    assert_ne!(written.status, 200, "{written:?}");
    rig.snowflake.allow_violations();
}
