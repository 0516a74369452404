//! A small change of a library that is published already: the published file is renewed aside, and whatever ends the run meanwhile
//! leaves the former one as it was.

use serde_json::{Value, json};

use crate::run::kills::{killed_at, library, stopped_at};
use crate::support::fake_spotify::FakeSpotify;
use crate::support::library::Mode;
use crate::support::{World, copy};

/// A playlist of sixty songs that no other has; one of a later version has lost ten of them and gained ten.
fn playlist(number: u32, version: u32, duration_ms: u32) -> String {
    let rows: Vec<Value> = (0..60)
        .map(|place| {
            let song = number * 1000 + place + version * 10;
            json!({
                "added_at": "2020-01-02T03:04:05Z",
                "item": {
                    "id": format!("s{song}"), "uri": format!("spotify:track:s{song}"), "name": format!("Song {song}"),
                    "duration_ms": duration_ms, "album": {"id": format!("l{number}"), "name": "An album"},
                    "artists": [{"id": format!("a{number}"), "name": "An artist"}]
                }
            })
        })
        .collect();
    json!({
        "id": format!("p{number}"), "type": "playlist", "name": format!("Playlist {number}"), "snapshot_id": format!("v{version}"),
        "public": true, "collaborative": false, "owner": {"id": "owner"},
        "external_urls": {"spotify": format!("https://open.spotify.com/playlist/p{number}")},
        "items": {
            "href": format!("https://api.spotify.com/v1/playlists/p{number}/items?offset=0&limit=100"),
            "items": rows, "limit": 100, "next": null, "offset": 0, "total": 60
        }
    })
    .to_string()
}

const CHANGE: [&str; 4] = ["-vv", "run", "--from-dir", "change"];

/// Twelve playlists, published; and what is to come: a change of one.
fn published() -> World {
    let world = World::new();
    for number in 0..12 {
        world.write(&format!("library/{number:02}.json"), &playlist(number, 1, 1000));
    }
    assert_eq!(world.report(&["--from-dir", "library"]).0, 0);
    world.write("change/00.json", &playlist(7, 2, 1000));
    world.write("refused/00.json", &playlist(7, 2, 0));
    world
}

/// A copy, which is as old: a younger file is not the one that was published.
fn another(published: &World) -> World {
    let world = World::new();
    copy(&published.path(""), &world.path(""));
    world
}

/// What lies in the data directory, but for the lake.
fn files(world: &World) -> Vec<String> {
    let entries = std::fs::read_dir(world.path("data")).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.contains("duckdb"));
    names.sort();
    names
}

/// Every row of the ledger's tables is published, and no other; a song of the change among them.
fn assert_published(world: &World) {
    let connection = duckdb::Connection::open_in_memory().unwrap();
    let attach = |name: &str, file: &str| {
        let file = world.path(file).to_str().unwrap().to_owned();
        connection.execute_batch(&format!("attach '{file}' as {name} (read_only)")).unwrap();
    };
    attach("ledger", "data/snowtrack.duckdb");
    attach("published", "data/spotify.duckdb");
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    for table in crate::support::truth::TABLES {
        let [all, published] =
            ["ledger", "published"].map(|name| format!("from {name}.core.{table}"));
        let sql = format!(
            "select count(*) from (({all} except all {published}) union all ({published} except all {all}))"
        );
        assert_eq!(number(&sql), 0, "{table}");
    }
    let sql = "select count(*) from published.core.songs where id = 's7079'";
    assert_eq!(number(sql), 1);
    assert_eq!(files(world), ["snowtrack.duckdb", "spotify.duckdb"]);
}

