//! Where `query` takes its SQL from, and in which forms it gives the answer.

use std::io::Write;
use std::process::{Output, Stdio};

use duckdb::Connection;
use serde_json::{Value, json};

use crate::support::{TABLES, World};

fn published() -> World {
    let world = World::new();
    assert!(world.run(&["-q", "run", "--demo"]).status.success());
    world
}

fn given(world: &World, arguments: &[&str], input: &[u8]) -> Output {
    let mut command = world.command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    process.stdin.take().unwrap().write_all(input).unwrap();
    process.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn sql_comes_from_the_command_line_a_file_or_standard_input() {
    let world = published();
    let sql = "-- how many\nselect count(*) as n\nfrom playlists;\n";
    world.write("my.sql", sql);
    let from = [
        given(&world, &["--json", "query", "-"], sql.as_bytes()),
        given(&world, &["query", "--format", "json", "-"], sql.as_bytes()),
        given(&world, &["--json", "query", "-f", "my.sql"], b"drop table x"),
        given(&world, &["query", "--file=my.sql", "--json"], b""),
        given(&world, &["query", "--json", sql], b""),
    ];
    for output in from {
        assert_eq!(output.stdout, b"[{\"n\":7}]\n", "{output:?}");
    }
    let long = format!("select 1 as n -- {}", "x".repeat(300_000));
    assert_eq!(given(&world, &["--json", "query", "-"], long.as_bytes()).stdout, b"[{\"n\":1}]\n");

    let cases: [(&[&str], &[u8], &str); 9] = [
        (&["query", "-f", "none.sql"], b"", "`none.sql`"),
        (&["query", "-f", "data"], b"", "`data`"),
        (&["query", "-"], b"\xff", "standard input"),
        (&["query", "-"], b"", "it is empty, or a comment alone"),
        (&["query", "-"], b"-- alone", "it is empty, or a comment alone"),
        (&["query", "-"], b"select 1\0", "nul byte"),
        (&["query", "-f", "my.sql", "select 1"], b"", "cannot be used with"),
        (&["query"], b"", "required"),
        (&["query", "select 1", "--param", "k=v"], b"", "--param"),
    ];
    for (arguments, input, wanted) in cases {
        let output = given(&world, arguments, input);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        assert_eq!(output.stdout, b"", "{arguments:?}");
        assert!(said(&output).contains(wanted), "{arguments:?}: {output:?}");
    }
}

#[test]
fn an_answer_has_one_format() {
    let world = published();
    for format in ["csv", "table"] {
        for arguments in [
            ["--json", "query", "--format", format, "select 1"],
            ["query", "select 1", "--json", "--format", format],
            ["query", "--tables", "--json", "--format", format],
        ] {
            let output = world.run(&arguments);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
            assert_eq!(output.stdout, b"", "{arguments:?}");
            let wanted = format!("`--json` and `--format {format}` exclude each other");
            assert!(said(&output).contains(&wanted), "{output:?}");
        }
    }
    let output = world.run(&["--json", "query", "--format", "json", "select 1 as n"]);
    assert_eq!(output.stdout, b"[{\"n\":1}]\n");
    assert_eq!(world.run(&["--json", "query", "select 1 as n where false"]).stdout, b"[]\n");
    // A failure is a document, as everywhere.
    let output = world.run(&["--json", "query", "drop table songs"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&document["status"], &document["exit_code"]), (&json!("failed"), &json!(2)));
    assert!(document["error"].as_str().unwrap().contains("data/spotify.duckdb"), "{document}");
}

#[test]
fn a_time_limit_is_a_duration_and_not_none() {
    let world = published();
    for (limit, wanted) in [("0s", "at least `1s`"), ("30", "`30` is no duration"), ("x", "`x`")] {
        let output = world.run(&["query", "--timeout", limit, "select 1"]);
        assert_eq!(output.status.code(), Some(2), "{limit}: {output:?}");
        assert!(said(&output).contains(wanted), "{limit}: {output:?}");
    }
    assert!(world.run(&["query", "--timeout", "36500d", "select 1"]).status.success());
}

#[test]
fn the_map_lists_each_table_and_view_with_its_rows_and_its_comment() {
    let world = published();
    let file = Connection::open(world.path("data/spotify.duckdb")).unwrap();
    file.execute_batch("comment on table core.songs is 'a song, \"once\"'").unwrap();
    file.execute_batch("comment on view marts.playlist_overview is 'one row a playlist'").unwrap();
    drop(file);
    let output = world.run(&["--json", "query", "--tables"]);
    let map: Value = serde_json::from_slice(&output.stdout).unwrap();
    let map = map.as_array().unwrap();
    let of = |schema: &str| -> Vec<&str> {
        let its = map.iter().filter(|it| it["schema"] == schema);
        its.map(|it| it["table"].as_str().unwrap()).collect()
    };
    let mut tables = [&TABLES[..], &["album_details", "unlisted_items"]].concat();
    tables.sort_unstable();
    assert_eq!(of("core"), tables);
    assert!(of("marts").contains(&"playlist_overview"), "{map:?}");
    assert_eq!(of("main"), ["read_me"]);
    for it in map {
        let (schema, table) = (it["schema"].as_str().unwrap(), it["table"].as_str().unwrap());
        let rows = world.query(&format!("from {schema}.{table}"));
        assert_eq!(it["row_count"], rows.as_array().unwrap().len(), "{table}");
        assert_eq!(
            it["kind"],
            if matches!(schema, "marts" | "main") { "view" } else { "table" },
            "{table}"
        );
    }
    let songs = map.iter().find(|it| it["table"] == "songs").unwrap();
    assert_eq!(songs["description"], "a song, \"once\"");
    let csv =
        String::from_utf8(world.run(&["query", "--tables", "--format", "csv"]).stdout).unwrap();
    assert!(
        csv.starts_with("schema,table,kind,row_count,description\ncore,album_details,table,"),
        "{csv}"
    );
    assert!(csv.contains("core,songs,table,409,\"a song, \"\"once\"\"\"\n"), "{csv}");
    assert_eq!(csv.lines().count(), map.len() + 1);
    let table = String::from_utf8(world.run(&["query", "--tables"]).stdout).unwrap();
    let line = table.lines().find(|line| line.contains("playlist_overview")).unwrap();
    let words: Vec<&str> = line.trim_matches('│').split_whitespace().collect();
    assert_eq!(words.join(" "), "marts playlist_overview view 7 one row a playlist");
    // What the gate refused has a map, too, once there is something.
    let output = world.run(&["query", "--tables", "--refused"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("refused no run"), "{output:?}");
}

#[test]
fn a_view_that_takes_too_long_to_count_leaves_the_others_counted() {
    let world = published();
    let file = Connection::open(world.path("data/spotify.duckdb")).unwrap();
    let endless = "create view marts.endless as select sum(i) as n from range(1000000000000) t(i)";
    file.execute_batch(endless).unwrap();
    drop(file);
    let output = world.run(&["--json", "query", "--tables", "--timeout", "2s"]);
    let map: Value = serde_json::from_slice(&output.stdout).unwrap();
    let count = |table: &str| {
        &map.as_array().unwrap().iter().find(|it| it["table"] == table).unwrap()["row_count"]
    };
    assert_eq!((count("songs"), count("endless")), (&json!(409), &Value::Null));
    assert!(count("added_at_heatmap").is_u64(), "{map:#}");
    let told = said(&output);
    assert!(told.contains("not counted: ") && told.contains("endless"), "{told}");
}

#[test]
fn a_name_needs_no_schema_and_show_tables_shows_them() {
    let world = published();
    let shown = world.query("show tables");
    let map: Value =
        serde_json::from_slice(&world.run(&["--json", "query", "--tables"]).stdout).unwrap();
    assert_eq!(shown.as_array().unwrap().len(), map.as_array().unwrap().len());
    assert_eq!(world.query("from playlist_overview"), world.query("from marts.playlist_overview"));
    assert_eq!(world.query("select count(*) as n from songs"), json!([{"n": 409}]));
}

#[test]
fn a_ready_question_without_rows_says_which_name_nothing_has() {
    let world = published();
    let asked = |arguments: &[&str]| {
        let output = world.run(&[&["query"], arguments].concat());
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        said(&output)
    };
    for format in ["table", "csv", "json"] {
        let unknown = ["playlist_overlap", "--param", "playlist=Long Way Hom", "--format", format];
        let told = asked(&unknown);
        assert!(told.contains("no playlist has the name or id `Long Way Hom`"), "{told}");
        assert!(told.contains("the nearest name is `Long Way Home`"), "{told}");
    }
    let genre = asked(&["songs_of_genre", "--param", "genre=nosuch"]);
    assert!(genre.contains("no genre has the name `nosuch`; the nearest name is `"), "{genre}");
    // A name that is one, and an answer with rows, need no word.
    let list = "playlist=Long Way Home";
    assert_eq!(asked(&["playlist_changes", "--param", list, "--param", "since=2999-01-01"]), "");
    assert_eq!(asked(&["playlist_overlap", "--param", list]), "");
}
