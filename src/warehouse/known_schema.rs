//! Whether the work file has its schema already: applying it again costs a small run more than its work does.

use duckdb::{Connection, OptionalExt};
use sha2::{Digest, Sha256};

use super::error::{Doing, Error};
use super::sql_files::{self, ledger as sql};

/// The setting that the sum is kept in.
const SETTING: &str = "schema";

const DOING: &str = "look at the schema";

/// Brings the schema up to date, in one transaction, because each commit waits for the disk; does nothing where the file is as this
/// version left it, which a sum of the catalog's own words and of ours tells.
pub(super) fn apply(connection: &Connection) -> Result<(), Error> {
    if is_known(connection)? {
        return Ok(());
    }
    connection.execute_batch("begin").doing("apply the schema")?;
    for file in sql_files::SCHEMA.iter() {
        connection.execute_batch(file.sql).doing(&format!("apply `{}`", file.name))?;
    }
    connection.execute(sql::FORGET_SETTING, [SETTING]).doing("note the schema")?;
    let noted = connection.execute(sql::NOTE_SETTING, [SETTING, &sum(connection)?]);
    noted.doing("note the schema")?;
    connection.execute_batch("commit").doing("apply the schema")
}

fn is_known(connection: &Connection) -> Result<bool, Error> {
    if !connection.query_row(sql::HAS_SETTINGS, [], |row| row.get(0)).doing(DOING)? {
        return Ok(false);
    }
    let noted = connection.query_row(sql::SETTING, [SETTING], |row| row.get::<_, String>(0));
    let noted = noted.optional().doing(DOING)?;
    noted.map_or(Ok(false), |noted| Ok(noted == sum(connection)?))
}

/// Changes with any word of the schema's files, and with any table or view of the work file.
fn sum(connection: &Connection) -> Result<String, Error> {
    let mut hash = Sha256::new();
    for file in sql_files::SCHEMA.iter() {
        hash.update(file.sql);
    }
    let mut statement = connection.prepare(sql_files::SCHEMA_WORDS).doing(DOING)?;
    let mut rows = statement.query([]).doing(DOING)?;
    while let Some(row) = rows.next().doing(DOING)? {
        hash.update(row.get::<_, String>(0).doing(DOING)?);
        hash.update([0]);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::warehouse::Warehouse;

    #[test]
    fn a_schema_is_applied_once_and_again_where_anything_of_it_is_other_than_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Warehouse::open(&folder.path().join("w.duckdb"), folder.path()).unwrap();
        let changes = [
            ("drop view staging.pending_reads", "select count(*) from staging.pending_reads"),
            ("drop table meta.details", "select count(*) from meta.details"),
            ("alter table raw.rows drop item_at", "select count(item_at) from raw.rows"),
            (
                "create or replace view staging.unshipped_songs as from core.songs limit 0",
                "select 0",
            ),
            ("update meta.settings set value = '' where name = 'schema'", "select 0"),
        ];
        open();
        for (change, question) in changes {
            let warehouse = open();
            assert!(is_known(warehouse.connection()).unwrap(), "before `{change}`");
            warehouse.connection().execute_batch(change).unwrap();
            assert!(!is_known(warehouse.connection()).unwrap(), "`{change}`");
            drop(warehouse);
            let count = open().connection().query_row(question, [], |row| row.get::<_, i64>(0));
            assert_eq!(count.unwrap(), 0, "`{change}`");
        }
    }
}
