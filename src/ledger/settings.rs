//! Small notes that the ledger keeps under a name.

use duckdb::OptionalExt;

use crate::warehouse::ledger_sql as sql;
use crate::warehouse::{Doing, Error, Warehouse};

/// A note of ours under a name.
pub(crate) fn setting(warehouse: &Warehouse, name: &str) -> Result<Option<String>, Error> {
    warehouse
        .connection()
        .query_row(sql::SETTING, [name], |row| row.get(0))
        .optional()
        .doing("look up a setting")
}

/// Replaces a note of ours.
pub(crate) fn set_setting(warehouse: &mut Warehouse, name: &str, value: &str) -> Result<(), Error> {
    warehouse.transaction(|warehouse| replace_setting(warehouse, name, value))
}

/// Replaces a note of ours, in the caller's transaction.
pub(super) fn replace_setting(warehouse: &Warehouse, name: &str, value: &str) -> Result<(), Error> {
    let doing = "note a setting";
    let connection = warehouse.connection();
    let found = connection.execute(sql::RENEW_SETTING, [name, value]).doing(doing)?;
    match found {
        0 => connection.execute(sql::NOTE_SETTING, [name, value]).doing(doing).map(|_| ()),
        _ => Ok(()),
    }
}
