//! Whole tables compared, DuckDB against Snowflake's current rows, and the rows that differ shipped again.
//!
//! A table that is the same costs one statement; one that differs four, whatever its size.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::Config;
use crate::event::{Sink, Teller};
use crate::ids::Table;
use crate::ledger;
use crate::run::{Comparison, Error, HeldLedger, Job, Settings, compare, hold};
use crate::snowflake::compare::{Difference, Kind, TableComparison};
use crate::snowflake::{Names, literal};
use crate::stop::Stop;

/// What a reconciliation found.
pub(crate) struct Reconciliation {
    /// Per table.
    pub tables: Vec<TableComparison>,
    /// What takes the rows away that only Snowflake has, per table.
    pub deletions: BTreeMap<Table, String>,
    /// What takes the versions away that are of a time still to come, per table.
    pub deletions_ahead: BTreeMap<Table, String>,
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
                is_shipped_again(table.table, it.kind, is_forced)
                    && !refused.contains(&group_of(table.table, it))
            });
            (table.table, mended.map(|it| it.key.join("\u{1f}")).collect::<BTreeSet<_>>())
        };
        self.tables.iter().map(of).filter(|(_, keys)| !keys.is_empty()).collect()
    }

    /// How many rows differ.
    pub(crate) fn count(&self) -> usize {
        self.tables.iter().map(|table| table.differences.len()).sum()
    }

    /// How many rows of a kind differ.
    pub(crate) fn count_of(&self, kind: Kind) -> usize {
        let of =
            |table: &TableComparison| table.differences.iter().filter(|it| it.kind == kind).count();
        self.tables.iter().map(of).sum()
    }
}

/// Whether a shipment of the row's group makes Snowflake's current rows right.
fn is_shipped_again(table: Table, kind: Kind, is_forced: bool) -> bool {
    match kind {
        Kind::OnlyHere | Kind::OlderThere | Kind::Changed | Kind::Unshipped => true,
        Kind::NewerThere => is_forced,
        Kind::AheadThere => false,
        // The newest group is the current one; a group that is all gone cannot be shipped.
        Kind::OnlyThere => table.group() != table.key(),
    }
}

fn group_of(table: Table, difference: &Difference) -> String {
    match difference.key.first() {
        Some(first) if table.group() != table.key() => first.clone(),
        _ => difference.key.join("\u{1f}"),
    }
}

/// The statement that takes the rows of a kind away; `None` where there is none.
fn deletion(names: &Names, comparison: &TableComparison, kind: Kind) -> Option<String> {
    let table = comparison.table;
    let rows = comparison.differences.iter().filter(|it| it.kind == kind);
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

/// Compares `tables` (all of them where none is named).
///
/// # Errors
/// [`Error::Connect`] without an account, [`Error::Snowflake`].
pub(crate) async fn reconcile(
    config: &Config,
    settings: &Settings,
    tables: &[Table],
    sink: Sink<'_>,
    stop: &Arc<Stop>,
) -> Result<Reconciliation, Error> {
    let why = "there is nothing to compare with";
    let target = config.required_account(settings.shipping.snowflake, settings.clock, why)?;
    let teller = Teller::new(sink, settings.clock);
    let events = |what| teller.tell(what);
    let job = Job { config, settings, events: &events, stop };
    let HeldLedger { lock: _lock, mut warehouse } = hold(&job, "reconcile").await?;
    let tables = if tables.is_empty() { &Table::ALL[..] } else { tables };
    let now = (settings.clock)().format("%Y-%m-%dT%H:%M:%S%.6f").to_string();
    let mut found = Vec::new();
    let with = Comparison { account: &target, query_tag: "snowtrack reconcile", now: &now, stop };
    for table in tables {
        let comparison = compare(&warehouse, *table, &with).await?;
        if comparison.differences.is_empty() {
            // Whatever became of a file once, its rows are right now.
            ledger::files::mark_compared(&mut warehouse, *table, (settings.clock)())?;
        }
        found.push(comparison);
    }
    let only = |it: &TableComparison| deletion(&target.names, it, Kind::OnlyThere);
    let ahead = |it: &TableComparison| deletion_ahead(&target.names, it, &now);
    let deletions = found.iter().filter_map(|it| Some((it.table, only(it)?))).collect();
    let deletions_ahead = found.iter().filter_map(|it| Some((it.table, ahead(it)?))).collect();
    Ok(Reconciliation { tables: found, deletions, deletions_ahead })
}
