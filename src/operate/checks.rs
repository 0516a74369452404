//! What the checks find in every row, looked at now.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::blocking::blocking;
use crate::config::Config;
use crate::event::{Sink, Teller};
use crate::ids::RunId;
use crate::run::{
    CheckReport, Error, HeldLedger, Job, Settings, TableReport, check_report, hold_ledger,
    table_report,
};
use crate::stop::Stop;
use crate::{ledger, quality, warehouse};

/// What was found in every row.
pub(crate) struct Everything {
    /// Per check.
    pub checks: Vec<CheckReport>,
    /// What was looked at.
    pub tables: Vec<TableReport>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// Why it is not well.
    pub error: Option<Error>,
}

/// Runs every check on every row, shipped or not, and changes nothing; where rows are still to be shipped and a run is there to go on
/// with, which is told what they are, only if `even_if_pending`, else `None`. No run is begun for it.
///
/// # Errors
/// What kept it from looking.
pub(crate) async fn check_everything(
    config: &Config,
    settings: &Settings,
    even_if_pending: bool,
    sink: Sink<'_>,
    stop: &Arc<Stop>,
) -> Result<Option<Everything>, Error> {
    let teller = Teller::new(sink, settings.clock);
    let events = |what| teller.tell(what);
    let job = Job { config, settings, events: &events, stop };
    let HeldLedger { lock: _lock, warehouse } = hold_ledger(&job, "check").await?;
    // Only now: whoever waited begins when the wait is over.
    let started_at = (settings.clock)();
    let (asked, work) = (Arc::clone(stop), warehouse.interrupt());
    let interrupter = tokio::spawn(async move {
        asked.asked().await;
        work.interrupt();
    });
    let looked = blocking(|| {
        let tables = warehouse.table_counts()?;
        let is_pending = tables.iter().any(|table| table.changed_row_count > 0)
            || warehouse.pending_read_count()? > 0;
        if is_pending && !even_if_pending && ledger::runs::is_any_unfinished(&warehouse)? {
            return Ok(None);
        }
        // It is nobody's run; the checks want to know what time it is.
        let nobody = RunId::new(started_at, fastrand::u128(..));
        warehouse.set_run(nobody.as_str(), started_at)?;
        let kept = config.data_dir.refused();
        let looked =
            quality::look_at_everything(&warehouse, nobody.as_str(), &settings.warn_only, &kept)?;
        Ok::<_, warehouse::Error>(Some((tables, looked)))
    });
    interrupter.abort();
    let looked = match looked {
        Err(_) if stop.is_asked() => return Err(Error::Interrupted),
        looked => looked?,
    };
    Ok(looked.map(|(tables, (results, verdict))| Everything {
        checks: results.iter().map(check_report).collect(),
        tables: tables.iter().map(table_report).collect(),
        started_at,
        error: verdict.err().map(|_| Error::Unsound {
            failed_checks: quality::refusing(&results),
            first: quality::first_refusing(&results),
        }),
    }))
}
