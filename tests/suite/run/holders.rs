//! Two at one data directory: who holds it is named, can be waited for, and is never in the way of who only looks.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::SystemTime;

use duckdb::Connection;
use serde_json::{Value, json};

use crate::support::World;
use crate::support::cloud::{Cloud, text};

/// A world after a run, and the path of its warehouse.
fn after_a_run() -> (World, std::path::PathBuf) {
    let world = World::new();
    assert!(world.run(&["-q", "run", "--demo"]).status.success());
    let path = world.path("data/snowtrack.duckdb");
    (world, path)
}

/// The lock as another run holds it.
fn hold_lock(world: &World) -> File {
    std::fs::create_dir_all(world.path("data")).unwrap();
    std::fs::write(world.path("data/lock"), "process 4711 (run X)\n").unwrap();
    let file = File::open(world.path("data/lock")).unwrap();
    file.lock().unwrap();
    file
}

/// Starts a command and returns when it has said that it waits.
fn waiting(command: &mut Command, for_whom: &str) -> (Child, BufReader<ChildStderr>) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.contains("waiting") && line.contains(for_whom), "{line}");
    (child, said)
}

fn refused(command: &mut Command, says: &[&str]) {
    let output = command.output().unwrap();
    let said = text(&output);
    assert_eq!(output.status.code(), Some(8), "{said}");
    for word in says {
        assert!(said.contains(word), "no `{word}` in {said}");
    }
}

#[test]
fn a_run_that_finds_another_waits_for_it_when_it_is_told_to() {
    let cloud = Cloud::bare("rest", "parquet");
    let world = &cloud.world;
    let held = hold_lock(world);
    for command in ["run", "fetch"] {
        refused(&mut world.command(&[command, "--demo"]), &["process 4711", "--wait"]);
        refused(&mut world.command(&[command, "--demo", "--wait", "0s"]), &["process 4711"]);
    }
    for command in ["transform", "check", "publish", "export", "upload", "ingest"] {
        refused(&mut world.command(&[command]), &["process 4711"]);
    }
    // Without an account there is nobody to ask, and no wait would change that.
    refused(&mut cloud.command(&["verify"]), &["process 4711"]);
    refused(&mut cloud.command(&["verify", "--wait", "0s"]), &["process 4711"]);
    // With `--json` the refusal is a document, too.
    let output = world.run(&["--json", "run", "--demo"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&document["status"], &document["exit_code"]), (&json!("pending"), &json!(8)));
    assert!(document["error"].as_str().unwrap().contains("process 4711 (run X)"), "{document:#}");
    let (mut child, _said) =
        waiting(&mut world.command(&["run", "--demo", "--wait", "2h"]), "process 4711");
    drop(held);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn whatever_looks_at_every_row_waits_too() {
    let (world, _) = after_a_run();
    for arguments in [&["check"][..], &["check", "--all"]] {
        let held = hold_lock(&world);
        let mut command = world.command(arguments);
        let (mut child, _said) = waiting(command.args(["--wait", "2h"]), "process 4711");
        drop(held);
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments:?}");
    }
}

#[test]
fn whoever_waits_can_be_stopped() {
    let world = World::new();
    let _held = hold_lock(&world);
    let (mut child, _said) =
        waiting(&mut world.command(&["run", "--demo", "--wait", "2h"]), "process 4711");
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_duration_has_a_unit() {
    let world = World::new();
    for wrong in ["10", "10 minutes", "-1s"] {
        let output = world.run(&["run", "--demo", &format!("--wait={wrong}")]);
        assert_eq!(output.status.code(), Some(2), "{wrong}");
        assert!(text(&output).contains("`10m`"), "{}", text(&output));
    }
    for command in ["fetch", "check", "verify", "reconcile"] {
        assert!(text(&world.run(&[command, "--help"])).contains("--wait <DURATION>"), "{command}");
    }
}

#[test]
fn another_program_that_has_the_warehouse_open_is_named_and_waited_for() {
    let (world, path) = after_a_run();
    let own_id = format!("process {}", std::process::id());
    let held = Connection::open(&path).unwrap();
    refused(&mut world.command(&["run", "--demo"]), &[&own_id, "--wait"]);
    refused(&mut world.command(&["check"]), &[&own_id]);
    let status = world.run(&["status"]);
    assert!(status.status.success(), "{}", text(&status));
    assert!(text(&status).contains(&own_id) && text(&status).contains("exported"));
    assert_eq!(
        world.query("select count(*) as n from core.playlists").as_array().unwrap().len(),
        1
    );
    let doctor = world.run(&["doctor"]);
    assert!(doctor.status.success() && text(&doctor).contains(&own_id), "{}", text(&doctor));
    let (mut child, _said) =
        waiting(&mut world.command(&["run", "--demo", "--wait", "10m"]), &own_id);
    drop(held);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn verify_and_reconcile_find_the_warehouse_held_and_say_by_whom() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&crate::support::cloud::SMALL).0, 0);
    let held = Connection::open(cloud.world.path("data/snowtrack.duckdb")).unwrap();
    let own_id = format!("process {}", std::process::id());
    for command in ["verify", "reconcile"] {
        refused(&mut cloud.command(&[command]), &[&own_id]);
        refused(&mut cloud.command(&[command, "--wait", "0s"]), &[&own_id]);
    }
    let (mut child, _said) = waiting(&mut cloud.command(&["reconcile", "--wait", "10m"]), &own_id);
    drop(held);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_published_file_that_a_program_writes_to_is_exit_8() {
    let (world, _) = after_a_run();
    let _held = Connection::open(world.path("data/spotify.duckdb")).unwrap();
    let own_id = format!("process {}", std::process::id());
    refused(&mut world.command(&["query", "select 1"]), &[&own_id, "spotify.duckdb"]);
    // A run puts a new file in its place.
    assert!(world.run(&["run", "--demo"]).status.success());
    assert!(world.run(&["query", "select 1"]).status.success());
}

