//! A login outlives what happens to it: a file that cannot be written, an odd answer, a successor that has ended.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::source::live::{USER, plain};
use crate::support::World;
use crate::support::fake_spotify::{
    ALL_SCOPES, CLIENT_ID, FakeSpotify, Fault, REFRESH_TOKEN, When,
};
use crate::support::library::Mode;

fn at_accounts() -> When {
    When::Path("/accounts/api/token".to_owned())
}

fn token_file(world: &World) -> PathBuf {
    world.path("data/spotify_token.json")
}

fn stored_token(world: &World) -> String {
    let stored: Value = serde_json::from_slice(&std::fs::read(token_file(world)).unwrap()).unwrap();
    stored["refresh_token"].as_str().unwrap().to_owned()
}

/// As `snowtrack login` leaves it; `descends_from` as after a refresh of a configured token.
fn store(world: &World, token: &str, (at, origin): (Option<DateTime<Utc>>, Option<&str>)) {
    let login = json!({
        "client_id": CLIENT_ID, "refresh_token": token, "scopes": ALL_SCOPES.split(' ').collect::<Vec<_>>(),
        "authorized_at": at, "descends_from": origin,
    });
    world.write("data/spotify_token.json", &login.to_string());
    let owners_alone = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(token_file(world), owners_alone).unwrap();
}

/// A run without a configured token.
fn logged_in(world: &World, spotify: &FakeSpotify, id: &str) -> Command {
    let mut command = world.operator(spotify, &["run", "--playlist", id]);
    command.env_remove("SPOTIFY_REFRESH_TOKEN").env_remove("SPOTIFY_CLIENT_SECRET");
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_login_is_not_renewed_where_the_new_one_would_find_no_place() {
    let (library, id) = plain(5);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    spotify.rotate_refresh_tokens();
    store(&world, REFRESH_TOKEN, (None, None));
    let in_the_way = "data/spotify_token.json.new/something";
    world.write(in_the_way, "");
    let output = logged_in(&world, &spotify, &id).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("spotify_token.json.new"), "{}", said(&output));
    assert_eq!(spotify.count("/accounts/"), 0);
    assert!(spotify.is_refresh_token_valid(REFRESH_TOKEN));
    std::fs::remove_dir_all(world.path("data/spotify_token.json.new")).unwrap();
    let output = logged_in(&world, &spotify, &id).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(spotify.is_refresh_token_valid(&stored_token(&world)));
}

/// Puts a folder where the login is, right after Spotify has replaced it.
fn block(world: &World, spotify: &FakeSpotify) {
    let file = token_file(world);
    let block = move || {
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir_all(file.join("in the way")).unwrap();
    };
    spotify.script(at_accounts(), 1, Fault::mutate(move |_| block()));
}

#[test]
fn a_new_login_that_cannot_be_stored_is_used_told_and_stored_at_the_end() {
    let (library, id) = plain(150);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    spotify.rotate_refresh_tokens();
    store(&world, REFRESH_TOKEN, (None, None));
    block(&world, &spotify);
    // It is renewed once more, from the one that only the process has; then there is room again.
    spotify.script(When::Call(2), 1, Fault::status(401, "The access token expired"));
    let file = token_file(&world);
    let unblock = move || std::fs::remove_dir_all(&file).unwrap();
    spotify.script(When::Call(4), 1, Fault::mutate(move |_| unblock()));
    let output = logged_in(&world, &spotify, &id).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!((spotify.count("/accounts/"), spotify.unused_faults()), (2, 0));
    assert!(said(&output).contains("could not store the login"), "{}", said(&output));
    assert!(!said(&output).contains("snowtrack login`"), "nothing is lost: {}", said(&output));
    assert!(spotify.is_refresh_token_valid(&stored_token(&world)));
    let output = logged_in(&world, &spotify, &id).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

#[test]
fn a_new_login_that_can_never_be_stored_ends_no_run_and_is_told_with_what_to_do() {
    let (library, id) = plain(5);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    spotify.rotate_refresh_tokens();
    store(&world, REFRESH_TOKEN, (None, None));
    block(&world, &spotify);
    let output = logged_in(&world, &spotify, &id).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("run `snowtrack login`"), "{}", said(&output));
    assert!(!world.path("data/spotify_token.json.new").exists());
    for secret in spotify.secrets() {
        assert!(!said(&output).contains(&secret), "{}", said(&output));
    }
}

