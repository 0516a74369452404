//! How much a run ships and asks of Snowflake, at most.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::prices;
use crate::config::Config;
use crate::ids::Table;
use crate::run::Rehearsal;
use crate::snowflake::{Cost, IngestMode};

/// A row in a file takes less, compressed or not.
const ROW_BYTES: u64 = 1 << 10;
/// Rows that one row of a list makes in the largest table: a song has few artists.
const ROWS_PER_ROW: u64 = 8;
/// Files of one call of `COPY INTO`, and of one look into a landing table.
const FILES_PER_STATEMENT: u64 = 1_000;
/// What Snowflake bills at least when a warehouse wakes up.
const LEAST_BILLED_SECS: u64 = 60;

/// Tables that full artists and albums change, and the one that nothing else does.
const OF_DETAILS: [&str; 3] = ["artists", "albums", ONLY_OF_DETAILS];
const ONLY_OF_DETAILS: &str = "genres";

/// What a run ships at most.
pub(super) struct Bounds {
    /// Rows of the tables that are known to have any to ship.
    known: BTreeMap<Table, u64>,
    /// Tables that may get rows from lists that were not seen whole, and how many at most.
    possible: BTreeMap<Table, u64>,
    /// Files that are on their way already, by table.
    outstanding: BTreeMap<Table, u64>,
    max_file_bytes: u64,
}

impl Bounds {
    pub(super) fn of(config: &Config, rehearsal: &Rehearsal) -> Self {
        let foreseen = &rehearsal.foreseen;
        let tables = rehearsal.tables.iter();
        let known = tables.map(|table| (table.table, table.changed_row_count)).collect();
        let list_rows = foreseen.row_count * ROWS_PER_ROW;
        let mut possible = BTreeMap::new();
        for table in Table::ALL {
            let has_list = 0 < list_rows && table.name() != ONLY_OF_DETAILS;
            let of_lists = if has_list { list_rows } else { 0 };
            let is_of_details = OF_DETAILS.contains(&table.name());
            let has_details = is_of_details && 0 < foreseen.detail_count;
            if has_list || has_details {
                let of_details = if has_details { foreseen.detail_count * ROWS_PER_ROW } else { 0 };
                possible.insert(table, of_lists + of_details);
            }
        }
        let mut outstanding = BTreeMap::new();
        for file in rehearsal.outstanding.iter().flat_map(|shipment| &shipment.files) {
            *outstanding.entry(file.file.table).or_default() += 1;
        }
        let max_file_bytes = config.lake.max_file_mib.max(1) << 20;
        Self { known, possible, outstanding, max_file_bytes }
    }

    /// New files of a table.
    fn new_files(&self, table: Table) -> u64 {
        let (known, possible) = (self.known.get(&table), self.possible.get(&table));
        if known.is_none() && possible.is_none() {
            return 0;
        }
        let rows = known.copied().unwrap_or(0) + possible.copied().unwrap_or(0);
        1 + rows.saturating_mul(ROW_BYTES) / self.max_file_bytes
    }

    /// Files that are shipped, those that are on their way included.
    pub(super) fn file_count(&self) -> u64 {
        let new: u64 = Table::ALL.into_iter().map(|table| self.new_files(table)).sum();
        new + self.outstanding.values().sum::<u64>()
    }

    /// Writes to the bucket: each file, and a manifest.
    pub(super) fn put_count(&self) -> u64 {
        match self.file_count() {
            0 => 0,
            files => files + 1,
        }
    }

    /// Statements that use a warehouse. A table is looked into when its pipe says that its files are in, and once more where that was
    /// too early; its pipe's status may need one, too. Of tables that may have no news at all, each counts for less.
    pub(super) fn statement_count(&self, mode: IngestMode) -> u64 {
        let (of_known, of_possible) = match mode {
            IngestMode::Rest => (3, 2),
            IngestMode::Copy => (4, 4),
            IngestMode::Auto => (6, 4),
        };
        let files = |table: Table| {
            self.new_files(table) + self.outstanding.get(&table).copied().unwrap_or(0)
        };
        let certain: BTreeSet<Table> =
            self.known.keys().chain(self.outstanding.keys()).copied().collect();
        let each = Table::ALL.into_iter().map(|table| {
            let per_batch = match (certain.contains(&table), files(table)) {
                (_, 0) => 0,
                (true, _) => of_known,
                (false, _) => of_possible,
            };
            per_batch * files(table).div_ceil(FILES_PER_STATEMENT)
        });
        each.sum()
    }

    /// Credits: a warehouse that each statement keeps awake for a minute, as long as the verification lasts at most; one refresh of the
    /// current tables; and what the pipes load.
    pub(super) fn credits(
        &self,
        mode: IngestMode,
        statement_count: u64,
        cost: &Cost,
        verify_timeout: Duration,
    ) -> f64 {
        if statement_count == 0 {
            return 0.0;
        }
        let falls_asleep = cost.awake_secs.unwrap_or(LEAST_BILLED_SECS).max(LEAST_BILLED_SECS);
        let asked = (statement_count * LEAST_BILLED_SECS).min(verify_timeout.as_secs());
        let warehouse_secs = asked.max(LEAST_BILLED_SECS) + falls_asleep + falls_asleep;
        let rows: u64 = self.known.values().chain(self.possible.values()).sum();
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let (hours, gigabytes) =
            (warehouse_secs as f64 / 3_600.0, rows.saturating_mul(ROW_BYTES) as f64 / 1e9);
        let by_pipe = if mode == IngestMode::Copy { 0.0 } else { prices::PIPE_CREDITS_PER_GB };
        hours * cost.credits_per_hour + gigabytes * by_pipe
    }
}

/// What credits and writes to the bucket cost together.
pub(super) fn dollars(credits: f64, put_count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let puts = put_count as f64 * prices::DOLLARS_PER_PUT;
    credits * prices::DOLLARS_PER_CREDIT + puts
}
