//! Alerts: one when a kind of trouble begins, one when it is over, across processes and machines.

use std::process::{Command, Output};

use serde_json::Value;

use super::receiver::{Manner, Receiver};
use crate::support::World;
use crate::support::cloud::{Cloud, SMALL, text};
use crate::support::fake_s3;
use crate::support::fake_snowflake::PipeState;
use crate::support::fake_spotify::{FakeSpotify, Fault, When};
use crate::support::library::{Library, Mode, Playlist, Row, spotify_id};

/// The webhook's path, which nobody may read anywhere.
const SECRET: &str = "T0HUNTER2/B0";

fn webhook(command: &mut Command, receiver: &Receiver) -> Output {
    let url = format!("{}/services/{SECRET}", receiver.url());
    let output = command.env("SNOWTRACK_ALERT_URL", url).output().unwrap();
    assert!(!text(&output).contains("HUNTER2"), "{}", text(&output));
    output
}

/// The texts that came to the webhook since the last question.
fn texts(receiver: &Receiver) -> Vec<String> {
    let posts = receiver.take().into_iter();
    posts
        .map(|post| {
            assert_eq!(
                (post.method.as_str(), post.content_type.as_str()),
                ("POST", "application/json")
            );
            assert!(post.path.ends_with(SECRET), "{}", post.path);
            let body: Value = serde_json::from_slice(&post.body).unwrap();
            let members: Vec<&String> = body.as_object().unwrap().keys().collect();
            assert_eq!(members, ["text"], "Slack refuses members that it does not know");
            body["text"].as_str().unwrap().to_owned()
        })
        .collect()
}

fn spotify() -> (FakeSpotify, String) {
    let (library, tracks) = Library::new("keeper").with_plain_tracks(1_000, 3);
    let id = spotify_id(1);
    let rows: Vec<Row> = tracks.iter().map(|track| Row::track(track)).collect();
    let library = library.with_playlist(Playlist::new(&id, "Three", "keeper").with_rows(rows));
    (FakeSpotify::start(library, Mode::Development), id)
}

/// `since 2026-01-05T12:00:00Z` of a text.
fn since(text: &str) -> &str {
    let (_, rest) = text.split_once(" since ").unwrap_or_else(|| panic!("{text}"));
    let time = rest.split(": ").next().unwrap();
    assert!(time.parse::<chrono::DateTime<chrono::Utc>>().is_ok() && time.ends_with('Z'), "{text}");
    time
}

#[test]
fn an_incident_over_five_runs_is_told_once_and_once_that_it_is_over() {
    let (spotify, id) = spotify();
    let (world, receiver) = (World::new(), Receiver::start());
    let run = |code: i32| {
        let mut command = world.operator(&spotify, &["--json", "run", "--playlist", &id]);
        let output = webhook(&mut command, &receiver);
        assert_eq!(output.status.code(), Some(code), "{}", text(&output));
        texts(&receiver)
    };
    assert!(run(0).is_empty());
    spotify.script(When::Path("/v1/playlists".to_owned()), 2, Fault::status(404, "no"));
    let began = run(3);
    assert_eq!(began.len(), 1);
    assert!(began[0].starts_with("snowtrack: source\nsource since "), "{}", began[0]);
    assert!(began[0].contains("Spotify") && began[0].contains("why: "), "{}", began[0]);
    let again = format!("continue with: `snowtrack run --playlist {id}`");
    assert!(began[0].ends_with(&again), "{}", began[0]);
    assert!(run(3).is_empty());
    assert_eq!(spotify.unused_faults(), 0);
    let over = run(0);
    assert_eq!(over.len(), 1);
    assert!(over[0].starts_with("snowtrack: source is over\n"), "{}", over[0]);
    assert_eq!(since(&over[0]), since(&began[0]));
    assert!(over[0].contains("see: `snowtrack status --run 01"), "{}", over[0]);
    assert!(run(0).is_empty());
}

