//! What ended a run, by stage.

use std::path::PathBuf;

/// What ended a run.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum Error {
    /// The source.
    #[error("fetch failed")]
    Spotify(#[from] crate::spotify::Error),
    /// The warehouse.
    #[error("the warehouse failed")]
    Warehouse(#[from] crate::warehouse::Error),
    /// The lake.
    #[error("export failed")]
    Lake(#[from] crate::lake::Error),
    /// The quality gate.
    #[error(
        "the quality gate refused the run: {failed_checks}; nothing was published or exported. The rows are in `meta.check_failures`; mend the source and run again, or accept them with `--warn-only CHECK`"
    )]
    Refused { failed_checks: String },
    /// Nothing could be read.
    #[error("none of the {count} playlists could be read: {reasons}")]
    NothingRead { count: usize, reasons: String },
    /// No source is named.
    #[error(
        "no playlist is named: give `--playlist ID`, `--mine`, `--liked` or `--demo`, or set `SPOTIFY_PLAYLIST_IDS`"
    )]
    NoSource,
    /// A configured playlist is none.
    #[error("the configuration names a playlist that is none")]
    Playlist(#[from] crate::ids::InvalidId),
    /// Another run holds the data directory.
    #[error(
        "the data directory `{path}` is in use by {holder}; wait for it, or choose another with `--data-dir`"
    )]
    Locked { path: PathBuf, holder: String },
    /// The data directory is not usable.
    #[error("could not {doing} `{path}`")]
    File { doing: &'static str, path: PathBuf, source: std::io::Error },
    /// The run named on the command line is not in the ledger.
    #[error("there is no run `{0}`; `snowtrack status` lists them")]
    UnknownRun(String),
    /// A person or a supervisor asked to stop.
    #[error("stopped; what was done is kept, the same command continues")]
    Interrupted,
}
