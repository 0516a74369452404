//! Where every row of a table was shipped anew and arrived, what became of its older files no longer matters.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::RunId;
use crate::lake::ExportedFile;
use crate::ledger::{self, Parcel, Replacement};
use crate::run::error::Error;
use crate::snowflake::{Verdict, Verification};
use crate::warehouse::Warehouse;

/// What the runs among these replace that shipped every row.
pub(crate) fn replacements(
    warehouse: &Warehouse,
    parcels: &[Parcel],
    verification: &Verification,
) -> Result<Vec<Replacement>, Error> {
    let mut full_runs = BTreeSet::new();
    for parcel in parcels {
        if ledger::runs::is_full(warehouse, &parcel.run_id)? {
            full_runs.insert(&parcel.run_id);
        }
    }
    Ok(arrived_whole(parcels, &full_runs, verification))
}

/// The tables of which every file of a run arrived.
fn arrived_whole(
    parcels: &[Parcel],
    full_runs: &BTreeSet<&RunId>,
    verification: &Verification,
) -> Vec<Replacement> {
    let verdicts: BTreeMap<&str, Verdict> =
        verification.files.iter().map(|file| (file.key.as_str(), file.verdict)).collect();
    let mut replacements = Vec::new();
    for parcel in parcels.iter().filter(|parcel| full_runs.contains(&parcel.run_id)) {
        let mut arrived: BTreeMap<&str, bool> = BTreeMap::new();
        for file in parcel.files() {
            let is_in = verdicts.get(file.key.as_str()) == Some(&Verdict::Verified);
            *arrived.entry(&file.table).or_insert(true) &= is_in;
        }
        let tables = arrived.into_iter().filter(|(_, is_in)| *is_in);
        replacements.extend(
            tables.map(|(table, _)| Replacement {
                run: parcel.run_id.clone(),
                table: table.to_owned(),
            }),
        );
    }
    replacements
}

/// The keys of the older files that these settle.
pub(crate) fn replaced_keys(parcels: &[Parcel], replacements: &[Replacement]) -> BTreeSet<String> {
    let older = parcels.iter().flat_map(|parcel| {
        let is_replaced = |file: &&ExportedFile| {
            replacements.iter().any(|it| parcel.run_id < it.run && file.table == it.table)
        };
        parcel.files().filter(is_replaced)
    });
    older.map(|file| file.key.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Entry;
    use crate::snowflake::verify;

    /// Everything as Snowflake's silence leaves it, but for these keys.
    fn verified(parcels: &[Parcel], keys: &[&str]) -> Verification {
        let files: Vec<ExportedFile> = parcels.iter().flat_map(Parcel::files).cloned().collect();
        let mut verification = verify(&files, &BTreeMap::new());
        for file in &mut verification.files {
            if keys.contains(&file.key.as_str()) {
                file.verdict = Verdict::Verified;
            }
        }
        verification
    }

    #[test]
    fn a_full_run_replaces_older_files_only_when_all_of_the_table_arrived() {
        let entry = |key| Entry::example(key, "accepted", None);
        let parcels = [
            Parcel::example(1, vec![entry("old")]),
            Parcel::example(2, vec![entry("new 1"), entry("new 2")]),
            Parcel::example(3, vec![entry("newer")]),
        ];
        let full = BTreeSet::from([&parcels[1].run_id]);
        let half = arrived_whole(&parcels, &full, &verified(&parcels, &["new 1"]));
        assert!(half.is_empty());
        let judged = verified(&parcels, &["new 1", "new 2"]);
        assert!(arrived_whole(&parcels, &BTreeSet::new(), &judged).is_empty(), "no full run");
        let whole = arrived_whole(&parcels, &full, &judged);
        assert_eq!(whole.len(), 1);
        assert_eq!(replaced_keys(&parcels, &whole), BTreeSet::from(["old".to_owned()]));
    }
}
