//! Why the state cannot be had, kept or given.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

/// Why the state cannot be had, kept or given.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum Error {
    /// Another task has it.
    #[error(
        "the state `{location}` is held by {holder}, until {} unless it is renewed; wait for it (`--lease-wait 10m` does), or, if that task is dead for certain, `snowtrack state unlock --yes`",
        until.format("%Y-%m-%d %H:%M:%S UTC")
    )]
    Held { location: String, holder: String, until: DateTime<Utc> },
    /// Another task took it from us.
    #[error(
        "the lease on the state `{location}` went to {holder} while this task had it; nothing more was written. What it did since the last save is done again by whoever runs next"
    )]
    Fenced { location: String, holder: String },
    /// The store cannot be trusted with it.
    #[error(
        "the store of `{location}` {what} conditional writes (`If-None-Match`, `If-Match`), so two tasks could write the state at the same time. Take a store that knows them, or, where never more than one task runs at a time, say so with `--state-single-writer`"
    )]
    Unconditional { location: String, what: &'static str },
    /// A later version of this program wrote it.
    #[error(
        "the state `{location}` was written by a later version of snowtrack (schema {found}, this one knows {known}); nothing was read. Run that version here, too, or go back for good: `snowtrack state push --force` with a ledger that this version wrote"
    )]
    Newer { location: String, found: u32, known: u32 },
    /// There are generations, and nothing says which one counts.
    #[error(
        "`{current}` is gone, which says what of generations {generations} counts; nothing was deleted. In an empty data directory `snowtrack state pull --force` takes the newest, and then `snowtrack state push --force` goes on from it. A ledger that should go on instead is pushed the same way"
    )]
    Headless { location: String, current: String, generations: String },
    /// Neither is the other's descendant.
    #[error(
        "the ledger here and the state `{location}` both have runs that the other lacks (here {here}, there {there}). Keep the one here with `snowtrack state push --force`, or the one there with `snowtrack state pull --force`"
    )]
    Diverged { location: String, here: String, there: String },
    /// Others went on meanwhile.
    #[error(
        "the state `{location}` is newer (generation {there}) than what was pulled (generation {here}); `snowtrack state pull` first, or replace it with `snowtrack state push --force`"
    )]
    Moved { location: String, here: u64, there: u64 },
    /// There is none yet.
    #[error("there is nothing in the state `{0}` yet: a run, or `snowtrack state push`, begins it")]
    Empty(String),
    /// There is none here.
    #[error("there is no ledger in `{0}` that could be pushed; `snowtrack run` makes it")]
    NoLedger(PathBuf),
    /// It was not asked for.
    #[error(
        "no state is configured: set `SNOWTRACK_STATE` to `s3://bucket/prefix/` or `file:///dir/`"
    )]
    NotConfigured,
    /// A generation is not what was written.
    #[error(
        "`{object}` is damaged, or is no state of snowtrack's. An older generation is beside it (`snowtrack state show`); or begin anew with another `SNOWTRACK_STATE`"
    )]
    Damaged { object: String, source: std::io::Error },
    /// A small object is not what was written.
    #[error("`{object}` is not what snowtrack wrote there")]
    Unreadable { object: String, source: serde_json::Error },
    /// A generation is gone.
    #[error("`{object}` is gone, which `current.json` names")]
    Gone { object: String },
    /// Somebody asked to stop.
    #[error("stopped while waiting for the state")]
    Interrupted,
    /// Somebody asked to stop, and it would have taken too long.
    #[error("there was no time to save the state")]
    NoTime,
    /// The store.
    #[error("the state failed")]
    Lake(#[from] crate::lake::Error),
    /// The ledger.
    #[error("the state failed")]
    Warehouse(#[from] crate::warehouse::Error),
    /// The disk.
    #[error("could not {doing} `{path}`")]
    File { doing: &'static str, path: PathBuf, source: std::io::Error },
}

impl Error {
    /// Whether the same command can succeed later without anybody mending anything.
    pub const fn is_later(&self) -> bool {
        match self {
            Self::Held { .. } | Self::Fenced { .. } => true,
            Self::Moved { .. } => true,
            Self::Interrupted | Self::NoTime => true,
            Self::Lake(error) => error.is_transient(),
            _ => false,
        }
    }

    /// Whether a person has to decide or to configure something.
    pub const fn is_usage(&self) -> bool {
        match self {
            Self::Unconditional { .. }
            | Self::Newer { .. }
            | Self::Diverged { .. }
            | Self::Headless { .. }
            | Self::Empty(_)
            | Self::NoLedger(_)
            | Self::NotConfigured => true,
            Self::Lake(error) => error.is_usage(),
            _ => false,
        }
    }

    /// Whether somebody asked to stop.
    pub const fn is_interruption(&self) -> bool {
        matches!(self, Self::Interrupted | Self::NoTime | Self::Lake(crate::lake::Error::Stopped))
    }
}
