//! Where others could read a credential: said by the run and by `doctor`; and what a new app does not get.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::World;
use crate::support::cloud::Cloud;
use crate::support::fake_spotify::{CLIENT_ID, FakeSpotify, REFRESH_TOKEN};
use crate::support::library::{Library, Mode, Playlist, Row, spotify_id};

fn spotify() -> (FakeSpotify, String) {
    let (library, tracks) = Library::new("keeper").with_plain_tracks(1_000, 3);
    let id = spotify_id(7);
    let rows: Vec<_> = tracks.iter().map(|track| Row::track(track)).collect();
    let library = library.with_playlist(Playlist::new(&id, "Plain", "keeper").with_rows(rows));
    (FakeSpotify::start(library, Mode::Development), id)
}

/// The double at an address that is not this machine's by its name, though it is reached there.
fn foreign(url: &str) -> String {
    url.replace("127.0.0.1", "0.0.0.0")
}

fn mode_of(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

/// What `doctor` warns of under this heading.
fn warnings(findings: &Value, what: &str) -> Vec<String> {
    let of_kind = findings.as_array().unwrap().iter().filter(|finding| {
        finding["what"] == what && finding["health"] == "warn" && finding["fix"].is_string()
    });
    of_kind.map(|finding| finding["detail"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_credential_that_goes_out_in_clear_is_told_by_the_run_and_by_doctor() {
    let (world, (spotify, id)) = (World::new(), spotify());
    let run = |arguments: &[&str]| {
        let mut command = world.operator(&spotify, arguments);
        command.env("SPOTIFY_API_URL", foreign(&spotify.api_url()));
        command.env("SPOTIFY_ACCOUNTS_URL", foreign(&spotify.accounts_url()));
        command.output().unwrap()
    };
    let output = run(&["run", "--playlist", &id]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for name in ["SPOTIFY_API_URL", "SPOTIFY_ACCOUNTS_URL"] {
        let about = said.lines().filter(|line| line.contains(name) && line.contains("https://"));
        assert_eq!(about.count(), 1, "{name}: {said}");
    }
    let output = run(&["--json", "doctor"]);
    assert_eq!(output.status.code(), Some(0));
    let findings = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(warnings(&findings, "privacy").len(), 2, "{findings:#}");
    // What stays on this machine is nobody else's to read.
    let output = world.operator(&spotify, &["run", "--playlist", &id]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("https://"), "{said}");
}

#[test]
fn a_login_that_would_go_out_in_clear_is_told_before_it_does() {
    let (world, (spotify, _)) = (World::new(), spotify());
    let login = |accounts_url: &str| {
        let mut command = world.operator(&spotify, &["login", "--no-browser"]);
        command.env("SPOTIFY_ACCOUNTS_URL", accounts_url).env_remove("SPOTIFY_REFRESH_TOKEN");
        // Nobody pastes the redirect, so nothing is sent.
        let output = command.stdin(std::process::Stdio::null()).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let said = login(&foreign(&spotify.accounts_url()));
    let about = said.lines().filter(|line| line.contains("SPOTIFY_ACCOUNTS_URL"));
    assert_eq!(about.filter(|line| line.contains("https://")).count(), 1, "{said}");
    assert!(!login(&spotify.accounts_url()).contains("https://"));
}

#[test]
fn a_token_for_snowflake_that_goes_out_in_clear_is_told_too() {
    let cloud = Cloud::small("rest", "parquet");
    let run = |arguments: &[&str]| {
        let mut command = cloud.command(arguments);
        command.env("SNOWFLAKE_URL", foreign(&cloud.snowflake.url())).output().unwrap()
    };
    let output = run(&["run", "--from-dir", "in"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(said.matches("SNOWFLAKE_URL").count(), 2, "seen and mended in one line: {said}");
    assert_eq!(said.lines().filter(|line| line.contains("SNOWFLAKE_URL")).count(), 1, "{said}");
    let findings = serde_json::from_slice(&run(&["--json", "doctor"]).stdout).unwrap();
    assert_eq!(warnings(&findings, "privacy").len(), 1, "{findings:#}");
}

#[test]
fn a_login_that_others_may_read_is_told_and_what_we_make_is_for_its_owner_alone() {
    let (world, (spotify, id)) = (World::new(), spotify());
    let run = |arguments: &[&str]| {
        let mut command = world.operator(&spotify, arguments);
        command.env_remove("SPOTIFY_REFRESH_TOKEN").output().unwrap()
    };
    assert!(world.run(&["run", "--demo"]).status.success());
    assert_eq!(mode_of(&world.path("data")), 0o700, "raw documents lie there");
    let login = json!({"client_id": CLIENT_ID, "refresh_token": REFRESH_TOKEN, "scopes": [], "authorized_at": null});
    world.write("data/spotify_token.json", &login.to_string());
    for (mode, is_told) in [(0o644, true), (0o660, true), (0o604, true), (0o600, false)] {
        let file = world.path("data/spotify_token.json");
        std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
        let output = run(&["run", "--playlist", &id]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        let words = format!("mode {mode:04o}");
        assert_eq!(said.contains(&words) && said.contains("chmod 600"), is_told, "{said}");
        let findings = serde_json::from_slice(&run(&["--json", "doctor"]).stdout).unwrap();
        let told = warnings(&findings, "privacy");
        assert_eq!(told.iter().any(|detail| detail.contains(&words)), is_told, "{told:?}");
    }
    // A folder that is there stays as its owner wants it.
    let other = World::new();
    std::fs::create_dir(other.path("data")).unwrap();
    std::fs::set_permissions(other.path("data"), PermissionsExt::from_mode(0o750)).unwrap();
    assert!(other.run(&["run", "--demo"]).status.success());
    assert_eq!(mode_of(&other.path("data")), 0o750);
    let nested = World::new();
    assert!(nested.run(&["--data-dir", "a/b", "run", "--demo"]).status.success());
    assert_eq!(mode_of(&nested.path("a/b")), 0o700);
    assert_ne!(mode_of(&nested.path("a")), 0o700, "what is above it is not ours");
}

#[test]
fn doctor_says_what_a_new_app_needs_and_does_not_get() {
    let (world, (spotify, id)) = (World::new(), spotify());
    let doctor = || {
        let output = world.operator(&spotify, &["doctor"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let text = doctor();
    let line = text.lines().find(|line| line.contains("app: client id")).unwrap();
    for word in
        ["development mode", "Premium", "own and collaborative playlists only", "five users"]
    {
        assert!(line.contains(word), "{word}: {line}");
    }
    // What it does not get shows once something was read.
    let run = world.operator(&spotify, &["-q", "run", "--playlist", &id]).output().unwrap();
    assert!(run.status.success(), "{run:?}");
    let text = doctor();
    assert!(text.contains("data: Spotify gave no popularity for any of 3 songs"), "{text}");
}
