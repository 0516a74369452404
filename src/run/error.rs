//! What ended a run, by stage.

use crate::phrase::{counted, either, plural};
use std::path::PathBuf;

/// What ended a run.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum Error {
    /// The source.
    #[error("fetch failed")]
    Spotify(#[from] crate::sources::Error),
    /// The warehouse.
    #[error("the warehouse failed")]
    Warehouse(#[from] crate::warehouse::Error),
    /// The lake.
    #[error("the lake failed")]
    Lake(#[from] crate::lake::Error),
    /// The quality gate.
    #[error(
        "the quality gate refused the run: {failed_checks}; nothing was published or exported. See the rows with `snowtrack status --run {run} --checks` or `snowtrack query --refused \"from {first}\"`; mend the source and run again, or accept them with `--warn-only CHECK`"
    )]
    Refused { run: String, failed_checks: String, first: &'static str },
    /// Checks found rows, and no run is under way.
    #[error(
        "the checks refuse what the tables hold: {failed_checks}; nothing was changed. See the rows with `snowtrack query --refused \"from {first}\"`; `--warn-only CHECK` accepts them"
    )]
    Unsound { failed_checks: String, first: &'static str },
    /// Nothing could be read.
    #[error(
        "nothing could be read of {}: {reasons}{advice}",
        counted(*count as u64, "playlist")
    )]
    NothingRead { count: usize, reasons: String, advice: &'static str },
    /// Some playlists could not be read, the others were.
    #[error(
        "{} could not be read, the others are done: {first}. The same command asks for what is missing",
        counted(*count, "playlist")
    )]
    PlaylistsUnread { count: u32, first: String },
    /// The list of own playlists named fewer than it announced; which are missing is not known.
    #[error("the list of own playlists came incomplete; those that it named are done: {reason}")]
    ListingIncomplete { reason: String },
    /// Spotify put something off, the others are done.
    #[error(
        "Spotify put off {what}; {rest}. Run the same command again after {until}", until = until.format("%Y-%m-%d %H:%M:%S UTC")
    )]
    PutOff { what: String, until: chrono::DateTime<chrono::Utc>, rest: &'static str },
    /// The run's fetch was stopped.
    #[error(
        "the fetch of run {run} ({fetched}) was stopped before its end: run `snowtrack fetch` or `snowtrack run` again with the same source, which goes on behind what is landed"
    )]
    FetchUnfinished { run: String, fetched: String },
    /// There is more landed than shaped.
    #[error(
        "{} {} landed and not in the tables yet: run `snowtrack transform` first",
        counted(*count, "list"),
        either(*count, "is", "are")
    )]
    NotTransformed { count: u64 },
    /// No recorded document is one.
    #[error(
        "{} be read: {reasons}. `--from-dir` reads what `--record` and `--archive` write: Spotify's answers, JSON in UTF-8",
        none_of(*count as u64)
    )]
    NothingReadable { count: usize, reasons: String },
    /// No source is named.
    #[error(
        "no playlist is named: give `--playlist ID`, `--mine`, `--liked` or `--demo`, or set `SPOTIFY_PLAYLIST_IDS`"
    )]
    NoSource,
    /// Another run holds the data directory.
    #[error(
        "the data directory `{path}` is in use by {holder}; wait for it (`--wait 10m` does), or choose another with `--data-dir`"
    )]
    Locked { path: PathBuf, holder: String },
    /// Snowflake.
    #[error("{}", of_snowflake(.0))]
    Snowflake(#[source] Box<crate::snowflake::Error>),
    /// What is configured connects to nothing.
    #[error(transparent)]
    Connect(#[from] crate::config::ConnectError),
    /// The bucket's prefix was changed while files were on their way.
    #[error(
        "`{key}` was exported under another prefix than `{prefix}`: set `S3_PREFIX` back until it has arrived"
    )]
    OtherPrefix { key: String, prefix: String },
    /// Not every file is known to have arrived as it was sent.
    #[error("{whose} is not verified: {reason}{}", if next_step.is_empty() { String::new() } else { format!("; {next_step}") })]
    Unverified {
        whose: String,
        outcome: crate::snowflake::Outcome,
        reason: String,
        next_step: String,
    },
    /// The rows are in, and the next ones would not come.
    #[error(
        "every row is in, but {} {} {} gone and would load nothing more: `snowtrack snowflake plan` says who can make {} again",
        plural(pipes.len() as u64, "pipe"),
        named(pipes),
        either(pipes.len() as u64, "is", "are"),
        either(pipes.len() as u64, "it", "them")
    )]
    PipesGone { pipes: Vec<String> },
    /// Pipes are there that load nothing.
    #[error(
        "{how_far}, but {} {} nothing ({reason}): {next_step}",
        counted(pipes.len() as u64, "pipe"),
        either(pipes.len() as u64, "loads", "load")
    )]
    PipesStopped { how_far: &'static str, pipes: Vec<String>, reason: String, next_step: String },
    /// The rows are in, and the pipes are those of another way than the configured one.
    #[error(
        "every row is in, but there is no pipe of the way `{mode}` (`SNOWFLAKE_INGEST`): {next_step}"
    )]
    PipesOfAnotherWay { mode: &'static str, next_step: String },
    /// Not even the schema of pipes and tables can be seen.
    #[error(
        "nothing of the setup is there, or this role may see none of it: {why}; `snowtrack snowflake plan` shows what is missing and who can make it"
    )]
    NoSetup { why: String },
    /// A landing table lacks a column that every row has.
    #[error(
        "`{place}` has no column `{column}`: somebody dropped or renamed it. `snowtrack snowflake plan` shows the statement that makes it again and who can run it, then `snowtrack reconcile {table} --repair` ships the rows whose values went with it"
    )]
    ColumnGone { place: String, table: &'static str, column: String },
    /// Nothing that is shipped would be loaded.
    #[error(
        "there is no pipe of the way `{mode}` (`SNOWFLAKE_INGEST`), or this role may see none: not even `{pipe}`{why}. Nothing was shipped: `snowtrack snowflake plan` shows what is missing and who can make it; the same command continues"
    )]
    NoPipes { pipe: String, mode: &'static str, why: String },
    /// Nothing was exported yet.
    #[error(
        "nothing was exported yet from this folder, so there is nothing to ship: a run with a source makes files; where there was one, its ledger is lost or elsewhere, and `--data-dir` names its folder"
    )]
    NothingExported,
    /// Nothing is here at all.
    #[error(
        "there is no ledger in `{path}`, so nothing was fetched into it yet: `snowtrack fetch` or `snowtrack run` with a source begins; where there was one, it is lost or elsewhere, and `--data-dir` names its folder"
    )]
    NothingHere { path: PathBuf },
    /// Tables hold rows, and this ledger shipped none.
    #[error(
        "the ledger `{ledger}` has shipped nothing, and Snowflake's `{table}` holds rows: it is empty, or the one that shipped them is lost, so there is nothing to compare with. Name the right one with `--data-dir`, or bring it back; where it is lost, `snowtrack run` ships every row again"
    )]
    LedgerLost { ledger: PathBuf, table: &'static str },
    /// The run named on the command line shipped nothing.
    #[error("run `{run}` has nothing to ship: it {why}. `snowtrack status` lists the runs")]
    NotShipped { run: String, why: &'static str },
    /// The data directory is not usable.
    #[error(
        "the data directory `{path}` cannot be used; make it writable, or choose another with `--data-dir`"
    )]
    DataDir { path: PathBuf, source: std::io::Error },
    /// The embedded database cannot live there.
    #[error(
        "the data directory `{path}` has a `?` in its path, which DuckDB takes for the end of a file's name; choose another with `--data-dir`"
    )]
    DataDirName { path: PathBuf },
    /// The data directory cannot be looked into.
    #[error(
        "the data directory `{path}` cannot be read; run as its owner, or choose another with `--data-dir`"
    )]
    DataDirUnreadable { path: PathBuf, source: std::io::Error },
    /// A file of a run cannot be used.
    #[error("could not {doing} `{path}`")]
    File { doing: &'static str, path: PathBuf, source: std::io::Error },
    /// The run named on the command line is not in the ledger.
    #[error("there is no run `{0}`; `snowtrack status` lists them")]
    UnknownRun(String),
    /// The ledger between machines.
    #[error(transparent)]
    State(Box<crate::state::Error>),
    /// The stream.
    #[error(transparent)]
    Stream(Box<crate::stream::Error>),
    /// A person or a supervisor asked to stop.
    #[error("stopped; what was done is kept, the same command continues")]
    Interrupted,
}

