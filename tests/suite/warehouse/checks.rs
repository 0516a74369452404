//! The checks as somebody asks for them: which there are, what they found in a run, what they find in every row.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::source::documents::playlist;
use crate::support::TABLES;
use crate::support::World;

/// Exit code and document of a command.
fn ask(world: &World, arguments: &[&str]) -> (i32, Value) {
    let output = world.run(&[&["--json"], arguments].concat());
    let document = serde_json::from_slice(&output.stdout);
    (output.status.code().unwrap(), document.unwrap_or_else(|error| panic!("{error}: {output:?}")))
}

fn text(world: &World, arguments: &[&str]) -> String {
    let output = world.run(arguments);
    String::from_utf8(output.stdout).unwrap()
}

/// `severity check count` of each check that found rows.
fn failed(report: &Value) -> Vec<String> {
    let checks = report["checks"].as_array().unwrap().iter();
    let failed = checks.filter(|check| check["status"] == "fail");
    failed
        .map(|check| {
            format!(
                "{} {} {}",
                check["severity"].as_str().unwrap(),
                check["check"].as_str().unwrap(),
                check["offending_row_count"]
            )
        })
        .collect()
}

/// The names of the check files, as they lie on the disk.
fn names_on_disk() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/duckdb/checks");
    let entries = std::fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        name.strip_suffix(".sql").unwrap().to_owned()
    };
    let (every, mut names): (BTreeSet<String>, BTreeSet<String>) =
        entries.map(name).partition(|name| name.starts_with("each_table"));
    // A template is a check of each table, unless the table has its own.
    for template in every {
        for table in TABLES {
            names.insert(template.replace("each_table", table));
        }
    }
    names.into_iter().collect()
}

