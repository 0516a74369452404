//! Answers of Spotify's that answer something else: asked again, then said; what is known stays, and the next run asks anew.

use serde_json::{Value, json};
use snowtrack::run::{Error, RunReport};

use crate::source::live::{USER, fetch, plain};
use crate::support::World;
use crate::support::fake_spotify::{FakeSpotify, Fault, When};
use crate::support::library::{Library, Mode, Playlist, Row, spotify_id};
use crate::support::truth::{Reading, Truth};

const OTHER: u64 = 8;

fn of(id: &str) -> When {
    When::Path(format!("/v1/playlists/{id}"))
}

/// The playlist's rows and its own row, as text.
fn held(world: &World, id: &str) -> Value {
    let of_playlist = format!(
        "select name, owner_id, is_public, snapshot_id, item_count, url from core.playlists where id = '{id}'"
    );
    let of_rows = format!(
        "select count(*) as n, count(distinct song_id) as songs from core.playlist_songs join core.playlists using (snapshot_id) where id = '{id}'"
    );
    json!([world.query(&of_playlist), world.query(&of_rows)])
}

fn status(report: &RunReport, id: &str) -> String {
    let mut playlists = report.playlists.iter();
    playlists.find(|playlist| playlist.playlist_id == id).unwrap().status.name().to_owned()
}

