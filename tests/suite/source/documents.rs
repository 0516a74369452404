//! Recorded documents through the whole path: shapes, refusals, resumed runs.

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{World, tables};

/// A playlist of one song in today's shape; the song can be spoilt.
pub(crate) fn playlist(spoil: impl FnOnce(&mut Value)) -> String {
    let mut song = json!({
        "id": "0aB1cD2eF3gH4iJ5kL6mN7", "name": "Low Tide", "type": "track", "uri": "spotify:track:0aB1cD2eF3gH4iJ5kL6mN7",
        "duration_ms": 200_000, "is_local": false, "track": true, "episode": false,
        "external_urls": {"spotify": "https://open.spotify.com/track/0aB1cD2eF3gH4iJ5kL6mN7"},
        "artists": [{"id": "1aB1cD2eF3gH4iJ5kL6mN7", "name": "The Piers", "external_urls": {"spotify": "https://open.spotify.com/artist/1aB1cD2eF3gH4iJ5kL6mN7"}}],
        "album": {"id": "2aB1cD2eF3gH4iJ5kL6mN7", "name": "Moorings", "release_date": "1999", "total_tracks": 9,
            "external_urls": {"spotify": "https://open.spotify.com/album/2aB1cD2eF3gH4iJ5kL6mN7"},
            "artists": [{"id": "1aB1cD2eF3gH4iJ5kL6mN7", "name": "The Piers", "external_urls": {"spotify": "https://open.spotify.com/artist/1aB1cD2eF3gH4iJ5kL6mN7"}}]}
    });
    spoil(&mut song);
    json!({
        "id": "3aB1cD2eF3gH4iJ5kL6mN7", "type": "playlist", "name": "Harbour", "snapshot_id": "s1", "public": true, "collaborative": false,
        "owner": {"id": "someone"}, "external_urls": {"spotify": "https://open.spotify.com/playlist/3aB1cD2eF3gH4iJ5kL6mN7"},
        "items": {"href": "", "offset": 0, "limit": 100, "total": 1, "next": null,
            "items": [{"added_at": "2024-05-01T10:00:00Z", "added_by": {"id": "someone"}, "is_local": false, "item": song}]}
    })
    .to_string()
}

#[test]
fn a_clean_playlist_gives_one_row_per_table_with_the_hash_of_its_text() {
    let world = World::new();
    world.write("in/playlist.json", &playlist(|_| {}));
    let (code, report) = world.report(&["--from-dir", "in"]);
    assert_eq!(code, 0, "{report}");
    let album = &world.query("from core.albums")[0];
    assert_eq!(album["release_date"], json!("1999-01-01"));
    // Python: int(hashlib.md5("\x1f".join([id, name, "1999-01-01", "9", url]).encode()).hexdigest()[:16], 16)
    let hash = world.query("select row_hash::varchar as h from core.albums");
    assert_eq!(hash[0]["h"], "2931625896954217487");
}

#[test]
fn a_song_that_cannot_be_refuses_the_run_and_ships_nothing_until_it_is_accepted() {
    type Spoil = fn(&mut Value);
    let spoils: [(&str, Spoil); 4] = [
        ("songs__duration_is_positive", |song| song["duration_ms"] = json!(-1)),
        ("songs__duration_is_positive", |song| song["duration_ms"] = json!(0)),
        ("songs__popularity_is_0_to_100", |song| song["popularity"] = json!(101)),
        ("songs__name_is_not_null", |song| song["name"] = Value::Null),
    ];
    for (check, spoil) in spoils {
        let world = World::new();
        world.write("in/playlist.json", &playlist(spoil));
        for _ in 0..2 {
            // The second run reads nothing new, and still ships nothing.
            let (code, report) = world.report(&["--from-dir", "in"]);
            assert_eq!(
                (code, &report["status"], &report["files"]),
                (4, &json!("refused"), &json!([])),
                "{check}"
            );
            assert!(report["error"].as_str().unwrap().contains(check), "{report}");
            assert!(
                !world.path("data/spotify.duckdb").exists()
                    && !world.path("data/lake/spotify-data").exists()
            );
        }
        let accepted = [
            "--from-dir",
            "in",
            "--warn-only",
            check,
            "--warn-only",
            "song_observations__popularity_is_0_to_100",
        ];
        let (code, report) = world.report(&accepted);
        assert_eq!(code, 0, "{report}");
        assert!(tables(&report).contains(&("songs".to_owned(), 1, 1)), "{report}");
    }
}

