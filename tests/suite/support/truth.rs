//! The core tables as they must be, computed from the library in plain Rust: no SQL, no JSON, no code of snowtrack.
//!
//! In: the library and what a run read of it. Out: rows as text, in the column order of `core`, with `row_hash` and without
//! `run_id` and `extracted_at`; [`select`] asks a warehouse for the same.
#![allow(dead_code, reason = "a vocabulary for tests; not every test speaks every word")]

mod cell;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDateTime, SubsecRound};
use md5::{Digest, Md5};

use self::cell::{Cell, first_day, hex, number, row_hash, text, url};
use super::library::render::local_uri;
use super::library::{AddedAt, AddedBy, Content, Library, Mode, Playlist, Row, Track};

/// The tables that [`Truth::table`] knows.
pub(crate) const TABLES: [&str; 7] =
    ["albums", "artists", "songs", "song_artists", "playlists", "playlist_songs", "genres"];

/// The columns of a table's rows in their order.
pub(crate) fn columns(table: &str) -> &'static [&'static str] {
    match table {
        "albums" => &["id", "name", "release_date", "total_tracks", "url", "row_hash"],
        "artists" => &["id", "name", "url", "row_hash"],
        "songs" => &[
            "id",
            "name",
            "added_at",
            "duration_ms",
            "popularity",
            "url",
            "album_id",
            "artist_ids",
            "row_hash",
        ],
        "song_artists" => &["song_id", "artist_position", "artist_id", "row_hash"],
        "playlists" => &[
            "id",
            "name",
            "owner_id",
            "is_public",
            "is_collaborative",
            "snapshot_id",
            "item_count",
            "url",
            "row_hash",
        ],
        "playlist_songs" => &[
            "playlist_id",
            "snapshot_id",
            "position",
            "song_id",
            "added_at",
            "added_by",
            "item_kind",
            "row_hash",
        ],
        "genres" => &["artist_id", "genre", "row_hash"],
        _ => panic!("`{table}` is not one of {TABLES:?}"),
    }
}

/// One row per row of a core table: a JSON array of texts, which parses as a [`TextRow`].
pub(crate) fn select(table: &str) -> String {
    let texts: Vec<_> = columns(table).iter().map(|name| format!("{name}::varchar")).collect();
    format!("select json_array({})::varchar as texts from core.{table}", texts.join(", "))
}

/// A row as text; `None` is NULL.
pub(crate) type TextRow = Vec<Option<String>>;

/// What one run reads.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub(crate) mode: Mode,
    pub(crate) playlist_ids: Vec<String>,
    pub(crate) reads_liked_songs: bool,
    /// Full artists are fetched, and with them genres.
    pub(crate) enriches: bool,
}

impl Reading {
    /// What `--mine` reads: listed playlists that the user owns or may add to.
    pub(crate) fn mine(library: &Library, mode: Mode) -> Self {
        let is_mine = |id: &&String| {
            library
                .playlists
                .get(*id)
                .is_some_and(|playlist| playlist.is_shared_with(&library.me.id))
        };
        let playlist_ids = library.listed.iter().flatten().filter(is_mine).cloned().collect();
        Self { mode, playlist_ids, reads_liked_songs: false, enriches: false }
    }

    /// The named playlists only.
    pub(crate) fn playlists(mode: Mode, ids: &[&str]) -> Self {
        let playlist_ids = ids.iter().map(|id| (*id).to_owned()).collect();
        Self { mode, playlist_ids, reads_liked_songs: false, enriches: false }
    }

    pub(crate) const fn with_liked_songs(mut self) -> Self {
        self.reads_liked_songs = true;
        self
    }

    pub(crate) const fn with_enrichment(mut self) -> Self {
        self.enriches = true;
        self
    }
}

/// Rows by key.
type Table = BTreeMap<Vec<String>, Vec<Cell>>;

/// What the core tables hold after every run so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Truth {
    tables: BTreeMap<&'static str, Table>,
    /// Earliest `added_at` of each song, over all playlists and snapshots that were read.
    first_added: BTreeMap<String, NaiveDateTime>,
    /// Playlist and snapshot whose rows are held.
    snapshots: BTreeSet<(String, String)>,
    enriched: BTreeSet<String>,
}

/// What identifies a list's contents and position in it.
struct Place<'a> {
    playlist_id: &'a str,
    snapshot_id: &'a str,
    owner_id: &'a str,
    position: usize,
}

impl Truth {
    /// The tables after one run on an empty warehouse.
    pub(crate) fn of(library: &Library, reading: &Reading) -> Self {
        let mut truth = Self::default();
        truth.observe(library, reading);
        truth
    }

    /// One more run; what is gone from Spotify stays as it was.
    pub(crate) fn observe(&mut self, library: &Library, reading: &Reading) {
        for id in &reading.playlist_ids {
            if let Some(playlist) = library.playlists.get(id) {
                self.observe_playlist(library, playlist, reading.mode);
            }
        }
        if reading.reads_liked_songs {
            self.observe_liked_songs(library, reading.mode);
        }
        if reading.enriches {
            self.observe_genres(library);
        }
    }

