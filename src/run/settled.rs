//! What a repair settled: it ships the rows that were wrong and settles the whole file they stood in, whose other rows are then in no
//! file that a verification asks about. Their table is compared as a whole instead, in one statement where it is the same.
//!
//! In: a verification, before it takes up its files. Out: notes of what was compared, or the files wrong again, for it to take up.
//!
//! Rows that only Snowflake has are no fault of a file's: `reconcile` tells of them.

use std::collections::BTreeSet;

use super::error::Error;
use super::{Comparison, Run, compare as compare_table, notes};
use crate::config::Account;
use crate::ids::Table;
use crate::ledger::settled::SettledRows;
use crate::phrase::{counted, either, listed};
use crate::snowflake::compare::{Difference, Kind, TableComparison};

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
    let of_rows: BTreeSet<&str> = wrong.iter().map(|it| it.run_id).collect();
    let now = run.now();
    rows.settle_again(&mut run.warehouse, &of_rows, now)?;
    let Some(reason) = reason(table, &wrong) else {
        run.findings.notes.push(notes::settled(table, rows.row_count));
        run.findings.compared.push(table);
        return Ok(None);
    };
    run.findings.notes.push(reason.clone());
    rows.unsettle(&mut run.warehouse, &of_rows, &reason, now)?;
    Ok(None)
}

/// A row of a settled file that is not in Snowflake as it is here.
struct WrongRow<'c> {
    /// Who wrote it.
    run_id: &'c str,
    difference: &'c Difference,
}

fn wrong_rows<'c>(comparison: &'c TableComparison, rows: &SettledRows) -> Vec<WrongRow<'c>> {
    let differing = comparison.differences.iter().filter_map(|difference| {
        let local = difference.local.as_ref().filter(|local| !local.is_unshipped)?;
        let run_id = local.run_id.as_str();
        rows.holds(run_id).then_some(WrongRow { run_id, difference })
    });
    differing.collect()
}

/// What is wrong with them, in one sentence; `None` where nothing is.
fn reason(table: Table, wrong: &[WrongRow<'_>]) -> Option<String> {
    let example = wrong.first()?.difference.key.join(", ");
    let count = wrong.len() as u64;
    let of = counted(count, "row");
    let (stand, are) = (either(count, "stands", "stand"), either(count, "is", "are"));
    let kinds = Kind::ALL.into_iter().filter_map(|kind| {
        let of_kind = wrong.iter().filter(|it| it.difference.kind == kind).count();
        (0 < of_kind).then(|| (of_kind, kind.label()))
    });
    let kinds: Vec<(usize, &str)> = kinds.collect();
    let how = match kinds.as_slice() {
        [(_, only)] => (*only).to_owned(),
        several => {
            let told = several.iter().map(|(count, label)| format!("{count} {label}"));
            listed(&told.collect::<Vec<_>>())
        }
    };
    Some(format!(
        "{of} of `{table}` that {stand} only in files which a repair settled {are} not in Snowflake as here ({how}), for example `{example}`"
    ))
}
