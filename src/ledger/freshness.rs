//! When the last run ended well: what a health check asks.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::warehouse::ledger_sql as sql;
use crate::warehouse::{Doing, Error, Warehouse};

/// When a run last ended in each way that can count as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Freshness {
    /// With every row proven.
    verified_at: Option<DateTime<Utc>>,
    /// With nothing to send.
    unchanged_at: Option<DateTime<Utc>>,
    /// With its files in the lake, here or in the bucket.
    exported_at: Option<DateTime<Utc>>,
    /// Whether Snowflake holds every file that was ever sent.
    is_every_file_proven: bool,
    /// When the first run began. The status file of an older version does not say.
    #[serde(default)]
    first_started_at: Option<DateTime<Utc>>,
}

impl Freshness {
    /// As the ledger has it.
    pub(crate) fn of(warehouse: &Warehouse) -> Result<Self, Error> {
        let at = |row: &duckdb::Row<'_>, column: &str| {
            let found: Option<NaiveDateTime> = row.get(column)?;
            Ok::<_, duckdb::Error>(found.map(|at| at.and_utc()))
        };
        let read = |row: &duckdb::Row<'_>| {
            Ok(Self {
                verified_at: at(row, "verified_at")?,
                unchanged_at: at(row, "unchanged_at")?,
                exported_at: at(row, "exported_at")?,
                is_every_file_proven: row.get("is_every_file_proven")?,
                first_started_at: at(row, "first_started_at")?,
            })
        };
        warehouse
            .connection()
            .query_row(sql::FRESHNESS, [], read)
            .doing("look up how the last runs ended")
    }

    /// When the last run ended well. Where Snowflake is the destination that is one that was verified, and one without news while
    /// nothing that was sent is in doubt; elsewhere one that did what there was to do.
    pub(crate) fn ended_well_at(&self, goes_to_snowflake: bool) -> Option<DateTime<Utc>> {
        let unchanged =
            self.unchanged_at.filter(|_| self.is_every_file_proven || !goes_to_snowflake);
        let exported = self.exported_at.filter(|_| !goes_to_snowflake);
        [self.verified_at, unchanged, exported].into_iter().flatten().max()
    }

    /// Since when nothing ended well: the last good end, or the beginning of the first run.
    pub(crate) fn stale_since(&self, goes_to_snowflake: bool) -> Option<DateTime<Utc>> {
        self.ended_well_at(goes_to_snowflake).or(self.first_started_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_as_well_depends_on_the_destination() {
        let at = |second| DateTime::from_timestamp(second, 0);
        let freshness = |is_every_file_proven| Freshness {
            verified_at: at(10),
            unchanged_at: at(20),
            exported_at: at(30),
            is_every_file_proven,
            first_started_at: at(5),
        };
        for (is_proven, goes_to_snowflake, wanted) in
            [(true, true, 20), (false, true, 10), (true, false, 30), (false, false, 30)]
        {
            assert_eq!(freshness(is_proven).ended_well_at(goes_to_snowflake), at(wanted));
        }
        let never = Freshness { verified_at: None, unchanged_at: None, ..freshness(true) };
        assert_eq!(never.ended_well_at(true), None);
        assert_eq!(never.stale_since(true), at(5));
        assert_eq!(freshness(true).stale_since(true), at(20));
    }
}
