//! What a run came to, in numbers: what every sink of metrics tells.

use std::time::Duration;

use super::Run;
use super::report::RunReport;
use crate::event::Totals;
use crate::ids::Table;
use crate::ledger::Freshness;
use crate::quality::Severity;
use crate::sources::Bucket;
use crate::status::{FileState, PlaylistStatus};

/// The totals of a run that ended; what the ledger does not say any more counts as fresh.
pub(super) fn totals(run: &Run<'_>, report: &RunReport) -> Totals {
    let mut totals = Totals {
        shipped_row_counts: Table::ALL.into_iter().map(|table| (table, 0)).collect(),
        verified_row_counts: Table::ALL.into_iter().map(|table| (table, 0)).collect(),
        spotify_call_counts: Bucket::ALL.into_iter().map(|it| (it.name(), 0)).collect(),
        spotify_retry_count: report.spotify.retry_count,
        spotify_waited: Duration::from_millis(report.spotify.waited_ms),
        freshness: freshness(run),
        ..Totals::default()
    };
    let read = report.playlists.iter().filter(|it| it.status == PlaylistStatus::Fetched);
    totals.fetched_row_count = read.map(|playlist| playlist.row_count).sum();
    for (bucket, count) in run.findings.calls.iter() {
        totals.spotify_call_counts.insert(bucket.name(), count);
    }
    let is_refusing =
        |check: &&crate::quality::CheckResult| check.severity == Severity::Error && !check.passed();
    totals.failed_check_count = run.findings.checks.iter().filter(is_refusing).count() as u64;
    let goes_to_snowflake = run.config.snowflake.account.is_some();
    for file in &report.files {
        let (table, row_count) = (file.file.table, file.file.row_count);
        *totals.shipped_row_counts.entry(table).or_default() += row_count;
        match file.state {
            FileState::Verified => {
                totals.verified_file_count += 1;
                *totals.verified_row_counts.entry(table).or_default() += row_count;
            }
            FileState::Mismatch => totals.mismatched_file_count += 1,
            FileState::Failed => totals.failed_file_count += 1,
            FileState::Superseded => {}
            _ => totals.pending_file_count += u64::from(goes_to_snowflake),
        }
    }
    totals
}

/// Since a run last ended well, as `status --max-age` counts it.
fn freshness(run: &Run<'_>) -> Duration {
    let goes_to_snowflake = run.config.snowflake.account.is_some();
    let since = Freshness::of(&run.warehouse)
        .ok()
        .and_then(|freshness| freshness.stale_since(goes_to_snowflake));
    since.and_then(|since| (run.now() - since).to_std().ok()).unwrap_or_default()
}
