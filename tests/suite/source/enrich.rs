//! Enrichment: genres come with full artists, each asked for once, in batches where the app may.

use std::collections::BTreeSet;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::World;
use crate::support::fake_spotify::{FakeSpotify, Fault, When};
use crate::support::library::{Library, Mode, Playlist, Row, spotify_id};
use crate::support::truth::{Reading, TABLES, Truth};

const MODES: [Mode; 2] = [Mode::Development, Mode::Extended];

/// An own playlist of 50 songs, each with an album and an artist of its own; every artist but the first has a genre.
fn library() -> Library {
    let mut library = Library::new("keeper");
    let mut rows = Vec::new();
    for n in 0..50 {
        let (one, tracks) = Library::new("").with_plain_tracks(10_000 + 10 * n, 1);
        library.artists.extend(one.artists);
        library.albums.extend(one.albums);
        library.tracks.extend(one.tracks);
        rows.push(Row::track(&tracks[0]));
    }
    for artist in library.artists.values_mut().skip(1) {
        artist.genres = Some(vec![format!("genre of {}", artist.name), "r&b".to_owned()]);
    }
    library.with_playlist(Playlist::new(&spotify_id(7), "All different", "keeper").with_rows(rows))
}

fn reading(spotify: &FakeSpotify, mode: Mode) -> (Library, Reading) {
    let library = spotify.library();
    let reading = Reading::mine(&library, mode).with_enrichment();
    (library, reading)
}

/// Calls that enrichment costs, as the documentation of the API has it: 50 artists or 20 albums at once, or one each and one
/// refused question.
fn detail_calls(mode: Mode, artists: usize, albums: usize) -> usize {
    match mode {
        Mode::Development => 1 + artists + albums,
        Mode::Extended => artists.div_ceil(50) + albums.div_ceil(20),
    }
}

/// What a report says where Spotify answered for everything.
fn enrichment(artists: usize, albums: usize, unknown: usize) -> Value {
    json!({
        "artist_count": artists, "album_count": albums, "unknown_count": unknown,
        "asked_count": artists + albums + unknown, "left_count": 0, "not_before": null,
    })
}

#[test]
fn every_artist_and_album_is_asked_for_once_and_genres_land() {
    for mode in MODES {
        let (world, spotify) =
            (World::new(), FakeSpotify::start(Library::generated(11, 3, 130), mode));
        let (code, report) = world.live_report(&spotify, &["--mine"]);
        assert_eq!((code, &report["enrichment"]["asked_count"]), (0, &json!(0)), "{report}");
        spotify.clear_log();
        let mut truth = Truth::default();
        let (library, reading) = reading(&spotify, mode);
        truth.observe(&library, &reading);
        let (artists, albums) = (truth.table("artists").len(), truth.table("albums").len());

        let (code, report) = world.live_report(&spotify, &["--mine", "--enrich"]);
        assert_eq!(code, 0, "{report}");
        assert_eq!(report["enrichment"], enrichment(artists, albums, 0));
        assert_eq!(spotify.api_call_count(), 2 + detail_calls(mode, artists, albums), "{mode:?}");
        for table in TABLES {
            assert_eq!(world.rows_of(table), truth.table(table), "{table} in {mode:?}");
        }
        assert!(truth.table("genres").len() > 20);

        spotify.clear_log();
        let (code, report) = world.live_report(&spotify, &["--mine", "--enrich"]);
        assert_eq!((code, &report["files"]), (0, &json!([])), "{report}");
        assert_eq!(spotify.api_call_count(), 2, "everything is known");
    }
}

#[test]
fn a_first_run_with_enrichment_ships_everything_at_once() {
    for mode in MODES {
        let (world, spotify) = (World::new(), FakeSpotify::start(library(), mode));
        let (code, report) = world.live_report(&spotify, &["--mine", "--enrich"]);
        assert_eq!(code, 0, "{report}");
        assert_eq!(spotify.api_call_count(), 3 + detail_calls(mode, 50, 50), "{mode:?}");
        let playlist = &report["playlists"][0];
        assert_eq!(
            (&playlist["status"], &playlist["track_count"]),
            (&json!("fetched"), &json!(50)),
            "{report}"
        );
        let (library, reading) = reading(&spotify, mode);
        let truth = Truth::of(&library, &reading);
        for table in TABLES {
            assert_eq!(world.rows_of(table), truth.table(table), "{table} in {mode:?}");
        }
        assert_eq!(world.query("select count(*) as n from core.genres")[0]["n"], json!(98));
    }
}

