//! Names that are parsed once: runs, shipped tables, playlists, what a read is about, the files of the data directory.
//!
//! In: text from a person, a service or the ledger. Out: types that say what it names. Touches nothing.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

pub use crate::table::Table;

/// One run of the pipeline: a ULID, so that run ids sort by the time they started.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RunId(String);

impl RunId {
    /// The id of a run that starts at `now`; `random` keeps two runs of one millisecond apart.
    pub fn new(now: DateTime<Utc>, random: u128) -> Self {
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
        Self(ulid::Ulid::from_parts(millis, random).to_string())
    }

    /// When the run started, to the millisecond: the id says it.
    pub fn began_at(&self) -> DateTime<Utc> {
        let millis = ulid::Ulid::from_string(&self.0).map_or(0, |id| id.timestamp_ms());
        DateTime::from_timestamp_millis(i64::try_from(millis).unwrap_or_default())
            .unwrap_or_default()
    }

    /// The id as text, 26 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A run, and when it started: what its files are named by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    /// The run.
    pub id: RunId,
    /// When it started.
    pub started_at: DateTime<Utc>,
}

/// Why a text is not an id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidId {
    /// Not a ULID.
    #[error("`{0}` is not a run id (26 letters and digits, as `run` prints them)")]
    Run(String),
    /// Not a shipped table.
    #[error("`{0}` is not a shipped table ({tables})", tables = Table::ALL.map(Table::name).join(", "))]
    Table(String),
    /// Not a playlist.
    #[error(
        "`{0}` is not a playlist (wanted an id of 22 letters and digits, a spotify:playlist: URI or an open.spotify.com URL)"
    )]
    Playlist(String),
    /// Not a song.
    #[error(
        "`{0}` is not a song (wanted an id of 22 letters and digits, a spotify:track: URI or an open.spotify.com/track URL)"
    )]
    Song(String),
}

impl FromStr for RunId {
    type Err = InvalidId;
    fn from_str(raw: &str) -> Result<Self, InvalidId> {
        ulid::Ulid::from_string(raw)
            .map(|id| Self(id.to_string()))
            .map_err(|_| InvalidId::Run(raw.to_owned()))
    }
}

/// A Spotify playlist id. Parsed from what a person typed, it is letters and digits only; Spotify itself may name others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlaylistId(String);

impl PlaylistId {
    /// An id as Spotify, a recording or the ledger gives it, whatever its characters.
    pub(crate) fn as_given(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The bare id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the id can stand in an address as it is. Spotify's ids are letters and digits; `..` would ask for something else.
    pub(crate) fn is_plain(&self) -> bool {
        let id = &self.0;
        !id.is_empty() && id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
    }
}

impl fmt::Display for PlaylistId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PlaylistId {
    type Err = InvalidId;

    /// Accepts the bare id, `spotify:playlist:ID`, `spotify:user:NAME:playlist:ID` and open.spotify.com URLs.
    fn from_str(raw: &str) -> Result<Self, InvalidId> {
        match bare_id(raw, "playlist") {
            Some(id) => Ok(Self(id.to_owned())),
            None => Err(InvalidId::Playlist(raw.to_owned())),
        }
    }
}

/// A Spotify song's id, from what a person typed: letters and digits only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SongId(String);

impl SongId {
    /// The bare id.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SongId {
    type Err = InvalidId;

    /// Accepts the bare id, `spotify:track:ID` and open.spotify.com URLs.
    fn from_str(raw: &str) -> Result<Self, InvalidId> {
        match bare_id(raw, "track") {
            Some(id) => Ok(Self(id.to_owned())),
            None => Err(InvalidId::Song(raw.to_owned())),
        }
    }
}

/// The id of an object of that kind in whatever form Spotify shows it.
fn bare_id<'a>(raw: &'a str, kind: &str) -> Option<&'a str> {
    let text = raw.trim();
    let after = |marker: &str| text.rsplit_once(marker).map(|(_, id)| id);
    let id = if text.starts_with("http://") || text.starts_with("https://") {
        let behind = after(&format!("/{kind}/"));
        behind.map(|rest| rest.split(['?', '#', '/']).next().unwrap_or(rest))
    } else if text.starts_with("spotify:") {
        after(&format!("{kind}:"))
    } else {
        Some(text)
    };
    // All of Spotify's ids have this length, and a wrong one costs a call to be told so. Ids that Spotify itself names are not parsed.
    id.filter(|id| id.len() == 22 && id.bytes().all(|b| b.is_ascii_alphanumeric()))
}

