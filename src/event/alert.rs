//! What somebody is called for, and that it is over.

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A message to whoever looks after the pipeline. A run has one at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// What it tells.
    pub alert: AlertKind,
    /// What began, or all that is over.
    pub incidents: Vec<Incident>,
    /// What ended the run; nothing where it ended well.
    pub reason: Option<String>,
    /// The command that continues, or shows how it ended.
    pub command: String,
    /// Whether anybody took it.
    #[serde(skip)]
    pub receipt: Receipt,
}

/// What an alert tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// Something is wrong since a while.
    Began,
    /// It no longer is.
    Over,
}

/// One kind of trouble of one pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Of which kind.
    pub kind: IncidentKind,
    /// When the first run ended with it.
    pub since: DateTime<Utc>,
    /// The failing checks, files or pipes by name, or what else failed.
    pub what: Vec<String>,
}

/// What is wrong, by who mends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentKind {
    /// Spotify.
    Source,
    /// The quality gate refused.
    Refused,
    /// S3 or disk.
    Lake,
    /// Snowflake, or a pipe that a person must mend.
    Snowflake,
    /// Rows or contents differ, or Snowflake refused a file.
    Mismatch,
    /// The second run in a row that ended with "later".
    Pending,
}

impl IncidentKind {
    /// Its name in messages and in the ledger.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Refused => "refused",
            Self::Lake => "lake",
            Self::Snowflake => "snowflake",
            Self::Mismatch => "mismatch",
            Self::Pending => "pending",
        }
    }
}

/// What a sink gives back that delivered an alert: without one the next run tells it again.
#[derive(Debug, Clone, Default)]
pub struct Receipt(Arc<OnceLock<()>>);

impl Receipt {
    /// Somebody has it.
    pub fn give(&self) {
        self.0.get_or_init(|| ());
    }

    /// Whether somebody has it.
    pub fn is_given(&self) -> bool {
        self.0.get().is_some()
    }
}

impl PartialEq for Receipt {
    fn eq(&self, other: &Self) -> bool {
        self.is_given() == other.is_given()
    }
}

impl Eq for Receipt {}
