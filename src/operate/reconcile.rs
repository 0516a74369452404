//! Whole tables compared, DuckDB against Snowflake's current rows, and the rows that differ shipped again.
//!
//! A table that is the same costs one statement; one that differs four, whatever its size.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::Config;
use crate::event::{Sink, Teller};
use crate::ids::Table;
use crate::ledger;
use crate::run::{Comparison, Error, HeldLedger, Job, Settings, compare, hold_to_read};
use crate::snowflake::compare::{Difference, Kind, TableComparison};
use crate::snowflake::{Names, literal};
use crate::status::RunStatus;
use crate::stop::Stop;
use crate::warehouse::Warehouse;

/// What a reconciliation found.
pub(crate) struct Reconciliation {
    /// Per table.
    pub tables: Vec<TableComparison>,
    /// What takes the rows away that only Snowflake has, per table.
    pub deletions: BTreeMap<Table, String>,
    /// What takes the versions away that are of a time still to come, per table.
    pub deletions_ahead: BTreeMap<Table, String>,
    /// How many files were settled because their table is right now, per table.
    pub settled: BTreeMap<Table, usize>,
    /// The loader's role, which is given no right to delete.
    pub role: String,
    /// The latest run, where the quality gate refused it: until one passes, nothing is shipped, a repair neither.
    pub refused: Option<String>,
}

/// What to compare.
pub(crate) struct Asked<'a> {
    /// Which tables; all of them where none is named.
    pub tables: &'a [Table],
    /// Those of which rows were gone or changed, and were shipped again since.
    pub repaired: BTreeSet<Table>,
}

impl Reconciliation {
    /// Whether nothing differs.
    pub(crate) fn is_same(&self) -> bool {
        self.tables.iter().all(|table| table.differences.is_empty())
    }

    /// The keys that another shipment can mend, per table; over newer rows only with `is_forced`.
    pub(crate) fn keys(&self, is_forced: bool) -> BTreeMap<Table, BTreeSet<String>> {
        let of = |table: &TableComparison| {
            // With a row goes its group, and nothing newer may be in that; nothing is newer than what is still to come.
            let is_refused = |it: &&Difference| match it.kind {
                Kind::NewerThere => !is_forced,
                Kind::AheadThere => true,
                _ => false,
            };
            let newer = table.differences.iter().filter(is_refused);
            let refused: BTreeSet<String> = newer.map(|it| group_of(table.table, it)).collect();
            let mended = table.differences.iter().filter(|it| {
                is_shipped_again(it, is_forced) && !refused.contains(&group_of(table.table, it))
            });
            (table.table, mended.map(|it| it.row_key.clone()).collect::<BTreeSet<_>>())
        };
        self.tables.iter().map(of).filter(|(_, keys)| !keys.is_empty()).collect()
    }

    /// The tables that lack rows of files which arrived, or have them otherwise.
    pub(crate) fn incomplete(&self) -> BTreeSet<Table> {
        self.tables.iter().filter(|it| is_incomplete(it)).map(|it| it.table).collect()
    }

    /// How many rows differ.
    pub(crate) fn count(&self) -> usize {
        self.tables.iter().map(|table| table.differences.len()).sum()
    }

    /// How many rows that only Snowflake has go when their group is shipped again.
    pub(crate) fn count_going_with_group(&self) -> usize {
        let rows = self.tables.iter().flat_map(|table| &table.differences);
        rows.filter(|it| it.goes_with_group).count()
    }

    /// How many rows of a kind differ.
    pub(crate) fn count_of(&self, kind: Kind) -> usize {
        let of =
            |table: &TableComparison| table.differences.iter().filter(|it| it.kind == kind).count();
        self.tables.iter().map(of).sum()
    }
}

fn is_incomplete(table: &TableComparison) -> bool {
    table.differences.iter().any(|it| it.kind.is_mended_by_repair())
}

/// Whether a shipment of the row's group makes Snowflake's current rows right.
fn is_shipped_again(difference: &Difference, is_forced: bool) -> bool {
    match difference.kind {
        Kind::OnlyHere | Kind::OlderThere | Kind::Changed | Kind::Unshipped => true,
        Kind::NewerThere => is_forced,
        Kind::AheadThere => false,
        Kind::OnlyThere => difference.goes_with_group,
    }
}

