//! Why nothing was recommended, or made, split by what the reader does next.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::event::Ending;
use crate::phrase::counted;
use crate::run::ending;

/// Why nothing was recommended, or made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Rows came from Spotify's API, and nobody said that they may be used.
    #[error(
        "{lists} of the published file came from Spotify's API, and its Developer Policy (III.14) says: \"Do not use the Spotify Platform or any Spotify Content to train a machine learning or AI model or otherwise ingest Spotify Content into a machine learning or AI model.\" What `{command}` makes is what such models are made of. Whether you may do that with this content is between you and Spotify; if you may, say so with `--i-may-use-api-content`", lists = counted(*list_count, "list")
    )]
    ApiContent { command: &'static str, list_count: u64 },
    /// No list is called that.
    #[error(
        "`{said}` is no list of the published file, by id or by name as it is written{}: `snowtrack query \"select id, name from core.playlists\"` shows what there is, and a run with `--playlist` brings another", nearest.as_ref().map_or_else(String::new, |name| format!(" (the nearest is `{name}`)"))
    )]
    UnknownList { said: String, nearest: Option<String> },
    /// Several lists are called that.
    #[error("{} lists are called `{said}`: say which by its id ({})", ids.len(), ids.join(", "))]
    ManyLists { said: String, ids: Vec<String> },
    /// Songs that the published file does not know.
    #[error("the published file knows no song {}", ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", "))]
    UnknownSongs { ids: Vec<String> },
    /// A list without songs says nothing about what goes with them.
    #[error("`{id}` has no songs to start from: name songs with `--song`, or another list")]
    NoSeed { id: String },
    /// A line of a file, or a value of a query, that is no song.
    #[error("in {place}: {source}")]
    NoSong { place: String, source: crate::ids::InvalidId },
    /// The file of songs cannot be read.
    #[error("could not read the songs in `{path}`")]
    SongFile { path: PathBuf, source: std::io::Error },
    /// A query that gives no songs.
    #[error(
        "the query gives no column `song_id` of songs' ids: for example `select song_id from marts.playlist_songs_current order by added_at desc limit 50`"
    )]
    NoSongColumn,
    /// There is nothing to make a list of.
    #[error("there is no song to make a list of, so none was made")]
    NoSongs,
    /// More than a list holds.
    #[error("that is {count} songs, and a playlist holds {most} at most: take fewer")]
    TooManySongs { count: usize, most: usize },
    /// The list was first read later.
    #[error(
        "`{list}` was not read by {at} or before, so it is not known what it was then{}", said_first(*first), at = at.format("%Y-%m-%d %H:%M:%S UTC")
    )]
    NotReadYet { list: String, at: DateTime<Utc>, first: Option<DateTime<Utc>> },
    /// Spotify makes no list. No document of its says how many an account holds; its users met an end at 11,000.
    ///
    /// <https://github.com/jdemaeyer/spoqify/issues/4>
    #[error(
        "Spotify made no list, and nothing was sent to it: where the account has very many playlists (some 11,000 are said to be the end), delete some in Spotify; the same command tries again"
    )]
    ListNotMade { source: crate::sources::Error },
    /// The list is there, and something came in between.
    #[error(
        "the new list https://open.spotify.com/playlist/{id} is there and not finished: the same command goes on with it"
    )]
    ListUnfinished { id: String, source: Box<Error> },
    /// The list is there as it was planned, and that could not be kept.
    #[error(
        "the new list https://open.spotify.com/playlist/{id} is made and read back, but not what became of it was noted: there is no need to make it again"
    )]
    ListUnnoted { id: String, source: Box<Error> },
    /// Spotify takes no more songs for the list.
    #[error(
        "the new list https://open.spotify.com/playlist/{id} is left with {held} of {}, because Spotify takes no more of them: it is yours to keep or to delete, and the same command with fewer or other songs makes another one",
        counted(*wanted as u64, "song")
    )]
    ListCutOff { id: String, held: usize, wanted: usize, source: crate::sources::Error },
    /// Somebody deleted the new list meanwhile.
    #[error("the new list `{id}` is gone again from Spotify: the same command makes another one")]
    ListGone { id: String },
    /// The new list is not what was planned.
    #[error(
        "the new list https://open.spotify.com/playlist/{id} holds {found} songs where {wanted} were planned, and differs from position {position} on: somebody changed it, or Spotify did; it is left as it is, and the same command makes another one"
    )]
    ListDiffers { id: String, found: usize, wanted: usize, position: usize },
    /// Spotify does not know some of the songs.
    #[error(
        "the new list https://open.spotify.com/playlist/{id} is made and lacks {count}, which Spotify does not take (any more): {}", songs.join(", "), count = counted(songs.len() as u64, "song")
    )]
    ListIncomplete { id: String, songs: Vec<String> },
    /// The guard of foreign SQL.
    #[error(transparent)]
    Guard(#[from] crate::guard::Refusal),
    /// Spotify.
    #[error(transparent)]
    Spotify(#[from] crate::sources::Error),
    /// A step on the way.
    #[error(transparent)]
    Run(#[from] crate::run::Error),
    /// The warehouse.
    #[error(transparent)]
    Warehouse(#[from] crate::warehouse::Error),
}

/// From when on a list is known, exact enough to be given back.
fn said_first(first: Option<DateTime<Utc>>) -> String {
    let first = first.map(|first| first.format("%Y-%m-%dT%H:%M:%S%.fZ"));
    first.map_or_else(String::new, |first| {
        format!(": `--at {first}`, its first reading, is the earliest that there is")
    })
}

impl Error {
    /// Whether it says which list it is about, and what becomes of it.
    pub(super) const fn names_its_list(&self) -> bool {
        matches!(
            self,
            Self::ListUnfinished { .. }
                | Self::ListUnnoted { .. }
                | Self::ListCutOff { .. }
                | Self::ListGone { .. }
                | Self::ListDiffers { .. }
                | Self::ListIncomplete { .. }
        )
    }

    /// How the command ends with it.
    pub(crate) fn ending(&self) -> Ending {
        match self {
            Self::ApiContent { .. }
            | Self::UnknownList { .. }
            | Self::ManyLists { .. }
            | Self::UnknownSongs { .. }
            | Self::NoSeed { .. }
            | Self::NoSong { .. }
            | Self::SongFile { .. }
            | Self::NoSongColumn
            | Self::NoSongs
            | Self::TooManySongs { .. }
            | Self::Guard(_)
            | Self::NotReadYet { .. } => Ending::Usage,
            Self::ListGone { .. }
            | Self::ListDiffers { .. }
            | Self::ListCutOff { .. }
            | Self::ListIncomplete { .. } => Ending::Mismatch,
            Self::ListNotMade { source } => ending::of_source(source),
            Self::ListUnfinished { source, .. } | Self::ListUnnoted { source, .. } => {
                source.ending()
            }
            Self::Spotify(error) => ending::of_source(error),
            Self::Run(error) => error.ending(),
            Self::Warehouse(error) => ending::of_warehouse(error),
        }
    }
}