    /// The rows of a core table, sorted; columns in the order of `core`, `row_hash` last.
    pub(crate) fn table(&self, name: &str) -> Vec<TextRow> {
        let rows = self.tables.get(name).into_iter().flat_map(BTreeMap::values);
        let with_hash = |row: &Vec<Cell>| -> TextRow {
            let row: TextRow =
                row.iter().map(Cell::shown).chain([Some(row_hash(row).to_string())]).collect();
            assert_eq!(row.len(), columns(name).len(), "a row of `{name}` has its columns");
            row
        };
        let mut rows: Vec<_> = rows.map(with_hash).collect();
        rows.sort();
        rows
    }

    /// Rows of `playlist_songs` by kind, over all snapshots.
    pub(crate) fn rows_by_kind(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for row in self.table("playlist_songs") {
            *counts.entry(row[6].clone().unwrap_or_default()).or_default() += 1;
        }
        counts
    }

    fn put(&mut self, table: &'static str, key: &[&str], row: Vec<Cell>) {
        let key = key.iter().map(|part| (*part).to_owned()).collect();
        self.tables.entry(table).or_default().insert(key, row);
    }

    fn observe_playlist(&mut self, library: &Library, playlist: &Playlist, mode: Mode) {
        let is_shared = playlist.is_shared_with(&library.me.id);
        if !is_shared && playlist.public == Some(false) {
            return; // 404
        }
        let has_contents = mode == Mode::Extended || is_shared;
        let key = (playlist.id.clone(), playlist.snapshot_id.clone());
        if self.snapshots.contains(&key) {
            return; // Nothing is fetched for a snapshot that is held.
        }
        let (mut snapshot_id, mut item_count) =
            (text(&playlist.snapshot_id), number(playlist.rows.len()));
        if !has_contents {
            item_count = Cell::Null;
            // The snapshot whose rows are held stays the current one.
            let held = self.snapshots.iter().any(|(id, _)| *id == playlist.id);
            let stored = self
                .tables
                .get("playlists")
                .and_then(|table| table.get(&vec![playlist.id.clone()]));
            if let (true, Some(row)) = (held, stored) {
                (snapshot_id, item_count) = (row[5].clone(), row[6].clone());
            }
        }
        let row = vec![
            text(&playlist.id),
            text(&playlist.name),
            text(&playlist.owner_id),
            playlist.public.map_or(Cell::Null, |public| Cell::Text(public.to_string())),
            Cell::Text(playlist.collaborative.to_string()),
            snapshot_id,
            item_count,
            url("playlist", &playlist.id),
        ];
        self.put("playlists", &[&playlist.id], row);
        if has_contents {
            self.snapshots.insert(key);
            for (position, row) in playlist.rows.iter().enumerate() {
                let (playlist_id, snapshot_id) =
                    (playlist.id.as_str(), playlist.snapshot_id.as_str());
                let place =
                    Place { playlist_id, snapshot_id, owner_id: &playlist.owner_id, position };
                self.observe_row(library, &place, row, mode);
            }
        }
    }

    /// Liked songs have no snapshot: what identifies them is their contents.
    fn observe_liked_songs(&mut self, library: &Library, mode: Mode) {
        let user_id = &library.me.id;
        let id = format!("liked:{user_id}");
        let contents: Vec<_> = library
            .liked
            .iter()
            .map(|row| format!("{}|{}", uri(row), added_at_text(row)))
            .collect();
        let snapshot_id = format!("liked-{}", hex(&Md5::digest(contents.join("\n"))));
        let row = vec![
            text(&id),
            text("Liked Songs"),
            text(user_id),
            text("false"),
            text("false"),
            text(&snapshot_id),
            number(library.liked.len()),
            text("https://open.spotify.com/collection/tracks"),
        ];
        self.put("playlists", &[&id], row);
        for (position, row) in library.liked.iter().enumerate() {
            let place =
                Place { playlist_id: &id, snapshot_id: &snapshot_id, owner_id: "", position };
            // Rows of liked songs do not say who added them.
            self.observe_row(library, &place, &row.clone().by(AddedBy::Absent), mode);
        }
    }

