//! Rows whose files never reached the bucket.

use super::Warehouse;
use super::error::{Doing, Error};
use super::sql_files::{TAKE_OVER, for_table, ledger};
use crate::ids::Table;

impl Warehouse {
    /// Makes a table's rows of another run this run's, so that they are checked and shipped again; how many they are.
    ///
    /// Whole groups go, as they came: a run that changes a group has all of its rows.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn take_over(&mut self, table: Table, run_id: &str) -> Result<usize, Error> {
        let doing = format!("ship rows of `{table}` again");
        self.transaction(|warehouse| {
            let connection = warehouse.connection();
            let rows = for_table(TAKE_OVER, table);
            let count = connection.execute(&rows, [run_id]).doing(&doing)?;
            if 0 < count {
                warehouse.note_change(&doing)?;
            }
            Ok(count)
        })
    }

    /// Whether the table has rows of this run, or rows that no run has shipped.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn has_rows_to_ship(&self, table: Table, run_id: &str) -> Result<bool, Error> {
        let sql = ledger::HAS_ROWS_TO_SHIP.replace("{table}", table.name());
        let doing = format!("look for rows of `{table}`");
        self.connection().query_row(&sql, [run_id], |row| row.get(0)).doing(&doing)
    }
}