impl FromStr for Table {
    type Err = InvalidId;
    fn from_str(raw: &str) -> Result<Self, InvalidId> {
        let found = Self::ALL.into_iter().find(|table| table.name().eq_ignore_ascii_case(raw));
        found.ok_or_else(|| InvalidId::Table(raw.to_owned()))
    }
}

/// What a read is about. Its text is an entity and an id, as the ledger, the raw documents and the journal write them.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(into = "SubjectText", try_from = "SubjectText")]
pub(crate) enum Subject {
    /// One playlist.
    Playlist(PlaylistId),
    /// The liked songs of the user with this id. `None`: recorded, and a recording does not name the user.
    LikedSongs(Option<String>),
    /// The list of the user's own and followed playlists.
    OwnPlaylists,
    /// Full artists.
    Artists,
    /// Full albums.
    Albums,
}

impl Subject {
    /// The entity of a playlist.
    pub(crate) const PLAYLIST: &str = "playlist";
    pub(crate) const LIKED_SONGS: &str = "liked_songs";
    pub(crate) const OWN_PLAYLISTS: &str = "my_playlists";
    pub(crate) const ARTISTS: &str = "artists";
    pub(crate) const ALBUMS: &str = "albums";

    /// What kind of thing it is.
    pub(crate) const fn entity(&self) -> &'static str {
        match self {
            Self::Playlist(_) => Self::PLAYLIST,
            Self::LikedSongs(_) => Self::LIKED_SONGS,
            Self::OwnPlaylists => Self::OWN_PLAYLISTS,
            Self::Artists => Self::ARTISTS,
            Self::Albums => Self::ALBUMS,
        }
    }

    /// The id of the playlist that its rows belong to; liked songs are a playlist of ours, whose id `staging.liked_songs_user` reads.
    /// `None`: its rows belong to no playlist.
    pub(crate) fn playlist_id(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Playlist(id) => Some(id.as_str().into()),
            Self::LikedSongs(Some(user_id)) => Some(format!("{LIKED}:{user_id}").into()),
            Self::LikedSongs(None) => Some(LIKED.into()),
            Self::OwnPlaylists | Self::Artists | Self::Albums => None,
        }
    }

    /// The subject of this text, if it is the text of one.
    pub(crate) fn of(entity: &str, playlist_id: Option<&str>) -> Option<Self> {
        match (entity, playlist_id) {
            (Self::PLAYLIST, Some(id)) => Some(Self::Playlist(PlaylistId::as_given(id))),
            // Pages that an earlier version noted do not say that they are of a playlist of ours.
            (Self::LIKED_SONGS, None | Some(LIKED)) => Some(Self::LikedSongs(None)),
            (Self::LIKED_SONGS, Some(id)) => {
                let user_id = id.strip_prefix(LIKED)?.strip_prefix(':')?;
                Some(Self::LikedSongs(Some(user_id.to_owned())))
            }
            (Self::OWN_PLAYLISTS, None) => Some(Self::OwnPlaylists),
            (Self::ARTISTS, None) => Some(Self::Artists),
            (Self::ALBUMS, None) => Some(Self::Albums),
            _ => None,
        }
    }

    /// What a message calls it: its id, or else its entity.
    pub(crate) fn name(&self) -> String {
        self.playlist_id().map_or_else(|| self.entity().to_owned(), Cow::into_owned)
    }

    /// What a list is called that says no name of itself.
    pub(crate) fn title(playlist_id: &str) -> Option<String> {
        let rest = playlist_id.strip_prefix(LIKED)?;
        (rest.is_empty() || rest.starts_with(':')).then(|| LIKED_TITLE.to_owned())
    }
}

