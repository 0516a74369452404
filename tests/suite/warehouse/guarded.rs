//! What others' SQL may do through `query`: answer, within its limits, and nothing else.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use duckdb::Connection;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::World;

pub(crate) fn published() -> World {
    let world = World::new();
    assert!(world.run(&["-q", "run", "--demo"]).status.success());
    world
}

/// Each file of the folder by its path, as its digest.
pub(crate) fn digests(world: &World) -> BTreeMap<String, Vec<u8>> {
    let digest = |name: String| {
        let bytes = std::fs::read(world.path(&name)).unwrap();
        (name, Sha256::digest(bytes).to_vec())
    };
    world.files(".").into_iter().map(digest).collect()
}

/// A file of the world that an attack reaches for.
pub(crate) fn baited() -> World {
    let world = published();
    world.write("bait.csv", "a,b\nsecret-4711,2\n");
    let other = Connection::open(world.path("other.duckdb")).unwrap();
    other.execute_batch("create table secret as select 'secret-4711' as s").unwrap();
    world
}

/// Each attack with a word of its refusal; `$D` is the world's folder.
pub(crate) const ATTACKS: [(&str, &str); 98] = [
    // Writes.
    ("insert into core.songs select * from core.songs", "`insert`"),
    ("create table core.t as select 1", "`create`"),
    ("create temp table t as select 1", "`create`"),
    ("create temp macro m() as 1", "`create`"),
    ("create view v as select 1", "`create`"),
    ("drop table core.songs", "`drop`"),
    ("update core.songs set name = 'x'", "`update`"),
    ("delete from core.songs", "`delete`"),
    ("truncate core.songs", "`truncate`"),
    ("alter table core.songs add column x int", "`alter`"),
    ("merge into core.songs using core.songs b on false when not matched then insert", "`merge`"),
    (
        "with x as (insert into core.songs select * from core.songs returning *) select * from x",
        "error",
    ),
    ("from (delete from core.songs returning *)", "error"),
    ("select 1; drop table core.songs", "more than one statement (`drop`"),
    ("select 1; select 2", "more than one statement (`select`"),
    ("select ';drop'; select 2", "more than one statement (`select`"),
    ("drop table core.songs; select 1", "not one query"),
    ("explain select 1; drop table core.songs", "more than one statement (`drop`"),
    // Files out.
    ("copy core.songs to '$D/out.csv'", "`copy`"),
    ("copy (select 1) to '/dev/stdout'", "`copy`"),
    ("explain analyze copy (select 1) to '$D/out.csv'", "`copy`"),
    ("explain copy (select 1) to '$D/out.csv'", "`copy`"),
    ("export database '$D/out'", "`export`"),
    ("import database '$D'", "`import`"),
    ("copy from database spotify to memory", "`copy`"),
    // Files in.
    ("select * from read_csv('$D/bait.csv')", "`read_csv`"),
    ("select * from READ_CSV_AUTO('$D/bait.csv')", "`read_csv_auto`"),
    ("select content from read_text('$D/bait.csv')", "`read_text`"),
    ("select content from read_blob('/etc/hostname')", "`read_blob`"),
    ("from read_parquet('x')", "`read_parquet`"),
    ("from parquet_scan('x')", "`parquet_scan`"),
    ("from read_json('x')", "`read_json`"),
    ("from read_ndjson_objects('x')", "`read_ndjson_objects`"),
    ("from read_duckdb('$D/other.duckdb', table_name = 'secret')", "`read_duckdb`"),
    ("from parquet_metadata('x.parquet')", "`parquet_metadata`"),
    ("from glob('/etc/*')", "`glob`"),
    ("from sniff_csv('$D/bait.csv')", "`sniff_csv`"),
    ("from '$D/bait.csv'", "is no table but a file"),
    ("from 'bait.csv'", "is no table but a file"),
    ("from \"bait.csv\"", "is no table but a file"),
    ("from bait.csv", "is no table but a file"),
    ("from 'x.parquet'", "is no table but a file"),
    ("from '/etc/passwd'", "is no table but a file"),
    ("from 'https://127.0.0.1:9/x'", "is no table but a file"),
    ("summarize '$D/bait.csv'", "is no table but a file"),
    ("describe '$D/bait.csv'", "is no table but a file"),
    ("describe select * from read_text('/etc/hostname')", "`read_text`"),
    ("explain select * from read_text('/etc/hostname')", "`read_text`"),
    ("select (select any_value(s) from '$D/other.duckdb')", "is no table but a file"),
    ("attach '$D/other.duckdb' as o", "`attach`"),
    ("attach ':memory:' as m", "`attach`"),
    ("detach spotify", "`detach`"),
    ("use memory", "`use`"),
    // The network, extensions, secrets.
    ("install httpfs", "`install`"),
    ("load httpfs", "`load`"),
    ("create secret s (type s3, key_id 'a', secret 'b')", "`create`"),
    ("from duckdb_secrets()", "`duckdb_secrets`"),
    ("from which_secret('s3://x', 's3')", "`which_secret`"),
    // The machine.
    ("select getenv('HOME')", "`getenv`"),
    ("select current_setting('home_directory')", "`home_directory`"),
    ("select current_setting(n) from (values ('temp_directory')) t(n)", "is not shown here"),
    ("from duckdb_settings()", "`duckdb_settings`"),
    ("from pg_settings", "`pg_settings`"),
    ("select path from duckdb_databases()", "`duckdb_databases`"),
    ("from duckdb_databases", "`duckdb_databases`"),
    ("from pragma_database_list", "`pragma_database_list`"),
    ("from main.PRAGMA_DATABASE_LIST", "`pragma_database_list`"),
    ("from pragma_platform()", "`pragma_platform`"),
    ("pragma database_list", "`pragma`"),
    ("call pragma_version()", "`call`"),
    // Settings.
    ("set enable_external_access = true", "`set`"),
    ("set memory_limit = '20GB'", "`set`"),
    ("set lock_configuration = false", "`set`"),
    ("set search_path = 'core'", "`set`"),
    ("set variable x = 1", "`set`"),
    ("reset lock_configuration", "`reset`"),
    ("pragma temp_directory = '$D/t'", "`pragma`"),
    ("set log_query_path = '$D/q.log'", "`set`"),
    ("prepare p as select 1", "`prepare`"),
    ("execute p", "`execute`"),
    ("checkpoint", "`checkpoint`"),
    ("force checkpoint", "`force`"),
    ("vacuum", "`vacuum`"),
    ("analyze", "`analyze`"),
    // SQL as text.
    ("from query('select 1')", "`query`"),
    ("from query_table('core.songs')", "`query_table`"),
    (
        "from json_execute_serialized_sql(json_serialize_sql('select 1'))",
        "`json_execute_serialized_sql`",
    ),
    // What writes, waits, or ends the process.
    ("select write_log('x')", "`write_log`"),
    ("select sleep_ms(10)", "`sleep_ms`"),
    ("select pg_sleep(10)", "`pg_sleep`"),
    ("select list_transform([10], lambda x: sleep_ms(x))", "`sleep_ms`"),
    ("select 1 from core.songs order by sleep_ms(1)", "`sleep_ms`"),
    ("from checkpoint()", "`checkpoint`"),
    ("from repeat_row(1, num_rows = 3)", "`repeat_row`"),
    // Nothing.
    ("", "not one query"),
    (";", "not one query"),
    ("-- alone\n", "neither an option"),
    ("/* alone */", "not one query"),
];

