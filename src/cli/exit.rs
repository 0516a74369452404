//! Exit codes, which schedulers read.

use crate::snowflake::Outcome;
use crate::{config, lake, warehouse};

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
pub enum Error {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] config::Error),
    /// The run.
    #[error(transparent)]
    Run(#[from] crate::run::Error),
    /// The warehouse.
    #[error(transparent)]
    Warehouse(#[from] warehouse::Error),
    /// Spotify.
    #[error(transparent)]
    Spotify(#[from] crate::sources::Error),
    /// `doctor` found something broken.
    #[error("{}: `{what}` is not well: {why}", area.name())]
    #[expect(missing_docs, reason = "the fields are named by what they hold")]
    Unwell { area: crate::operate::Area, what: String, why: String },
    /// Some of the setup is still to be done by a person.
    #[error(
        "the setup is not complete: `snowtrack snowflake plan` shows what is left and who can do it"
    )]
    SetupIncomplete,
    /// A pipe that a person must mend.
    #[error("a pipe loads nothing until a person mends it: its remedy is printed with its name")]
    PipeUnwell,
    /// A reconciliation found differences.
    #[error("{rows} differ: {rest}")]
    #[expect(missing_docs, reason = "the fields are named by what they hold")]
    Differs { rows: String, rest: String },
    /// Wrong usage that clap cannot see.
    #[error("{0}")]
    Usage(String),
    /// Standard output is closed or full.
    #[error("could not write the result")]
    Output(#[from] std::io::Error),
}

impl Error {
    /// The exit code.
    pub const fn code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Usage(_) => USAGE,
            Self::Run(error) => of_run(error),
            Self::Warehouse(error) => of_warehouse(error),
            Self::Spotify(error) => of_spotify(error),
            Self::SetupIncomplete | Self::PipeUnwell => SNOWFLAKE,
            Self::Differs { .. } => MISMATCH,
            Self::Unwell { area, .. } => match area {
                crate::operate::Area::Disk | crate::operate::Area::Lake => LAKE,
                crate::operate::Area::Spotify => SOURCE,
                crate::operate::Area::Snowflake => SNOWFLAKE,
            },
            Self::Output(_) => LAKE,
        }
    }
}

const fn of_run(error: &crate::run::Error) -> u8 {
    match error {
        crate::run::Error::Spotify(error) => of_spotify(error),
        crate::run::Error::Warehouse(error) => of_warehouse(error),
        crate::run::Error::Lake(error) => of_lake(error),
        crate::run::Error::Snowflake(error) => of_snowflake(error),
        crate::run::Error::Connect(config::ConnectError::Snowflake(error)) => of_snowflake(error),
        crate::run::Error::Connect(_) => USAGE,
        crate::run::Error::State(error) => of_state(error),
        crate::run::Error::Unverified { outcome, .. } => match outcome {
            Outcome::Verified => DONE,
            Outcome::Pending => LATER,
            Outcome::PipeBroken => SNOWFLAKE,
            Outcome::Refused | Outcome::Mismatch => MISMATCH,
        },
        crate::run::Error::DataDir { .. }
        | crate::run::Error::DataDirUnreadable { .. }
        | crate::run::Error::File { .. } => LAKE,
        crate::run::Error::PipeGone { .. } => SNOWFLAKE,
        crate::run::Error::Refused { .. } | crate::run::Error::Unsound { .. } => QUALITY,
        crate::run::Error::NothingRead { .. }
        | crate::run::Error::PlaylistsUnread { .. }
        | crate::run::Error::NothingReadable { .. } => SOURCE,
        crate::run::Error::Locked { .. } => LATER,
        crate::run::Error::DataDirName { .. }
        | crate::run::Error::NoSource
        | crate::run::Error::OtherPrefix { .. }
        | crate::run::Error::NothingExported
        | crate::run::Error::NotShipped { .. }
        | crate::run::Error::FetchUnfinished { .. }
        | crate::run::Error::NotTransformed { .. }
        | crate::run::Error::UnknownRun(_) => USAGE,
        crate::run::Error::PutOff { .. } => LATER,
        crate::run::Error::Interrupted => INTERRUPTED,
    }
}

const fn of_lake(error: &lake::Error) -> u8 {
    match error {
        lake::Error::Stopped => INTERRUPTED,
        _ if error.is_transient() => LATER,
        _ if error.is_usage() => USAGE,
        _ => LAKE,
    }
}

const fn of_state(error: &crate::state::Error) -> u8 {
    match error {
        _ if error.is_interruption() => INTERRUPTED,
        _ if error.is_usage() => USAGE,
        _ if error.is_later() => LATER,
        crate::state::Error::Lake(error) => of_lake(error),
        crate::state::Error::Warehouse(error) => of_warehouse(error),
        _ => LAKE,
    }
}

const fn of_snowflake(error: &crate::snowflake::Error) -> u8 {
    if error.is_stopped() {
        INTERRUPTED
    } else if error.is_config() {
        USAGE
    } else if error.is_later() {
        LATER
    } else {
        SNOWFLAKE
    }
}

const fn of_warehouse(error: &warehouse::Error) -> u8 {
    match error {
        warehouse::Error::Held { .. } => LATER,
        warehouse::Error::Open { .. }
        | warehouse::Error::NotOurs { .. }
        | warehouse::Error::Disk { .. }
        | warehouse::Error::File { .. } => LAKE,
        warehouse::Error::Query { .. }
        | warehouse::Error::NotOneQuery
        | warehouse::Error::NotPublished { .. }
        | warehouse::Error::NothingRefused => USAGE,
        warehouse::Error::Statement { .. } => BUG,
    }
}

const fn of_spotify(error: &crate::sources::Error) -> u8 {
    match error {
        crate::sources::Error::RateLimited { .. } => LATER,
        crate::sources::Error::NoCredentials
        | crate::sources::Error::NotLoggedIn
        | crate::sources::Error::BadUrl { .. }
        | crate::sources::Error::File { .. } => USAGE,
        _ => SOURCE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake::Refusal;

    #[test]
    fn what_s3_may_do_by_itself_later_is_told_from_what_a_person_must_mend() {
        let endpoint = "https://s3.example".to_owned();
        let cut = || "connection reset".into();
        let busy = Refusal::Busy { code: "SlowDown".to_owned(), status: 503 };
        let broken = Refusal::Broken { endpoint: endpoint.clone(), source: cut() };
        let away = Refusal::Unreachable { endpoint, source: cut() };
        for (refusal, code) in
            [(busy, LATER), (broken, LAKE), (away, LAKE), (Refusal::ExpiredCredentials, LAKE)]
        {
            let source = Box::new(refusal);
            let error =
                lake::Error::Store { doing: "upload", object: "s3://b/k".to_owned(), source };
            assert_eq!(of_lake(&error), code, "{error:?}");
        }
        let open =
            lake::Error::Open { bucket: "b".to_owned(), source: Box::new(Refusal::NoRegion) };
        assert_eq!(of_lake(&open), USAGE);
    }
}