#[test]
fn what_differs_is_named_by_every_file_and_a_verify_ends_it() {
    let (cloud, receiver) = (Cloud::small("rest", "parquet"), Receiver::start());
    let go = |arguments: &[&str], code: i32| {
        let output = webhook(&mut cloud.command(arguments), &receiver);
        assert_eq!(output.status.code(), Some(code), "{}", text(&output));
        (output, texts(&receiver))
    };
    let run = [&["--json", "run"][..], &SMALL].concat();
    let (output, told) = go(&run, 0);
    assert!(told.is_empty(), "{told:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    cloud.snowflake.tamper("create table kept as from SPOTIFY.RAW.SONGS");
    cloud.snowflake.tamper("create table kept_albums as from SPOTIFY.RAW.ALBUMS");
    cloud.snowflake.tamper("delete from SPOTIFY.RAW.SONGS");
    cloud.snowflake.tamper("delete from SPOTIFY.RAW.ALBUMS");
    let (_, told) = go(&["-q", "verify"], 7);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("mismatch since "), "{}", told[0]);
    for file in report["files"].as_array().unwrap() {
        let is_named = told[0].contains(file["key"].as_str().unwrap());
        let is_wrong = file["table"] == "songs" || file["table"] == "albums";
        assert_eq!(is_named, is_wrong, "{}", told[0]);
    }
    let mends = "`snowtrack reconcile albums songs --repair`";
    assert!(told[0].ends_with(&format!("continue with: {mends}")), "{}", told[0]);
    assert_eq!(told[0].matches(mends).count(), 2, "the error says the same: {}", told[0]);
    // A stage that does not look ends nothing, a run that sees it again tells nothing.
    assert!(go(&["-q", "export"], 0).1.is_empty());
    assert!(go(&run, 7).1.is_empty());
    cloud.snowflake.tamper("insert into SPOTIFY.RAW.SONGS from kept");
    cloud.snowflake.tamper("insert into SPOTIFY.RAW.ALBUMS from kept_albums");
    let (_, over) = go(&["-q", "verify"], 0);
    assert_eq!(over.len(), 1, "{over:?}");
    assert!(over[0].starts_with("snowtrack: mismatch is over\n"), "{}", over[0]);
    assert_eq!(since(&over[0]), since(&told[0]));
}

#[test]
fn a_refused_run_names_its_checks() {
    let (cloud, receiver) = (Cloud::small("rest", "parquet"), Receiver::start());
    let broken = crate::source::documents::playlist(|song| {
        song["duration_ms"] = (-1).into();
        song["popularity"] = 500.into();
    });
    cloud.world.write("in/playlist.json", &broken);
    let run = [&["--json", "run"][..], &SMALL].concat();
    let output = webhook(&mut cloud.command(&run), &receiver);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(4), "{report:#}");
    let told = texts(&receiver);
    assert_eq!(told.len(), 1);
    let line = told[0].lines().nth(1).unwrap();
    let checks = report["checks"].as_array().unwrap().iter();
    let failing: Vec<&str> = checks
        .filter(|check| check["status"] == "fail" && check["severity"] == "error")
        .map(|check| check["check"].as_str().unwrap())
        .collect();
    assert!(!failing.is_empty(), "{report:#}");
    assert!(line.ends_with(&format!(": {}", failing.join(", "))), "{line}");
    let run = report["run_id"].as_str().unwrap();
    let look = format!("`snowtrack status --run {run} --checks`");
    assert!(told[0].ends_with(&format!("continue with: {look}")), "{}", told[0]);
    assert_eq!(told[0].matches(&look).count(), 2, "the error says the same: {}", told[0]);
}

#[test]
fn later_is_told_from_the_second_run_in_a_row_and_who_is_in_the_way_never() {
    let (cloud, receiver) = (Cloud::small("rest", "parquet"), Receiver::start());
    cloud
        .snowflake
        .set_pipe_state("SPOTIFY.RAW.SONGS_PARQUET_REST_V1", PipeState::new("PAUSED", None));
    let run = |code: i32| {
        let arguments = [&["-q", "run"][..], &SMALL].concat();
        let mut command = cloud.command(&arguments);
        let output = webhook(command.env("SNOWFLAKE_VERIFY_TIMEOUT_SECS", "0"), &receiver);
        assert_eq!(output.status.code(), Some(code), "{}", text(&output));
        texts(&receiver)
    };
    assert!(run(8).is_empty());
    // Somebody else holds the directory: that says nothing of the pipeline.
    let lock = std::fs::File::options()
        .read(true)
        .write(true)
        .open(cloud.world.path("data/lock"))
        .unwrap();
    lock.try_lock().unwrap();
    assert!(run(8).is_empty());
    drop(lock);
    let told = run(8);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("pending since ") && told[0].contains("songs_"), "{}", told[0]);
    assert!(run(8).is_empty());
    cloud
        .snowflake
        .set_pipe_state("SPOTIFY.RAW.SONGS_PARQUET_REST_V1", PipeState::new("RUNNING", None));
    let arguments = [&["-q", "run"][..], &SMALL].concat();
    let output = webhook(&mut cloud.command(&arguments), &receiver);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let over = texts(&receiver);
    assert_eq!((over.len(), since(&over[0])), (1, since(&told[0])));
}