/// Each way to write the function that writes files, or ends the process, and three that wait.
pub(crate) const DISGUISED: [&str; 17] = [
    "call enable_logging()",
    "call enable_logging(storage = 'file', storage_path = '$D/log')",
    "from enable_logging()",
    "select * from enable_logging(storage = 'file', storage_path = '$D/log')",
    "select * from enable_logging(storage = 'stdout')",
    "select * from (from enable_logging(storage = 'file', storage_path = '$D/log'))",
    "select (select count(*) from ENABLE_LOGGING(storage = 'file', storage_path = '$D/log'))",
    "with x as (from enable_logging()) from x",
    "select 1 from core.songs, lateral (from enable_logging())",
    "from main.enable_logging()",
    "from system.main.enable_logging()",
    "from \"enable_logging\"()",
    "from /* x */ enable_logging /* y */ ()",
    "explain analyze from enable_logging()",
    "select \"sleep_ms\"(10)",
    "select system.main.sleep_ms(10)",
    "select x.sleep_ms() from (select 10 as x)",
];

#[test]
fn each_attack_is_refused_with_its_reason_and_leaves_nothing() {
    let world = baited();
    let before = digests(&world);
    let folder = world.path(".").display().to_string();
    let disguised = DISGUISED.into_iter().map(|sql| (sql, ""));
    for (sql, wanted) in ATTACKS.into_iter().chain(disguised) {
        let sql = sql.replace("$D", &folder);
        let output = world.run(&["query", "--format", "csv", "--", &sql]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{sql}: {said}");
        assert_eq!(output.stdout, b"", "{sql}");
        assert!(said.to_lowercase().contains(wanted), "{sql}: no `{wanted}` in {said}");
        assert!(!said.contains("signal") && !said.contains("4711"), "{sql}: {said}");
    }
    for sql in DISGUISED {
        let output = world.run(&["query", "--", sql]);
        let said = String::from_utf8_lossy(&output.stderr).to_lowercase();
        let is_named =
            ["enable_logging`", "sleep_ms`", "`call`"].iter().any(|it| said.contains(it));
        assert!(is_named, "{sql}: {said}");
    }
    assert!(before == digests(&world), "a file was changed, or left: {:?}", world.files("."));
}

/// What an analyst writes, each with its rows where they are few, or how many there are.
const GOOD: [(&str, &str); 58] = [
    ("select count(*) as n from songs", r#"[{"n": 409}]"#),
    ("from songs select count(*) as n", r#"[{"n": 409}]"#),
    ("from core.songs limit 3", r#"3"#),
    ("select * exclude (id) from songs limit 1", r#"1"#),
    ("select * replace (upper(name) as name) from songs limit 1", r#"1"#),
    ("select popularity, count(*) from songs group by all order by all limit 2", r#"2"#),
    ("with a as materialized (select 1 as x) select * from a", r#"[{"x": 1}]"#),
    (
        "with recursive t(n) as (select 1 union all select n + 1 from t where n < 5) select max(n) as n from t",
        r#"[{"n": 5}]"#,
    ),
    (
        "select name from songs qualify row_number() over (partition by album_id order by name) = 1 limit 1",
        r#"1"#,
    ),
    (
        "pivot (values (1, 'a'), (2, 'b')) t(n, k) on k in ('a', 'b') using sum(n)",
        r#"[{"a": 1, "b": 2}]"#,
    ),
    ("select * from (values (1, 'a')) t(n, k) pivot (sum(n) for k in ('a'))", r#"[{"a": 1}]"#),
    (
        "unpivot (select 1 as a, 2 as b) on a, b",
        r#"[{"name": "a", "value": 1}, {"name": "b", "value": 2}]"#,
    ),
    (
        "select s.a, s['a'] as b, l[1] as c, l[-1] as d from (select {'a': 1} as s, [1, 2] as l)",
        r#"[{"a": 1, "b": 1, "c": 1, "d": 2}]"#,
    ),
    ("select list_transform([1, 2], lambda x: x + 1) as l", r#"[{"l": [2, 3]}]"#),
    ("select [x * 2 for x in [1, 2, 3] if x > 1] as l", r#"[{"l": [4, 6]}]"#),
    ("select columns('na.*') from songs limit 1", r#"1"#),
    ("summarize songs", r#"11"#),
    ("describe core.songs", r#"11"#),
    ("show tables", r#"35"#),
    ("show all tables", r#"36"#),
    ("show core.songs", r#"11"#),
    ("select arg_max(name, popularity) from songs", r#"1"#),
    ("select strftime(timestamp '2026-01-02 03:04:05', '%H') as h", r#"[{"h": "03"}]"#),
    (
        "select b.n as n from (values (3)) a(n) asof join (values (1), (2)) b(n) on a.n >= b.n",
        r#"[{"n": 2}]"#,
    ),
    ("select * from songs using sample 3", r#"3"#),
    ("select * from songs tablesample reservoir(10)", r#"10"#),
    ("select distinct on (k) n from (values (1, 1), (1, 2)) t(k, n) order by n", r#"[{"n": 1}]"#),
    ("values (1), (2)", r#"[{"col0": 1}, {"col0": 2}]"#),
    ("select {'a': 1, 'b': [1, 2]} as v", r#"[{"v": {"a": 1, "b": [1, 2]}}]"#),
    ("select map {'a': 1} as m", r#"[{"m": {"a": 1}}]"#),
    ("select 1 as \"x y\", $$it's; --$$ as d", r#"[{"x y": 1, "d": "it's; --"}]"#),
    ("select quantile_cont(n, [0.0, 1.0]) as q from range(3) t(n)", r#"[{"q": [0.0, 2.0]}]"#),
    ("select count(*) filter (where n > 1) as n from range(3) t(n)", r#"[{"n": 1}]"#),
    ("select 'abc' similar to 'a.*' as y, 'ABC' ilike 'a%' as z", r#"[{"y": true, "z": true}]"#),
    ("select unnest([1, 2]) as n", r#"[{"n": 1}, {"n": 2}]"#),
    ("select u.n from (select [1, 2] as l) t, unnest(t.l) u(n)", r#"2"#),
    (
        "select t.n, x.m from range(2) t(n), lateral (select t.n + 1 as m) x",
        r#"[{"n": 0, "m": 1}, {"n": 1, "m": 2}]"#,
    ),
    ("from songs positional join albums", r#"409"#),
    ("select 10 // 3 as a, 2 ** 3 as b, 5 % 2 as c", r#"[{"a": 3, "b": 8.0, "c": 1}]"#),
    (
        "select sum(n) over (order by n rows between 2 preceding and current row) as s from range(4) t(n)",
        r#"[{"s": 0}, {"s": 1}, {"s": 3}, {"s": 6}]"#,
    ),
    ("select 'abcd'[2:3] as s", r#"[{"s": "bc"}]"#),
    ("table songs", r#"409"#),
    (
        "(select 1 as a) union all by name (select 2 as b)",
        r#"[{"a": 1, "b": null}, {"a": null, "b": 2}]"#,
    ),
    ("select try_cast('x' as int) as n", r#"[{"n": null}]"#),
    ("select value from json_each('[1, 2]')", r#"2"#),
    ("select key from json_tree('{\"a\": 1}') where key is not null", r#"[{"key": "a"}]"#),
    ("select '{\"a\": [1]}'::json->'a'->>0 as v", r#"[{"v": "1"}]"#),
    ("select * from generate_series(1, 3)", r#"3"#),
    ("select table_name from information_schema.tables where table_schema = 'core'", r#"10"#),
    ("select count(*) as n from duckdb_columns() where table_name = 'songs'", r#"[{"n": 11}]"#),
    ("explain select 1", r#"1"#),
    ("EXPLAIN ANALYZE (from songs)", r#"1"#),
    ("select 1 as result, 2 as \"each\"", r#"[{"result": 1, "each": 2}]"#),
    (
        "select playlist_name from playlist_overview where playlist_id = 'liked'",
        r#"[{"playlist_name": "Liked Songs"}]"#,
    ),
    ("-- c\nselect 1 as n /* x; */; -- ;", r#"[{"n": 1}]"#),
    ("select ';' as a, 1 as n -- ;\n;", r#"[{"a": ";", "n": 1}]"#),
    ("select 1 -- a;b\n+ 1 as n;", r#"[{"n": 2}]"#),
    ("select 1 as \"a.csv\" from (select 1) \"x/y\"", r#"[{"a.csv": 1}]"#),
];

#[test]
fn what_an_analyst_writes_is_answered() {
    let world = published();
    for (sql, wanted) in GOOD {
        let wanted: Value = serde_json::from_str(wanted).unwrap();
        let output = world.run(&["--json", "query", "--", sql]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{sql}: {said}");
        let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
        match wanted.as_u64() {
            Some(count) => assert_eq!(rows.as_array().unwrap().len() as u64, count, "{sql}"),
            None => assert_eq!(rows, wanted, "{sql}"),
        }
    }
}

/// The most memory that a process and its children had, each, while it ran.
struct Measured {
    code: Option<i32>,
    said: String,
    own_kib: u64,
    child_kib: u64,
    line_count: usize,
    took: Duration,
}

/// The processes that `parent` started and that are still there.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let is_child = |id: &u32| {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let is_its = status.lines().any(|line| line == format!("PPid:\t{parent}"));
        is_its && !status.contains("State:\tZ")
    };
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let ids = entries.filter_map(|it| it.file_name().to_str()?.parse().ok());
    ids.filter(is_child).collect()
}

fn peak_kib(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn measured(mut command: Command, input: &str) -> Measured {
    let begun = Instant::now();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut stdin = process.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let (mut stdout, mut stderr) = (process.stdout.take().unwrap(), process.stderr.take().unwrap());
    let lines = std::thread::spawn(move || {
        let (mut buffer, mut count) = (vec![0; 1 << 16], 0);
        while let Ok(read @ 1..) = stdout.read(&mut buffer) {
            count += buffer[..read].iter().filter(|byte| **byte == b'\n').count();
        }
        count
    });
    let said = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).unwrap();
        text
    });
    let (mut own_kib, mut child_kib) = (0, 0);
    let code = loop {
        own_kib = own_kib.max(peak_kib(process.id()));
        let peaks = children(process.id()).into_iter().map(peak_kib);
        child_kib = peaks.fold(child_kib, u64::max);
        match process.try_wait().unwrap() {
            Some(status) => break status.code(),
            None => std::thread::yield_now(),
        }
    };
    let took = begun.elapsed();
    Measured {
        code,
        said: said.join().unwrap(),
        own_kib,
        child_kib,
        line_count: lines.join().unwrap(),
        took,
    }
}

#[test]
fn a_query_that_takes_too_much_is_cut_off_and_its_limit_named() {
    let world = published();
    let list: Vec<String> = (0..200_000).map(|n| n.to_string()).collect();
    let time = "longer than its limit of 1 s (`--timeout`)";
    let memory = "more memory than its limit of";
    let either = "its limit of";
    let bombs = [
        ("with recursive r(n) as (select 1 union all select n + 1 from r) select count(*) from r".to_owned(), time),
        ("with recursive r(n) as (select 1 union all select n from r, range(2)) select count(*) from r".to_owned(), either),
        ("select count(*) from songs a, songs b, songs c, songs d where a.popularity + b.popularity + c.popularity + d.popularity = 7".to_owned(), time),
        ("select sum(i) from range(1000000000000) t(i)".to_owned(), time),
        ("select length(repeat('a', 4000000000))".to_owned(), memory),
        ("select length(repeat('a', 1000000000))".to_owned(), memory),
        ("select len(range(500000000))".to_owned(), memory),
        ("select len(list(i)) from range(200000000) t(i)".to_owned(), either),
        ("select * from range(100000000) t(i) order by hash(i) desc limit 5 offset 90000000".to_owned(), either),
        ("select length(string_agg(repeat('x', 1000), '')) from range(5000000)".to_owned(), either),
        (format!("select 1 in ({})", list.join(",")), either),
        // Planned, it would take longer than that by the third power of its length.
        (format!("select {}", vec!["1"; 900].join(" + ")), "deeper than its limit of 300"),
    ];
    for (sql, wanted) in bombs {
        let name = &sql[..sql.len().min(90)];
        let ended = measured(world.command(&["query", "--timeout", "1s", "-"]), &sql);
        assert_eq!(ended.code, Some(2), "{name}: {}", ended.said);
        assert!(ended.said.contains(wanted), "{name}: no `{wanted}` in {}", ended.said);
        assert_eq!(ended.line_count, 0, "{name}");
        assert!(0 < ended.child_kib, "{name}: nothing was measured");
        let both = ended.own_kib + ended.child_kib;
        assert!(both < 1 << 20, "{name}: {} + {} KiB", ended.own_kib, ended.child_kib);
        // Generous: others work on this machine, too.
        assert!(ended.took < Duration::from_secs(20), "{name}: {:?}", ended.took);
    }
    // What a person may well ask is not too much.
    let asked = "select i % 100000 as k, count(*) as n from range(1000000) t(i) group by k order by k limit 1";
    assert_eq!(world.query(asked), json!([{"k": 0, "n": 10}]));
    let terms = vec!["1"; 100].join(" + ");
    assert_eq!(world.query(&format!("select {terms} as n")), json!([{"n": 100}]));
    let few = format!("select 7 in ({}) as found", list[..5000].join(","));
    assert_eq!(world.query(&few)[0]["found"], true);
}

#[test]
fn a_large_result_passes_through_without_being_held() {
    let world = published();
    let sql = "select i, repeat('x', 200) as text from range(1000000) t(i)";
    for (format, lines) in [("csv", 1_000_001), ("json", 1_000_000)] {
        let command = world.command(&["query", "--timeout", "10m", "--format", format, "-"]);
        let ended = measured(command, sql);
        assert_eq!((ended.code, ended.said.as_str()), (Some(0), ""), "{format}");
        assert_eq!(ended.line_count, lines, "{format}");
        let both = ended.own_kib + ended.child_kib;
        // The result is more than that.
        assert!(both < 180 << 10, "{format}: {} + {} KiB", ended.own_kib, ended.child_kib);
    }
    // A screen has the beginning, and says so.
    let output = world.run(&["query", sql]);
    let text = String::from_utf8(output.stdout).unwrap();
    let told = text.trim_end().lines().next_back().unwrap();
    assert!(told.starts_with("the first 10000 rows, ") && told.ends_with(WHOLE), "{told}");
}

const WHOLE: &str = "; `--format csv` and `--json` have them all";

#[test]
fn rows_of_many_kilobytes_pass_as_json() {
    let world = published();
    // DuckDB makes 2,048 rows at a time; its own writer of JSON would take six times their bytes.
    let sql = "select i, repeat('x\"é', 6000) as text, [i, null] as list, 'nan'::double as nan from range(2050) t(i)";
    let ended = measured(world.command(&["query", "--format", "json", "-"]), sql);
    assert_eq!((ended.code, ended.line_count), (Some(0), 2_050), "{}", ended.said);
    let both = ended.own_kib + ended.child_kib;
    assert!(both < 1 << 20, "{} + {} KiB", ended.own_kib, ended.child_kib);
    let few = sql.replace("6000", "2").replace("2050", "2");
    let text = "x\"éx\"é";
    assert_eq!(
        world.query(&few),
        json!([
            {"i": 0, "text": text, "list": [0, null], "nan": null},
            {"i": 1, "text": text, "list": [1, null], "nan": null},
        ])
    );
    // Columns that are called alike, or by no name at all, keep their values.
    let alike = "select 1 as a, 'x' as a, 'y' as \"\"\"q\", '{\"k\": [1]}'::json as j, null as n";
    let output = world.run(&["--json", "query", alike]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains(r#""\"q":"y","j":{"k":[1]},"n":null"#), "{told}");
    assert!(told.starts_with(r#"[{"a":1,"a"#), "{told}");
}

#[test]
fn an_error_of_a_late_row_is_told_like_that_of_an_early_one() {
    let world = published();
    for late in [0, 400_000] {
        let sql = format!(
            "select i, case when i = {late} then ('x' || i)::int end as n from range(500000) t(i)"
        );
        for format in ["csv", "json", "table"] {
            let output = world.run(&["query", "--format", format, &sql]);
            let said = String::from_utf8_lossy(&output.stderr);
            let is_shown = format != "table" || late == 0;
            assert_eq!(output.status.code(), Some(if is_shown { 2 } else { 0 }), "{said}");
            if is_shown {
                let wanted = format!("Conversion Error: Could not convert string 'x{late}'");
                assert!(said.contains(&wanted), "{format}: {said}");
                assert!(!said.contains("exception_type"), "{said}");
            }
        }
    }
}

#[test]
fn a_reader_who_takes_his_time_is_not_cut_off() {
    let world = published();
    let sql = "select i, repeat('x', 9000) as text from range(2000) t(i)";
    let mut command = world.command(&["query", "--timeout", "2s", "--format", "json", sql]);
    let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = process.stdout.take().unwrap();
    let mut first = [0; 64];
    stdout.read_exact(&mut first).unwrap();
    // For longer than its limit nobody reads on; 18 MB fit into no pipe.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        assert_eq!(process.try_wait().unwrap(), None);
        std::thread::yield_now();
    }
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert!(process.wait().unwrap().success());
    assert!(rest.trim_end().contains("{\"i\":1999,\"text\":\"xxx"));
}

#[test]
fn a_killed_query_leaves_no_process() {
    let world = published();
    let sql = "select sum(i) from range(1000000000000) t(i)";
    for format in ["csv", "table"] {
        let arguments = ["query", "--timeout", "10m", "--format", format, sql];
        let mut process = world.command(&arguments).stdin(Stdio::null()).spawn().unwrap();
        let child = loop {
            assert_eq!(process.try_wait().unwrap(), None);
            if let Some(child) = children(process.id()).pop() {
                break child;
            }
        };
        process.kill().unwrap();
        process.wait().unwrap();
        let begun = Instant::now();
        let is_there = || {
            let status = std::fs::read_to_string(format!("/proc/{child}/status"));
            status.is_ok_and(|it| !it.contains("State:\tZ") && it.contains("snowtrack"))
        };
        while is_there() {
            assert!(begun.elapsed() < Duration::from_secs(10), "{format}: {child} works on");
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_query_works_beside_a_run() {
    let world = published();
    // As a run holds them.
    let lock = std::fs::File::options().write(true).open(world.path("data/lock")).unwrap();
    lock.lock().unwrap();
    let _warehouse = Connection::open(world.path("data/snowtrack.duckdb")).unwrap();
    assert_eq!(world.query("select count(*) as n from songs"), json!([{"n": 409}]));
}

#[test]
fn the_child_is_no_command_and_answers_only_its_own_kind_of_question() {
    let world = published();
    for arguments in [&["--help"][..], &["man"], &["completions", "bash"], &["completions", "zsh"]]
    {
        let text = String::from_utf8(world.run(arguments).stdout).unwrap();
        // Completions ask the binary for its commands.
        let is_whole = arguments[0] == "completions" || text.contains("query");
        assert!(is_whole && !text.contains("guarded"), "{arguments:?}");
    }
    let ended = measured(world.command(&["guarded-query"]), "select 1\n");
    assert_eq!((ended.code, ended.line_count), (Some(2), 0), "{}", ended.said);
}
