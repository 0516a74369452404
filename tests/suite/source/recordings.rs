//! Real answers of Spotify's, recorded by others, fetched from the double by the binary: no row may be lost or misread.
//!
//! The recordings are not part of the repository; `SNOWTRACK_RECORDINGS` names their folder, and without it nothing is tested.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::World;
use crate::support::fake_spotify::FakeSpotify;
use crate::support::library::{Mode, Recorded, documents_in};

#[expect(clippy::disallowed_methods, reason = "the recordings live outside the project")]
fn recordings() -> Option<PathBuf> {
    let folder = std::env::var_os("SNOWTRACK_RECORDINGS")?;
    Some(Path::new(&folder).join("spotify"))
}

const READABLE: &str = "playlist_songs__row_is_readable";
const KINDS: [&str; 5] = ["track", "episode", "local", "removed", "unreadable"];

/// What a row is, read without SQL and without snowtrack. Only `null` says removed: a row that has no item at all is unreadable.
fn kind(row: &str) -> &'static str {
    let row: Value = serde_json::from_str(row).unwrap();
    let mut items = ["item", "track"].into_iter().filter_map(|key| row.get(key)).peekable();
    let names_none = items.peek().is_none();
    let Some(item) = items.find(|item| !item.is_null()) else {
        return if names_none { "unreadable" } else { "removed" };
    };
    let is_local = row["is_local"] == json!(true) || item["is_local"] == json!(true);
    match item["uri"].as_str() {
        _ if is_local => "local",
        Some(uri) if uri.starts_with("spotify:track:") => "track",
        Some(uri) if uri.starts_with("spotify:local:") => "local",
        Some(_) => "episode",
        None if item["type"] == json!("track") => "track",
        None if item["type"].is_string() => "episode",
        None => "unreadable",
    }
}

type Kinds = BTreeMap<&'static str, u64>;

fn kinds<'a>(rows: impl IntoIterator<Item = &'a String>) -> Kinds {
    let mut kinds = Kinds::from(KINDS.map(|kind| (kind, 0)));
    for row in rows {
        *kinds.entry(kind(row)).or_default() += 1;
    }
    kinds
}

fn reported(playlist: &Value) -> Kinds {
    let count = |name: String| playlist[name].as_u64().unwrap();
    let known = KINDS.into_iter().filter(|kind| *kind != "unreadable");
    let mut kinds: Kinds = known.map(|kind| (kind, count(format!("{kind}_count")))).collect();
    // What is none of these is known to be nothing else.
    let unreadable = count("row_count".to_owned()) - kinds.values().sum::<u64>();
    kinds.insert("unreadable", unreadable);
    kinds
}

#[test]
fn every_recorded_playlist_and_page_is_fetched_over_http_and_exported() {
    let Some(folder) = recordings() else {
        eprintln!("skipped: SNOWTRACK_RECORDINGS is not set");
        return;
    };
    let documents = documents_in(&folder);
    let recorded = Recorded::new(&documents);
    assert!(recorded.playlists.len() >= 8, "{:?}", recorded.playlists.keys());
    for mode in [Mode::Development, Mode::Extended] {
        let (world, spotify) = (World::new(), FakeSpotify::start_with_documents(&documents, mode));
        let mut arguments = vec!["--liked"];
        for id in recorded.playlists.keys() {
            arguments.extend(["--playlist", id]);
        }
        // Somebody cut the item out of one of the rows, and nobody can know what stood there.
        let (code, refused) = World::new().live_report(&spotify, &arguments);
        assert_eq!((code, &refused["files"]), (4, &json!([])), "{refused:#}");
        let error = refused["error"].as_str().unwrap();
        assert!(error.contains(&format!("the run: `{READABLE}` found 1 row;")), "{error}");
        arguments.extend(["--warn-only", READABLE]);
        let (code, report) = world.live_report(&spotify, &arguments);
        let checks = report["checks"].as_array().unwrap().iter();
        let failed: Vec<_> = checks.filter(|check| check["status"] == "fail").collect();
        assert_eq!(code, 0, "{:?}: {failed:#?}", report["error"]);
        let playlists = report["playlists"].as_array().unwrap();
        assert_eq!(playlists.len(), recorded.playlists.len() + 1);
        let mut total = Kinds::new();
        for playlist in playlists {
            let id = playlist["playlist_id"].as_str().unwrap();
            let rows = match recorded.playlists.get(id) {
                Some(playlist) => &playlist.rows,
                None => &recorded.lists["/v1/me/tracks"],
            };
            let is_empty = rows.is_empty() && playlist["status"] == "contents_unavailable";
            assert!(is_empty || playlist["status"] == "fetched", "{playlist}");
            assert_eq!(playlist["row_count"], rows.len(), "{id} in {mode:?}");
            assert_eq!(reported(playlist), kinds(rows), "{id} in {mode:?}");
            kinds(rows)
                .into_iter()
                .for_each(|(kind, count)| *total.entry(kind).or_default() += count);
        }
        for (kind, count) in &total {
            let sql = format!(
                "select count(*) as n from core.playlist_songs where coalesce(item_kind, 'unreadable') = '{kind}'"
            );
            assert_eq!(world.query(&sql)[0]["n"], *count, "{kind} in {mode:?}");
        }
        assert_eq!(total["unreadable"], 1, "{mode:?}");
        let exported = report["files"].as_array().unwrap().iter();
        let exported = exported.filter(|file| file["table"] == "playlist_songs");
        let exported: u64 = exported.map(|file| file["row_count"].as_u64().unwrap()).sum();
        assert_eq!(exported, total.values().sum::<u64>());
        let failed: Vec<_> = failed
            .iter()
            .map(|check| format!("{} {}", check["check"], check["offending_row_count"]))
            .collect();
        eprintln!("{mode:?}: {} playlists, rows {total:?}, warnings {failed:?}", playlists.len());
    }
}
