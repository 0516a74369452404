//! A Spotify that stays as it is: what never gets better ends, and takes nothing else with it.

use serde_json::{Value, json};
use snowtrack::run::Error;

use crate::run::kills::silent;
use crate::source::live::{USER, fetch, plain};
use crate::support::World;
use crate::support::fake_spotify::{FakeSpotify, Fault, When};
use crate::support::library::{Library, Mode, Playlist, Row, spotify_id};

/// Playlists 1 to `count`, of three songs each.
fn several(count: u64) -> (Library, Vec<String>) {
    let (mut library, tracks) = Library::new(USER).with_plain_tracks(1_000, 3);
    let ids: Vec<String> = (1..=count).map(spotify_id).collect();
    for id in &ids {
        let rows: Vec<Row> = tracks.iter().map(|track| Row::track(track)).collect();
        library = library.with_playlist(Playlist::new(id, id, USER).with_rows(rows));
    }
    (library, ids)
}

fn of(id: &str) -> When {
    When::Path(format!("/v1/playlists/{id}"))
}

#[test]
fn a_playlist_that_stays_broken_stops_no_other_and_is_made_up_for_later() {
    let (library, ids) = several(3);
    for fault in [
        Fault::status(500, "x"),
        Fault::HtmlBody(200),
        Fault::ServeRaw("[]".to_owned()),
        Fault::ServeRaw(r#"{"type":"playlist","id":"x","snapshot_id":7,"items":{}}"#.to_owned()),
    ] {
        let (world, spotify) =
            (World::new(), FakeSpotify::start(library.clone(), Mode::Development));
        spotify.script(of(&ids[1]), usize::MAX, fault);
        let names: Vec<&str> = ids.iter().map(String::as_str).collect();
        let (report, error) = fetch(&world, &spotify, &names, false);
        assert!(matches!(error, Some(Error::PlaylistsUnread { count: 1, .. })), "{error:?}");
        let said = error.unwrap().to_string().to_lowercase();
        assert!(said.matches("run the same command again").count() <= 1, "{said}");
        let statuses: Vec<&str> = report.playlists.iter().map(|it| it.status.name()).collect();
        assert_eq!(statuses, ["fetched", "failed", "fetched"]);
        assert_eq!(report.status.name(), "exported", "the others are where they shall be");
        let count = || world.query("select count(*) as n from core.playlist_songs")[0]["n"].clone();
        assert_eq!(count(), 6);
        spotify.drop_scripts();
        spotify.clear_log();
        let (report, error) = fetch(&world, &spotify, &names, false);
        assert!(error.is_none(), "{error:?}");
        assert_eq!((report.playlists[1].status.name(), count()), ("fetched", json!(9)));
        assert_eq!(spotify.api_call_count(), 3);
    }
}

#[test]
fn an_outage_is_none_of_the_playlists_fault() {
    let (library, ids) = several(5);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    spotify.script(When::Any, usize::MAX, Fault::status(503, "x"));
    let names: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (report, error) = fetch(&world, &spotify, &names, false);
    assert!(matches!(error, Some(Error::Spotify(_))), "{error:?}");
    assert_eq!(report.status.name(), "failed");
    // Three playlists, each tried five times.
    assert_eq!(spotify.api_call_count(), 15);
}

#[test]
fn a_rate_limit_that_never_ends_ends_the_run() {
    for seconds in ["0", "1", "20"] {
        let (library, id) = plain(5);
        let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
        let headers = vec![("retry-after", seconds.to_owned())];
        let fault = Fault::Status { code: 429, body: "Too many requests".to_owned(), headers };
        spotify.script(When::Any, usize::MAX, fault);
        let (report, error) = fetch(&world, &spotify, &[&id], false);
        assert!(error.is_some_and(|error| error.is_later()), "{seconds}");
        assert_eq!(report.status.name(), "pending");
        // At most a minute is waited in all, each time twice as long: 1, 2, 4, 8, 16; or 20, 20, 20.
        let calls = if seconds == "20" { 4 } else { 6 };
        assert_eq!(spotify.api_call_count(), calls, "{seconds}");
    }
}

#[test]
fn what_is_half_fetched_is_not_exported_as_if_it_were_all() {
    let (library, id) = plain(230);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    let run = |command: &str| world.operator(&spotify, &[command, "--playlist", &id]);
    spotify.script(When::Call(3), 1, Fault::Hang);
    let mut child = silent(run("fetch"));
    while 0 < spotify.unused_faults() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let output = world.run(&["export"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("snowtrack fetch") && said.contains(&id), "{said}");
    spotify.clear_log();
    assert!(run("fetch").output().unwrap().status.success());
    // Rows 150 to 199, rows 200 to 229, and the look back: nothing that was landed.
    assert_eq!(spotify.count("/v1/playlists/"), 3);
    let output = world.run(&["export"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("snowtrack transform"), "{said}");
    for command in ["transform", "check", "publish", "export"] {
        assert!(world.run(&[command]).status.success(), "{command}");
    }
    assert_eq!(world.query("select count(*) as n from core.playlist_songs")[0]["n"], 230);
}

#[test]
fn a_total_that_is_not_true_is_said_and_nothing_of_the_list_is_taken() {
    let (library, id) = plain(5);
    let body = |items: &str| {
        format!(r#"{{"href":"h","offset":2,"limit":50,"next":null,"total":4,"items":{items}}}"#)
    };
    let row = |n: u64| {
        let id = spotify_id(n);
        format!(
            r#"{{"added_at":"2024-05-01T10:00:00Z","item":{{"type":"track","id":"{id}","uri":"spotify:track:{id}","name":"n","duration_ms":1000}}}}"#
        )
    };
    let rows = body(&format!("[{},{}]", row(1), row(2))).replace(r#""offset":2"#, r#""offset":0"#);
    let playlist = format!(
        r#"{{"type":"playlist","id":"{id}","name":"n","snapshot_id":"s","owner":{{"id":"{USER}"}},"items":{rows}}}"#
    );
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    let page = When::Path(format!("/v1/playlists/{id}/items"));
    spotify.script(page, usize::MAX, Fault::ServeRaw(body("[]")));
    spotify.script(of(&id), usize::MAX, Fault::ServeRaw(playlist));
    let (report, error) = fetch(&world, &spotify, &[&id], false);
    let error = error.unwrap().to_string();
    assert!(error.contains("gave 2 rows where 4 belong"), "{error}");
    // The playlist, three times.
    assert_eq!((report.playlists[0].status.name(), spotify.api_call_count()), ("failed", 3));
}

#[test]
fn a_page_that_is_empty_by_mistake_ends_no_list() {
    for next in ["null", r#""https://api.example/next""#] {
        let (library, id) = plain(178);
        let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
        let page = When::Path(format!("/v1/playlists/{id}/items"));
        let empty = format!(r#"{{"offset":100,"total":178,"next":{next},"items":[]}}"#);
        spotify.script(page, 1, Fault::ServeRaw(empty));
        let (report, error) = fetch(&world, &spotify, &[&id], false);
        assert!(error.is_none(), "{error:?}");
        assert_eq!(report.playlists[0].row_count, 178);
        assert_eq!(world.query("select count(*) as n from core.playlist_songs")[0]["n"], 178);
    }
}

#[test]
fn who_continues_a_run_is_told_what_it_could_not_read() {
    let (library, ids) = several(3);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    spotify.script(of(&ids[1]), usize::MAX, Fault::ServeRaw("[]".to_owned()));
    let list = ids.join(",");
    let run = |command: &str, bucket: Option<&str>| {
        let mut command = world.operator(&spotify, &["--json", command]);
        command.env("SPOTIFY_PLAYLIST_IDS", &list);
        // A bucket without keys ends the run behind its export.
        if let Some(name) = bucket {
            command.env("S3_BUCKET", name).env("AWS_REGION", "eu-central-1");
            command.env("AWS_EC2_METADATA_DISABLED", "true");
        }
        let output = command.output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code().unwrap(), report)
    };
    let (code, first) = run("run", Some("lake"));
    assert_eq!(code, 2, "{first:#}");
    let (code, again) = run("run", None);
    assert_eq!((code, &again["run_id"]), (3, &first["run_id"]), "{again:#}");
    assert!(again["error"].as_str().unwrap().contains("1 playlist could not be read"), "{again:#}");
    assert_eq!(run("transform", None).0, 0);
}

#[test]
fn an_api_that_knows_further_rows_by_their_former_name_only_is_read_to_the_end() {
    let (library, id) = plain(178);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Extended));
    let page = When::Path(format!("/v1/playlists/{id}/items"));
    spotify.script(page, usize::MAX, Fault::status(404, "x"));
    let (report, error) = fetch(&world, &spotify, &[&id], false);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(report.playlists[0].row_count, 178);
    // The playlist twice, two pages, and one in vain.
    assert_eq!(spotify.api_call_count(), 5);
}

#[test]
fn a_split_ends_in_no_empty_file() {
    let (library, id) = plain(3_000);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    let mut command = world.operator(&spotify, &["--json", "run", "--playlist", &id]);
    let output = command.env("LAKE_FORMAT", "csv").env("LAKE_MAX_FILE_MIB", "1").output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{report:#}");
    for file in report["files"].as_array().unwrap() {
        assert!(0 < file["row_count"].as_u64().unwrap(), "{file}");
    }
}