/// Each odd answer to `GET /playlists/{id}`, made from the right one.
fn odd_answers(right: &Value, other: &Value) -> Vec<(&'static str, String)> {
    let with = |change: fn(&mut Value)| {
        let mut body = right.clone();
        change(&mut body);
        body.to_string()
    };
    let without = |member: &str| {
        let mut body = right.clone();
        body.as_object_mut().unwrap().remove(member);
        body.to_string()
    };
    vec![
        ("nothing", "{}".to_owned()),
        ("null", "null".to_owned()),
        ("a list", "[]".to_owned()),
        ("a text", "\"x\"".to_owned()),
        ("a number", "7".to_owned()),
        ("an error", r#"{"error":{"status":500,"message":"x"}}"#.to_owned()),
        ("a message", r#"{"message":"x"}"#.to_owned()),
        ("an empty list alone", r#"{"items":{"items":[],"total":0}}"#.to_owned()),
        ("an empty list of before", r#"{"tracks":{"items":[],"total":0}}"#.to_owned()),
        ("a null row alone", r#"{"items":{"items":[null],"total":1}}"#.to_owned()),
        ("another playlist", other.to_string()),
        ("id and name alone", json!({"id": right["id"], "name": "x"}).to_string()),
        ("no id", without("id")),
        ("an id that is null", with(|it| it["id"] = Value::Null)),
        ("an id that is a number", with(|it| it["id"] = json!(7))),
        ("no snapshot", without("snapshot_id")),
        ("a snapshot that is null", with(|it| it["snapshot_id"] = Value::Null)),
        ("an empty snapshot", with(|it| it["snapshot_id"] = json!(""))),
        ("a snapshot that is a number", with(|it| it["snapshot_id"] = json!(7))),
        ("no total", with(|it| drop(it["items"].as_object_mut().unwrap().remove("total")))),
        ("a total below zero", with(|it| it["items"]["total"] = json!(-1))),
        ("a total beyond all lists", with(|it| it["items"]["total"] = json!(4_294_967_295_u64))),
        ("another offset", with(|it| it["items"]["offset"] = json!(50))),
        ("a row left out", with(|it| drop(it["items"]["items"].as_array_mut().unwrap().pop()))),
        ("rows without their page", with(|it| it["items"] = it["items"]["items"].clone())),
        ("a name of 2 MiB", with(|it| it["name"] = json!("x".repeat(2 << 20)))),
        ("a row of 2 MiB", with(|it| it["items"]["items"][0]["x"] = json!("x".repeat(2 << 20)))),
        ("half of it", right.to_string().chars().take(300).collect()),
    ]
}

#[test]
fn an_odd_answer_once_is_asked_again_and_for_ever_is_said_and_what_is_known_stays() {
    let (library, id) = plain(120);
    let other = Playlist::new(&spotify_id(OTHER), "Another", USER);
    let (world, spotify) =
        (World::new(), FakeSpotify::start(library.with_playlist(other), Mode::Development));
    assert!(fetch(&world, &spotify, &[&id], false).1.is_none());
    let (right, another) = bodies(&spotify, &id);
    let cases = odd_answers(&right, &another);
    assert!(cases.len() >= 24);
    for (name, body) in cases {
        let before = held(&world, &id);
        // Something to read, so that a run that takes the odd answer for an unchanged list is wrong as well.
        spotify.mutate(|library| library.remove_row(&id, 0));
        spotify.script(of(&id), usize::MAX, Fault::ServeRaw(body.clone()));
        let (report, error) = fetch(&world, &spotify, &[&id], false);
        assert!(error.is_some_and(|error| !error.is_later()), "{name}: {report:#?}");
        assert_eq!(report.playlists.first().map_or("failed", |it| it.status.name()), "failed");
        assert_eq!(held(&world, &id), before, "{name}: what is known stays");
        spotify.drop_scripts();
        spotify.script(of(&id), 1, Fault::ServeRaw(body));
        let (report, error) = fetch(&world, &spotify, &[&id], false);
        assert!(error.is_none(), "{name}, once: {error:?}");
        assert_eq!(status(&report, &id), "fetched", "{name}, once");
        assert_eq!(spotify.unused_faults(), 0, "{name}");
        let mut truth = Truth::default();
        truth.observe(&spotify.library(), &Reading::playlists(Mode::Development, &[&id]));
        assert_eq!(world.rows_of("playlists"), truth.table("playlists"), "{name}, once");
    }
}

/// What the double answers for the playlist of `plain` and for the other one.
fn bodies(spotify: &FakeSpotify, id: &str) -> (Value, Value) {
    let token = spotify.issue_access_token("playlist-read-private");
    let body = |id: &str| -> Value {
        let url = format!("{}/playlists/{id}?additional_types=track%2Cepisode", spotify.api_url());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let text = runtime.block_on(async {
            let client =
                reqwest::Client::builder().gzip(true).user_agent("a test").build().unwrap();
            client.get(url).bearer_auth(&token).send().await.unwrap().text().await.unwrap()
        });
        serde_json::from_str(&text).unwrap()
    };
    (body(id), body(&spotify_id(OTHER)))
}

#[test]
fn a_page_that_is_not_whole_is_read_again_and_moves_no_row() {
    // 49 rows at 150, another offset, and nothing: each once, then for ever.
    type Spoil = fn(&mut Value);
    let spoils: [(&str, Spoil); 3] = [
        ("a row left out", |page| drop(page["items"].as_array_mut().unwrap().remove(20))),
        ("another offset", |page| page["offset"] = json!(0)),
        ("nothing", |page| page["items"] = json!([])),
    ];
    for (name, spoil) in spoils {
        let (library, id) = plain(260);
        let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
        let mut page = page_at(&spotify, &id, 150);
        spoil(&mut page);
        let odd = || Fault::ServeRaw(page.to_string());
        spotify.script(When::Query("offset=150".to_owned()), usize::MAX, odd());
        let (report, error) = fetch(&world, &spotify, &[&id], false);
        assert!(matches!(error, Some(Error::NothingRead { .. })), "{name}: {error:?}");
        let said = error.unwrap().to_string();
        assert!(
            !said.contains("Check the ids"),
            "neither ids nor login have to do with it: {said}"
        );
        assert_eq!(status(&report, &id), "failed", "{name}");
        spotify.drop_scripts();
        spotify.clear_log();
        spotify.script(When::Query("offset=150".to_owned()), 1, odd());
        let (report, error) = fetch(&world, &spotify, &[&id], false);
        assert!(error.is_none(), "{name}: {error:?}");
        assert_eq!(report.playlists[0].row_count, 260, "{name}");
        // It goes on behind the 150 rows that are landed: 150 twice, 200, 250.
        assert_eq!(spotify.bucket_count("playlist_items"), 4, "{name}");
        let rows = world.query("select count(*) as n, count(distinct song_id) as songs, max(position) as last from core.playlist_songs");
        assert_eq!(rows, json!([{"n": 260, "songs": 260, "last": 259}]), "{name}");
    }
}

fn page_at(spotify: &FakeSpotify, id: &str, offset: usize) -> Value {
    let token = spotify.issue_access_token("playlist-read-private");
    let url = format!(
        "{}/playlists/{id}/items?limit=50&offset={offset}&additional_types=track%2Cepisode",
        spotify.api_url()
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let text = runtime.block_on(async {
        let client = reqwest::Client::builder().gzip(true).user_agent("a test").build().unwrap();
        client.get(url).bearer_auth(&token).send().await.unwrap().text().await.unwrap()
    });
    serde_json::from_str(&text).unwrap()
}

#[test]
fn liked_songs_with_a_page_that_is_not_whole_are_not_taken() {
    let (library, tracks) = Library::new(USER).with_plain_tracks(1_000, 120);
    let rows = tracks.iter().map(|track| Row::track(track).at("2024-05-01T10:00:00Z"));
    let library = library.with_liked(rows.collect::<Vec<_>>());
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    let short = r#"{"href":"h","limit":50,"offset":50,"total":120,"next":"n","items":[null]}"#;
    spotify.script(When::Query("offset=50".to_owned()), 3, Fault::ServeRaw(short.to_owned()));
    let (code, report) = world.live_report(&spotify, &["--liked"]);
    assert_eq!((code, &report["playlists"][0]["status"]), (3, &json!("failed")), "{report:#}");
    let (code, report) = world.live_report(&spotify, &["--liked"]);
    assert_eq!((code, &report["playlists"][0]["row_count"]), (0, &json!(120)), "{report:#}");
    let rows = world.query("select count(distinct song_id) as n from core.playlist_songs");
    assert_eq!(rows[0]["n"], 120);
}

#[test]
fn what_a_playlist_leaves_open_stays_as_it_was_known() {
    for member in ["name", "owner", "public", "collaborative", "external_urls"] {
        let (library, id) = plain(5);
        let other = Playlist::new(&spotify_id(OTHER), "Another", USER);
        let (world, spotify) =
            (World::new(), FakeSpotify::start(library.with_playlist(other), Mode::Development));
        assert!(fetch(&world, &spotify, &[&id], false).1.is_none());
        let wanted = "select name, owner_id, is_public, is_collaborative, url from core.playlists where name = 'Plain'";
        let before = world.query(wanted);
        assert_eq!(before.as_array().unwrap().len(), 1);
        let (mut right, _) = bodies(&spotify, &id);
        (right[member], right["snapshot_id"]) = (Value::Null, json!("another"));
        spotify.script(of(&id), 1, Fault::ServeRaw(right.to_string()));
        let (_, error) = fetch(&world, &spotify, &[&id], false);
        assert!(error.is_none(), "{member}: {error:?}");
        assert_eq!(world.query(wanted), before, "{member}");
        assert_eq!(
            world.query("select snapshot_id from core.playlists")[0]["snapshot_id"],
            "another"
        );
        // A row of the list says as little.
        right["items"] = json!({"href": "h", "total": 5});
        let listed = json!({"href": "h", "limit": 50, "offset": 0, "total": 1, "next": null, "items": [right]});
        spotify.script(
            When::Path("/v1/me/playlists".to_owned()),
            1,
            Fault::ServeRaw(listed.to_string()),
        );
        let (report, error) = fetch(&world, &spotify, &[], true);
        assert!(error.is_none(), "{member}: {error:?}");
        assert_eq!((status(&report, &id).as_str(), world.query(wanted)), ("unchanged", before));
    }
}

/// Nothing is known that could stay: the same snapshot is no reason to leave it at that.
#[test]
fn a_playlist_without_name_and_owner_is_told_and_read_anew_until_it_has_them() {
    let (library, id) = plain(5);
    let other = Playlist::new(&spotify_id(OTHER), "Another", USER);
    let (world, spotify) =
        (World::new(), FakeSpotify::start(library.with_playlist(other), Mode::Development));
    let (mut hollow, _) = bodies(&spotify, &id);
    (hollow["name"], hollow["owner"]) = (Value::Null, Value::Null);
    spotify.script(of(&id), 1, Fault::ServeRaw(hollow.to_string()));
    let named = || world.query("select name, owner_id from core.playlists");
    for (wanted, name, owner) in [
        ("fetched", Value::Null, Value::Null),
        ("fetched", json!("Plain"), json!(USER)),
        ("unchanged", json!("Plain"), json!(USER)),
    ] {
        let (report, error) = fetch(&world, &spotify, &[&id], false);
        assert!(error.is_none(), "{error:?}");
        assert_eq!(status(&report, &id), wanted);
        let told = report.notes.iter().any(|it| it.contains(&format!("no name of `{id}`")));
        assert_eq!(told, name.is_null(), "{:#?}", report.notes);
        assert_eq!(named(), json!([{"name": name, "owner_id": owner}]));
    }
}

#[test]
fn a_run_that_could_read_nothing_is_over_and_the_next_one_asks_again() {
    let id = spotify_id(7);
    let theirs = Playlist::new(&id, "Theirs", "stranger");
    let (library, tracks) = Library::new(USER).with_plain_tracks(1_000, 3);
    let rows: Vec<_> = tracks.iter().map(|track| Row::track(track)).collect();
    let library = library.with_playlist(theirs.with_rows(rows));
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    let (first, error) = fetch(&world, &spotify, &[&id], false);
    assert!(matches!(error, Some(Error::NothingRead { .. })), "{error:?}");
    spotify.clear_log();
    let (second, error) = fetch(&world, &spotify, &[&id], false);
    assert!(matches!(error, Some(Error::NothingRead { .. })), "{error:?}");
    assert_eq!(
        (spotify.api_call_count(), status(&second, &id).as_str()),
        (1, "contents_unavailable")
    );
    assert_ne!(second.run_id, first.run_id);
    spotify.mutate(|library| library.playlists.get_mut(&id).unwrap().owner_id = USER.to_owned());
    let (report, error) = fetch(&world, &spotify, &[&id], false);
    assert!(error.is_none(), "{error:?}");
    assert_eq!((status(&report, &id).as_str(), report.playlists[0].row_count), ("fetched", 3));
}

#[test]
fn one_page_that_is_broken_for_ever_costs_no_more_than_itself_the_next_night() {
    let (library, tracks) = Library::new(USER).with_plain_tracks(1_000, 230);
    let (broken, whole) = (spotify_id(7), spotify_id(OTHER));
    let rows =
        |count: usize| tracks.iter().take(count).map(|track| Row::track(track)).collect::<Vec<_>>();
    let library = library
        .with_playlist(Playlist::new(&broken, "Broken", USER).with_rows(rows(230)))
        .with_playlist(Playlist::new(&whole, "Whole", USER).with_rows(rows(3)));
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    spotify.script(When::Query("offset=200".to_owned()), usize::MAX, Fault::status(500, "x"));
    let (report, error) = fetch(&world, &spotify, &[&broken, &whole], false);
    assert!(matches!(error, Some(Error::PlaylistsUnread { count: 1, .. })), "{error:?}");
    assert_eq!(
        (status(&report, &broken).as_str(), status(&report, &whole).as_str()),
        ("failed", "fetched")
    );
    spotify.drop_scripts();
    spotify.clear_log();
    let (report, error) = fetch(&world, &spotify, &[&broken, &whole], false);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(
        (status(&report, &broken).as_str(), report.playlists[0].row_count),
        ("fetched", 230)
    );
    assert_eq!(spotify.bucket_count("playlist_items"), 1, "the page that was broken");
}

#[test]
fn a_user_id_with_colons_owns_the_liked_songs() {
    let user = "an:odd:name";
    let (library, tracks) = Library::new(user).with_plain_tracks(1_000, 1);
    let library = library.with_liked(vec![Row::track(&tracks[0]).at("2024-05-01T10:00:00Z")]);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    let (code, report) = world.live_report(&spotify, &["--liked"]);
    assert_eq!(code, 0, "{report:#}");
    let owner = world.query("select id, owner_id from core.playlists");
    assert_eq!(owner, json!([{"id": "liked:an:odd:name", "owner_id": user}]));
}

#[test]
fn only_what_is_old_enough_is_read_again_though_it_is_unchanged() {
    let (library, _) = plain(3);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Extended));
    let run = || {
        let (code, report) = world.live_report(&spotify, &["--mine", "--refetch-older-than", "7d"]);
        assert_eq!(code, 0, "{report:#}");
        report["playlists"][0]["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(run(), "fetched");
    assert_eq!(run(), "unchanged");
    let age = |days: u32| {
        let connection = duckdb::Connection::open(world.path("data/snowtrack.duckdb")).unwrap();
        let sql = format!("update meta.reads set finished_at = finished_at - interval {days} days");
        connection.execute_batch(&sql).unwrap();
    };
    age(6);
    assert_eq!(run(), "unchanged");
    spotify.mutate(|library| {
        library.tracks.values_mut().for_each(|track| track.popularity = Some(99));
    });
    age(2);
    assert_eq!(run(), "fetched");
    let popularity = world.query("select distinct popularity as p from core.songs");
    assert_eq!(popularity, json!([{"p": 99}]));
    assert_eq!(run(), "unchanged");
    let output = world.run(&["run", "--demo", "--refetch-older-than", "soon"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("`soon`"));
}

#[test]
fn what_spotify_does_not_give_is_said() {
    let (library, _) = plain(3);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    let notes = |arguments: &[&str]| {
        let (code, report) = world.live_report(&spotify, arguments);
        assert_eq!(code, 0, "{report:#}");
        report["notes"].to_string()
    };
    spotify.mutate(|library| library.artists.values_mut().for_each(|artist| artist.genres = None));
    let artist_count = spotify.library().artists.len();
    let first = notes(&["--mine", "--enrich"]);
    assert!(first.contains("no popularity for any of 3 songs"), "{first}");
    assert!(first.contains(&format!("no genres for any of {artist_count} artist")), "{first}");
    let second = notes(&["--mine"]);
    assert!(second.contains("1 unchanged playlist gives no new observation"), "{second}");
    assert!(second.contains("--refetch-older-than 7d"), "{second}");
    let output = world.operator(&spotify, &["run", "--mine", "--refetch"]).output().unwrap();
    let summary = String::from_utf8_lossy(&output.stdout);
    assert!(summary.contains("no popularity for any of 3 songs"), "{summary}");
}
