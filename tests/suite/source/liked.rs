//! Liked songs: one call tells that nothing changed, and what does change is read whole.

use serde_json::json;

use crate::support::World;
use crate::support::fake_spotify::{FakeSpotify, Fault, When};
use crate::support::library::{Library, Mode, Row};
use crate::support::truth::{Reading, Truth};

const USER: &str = "keeper";

/// An account that likes `count` songs and knows a few more.
fn liking(count: u64) -> (Library, Vec<String>) {
    let (library, tracks) = Library::new(USER).with_plain_tracks(1_000, count + 5);
    let time = |n: usize| format!("2024-05-01T{:02}:{:02}:00Z", 23 - n / 60, 59 - n % 60);
    let rows = tracks[5..].iter().enumerate().map(|(n, track)| Row::track(track).at(&time(n)));
    let rows: Vec<_> = rows.collect();
    (library.with_liked(rows), tracks)
}

fn compare_with_truth(world: &World, spotify: &FakeSpotify, truth: &mut Truth) {
    let library = spotify.library();
    let reading = Reading::playlists(Mode::Development, &[]).with_liked_songs();
    truth.observe(&library, &reading);
    for table in ["playlists", "playlist_songs", "songs"] {
        assert_eq!(world.rows_of(table), truth.table(table), "{table}");
    }
}

#[test]
fn unchanged_liked_songs_cost_one_call_and_the_user() {
    for (count, calls) in [(0, 1), (1, 1), (50, 1), (51, 2 + 1), (120, 3 + 1)] {
        let (library, _) = liking(count);
        let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
        let (code, report) = world.live_report(&spotify, &["--liked"]);
        assert_eq!((code, &report["playlists"][0]["status"]), (0, &json!("fetched")), "{report}");
        assert_eq!(spotify.api_call_count(), 1 + calls, "{count} liked songs");
        spotify.clear_log();
        let (code, report) = world.live_report(&spotify, &["--liked"]);
        let liked = &report["playlists"][0];
        assert_eq!(
            (code, &liked["status"], &liked["row_count"], &report["files"]),
            (0, &json!("unchanged"), &json!(count), &json!([])),
            "{report}"
        );
        assert_eq!(spotify.api_call_count(), 2);
        compare_with_truth(&world, &spotify, &mut Truth::default());
    }
}

#[test]
fn a_song_that_comes_or_goes_anywhere_is_seen_and_a_new_popularity_is_not() {
    type Change = fn(&mut Library, &[String]);
    let changes: [(&str, Change); 5] = [
        ("fetched", |library, tracks| {
            library.liked.insert(0, Row::track(&tracks[0]).at("2024-06-01T00:00:00Z"));
        }),
        ("fetched", |library, _| drop(library.liked.pop())),
        ("fetched", |library, _| drop(library.liked.remove(0))),
        // One comes, one goes, the total stays.
        ("fetched", |library, tracks| {
            library.liked.pop();
            library.liked.insert(0, Row::track(&tracks[0]).at("2024-06-01T00:00:00Z"));
        }),
        ("unchanged", |library, tracks| {
            library.tracks.get_mut(&tracks[5]).unwrap().popularity = Some(99);
        }),
    ];
    for (number, (status, change)) in changes.into_iter().enumerate() {
        let (library, tracks) = liking(120);
        let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
        assert_eq!(world.live_report(&spotify, &["--liked"]).0, 0);
        let mut truth = Truth::default();
        compare_with_truth(&world, &spotify, &mut truth);
        spotify.mutate(|library| change(library, &tracks));
        let (code, report) = world.live_report(&spotify, &["--liked"]);
        assert_eq!((code, &report["playlists"][0]["status"]), (0, &json!(status)), "{number}");
        compare_with_truth(&world, &spotify, &mut truth);
    }
}

#[test]
fn refetch_reads_liked_songs_that_look_unchanged() {
    let (library, _) = liking(60);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    for _ in 0..2 {
        spotify.clear_log();
        let (code, report) = world.live_report(&spotify, &["--liked", "--refetch"]);
        assert_eq!((code, &report["playlists"][0]["status"]), (0, &json!("fetched")), "{report}");
        assert_eq!(spotify.api_call_count(), 1 + 2 + 1);
    }
    compare_with_truth(&world, &spotify, &mut Truth::default());
}

#[test]
fn liked_songs_that_change_while_they_are_read_are_read_again() {
    type Change = fn(&mut Library, &str);
    // The changed total is seen at the next page; the unchanged one when the first page is looked at once more.
    let changes: [(usize, Change); 2] = [
        (2 + 1 + 3 + 1, |library, _| drop(library.liked.remove(3))),
        (3 + 1 + 2 + 1, |library, track| {
            library.liked.pop();
            library.liked.insert(0, Row::track(track).at("2024-06-01T00:00:00Z"));
        }),
    ];
    for (calls, change) in changes {
        let (library, tracks) = liking(120);
        let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
        let track = tracks[0].clone();
        let fault = Fault::mutate(move |library| change(library, &track));
        spotify.script(When::Query("offset=50".to_owned()), 1, fault);
        let (code, report) = world.live_report(&spotify, &["--liked"]);
        assert_eq!((code, &report["playlists"][0]["status"]), (0, &json!("fetched")), "{report}");
        assert_eq!(spotify.api_call_count(), 1 + calls);
        compare_with_truth(&world, &spotify, &mut Truth::default());
    }
}

#[test]
fn liked_songs_that_never_stand_still_are_given_up_and_stop_nothing_else() {
    let (library, _) = liking(200);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    let fault = Fault::mutate(|library| drop(library.liked.pop()));
    spotify.script(When::Query("offset=50".to_owned()), 100, fault);
    let output = world.operator(&spotify, &["run", "--liked"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("liked:keeper") && text.contains("changed 4 times"), "{text}");
    assert!(spotify.api_call_count() < 20);
}
