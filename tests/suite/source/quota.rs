//! Spotify's quota by bucket: a lockout of one stops only what needs it, and what was read ships.

use duckdb::Connection;
use serde_json::{Value, json};

use crate::support::World;
use crate::support::fake_spotify::{CLIENT_ID, FakeSpotify, Fault, When};
use crate::support::library::Mode;
use crate::support::plain_lists::plain_lists;

/// The lockouts of these tests, in seconds of the double's clock: a day.
const DAY: u64 = 86_400;

fn start(sizes: &[u64]) -> (World, FakeSpotify, Vec<String>) {
    // Every song is liked, too.
    let liked = sizes.iter().copied().max().unwrap_or(0);
    let (library, ids) = plain_lists(sizes, usize::try_from(liked).unwrap());
    (World::new(), FakeSpotify::start(library, Mode::Development), ids)
}

fn status_of<'a>(report: &'a Value, playlist_id: &str) -> &'a Value {
    let mut playlists = report["playlists"].as_array().unwrap().iter();
    let found = playlists.find(|playlist| playlist["playlist_id"] == playlist_id);
    &found.unwrap_or_else(|| panic!("`{playlist_id}` is in no report: {report:#}"))["status"]
}

/// The lockouts that the ledger keeps.
fn lockouts(world: &World) -> Vec<(String, String)> {
    let connection = Connection::open(world.path("data/snowtrack.duckdb")).unwrap();
    let sql = "select account, bucket from meta.not_before order by bucket";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_lockout_of_the_liked_songs_leaves_the_playlists_alone() {
    let (world, spotify, ids) = start(&[120, 3]);
    spotify.limit("liked_songs", 0, Some(DAY));
    let arguments = ["--mine", "--liked"];
    let (code, report) = world.live_report(&spotify, &arguments);
    assert_eq!((code, &report["status"]), (8, &json!("exported")), "{report:#}");
    for id in &ids {
        assert_eq!(status_of(&report, id), "fetched");
    }
    assert_eq!(status_of(&report, "liked:keeper"), "put_off");
    let liked = report["playlists"].as_array().unwrap().last().unwrap();
    assert!(report["not_before"].is_string(), "{report:#}");
    assert_eq!(liked["not_before"], report["not_before"]);
    assert!(report["error"].as_str().unwrap().contains("liked:keeper"), "{report:#}");
    assert_eq!(world.query("select count(*) as n from core.playlist_songs")[0]["n"], 123);
    assert_eq!(lockouts(&world), [(CLIENT_ID.to_owned(), "liked_songs".to_owned())]);

    // The run did what it could, and `status` says what is left, and until when.
    let said = String::from_utf8(world.run(&["status"]).stdout).unwrap();
    let until = report["not_before"].as_str().unwrap().replace('T', " ").replace('Z', " UTC");
    for wanted in ["→ Spotify put off `liked:keeper`", &format!("not before {until}")] {
        assert!(said.contains(wanted), "{wanted}\n{said}");
    }

    // The next night: what is locked is not asked, the rest is looked at.
    spotify.clear_log();
    spotify.mutate(|library| library.remove_row(&ids[1], 0));
    let (code, report) = world.live_report(&spotify, &arguments);
    assert_eq!((code, status_of(&report, &ids[1])), (8, &json!("fetched")), "{report:#}");
    assert_eq!(status_of(&report, "liked:keeper"), "put_off");
    assert_eq!(spotify.bucket_count("liked_songs"), 0);
    assert_eq!(spotify.bucket_count("own_playlists"), 2);
}

#[test]
fn a_lockout_of_further_rows_leaves_short_playlists_alone_and_goes_on_behind_what_was_read() {
    let (world, spotify, ids) = start(&[230, 3, 160]);
    let named: Vec<&str> = ids.iter().flat_map(|id| ["--playlist", id]).collect();
    spotify.limit("playlist_items", 1, Some(DAY));
    let (code, report) = world.live_report(&spotify, &named);
    assert_eq!((code, &report["status"]), (8, &json!("exported")), "{report:#}");
    let statuses: Vec<_> = ids.iter().map(|id| status_of(&report, id)).collect();
    assert_eq!(statuses, ["put_off", "fetched", "put_off"]);
    assert_eq!(world.query("select count(*) as n from core.playlist_songs")[0]["n"], 3);
    assert!(report["error"].as_str().unwrap().contains(&ids[0]), "{report:#}");

    // A day later only what is missing is asked for. The playlists may have changed, so each is looked at first and last.
    forget_lockouts(&world);
    spotify.unlock();
    spotify.clear_log();
    let (code, report) = world.live_report(&spotify, &named);
    assert_eq!((code, &report["not_before"]), (0, &Value::Null), "{report:#}");
    let statuses: Vec<_> = ids.iter().map(|id| status_of(&report, id)).collect();
    assert_eq!(statuses, ["fetched", "unchanged", "fetched"]);
    // Rows 150 to 199 and 200 to 229 of the first, 100 to 149 and 150 to 159 of the third.
    assert_eq!(spotify.bucket_count("playlist_items"), 2 + 2);
    assert_eq!(spotify.bucket_count("playlist"), 2 + 1 + 2);
    assert_eq!(world.query("select count(*) as n from core.playlist_songs")[0]["n"], 230 + 3 + 160);
}

/// The day has passed.
fn forget_lockouts(world: &World) {
    let connection = Connection::open(world.path("data/snowtrack.duckdb")).unwrap();
    connection.execute_batch("delete from meta.not_before").unwrap();
}

#[test]
fn rows_of_another_day_are_not_continued_where_the_list_has_changed_since() {
    let (world, spotify, ids) = start(&[230, 3]);
    let named: Vec<&str> = ids.iter().flat_map(|id| ["--playlist", id]).collect();
    spotify.limit("playlist_items", 1, Some(DAY));
    assert_eq!(world.live_report(&spotify, &named).0, 8);
    forget_lockouts(&world);
    spotify.unlock();
    spotify.mutate(|library| library.remove_row(&ids[0], 3));
    let (code, report) = world.live_report(&spotify, &named);
    assert_eq!((code, status_of(&report, &ids[0])), (0, &json!("fetched")), "{report:#}");
    let rows = world.query("select count(*) as n, count(distinct position) as p from core.playlist_songs where position >= 0");
    assert_eq!(rows[0]["n"], 229 + 3);
}

#[test]
fn where_nothing_can_be_read_the_run_is_pending_and_goes_on_later() {
    for (bucket, arguments, subject) in [
        ("own_playlists", &["--mine"][..], "`mine`"),
        ("own_playlists", &["--liked"], "`liked`"),
        ("liked_songs", &["--liked"], "`liked:keeper`"),
        ("playlist", &["--playlist", "ID"], "ID"),
    ] {
        let (world, spotify, ids) = start(&[3]);
        let given = |it: &&'static str| if *it == "ID" { ids[0].clone() } else { (*it).to_owned() };
        let arguments: Vec<String> = arguments.iter().map(given).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        spotify.limit(bucket, 0, Some(DAY));
        let (code, report) = world.live_report(&spotify, &arguments);
        assert_eq!((code, &report["status"]), (8, &json!("pending")), "{bucket}: {report:#}");
        assert!(report["not_before"].is_string(), "{report:#}");
        let error = report["error"].as_str().unwrap();
        assert!(error.contains(&subject.replace("ID", &ids[0])), "{error}");
        spotify.clear_log();
        let (code, again) = world.live_report(&spotify, &arguments);
        assert_eq!((code, &again["run_id"]), (8, &report["run_id"]), "{again:#}");
        assert_eq!(spotify.bucket_count(bucket), 0, "a call would make the lockout longer");
        forget_lockouts(&world);
        spotify.unlock();
        let (code, done) = world.live_report(&spotify, &arguments);
        assert_eq!((code, &done["run_id"]), (0, &report["run_id"]), "{done:#}");
    }
}

#[test]
fn a_lockout_of_the_own_playlists_leaves_named_ones_alone() {
    let (world, spotify, ids) = start(&[120, 3]);
    spotify.limit("own_playlists", 0, Some(DAY));
    let (code, report) = world.live_report(&spotify, &["--playlist", &ids[0], "--mine", "--liked"]);
    assert_eq!((code, &report["status"]), (8, &json!("exported")), "{report:#}");
    assert_eq!(status_of(&report, &ids[0]), "fetched");
    assert_eq!(
        (status_of(&report, "mine"), status_of(&report, "liked")),
        (&json!("put_off"), &json!("put_off"))
    );
    assert_eq!(spotify.bucket_count("own_playlists"), 1);
}

#[test]
fn a_lockout_during_enrichment_is_left_for_the_next_run_and_everything_ships() {
    let (world, spotify, _) = start(&[120]);
    let (artists, albums) = (spotify.library().artists.len(), spotify.library().albums.len());
    spotify.limit("artists", 0, Some(DAY));
    let (code, report) = world.live_report(&spotify, &["--mine", "--enrich"]);
    assert_eq!((code, &report["status"]), (0, &json!("exported")), "{report:#}");
    let enrichment = &report["enrichment"];
    assert_eq!(enrichment["left_count"], json!(artists), "{report:#}");
    assert_eq!(
        enrichment["asked_count"],
        json!(albums),
        "the albums' bucket is another: {report:#}"
    );
    assert!(enrichment["not_before"].is_string(), "{report:#}");
    assert_eq!(world.query("select count(*) as n from core.playlist_songs")[0]["n"], 120);

    spotify.clear_log();
    let (code, report) = world.live_report(&spotify, &["--mine", "--enrich"]);
    assert_eq!((code, &report["enrichment"]["left_count"]), (0, &json!(artists)), "{report:#}");
    assert_eq!((spotify.bucket_count("artists"), spotify.bucket_count("albums")), (0, 0));

    forget_lockouts(&world);
    spotify.unlock();
    spotify.forget_refused_batch();
    let (code, report) = world.live_report(&spotify, &["--mine", "--enrich"]);
    let enrichment = &report["enrichment"];
    assert_eq!((code, &enrichment["left_count"]), (0, &json!(0)), "{report:#}");
    assert_eq!(enrichment["asked_count"], json!(artists), "{report:#}");
}

#[test]
fn an_enrichment_that_spotify_answers_with_nonsense_holds_nothing_up() {
    let large = json!({"id": "x", "name": "x".repeat(2 << 20)}).to_string();
    for body in ["\"nonsense\"", &large] {
        let (world, spotify, _) = start(&[3]);
        for place in ["/v1/artists", "/v1/albums"] {
            let fault = Fault::ServeRaw(body.to_owned());
            spotify.script(When::Path(place.to_owned()), usize::MAX, fault);
        }
        let (code, report) = world.live_report(&spotify, &["--mine", "--enrich"]);
        assert_eq!((code, &report["status"]), (0, &json!("exported")), "{report:#}");
        assert_eq!(world.query("select count(*) as n from core.playlist_songs")[0]["n"], 3);
        if body.len() > 100 {
            let came = &report["enrichment"];
            assert_eq!((&came["artist_count"], &came["album_count"]), (&json!(0), &json!(0)));
        }
    }
}

#[test]
fn a_lockout_that_an_earlier_version_noted_holds_for_every_bucket_and_ends_with_its_time() {
    for (until, code) in [("2999-01-01", 8), ("2001-01-01", 0)] {
        let (world, spotify, _) = start(&[3]);
        assert_eq!(world.live_report(&spotify, &["--mine"]).0, 0);
        let connection = Connection::open(world.path("data/snowtrack.duckdb")).unwrap();
        let before = format!(
            "alter table meta.not_before drop column bucket;
            insert into meta.not_before values ('{CLIENT_ID}', timestamp '{until}', 'too many calls');"
        );
        connection.execute_batch(&before).unwrap();
        drop(connection);
        spotify.clear_log();
        assert_eq!(world.live_report(&spotify, &["--mine", "--liked"]).0, code, "{until}");
        assert_eq!(spotify.api_call_count() == 0, code == 8);
        let buckets: Vec<String> = lockouts(&world).into_iter().map(|(_, bucket)| bucket).collect();
        let all = [
            "albums",
            "artists",
            "liked_songs",
            "own_playlists",
            "player",
            "playlist",
            "playlist_items",
            "writes",
        ];
        assert_eq!(buckets, all, "each once");
    }
}
