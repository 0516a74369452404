//! The words for how things ended: of a playlist, of what was compared with Snowflake. Each is spelt here and nowhere else; those of a run
//! are the ledger's.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::snowflake::Outcome;

/// What became of a playlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaylistStatus {
    /// All of it was read.
    Fetched,
    /// It is as it was.
    Unchanged,
    /// Spotify names it and does not give what is in it.
    ContentsUnavailable,
    /// Spotify knows none of that id.
    NotFound,
    /// It could not be read.
    Failed,
    /// Spotify wants to be asked later.
    PutOff,
}

impl PlaylistStatus {
    /// As reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fetched => "fetched",
            Self::Unchanged => "unchanged",
            Self::ContentsUnavailable => "contents_unavailable",
            Self::NotFound => "not_found",
            Self::Failed => "failed",
            Self::PutOff => "put_off",
        }
    }
}

/// What a comparison with Snowflake came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunVerdict {
    /// Every row is there as it was sent.
    Verified,
    /// Something is not known yet.
    Pending,
    /// Snowflake refused a file, or its pipe does not work.
    Failed,
    /// What is there is not what was sent.
    Mismatch,
    /// Nothing was compared.
    Skipped,
}

impl RunVerdict {
    /// As reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Mismatch => "mismatch",
            Self::Skipped => "skipped",
        }
    }
}

impl From<Outcome> for RunVerdict {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Verified => Self::Verified,
            Outcome::Pending => Self::Pending,
            Outcome::PipeBroken | Outcome::Refused => Self::Failed,
            Outcome::Mismatch => Self::Mismatch,
        }
    }
}

impl fmt::Display for PlaylistStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for RunVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for PlaylistStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Serialize for RunVerdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_of_an_outcome_what_its_reader_does_next() {
        let words = [
            (Outcome::Verified, "verified"),
            (Outcome::Pending, "pending"),
            (Outcome::PipeBroken, "failed"),
            (Outcome::Refused, "failed"),
            (Outcome::Mismatch, "mismatch"),
        ];
        for (outcome, word) in words {
            assert_eq!(RunVerdict::from(outcome).name(), word);
            assert_eq!(serde_json::to_value(RunVerdict::from(outcome)).unwrap(), word);
        }
    }
}