fn named(names: &[String]) -> String {
    let names = names.iter().map(|name| format!("`{name}`"));
    names.collect::<Vec<_>>().join(", ")
}

fn none_of(count: u64) -> String {
    match count {
        1 => "the one recorded document cannot".to_owned(),
        count => format!("none of the {count} recorded documents can"),
    }
}

fn of_snowflake(error: &crate::snowflake::Error) -> &'static str {
    if error.is_config() {
        "the Snowflake account cannot be used as it is configured"
    } else if error.is_setup() {
        "Snowflake failed (`snowtrack snowflake plan` shows what is missing there and who can make it)"
    } else {
        "Snowflake failed"
    }
}

impl From<crate::state::Error> for Error {
    fn from(error: crate::state::Error) -> Self {
        Self::State(Box::new(error))
    }
}

impl From<crate::stream::Error> for Error {
    fn from(error: crate::stream::Error) -> Self {
        match error {
            crate::stream::Error::Stopped => Self::Interrupted,
            other => Self::Stream(Box::new(other)),
        }
    }
}

impl From<crate::snowflake::Error> for Error {
    fn from(error: crate::snowflake::Error) -> Self {
        Self::Snowflake(Box::new(error))
    }
}

impl Error {
    /// An error of a statement about a landing table, with what is missing there by its name.
    pub(crate) fn of_table(
        error: crate::snowflake::Error,
        place: &crate::snowflake::QualifiedName,
        table: crate::ids::Table,
    ) -> Self {
        let column = error.statement().and_then(|failure| failure.missing_column());
        match column {
            Some(column) => {
                Self::ColumnGone { place: place.to_string(), table: table.name(), column }
            }
            None => error.into(),
        }
    }

    /// Whether somebody asked to stop.
    pub(crate) const fn is_interruption(&self) -> bool {
        match self {
            Self::Interrupted => true,
            Self::Snowflake(error) => error.is_stopped(),
            Self::State(error) => error.is_interruption(),
            _ => false,
        }
    }

    /// Whether the same command continues and can succeed later without anybody mending anything.
    pub const fn is_later(&self) -> bool {
        use crate::snowflake::Outcome;
        match self {
            Self::Interrupted
            | Self::Locked { .. }
            | Self::PutOff { .. }
            | Self::Spotify(crate::sources::Error::RateLimited { .. })
            | Self::Unverified { outcome: Outcome::Pending, .. } => true,
            Self::Snowflake(error) => error.is_later(),
            Self::State(error) => error.is_later(),
            Self::Lake(error) => error.is_transient(),
            Self::Stream(error) => matches!(error.ending(), crate::event::Ending::Later),
            _ => false,
        }
    }
}