    fn observe_row(&mut self, library: &Library, place: &Place<'_>, row: &Row, mode: Mode) {
        let is_null = matches!(row.content, Content::NullRow);
        let added_at = if is_null { None } else { added_at(row) };
        let (kind, song_id) = match &row.content {
            Content::Track(id) => ("track", Some(id)),
            Content::Local(_) => ("local", None),
            Content::Episode(_) | Content::EpisodeAsTrack(_) | Content::Chapter(_) => {
                ("episode", None)
            }
            Content::Removed | Content::NullRow => ("removed", None),
        };
        let added_by = match &row.added_by {
            _ if is_null => Cell::Null,
            AddedBy::Owner => text(place.owner_id),
            AddedBy::User(id) => text(id),
            AddedBy::EmptyId | AddedBy::Null | AddedBy::Absent => Cell::Null,
        };
        let cells = vec![
            text(place.playlist_id),
            text(place.snapshot_id),
            number(place.position),
            song_id.map_or(Cell::Null, |id| text(id)),
            added_at.map_or(Cell::Null, Cell::Time),
            added_by,
            text(kind),
        ];
        let key = [place.playlist_id, place.snapshot_id, &format!("{:09}", place.position)];
        self.put("playlist_songs", &key, cells);
        if let Some(track) = song_id.and_then(|id| library.tracks.get(id)) {
            if let Some(time) = added_at {
                let first = self.first_added.entry(track.id.clone()).or_insert(time);
                *first = time.min(*first);
            }
            self.observe_song(library, track, mode);
        }
    }

    fn observe_song(&mut self, library: &Library, track: &Track, mode: Mode) {
        let first_added = self.first_added.get(&track.id).copied();
        let popularity = track.popularity.filter(|_| mode == Mode::Extended);
        let primary = track.artist_ids.first().filter(|id| !id.is_empty());
        let row = vec![
            text(&track.id),
            text(&track.name),
            first_added.map_or(Cell::Null, Cell::Time),
            Cell::Text(track.duration_ms.get().to_string()),
            popularity.map_or(Cell::Null, |value| Cell::Text(value.to_string())),
            url("track", &track.id),
            text(&track.album_id),
            primary.map_or(Cell::Null, |id| text(id)),
        ];
        self.put("songs", &[&track.id], row);
        // A shortened list leaves nothing behind.
        let song_artists = self.tables.entry("song_artists").or_default();
        let places = song_artists.range(vec![track.id.clone()]..);
        let stale: Vec<_> =
            places.map(|(key, _)| key.clone()).take_while(|key| key[0] == track.id).collect();
        for key in stale {
            song_artists.remove(&key);
        }
        for (position, id) in track.artist_ids.iter().enumerate().filter(|(_, id)| !id.is_empty()) {
            let row = vec![text(&track.id), number(position), text(id)];
            self.put("song_artists", &[&track.id, &position.to_string()], row);
        }
        let Some(album) = library.albums.get(&track.album_id) else { return };
        let row = vec![
            text(&album.id),
            text(&album.name),
            album
                .release_date
                .as_deref()
                .and_then(first_day)
                .map_or(Cell::Null, |date| Cell::Text(date.to_string())),
            Cell::Text(album.total_tracks.to_string()),
            url("album", &album.id),
        ];
        self.put("albums", &[&album.id], row);
        for artist in track
            .artist_ids
            .iter()
            .chain(&album.artist_ids)
            .filter_map(|id| library.artists.get(id))
        {
            let row = vec![text(&artist.id), text(&artist.name), url("artist", &artist.id)];
            self.put("artists", &[&artist.id], row);
        }
    }

    /// Full artists are fetched once per id.
    fn observe_genres(&mut self, library: &Library) {
        let ids: Vec<_> = self
            .tables
            .get("artists")
            .into_iter()
            .flat_map(BTreeMap::keys)
            .map(|key| key[0].clone())
            .collect();
        for id in ids {
            if !self.enriched.insert(id.clone()) {
                continue;
            }
            let genres = library.artists.get(&id).and_then(|artist| artist.genres.as_ref());
            for genre in genres.into_iter().flatten().filter(|genre| !genre.is_empty()) {
                self.put("genres", &[&id, genre], vec![text(&id), text(genre)]);
            }
        }
    }
}

fn added_at_text(row: &Row) -> String {
    match &row.added_at {
        AddedAt::At(time) if !matches!(row.content, Content::NullRow) => time.clone(),
        AddedAt::Epoch if !matches!(row.content, Content::NullRow) => {
            "1970-01-01T00:00:00Z".to_owned()
        }
        _ => String::new(),
    }
}

fn added_at(row: &Row) -> Option<NaiveDateTime> {
    match &row.added_at {
        AddedAt::At(time) => {
            Some(DateTime::parse_from_rfc3339(time).ok()?.naive_utc().trunc_subsecs(0))
        }
        AddedAt::Epoch | AddedAt::Empty | AddedAt::Null | AddedAt::Absent => None,
    }
}

fn uri(row: &Row) -> String {
    match &row.content {
        Content::Track(id) => format!("spotify:track:{id}"),
        Content::Episode(id) | Content::EpisodeAsTrack(id) => format!("spotify:episode:{id}"),
        Content::Chapter(id) => format!("spotify:chapter:{id}"),
        Content::Local(file) => local_uri(file),
        Content::Removed | Content::NullRow => String::new(),
    }
}
