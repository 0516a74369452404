//! Recorded bodies, taken apart so that the double can serve them in pages; rows and members keep their bytes.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use serde_json::value::RawValue;

type Members = BTreeMap<String, Box<RawValue>>;

/// What a set of recorded documents holds.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    /// By playlist id.
    pub playlists: BTreeMap<String, RecordedPlaylist>,
    /// Rows of `/me/tracks` and `/me/playlists`, by path.
    pub lists: BTreeMap<String, Vec<String>>,
    /// Full artists and albums, by path.
    pub objects: BTreeMap<String, String>,
}

/// A playlist of which something was recorded.
#[derive(Debug, Clone, Default)]
pub struct RecordedPlaylist {
    /// The playlist object without its contents; `None` where only pages were recorded.
    pub head: Option<String>,
    /// Under which keys the object carried its contents: `items`, `tracks` or both.
    pub keys: Vec<String>,
    /// The recorded rows, without gaps.
    pub rows: Vec<String>,
}

impl Recorded {
    /// Takes `(path, body)` pairs apart; a path is `/v1/playlists/ID` and the like, with or without a query.
    ///
    /// Two recordings of one playlist are merged: rows that are in both count once, others are appended, and the
    /// announced total becomes the number of rows there are, because the rest was never recorded.
    pub fn new(documents: &[(String, String)]) -> Self {
        let mut recorded = Self::default();
        for (path, body) in documents {
            let path = path.split('?').next().unwrap_or(path);
            let segments: Vec<_> =
                path.trim_start_matches("/v1").split('/').filter(|part| !part.is_empty()).collect();
            let members: Members =
                serde_json::from_str(body).expect("a recorded document is a JSON object");
            match segments.as_slice() {
                ["playlists", id] => recorded.add_playlist(id, members),
                ["playlists", id, "items" | "tracks"] => {
                    let rows = rows(&members);
                    recorded.playlists.entry((*id).to_owned()).or_default().add_rows(rows);
                }
                ["me", _] => recorded
                    .lists
                    .entry(format!("/v1/{}", segments.join("/")))
                    .or_default()
                    .extend(rows(&members)),
                ["artists" | "albums", _] => {
                    recorded.objects.insert(format!("/v1/{}", segments.join("/")), body.clone());
                }
                [kind @ ("artists" | "albums")] => recorded.add_batch(kind, &members),
                _ => panic!("the double cannot serve a recording of `{path}`"),
            }
        }
        recorded
    }

    fn add_playlist(&mut self, id: &str, mut members: Members) {
        let playlist = self.playlists.entry(id.to_owned()).or_default();
        for key in ["items", "tracks"] {
            let Some(contents) = members.remove(key) else { continue };
            // In lists of playlists the contents are only `{"href", "total"}`.
            let page = serde_json::from_str::<Members>(contents.get()).ok();
            if let Some(page) = page.filter(|page| page.contains_key("items")) {
                // Where both keys came they held the same rows.
                if playlist.keys.is_empty() {
                    playlist.add_rows(rows(&page));
                }
                playlist.keys.push(key.to_owned());
            }
        }
        playlist.head = serde_json::to_string(&members).ok();
    }

    fn add_batch(&mut self, kind: &str, members: &Members) {
        let objects: Vec<Box<RawValue>> = members
            .get(kind)
            .and_then(|list| serde_json::from_str(list.get()).ok())
            .unwrap_or_default();
        for object in objects {
            let id = serde_json::from_str::<Value>(object.get())
                .ok()
                .and_then(|value| Some(value["id"].as_str()?.to_owned()));
            if let Some(id) = id {
                self.objects.insert(format!("/v1/{kind}/{id}"), object.get().to_owned());
            }
        }
    }
}

impl RecordedPlaylist {
    fn add_rows(&mut self, rows: Vec<String>) {
        let is_same = self.rows.len() == rows.len()
            && self.rows.iter().zip(&rows).all(|(left, right)| {
                let parsed = |text: &str| serde_json::from_str::<Value>(text).ok();
                left == right || parsed(left) == parsed(right)
            });
        if !is_same {
            self.rows.extend(rows);
        }
    }
}

fn rows(page: &Members) -> Vec<String> {
    let rows: Vec<Box<RawValue>> = page
        .get("items")
        .and_then(|items| serde_json::from_str(items.get()).ok())
        .unwrap_or_default();
    rows.into_iter().map(|row| row.get().to_owned()).collect()
}

/// Every body below `directory` that [`Recorded::new`] can serve, with the path it was recorded from.
///
/// The path comes from the body's own `href`; bodies without one are batches of albums or artists, or nothing we fetch.
pub fn documents_in(directory: &Path) -> Vec<(String, String)> {
    let mut documents = Vec::new();
    let mut entries: Vec<_> = std::fs::read_dir(directory)
        .expect("the folder of recordings can be read")
        .map(|entry| entry.expect("a folder entry can be read").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            documents.extend(documents_in(&path));
        } else if path.extension().is_some_and(|extension| extension == "json") {
            let body = std::fs::read_to_string(&path).expect("a recording is text");
            documents.extend(path_of(&body).map(|path| (path, body)));
        }
    }
    documents
}

fn path_of(body: &str) -> Option<String> {
    let value: Value = serde_json::from_str(body).ok()?;
    let Some(href) = value["href"].as_str() else {
        let kind = ["artists", "albums"].into_iter().find(|kind| value[kind].is_array())?;
        return Some(format!("/v1/{kind}"));
    };
    let path = href.split("/v1/").nth(1)?.split('?').next()?;
    let mut segments: Vec<_> = path.split('/').collect();
    // Old addresses name the owner first; today's do not.
    if let ["users", _, rest @ ..] = segments.as_slice() {
        segments = if rest == ["playlists"] { vec!["me", "playlists"] } else { rest.to_vec() };
    }
    match segments.as_slice() {
        ["me", "tracks" | "playlists"]
        | ["playlists" | "artists" | "albums", _]
        | ["playlists", _, "items" | "tracks"] => Some(format!("/v1/{}", segments.join("/"))),
        _ => None,
    }
}
