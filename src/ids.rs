//! Names that are parsed once and then are the guarantee: runs, shipped tables, playlists, the files of the data directory.
//!
//! In: text from a person or a service. Out: types that are safe to put into a path or a URL. Touches nothing.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
}

impl FromStr for RunId {
    type Err = InvalidId;
    fn from_str(raw: &str) -> Result<Self, InvalidId> {
        ulid::Ulid::from_string(raw)
            .map(|id| Self(id.to_string()))
            .map_err(|_| InvalidId::Run(raw.to_owned()))
    }
}

/// A Spotify playlist id: letters and digits only, so it needs no escaping in a URL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlaylistId(String);

impl PlaylistId {
    /// The bare id.
    pub fn as_str(&self) -> &str {
        &self.0
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
        let text = raw.trim();
        let after = |marker: &str| text.rsplit_once(marker).map(|(_, id)| id);
        let id = if text.starts_with("http://") || text.starts_with("https://") {
            after("/playlist/").map(|rest| rest.split(['?', '#', '/']).next().unwrap_or(rest))
        } else if text.starts_with("spotify:") {
            after("playlist:")
        } else {
            Some(text)
        };
        match id {
            // All of Spotify's ids have this length, and a wrong one costs a call to be told so. Ids that Spotify itself names are not parsed.
            Some(id) if id.len() == 22 && id.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                Ok(Self(id.to_owned()))
            }
            _ => Err(InvalidId::Playlist(raw.to_owned())),
        }
    }
}

impl FromStr for Table {
    type Err = InvalidId;
    fn from_str(raw: &str) -> Result<Self, InvalidId> {
        let found = Self::ALL.into_iter().find(|table| table.name().eq_ignore_ascii_case(raw));
        found.ok_or_else(|| InvalidId::Table(raw.to_owned()))
    }
}

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
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
    fn run_ids_sort_by_their_start() {
        let at = |secs| DateTime::from_timestamp(secs, 0).unwrap();
        assert!(RunId::new(at(1_700_000_000), u128::MAX) < RunId::new(at(1_700_000_001), 0));
    }
}
