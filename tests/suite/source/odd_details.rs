//! Answers about artists and albums that answer something else: asked again, then left for the next run; nothing of them lands.

use serde_json::{Value, json};
use snowtrack::run::{Error, RunReport};

use crate::source::live::{USER, fetch, fetch_with};
use crate::support::World;
use crate::support::fake_spotify::{FakeSpotify, Fault, When};
use crate::support::library::{Library, Mode, Playlist, Row, spotify_id};

/// A playlist of three songs, each with an album and an artist of its own.
fn library() -> Library {
    let mut library = Library::new(USER);
    let mut rows = Vec::new();
    for n in 0..3 {
        let (one, tracks) = Library::new("").with_plain_tracks(10_000 + 10 * n, 1);
        library.artists.extend(one.artists);
        library.albums.extend(one.albums);
        library.tracks.extend(one.tracks);
        rows.push(Row::track(&tracks[0]));
    }
    library.with_playlist(Playlist::new(&spotify_id(7), "All different", USER).with_rows(rows))
}

fn enrich(world: &World, spotify: &FakeSpotify) -> (RunReport, Option<Error>) {
    fetch_with(world, spotify, (&[&spotify_id(7)], false), |settings| settings.enrich = true)
}

/// How many artists, or albums, came; and how many objects are left for the next run.
fn counts(report: &RunReport, kind: &str) -> (u64, u64) {
    let of = &report.enrichment;
    assert_eq!(of.unknown_count, 0, "nothing is known not to exist: {report:#?}");
    (if kind == "artists" { of.artist_count } else { of.album_count }, of.left_count)
}

fn object(kind: &str, id: &str) -> Value {
    json!({"id": id, "type": kind.trim_end_matches('s'), "name": "Somebody", "genres": ["lies"]})
}

/// What is no answer to the question about one object.
fn odd_objects(kind: &str, id: &str) -> Vec<(&'static str, Value)> {
    let other = spotify_id(4_711);
    vec![
        ("an empty object", json!({})),
        ("another object", object(kind, &other)),
        ("an object without an id", json!({"id": null, "name": "Somebody"})),
        ("an id that is a number", json!({"id": 7})),
        ("the id in other letters", object(kind, &id.to_lowercase())),
        ("nothing", Value::Null),
        ("a list", json!([])),
        ("a text", json!(id)),
        ("an error with status 200", json!({"error": {"status": 404, "message": "Not found"}})),
        ("a batch of none", json!({kind: []})),
        ("a batch of another", json!({kind: [object(kind, &other)]})),
    ]
}

/// What is no answer to the question about three objects.
fn odd_batches(kind: &str, ids: &[String]) -> Vec<(&'static str, Value)> {
    let batch = |ids: &[&str]| -> Value {
        json!({kind: ids.iter().map(|id| object(kind, id)).collect::<Vec<_>>()})
    };
    let [one, two, three] = [ids[0].as_str(), ids[1].as_str(), ids[2].as_str()];
    let other = spotify_id(4_711);
    vec![
        ("an empty object", json!({})),
        ("a single object", object(kind, one)),
        ("no list", json!({kind: null})),
        ("an empty list", json!({kind: []})),
        ("one too few", batch(&[one, two])),
        ("one too many", batch(&[one, two, three, &other])),
        ("another among them", batch(&[one, &other, three])),
        ("two exchanged", batch(&[two, one, three])),
        ("an empty object among them", json!({kind: [object(kind, one), {}, object(kind, three)]})),
    ]
}

/// Serves the body for ever, then once, and asks what became of it.
fn assert_left_and_asked_again(
    (kind, mode): (&str, Mode),
    when: &When,
    (name, body): (&str, &Value),
    count: u64,
) {
    let (world, spotify) = (World::new(), FakeSpotify::start(library(), mode));
    spotify.script(when.clone(), usize::MAX, Fault::ServeRaw(body.to_string()));
    let (report, error) = enrich(&world, &spotify);
    let name = format!("{kind}, {mode:?}, {name}");
    assert!(error.is_none(), "{name}: {error:?}");
    assert_eq!(counts(&report, kind), (3 - count, count), "{name}, for ever");
    spotify.drop_scripts();
    spotify.script(when.clone(), 1, Fault::ServeRaw(body.to_string()));
    let (report, error) = enrich(&world, &spotify);
    assert!(error.is_none(), "{name}: {error:?}");
    assert_eq!(spotify.unused_faults(), 0, "{name}: what was left is asked for again");
    assert_eq!(counts(&report, kind), (count, 0), "{name}, once");
    let lies = world.query("select count(*) as n from core.genres where genre = 'lies'");
    assert_eq!(lies[0]["n"], 0, "{name}");
}

#[test]
fn what_is_no_artist_or_album_that_was_asked_for_is_left_for_the_next_run() {
    let library = library();
    for (kind, ids) in [
        ("artists", library.artists.keys().collect::<Vec<_>>()),
        ("albums", library.albums.keys().collect()),
    ] {
        let id = ids[1];
        for (name, body) in odd_objects(kind, id) {
            let when = When::Path(format!("/v1/{kind}/{id}"));
            assert_left_and_asked_again((kind, Mode::Development), &when, (name, &body), 1);
        }
    }
}

#[test]
fn a_batch_that_is_not_the_one_that_was_asked_for_is_left_whole_for_the_next_run() {
    // In the order in which they are asked for.
    let (world, spotify) = (World::new(), FakeSpotify::start(library(), Mode::Extended));
    assert!(fetch(&world, &spotify, &[&spotify_id(7)], false).1.is_none());
    spotify.clear_log();
    assert!(enrich(&world, &spotify).1.is_none());
    for kind in ["artists", "albums"] {
        let path = format!("/v1/{kind}");
        let asked = spotify.requests().into_iter().find(|it| it.path == path).unwrap();
        let list = asked.query.split('&').find_map(|part| part.strip_prefix("ids=")).unwrap();
        let list = list.replace("%2C", ",");
        let ids: Vec<String> = list.split(',').map(str::to_owned).collect();
        assert_eq!(ids.len(), 3, "{list}");
        for (name, body) in odd_batches(kind, &ids) {
            let when = When::Path(path.clone());
            assert_left_and_asked_again((kind, Mode::Extended), &when, (name, &body), 3);
        }
    }
}
