//! A Spotify account's world as plain structs: what the double serves and what `truth` computes from.
//!
//! In: what a test builds or `Library::generated` invents. Out: JSON through `render`. Never holds what Spotify would not know.

mod generated;
mod recorded;
pub mod render;

use std::collections::BTreeMap;

use serde_json::Value;

pub use recorded::{Recorded, RecordedPlaylist, documents_in};

/// In any name: rendered as the JSON escape `\ud83d`, half a surrogate pair, which no Rust string can hold.
pub const LONE_SURROGATE: char = '\u{F8FF}';

/// Which of Spotify's two shapes an app gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Since March 2026: `items` and `item`, contents only for owner and collaborators, many fields and endpoints gone.
    Development,
    /// Extended quota: `tracks` and `track`, every field and endpoint.
    Extended,
}

/// Everything Spotify knows about one account and what it can see.
#[derive(Debug, Clone, Default)]
pub struct Library {
    /// The user behind a login.
    pub me: User,
    /// By id.
    pub artists: BTreeMap<String, Artist>,
    /// By id.
    pub albums: BTreeMap<String, Album>,
    /// By id.
    pub tracks: BTreeMap<String, Track>,
    /// By id.
    pub episodes: BTreeMap<String, Episode>,
    /// By id.
    pub playlists: BTreeMap<String, Playlist>,
    /// `/me/playlists` in its order: owned and followed playlists; `None` is a null row.
    pub listed: Vec<Option<String>>,
    /// `/me/tracks`, newest first.
    pub liked: Vec<Row>,
    /// Recorded bodies, served instead of anything of the same path above.
    pub recorded: Recorded,
}

/// Somebody with an account.
#[derive(Debug, Clone, Default)]
pub struct User {
    pub id: String,
    pub display_name: Option<String>,
}

/// An artist.
#[derive(Debug, Clone)]
pub struct Artist {
    pub id: String,
    pub name: String,
    /// `None`: the key is absent, which means unknown; empty means none.
    pub genres: Option<Vec<String>>,
    pub popularity: Option<u8>,
}

/// An album.
#[derive(Debug, Clone)]
pub struct Album {
    pub id: String,
    pub name: String,
    /// `None` is null; Spotify may add values, such as "ep".
    pub album_type: Option<String>,
    /// `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, `0000` or null.
    pub release_date: Option<String>,
    pub total_tracks: u32,
    pub artist_ids: Vec<String>,
}

/// How long something plays, as Spotify writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DurationMs {
    /// `204053`
    Integer(u32),
    /// `204053.0`
    Float(u32),
}

/// A track; taken down = no name and no duration.
#[derive(Debug, Clone)]
pub struct Track {
    pub id: String,
    pub name: String,
    pub album_id: String,
    /// An empty id is an artist without id (null).
    pub artist_ids: Vec<String>,
    pub duration_ms: DurationMs,
    pub is_explicit: bool,
    /// `None`: the key is absent. Development Mode never has it.
    pub popularity: Option<u8>,
    pub isrc: Option<String>,
    /// Keys that no documentation names.
    pub extra: BTreeMap<String, Value>,
}

/// An episode of a show.
#[derive(Debug, Clone)]
pub struct Episode {
    pub id: String,
    pub name: String,
    pub show_id: String,
    pub show_name: String,
    pub duration_ms: u32,
}

/// A playlist with its rows.
#[derive(Debug, Clone)]
pub struct Playlist {
    pub id: String,
    pub name: String,
    /// As it was written; `None`: something that must not be taken for it.
    pub description: Option<String>,
    pub owner_id: String,
    pub public: Option<bool>,
    pub collaborative: bool,
    /// Who besides the owner may add to it.
    pub collaborators: Vec<String>,
    pub snapshot_id: String,
    /// How often it changed.
    pub version: u32,
    pub rows: Vec<Row>,
}

/// One row of a playlist or of the liked songs.
#[derive(Debug, Clone)]
pub struct Row {
    pub content: Content,
    pub added_at: AddedAt,
    pub added_by: AddedBy,
    /// Keys that no documentation names.
    pub extra: BTreeMap<String, Value>,
}

/// What a row holds.
#[derive(Debug, Clone)]
pub enum Content {
    Track(String),
    Local(LocalFile),
    Episode(String),
    /// An episode that comes in the shape of a track even though episodes were asked for.
    EpisodeAsTrack(String),
    /// A chapter of an audiobook; its id need not be known.
    Chapter(String),
    /// `"item": null`: removed from the catalogue.
    Removed,
    /// The whole row is `null`.
    NullRow,
}

