//! Repeated calls: a refusal for want of Premium may pass and else ends every call, and each repetition is counted.

use std::time::Duration;

use snowtrack::run::Error;
use snowtrack::sources;

use crate::source::live::{USER, fetch, plain};
use crate::support::World;
use crate::support::fake_spotify::{FakeSpotify, Fault, When};
use crate::support::library::{Library, Mode, Playlist, Row, spotify_id};

#[test]
fn a_refusal_for_want_of_premium_that_passes_is_survived() {
    for times in 1..=3 {
        let (library, id) = plain(150);
        let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
        spotify.script(When::Call(2), times, Fault::PremiumRequired);
        let (report, error) = fetch(&world, &spotify, &[&id], false);
        assert!(error.is_none(), "{times}: {error:?}");
        // Three calls, as without the refusals, and one for each of them.
        assert_eq!(spotify.api_call_count(), 3 + times);
        assert_eq!(report.spotify.call_count, 3 + times as u64);
        assert_eq!(report.spotify.retry_count, times as u64);
    }
}

#[test]
fn a_refusal_for_want_of_premium_is_final_after_four_calls_a_second_apart_and_for_the_whole_run() {
    let (mut library, tracks) = Library::new(USER).with_plain_tracks(1_000, 3);
    let ids: Vec<String> = (1..=5).map(spotify_id).collect();
    for id in &ids {
        let rows: Vec<Row> = tracks.iter().map(|track| Row::track(track)).collect();
        library = library.with_playlist(Playlist::new(id, id, USER).with_rows(rows));
    }
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    spotify.script(When::Any, usize::MAX, Fault::PremiumRequired);
    let names: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (report, error) = fetch(&world, &spotify, &names, true);
    assert!(matches!(error, Some(Error::Spotify(sources::Error::PremiumRequired))), "{error:?}");
    assert_eq!((report.status.name(), spotify.api_call_count()), ("failed", 4));
    assert_eq!((report.spotify.call_count, report.spotify.retry_count), (4, 3));
    let calls = spotify.requests();
    let calls: Vec<_> = calls.iter().filter(|call| call.path.starts_with("/v1/")).collect();
    for pair in calls.windows(2) {
        assert_eq!(pair[0].path, pair[1].path);
        let gap = pair[1].at - pair[0].at;
        assert!(Duration::from_secs(1) <= gap, "{gap:?} between two calls");
    }
}

#[test]
fn every_repeated_call_is_counted_whatever_it_was_repeated_for() {
    let limited = || Fault::RateLimited { retry_after: Some(1), plain_text: false };
    let cases = [
        ("429", limited(), 4),
        ("429 without a time", Fault::RateLimited { retry_after: None, plain_text: true }, 2),
        ("500", Fault::status(500, "x"), 3),
        ("a lost connection", Fault::Reset, 2),
        ("a cut body", Fault::TruncatedBody, 2),
        ("half of the JSON", Fault::TruncatedJson, 2),
        ("an expired token", Fault::status(401, "The access token expired"), 1),
        ("no Premium", Fault::PremiumRequired, 3),
        ("a body that is not UTF-8", Fault::ServeBytes(b"{\"a\":\"\xff\"}".to_vec()), 1),
    ];
    for (name, fault, times) in cases {
        let (library, id) = plain(5);
        let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
        spotify.script(When::Call(1), times, fault);
        let (report, error) = fetch(&world, &spotify, &[&id], false);
        assert!(error.is_none(), "{name}: {error:?}");
        assert_eq!(spotify.api_call_count(), 1 + times, "{name}");
        let counts = (report.spotify.call_count, report.spotify.retry_count);
        assert_eq!(counts, (1 + times as u64, times as u64), "{name}");
    }
    // What the accounts service is asked again is no call of the Web API.
    let (library, id) = plain(5);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    spotify.script(When::Path("/accounts/".to_owned()), 3, Fault::status(503, "x"));
    let (report, error) = fetch(&world, &spotify, &[&id], false);
    assert!(error.is_none(), "{error:?}");
    assert_eq!((report.spotify.call_count, report.spotify.retry_count), (1, 0));
    assert_eq!(spotify.count("/accounts/"), 4);
}
