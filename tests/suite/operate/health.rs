//! `status --max-age`: one line that says whether a run ended well, and not too long ago. `logout`: the login goes, all else stays.

use std::process::Output;

use duckdb::Connection;
use serde_json::{Value, json};

use crate::support::World;
use crate::support::cloud::{Cloud, SMALL, report, text};

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// Changes the ledger behind its back.
fn change(world: &World, sql: &str) {
    let connection = Connection::open(world.path("data/snowtrack.duckdb")).unwrap();
    connection.execute_batch(sql).unwrap();
}

fn code(world: &World, max_age: &str) -> Option<i32> {
    world.run(&["status", "--max-age", max_age]).status.code()
}

const AGE: &str = "update meta.runs set finished_at = finished_at - to_hours(30)";

#[test]
fn an_empty_folder_is_not_healthy_and_stays_empty() {
    let world = World::new();
    let output = world.run(&["status", "--max-age", "26h"]);
    assert_eq!(output.status.code(), Some(8), "{}", text(&output));
    assert!(text(&output).contains("no run has ended well yet"), "{}", text(&output));
    assert!(!world.path("data").exists());
    let output = world.run(&["--json", "status", "--max-age", "26h"]);
    let wanted =
        json!({"is_fresh": false, "ended_well_at": null, "age_s": null, "max_age_s": 93_600});
    assert_eq!((output.status.code(), json_of(&output)), (Some(8), wanted));
}

#[test]
fn without_snowflake_an_export_and_a_run_without_news_are_well() {
    let world = World::new();
    world.write("in/playlist.json", &crate::source::documents::playlist(|_| {}));
    assert_eq!(world.report(&SMALL).0, 0);
    for (age, wanted) in [("26h", 0), ("90m", 0), ("3600s", 0), ("2d", 0)] {
        assert_eq!(code(&world, age), Some(wanted), "{age}");
    }
    for age in ["26", "h", "-1h", "1.5h", "26 h", ""] {
        assert_eq!(code(&world, age), Some(2), "{age}");
    }
    change(&world, AGE);
    assert_eq!(code(&world, "26h"), Some(8));
    assert_eq!((code(&world, "31h"), code(&world, "2d")), (Some(0), Some(0)));
    let output = world.run(&["--json", "status", "--max-age", "26h"]);
    let found = json_of(&output);
    assert_eq!((output.status.code(), &found["is_fresh"]), (Some(8), &json!(false)), "{found}");
    assert!((108_000..108_600).contains(&found["age_s"].as_u64().unwrap()), "{found}");
    // A night without news is a good one.
    let (_, again) = world.report(&SMALL);
    assert_eq!(again["status"], "unchanged", "{again}");
    assert_eq!(code(&world, "26h"), Some(0));
    // With a run, it is another question.
    let both = world.run(&["status", "--max-age", "26h", "--run", "latest"]);
    assert_eq!(both.status.code(), Some(2));
}

#[test]
fn a_run_that_ended_otherwise_changes_nothing() {
    let world = World::new();
    world.write("in/playlist.json", &crate::source::documents::playlist(|_| {}));
    assert_eq!(world.report(&SMALL).0, 0);
    change(&world, AGE);
    for status in ["failed", "refused", "running", "pending", "superseded", "ingested"] {
        change(
            &world,
            &format!(
                "insert into meta.runs (run_id, source, started_at, finished_at, status)
                 values ('01Z{status}', 'x', now()::timestamp, now()::timestamp, '{status}')"
            ),
        );
        assert_eq!(code(&world, "26h"), Some(8), "{status}");
        assert_eq!(code(&world, "31h"), Some(0), "{status}");
    }
}

#[test]
fn a_stage_that_asked_no_source_and_found_nothing_to_do_is_no_good_end() {
    let world = World::new();
    let export = || {
        let output = world.run(&["--json", "export"]);
        let found = json_of(&output);
        assert_eq!((output.status.code(), &found["status"]), (Some(0), &json!("unchanged")));
    };
    export();
    assert_eq!(code(&world, "1h"), Some(8), "nothing was ever read");
    world.write("in/playlist.json", &crate::source::documents::playlist(|_| {}));
    assert_eq!(world.report(&SMALL).0, 0);
    change(&world, AGE);
    export();
    assert_eq!((code(&world, "26h"), code(&world, "31h")), (Some(8), Some(0)));
    // In stages, a night without news is as good as in one command.
    let fetched = world.run(&[&["fetch"], &SMALL[..]].concat());
    assert_eq!(fetched.status.code(), Some(0), "{}", text(&fetched));
    export();
    assert_eq!(code(&world, "26h"), Some(0));
}

