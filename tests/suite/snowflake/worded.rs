//! What is said agrees with itself: with the exit code, with what was compared, and with the number of things.

use crate::support::World;
use crate::support::cloud::{Cloud, SMALL, text};

fn said(cloud: &Cloud, arguments: &[&str], code: i32) -> String {
    let output = cloud.run(arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output));
    text(&output)
}

#[test]
fn a_stage_by_itself_says_what_it_did_and_ends_well() {
    let world = World::new();
    let stages = [
        ("fetch --demo", " fetched in ", "transform"),
        ("transform", " transformed in ", "check"),
        ("check", " checked in ", "publish"),
        ("publish", " published in ", "export"),
    ];
    for (stage, did, next) in stages {
        let output = world.run(&stage.split(' ').collect::<Vec<_>>());
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{stage}: {told}");
        assert!(!told.contains("pending"), "{stage}: {told}");
        let first = told.lines().next().unwrap();
        assert!(first.contains(did), "{stage}: {first}");
        // What one may look at, too, stands behind it, after a publish.
        let (_, tail) = told.split_once("\nnext:\n").unwrap_or_else(|| panic!("{stage}: {told}"));
        assert_eq!(
            tail.split("\n\n").next().unwrap().trim(),
            format!("snowtrack {next}"),
            "{stage}: {told}"
        );
    }
    let told = text(&world.run(&["export"]));
    assert!(told.lines().next().unwrap().contains(" exported in "), "{told}");
}

#[test]
fn who_only_submits_is_done_then() {
    let cloud = Cloud::small("rest", "parquet");
    said(&cloud, &[&["run"], &SMALL[..], &["--no-ingest"]].concat(), 0);
    let output = cloud.run(&["--json", "ingest"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &report["status"]), (Some(0), &"ingested".into()));
    let verification = &report["verification"];
    assert_eq!(verification["verdict"], "skipped", "{report:#}");
    assert_eq!(verification["reason"], "submitted; `snowtrack verify` asks what arrived");
    assert_eq!(report["error"], serde_json::Value::Null);
    // A second time there is nothing to submit; in words both say the same.
    let told = said(&cloud, &["ingest"], 0);
    assert!(!told.contains("pending") && !told.contains("did not come"), "{told}");
    said(&cloud, &["verify"], 0);
    let told = said(&cloud, &["ingest"], 0);
    assert!(
        told.contains(" unchanged in ") && told.contains("nothing to send; last proof"),
        "{told}"
    );
}

#[test]
fn of_settled_files_it_is_said_what_was_compared() {
    let cloud = Cloud::small("rest", "parquet");
    said(&cloud, &[&["run"], &SMALL[..]].concat(), 0);
    cloud.snowflake.tamper(
        "update SPOTIFY.RAW.SONGS set RUN_ID = 'by hand', EXTRACTED_AT = EXTRACTED_AT - interval 1 hour",
    );
    said(&cloud, &["verify"], 7);
    let told = said(&cloud, &["reconcile", "songs"], 0);
    assert!(told.contains("settled 1 file of `songs`"), "{told}");
    let told = said(&cloud, &["verify", "--all"], 0);
    let line = told.lines().find(|line| line.starts_with("  verified: ")).unwrap();
    // Seven files are asked about, and not that of the songs.
    assert!(
        line.contains(
            "all 7 files are in, row by row as they were sent; `songs` has settled files"
        ),
        "{told}"
    );
    assert!(
        line.contains(
            "compared by keys and business columns, and not by `RUN_ID` and `EXTRACTED_AT`"
        ),
        "{told}"
    );
}

#[test]
fn what_is_one_is_told_as_one() {
    let cloud = Cloud::small("rest", "parquet");
    said(&cloud, &[&["run"], &SMALL[..]].concat(), 0);
    cloud.snowflake.tamper("update SPOTIFY.RAW.SONGS set NAME = 'Changed by hand'");
    let told = said(&cloud, &["verify"], 7);
    assert!(told.contains("`songs` holds the one row of it with changed contents"), "{told}");
    assert!(told.contains("7 of 8 files are verified"), "{told}");
    let told = said(&cloud, &["reconcile", "songs"], 7);
    assert!(told.contains("error: 1 row differs"), "{told}");
    cloud.snowflake.tamper("delete from SPOTIFY.RAW.SONGS");
    let told = said(&cloud, &["verify"], 7);
    assert!(told.contains("that it loaded 1 row of it, but `songs` holds none"), "{told}");
    assert!(!told.contains("1 rows") && !told.contains("(s)"), "{told}");
}
