//! What goes wrong before or besides a run, and what the reader is told.

use crate::support::World;

fn refused(world: &World, arguments: &[&str], code: i32, says: &[&str]) {
    let output = world.run(arguments);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    for word in says {
        assert!(text.contains(word), "{arguments:?} does not say `{word}`: {text}");
    }
}

#[test]
fn wrong_usage_names_the_thing_the_value_and_the_remedy() {
    let world = World::new();
    refused(&world, &["run"], 2, &["--playlist", "--demo", "SPOTIFY_PLAYLIST_IDS"]);
    refused(&world, &["run", "--playlist", "not-an-id"], 2, &["not-an-id", "22"]);
    refused(
        &world,
        &["run", "--playlist", "37i9dQZF1DX4sWSpwq3LiO"],
        2,
        &["SPOTIFY_CLIENT_ID", "--demo"],
    );
    refused(&world, &["run", "--from-dir", "nowhere"], 2, &["nowhere"]);
    refused(&world, &["query", "select 1"], 2, &["spotify.duckdb", "run --demo"]);
    refused(&world, &["--config", "none.toml", "run", "--demo"], 2, &["none.toml"]);
    world.write("snowtrack.toml", "[spotify]\nclint_id = 'x'\n");
    refused(&world, &["run", "--demo"], 2, &["snowtrack.toml", "clint_id"]);
}

#[test]
fn a_query_cannot_write_and_its_error_is_duckdbs_own() {
    let world = World::new();
    assert!(world.run(&["-q", "run", "--demo"]).status.success());
    refused(&world, &["query", "delete from core.songs"], 2, &["syntax error"]);
    refused(&world, &["query", "select nothing from core.songs"], 2, &["nothing"]);
    refused(&world, &["query", "from read_csv('/etc/passwd')"], 2, &["disabled"]);
}

#[test]
fn results_are_tables_csv_or_json() {
    let world = World::new();
    assert!(world.run(&["-q", "run", "--demo"]).status.success());
    let sql = "select 'a,b' as text, null as nothing, 1.50 as number";
    let out = |format: &str| {
        String::from_utf8(world.run(&["query", "--format", format, sql]).stdout).unwrap()
    };
    insta::assert_snapshot!(out("csv"), @r#"
    text,nothing,number
    "a,b",,1.50
    "#);
    insta::assert_snapshot!(out("json"), @r#"[{"text":"a,b","nothing":null,"number":1.5}]"#);
    assert!(out("table").contains("NULL") && out("table").contains("1 row"));
}

#[test]
fn a_second_run_on_one_data_directory_learns_who_holds_it() {
    let world = World::new();
    std::fs::create_dir(world.path("data")).unwrap();
    let file = std::fs::File::create(world.path("data/lock")).unwrap();
    std::fs::write(world.path("data/lock"), "process 4711 (run X)\n").unwrap();
    file.lock().unwrap();
    refused(&world, &["run", "--demo"], 2, &["process 4711", "--data-dir"]);
}

#[test]
fn status_lists_runs_newest_first() {
    let world = World::new();
    assert!(world.run(&["-q", "run", "--demo"]).status.success());
    assert!(world.run(&["-q", "run", "--demo"]).status.success());
    let text = String::from_utf8(world.run(&["--json", "status"]).stdout).unwrap();
    let runs: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(runs.as_array().unwrap().len(), 2);
    assert!(runs[0]["run_id"].as_str() > runs[1]["run_id"].as_str());
    assert_eq!(runs[0]["status"], "exported");
}
