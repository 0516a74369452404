//! Who only reads makes nothing where nothing was: no data directory, no ledger, no lock.

use crate::support::World;
use crate::support::fake_spotify::CLIENT_ID;

#[test]
fn whoever_only_reads_makes_nothing_in_an_empty_folder() {
    let world = World::new();
    let at = ["--at", "2026-01-01", "--dry-run"];
    let commands = [
        &["status"][..],
        &["status", "--run", "latest"],
        &["status", "--run", "latest", "--checks"],
        &["status", "--max-age", "1d"],
        &["query", "select 1"],
        &["query", "--list"],
        &["query", "--tables"],
        &["query", "--refused", "--tables"],
        &["check"],
        &["check", "--all"],
        &["check", "--list"],
        &["plan", "--demo"],
        &["plan", "--offline", "--demo"],
        &["prune", "--older-than", "1d"],
        &["forget", "--everything"],
        &["forget", "--playlist", "37i9dQZF1DXcBWIGoYBM5M"],
        &["recommend", "--playlist", "x"],
        &["playlist", "create", "--name", "x", "--query", "select 1", "--dry-run"],
        &["playlist", "restore", "x", at[0], at[1], at[2]],
        &["reconcile"],
        &["snowflake", "pipes"],
        &["snowflake", "history", "--run", "latest"],
        &["config", "check"],
        &["doctor"],
        &["ask", "what changed?"],
        &["report"],
    ];
    for command in commands {
        let output = world.run(command);
        assert_ne!(output.status.code(), Some(1), "{command:?}: {output:?}");
        let left: Vec<_> = std::fs::read_dir(world.path("")).unwrap().collect();
        assert!(left.is_empty(), "{command:?}: {left:?} {output:?}");
    }
}

/// A bucket for the ledger that was never written to is as good as none.
#[test]
fn whoever_only_reads_makes_nothing_here_beside_a_state_without_a_generation() {
    let (world, state) = (World::new(), World::new());
    let address = format!("file://{}/", state.path("").display());
    for command in [&["status"][..], &["plan", "--demo"], &["query", "--tables"], &["check"]] {
        let output = world.command(command).env("SNOWTRACK_STATE", &address).output().unwrap();
        assert_ne!(output.status.code(), Some(1), "{command:?}: {output:?}");
        assert_eq!(world.files(""), [""; 0], "{command:?}: {output:?}");
    }
}

#[test]
fn a_run_that_may_not_ask_spotify_makes_nothing_where_no_run_was() {
    let world = World::new();
    for (app, wanted) in [(None, "`SPOTIFY_CLIENT_ID`"), (Some(CLIENT_ID), "nobody is logged in")] {
        for command in [&["run", "--mine"][..], &["fetch", "--liked"], &["watch", "--mine"]] {
            let mut asked = world.command(command);
            asked.envs(app.map(|app| ("SPOTIFY_CLIENT_ID", app)));
            let output = asked.output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{command:?}: {said}");
            assert!(said.contains(wanted), "{command:?}: {said}");
            assert_eq!(world.files(""), [""; 0], "{command:?}");
        }
    }
    // Beside earlier runs it is one that failed, which `status` shows.
    assert!(world.run(&["run", "--demo"]).status.success());
    assert_eq!(world.run(&["run", "--mine"]).status.code(), Some(2));
    let shown = String::from_utf8(world.run(&["status"]).stdout).unwrap();
    assert!(shown.contains("failed"), "{shown}");
}