#[test]
fn an_odd_refresh_token_replaces_no_good_one() {
    // What else is odd is a table beside the code.
    for odd in [r#""""#, r#""a\nb""#] {
        let (library, id) = plain(5);
        let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
        for is_stored in [false, true] {
            if is_stored {
                store(&world, REFRESH_TOKEN, (None, None));
            }
            let access = spotify.issue_access_token(ALL_SCOPES);
            let body = format!(
                r#"{{"access_token":"{access}","token_type":"Bearer","expires_in":3600,"refresh_token":{odd}}}"#
            );
            spotify.script(at_accounts(), 1, Fault::ServeRaw(body));
            for _ in 0..2 {
                let mut command = match is_stored {
                    true => logged_in(&world, &spotify, &id),
                    false => world.operator(&spotify, &["run", "--playlist", &id]),
                };
                let output = command.output().unwrap();
                assert_eq!(output.status.code(), Some(0), "{odd}: {}", said(&output));
            }
            assert_eq!(spotify.unused_faults(), 0, "{odd}");
            assert_eq!(token_file(&world).exists(), is_stored, "{odd}");
        }
    }
}

/// How a configured token is known again without being stored: the first 64 bits of its SHA-256, in hexadecimal.
fn origin() -> String {
    let digest = Sha256::digest(REFRESH_TOKEN.as_bytes());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn where_the_successor_of_a_configured_token_has_ended_the_configured_one_is_tried() {
    for rotates in [false, true] {
        let (library, id) = plain(5);
        let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
        if rotates {
            spotify.rotate_refresh_tokens();
        }
        store(&world, "ended", (None, Some(&origin())));
        let run = || world.operator(&spotify, &["run", "--playlist", &id]).output().unwrap();
        let output = run();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert_eq!(spotify.count("/accounts/"), 2);
        // What has ended is not tried again.
        let output = run();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert_eq!(spotify.count("/accounts/"), 3);
        assert_eq!(token_file(&world).exists(), rotates);
    }
    let (library, id) = plain(5);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    spotify.revoke_refresh_tokens();
    store(&world, "ended", (None, Some(&origin())));
    let output = world.operator(&spotify, &["run", "--playlist", &id]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("invalid_grant"), "{}", said(&output));
    assert_eq!(spotify.count("/accounts/"), 2);
}

#[test]
fn a_login_that_is_no_file_is_refused_and_not_waited_for() {
    let (library, id) = plain(5);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    std::fs::create_dir(world.path("data")).unwrap();
    let made = Command::new("mkfifo").arg(token_file(&world)).status().unwrap();
    assert!(made.success());
    let output = logged_in(&world, &spotify, &id).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("not a regular file"), "{}", said(&output));
}

#[expect(clippy::disallowed_methods, reason = "the binary has the machine's clock")]
fn days_ago(days: i64) -> DateTime<Utc> {
    Utc::now() - TimeDelta::days(days)
}

#[test]
fn from_day_150_on_each_run_and_doctor_say_when_the_login_ends() {
    let (library, id) = plain(5);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    assert_eq!(spotify.library().me.id, USER);
    for (days, is_told) in [(0, false), (149, false), (150, true), (170, true), (400, true)] {
        let at = days_ago(days);
        store(&world, REFRESH_TOKEN, (Some(at), None));
        // The first reads everything, the others find nothing new.
        let output = logged_in(&world, &spotify, &id).output().unwrap();
        let summary = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let day = at.format("%Y-%m-%d");
        let sql = format!("select strftime('{day}'::date + interval 6 month, '%Y-%m-%d') as day");
        let end = world.query(&sql)[0]["day"].as_str().unwrap().to_owned();
        let line = format!("the Spotify login ends on {end}");
        assert_eq!(summary.contains(&line), is_told, "{days} days: {summary}");
        let mut command = world.operator(&spotify, &["doctor"]);
        let output = command.env_remove("SPOTIFY_REFRESH_TOKEN").output().unwrap();
        let findings = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(findings.contains(&format!("it ends on {end}")), is_told, "{findings}");
        let mut command = world.operator(&spotify, &["--json", "run", "--playlist", &id]);
        let output = command.env_remove("SPOTIFY_REFRESH_TOKEN").output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let told = report["spotify"]["login_ends_at"].as_str().map(|text| text[..10].to_owned());
        assert_eq!(told, is_told.then_some(end), "{report:#}");
    }
}
