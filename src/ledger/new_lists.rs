//! Playlists that are to be made at Spotify: planned here first, and forgotten once they are there, so that the same command goes on
//! where it was cut off.

use serde::{Deserialize, Serialize};

use super::settings::{replace_setting, setting};
use crate::warehouse::ledger_sql as sql;
use crate::warehouse::{Doing, Error, Warehouse};

/// What a playlist is to be, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NewListPlan {
    /// Stands in the list's description, by which it is known where the answer was lost that said its id.
    pub(crate) mark: String,
    pub(crate) name: String,
    pub(crate) is_public: bool,
    /// The songs' ids, in their order.
    pub(crate) songs: Vec<String>,
    /// Rows of the source that are none, by kind.
    pub(crate) left_out: Vec<LeftOut>,
    /// Whether Spotify may have been asked to make it.
    pub(crate) is_asked_for: bool,
    /// The list, once its id is known.
    pub(crate) playlist_id: Option<String>,
    /// Songs that Spotify does not take, by their place in `songs`.
    pub(crate) refused: Vec<usize>,
}

/// Rows that are no songs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeftOut {
    /// episode, local, removed or unknown.
    pub(crate) kind: String,
    pub(crate) count: u64,
}

/// The setting of a plan. What forgets somebody (`purge.sql`) knows the name.
fn name(command: &str) -> String {
    format!("new list {command}")
}

/// What this command began, where it did not come to its end.
pub(crate) fn begun(warehouse: &Warehouse, command: &str) -> Result<Option<NewListPlan>, Error> {
    let plan = setting(warehouse, &name(command))?;
    Ok(plan.and_then(|plan| serde_json::from_str(&plan).ok()))
}

/// Notes how far it is.
pub(crate) fn note(
    warehouse: &mut Warehouse,
    command: &str,
    plan: &NewListPlan,
) -> Result<(), Error> {
    let text = serde_json::to_string(plan).unwrap_or_default();
    warehouse.transaction(|warehouse| replace_setting(warehouse, &name(command), &text))
}

/// Notes that it is at its end: the same command makes another one.
pub(crate) fn end(warehouse: &mut Warehouse, command: &str) -> Result<(), Error> {
    warehouse.transaction(|warehouse| {
        let ended = warehouse.connection().execute(sql::FORGET_SETTING, [name(command)]);
        ended.doing("note that the list is made").map(drop)
    })
}