#[test]
fn a_small_change_renews_the_published_file_and_a_large_one_writes_it_anew() {
    let world = published();
    let output = world.run(&CHANGE);
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{log}");
    assert!(log.contains("publish the changes of `songs`"), "{log}");
    let place = |part: &str| log.find(part).unwrap_or_else(|| panic!("no `{part}`: {log}"));
    assert!(
        place("copy the published file") < place("merge `albums`"),
        "while the models run: {log}"
    );
    assert!(!log.contains("publish `songs`"), "{log}");
    assert_published(&world);

    for number in 0..12 {
        world.write(&format!("large/{number:02}.json"), &playlist(number, 9, 1000));
    }
    let output = world.run(&["-vv", "run", "--from-dir", "large"]);
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{log}");
    assert!(log.contains("publish `songs`") && !log.contains("publish the changes"), "{log}");
    assert_published(&world);
}

#[test]
fn a_night_on_which_nothing_changed_renews_what_the_file_says_of_runs_and_no_row() {
    let (world, spotify) = (World::new(), FakeSpotify::start(library(), Mode::Development));
    for is_first in [true, false] {
        let output = world.operator(&spotify, &["-vv", "run", "--mine"]).output().unwrap();
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{log}");
        assert_eq!(log.contains("publish `songs`"), is_first, "{log}");
        assert_eq!(log.matches("copy the published file").count(), 1, "{log}");
        assert!(!log.contains("publish the changes"), "{log}");
    }
    assert_eq!(files(&world), ["snowtrack.duckdb", "spotify.duckdb"]);
}

#[test]
fn a_run_killed_at_any_moment_of_the_renewal_is_continued_as_if_nothing_had_been() {
    let before = published();
    for (part, step) in [
        ("model `", 3),
        ("merge `", 3),
        ("publish the changes", 1),
        ("check `", 12),
        ("move the published", 1),
    ] {
        let line_count = killed_at(another(&before).command(&CHANGE), part, usize::MAX);
        assert!(0 < line_count, "no line with `{part}`");
        for line in (1..=line_count).step_by(step) {
            let world = another(&before);
            killed_at(world.command(&CHANGE), part, line);
            let output = world.run(&CHANGE);
            let log = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(0), "killed at line {line} of `{part}`\n{log}");
            assert_published(&world);
        }
    }
}

/// When the published file was written, to the nanosecond.
fn age(world: &World) -> std::time::SystemTime {
    std::fs::metadata(world.path("data/spotify.duckdb")).unwrap().modified().unwrap()
}

#[test]
fn a_refused_run_leaves_the_published_rows_and_only_the_refused_ones_beside_them() {
    let world = published();
    let rows = |world: &World| crate::support::truth::TABLES.map(|table| world.rows_of(table));
    let before = rows(&world);
    let output = world.run(&["-q", "run", "--from-dir", "refused"]);
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(rows(&world), before);
    let told = world.query(
        "select runs.status, count(*) filter (checks.status = 'fail' and severity = 'error') > 0 as has_failed \
        from operations.runs inner join operations.checks using (run_id) group by all order by min(run_id)",
    );
    let wanted = json!([
        {"status": "exported", "has_failed": false}, {"status": "refused", "has_failed": true}
    ]);
    assert_eq!(told, wanted);
    assert_eq!(files(&world), ["refused.duckdb", "snowtrack.duckdb", "spotify.duckdb"]);
}

#[test]
fn a_run_that_is_stopped_while_it_renews_leaves_the_published_file_and_nothing_beside_it() {
    let before = published();
    let first = "model `00_pending_rows";
    for part in [first, "check started", "publish the changes of `songs"] {
        let world = another(&before);
        let (code, rest) = stopped_at(world.command(&CHANGE), part);
        // The checks and the export are short: the signal can come when all is done.
        assert!(
            code == Some(130) || code == Some(0) && *part != *first,
            "{part}: {code:?}\n{rest}"
        );
        // Moved into place, the file is whole.
        assert!(
            age(&world) == age(&before) || rest.contains("move the published"),
            "{part}\n{rest}"
        );
        assert_eq!(files(&world), ["snowtrack.duckdb", "spotify.duckdb"], "{part}\n{rest}");
        assert_eq!(world.run(&CHANGE).status.code(), Some(0));
        assert_published(&world);
    }
}
