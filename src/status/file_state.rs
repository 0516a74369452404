//! How far a file is on its way, and which step may follow which.

use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::verdict::Verdict;

/// How far a file is on its way to Snowflake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileState {
    /// It is in the local lake.
    Exported,
    /// It is in the bucket, whole.
    Uploaded,
    /// It is being submitted: until the answer is noted nobody knows whether Snowflake has it. Only the ledger says so.
    Submitting,
    /// Snowflake has recorded it; that says nothing of its rows.
    Accepted,
    /// A word of the report's contract. Nothing says it: who looks into the table compares at once.
    Loaded,
    /// Its rows are in the table as they were sent.
    Verified,
    /// A newer file took its place, so what became of it no longer matters.
    Superseded,
    /// Snowflake refused it.
    Failed,
    /// What is in the table is not what was sent.
    Mismatch,
}

impl FileState {
    /// Every state, in the order in which a summary counts them.
    pub const ALL: [Self; 9] = [
        Self::Exported,
        Self::Uploaded,
        Self::Submitting,
        Self::Accepted,
        Self::Loaded,
        Self::Verified,
        Self::Superseded,
        Self::Failed,
        Self::Mismatch,
    ];

    /// As reports and the ledger write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exported => "exported",
            Self::Uploaded => "uploaded",
            Self::Submitting => "submitting",
            Self::Accepted => "accepted",
            Self::Loaded => "loaded",
            Self::Verified => "verified",
            Self::Superseded => "superseded",
            Self::Failed => "failed",
            Self::Mismatch => "mismatch",
        }
    }

    /// Whether a file may go from here to `next`: the rule that every statement is held to that writes a state.
    pub const fn may_become(self, next: Self) -> bool {
        match next {
            // Written once, and never again under the same key.
            Self::Exported | Self::Loaded => false,
            // Its upload, and a submission to which Snowflake said no.
            Self::Uploaded => matches!(self, Self::Exported | Self::Submitting),
            // Again, where no answer came, or where a broken pipe may have forgotten what it had recorded.
            Self::Submitting => matches!(self, Self::Uploaded | Self::Submitting | Self::Accepted),
            Self::Accepted => matches!(self, Self::Submitting),
            // The table is asked whatever is noted: events load a file before its upload is noted, and people change tables.
            Self::Verified | Self::Failed => !matches!(self, Self::Loaded | Self::Superseded),
            // A settled one, too, whose rows its table was found to lack.
            Self::Mismatch => !matches!(self, Self::Loaded),
            // What is proven, too, where somebody in it is forgotten, or rows of it had to be shipped again.
            Self::Superseded => !matches!(self, Self::Loaded | Self::Superseded),
        }
    }

    /// Whether Snowflake may have been asked to load the file.
    pub(crate) const fn is_submitted(self) -> bool {
        !matches!(self, Self::Exported | Self::Uploaded)
    }

    /// Whether nothing is left to find out: it is proven, or a newer one took its place.
    pub(crate) const fn is_settled(self) -> bool {
        matches!(self, Self::Verified | Self::Superseded)
    }

    /// As reports say it: between the note before a submission and the one after it, nobody knows.
    pub(crate) const fn reported(self) -> Self {
        match self {
            Self::Submitting => Self::Uploaded,
            state => state,
        }
    }

    /// What a verdict makes of a file; `None` where nothing was found.
    pub(crate) const fn of_verdict(verdict: Verdict) -> Option<Self> {
        match verdict {
            Verdict::Verified => Some(Self::Verified),
            Verdict::Failed => Some(Self::Failed),
            Verdict::Mismatch => Some(Self::Mismatch),
            Verdict::Pending => None,
        }
    }
}

/// A word that is no state of a file.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a state of a file ({states})", states = FileState::ALL.map(FileState::name).join(", "))]
pub struct UnknownState(String);

