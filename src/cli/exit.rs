//! Exit codes, which schedulers read.

use crate::event::Ending;
use crate::guard::Refusal;
use crate::phrase::{counted, either};
use crate::run::ending;
use crate::snowflake::IngestMode;
use crate::{config, warehouse};

/// Done.
pub(super) const DONE: u8 = 0;
/// A bug of ours.
pub(super) const BUG: u8 = 1;
/// Usage or configuration.
pub(super) const USAGE: u8 = 2;
/// Spotify.
pub(super) const SOURCE: u8 = 3;
/// The quality gate refused.
pub(super) const QUALITY: u8 = 4;
/// S3 or disk.
pub(super) const LAKE: u8 = 5;
/// Snowflake: unreachable, refused us, or a pipe that a person must mend.
pub(super) const SNOWFLAKE: u8 = 6;
/// Rows or contents differ, or Snowflake refused a file.
pub(super) const MISMATCH: u8 = 7;
/// Try later; the same command continues.
pub(super) const LATER: u8 = 8;
/// Stopped by Ctrl-C, with the state saved.
pub(super) const INTERRUPTED: u8 = 130;

/// What went wrong, for a person and for a scheduler.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] config::Error),
    /// The run.
    #[error(transparent)]
    Run(#[from] crate::run::Error),
    /// The warehouse.
    #[error(transparent)]
    Warehouse(#[from] warehouse::Error),
    /// A query.
    #[error(transparent)]
    Guard(#[from] crate::guard::Refusal),
    /// Spotify.
    #[error(transparent)]
    Spotify(#[from] crate::sources::Error),
    /// `doctor` found something broken.
    #[error("{}: `{what}` is not well: {why}", area.name())]
    Unwell { area: crate::operate::Area, what: String, why: String, ending: Option<Ending> },
    /// Some of the setup is still to be done by a person.
    #[error(
        "the setup is not complete: `snowtrack snowflake plan` shows what is left and who can do it"
    )]
    SetupIncomplete,
    /// Pipes are not made beside others.
    #[error(
        "the pipes of the configured way are not made beside {}: what is printed above says what to do",
        other_mode.map_or("others that read their folders".to_owned(), |mode| format!("those of `{}`", mode.name()))
    )]
    SetupInConflict { other_mode: Option<IngestMode> },
    /// A pipe that a person must mend.
    #[error("a pipe loads nothing until a person mends it: its remedy is printed with its name")]
    PipeUnwell,
    /// A reconciliation found differences.
    #[error("{} {}: {rest}", counted(*count as u64, "row"), either(*count as u64, "differs", "differ"))]
    Differs { count: usize, rest: String },
    /// What is in the stream is not what was sent.
    #[error(
        "the stream does not hold what it was sent: {0}. `snowtrack stream --replay` sends the current rows again"
    )]
    StreamDiffers(String),
    /// What Snowflake says of costs could not be read.
    #[error(transparent)]
    Costs(#[from] crate::operate::CostError),
    /// `status --max-age`: the last good end is too long ago, or there is none.
    #[error("{0}")]
    Stale(String),
    /// Somebody could not be forgotten, or not yet.
    #[error(transparent)]
    Forget(#[from] crate::operate::ForgetError),
    /// Nothing was recommended, or made.
    #[error(transparent)]
    Intelligence(#[from] crate::intelligence::Error),
    /// A question in plain words.
    #[error(transparent)]
    Ask(#[from] crate::ask::NotTold),
    /// The same, before a model was asked.
    #[error(transparent)]
    Answers(#[from] crate::answers::NotAnswered),
    /// How often such questions are answered rightly.
    #[error(transparent)]
    Evaluation(#[from] crate::ask::EvaluationError),
    /// The server for programs with a model in them.
    #[error(transparent)]
    Mcp(#[from] crate::mcp::Error),
    /// Wrong usage that clap cannot see.
    #[error("{0}")]
    Usage(String),
    /// Standard output is closed or full.
    #[error("could not write the result")]
    Output(#[from] std::io::Error),
}

impl Error {
    /// The exit code.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Usage(_) | Self::Mcp(_) | Self::Evaluation(_) => USAGE,
            Self::Ask(crate::ask::NotTold::Warehouse(error)) | Self::Answers(error) => {
                of_not_answered(error)
            }
            Self::Ask(_) => USAGE,
            Self::Run(error) => of(error.ending()),
            Self::Warehouse(error) => of(ending::of_warehouse(error)),
            Self::Guard(refusal) => of_refusal(refusal),
            Self::Spotify(error) => of(ending::of_source(error)),
            // The setting says another way than what is there, as a run would say.
            Self::SetupInConflict { other_mode: Some(_) } => USAGE,
            Self::SetupIncomplete | Self::SetupInConflict { .. } | Self::PipeUnwell => SNOWFLAKE,
            Self::Differs { .. } | Self::StreamDiffers(_) => MISMATCH,
            Self::Stale(_) => LATER,
            Self::Costs(crate::operate::CostError::NotGranted { .. }) => SNOWFLAKE,
            Self::Costs(crate::operate::CostError::Other(error)) => of(error.ending()),
            Self::Forget(error) => of(error.ending()),
            Self::Intelligence(crate::intelligence::Error::Guard(refusal)) => of_refusal(refusal),
            Self::Intelligence(error) => of(error.ending()),
            Self::Unwell { ending: Some(ending), .. } => of(*ending),
            Self::Unwell { area, .. } => match area {
                crate::operate::Area::Disk
                | crate::operate::Area::Lake
                | crate::operate::Area::State => LAKE,
                crate::operate::Area::Spotify => SOURCE,
                crate::operate::Area::Snowflake => SNOWFLAKE,
                crate::operate::Area::Stream => USAGE,
                crate::operate::Area::Ledger => MISMATCH,
                crate::operate::Area::Waiting => LATER,
            },
            Self::Output(_) => LAKE,
        }
    }
}

/// The code of a query without an answer.
const fn of_refusal(refusal: &Refusal) -> u8 {
    match refusal {
        Refusal::Held { .. } | Refusal::NotStarted { .. } => LATER,
        Refusal::Unopened { .. } => LAKE,
        Refusal::Unwritten { .. } => BUG,
        _ => USAGE,
    }
}

/// The code of a question without an answer.
fn of_not_answered(error: &crate::answers::NotAnswered) -> u8 {
    use crate::answers::NotAnswered;
    match error {
        NotAnswered::Refused(refusal) => of_refusal(refusal),
        NotAnswered::Run(error) => of(error.ending()),
        NotAnswered::Warehouse(error) => of(ending::of_warehouse(error)),
        NotAnswered::Unread { .. } => BUG,
        _ => USAGE,
    }
}

/// The code of an ending.
pub(super) const fn of(ending: Ending) -> u8 {
    match ending {
        Ending::Done => DONE,
        Ending::Bug => BUG,
        Ending::Usage => USAGE,
        Ending::Source => SOURCE,
        Ending::Quality => QUALITY,
        Ending::Lake => LAKE,
        Ending::Snowflake => SNOWFLAKE,
        Ending::Mismatch => MISMATCH,
        Ending::Later => LATER,
        Ending::Interrupted => INTERRUPTED,
    }
}