/// A warehouse with one song, shipped with a warning: nobody adds songs in 1999.
fn warned() -> World {
    let world = World::new();
    let body = playlist(|_| {}).replace("2024-05-01T10:00:00Z", "1999-05-01T10:00:00Z");
    world.write("in/playlist.json", &body);
    let (code, report) = world.report(&["--from-dir", "in"]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(failed(&report), WARNINGS);
    world
}

const WARNINGS: [&str; 2] =
    ["warn playlist_songs__added_at_is_plausible 1", "warn songs__added_at_is_plausible 1"];

/// A warehouse that refused a song of no length.
fn refused() -> (World, String) {
    let world = World::new();
    world.write("in/playlist.json", &playlist(|song| song["duration_ms"] = json!(0)));
    let (code, report) = world.report(&["--from-dir", "in"]);
    assert_eq!(code, 4, "{report:#}");
    (world, report["run_id"].as_str().unwrap().to_owned())
}

#[test]
fn what_a_run_warned_of_is_found_again_when_everything_is_looked_at() {
    let world = warned();
    // The next run has nothing new, and so nothing to say of it.
    let (code, report) = world.report(&["--from-dir", "in"]);
    assert_eq!((code, failed(&report)), (0, Vec::new()), "{report:#}");
    let runs = ask(&world, &["status"]);
    // Without a flag it is the same, because nothing is pending.
    for arguments in [["check", "--all"].as_slice(), &["check"]] {
        let (code, report) = ask(&world, arguments);
        assert_eq!(code, 0, "{report:#}");
        assert_eq!(failed(&report), WARNINGS, "{arguments:?}");
        assert_eq!(report["checks"].as_array().unwrap().len(), names_on_disk().len());
        assert_eq!((&report["run_id"], &report["error"]), (&Value::Null, &Value::Null));
        let said = text(&world, arguments);
        assert!(said.contains("looked at all 7 rows of 8 tables"), "{said}");
        assert!(said.contains("added_at_is_plausible found 1 row"), "{said}");
        let row = "Harbour, row 0: song `Low Tide` added at 1999-05-01 10:00:00";
        assert!(said.contains(row), "{said}");
    }
    assert_eq!(ask(&world, &["status"]), runs, "a look is no run");
}

#[test]
fn a_row_that_was_spoilt_after_it_was_shipped_is_found_by_the_look_at_everything() {
    let spoils = [
        ("update core.songs set duration_ms = 0", "error songs__duration_is_positive 1"),
        (
            "update core.playlist_songs set position = 5",
            "error playlist_songs__positions_are_contiguous 1",
        ),
        ("delete from core.playlist_songs", "error playlist_songs__no_row_is_lost 1"),
        ("insert into core.songs from core.songs", "error songs__key_is_unique 1"),
        ("delete from core.albums", "error songs__album_exists 1"),
    ];
    for (spoil, wanted) in spoils {
        let world = World::new();
        world.write("in/playlist.json", &playlist(|_| {}));
        assert_eq!(world.report(&["--from-dir", "in"]).0, 0);
        let connection = duckdb::Connection::open(world.path("data/snowtrack.duckdb")).unwrap();
        connection.execute_batch(spoil).unwrap();
        drop(connection);
        let (code, report) = ask(&world, &["check", "--all"]);
        assert_eq!(code, 4, "{spoil}: {report:#}");
        assert!(failed(&report).contains(&wanted.to_owned()), "{spoil}: {:?}", failed(&report));
        let check = wanted.split(' ').nth(1).unwrap();
        assert!(report["error"].as_str().unwrap().contains(check), "{spoil}: {report:#}");
        // They can be asked for, and accepted.
        let sql = format!("select count(*) as n from {check}");
        let (code, rows) = ask(&world, &["query", "--refused", &sql]);
        assert_eq!((code, rows), (0, json!([{"n": 1}])), "{spoil}");
        let mut accepted = vec!["check", "--all"];
        let found = failed(&report);
        for line in &found {
            accepted.extend(["--warn-only", line.split(' ').nth(1).unwrap()]);
        }
        assert_eq!(ask(&world, &accepted).0, 0, "{spoil}");
    }
}

#[test]
fn a_list_that_was_read_to_its_end_later_is_not_called_short() {
    let world = World::new();
    let whole = playlist(|_| {}).replace(r#""total":1"#, r#""total":2"#);
    let mut page: Value = serde_json::from_str(&playlist(|_| {})).unwrap();
    let mut page = page["items"].take();
    page["href"] = json!("https://api.spotify.com/v1/playlists/3aB1cD2eF3gH4iJ5kL6mN7/items");
    (page["offset"], page["total"]) = (json!(1), json!(2));
    world.write("first/a.json", &whole);
    let (_, report) = world.report(&["--from-dir", "first"]);
    assert_eq!(failed(&report), ["warn playlist_songs__read_is_complete 1"]);
    let (_, report) = ask(&world, &["check"]);
    assert_eq!(failed(&report), ["warn playlist_songs__read_is_complete 1"]);
    world.write("second/a.json", &whole);
    world.write("second/b.json", &page.to_string());
    let (code, report) = world.report(&["--from-dir", "second", "--refetch"]);
    assert_eq!((code, failed(&report)), (0, Vec::new()), "{report:#}");
    let (code, report) = ask(&world, &["check"]);
    assert_eq!((code, failed(&report)), (0, Vec::new()), "{report:#}");
}

#[test]
fn while_rows_are_pending_check_looks_at_these() {
    let world = warned();
    let body = playlist(|song| song["duration_ms"] = json!(0));
    world.write("more/playlist.json", &body.replace("3aB1", "9aB1").replace("0aB1", "8aB1"));
    for command in [["fetch", "--from-dir", "more"].as_slice(), &["transform"]] {
        assert!(world.run(command).status.success());
    }
    let (code, report) = ask(&world, &["check"]);
    assert_eq!(code, 4, "{report:#}");
    assert_eq!(failed(&report), ["error songs__duration_is_positive 1"]);
    let (code, report) = ask(&world, &["check", "--all"]);
    assert_eq!(code, 4, "{report:#}");
    let mut all = WARNINGS.to_vec();
    all.insert(1, "error songs__duration_is_positive 1");
    let mut found = failed(&report);
    found.sort();
    all.sort_unstable();
    assert_eq!(found, all);
}

#[test]
fn the_checks_are_listed_with_severity_and_reason() {
    let world = World::new();
    let (code, list) = ask(&world, &["check", "--list"]);
    assert_eq!(code, 0);
    let list = list.as_array().unwrap();
    let names: Vec<_> = list.iter().map(|entry| entry["check"].as_str().unwrap()).collect();
    assert_eq!(names, names_on_disk());
    for entry in list {
        assert!(matches!(entry["severity"].as_str(), Some("error" | "warn")), "{entry}");
        assert!(entry["why"].as_str().unwrap().len() > 10, "{entry}");
    }
    let said = text(&world, &["check", "--list"]);
    let mut lines = said.lines().skip_while(|line| !line.contains("songs__duration_is_positive"));
    assert!(lines.next().unwrap().starts_with("error "), "{said}");
    assert!(lines.next().unwrap().starts_with("  → a song lasts"), "{said}");
    // Below the heads two lines each, and at the end how many there are.
    assert_eq!(said.lines().count(), 2 * names.len() + 2);
    assert!(!world.path("data").exists(), "nothing is opened for it");
}

#[test]
fn status_shows_what_the_checks_of_a_run_found_and_where() {
    let (world, run) = refused();
    let (code, findings) = ask(&world, &["status", "--run", &run, "--checks"]);
    assert_eq!(code, 0);
    let findings = findings.as_array().unwrap();
    assert_eq!(findings.len(), names_on_disk().len());
    let failed: Vec<_> = findings.iter().filter(|finding| finding["status"] == "fail").collect();
    let [finding] = failed.as_slice() else { panic!("{failed:?}") };
    assert_eq!(finding["check"], "songs__duration_is_positive");
    assert_eq!(
        finding["rows"],
        json!([{"playlist_id": "3aB1cD2eF3gH4iJ5kL6mN7", "position": 0, "song_id": "0aB1cD2eF3gH4iJ5kL6mN7", "name": "Low Tide", "duration_ms": 0}])
    );
    let said = text(&world, &["status", "--run", &run, "--checks"]);
    let passed = names_on_disk().len() - 1;
    for words in [
        &format!("run {run}: {passed} of {} checks passed", passed + 1),
        "error songs__duration_is_positive found 1 row: a song lasts",
        "Harbour, row 0: song `Low Tide` that lasts 0 ms",
    ] {
        assert!(said.contains(words), "no `{words}` in {said}");
    }
    let output = world.run(&["status", "--checks"]);
    assert_eq!(output.status.code(), Some(2), "a run must be named");
}

#[test]
fn what_the_checks_of_a_run_found_is_shown_beside_a_run_at_work_too() {
    let (world, run) = refused();
    let status = ["status", "--run", &run, "--checks"];
    let free = (ask(&world, &status), text(&world, &status));
    // As a run holds it while it works.
    let held = duckdb::Connection::open(world.path("data/snowtrack.duckdb")).unwrap();
    let beside = (ask(&world, &status), text(&world, &status));
    assert_eq!(beside, free);
    assert!(beside.1.contains("songs__duration_is_positive found 1 row"), "{}", beside.1);
    for word in ["latest", &run[..20], &run.to_lowercase()] {
        assert_eq!(text(&world, &["status", "--run", word, "--checks"]), free.1, "{word}");
    }
    let unknown = ["status", "--run", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "--checks"];
    let output = world.run(&unknown);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    drop(held);
    // By another name of the same run, too; one that several have is none.
    for word in ["latest", &run[..20], &run.to_lowercase()] {
        assert_eq!(text(&world, &["status", "--run", word, "--checks"]), free.1, "{word}");
    }
    assert_eq!(world.report(&["--from-dir", "in"]).0, 4);
    for (word, says) in [("01", "beginning of 2 runs"), ("", "no run"), ("none", "`none`")] {
        let output = world.run(&["status", "--run", word]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{word}: {said}");
        assert!(said.contains(says), "{word}: {said}");
    }
}

#[test]
fn the_rows_of_a_refusal_can_be_asked_for_until_a_run_passes() {
    let (world, run) = refused();
    let output = world.run(&["run", "--from-dir", "in"]);
    let error = String::from_utf8(output.stderr).unwrap();
    // What it says works as it stands there.
    let said = format!("snowtrack status --run {run} --checks");
    assert!(!error.contains(&said), "this is another run");
    let command = error.split("`snowtrack query --refused ").nth(1).unwrap();
    let sql = command.split('`').next().unwrap().trim_matches('"');
    let (code, rows) = ask(&world, &["query", "--refused", sql]);
    assert_eq!((code, &rows[0]["song_id"]), (0, &json!("0aB1cD2eF3gH4iJ5kL6mN7")), "{error}");
    let checks = r#"select "check", severity, offending_row_count as n from checks"#;
    let wanted = json!([{"check": "songs__duration_is_positive", "severity": "error", "n": 1}]);
    assert_eq!(ask(&world, &["query", "--refused", checks]).1, wanted);
    assert!(!world.path("data/spotify.duckdb").exists(), "nothing is published");
    // The song was mended.
    world.write("in/playlist.json", &playlist(|_| {}).replace(r#""s1""#, r#""s2""#));
    let (code, report) = world.report(&["--from-dir", "in"]);
    assert_eq!(code, 0, "{report:#}");
    let output = world.run(&["query", "--refused", "from checks"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("check --all"), "{error}");
}

/// What cannot be read is wanted whole, and is JSON inside JSON; only a screen takes its beginning.
#[test]
fn what_cannot_be_read_is_kept_whole_and_only_the_screen_shows_its_beginning() {
    let long = format!("a text {}its end", "x".repeat(3_000));
    let world = World::new();
    let body = playlist(|_| {}).replace(r#""total":1"#, r#""total":2"#);
    let row = format!(r#""items":["{long}",{{"#);
    world.write("in/playlist.json", &body.replace(r#""items":[{"#, &row));
    let (code, report) = world.report(&["--from-dir", "in"]);
    assert_eq!(code, 4, "{report:#}");
    let checks = report["checks"].as_array().unwrap().iter();
    let check = checks.clone().find(|it| it["check"] == "playlist_songs__row_is_readable").unwrap();
    let example: Value = serde_json::from_str(check["examples"][0].as_str().unwrap()).unwrap();
    let whole = json!(long).to_string();
    assert_eq!(example["row_json"], whole);
    let sql = "select row_json from playlist_songs__row_is_readable";
    assert_eq!(ask(&world, &["query", "--refused", sql]), (0, json!([{"row_json": whole}])));
    let run = report["run_id"].as_str().unwrap();
    for arguments in [["status", "--run", run, "--checks"].as_slice(), &["check"]] {
        let output = world.run(arguments);
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(said.contains("xxx…"), "{arguments:?}: {said}");
        assert!(!said.contains(&"x".repeat(600)), "{arguments:?}: {said}");
    }
    // A document that is none, found by the look at everything.
    let world = World::new();
    world.write("in/playlist.json", &playlist(|_| {}));
    assert_eq!(world.report(&["--from-dir", "in"]).0, 0);
    let connection = duckdb::Connection::open(world.path("data/snowtrack.duckdb")).unwrap();
    let spoil = "update raw.documents set envelope = ? where entity = 'playlist'";
    let broken = format!("{{\"name\": \"{long}");
    connection.execute(spoil, [&broken]).unwrap();
    drop(connection);
    assert_eq!(ask(&world, &["check", "--all"]).0, 4);
    let sql = "select object_json from documents__row_is_readable";
    assert_eq!(ask(&world, &["query", "--refused", sql]), (0, json!([{"object_json": broken}])));
}

#[test]
fn warnings_that_an_earlier_run_gave_are_one_line() {
    let world = World::new();
    let of = |added_at: &str, popularity: u8| {
        playlist(|song| song["popularity"] = json!(popularity))
            .replace("2024-05-01T10:00:00Z", added_at)
            .replace("\"s1\"", &format!("\"s{popularity}\""))
    };
    world.write("in/playlist.json", &of("1999-05-01T10:00:00Z", 1));
    let first = text(&world, &["run", "--from-dir", "in"]);
    let row = "Harbour, row 0: song `Low Tide` added at 1999-05-01 10:00:00";
    assert!(first.contains(row) && !first.contains("of earlier runs"), "{first}");
    // The list is another one now, with the song as it was.
    world.write("in/playlist.json", &of("1999-05-01T10:00:00Z", 2));
    let (code, report) = world.report(&["--from-dir", "in"]);
    assert_eq!((code, failed(&report)), (0, WARNINGS.map(str::to_owned).to_vec()), "{report:#}");
    let checks = report["checks"].as_array().unwrap().iter();
    let standing = checks.filter_map(|it| it["standing_row_count"].as_u64());
    assert_eq!(standing.collect::<Vec<_>>(), [1, 1], "{report:#}");
    world.write("in/playlist.json", &of("1999-05-01T10:00:00Z", 3));
    let again = text(&world, &["run", "--from-dir", "in"]);
    let line = "  2 warnings of earlier runs stand, of 2 rows: `snowtrack status --run 01";
    assert!(again.contains(line) && !again.contains("added at"), "{again}");
}

#[test]
fn a_beginning_of_several_runs_lists_them() {
    let world = World::new();
    world.write("in/playlist.json", &playlist(|_| {}));
    let runs: Vec<String> = (0..2)
        .map(|_| world.report(&["--from-dir", "in"]).1["run_id"].as_str().unwrap().to_owned())
        .collect();
    for command in [["status", "--run", "01"], ["export", "--run", "0"], ["verify", "--run", "0"]] {
        let output = world.run(&command);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{command:?}: {said}");
        assert!(said.contains(&format!("{}, {}", runs[1], runs[0])), "{command:?}: {said}");
    }
    // Each by itself is found, by its end and as the latest.
    for word in [&runs[1][..25], "latest"] {
        let said = text(&world, &["status", "--run", word]);
        assert!(said.starts_with(&format!("run {}: unchanged", runs[1])), "{said}");
        assert_ne!(world.run(&["export", "--run", word]).status.code(), Some(2), "{word}");
    }
}
