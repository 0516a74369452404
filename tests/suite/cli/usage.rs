//! What goes wrong before or besides a run, and what the reader is told.

use crate::support::World;
use crate::support::cloud::{Cloud, SMALL, report, text};

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
    for id in ["nonsense", "37i9dQZF1DX4sWSpwq3Li", "37i9dQZF1DX4sWSpwq3LiOO"] {
        refused(&world, &["run", "--playlist", id], 2, &[id, "22"]);
    }
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
fn a_verification_takes_the_words_for_a_run_that_status_takes() {
    let cloud = Cloud::small("rest", "parquet");
    let (code, first) = cloud.report(&SMALL);
    let id = first["run_id"].as_str().unwrap();
    assert_eq!(code, 0, "{first:#}");
    for word in ["latest", &id[..20], &id[..20].to_lowercase(), id] {
        let (code, found) = report(&mut cloud.command(&["--json", "verify", "--run", word]));
        assert_eq!((code, found["status"].as_str()), (0, Some("verified")), "{word}: {found:#}");
        assert_eq!(found["run_id"], first["run_id"], "{word}");
    }
    for word in ["newest", "", "01ARZ3NDEKTSV4RRFFQ69G5FAV"] {
        let output = cloud.run(&["verify", "--run", word]);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(2), "{word}: {said}");
        assert!(said.contains(&format!("there is no run `{word}`")), "{word}: {said}");
    }
}

#[test]
fn a_check_that_is_none_is_named_before_anything_is_done() {
    let world = World::new();
    let names = |name: &'static str| ["--warn-only", name];
    for command in [&["run", "--demo"][..], &["fetch", "--demo"], &["check"], &["verify"]] {
        for (value, says) in [
            ("songs__duration_is_positiv", "`songs__duration_is_positive`"),
            ("songs__zzz", "`songs__added_at_is_plausible`, "),
            ("TYPO", "`snowtrack check --list` names them all"),
        ] {
            let arguments = [command, &names(value)].concat();
            refused(&world, &arguments, 2, &[value, "is no check", says]);
        }
    }
    assert!(!world.path("data").exists());
}

#[test]
fn what_nobody_may_look_into_is_not_called_missing() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    world.write("file", "");
    std::os::unix::fs::symlink("loop", world.path("loop")).unwrap();
    world.write("closed/snowtrack.duckdb", "");
    std::fs::set_permissions(world.path("closed"), std::fs::Permissions::from_mode(0o000)).unwrap();
    // Root looks into everything.
    let is_closed = std::fs::read_dir(world.path("closed")).is_err();
    let folders = if is_closed { &["file", "loop", "closed"][..] } else { &["file", "loop"] };
    for folder in folders {
        for command in [&["status"][..], &["query", "select 1"]] {
            let arguments = [&["--data-dir", folder], command].concat();
            refused(&world, &arguments, 5, &[folder, "cannot be read", "--data-dir"]);
        }
    }
}

#[test]
fn a_query_cannot_write_and_its_error_is_duckdbs_own() {
    let world = World::new();
    assert!(world.run(&["-q", "run", "--demo"]).status.success());
    refused(&world, &["query", "delete from core.songs"], 2, &["not one query", "SELECT"]);
    refused(&world, &["query", "select from where"], 2, &["syntax error"]);
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
    refused(&world, &["run", "--demo"], 8, &["process 4711", "--wait", "--data-dir"]);
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

#[test]
fn status_calls_a_run_that_nobody_works_on_stopped() {
    let world = World::new();
    assert!(world.run(&["-q", "run", "--demo"]).status.success());
    refused(&world, &["run", "--from-dir", "nowhere"], 2, &["nowhere"]);
    let text = String::from_utf8(world.run(&["--json", "status"]).stdout).unwrap();
    let runs: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&runs[0]["status"], &runs[0]["state"]), (&"running".into(), &"stopped".into()));
    assert!(runs[0]["error"].as_str().unwrap().contains("nowhere"), "{text}");
    assert_eq!((&runs[1]["state"], &runs[1]["error"]), (&"exported".into(), &().into()));
    let text = String::from_utf8(world.run(&["status"]).stdout).unwrap();
    assert!(!text.contains("running"), "{text}");
    for word in [" stopped ", "nowhere", "the same command continues it"] {
        assert!(text.contains(word), "no `{word}` in {text}");
    }
    // What a killed process had no time to say is not made up.
    assert!(world.run(&["-q", "fetch", "--demo"]).status.success());
    let text = String::from_utf8(world.run(&["status"]).stdout).unwrap();
    assert_eq!(text.matches("the same command continues it").count(), 1, "{text}");
}

