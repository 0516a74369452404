//! How a run ended, or that it did not: the words of the ledger and of reports.

use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// How a run ended, or that it did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunStatus {
    /// It did not come to its end; the same command continues it. Only the ledger says so.
    Running,
    /// It did not come to its end, and nobody is at work on it. Only `status` says so, and the ledger `running`.
    Stopped,
    /// Something is not there yet, and may come by itself.
    Pending,
    /// Its files are in the local lake.
    Exported,
    /// They are in the bucket.
    Uploaded,
    /// They were submitted to Snowflake.
    Ingested,
    /// Every row is there as it was sent.
    Verified,
    /// There was nothing to send.
    Unchanged,
    /// The checks refused the tables.
    Refused,
    /// It gave way to a run of another source. Only the ledger says so.
    Superseded,
    /// Something ended it.
    Failed,
}

impl RunStatus {
    const ALL: [Self; 11] = [
        Self::Running,
        Self::Stopped,
        Self::Pending,
        Self::Exported,
        Self::Uploaded,
        Self::Ingested,
        Self::Verified,
        Self::Unchanged,
        Self::Refused,
        Self::Superseded,
        Self::Failed,
    ];

    /// As reports and the ledger write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Pending => "pending",
            Self::Exported => "exported",
            Self::Uploaded => "uploaded",
            Self::Ingested => "ingested",
            Self::Verified => "verified",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
            Self::Superseded => "superseded",
            Self::Failed => "failed",
        }
    }
}

/// A word that is no status of a run.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a status of a run ({words})", words = RunStatus::ALL.map(RunStatus::name).join(", "))]
pub struct UnknownStatus(String);

impl FromStr for RunStatus {
    type Err = UnknownStatus;
    fn from_str(raw: &str) -> Result<Self, UnknownStatus> {
        let found = Self::ALL.into_iter().find(|status| status.name() == raw);
        found.ok_or_else(|| UnknownStatus(raw.to_owned()))
    }
}

written_by_name!(RunStatus);

impl<'de> Deserialize<'de> for RunStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_one_word_in_the_ledger_and_in_json() {
        for status in RunStatus::ALL {
            assert_eq!(status.name().parse(), Ok(status));
            let json = serde_json::to_string(&status).unwrap();
            assert_eq!(json, format!("\"{status}\""));
            assert_eq!(serde_json::from_str::<RunStatus>(&json).unwrap(), status);
        }
        assert_eq!("done".parse::<RunStatus>(), Err(UnknownStatus("done".to_owned())));
    }
}