const LIKED: &str = "liked";
/// As `core.playlists` calls them.
const LIKED_TITLE: &str = "Liked Songs";

/// A [`Subject`] as text.
#[derive(serde::Serialize, serde::Deserialize)]
struct SubjectText {
    entity: String,
    playlist_id: Option<String>,
}

impl From<Subject> for SubjectText {
    fn from(subject: Subject) -> Self {
        let playlist_id = subject.playlist_id().map(Cow::into_owned);
        Self { entity: subject.entity().to_owned(), playlist_id }
    }
}

impl TryFrom<SubjectText> for Subject {
    type Error = InvalidSubject;

    fn try_from(text: SubjectText) -> Result<Self, InvalidSubject> {
        let subject = Self::of(&text.entity, text.playlist_id.as_deref());
        let SubjectText { entity, playlist_id } = text;
        subject.ok_or(InvalidSubject { entity, playlist_id })
    }
}

/// An entity and an id that are the text of no [`Subject`].
#[derive(Debug, thiserror::Error)]
#[error("nothing is read that is called `{entity}` with the id {playlist_id:?}")]
struct InvalidSubject {
    entity: String,
    playlist_id: Option<String>,
}

/// Who is sent what changes in the tables. The ledger keeps what each of them lacks; a new one needs a name here and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consumer {
    /// The files of the lake, and with them Snowflake.
    Lake,
    /// The analysts' file.
    Published,
    /// Kafka or Kinesis, once it was sent something.
    Stream,
}

impl Consumer {
    /// Those that every ledger has.
    pub(crate) const ALL: [Self; 2] = [Self::Lake, Self::Published];
    /// Every one of them.
    pub(crate) const EVERY: [Self; 3] = [Self::Lake, Self::Published, Self::Stream];

    /// Its name in the ledger.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Lake => "lake",
            Self::Published => "published",
            Self::Stream => "stream",
        }
    }
}