#[test]
fn a_webhook_that_is_down_is_a_warning_and_told_by_the_next_run() {
    let (spotify, id) = spotify();
    let (world, receiver) = (World::new(), Receiver::start());
    spotify.script(When::Path("/v1/playlists".to_owned()), 3, Fault::status(404, "no"));
    let run = || {
        let mut command = world.operator(&spotify, &["--json", "run", "--playlist", &id]);
        let output = webhook(&mut command, &receiver);
        assert_eq!(output.status.code(), Some(3), "{}", text(&output));
        serde_json::from_slice::<Value>(&output.stdout).unwrap();
        (String::from_utf8_lossy(&output.stderr).into_owned(), texts(&receiver))
    };
    receiver.be(Manner::Status(500));
    let (said, first) = run();
    assert!(
        said.contains("the webhook at `127.0.0.1` did not take the alert: status 500"),
        "{said}"
    );
    receiver.be(Manner::Status(302));
    let (said, _) = run();
    assert!(said.contains("did not take the alert: status 302"), "{said}");
    receiver.be(Manner::Well);
    let (said, told) = run();
    assert!(!said.contains("did not take"), "{said}");
    assert_eq!((told.len(), since(&told[0])), (1, since(&first[0])), "since the first of them");
}

#[test]
fn a_stage_that_fails_as_its_run_did_names_the_command_that_began_it() {
    let (cloud, receiver) = (Cloud::small("rest", "parquet"), Receiver::start());
    std::fs::create_dir(cloud.world.path("in it's")).unwrap();
    std::fs::copy(cloud.world.path("in/playlist.json"), cloud.world.path("in it's/playlist.json"))
        .unwrap();
    let denied = fake_s3::Fault::answer(403, "AccessDenied", "Access Denied");
    cloud.s3.script(fake_s3::Op::Put, 1, usize::MAX, denied);
    let go = |arguments: &[&str]| {
        let output = webhook(&mut cloud.command(arguments), &receiver);
        assert_eq!(output.status.code(), Some(5), "{}", text(&output));
        texts(&receiver)
    };
    receiver.be(Manner::Status(500));
    go(&["-q", "run", "--from-dir", "in it's", "--archive"]);
    // Nobody took it, so the next process tells it: one that does not know the source.
    receiver.be(Manner::Well);
    let told = go(&["-q", "upload"]);
    assert_eq!(told.len(), 1, "{told:?}");
    let again = r"continue with: `snowtrack run --from-dir 'in it'\''s' --archive`";
    assert!(told[0].ends_with(again), "{}", told[0]);
}

#[test]
fn another_machine_with_the_state_knows_who_was_called() {
    let (spotify, id) = spotify();
    let receiver = Receiver::start();
    let shared = tempfile::tempdir().unwrap();
    let state = format!("file://{}/", shared.path().display());
    let run = |world: &World, code: i32| {
        let mut command = world.operator(&spotify, &["-q", "run", "--playlist", &id]);
        let output = webhook(command.env("SNOWTRACK_STATE", &state), &receiver);
        assert_eq!(output.status.code(), Some(code), "{}", text(&output));
        texts(&receiver)
    };
    assert!(run(&World::new(), 0).is_empty());
    spotify.script(When::Path("/v1/playlists".to_owned()), 2, Fault::status(404, "no"));
    let told = run(&World::new(), 3);
    assert_eq!(told.len(), 1);
    assert!(run(&World::new(), 3).is_empty());
    let over = run(&World::new(), 0);
    assert_eq!((over.len(), since(&over[0])), (1, since(&told[0])));
    assert!(run(&World::new(), 0).is_empty());
}

#[test]
fn the_webhook_is_a_secret_in_every_output() {
    let world = World::new();
    let (url, message) = (format!("http://127.0.0.1:9/services/{SECRET}"), "says its path");
    for arguments in [
        &["config", "check"][..],
        &["--json", "config", "check"],
        &["-vvv", "run", "--demo"],
        &["-vvv", "--log-format", "json", "run", "--demo"],
        &["doctor"],
    ] {
        let output = world.command(arguments).env("SNOWTRACK_ALERT_URL", &url).output().unwrap();
        assert!(!text(&output).contains("HUNTER2"), "{arguments:?} {message}: {}", text(&output));
    }
}

#[test]
fn the_command_of_an_alert_carries_the_flags_of_the_run() {
    let (world, receiver) = (World::new(), Receiver::start());
    world.write("in/nothing.json", "{}");
    let arguments = ["-q", "--data-dir", "my data", "run", "--from-dir", "in"];
    let output = webhook(&mut world.command(&arguments), &receiver);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    let told = texts(&receiver);
    let again = "continue with: `snowtrack --data-dir 'my data' run --from-dir in`";
    assert!(told.len() == 1 && told[0].ends_with(again), "{told:?}");
}
