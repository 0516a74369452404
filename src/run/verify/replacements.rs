//! Where every row of a table was shipped anew and arrived, what became of its older files no longer matters.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{RunId, Table};
use crate::lake::ExportedFile;
use crate::ledger::{self, Replacement, Shipment, ShippedFile, Step};
use crate::run::error::Error;
use crate::snowflake::Verification;
use crate::status::{FileState, Verdict};
use crate::warehouse::Warehouse;

/// What the runs among these replace that shipped every row.
pub(crate) fn replacements(
    warehouse: &Warehouse,
    shipments: &[Shipment],
    verification: &Verification,
) -> Result<Vec<Replacement>, Error> {
    let mut full_runs = BTreeSet::new();
    for Shipment { run, .. } in shipments {
        if ledger::runs::is_full(warehouse, &run.id)? {
            full_runs.insert(&run.id);
        }
    }
    Ok(arrived_whole(shipments, &full_runs, verification))
}

/// The tables of which every file of a run arrived.
fn arrived_whole(
    shipments: &[Shipment],
    full_runs: &BTreeSet<&RunId>,
    verification: &Verification,
) -> Vec<Replacement> {
    let verdicts: BTreeMap<&str, Verdict> =
        verification.files.iter().map(|file| (file.key.as_str(), file.verdict)).collect();
    let mut replacements = Vec::new();
    for shipment in shipments.iter().filter(|shipment| full_runs.contains(&shipment.run.id)) {
        let mut arrived: BTreeMap<Table, bool> = BTreeMap::new();
        for file in shipment.exported() {
            let is_in = verdicts.get(file.key.as_str()) == Some(&Verdict::Verified);
            *arrived.entry(file.table).or_insert(true) &= is_in;
        }
        let tables = arrived.into_iter().filter(|(_, is_in)| *is_in);
        replacements
            .extend(tables.map(|(table, _)| Replacement { run: shipment.run.id.clone(), table }));
    }
    replacements
}

/// The keys of the older files that these settle, as the ledger does: what is proven stays so, and what is not submitted yet will be.
pub(crate) fn replaced_keys(
    shipments: &[Shipment],
    replacements: &[Replacement],
    verification: &Verification,
) -> BTreeSet<String> {
    let found: BTreeMap<&str, FileState> = verification
        .files
        .iter()
        .filter_map(|file| Some((file.key.as_str(), FileState::of_verdict(file.verdict)?)))
        .collect();
    let older = shipments.iter().flat_map(|shipment| {
        let is_replaced = |shipped: &&ShippedFile| {
            let ExportedFile { table, key, .. } = &shipped.file;
            let state = found.get(key.as_str()).copied().unwrap_or(shipped.state);
            let is_older = |it: &Replacement| shipment.run.id < it.run && *table == it.table;
            Step::REPLACED.takes(state) && replacements.iter().any(is_older)
        };
        shipment.files.iter().filter(is_replaced)
    });
    older.map(|shipped| shipped.file.key.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::ShippedFile;
    use crate::snowflake::{Evidence, verify};
    use crate::status::FileState;

    /// Everything as Snowflake's silence leaves it, but for these keys.
    fn verified(shipments: &[Shipment], keys: &[&str]) -> Verification {
        let files = shipments.iter().flat_map(Shipment::exported);
        let mut verification = verify(files, &BTreeMap::<_, Evidence>::new());
        for file in &mut verification.files {
            if keys.contains(&file.key.as_str()) {
                file.verdict = Verdict::Verified;
            }
        }
        verification
    }

    #[test]
    fn a_full_run_replaces_older_files_only_when_all_of_the_table_arrived() {
        let file = |key| ShippedFile::example(key, FileState::Accepted, None);
        let shipments = [
            Shipment::example(1, vec![file("old")]),
            Shipment::example(2, vec![file("new 1"), file("new 2")]),
            Shipment::example(3, vec![file("newer")]),
        ];
        let full = BTreeSet::from([&shipments[1].run.id]);
        let half = arrived_whole(&shipments, &full, &verified(&shipments, &["new 1"]));
        assert!(half.is_empty());
        let judged = verified(&shipments, &["new 1", "new 2"]);
        assert!(arrived_whole(&shipments, &BTreeSet::new(), &judged).is_empty(), "no full run");
        let whole = arrived_whole(&shipments, &full, &judged);
        assert_eq!(whole.len(), 1);
        let old = BTreeSet::from(["old".to_owned()]);
        assert_eq!(replaced_keys(&shipments, &whole, &judged), old);
        let proven = verified(&shipments, &["old", "new 1", "new 2"]);
        assert_eq!(replaced_keys(&shipments, &whole, &proven), BTreeSet::new());
        let mut waiting = shipments.clone();
        waiting[0].files[0].state = FileState::Uploaded;
        assert_eq!(replaced_keys(&waiting, &whole, &judged), BTreeSet::new());
    }
}