/// Every file of the data directory, with what a write would change.
fn listing(world: &World) -> BTreeMap<String, (u64, SystemTime)> {
    let entry = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.unwrap();
        let known: Metadata = entry.metadata().unwrap();
        let modified = known.modified().unwrap();
        (entry.file_name().into_string().unwrap(), (known.len(), modified))
    };
    let mut found: BTreeMap<_, _> =
        std::fs::read_dir(world.path("data")).unwrap().map(entry).collect();
    let folder = world.path("data").metadata().unwrap();
    found.insert(".".to_owned(), (0, folder.modified().unwrap()));
    found
}

#[test]
fn status_writes_nothing_and_is_in_nobodys_way() {
    use std::os::unix::fs::PermissionsExt;
    let (world, path) = after_a_run();
    let reader = Connection::open_with_flags(
        &path,
        duckdb::Config::default().access_mode(duckdb::AccessMode::ReadOnly).unwrap(),
    )
    .unwrap();
    let before = listing(&world);
    std::fs::set_permissions(world.path("data"), std::fs::Permissions::from_mode(0o500)).unwrap();
    for arguments in [&["status"][..], &["--json", "status"]] {
        let output = world.run(arguments);
        assert!(output.status.success(), "{}", text(&output));
        assert!(text(&output).contains("exported"), "{}", text(&output));
    }
    std::fs::set_permissions(world.path("data"), std::fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(listing(&world), before);
    drop(reader);
}

#[test]
fn status_reads_what_a_killed_run_left_and_leaves_it_so() {
    let (world, path) = after_a_run();
    // What is committed and not yet in the file itself, as after a kill.
    let dead = World::new();
    std::fs::create_dir(dead.path("data")).unwrap();
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("set wal_autocheckpoint = '1GB'; update meta.runs set status = 'running', stage = 'check'").unwrap();
    for name in ["snowtrack.duckdb", "snowtrack.duckdb.wal"] {
        std::fs::copy(world.path("data").join(name), dead.path("data").join(name)).unwrap();
    }
    let before = listing(&dead);
    let runs: Value = serde_json::from_slice(&dead.run(&["--json", "status"]).stdout).unwrap();
    assert_eq!((&runs[0]["state"], &runs[0]["stage"]), (&"stopped".into(), &"check".into()));
    assert_eq!(listing(&dead), before);
}

#[test]
fn a_ledger_of_an_earlier_version_can_be_looked_at() {
    let (world, path) = after_a_run();
    let older = Connection::open(&path).unwrap();
    older.execute_batch("drop table meta.files").unwrap();
    drop(older);
    let output = world.run(&["status"]);
    assert!(output.status.success(), "{}", text(&output));
}

#[test]
fn links_in_the_data_directory_are_not_written_through() {
    let world = World::new();
    std::fs::create_dir(world.path("data")).unwrap();
    world.write("precious", "mine");
    let link = |name: &str| {
        let _ = std::fs::remove_file(world.path("data").join(name));
        std::os::unix::fs::symlink("../precious", world.path("data").join(name)).unwrap();
    };
    link("lock");
    let output = world.run(&["run", "--demo"]);
    assert_eq!(output.status.code(), Some(5), "{}", text(&output));
    assert!(text(&output).contains("data/lock") && text(&output).contains("link"));
    std::fs::remove_file(world.path("data/lock")).unwrap();
    for name in ["status.json", "status.json.new", ".doctor"] {
        link(name);
    }
    assert!(world.run(&["run", "--demo"]).status.success());
    assert!(world.run(&["doctor"]).status.success());
    assert_eq!(std::fs::read_to_string(world.path("precious")).unwrap(), "mine");
    assert!(!world.path("data/status.json").is_symlink());
    let runs: Value = serde_json::from_slice(&world.run(&["--json", "status"]).stdout).unwrap();
    assert_eq!(runs[0]["status"], "exported");
}

#[test]
fn a_data_directory_is_usable_whatever_its_name_or_the_mark_that_is_in_the_way_is_named() {
    let world = World::new();
    for name in ["c*d", "e[f]g", "q'r", "h i", "ü%s{x}", "a;b--c", "back\\slash", "$HOME"] {
        for _ in 0..2 {
            let output = world.run(&["-q", "--data-dir", name, "run", "--demo", "--archive"]);
            assert!(output.status.success(), "{name}: {}", text(&output));
        }
        let output = world.run(&["--data-dir", name, "query", "from core.playlists"]);
        assert!(output.status.success(), "{name}: {}", text(&output));
    }
    std::fs::create_dir(world.path("real?")).unwrap();
    std::os::unix::fs::symlink("real?", world.path("link")).unwrap();
    for name in ["a?b", "link"] {
        let output = world.run(&["--data-dir", name, "run", "--demo"]);
        assert_eq!(output.status.code(), Some(2), "{name}: {}", text(&output));
        assert!(text(&output).contains("`?`") && text(&output).contains("--data-dir"));
    }
    assert!(!world.path("a?b").exists());
}