/// A file on somebody's disk.
#[derive(Debug, Clone)]
pub struct LocalFile {
    pub artist: String,
    pub album: String,
    pub title: String,
    pub seconds: u32,
}

/// `added_at` of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddedAt {
    At(String),
    /// 1970-01-01T00:00:00Z, as chart playlists have it.
    Epoch,
    Empty,
    Null,
    Absent,
}

/// `added_by` of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddedBy {
    /// The playlist's owner.
    Owner,
    User(String),
    /// `{"id": ""}`, as algorithmic playlists have it.
    EmptyId,
    Null,
    Absent,
}

/// A well-formed Spotify id (22 characters, base 62) that is always the same for the same number.
pub fn spotify_id(number: u64) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut random = generated::Random::new(number ^ 0x5107_1f1e_d0c5_u64);
    // Never 3, so that no id looks like one of Spotify's own playlists (37i9dQZ…).
    let first = char::from(DIGITS[4 + random.below(58)]);
    std::iter::once(first).chain((1..22).map(|_| char::from(DIGITS[random.below(62)]))).collect()
}

impl Artist {
    pub fn new(id: &str, name: &str) -> Self {
        Self { id: id.to_owned(), name: name.to_owned(), genres: None, popularity: Some(40) }
    }
}

impl Album {
    pub fn new(id: &str, name: &str, artist_id: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            album_type: Some("album".to_owned()),
            release_date: Some("2019-05-17".to_owned()),
            total_tracks: 10,
            artist_ids: vec![artist_id.to_owned()],
        }
    }
}

impl Track {
    pub fn new(id: &str, name: &str, album_id: &str, artist_id: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            album_id: album_id.to_owned(),
            artist_ids: vec![artist_id.to_owned()],
            duration_ms: DurationMs::Integer(204_053),
            is_explicit: false,
            popularity: Some(46),
            isrc: Some("ushm80865849".to_owned()),
            extra: BTreeMap::new(),
        }
    }
}

impl DurationMs {
    /// The whole milliseconds.
    pub const fn get(self) -> u32 {
        match self {
            Self::Integer(value) | Self::Float(value) => value,
        }
    }
}

impl Episode {
    pub fn new(id: &str, name: &str, show_id: &str, show_name: &str) -> Self {
        let owned = str::to_owned;
        Self {
            id: owned(id),
            name: owned(name),
            show_id: owned(show_id),
            show_name: owned(show_name),
            duration_ms: 1_800_000,
        }
    }
}

impl Playlist {
    pub fn new(id: &str, name: &str, owner_id: &str) -> Self {
        let mut playlist = Self {
            id: id.to_owned(),
            name: name.to_owned(),
            description: None,
            owner_id: owner_id.to_owned(),
            public: Some(true),
            collaborative: false,
            collaborators: Vec::new(),
            snapshot_id: String::new(),
            version: 0,
            rows: Vec::new(),
        };
        playlist.renew_snapshot();
        playlist
    }

    pub fn with_rows(mut self, rows: impl IntoIterator<Item = Row>) -> Self {
        self.rows.extend(rows);
        self
    }

    pub fn with_public(mut self, public: Option<bool>) -> Self {
        self.public = public;
        self
    }

    pub fn with_collaborator(mut self, user_id: &str) -> Self {
        self.collaborative = true;
        self.public = Some(false);
        self.collaborators.push(user_id.to_owned());
        self
    }

    /// Whether `user_id` may read its rows in Development Mode.
    pub fn is_shared_with(&self, user_id: &str) -> bool {
        self.owner_id == user_id || self.collaborators.iter().any(|id| id == user_id)
    }

    /// Every change gives a new snapshot; real ones are base64 and so hold `/`, `+` and `=`.
    fn renew_snapshot(&mut self) {
        self.version += 1;
        let tail: String = self.id.chars().take(12).collect();
        self.snapshot_id = format!("AAAA{:04}/{tail}+0=", self.version);
    }
}

impl Row {
    pub fn new(content: Content) -> Self {
        Self {
            content,
            added_at: AddedAt::At("2020-01-02T03:04:05Z".to_owned()),
            added_by: AddedBy::Owner,
            extra: BTreeMap::new(),
        }
    }

