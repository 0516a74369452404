//! What a repair settled: it ships the rows that were wrong and settles the whole file they stood in, whose other rows are then in no
//! file that a verification asks about. Their table is compared as a whole instead, in one statement where it is the same.
//!
//! In: a verification, before it takes up its files. Out: notes of what was compared, or the files wrong again, for it to take up.
//!
//! Rows that only Snowflake has are no fault of a file's: `reconcile` tells of them.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Error;
use super::{Comparison, Run, compare as compare_table, notes};
use crate::config::Account;
use crate::ids::Table;
use crate::ledger::settled::SettledRows;
use crate::phrase::{counted, either};
use crate::snowflake::compare::TableComparison;

/// Compares the tables of settled files that the verification is about.
///
/// # Errors
/// That the run was interrupted, or that the ledger cannot be read: what Snowflake does not answer is not known, and kept as that.
pub(crate) async fn compare(run: &mut Run<'_>) -> Result<(), Error> {
    let Some(account) = run.account else { return Ok(()) };
    for table in Table::ALL {
        run.check_stop()?;
        let about = run.settings.run.as_ref();
        let Some(rows) = SettledRows::of(&run.warehouse, table, about)? else { continue };
        if let Some(error) = look_at(run, account, table, &rows).await? {
            let doubt = format!(
                "`{table}` has {} in files that a repair or `reconcile` settled, and could not be compared as a whole",
                counted(rows.row_count, "current row")
            );
            run.findings.doubts.push(doubt);
            if !is_for_this_table_alone(&error) {
                run.findings.refusal.get_or_insert(error);
                break;
            }
            if !matches!(&error, Error::Snowflake(error) if error.is_transient()) {
                run.findings.refusal.get_or_insert(error);
            }
        }
    }
    Ok(())
}

/// Whether other tables may be answered for all the same.
fn is_for_this_table_alone(error: &Error) -> bool {
    matches!(error, Error::ColumnGone { .. })
        || matches!(error, Error::Snowflake(error) if error.is_transient() || error.is_no_answer() || error.is_missing_object())
}

/// Compares one table; what Snowflake refused to answer.
async fn look_at(
    run: &mut Run<'_>,
    account: &Account,
    table: Table,
    rows: &SettledRows,
) -> Result<Option<Error>, Error> {
    let tag = run.id().to_string();
    let now = run.now().format("%Y-%m-%dT%H:%M:%S%.6f").to_string();
    let with = Comparison { account, query_tag: &tag, now: &now, stop: run.stop };
    let compared = compare_table(&run.warehouse, table, &with).await;
    let comparison = match compared {
        Ok(comparison) => comparison,
        Err(error @ (Error::Snowflake(_) | Error::ColumnGone { .. }))
            if !error.is_interruption() =>
        {
            return Ok(Some(error));
        }
        Err(error) => return Err(error),
    };
    let wrong = wrong_rows(&comparison, rows);
    let Some(example) = wrong.values().next() else {
        run.findings.notes.push(notes::settled(table, rows.row_count));
        run.findings.compared.push(table);
        return Ok(None);
    };
    let of_rows: BTreeSet<&str> = wrong.keys().map(|(run_id, _)| run_id.as_str()).collect();
    let count = wrong.len() as u64;
    let of = counted(count, "row");
    let (stand, are) = (either(count, "stands", "stand"), either(count, "is", "are"));
    let reason = format!(
        "{of} of `{table}` that {stand} only in files which a repair settled {are} not in Snowflake as here, for example `{example}`"
    );
    run.findings.notes.push(reason.clone());
    let now = run.now();
    rows.unsettle(&mut run.warehouse, &of_rows, &reason, now)?;
    Ok(None)
}

/// The rows of settled files that are not in Snowflake as they are here, by run and key; their keys in words.
fn wrong_rows(
    comparison: &TableComparison,
    rows: &SettledRows,
) -> BTreeMap<(String, Vec<String>), String> {
    let differing = comparison.differences.iter().filter_map(|it| {
        let local = it.local.as_ref().filter(|local| !local.is_unshipped)?;
        let name = (local.run_id.clone(), it.key.clone());
        rows.holds(&local.run_id).then(|| (name, it.key.join(", ")))
    });
    differing.collect()
}
