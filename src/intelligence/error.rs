//! Why nothing was recommended, or made, split by what the reader does next.

use crate::event::Ending;
use crate::run::ending;

/// Why nothing was recommended, or made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Rows came from Spotify's API, and nobody said that they may be used.
    #[error(
        "{lists} of the published file came from Spotify's API, and its Developer Policy (III.14) says: \"Do not use the Spotify Platform or any Spotify Content to train a machine learning or AI model or otherwise ingest Spotify Content into a machine learning or AI model.\" What `{command}` makes is what such models are made of. Whether you may do that with this content is between you and Spotify; if you may, say so with `--i-may-use-api-content`", lists = lists(*list_count)
    )]
    ApiContent { command: &'static str, list_count: u64 },
    /// No list is called that.
    #[error(
        "`{said}` is no list of the published file, by id or by name: `snowtrack query \"select id, name from core.playlists\"` shows what there is, and a run with `--playlist` brings another"
    )]
    UnknownList { said: String },
    /// Several lists are called that.
    #[error("{} lists are called `{said}`: say which by its id ({})", ids.len(), ids.join(", "))]
    ManyLists { said: String, ids: Vec<String> },
    /// Songs that the published file does not know.
    #[error("the published file knows no song {}", ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", "))]
    UnknownSongs { ids: Vec<String> },
    /// A list without songs says nothing about what goes with them.
    #[error(
        "`{id}` has no songs to start from: name songs with `--song`, or another list"
    )]
    NoSeed { id: String },
    /// A step on the way.
    #[error(transparent)]
    Run(#[from] crate::run::Error),
    /// The warehouse.
    #[error(transparent)]
    Warehouse(#[from] crate::warehouse::Error),
}

fn lists(count: u64) -> String {
    if count == 1 { "1 list".to_owned() } else { format!("{count} lists") }
}

impl Error {
    /// How the command ends with it.
    pub(crate) fn ending(&self) -> Ending {
        match self {
            Self::ApiContent { .. }
            | Self::UnknownList { .. }
            | Self::ManyLists { .. }
            | Self::UnknownSongs { .. }
            | Self::NoSeed { .. } => Ending::Usage,
            Self::Run(error) => error.ending(),
            Self::Warehouse(error) => ending::of_warehouse(error),
        }
    }
}
