//! What a run came to, in numbers: what every sink of metrics tells.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::millis;
use crate::ids::Table;

/// What a run came to. Each table and each bucket stands there, also with 0.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Rows of the playlists that were read.
    pub fetched_row_count: u64,
    /// Rows of the files that the report is about, by table.
    pub shipped_row_counts: BTreeMap<Table, u64>,
    /// Rows of those of them that are proven, by table.
    pub verified_row_counts: BTreeMap<Table, u64>,
    /// Files that are proven.
    pub verified_file_count: u64,
    /// Files on their way to Snowflake; none where no account is configured.
    pub pending_file_count: u64,
    /// Files that Snowflake refused.
    pub failed_file_count: u64,
    /// Files whose rows or contents differ there.
    pub mismatched_file_count: u64,
    /// Calls to Spotify by bucket of its quota, repeated ones included.
    pub spotify_call_counts: BTreeMap<&'static str, u64>,
    /// Those among them that repeat another.
    pub spotify_retry_count: u64,
    /// Time spent waiting for Spotify.
    #[serde(rename = "spotify_waited_ms", serialize_with = "millis")]
    pub spotify_waited: Duration,
    /// Checks of severity `error` that found something.
    pub failed_check_count: u64,
    /// Since a run last ended well; where none ever did, since the first one began.
    #[serde(rename = "freshness_ms", serialize_with = "millis")]
    pub freshness: Duration,
}

impl Totals {
    /// Rows of all files that the report is about.
    pub fn shipped_row_count(&self) -> u64 {
        self.shipped_row_counts.values().sum()
    }

    /// Rows of all files that are proven.
    pub fn verified_row_count(&self) -> u64 {
        self.verified_row_counts.values().sum()
    }

    /// All calls to Spotify.
    pub fn spotify_call_count(&self) -> u64 {
        self.spotify_call_counts.values().sum()
    }
}
