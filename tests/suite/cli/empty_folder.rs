//! Who only reads makes nothing where nothing was: no data directory, no ledger, no lock.

use crate::support::World;

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
