//! Files that never reached the bucket and never will: their local copy was changed or is gone, or something else has their key.
//!
//! Their rows are still in the tables. The next run that shapes tables makes them its own and ships them under its own keys; then
//! the lost file is `superseded`. Until that is so, whatever ships says what is missing and does not end well.

use super::Run;
use super::error::Error;
use crate::event::Warning;
use crate::ids::RunId;
use crate::lake;
use crate::ledger::files::supersede_lost;
use crate::ledger::lost::{LostFile, lost_files};
pub(crate) use crate::ledger::lost::{is_any_of, note};
use crate::warehouse::Warehouse;

/// The keys of lost files.
pub(crate) fn keys(warehouse: &Warehouse) -> Result<Vec<String>, Error> {
    Ok(lost_files(warehouse)?.into_iter().map(|file| file.key).collect())
}

/// Makes the rows of lost files this run's.
pub(crate) fn take_over(run: &mut Run<'_>) -> Result<(), Error> {
    for file in lost_files(&run.warehouse)? {
        if run.warehouse.take_over(file.table, &file.run_id)? > 0 {
            let LostFile { key, run_id, reason, .. } = file;
            run.warn(Warning::RowsTakenOver { key, run_id, reason });
        }
    }
    Ok(())
}

/// Marks the lost files as superseded whose rows are all on their way in newer files.
pub(crate) fn supersede(run: &mut Run<'_>) -> Result<(), Error> {
    let mut superseded = Vec::new();
    for file in lost_files(&run.warehouse)? {
        if !run.warehouse.has_rows_to_ship(file.table, &file.run_id)? {
            superseded.push(file.key);
        }
    }
    if superseded.is_empty() {
        return Ok(());
    }
    let now = run.now();
    supersede_lost(&mut run.warehouse, &superseded, now)?;
    for key in superseded {
        run.warn(Warning::Superseded { key });
    }
    Ok(())
}

/// Nothing ends well while rows are in no file that could arrive.
pub(crate) fn require_none(warehouse: &Warehouse, run: Option<&RunId>) -> Result<(), Error> {
    let files = lost_files(warehouse)?.into_iter();
    let mut files = files.filter(|file| run.is_none_or(|run| run.as_str() == file.run_id));
    let Some(LostFile { key, run_id, reason, .. }) = files.next() else { return Ok(()) };
    let other_count = files.count();
    Err(lake::Error::Lost { key, run_id, reason, other_count }.into())
}