impl FromStr for FileState {
    type Err = UnknownState;
    fn from_str(raw: &str) -> Result<Self, UnknownState> {
        let found = Self::ALL.into_iter().find(|state| state.name() == raw);
        found.ok_or_else(|| UnknownState(raw.to_owned()))
    }
}

written_by_name!(FileState);

impl<'de> Deserialize<'de> for FileState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::FileState::*;
    use super::*;

    /// Every step that a file can make, and what makes it.
    const STEPS: &[(FileState, FileState, &str)] = &[
        (Exported, Uploaded, "its upload is done"),
        (Exported, Verified, "S3's events had it loaded before a killed run noted its upload"),
        (Exported, Failed, "the same, and Snowflake refused it"),
        (Exported, Mismatch, "the same, and the table holds something else"),
        (Exported, Superseded, "its local copy is gone, and its rows go in a newer file"),
        (Uploaded, Submitting, "its submission begins"),
        (Uploaded, Verified, "S3's events had it loaded"),
        (Uploaded, Failed, "S3's events announced it, and Snowflake refused it"),
        (Uploaded, Mismatch, "S3's events had it loaded, and somebody changed the rows"),
        (
            Uploaded,
            Superseded,
            "it went from the bucket and from here, and a newer file has its rows",
        ),
        (Submitting, Submitting, "no answer was noted, so it is submitted the same way again"),
        (Submitting, Uploaded, "Snowflake said no"),
        (Submitting, Accepted, "Snowflake recorded it"),
        (Submitting, Verified, "the run was killed before the answer, and the table has it"),
        (Submitting, Failed, "the same, and the history says that it was refused"),
        (Submitting, Mismatch, "the same, and the table holds something else"),
        (Submitting, Superseded, "a run that shipped every row arrived"),
        (Accepted, Submitting, "its pipe is broken and may forget it"),
        (Accepted, Verified, "the table has it"),
        (Accepted, Failed, "Snowflake refused it"),
        (Accepted, Mismatch, "the table holds something else"),
        (Accepted, Superseded, "a run that shipped every row arrived"),
        (Verified, Verified, "the table still has it"),
        (
            Verified,
            Failed,
            "the table cannot be asked, and the history says that a later load was refused",
        ),
        (Verified, Mismatch, "somebody changed the table since"),
        (Verified, Superseded, "somebody in it is forgotten, or a repair shipped rows of it again"),
        (Failed, Verified, "somebody mended what Snowflake refused, and it was loaded"),
        (Failed, Failed, "it is still refused"),
        (Failed, Mismatch, "somebody loaded a part of it"),
        (Failed, Superseded, "the table is right without it"),
        (Mismatch, Verified, "somebody loaded it again"),
        (Mismatch, Failed, "somebody took its rows away, and loading it again was refused"),
        (Mismatch, Mismatch, "the table still holds something else"),
        (Mismatch, Superseded, "the table is right without it"),
        (Superseded, Mismatch, "it was settled, and rows are gone that stand in no newer file"),
    ];

    #[test]
    fn a_file_makes_the_steps_that_something_makes_it_take_and_no_other() {
        for from in FileState::ALL {
            for to in FileState::ALL {
                let reason = STEPS.iter().find(|(a, b, _)| (*a, *b) == (from, to));
                assert_eq!(from.may_become(to), reason.is_some(), "{from} to {to}: {reason:?}");
            }
        }
    }

    #[test]
    fn a_state_has_one_word_in_the_ledger_and_in_json() {
        for state in FileState::ALL {
            assert_eq!(state.name().parse(), Ok(state));
            let json = serde_json::to_string(&state).unwrap();
            assert_eq!(json, format!("\"{state}\""));
            assert_eq!(serde_json::from_str::<FileState>(&json).unwrap(), state);
        }
        insta::assert_snapshot!("arrived".parse::<FileState>().unwrap_err(),
            @"`arrived` is not a state of a file (exported, uploaded, submitting, accepted, loaded, verified, superseded, failed, mismatch)");
    }
}
