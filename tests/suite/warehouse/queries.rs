//! What `query` takes for a query: one, by DuckDB's own parser, and nothing that would change what it runs under.

use serde_json::json;

use crate::support::World;

fn published() -> World {
    let world = World::new();
    assert!(world.run(&["-q", "run", "--demo"]).status.success());
    world
}

#[test]
fn sql_may_begin_and_end_with_comments() {
    let world = published();
    for sql in [
        "-- how many\nselect 1 as n",
        "--\nselect 1 as n",
        "--json is no option here\nselect 1 as n",
        "/* how\nmany */ select 1 as n",
        "select 1 as n -- one",
        "select 1 as n; -- one",
        "select 1 as n;",
        "select 1 as n ;;",
        "from (values (1)) as t(n)",
        "with recursive t(n) as (select 1 union all select n + 1 from t where n < 1) from t",
    ] {
        assert_eq!(world.query(sql), json!([{"n": 1}]), "{sql}");
    }
    // Options still are options, in any place.
    for arguments in [
        ["query", "--format", "json", "-- n\nselect 1 as n"],
        ["query", "-- n\nselect 1 as n", "--format", "json"],
    ] {
        let output = world.run(&arguments);
        assert_eq!(output.stdout, b"[{\"n\":1}]\n", "{output:?}");
    }
    assert_eq!(world.query("describe core.songs")[0]["column_name"], "id");
}

#[test]
fn what_is_not_one_query_is_refused_by_duckdbs_own_parser() {
    let world = published();
    let cases = [
        "select 1) as r; set memory_limit='100GB'; select current_setting('memory_limit') from (select 2",
        "select 1; select 2",
        "select 1) as result, (select 2",
        "drop table core.songs",
        "create table x as select 1",
        "set threads = 8",
        "set memory_limit = '100GB'",
        "reset memory_limit",
        "pragma version",
        "call pragma_version()",
        "attach 'x.duckdb'",
        "copy core.songs to 'x.csv'",
        "-- alone\n",
        "",
        ";",
        "'); select 1 --",
    ];
    for sql in cases {
        let output = world.run(&["--json", "query", sql]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{sql}: {error}");
        assert!(!error.contains("GiB"), "{sql}: {error}");
    }
    let output = world.run(&["query", "select 1; select 2"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("not one query"), "{error}");
}

#[test]
fn what_is_wrong_with_a_query_is_shown_in_its_own_text() {
    let world = published();
    let cases = [
        ("selec 1", "LINE 1: selec 1"),
        ("select 1\nfrom core.songs where where", "LINE 2: from core.songs where where"),
        ("select id,\n nam\nfrom core.songs", "LINE 2:  nam"),
        ("from nosuch", "LINE 1: from nosuch"),
        ("select 'a'::int", "Could not convert string 'a'"),
        ("select 1/0 + max(id)::int from core.songs", "Could not convert string"),
        ("pivot core.songs on popularity using count(*)", "PIVOT statements without explicit IN"),
    ];
    for (sql, wanted) in cases {
        let output = world.run(&["query", sql]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{sql}: {error}");
        assert!(error.contains(wanted), "{sql}: no `{wanted}` in {error}");
        assert!(!error.contains("columns(*)"), "{sql}: {error}");
    }
}

#[test]
fn a_query_runs_under_a_configuration_that_is_locked() {
    let world = published();
    let sql = "select current_setting('enable_external_access')::varchar as access, current_setting('lock_configuration')::varchar as lock, current_setting('memory_limit') as memory, current_setting('threads')::int as threads";
    let wanted = json!([{"access": "false", "lock": "true", "memory": "244.1 MiB", "threads": 2}]);
    assert_eq!(world.query(sql), wanted);
}

#[test]
fn a_misspelt_option_is_not_taken_for_sql() {
    let world = published();
    for arguments in [
        ["query", "--fromat", "csv", "select 1"].as_slice(),
        &["query", "--fromat=csv"],
        &["query", "-x"],
        &["query", "-- a comment alone"],
    ] {
        let output = world.run(arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains("neither an option") || error.contains("unexpected"), "{error}");
    }
}