#[test]
fn with_snowflake_only_a_proof_counts_and_no_news_only_while_all_is_proven() {
    let cloud = Cloud::small("rest", "parquet");
    let healthy = |max_age: &str| {
        cloud.command(&["status", "--max-age", max_age]).output().unwrap().status.code()
    };
    assert_eq!(cloud.report(&[&SMALL[..], &["--no-ingest"]].concat()).0, 0);
    assert_eq!(healthy("26h"), Some(8), "what is uploaded is not proven");
    let (code, proven) = cloud.report(&SMALL);
    assert_eq!((code, &proven["status"]), (0, &json!("verified")), "{proven}");
    assert_eq!(healthy("26h"), Some(0));
    change(&cloud.world, AGE);
    assert_eq!((healthy("26h"), healthy("31h")), (Some(8), Some(0)));
    let (code, quiet) = cloud.report(&SMALL);
    assert_eq!((code, &quiet["status"]), (0, &json!("unchanged")), "{quiet}");
    assert_eq!(healthy("26h"), Some(0));
    // Somebody truncates a table: from then on a quiet night proves nothing.
    change(&cloud.world, "update meta.files set state = 'mismatch' where \"table\" = 'songs'");
    assert_eq!(healthy("26h"), Some(8));
    assert_eq!(healthy("31h"), Some(0), "the run that was verified is as old as it was");
}

#[test]
fn it_is_answered_beside_a_run_at_work() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    let mut next: Value =
        serde_json::from_str(&crate::source::documents::playlist(|_| {})).unwrap();
    next["snapshot_id"] = json!("another");
    cloud.world.write("in/playlist.json", &next.to_string());
    cloud.snowflake.let_loads_take(crate::support::fake_snowflake::Latency::Looks(2));
    let mut at_work = cloud.command(&[&["--json", "run"], &SMALL[..]].concat());
    let mut at_work = at_work.stdout(std::process::Stdio::null()).spawn().unwrap();
    let healthy =
        |max_age: &str| cloud.command(&["status", "--max-age", max_age]).output().unwrap();
    let mut seen_beside = 0;
    while at_work.try_wait().unwrap().is_none() {
        let output = healthy("26h");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        seen_beside += 1;
    }
    assert!(seen_beside > 0);
    assert!(at_work.wait().unwrap().success());
    let (code, _) = report(&mut cloud.command(&[&["--json", "run"], &SMALL[..]].concat()));
    assert_eq!(code, 0);
}

#[test]
fn a_logout_takes_the_login_and_nothing_else_and_a_second_one_says_that_there_was_none() {
    let world = World::new();
    let output = world.run(&["logout"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(text(&output).contains("there was no login"), "{}", text(&output));
    assert!(!world.path("data").exists(), "nothing is made");

    assert_eq!(world.report(&["--demo"]).0, 0);
    world.write("data/spotify_token.json", "{\"refresh_token\":\"secret-one\"}");
    world.write("data/spotify_token.json.new", "half of one");
    let names = || {
        let mut names: Vec<String> = std::fs::read_dir(world.path("data"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let before = names();
    let output = world.run(&["--json", "logout"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(!text(&output).contains("secret-one"));
    let found = json_of(&output);
    assert_eq!((&found["status"], &found["is_removed"]), (&json!("logged out"), &json!(true)));
    let is_login = |name: &String| name.starts_with("spotify_token.json");
    let wanted: Vec<_> = before.into_iter().filter(|name| !is_login(name)).collect();
    assert_eq!(names(), wanted);
    let output = world.run(&["--json", "logout"]);
    let found = json_of(&output);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!((&found["status"], &found["is_removed"]), (&json!("not logged in"), &json!(false)));
    // What is configured is named, and stays.
    let mut command = world.command(&["logout"]);
    let output = command.env("SPOTIFY_REFRESH_TOKEN", "secret-two").output().unwrap();
    assert!(text(&output).contains("`SPOTIFY_REFRESH_TOKEN` is configured"), "{}", text(&output));
    assert!(!text(&output).contains("secret-two"));
}
