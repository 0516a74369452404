//! The work file as a whole, to be copied while it is open.

use std::fs::File;
use std::io::Seek;

use super::Warehouse;
use super::error::{Doing, Error};

/// Grows whenever the work file changes so that an older version of this program must not touch it.
pub(crate) const SCHEMA_VERSION: u32 = 2;

impl Warehouse {
    /// The bytes of the work file, from its beginning, with everything in it that was ever noted. They stay as they are for as long as
    /// the warehouse is borrowed.
    ///
    /// # Errors
    /// [`Error::Statement`] where something else is under way, [`Error::File`].
    pub(crate) fn image(&mut self) -> Result<&File, Error> {
        self.land_pages()?;
        let doing = "write everything into the work file";
        self.connection.execute_batch("checkpoint work").doing(doing)?;
        let failed = |source| Error::File { doing: "read", path: self.path.clone(), source };
        if self.image.get().is_none() {
            let file = File::open(&self.path).map_err(failed)?;
            // Nobody else can have set it.
            let _ = self.image.set(file);
        }
        let missing = || failed(std::io::ErrorKind::NotFound.into());
        let mut file = self.image.get().ok_or_else(missing)?;
        file.rewind().map_err(failed)?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    /// Each version with what its tables are, as a hash of their definitions. A change of a table is a new line here and a new
    /// `SCHEMA_VERSION`; a line that was released stays as it is.
    const SCHEMAS: [(u32, &str); 2] = [
        (1, "daf814df9ec0712973031947eddd41c9764615162561d085f4f7bb561803e383"),
        (2, "7f02a7b2356f96f5bff7fdac3ea88bf783bb450dcf24188e86d987581d755ba3"),
    ];

    const DEFINITIONS: &str = "
        select schema_name, table_name, sql from duckdb_tables()
        where database_name = 'work' and not internal and not temporary
        union all
        select schema_name, index_name, sql from duckdb_indexes() where database_name = 'work'
        union all
        select schema_name, sequence_name, sql from duckdb_sequences()
        where database_name = 'work' and not temporary
        order by all";

    /// The tables of a new work file, whatever white space stands in their definitions.
    fn definitions() -> String {
        let folder = tempfile::tempdir().unwrap();
        let (path, temp) = (folder.path().join("x.duckdb"), folder.path().join("temp"));
        let warehouse = Warehouse::open(&path, &temp).unwrap();
        let mut statement = warehouse.connection.prepare(DEFINITIONS).unwrap();
        let of_row = |row: &duckdb::Row<'_>| {
            let (schema, name): (String, String) = (row.get(0)?, row.get(1)?);
            let sql: String = row.get(2)?;
            Ok(format!("{schema}.{name}: {}", sql.split_whitespace().collect::<Vec<_>>().join(" ")))
        };
        let lines = statement.query_map([], of_row).unwrap().map(Result::unwrap);
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn whoever_changes_a_table_of_the_ledger_raises_its_version() {
        let definitions = definitions();
        assert!(definitions.contains("meta.runs: CREATE TABLE"), "{definitions}");
        let hash: String =
            Sha256::digest(&definitions).iter().map(|byte| format!("{byte:02x}")).collect();
        let (version, known) = SCHEMAS[SCHEMAS.len() - 1];
        assert_eq!(version, SCHEMA_VERSION, "a line for each version");
        assert!(SCHEMAS.windows(2).all(|pair| pair[0].0 < pair[1].0), "{SCHEMAS:?}");
        assert_eq!(
            hash, known,
            "the ledger's tables changed: raise `SCHEMA_VERSION`, and add its line to `SCHEMAS`. They are now\n{definitions}"
        );
    }
}