#[test]
fn refetch_asks_again_and_takes_what_is_no_longer_listed_away() {
    let (world, spotify) = (World::new(), FakeSpotify::start(library(), Mode::Extended));
    assert_eq!(world.live_report(&spotify, &["--mine", "--enrich"]).0, 0);
    spotify.mutate(|library| {
        let artist = library.artists.values_mut().nth(1).unwrap();
        artist.genres = Some(vec!["silence".to_owned()]);
    });
    spotify.clear_log();
    let (code, report) = world.live_report(&spotify, &["--mine", "--enrich", "--refetch"]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(spotify.api_call_count(), 3 + detail_calls(Mode::Extended, 50, 50));
    let genres = world
        .query("select count(*) as n, count(*) filter (genre = 'silence') as s from core.genres");
    assert_eq!(genres, json!([{"n": 97, "s": 1}]));
}

#[test]
fn an_id_that_spotify_does_not_know_stops_nothing_and_is_not_asked_for_again() {
    for mode in MODES {
        let (world, spotify) = (World::new(), FakeSpotify::start(library(), mode));
        assert_eq!(world.live_report(&spotify, &["--mine"]).0, 0);
        let ids: Vec<_> = spotify.library().artists.keys().take(3).cloned().collect();
        spotify.mutate(|library| ids.iter().for_each(|id| drop(library.artists.remove(id))));
        let (code, report) = world.live_report(&spotify, &["--mine", "--enrich"]);
        assert_eq!(code, 0, "{report}");
        assert_eq!(report["enrichment"], enrichment(47, 50, 3));
        spotify.clear_log();
        assert_eq!(world.live_report(&spotify, &["--mine", "--enrich"]).0, 0);
        assert_eq!(spotify.api_call_count(), 2);
    }
}

#[test]
fn an_endpoint_that_refuses_every_artist_is_left_alone_after_three() {
    let (world, spotify) = (World::new(), FakeSpotify::start(library(), Mode::Development));
    spotify.script(When::Path("/v1/artists".to_owned()), 100, Fault::status(403, "Forbidden"));
    let output = world.operator(&spotify, &["run", "--mine", "--enrich"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("the other 47 artists are left for the next run"), "{text}");
    assert_eq!(spotify.count("/v1/artists"), 1 + 3);
    assert_eq!(spotify.count("/v1/albums"), 50);
}

/// The addresses of details that were answered.
fn asked(spotify: &FakeSpotify) -> Vec<String> {
    let requests = spotify.requests();
    let of_details = requests.iter().filter(|request| {
        request.path.starts_with("/v1/artists") || request.path.starts_with("/v1/albums")
    });
    of_details.map(|request| format!("{}?{}", request.path, request.query)).collect()
}

#[test]
fn a_killed_enrichment_never_asks_twice() {
    // Three calls for the playlists, then the details: the first artists, the last one, the albums.
    let calls = [(Mode::Development, vec![4, 5, 54, 55, 104]), (Mode::Extended, vec![4, 5, 7])];
    for (mode, calls) in calls {
        for call in calls {
            let (world, spotify) = (World::new(), FakeSpotify::start(library(), mode));
            spotify.script(When::Call(call), 1, Fault::Hang);
            let arguments = ["--json", "run", "--mine", "--enrich"];
            let mut child = world
                .operator(&spotify, &arguments)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            while 0 < spotify.unused_faults() {
                std::thread::yield_now();
            }
            child.kill().unwrap();
            child.wait().unwrap();
            let mut answered = asked(&spotify);
            answered.pop(); // The one that hung.
            spotify.clear_log();
            let (code, report) = world.live_report(&spotify, &["--mine", "--enrich"]);
            assert_eq!(code, 0, "{report}");
            let again = asked(&spotify);
            let all: BTreeSet<_> = answered.iter().chain(&again).collect();
            assert_eq!(all.len(), answered.len() + again.len(), "call {call} in {mode:?}");
            assert_eq!(all.len(), detail_calls(mode, 50, 50), "call {call} in {mode:?}");
            assert_eq!(world.query("select count(*) as n from core.genres")[0]["n"], json!(98));
        }
    }
}

#[test]
fn a_rate_limit_among_the_details_ships_the_run_and_the_next_one_goes_on() {
    let (world, spotify) = (World::new(), FakeSpotify::start(library(), Mode::Development));
    spotify.let_a_second_last(std::time::Duration::from_millis(1));
    let limit = Fault::RateLimited { retry_after: Some(1), plain_text: true };
    spotify.script(When::Call(30), 1, limit);
    let arguments = ["--mine", "--enrich", "--max-wait", "0"];
    let (code, report) = world.live_report(&spotify, &arguments);
    assert_eq!((code, &report["status"]), (0, &json!("exported")), "{report}");
    assert_eq!(report["playlists"][0]["row_count"], json!(50), "{report}");
    // Three calls for the playlists, one refused batch, 25 artists, the limited one; and every album.
    let enrichment = &report["enrichment"];
    assert_eq!((&enrichment["artist_count"], &enrichment["left_count"]), (&json!(25), &json!(25)));
    assert_eq!(spotify.bucket_count("albums"), 50);
    assert!(enrichment["not_before"].is_string(), "{report}");
    // No call is made before the time that Spotify named, a second or two later.
    let report = loop {
        spotify.clear_log();
        spotify.forget_refused_batch();
        let (code, report) = world.live_report(&spotify, &arguments);
        assert_eq!(code, 0, "{report}");
        if report["enrichment"]["left_count"] == json!(0) {
            break report;
        }
        assert_eq!(spotify.bucket_count("artists"), 0, "{report}");
    };
    // One refused batch, and what was left.
    assert_eq!(asked(&spotify).len(), 1 + 25);
    assert_eq!(report["tables"][7]["row_count"], json!(98), "{report}");
}

#[test]
fn recorded_details_are_read_back_and_count_as_known() {
    for mode in MODES {
        let (world, spotify) = (World::new(), FakeSpotify::start(library(), mode));
        let (code, report) =
            world.live_report(&spotify, &["--mine", "--enrich", "--record", "documents"]);
        assert_eq!(code, 0, "{report}");
        let (replayed, folder) = (World::new(), world.path("documents"));
        let (code, report) = replayed.report(&["--from-dir", folder.to_str().unwrap()]);
        assert_eq!((code, &report["skipped_documents"]), (0, &json!([])), "{report}");
        for table in ["albums", "artists", "songs", "genres", "playlist_songs"] {
            assert_eq!(replayed.rows_of(table), world.rows_of(table), "{table} in {mode:?}");
        }
        spotify.clear_log();
        let (code, report) = replayed.live_report(&spotify, &["--mine", "--enrich"]);
        assert_eq!(code, 0, "{report}");
        assert_eq!(spotify.api_call_count(), 2, "{:?}", spotify.requests());
    }
}
