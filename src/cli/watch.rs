//! What is waited for, on a terminal: one line for each table on its way to Snowflake, redrawn where it is.
//!
//! In: how far each table is. Out: lines on standard error, which stay when the waiting is over.

use std::collections::BTreeMap;
use std::sync::Mutex;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::harmless::one_line;
use super::layout::{columns_of_stderr, cut};
use crate::event::TableProgress;
use crate::ids::Table;
use crate::observe::words;
use crate::phrase::counted;
use crate::status::Verdict;

/// Lines that are redrawn where they are.
pub(super) struct LiveTable {
    lines: MultiProgress,
    rows: Mutex<BTreeMap<Table, ProgressBar>>,
}

impl LiveTable {
    /// No table yet, among these lines.
    pub(super) fn new(lines: MultiProgress) -> Self {
        Self { lines, rows: Mutex::default() }
    }

    /// A bar below the table.
    pub(super) fn add_below(&self, bar: ProgressBar) -> ProgressBar {
        self.lines.add(bar)
    }

    /// Draws a table's line, for the first time above `bar`.
    pub(super) fn show(&self, progress: &TableProgress, bar: &ProgressBar) {
        let Ok(mut rows) = self.rows.lock() else { return };
        let row = rows.entry(progress.table).or_insert_with(|| {
            let row = self.lines.insert_before(bar, ProgressBar::new_spinner());
            let style = ProgressStyle::with_template("{wide_msg}");
            row.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            row
        });
        row.set_message(cut(&cells(progress), columns_of_stderr()).into_owned());
        row.tick();
    }

    /// Leaves the lines as they are.
    pub(super) fn finish(&self) {
        if let Ok(rows) = self.rows.lock() {
            rows.values().for_each(ProgressBar::abandon);
        }
    }
}

/// A table's line with its columns below those of the others.
fn cells(progress: &TableProgress) -> String {
    let TableProgress { table, verdict, held_by, .. } = progress;
    let reason = words::held_by(held_by.as_ref());
    let mark = match verdict {
        Verdict::Verified => '✓',
        Verdict::Pending => '·',
        Verdict::Failed | Verdict::Mismatch => '✗',
    };
    let files = format!(
        "{} of {}",
        progress.verified_file_count,
        counted(progress.file_count as u64, "file")
    );
    let rows = format!("{} of {}", progress.verified_row_count, counted(progress.row_count, "row"));
    let text =
        format!("{mark} {:<17} {files:>14}  {rows:>24}  {verdict:<8}  {reason}", table.name());
    one_line(text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::HeldBy;

    fn progress(table: Table, verdict: Verdict, reason: &str) -> TableProgress {
        let is_in = verdict == Verdict::Verified;
        TableProgress {
            table,
            verdict,
            file_count: 2,
            verified_file_count: if is_in { 2 } else { 1 },
            row_count: 1_234_567,
            verified_row_count: if is_in { 1_234_567 } else { 234_567 },
            held_by: (!reason.is_empty()).then(|| HeldBy::Verdict { reason: reason.to_owned() }),
        }
    }

    #[test]
    fn a_line_fits_80_100_and_140_columns_and_says_where_it_is_cut() {
        let reason =
            "its pipe `SPOTIFY.RAW.SONGS_PIPE` has taken the file, and has not reported on it yet";
        let line = cells(&progress(Table::Songs, Verdict::Pending, reason));
        let shown = [80, 100, 140].map(|width| cut(&line, width).into_owned());
        insta::assert_snapshot!(shown.join("\n"), @r"
        · songs               1 of 2 files    234567 of 1234567 rows  pending   its pip…
        · songs               1 of 2 files    234567 of 1234567 rows  pending   its pipe `SPOTIFY.RAW.SONGS…
        · songs               1 of 2 files    234567 of 1234567 rows  pending   its pipe `SPOTIFY.RAW.SONGS_PIPE` has taken the file, and has not r…
        ");
    }

    #[test]
    fn a_line_says_files_rows_state_and_what_it_waits_for() {
        let tables = [
            progress(Table::Songs, Verdict::Verified, ""),
            progress(
                Table::SongObservations,
                Verdict::Pending,
                "its pipe has not reported on it yet",
            ),
            progress(Table::Albums, Verdict::Mismatch, "`albums` holds 3 rows of it, 4 were sent"),
        ];
        let shown: Vec<String> =
            tables.iter().flat_map(|table| [cells(table), words::table_progress(table)]).collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        ✓ songs               2 of 2 files   1234567 of 1234567 rows  verified
        `songs`: verified, 2 of 2 files, 1234567 of 1234567 rows
        · song_observations   1 of 2 files    234567 of 1234567 rows  pending   its pipe has not reported on it yet
        `song_observations`: pending, 1 of 2 files, 234567 of 1234567 rows; its pipe has not reported on it yet
        ✗ albums              1 of 2 files    234567 of 1234567 rows  mismatch  `albums` holds 3 rows of it, 4 were sent
        `albums`: mismatch, 1 of 2 files, 234567 of 1234567 rows; `albums` holds 3 rows of it, 4 were sent
        ");
    }
}