impl<'de> Deserialize<'de> for Table {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// The folder in which everything lives that is not in a cloud, and the only list of what lies there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// The folder at `path`, which need not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The folder as a person would write it.
    pub fn display(&self) -> std::path::Display<'_> {
        self.0.display()
    }

    /// The work file: raw documents, shipped tables and the ledger.
    pub fn warehouse(&self) -> PathBuf {
        self.0.join("snowtrack.duckdb")
    }

    /// The analysts' copy, replaced whole.
    pub fn published(&self) -> PathBuf {
        self.0.join("spotify.duckdb")
    }

    /// The report on it, unless it is written elsewhere.
    pub fn report(&self) -> PathBuf {
        self.0.join("report.html")
    }

    /// The rows that the quality gate refused last.
    pub fn refused(&self) -> PathBuf {
        self.0.join("refused.duckdb")
    }

    /// The files that go to the bucket, below the keys that they have there.
    pub fn lake(&self) -> PathBuf {
        self.0.join("lake")
    }

    /// What the process that has the folder holds.
    pub fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    /// Whom runs called that could not begin.
    pub fn incidents(&self) -> PathBuf {
        self.0.join("incidents.json")
    }

    /// Where DuckDB puts what does not fit into memory.
    pub fn temp(&self) -> PathBuf {
        self.0.join("tmp")
    }

    /// The login at Spotify.
    pub fn token(&self) -> PathBuf {
        self.0.join("spotify_token.json")
    }

    /// What `status` shows while a run has the ledger.
    pub fn status(&self) -> PathBuf {
        self.0.join("status.json")
    }

    /// What `status --checks` shows while a run has the ledger.
    pub fn findings(&self) -> PathBuf {
        self.0.join("checks.json")
    }

    /// Which generation of the state the work file came from.
    pub fn state(&self) -> PathBuf {
        self.0.join("state.json")
    }

    /// A generation of the state on its way, packed and unpacked.
    pub fn generation(&self) -> PathBuf {
        self.0.join("generation.zst")
    }

    /// What `doctor` writes and removes to see whether it can.
    pub fn probe(&self) -> PathBuf {
        self.0.join(".doctor")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_playlist_is_read_from_every_form_that_spotify_shows() {
        for text in [
            "37i9dQZF1DX4sWSpwq3LiO",
            "spotify:playlist:37i9dQZF1DX4sWSpwq3LiO",
            "spotify:user:someone:playlist:37i9dQZF1DX4sWSpwq3LiO",
            "https://open.spotify.com/playlist/37i9dQZF1DX4sWSpwq3LiO?si=abc",
            " https://open.spotify.com/intl-de/playlist/37i9dQZF1DX4sWSpwq3LiO ",
        ] {
            assert_eq!(
                text.parse::<PlaylistId>().unwrap().as_str(),
                "37i9dQZF1DX4sWSpwq3LiO",
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_playlist_is_refused_by_value() {
        for text in [
            "",
            "not-an-id",
            "nonsense",
            "37i9dQZF1DX4sWSpwq3Li",
            "spotify:playlist:37i9dQZF1DX4sWSpwq3LiOO",
            "spotify:track:37i9dQZF1DX4sWSpwq3LiO",
            "https://example.org/x",
            "a/b",
            "../etc",
        ] {
            assert_eq!(text.parse::<PlaylistId>(), Err(InvalidId::Playlist(text.to_owned())));
        }
    }

    #[test]
    fn a_song_is_read_from_every_form_that_spotify_shows_and_nothing_else_is_one() {
        let id = "6rqhFgbbKwnb9MLmUQDhG6";
        for raw in [
            id,
            &format!(" spotify:track:{id}\n"),
            &format!("https://open.spotify.com/track/{id}?si=4f"),
            &format!("https://open.spotify.com/intl-de/track/{id}"),
        ] {
            assert_eq!(raw.parse::<SongId>().map(|song| song.0).as_deref(), Ok(id), "{raw}");
        }
        for raw in [
            "",
            "6rqhFgbbKwnb9MLmUQDhG",
            &format!("spotify:album:{id}"),
            &format!("https://open.spotify.com/album/{id}"),
            &format!("https://open.spotify.com/playlist/{id}"),
            &format!("spotify:local:a:b:c:{id}"),
        ] {
            assert_eq!(raw.parse::<SongId>(), Err(InvalidId::Song(raw.to_owned())));
        }
    }

    #[test]
    fn a_subject_is_the_same_after_it_was_text() {
        let user = |id: &str| Subject::LikedSongs(Some(id.to_owned()));
        for (subject, entity, playlist_id) in [
            (Subject::Playlist(PlaylistId::as_given("p1")), "playlist", Some("p1")),
            (Subject::LikedSongs(None), "liked_songs", Some("liked")),
            (user("keeper"), "liked_songs", Some("liked:keeper")),
            (user("an:odd:name"), "liked_songs", Some("liked:an:odd:name")),
            (user(""), "liked_songs", Some("liked:")),
            (Subject::OwnPlaylists, "my_playlists", None),
            (Subject::Artists, "artists", None),
            (Subject::Albums, "albums", None),
        ] {
            let text = serde_json::to_value(&subject).unwrap();
            let wanted = serde_json::json!({"entity": entity, "playlist_id": playlist_id});
            assert_eq!(text, wanted);
            assert_eq!(serde_json::from_value::<Subject>(text).unwrap(), subject);
        }
        for text in [
            r#"{"entity":"playlist","playlist_id":null}"#,
            r#"{"entity":"liked_songs","playlist_id":"p1"}"#,
            r#"{"entity":"artists","playlist_id":"p1"}"#,
            r#"{"entity":"shows","playlist_id":null}"#,
        ] {
            assert!(serde_json::from_str::<Subject>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn run_ids_sort_by_their_start() {
        let at = |secs| DateTime::from_timestamp(secs, 0).unwrap();
        assert!(RunId::new(at(1_700_000_000), u128::MAX) < RunId::new(at(1_700_000_001), 0));
    }
}
