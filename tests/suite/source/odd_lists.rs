//! The list of the own playlists: rows without an owner, ids that are none, and lists that name fewer than they announce.

use serde_json::{Value, json};

use crate::source::live::{USER, plain};
use crate::support::World;
use crate::support::fake_spotify::{FakeSpotify, Fault, When};
use crate::support::library::{Library, Mode, Playlist, Row, spotify_id};

fn list() -> When {
    When::Path("/v1/me/playlists".to_owned())
}

fn page(offset: usize, total: usize, rows: &[Value]) -> Fault {
    let body = json!({"href": "h", "limit": 50, "offset": offset, "total": total, "next": null, "items": rows});
    Fault::ServeRaw(body.to_string())
}

fn row(id: &str, owner: Option<Value>) -> Value {
    let mut row = json!({"id": id, "type": "playlist", "name": "n", "snapshot_id": "listed", "collaborative": false});
    if let Some(owner) = owner {
        row["owner"] = owner;
    }
    row
}

#[test]
fn an_owner_that_spotify_does_not_name_may_be_the_user() {
    for owner in [
        None,
        Some(Value::Null),
        Some(json!({})),
        Some(json!({"id": null})),
        Some(json!({"id": ""})),
    ] {
        let (library, id) = plain(3);
        let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
        spotify.script(list(), 1, page(0, 1, &[row(&id, owner.clone())]));
        let (code, report) = world.live_report(&spotify, &["--mine"]);
        assert_eq!((code, &report["playlists"][0]["status"]), (0, &json!("fetched")), "{owner:?}");
    }
    let (library, id) = plain(3);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    spotify.script(list(), 1, page(0, 1, &[row(&id, Some(json!({"id": "stranger"})))]));
    let (_, report) = world.live_report(&spotify, &["--mine"]);
    assert_eq!(report["playlists"], json!([]), "a follower's");
}

/// Sixty own playlists of one song each.
fn sixty() -> (Library, Vec<String>) {
    let (mut library, tracks) = Library::new(USER).with_plain_tracks(1_000, 1);
    let ids: Vec<String> = (1..=60).map(spotify_id).collect();
    for id in &ids {
        let playlist = Playlist::new(id, id, USER).with_rows(vec![Row::track(&tracks[0])]);
        library = library.with_playlist(playlist);
    }
    (library, ids)
}

#[test]
fn a_list_that_names_fewer_playlists_than_it_announces_is_read_again_and_then_said() {
    let owner = || Some(json!({"id": USER}));
    let (library, ids) = sixty();
    let rows: Vec<Value> = ids.iter().map(|id| row(id, owner())).collect();
    let one_twice: Vec<Value> = rows[49..59].to_vec();
    // The rows of the first page and of the second, and how many playlists that are.
    let cases = [
        ("one twice", &rows[..50], &one_twice[..], 59),
        ("the second page empty", &rows[..50], &[], 50),
        ("half", &rows[..30], &[], 30),
    ];
    for (name, first, second, named) in cases {
        // Once is mended by the second reading, whatever was wrong.
        for times in if named == 59 { 1..=2 } else { 2..=2 } {
            let (world, spotify) =
                (World::new(), FakeSpotify::start(library.clone(), Mode::Development));
            for _ in 0..times {
                spotify.script(When::Query("limit=50&offset=0".to_owned()), 1, page(0, 60, first));
                spotify.script(
                    When::Query("limit=50&offset=50".to_owned()),
                    1,
                    page(50, 60, second),
                );
            }
            let (code, report) = world.live_report(&spotify, &["--mine"]);
            let playlists = report["playlists"].as_array().unwrap();
            let fetched = playlists.iter().filter(|it| it["status"] == "fetched").count();
            if times == 1 {
                assert_eq!((code, fetched), (0, 60), "{name}, once: {}", report["error"]);
                continue;
            }
            assert_eq!((code, fetched), (3, named), "{name}: {}", report["error"]);
            assert_eq!(report["status"], "exported", "what is named ships");
            let error = report["error"].as_str().unwrap();
            assert!(
                error.contains(&format!("announced 60 playlists and named {named}")),
                "{error}"
            );
            // How many are missing nobody knows, and none of those that are named failed.
            assert!(error.starts_with("the list of own playlists came incomplete"), "{error}");
            assert!(playlists.iter().all(|it| it["status"] == "fetched"), "{playlists:#?}");
        }
    }
}

#[test]
fn a_list_without_an_end_ends() {
    let (library, id) = plain(3);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    let rows: Vec<Value> = (0..50).map(|_| row(&id, None)).collect();
    let body = json!({"items": rows, "next": "https://api.example/next"});
    spotify.script(list(), usize::MAX, Fault::ServeRaw(body.to_string()));
    let (code, report) = world.live_report(&spotify, &["--mine"]);
    assert_eq!(code, 3, "{report:#}");
    assert!(report["error"].as_str().unwrap().contains("no `total`"), "{report:#}");
    assert!(spotify.api_call_count() < 10);
}

#[test]
fn an_id_that_is_none_is_named_and_asked_for_nowhere_else() {
    let long = "x".repeat(5_000);
    let odd = [
        "",
        ".",
        "..",
        "../../../api/token",
        "x/../../me",
        "a/b",
        "a\\b",
        "x?fields=id",
        "x#frag",
        "a&b=c",
        "a b",
        " x",
        "x ",
        "a\u{0}b",
        "new\nline",
        "a\tb",
        "%2e%2e",
        "%00",
        "ä",
        "日本",
        "🎵",
        "a:b",
        "a;b",
        "a@b",
        "a+b",
        "-",
        "_",
        "\u{202e}x",
        "x\u{7f}",
        &long,
    ];
    assert!(odd.len() >= 26);
    let (library, id) = plain(3);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    let owner = || Some(json!({"id": USER}));
    let mut rows: Vec<Value> = odd.iter().map(|id| row(id, owner())).collect();
    rows.push(row(&id, owner()));
    spotify.script(list(), 1, page(0, rows.len(), &rows));
    let (code, report) = world.live_report(&spotify, &["--mine", "--record", "documents"]);
    assert_eq!((code, &report["status"]), (3, &json!("exported")), "{report:#}");
    let playlists = report["playlists"].as_array().unwrap();
    assert_eq!(playlists.len(), rows.len());
    for playlist in playlists {
        let status = if playlist["playlist_id"] == json!(id) { "fetched" } else { "failed" };
        assert_eq!(playlist["status"], status, "{playlist:#}");
    }
    let asked = spotify.requests();
    let wanted = ["/v1/me", "/v1/me/playlists", &format!("/v1/playlists/{id}")];
    let asked: Vec<&str> =
        asked.iter().map(|it| it.path.as_str()).filter(|it| it.starts_with("/v1")).collect();
    assert_eq!(asked, wanted);
    assert_eq!(world.query("select count(*) as n from core.playlist_songs")[0]["n"], 3);
}
