//! How a run ends with an error, by what the reader does next; exit codes are made of it.

use super::error::Error;
use crate::config::ConnectError;
use crate::event::Ending;
use crate::snowflake::Outcome;
use crate::{lake, warehouse};

impl Error {
    /// How a run ends with it.
    pub const fn ending(&self) -> Ending {
        match self {
            Self::Spotify(error) => of_source(error),
            Self::Warehouse(error) => of_warehouse(error),
            Self::Lake(error) => of_lake(error),
            Self::Snowflake(error) => of_snowflake(error),
            Self::Connect(ConnectError::Snowflake(error)) => of_snowflake(error),
            Self::Connect(_) => Ending::Usage,
            Self::State(error) => of_state(error),
            Self::Stream(error) => error.ending(),
            Self::Unverified { outcome, .. } => match outcome {
                Outcome::Verified => Ending::Done,
                Outcome::Pending => Ending::Later,
                Outcome::PipeBroken => Ending::Snowflake,
                Outcome::Refused | Outcome::Mismatch => Ending::Mismatch,
            },
            Self::DataDir { .. } | Self::DataDirUnreadable { .. } | Self::File { .. } => {
                Ending::Lake
            }
            Self::ColumnGone { .. }
            | Self::PipesGone { .. }
            | Self::PipesStopped { .. }
            | Self::PipesOfAnotherWay { .. }
            | Self::NoSetup { .. } => Ending::Snowflake,
            Self::Refused { .. } | Self::Unsound { .. } => Ending::Quality,
            Self::NothingRead { .. }
            | Self::PlaylistsUnread { .. }
            | Self::ListingIncomplete { .. }
            | Self::NothingReadable { .. } => Ending::Source,
            Self::Locked { .. } => Ending::Later,
            Self::DataDirName { .. }
            | Self::NoSource
            | Self::NoPipes { .. }
            | Self::OtherPrefix { .. }
            | Self::NothingExported
            | Self::NothingHere { .. }
            | Self::LedgerLost { .. }
            | Self::NotShipped { .. }
            | Self::FetchUnfinished { .. }
            | Self::NotTransformed { .. }
            | Self::UnknownRun(_) => Ending::Usage,
            Self::PutOff { .. } => Ending::Later,
            Self::Interrupted => Ending::Interrupted,
        }
    }
}

const fn of_lake(error: &lake::Error) -> Ending {
    match error {
        lake::Error::Stopped => Ending::Interrupted,
        _ if error.is_transient() => Ending::Later,
        _ if error.is_usage() => Ending::Usage,
        _ => Ending::Lake,
    }
}

pub(crate) const fn of_state(error: &crate::state::Error) -> Ending {
    match error {
        _ if error.is_interruption() => Ending::Interrupted,
        _ if error.is_usage() => Ending::Usage,
        _ if error.is_later() => Ending::Later,
        crate::state::Error::Lake(error) => of_lake(error),
        crate::state::Error::Warehouse(error) => of_warehouse(error),
        _ => Ending::Lake,
    }
}

const fn of_snowflake(error: &crate::snowflake::Error) -> Ending {
    if error.is_stopped() {
        Ending::Interrupted
    } else if error.is_config() {
        Ending::Usage
    } else if error.is_later() {
        Ending::Later
    } else {
        Ending::Snowflake
    }
}

pub(crate) const fn of_warehouse(error: &warehouse::Error) -> Ending {
    match error {
        warehouse::Error::Held { .. } => Ending::Later,
        warehouse::Error::Open { .. }
        | warehouse::Error::NotOurs { .. }
        | warehouse::Error::Disk { .. }
        | warehouse::Error::File { .. } => Ending::Lake,
        warehouse::Error::NotPublished { .. } | warehouse::Error::NothingRefused => Ending::Usage,
        warehouse::Error::Statement { .. }
        | warehouse::Error::Answer { .. }
        | warehouse::Error::IllegalStep { .. } => Ending::Bug,
    }
}

pub(crate) const fn of_source(error: &crate::sources::Error) -> Ending {
    match error {
        crate::sources::Error::RateLimited { .. } => Ending::Later,
        crate::sources::Error::Stopped => Ending::Interrupted,
        crate::sources::Error::NoCredentials
        | crate::sources::Error::NotLoggedIn
        | crate::sources::Error::BadUrl { .. }
        | crate::sources::Error::File { .. } => Ending::Usage,
        _ => Ending::Source,
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
        for (refusal, code) in [
            (busy, Ending::Later),
            (broken, Ending::Lake),
            (away, Ending::Lake),
            (Refusal::ExpiredCredentials, Ending::Lake),
        ] {
            let source = Box::new(refusal);
            let error =
                lake::Error::Store { doing: "upload", object: "s3://b/k".to_owned(), source };
            assert_eq!(of_lake(&error), code, "{error:?}");
        }
        let open =
            lake::Error::Open { bucket: "b".to_owned(), source: Box::new(Refusal::NoRegion) };
        assert_eq!(of_lake(&open), Ending::Usage);
    }
}