#[test]
fn the_query_that_a_run_suggests_fits_into_a_terminal() {
    let world = World::new();
    let summary = String::from_utf8(world.run(&["run", "--demo"]).stdout).unwrap();
    let (_, sql) = summary.split_once(" query \"").unwrap();
    let (sql, _) = sql.split_once('"').unwrap();
    let output = world.run(&["query", sql]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("Long Way Home") && text.contains("7 rows"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
}

#[test]
fn the_configuration_is_shown_with_its_origins_and_without_its_secrets() {
    let world = World::new();
    world.write("snowtrack.toml", "[lake]\nformat = 'csv'\n");
    world.write(".env", "SPOTIFY_CLIENT_SECRET=hunter2\nSNOWFLAKE_ACCOUNT=a-b\n");
    let output = world.run(&["config", "check"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    for (key, wanted) in [
        ("lake.format", "csv `snowtrack.toml`"),
        ("spotify.client_secret", "******** `.env` `SPOTIFY_CLIENT_SECRET`"),
        ("snowflake.account", "a-b `.env` `SNOWFLAKE_ACCOUNT`"),
        ("snowflake.schema", "RAW default"),
        ("snowflake.user", "– not set"),
    ] {
        let line = text.lines().find(|line| line.starts_with(key)).unwrap();
        let words: Vec<&str> = line.split_whitespace().skip(1).collect();
        assert_eq!(words.join(" "), wanted);
    }
}

#[test]
fn the_template_is_written_where_nothing_is_and_can_be_used_as_it_is() {
    let world = World::new();
    let output = world.command(&["config", "init"]).env("S3_BUCKET", "mine").output().unwrap();
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    for next in ["[spotify] client_id", "[snowflake] account", "`snowtrack config check`"] {
        assert!(said.contains(next), "no `{next}` in {said}");
    }
    assert!(!said.contains("[lake] bucket"), "it is set: {said}");
    assert!(said.lines().all(|line| line.chars().count() <= 100), "{said}");
    let written = std::fs::read_to_string(world.path("snowtrack.toml")).unwrap();
    assert!(written.contains("#prefix = \"spotify-data/\""), "{written}");
    let output = world.run(&["config", "check"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = world.run(&["--json", "--config", "other.toml", "config", "init"]);
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told, serde_json::json!({"file": "other.toml", "template": written}));
    assert_eq!(std::fs::read_to_string(world.path("other.toml")).unwrap(), written);
}

#[test]
fn the_template_is_never_written_over_anything_and_printed_instead() {
    let world = World::new();
    world.write("snowtrack.toml", "broken");
    std::os::unix::fs::symlink("nowhere", world.path("link.toml")).unwrap();
    std::fs::create_dir(world.path("folder.toml")).unwrap();
    for (arguments, says) in [
        (&["config", "init"][..], "`snowtrack.toml` is there already"),
        (&["config", "init", "--config", "link.toml"], "`link.toml` is there already"),
        (&["config", "init", "--config", "folder.toml"], "`folder.toml` is there already"),
        (&["config", "init", "--config", "old.ini"], "`old.ini` would be read"),
    ] {
        let output = world.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
    assert_eq!(std::fs::read_to_string(world.path("snowtrack.toml")).unwrap(), "broken");
    assert!(!world.path("nowhere").exists() && !world.path("old.ini").exists());
    let output = world.run(&["config", "init", "--config", "none/x.toml"]);
    assert_eq!(output.status.code(), Some(5));
    // A configuration that cannot be loaded is a reason to ask for a template.
    let printed = String::from_utf8(world.run(&["config", "init", "--print"]).stdout).unwrap();
    world.write("snowtrack.toml", &printed);
    let output = world.run(&["config", "check"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_doctor_is_content_without_accounts_and_names_what_is_broken() {
    let world = World::new();
    let output = world.run(&["doctor"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("SPOTIFY_CLIENT_ID") && text.contains("`data` is writable"), "{text}");

    world.write("file", "not a folder");
    let output = world.run(&["--data-dir", "file", "doctor"]);
    assert_eq!(output.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&output.stdout).contains("--data-dir"));

    world.write("data/snowtrack.duckdb", "this is no database");
    let output = world.run(&["doctor"]);
    assert_eq!(output.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&output.stdout).contains("restore"));
}

#[test]
fn status_shows_the_files_of_a_run() {
    let world = World::new();
    let (_, report) = world.report(&["--demo"]);
    let run = report["run_id"].as_str().unwrap();
    let output = world.run(&["--json", "status", "--run", run]);
    let files: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(files.as_array().unwrap().len(), report["files"].as_array().unwrap().len());
    assert_eq!(files[0]["state"], "exported");
    assert_eq!(files[0]["key"], report["files"][0]["key"]);
}

#[test]
fn with_json_every_failure_is_a_document_too() {
    let world = World::new();
    world.write("bad.toml", "[spotify]\nclint_id = 'x'\n");
    let commands: [&[&str]; 9] = [
        &["run"],
        &["run", "--playlist", "nonsense"],
        &["run", "--no-such-option"],
        &["--config", "bad.toml", "run", "--demo"],
        &["--config", "none.toml", "status"],
        &["query", "select 1"],
        &["verify"],
        &["reconcile"],
        &["snowflake", "plan"],
    ];
    for command in commands {
        let output = world.run(&[&["--json"], command].concat());
        let document: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{command:?}: {error}: {output:?}"));
        assert_eq!(document["exit_code"], output.status.code().unwrap(), "{command:?}");
        assert_eq!(document["status"], "failed", "{command:?}");
        assert!(document["error"].as_str().is_some_and(|text| text.len() > 10), "{command:?}");
    }
    let output = world.run(&["--json", "run"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["verification"]["verdict"], "skipped", "in the form of a run's report");
    // Whatever a run's report has is there, also where there was none, and where every row was looked at.
    let (code, report) = world.report(&["--demo"]);
    assert_eq!(code, 0, "{report:#}");
    let looked = world.run(&["--json", "check", "--all"]);
    let looked: serde_json::Value = serde_json::from_slice(&looked.stdout).unwrap();
    for (name, value) in report.as_object().unwrap() {
        assert!(document.get(name).is_some() && looked.get(name).is_some(), "no `{name}`");
        for (inner, _) in value.as_object().into_iter().flatten() {
            assert!(document[name].get(inner).is_some(), "no `{name}.{inner}`");
        }
    }
    // Help was asked for: it is the result.
    assert!(String::from_utf8_lossy(&world.run(&["--json", "--help"]).stdout).contains("Usage"));
    let output = world.run(&["--log-format", "json", "run"]);
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
    }
}

#[test]
fn a_prefix_stays_in_the_lake_and_a_run_must_be_known() {
    let world = World::new();
    for prefix in ["../up/", "/abs", "a//b", "a/./b"] {
        let output = world.command(&["run", "--demo"]).env("S3_PREFIX", prefix).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{prefix}: {said}");
        assert!(said.contains("S3_PREFIX") && said.contains(prefix), "{said}");
    }
    assert!(world.run(&["run", "--demo"]).status.success());
    let unknown = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    refused(&world, &["status", "--run", unknown], 2, &[unknown]);
}

#[test]
fn a_fetch_alone_leads_to_the_next_stage_and_counts_what_it_landed() {
    let world = World::new();
    let summary = String::from_utf8(world.run(&["fetch", "--demo"]).stdout).unwrap();
    assert!(summary.contains("\nnext:\n  snowtrack transform"), "{summary}");
    assert!(!summary.contains("report") && !summary.contains("query --list"), "{summary}");
    // Lists have their names already.
    assert!(summary.contains("Rain on Tin Roofs") && summary.contains("Liked Songs"), "{summary}");
    // Rows of what is read stand there, and of tables that are not made yet nothing.
    assert!(!summary.contains("changed"), "{summary}");
    let table = summary.lines().skip_while(|line| !line.contains("episodes")).skip(1);
    let lists: Vec<Vec<&str>> = table
        .take_while(|line| !line.is_empty())
        // Why a list was not read stands below it.
        .filter(|line| !line.trim_start().starts_with('→'))
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert!(lists.len() >= 7, "{summary}");
    // Behind the rows nothing is counted by kind.
    let kinds = |line: &[&str]| line.iter().position(|it| *it == "–").unwrap();
    let rows: u64 = lists.iter().map(|it| it[kinds(it) - 1].parse::<u64>().unwrap()).sum();
    assert!(lists.iter().all(|it| it[kinds(it)..].starts_with(&["–"; 4])), "{summary}");
    let mut last = String::new();
    for stage in ["transform", "check", "publish"] {
        let output = world.run(&[stage]);
        assert!(output.status.success(), "{output:?}");
        last = String::from_utf8(output.stdout).unwrap();
    }
    assert!(last.contains("report --open"), "{last}");
    let landed = world.query("select count(*) as n from core.playlist_songs");
    assert_eq!(landed[0]["n"], rows);
}

#[test]
fn what_is_recorded_already_is_not_recorded_again() {
    let world = World::new();
    for source in [&["--demo"][..], &["--from-dir", "there"]] {
        let arguments = [&["fetch"], source, &["--record", "copy"]].concat();
        let output = world.run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains("--record") && told.contains("cannot be used with"), "{told}");
        assert!(!world.path("copy").exists());
    }
}