/// Notes which rows that only Snowflake has go when their group is shipped again.
///
/// The newest group is the current one: it takes no row away that is of a time still to come, and one that is all gone here cannot be shipped.
fn note_groups(
    warehouse: &Warehouse,
    comparison: &mut TableComparison,
    now: &str,
) -> Result<(), Error> {
    let table = comparison.table;
    let is_past = |it: &Difference| {
        it.remote.as_ref().is_some_and(|remote| remote.extracted_at.as_str() <= now)
    };
    let rows = comparison.differences.iter_mut();
    let mut rows: Vec<&mut Difference> =
        rows.filter(|it| it.kind == Kind::OnlyThere && is_past(it)).collect();
    if rows.is_empty() || table.group() == table.key() {
        return Ok(());
    }
    let groups = rows.iter().map(|it| group_of(table, it)).collect();
    let held = warehouse.held_groups(table, &groups)?;
    rows.iter_mut()
        .filter(|it| held.contains(&group_of(table, it)))
        .for_each(|it| it.go_with_group());
    Ok(())
}

fn group_of(table: Table, difference: &Difference) -> String {
    match difference.key.first() {
        Some(first) if table.group() != table.key() => first.clone(),
        _ => difference.row_key.clone(),
    }
}

/// The statement that takes the rows of a kind away; `None` where there is none.
fn deletion(names: &Names, comparison: &TableComparison, kind: Kind) -> Option<String> {
    let table = comparison.table;
    let rows = comparison.differences.iter();
    let rows = rows.filter(|it| it.kind == kind && !it.goes_with_group);
    let keys: Vec<String> = rows
        .map(|it| {
            let values: Vec<String> =
                it.key.iter().map(|value| literal(value).to_string()).collect();
            match values.as_slice() {
                [one] => one.clone(),
                several => format!("({})", several.join(", ")),
            }
        })
        .collect();
    let columns = table.key().to_ascii_uppercase();
    let columns = if columns.contains(',') { format!("({columns})") } else { columns };
    let place = names.table(table);
    (!keys.is_empty())
        .then(|| format!("delete from {place} where {columns} in ({})", keys.join(", ")))
}

/// The same of versions that are of a time still to come; the older ones of their rows stay.
fn deletion_ahead(names: &Names, comparison: &TableComparison, now: &str) -> Option<String> {
    let deletion = deletion(names, comparison, Kind::AheadThere)?;
    Some(format!("{deletion} and EXTRACTED_AT > {}", literal(now)))
}

/// Compares tables.
///
/// # Errors
/// [`Error::Connect`] without an account, [`Error::Snowflake`], [`Error::LedgerLost`] where this ledger shipped nothing and they have rows.
pub(crate) async fn reconcile(
    config: &Config,
    settings: &Settings,
    asked: &Asked<'_>,
    sink: Sink<'_>,
    stop: &Arc<Stop>,
) -> Result<Reconciliation, Error> {
    let why = "there is nothing to compare with";
    let target = config.required_account(settings.shipping.snowflake, settings.clock, why)?;
    let teller = Teller::new(sink, settings.clock);
    let events = |what| teller.tell(what);
    let job = Job { config, settings, events: &events, stop };
    let HeldLedger { lock: _lock, mut warehouse } = hold_to_read(&job, "reconcile").await?;
    let tables = if asked.tables.is_empty() { &Table::ALL[..] } else { asked.tables };
    let knows_files = ledger::runs::knows_files(&warehouse)?;
    let now = (settings.clock)().format("%Y-%m-%dT%H:%M:%S%.6f").to_string();
    let (mut found, mut settled) = (Vec::new(), BTreeMap::new());
    let with = Comparison { account: &target, query_tag: "snowtrack reconcile", now: &now, stop };
    for table in tables {
        let mut comparison = compare(&warehouse, *table, &with).await?;
        if !knows_files && 0 < comparison.remote.row_count {
            let ledger = config.data_dir.warehouse();
            return Err(Error::LedgerLost { ledger, table: table.name() });
        }
        note_groups(&warehouse, &mut comparison, &now)?;
        let mut settled_count = 0;
        if asked.repaired.contains(table) && !is_incomplete(&comparison) {
            let now = (settings.clock)();
            settled_count += ledger::files::mark_repaired(&mut warehouse, *table, now)?;
        }
        if comparison.differences.is_empty() {
            // Whatever became of a file once, its rows are right now.
            let now = (settings.clock)();
            settled_count += ledger::files::mark_compared(&mut warehouse, *table, now)?;
        }
        if 0 < settled_count {
            settled.insert(*table, settled_count);
        }
        found.push(comparison);
    }
    let only = |it: &TableComparison| deletion(&target.names, it, Kind::OnlyThere);
    let ahead = |it: &TableComparison| deletion_ahead(&target.names, it, &now);
    let deletions = found.iter().filter_map(|it| Some((it.table, only(it)?))).collect();
    let deletions_ahead = found.iter().filter_map(|it| Some((it.table, ahead(it)?))).collect();
    let role = target.names.role.to_string();
    let latest = ledger::latest_runs(&warehouse, 1)?.into_iter().next();
    let refused = latest.filter(|it| it.status == RunStatus::Refused).map(|it| it.run_id);
    Ok(Reconciliation { tables: found, deletions, deletions_ahead, settled, role, refused })
}
