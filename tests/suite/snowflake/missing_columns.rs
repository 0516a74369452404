//! A column that somebody dropped from a landing table: named with its table by whatever meets it, and brought back by what it says.

use crate::support::cloud::{Cloud, SMALL, text};

const WANTED: [&str; 4] = [
    "`SPOTIFY.RAW.SONGS` has no column `POPULARITY`",
    "`snowtrack snowflake plan` shows the statement that makes it again",
    "`snowtrack reconcile songs --repair` ships the rows",
    "somebody dropped or renamed it",
];

#[test]
fn verify_reconcile_and_run_name_the_column_and_its_cure() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    cloud.snowflake.admin("alter table SPOTIFY.RAW.SONGS drop column POPULARITY");
    let run = [&["run", "--full"][..], &SMALL].concat();
    for arguments in [&["verify"][..], &["verify", "--all"], &["reconcile"], &run] {
        let output = cloud.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(6), "{arguments:?}: {said}");
        for part in WANTED {
            assert!(said.contains(part), "{arguments:?}: {part}\n{said}");
        }
        assert!(!said.contains("invalid identifier"), "{arguments:?}: {said}");
    }
    // What it says, step by step.
    let plan = text(&cloud.run(&["snowflake", "plan", "--sql"]));
    let statement = plan.split(';').find(|it| it.contains("POPULARITY")).unwrap();
    let statement = statement.lines().filter(|line| !line.starts_with("--"));
    cloud.snowflake.admin(&statement.collect::<Vec<_>>().join("\n"));
    let output = cloud.run(&["reconcile", "songs", "--repair"]);
    assert!(output.status.success(), "{}", text(&output));
    let output = cloud.run(&["verify", "--all"]);
    assert!(output.status.success(), "{}", text(&output));
}
