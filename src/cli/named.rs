//! The run that a person names: by its id, by a beginning of it, or as `latest`.

use super::exit::Error;
use super::is_there;
use crate::ids::{DataDir, RunId};
use crate::ledger::StatusFile;
use crate::run::Look;

/// The run that a word means, whether the ledger is free, held by a run, or not here at all: then the word must be an id.
pub(super) fn named(data_dir: &DataDir, word: &str) -> Result<RunId, Error> {
    let ids = match is_there(data_dir, &data_dir.warehouse())? {
        false => Vec::new(),
        true => match crate::run::look(data_dir)? {
            Look::Free(warehouse) => crate::ledger::run_ids(&warehouse)?,
            Look::Held { .. } => StatusFile::read(data_dir)
                .map(|status_file| status_file.runs.into_iter().map(|run| run.run_id).collect())
                .unwrap_or_default(),
        },
    };
    // Another machine's run is as good: Snowflake is asked about it, not the ledger.
    meant(word, &ids).or_else(|error| word.parse().map_err(|_| error))
}

/// The run that a word means, among `ids`, the newest first.
pub(super) fn meant(word: &str, ids: &[String]) -> Result<RunId, Error> {
    let beginning = word.to_ascii_uppercase();
    let found: Vec<&String> = match word {
        "latest" => ids.iter().take(1).collect(),
        _ => ids.iter().filter(|id| !word.is_empty() && id.starts_with(&beginning)).collect(),
    };
    match found.as_slice() {
        [only] => only.parse().map_err(|_| unknown(word)),
        [] => Err(unknown(word)),
        several => {
            let named: Vec<&str> = several.iter().take(NAMED).map(|id| id.as_str()).collect();
            let more = match several.len().saturating_sub(NAMED) {
                0 => String::new(),
                left => format!(" and {left} more"),
            };
            Err(Error::Usage(format!(
                "`{word}` is the beginning of {} runs: {}{more}; give more of the id, or `latest`",
                several.len(),
                named.join(", ")
            )))
        }
    }
}

/// Runs that an error lists, the newest first.
const NAMED: usize = 20;

fn unknown(word: &str) -> Error {
    crate::run::Error::UnknownRun(word.to_owned()).into()
}