    pub fn track(id: &str) -> Self {
        Self::new(Content::Track(id.to_owned()))
    }

    pub fn local(artist: &str, album: &str, title: &str, seconds: u32) -> Self {
        let [artist, album, title] = [artist, album, title].map(str::to_owned);
        Self::new(Content::Local(LocalFile { artist, album, title, seconds }))
    }

    pub fn episode(id: &str) -> Self {
        Self::new(Content::Episode(id.to_owned()))
    }

    pub fn removed() -> Self {
        Self::new(Content::Removed)
    }

    pub fn null() -> Self {
        Self::new(Content::NullRow)
    }

    pub fn at(self, time: &str) -> Self {
        self.added(AddedAt::At(time.to_owned()))
    }

    pub fn added(mut self, added_at: AddedAt) -> Self {
        self.added_at = added_at;
        self
    }

    pub fn by(mut self, added_by: AddedBy) -> Self {
        self.added_by = added_by;
        self
    }
}

impl Library {
    /// An account with nothing in it.
    pub fn new(user_id: &str) -> Self {
        let me = User { id: user_id.to_owned(), display_name: Some(format!("{user_id} 🎧")) };
        Self { me, ..Self::default() }
    }

    pub fn with_artist(mut self, artist: Artist) -> Self {
        self.artists.insert(artist.id.clone(), artist);
        self
    }

    pub fn with_album(mut self, album: Album) -> Self {
        self.albums.insert(album.id.clone(), album);
        self
    }

    pub fn with_track(mut self, track: Track) -> Self {
        self.tracks.insert(track.id.clone(), track);
        self
    }

    pub fn with_episode(mut self, episode: Episode) -> Self {
        self.episodes.insert(episode.id.clone(), episode);
        self
    }

    /// A playlist that the user owns or follows.
    pub fn with_playlist(mut self, playlist: Playlist) -> Self {
        self.listed.push(Some(playlist.id.clone()));
        self.with_unlisted_playlist(playlist)
    }

    /// A playlist that exists but is not in `/me/playlists`.
    pub fn with_unlisted_playlist(mut self, playlist: Playlist) -> Self {
        self.playlists.insert(playlist.id.clone(), playlist);
        self
    }

    pub fn with_liked(mut self, rows: impl IntoIterator<Item = Row>) -> Self {
        self.liked.extend(rows);
        self
    }

    /// One artist, one album and `count` tracks; their ids, `spotify_id(first_number)` onwards.
    pub fn with_plain_tracks(mut self, first_number: u64, count: u64) -> (Self, Vec<String>) {
        let (artist, album) = (spotify_id(first_number), spotify_id(first_number + 1));
        self = self.with_artist(Artist::new(&artist, "The Invented")).with_album(Album::new(
            &album,
            "Plain Songs",
            &artist,
        ));
        let ids: Vec<_> = (0..count).map(|n| spotify_id(first_number + 2 + n)).collect();
        for (number, id) in ids.iter().enumerate() {
            self = self.with_track(Track::new(id, &format!("Song {number}"), &album, &artist));
        }
        (self, ids)
    }

    /// Appends rows, as a user's app does.
    pub fn add_rows(&mut self, playlist_id: &str, rows: impl IntoIterator<Item = Row>) {
        self.change(playlist_id, |playlist| playlist.rows.extend(rows));
    }

    /// Removes the row at a 0-based position.
    pub fn remove_row(&mut self, playlist_id: &str, position: usize) {
        self.change(playlist_id, |playlist| drop(playlist.rows.remove(position)));
    }

    /// Gives a playlist another name.
    pub fn rename(&mut self, playlist_id: &str, name: &str) {
        self.change(playlist_id, |playlist| name.clone_into(&mut playlist.name));
    }

    /// Deletes a playlist: from now on it is 404.
    pub fn delete_playlist(&mut self, playlist_id: &str) {
        self.playlists.remove(playlist_id);
        self.listed.retain(|id| id.as_deref() != Some(playlist_id));
    }

    /// Any change, with the new snapshot that every change brings.
    pub fn change(&mut self, playlist_id: &str, change: impl FnOnce(&mut Playlist)) {
        let playlist = self.playlists.get_mut(playlist_id).expect("the changed playlist exists");
        change(playlist);
        playlist.renew_snapshot();
    }
}