#[test]
fn a_row_that_cannot_be_read_is_accepted_once_and_for_all() {
    let world = World::new();
    // A snapshot is never read again, so nobody can mend it at the source.
    let body = playlist(|_| {}).replace(r#""total":1"#, r#""total":2"#);
    world.write("in/playlist.json", &body.replace(r#""items":[{"#, r#""items":["a text",{"#));
    let mut accepted = vec!["--from-dir", "in"];
    let (code, report) = world.report(&accepted);
    assert_eq!(code, 4, "{report}");
    let failed = |report: &Value| -> Vec<String> {
        let checks = report["checks"].as_array().unwrap().iter();
        let failed =
            checks.filter(|check| check["status"] == "fail" && check["severity"] == "error");
        failed.map(|check| check["check"].as_str().unwrap().to_owned()).collect()
    };
    let names = failed(&report);
    assert!(names.contains(&"playlist_songs__row_is_readable".to_owned()), "{names:?}");
    let (code, report) = world.report(&accepted);
    assert_eq!((code, failed(&report)), (4, names.clone()), "it stays refused");
    for name in &names {
        accepted.extend(["--warn-only", name]);
    }
    let (code, report) = world.report(&accepted);
    assert_eq!(code, 0, "{report}");
    // It is shipped as what it is, unknown, and the next run has nothing against it.
    let rows = world.query("select position, item_kind from core.playlist_songs order by position");
    assert_eq!(
        rows,
        json!([{"position": 0, "item_kind": null}, {"position": 1, "item_kind": "track"}])
    );
    let (code, report) = world.report(&["--from-dir", "in"]);
    assert_eq!((code, failed(&report)), (0, Vec::new()), "{report}");
}

#[test]
fn what_is_no_document_is_named_and_skipped() {
    let world = World::new();
    world.write("in/a.json", &playlist(|_| {}));
    world.write("in/b.json", r#"{"error":{"status":404,"message":"Resource not found"}}"#);
    world.write("in/c.json", r#"{"items":["#);
    let (code, report) = world.report(&["--from-dir", "in"]);
    assert_eq!(code, 0, "{report}");
    let skipped = skipped(&report);
    assert!(
        matches!(skipped.as_slice(), [b, c] if b.starts_with("b.json") && c.starts_with("c.json")),
        "{skipped:?}"
    );
}

/// What was skipped, and why.
fn skipped(report: &Value) -> Vec<&str> {
    let texts = report["skipped_documents"].as_array().unwrap().iter();
    texts.map(|text| text.as_str().unwrap()).collect()
}

/// A line of a recorded file.
fn line(name: &str) -> String {
    let body = playlist(|song| song["name"] = json!(name));
    format!(r#"{{"url":"/v1/playlists/3aB1cD2eF3gH4iJ5kL6mN7","body":{body}}}"#) + "\n"
}

#[test]
fn a_mark_of_utf8_before_the_text_belongs_to_no_document() {
    for (file, text) in [
        ("in/a.json", playlist(|_| {})),
        ("in/a.ndjson", line("Low Tide")),
        ("in/a.ndjson", format!("\r\n{}", line("Low Tide"))),
    ] {
        let world = World::new();
        world.write(file, &format!("\u{feff}{text}"));
        let (code, report) = world.report(&["--from-dir", "in"]);
        assert_eq!((code, &report["playlists"][0]["row_count"]), (0, &json!(1)), "{report}");
        assert_eq!(skipped(&report), Vec::<&str>::new());
    }
}

#[test]
fn a_folder_of_which_nothing_can_be_read_is_no_success() {
    let world = World::new();
    for name in ["a", "b", "c", "d", "e"] {
        world.write(&format!("in/{name}.json"), r#"{"error":{"status":404}}"#);
    }
    std::fs::write(world.path("in/b.json"), b"\xff\xfe{\0}\0").unwrap();
    // The second time is not another matter.
    for _ in 0..2 {
        let (code, report) = world.report(&["--from-dir", "in"]);
        assert_eq!((code, &report["status"]), (3, &json!("failed")), "{report}");
        assert_eq!(skipped(&report).len(), 5);
        let error = report["error"].as_str().unwrap();
        for word in [
            "none of the 5",
            "a.json: snowtrack does not read this shape",
            "b.json: its bytes",
            "2 more",
        ] {
            assert!(error.contains(word), "no `{word}` in {error}");
        }
        assert!(!world.path("data/spotify.duckdb").exists());
    }
    // What is readable, or known already, makes it one.
    world.write("in/z.json", &playlist(|_| {}));
    for status in ["fetched", "unchanged"] {
        let (code, report) = world.report(&["--from-dir", "in"]);
        assert_eq!((code, &report["playlists"][0]["status"]), (0, &json!(status)), "{report}");
        assert_eq!(skipped(&report).len(), 5);
    }
}

#[test]
fn what_came_before_the_place_where_a_file_breaks_off_counts() {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.write_all(line("Low Tide").as_bytes()).unwrap();
    encoder.flush().unwrap();
    let length = encoder.get_ref().len();
    encoder.write_all(line("High Tide").as_bytes()).unwrap();
    let whole = encoder.finish().unwrap();
    let garbage = b"this was never compressed".as_slice();
    let cases: [(&str, &[u8], &str); 2] = [
        (
            "broken off",
            &whole[..length + 4],
            "m.ndjson.zst, line 2: from here on it cannot be decompressed",
        ),
        ("garbage", garbage, "m.ndjson.zst, line 1: from here on it cannot be decompressed"),
    ];
    for (name, bytes, says) in cases {
        let world = World::new();
        world.write("in/z.json", &playlist(|_| {}).replace("3aB1", "9aB1"));
        std::fs::create_dir(world.path("in/x.json")).unwrap();
        std::fs::write(world.path("in/m.ndjson.zst"), bytes).unwrap();
        let (code, report) = world.report(&["--from-dir", "in"]);
        assert_eq!(code, 0, "{name}: {report}");
        let playlists = report["playlists"].as_array().unwrap();
        assert_eq!(playlists.len(), if name == "garbage" { 1 } else { 2 }, "{name}: {report}");
        let skipped = skipped(&report);
        assert!(skipped.len() == 1 && skipped[0].starts_with(says), "{name}: {skipped:?}");
    }
    // A folder that holds nothing but another is empty.
    let world = World::new();
    std::fs::create_dir_all(world.path("in/x.json")).unwrap();
    let (code, report) = world.report(&["--from-dir", "in"]);
    assert_eq!(code, 2, "{report}");
    // A link to nowhere is a file that cannot be opened, and that is no matter of its contents.
    world.write("in/z.json", &playlist(|_| {}));
    std::os::unix::fs::symlink("nowhere", world.path("in/y.ndjson")).unwrap();
    let (code, report) = world.report(&["--from-dir", "in"]);
    assert_eq!(code, 2, "{report}");
    assert!(report["error"].as_str().unwrap().contains("y.ndjson"), "{report}");
}

#[expect(clippy::disallowed_methods, reason = "the recordings live outside the project")]
#[test]
fn real_recordings_pass_from_fetch_to_export() {
    let Some(recordings) = std::env::var_os("SNOWTRACK_RECORDINGS") else {
        eprintln!("skipped: SNOWTRACK_RECORDINGS is not set");
        return;
    };
    for folder in ["python-spotify", "rspotify", "spotify-web-api-java"] {
        let world = World::new();
        let path = Path::new(&recordings).join("spotify").join(folder);
        let source = ["--from-dir", path.to_str().unwrap()];
        let (mut code, mut report) = world.report(&source);
        if folder == "spotify-web-api-java" {
            // Somebody cut the item out of one of its rows, and nobody can know what stood there.
            let error = report["error"].as_str().unwrap();
            assert!(error.contains("`playlist_songs__row_is_readable` found 1 row;"), "{error}");
            let accepted = ["--warn-only", "playlist_songs__row_is_readable"];
            (code, report) = world.report(&[&source[..], &accepted].concat());
        }
        assert_eq!(code, 0, "{folder}: {report:#}");
        let rows: u64 = report["playlists"]
            .as_array()
            .unwrap()
            .iter()
            .map(|playlist| playlist["row_count"].as_u64().unwrap())
            .sum();
        // One of the folders holds a playlist as it was on two days; the report speaks of the later.
        let current = "select count(*) as n from core.playlist_songs as rows inner join core.playlists as lists on lists.id = rows.playlist_id and lists.snapshot_id = rows.snapshot_id";
        let landed = world.query(current)[0]["n"].as_u64().unwrap();
        assert!(
            rows > 0 && rows == landed,
            "{folder}: {rows} rows read, {landed} in playlist_songs"
        );
    }
}
