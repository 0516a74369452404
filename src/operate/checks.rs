//! What the checks find in every row, looked at now.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::blocking::blocking;
use crate::ids::{DataDir, RunId};
use crate::quality;
use crate::run::{CheckReport, TableReport};
use crate::run::{Error, Lock};
use crate::run::{check_report, table_report};
use crate::stop::Stop;
use crate::warehouse;
use crate::warehouse::Warehouse;

/// What was found in every row.
pub struct Everything {
    /// Per check.
    pub checks: Vec<CheckReport>,
    /// What was looked at.
    pub tables: Vec<TableReport>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// Why it is not well.
    pub error: Option<Error>,
}

/// Runs every check on every row, shipped or not, and changes nothing; where rows are still to be shipped, only if `even_if_pending`, else
/// `None`.
///
/// # Errors
/// What kept it from looking.
pub async fn check_everything(
    data_dir: &DataDir,
    even_if_pending: bool,
    warn_only: &BTreeSet<String>,
    clock: fn() -> DateTime<Utc>,
    stop: &Arc<Stop>,
) -> Result<Option<Everything>, Error> {
    let started_at = clock();
    let _lock = Lock::take(data_dir, "check")?;
    let (file, temporary) = (data_dir.warehouse(), data_dir.temp());
    let warehouse = blocking(|| Warehouse::open(&file, &temporary))?;
    let (asked, work) = (Arc::clone(stop), warehouse.interrupt());
    let interrupter = tokio::spawn(async move {
        asked.asked().await;
        work.interrupt();
    });
    let looked = blocking(|| {
        let tables = warehouse.table_counts()?;
        let is_pending = tables.iter().any(|table| table.changed_row_count > 0)
            || warehouse.pending_read_count()? > 0;
        if is_pending && !even_if_pending {
            return Ok(None);
        }
        // It is nobody's run; the checks want to know what time it is.
        let nobody = RunId::new(started_at, fastrand::u128(..));
        warehouse.set_run(nobody.as_str(), started_at)?;
        let kept = data_dir.refused();
        let looked = quality::look_at_everything(&warehouse, nobody.as_str(), warn_only, &kept)?;
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
