//! What is wrong with the pipeline since which run, so that a new process, also on another machine, calls nobody twice.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::settings;
use crate::event::{Incident, IncidentKind, Stage};
use crate::warehouse::{Error, Warehouse};

/// The note of the ledger that has them.
const NOTE: &str = "incidents";

/// An incident that no run has ended yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenIncident {
    /// What is wrong.
    #[serde(flatten)]
    pub(crate) incident: Incident,
    /// Runs that ended with it.
    pub(crate) run_count: u64,
    /// The stage that must end well for it to be over.
    pub(crate) stage: Stage,
    /// When somebody was told.
    pub(crate) told_at: Option<DateTime<Utc>>,
    /// The command whose run ended with it, which continues.
    #[serde(default)]
    pub(crate) command: Option<String>,
}

impl OpenIncident {
    /// Of which kind it is.
    pub(crate) const fn kind(&self) -> IncidentKind {
        self.incident.kind
    }
}

/// The incidents that are open. A note that a later version wrote in its own words counts as none.
pub(crate) fn load(warehouse: &Warehouse) -> Result<Vec<OpenIncident>, Error> {
    let note = settings::setting(warehouse, NOTE)?;
    Ok(note.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// Takes out the commands, which name lists.
pub(crate) fn lose_commands(warehouse: &mut Warehouse) -> Result<(), Error> {
    let mut open = load(warehouse)?;
    if open.iter().all(|incident| incident.command.is_none()) {
        return Ok(());
    }
    open.iter_mut().for_each(|incident| incident.command = None);
    store(warehouse, &open)
}

/// Notes which are open from now on.
pub(crate) fn store(warehouse: &mut Warehouse, open: &[OpenIncident]) -> Result<(), Error> {
    let text = serde_json::to_string(open).expect("names, times and numbers are JSON");
    settings::set_setting(warehouse, NOTE, &text)
}
