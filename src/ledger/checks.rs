//! What the checks of a run found.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::ids::RunId;
use crate::quality;
use crate::warehouse::{self, CHECKS, Doing, Warehouse, ledger_sql};

/// What a check of a run found.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CheckFinding {
    /// The check.
    pub check: String,
    /// `error` or `warn`, as the run took it.
    pub severity: String,
    /// `pass` or `fail`.
    pub status: String,
    /// Rows that it found.
    pub offending_row_count: u64,
    /// Why the check exists.
    pub why: String,
    /// The first of the rows, as JSON: each says where it is.
    pub rows: Vec<Box<RawValue>>,
    /// The same as sentences.
    #[serde(default)]
    pub sentences: Vec<String>,
}

/// What the checks of a run found, in the order in which they were made.
///
/// # Errors
/// [`warehouse::Error::Statement`].
pub(crate) fn findings_of(
    warehouse: &Warehouse,
    run: &RunId,
) -> Result<Vec<CheckFinding>, warehouse::Error> {
    let doing = "look up what the checks found";
    let connection = warehouse.connection();
    let sql = ledger_sql::CHECK_RESULTS;
    let mut statement = connection.prepare(sql).doing(doing)?;
    let results = statement.query_map([run.as_str()], |row| {
        let check: String = row.get(0)?;
        let file = CHECKS.iter().find(|file| file.name == check);
        Ok(CheckFinding {
            why: file.map(quality::why_of).unwrap_or_default().to_owned(),
            check,
            severity: row.get(1)?,
            status: row.get(2)?,
            offending_row_count: row.get(3)?,
            rows: Vec::new(),
            sentences: Vec::new(),
        })
    });
    let mut findings: Vec<CheckFinding> =
        results.doing(doing)?.collect::<Result<_, _>>().doing(doing)?;
    let sql = "select \"check\", failure from meta.check_failures where run_id = ? order by rowid";
    let mut statement = connection.prepare(sql).doing(doing)?;
    let failures = statement.query_map([run.as_str()], |row| Ok((row.get(0)?, row.get(1)?)));
    for failure in failures.doing(doing)? {
        let (check, row): (String, String) = failure.doing(doing)?;
        let finding = findings.iter_mut().find(|finding| finding.check == check);
        // DuckDB wrote it, for which floats without a word in JSON are words all the same.
        if let (Some(finding), Ok(row)) = (finding, RawValue::from_string(row)) {
            finding.rows.push(row);
        }
    }
    tell(warehouse, &mut findings)?;
    Ok(findings)
}

/// Tells the rows as sentences, too.
fn tell(warehouse: &Warehouse, findings: &mut [CheckFinding]) -> Result<(), warehouse::Error> {
    let rows = findings.iter().flat_map(|finding| &finding.rows).map(|row| row.get());
    let names = warehouse.names_of_playlists(&quality::playlists_in(rows))?;
    for finding in findings {
        // One of an earlier version may be there no more.
        let Some(file) = CHECKS.iter().find(|file| file.name == finding.check) else { continue };
        let told = finding.rows.iter().map(|row| quality::sentence(file, row.get(), &names));
        finding.sentences = told.collect();
    }
    Ok(())
}
