//! Our own questions to the analysts' file, each answered row by row.

use std::collections::BTreeSet;
use std::path::Path;

use duckdb::{AccessMode, Config, Connection};

use super::error::{Doing, Error};
use super::{connect, memory_share};

/// The analysts' file, open for reading and nothing else.
pub(crate) struct Reader {
    connection: Connection,
    relations: BTreeSet<String>,
}

impl Reader {
    /// Opens the file; what does not fit into memory goes to `temp_directory`.
    ///
    /// # Errors
    /// [`Error::NotPublished`] where there is none yet.
    pub(crate) fn open(file: &Path, temp_directory: &Path) -> Result<Self, Error> {
        if !file.exists() {
            return Err(Error::NotPublished { path: file.to_owned() });
        }
        let config = Config::default()
            .access_mode(AccessMode::ReadOnly)
            .and_then(|config| {
                config.max_memory(&format!("{}KB", memory_share(MOST_MEMORY) / 1000))
            })
            // Before access is off, which would refuse it.
            .and_then(|config| config.with("temp_directory", temp_directory.to_string_lossy()))
            .and_then(|config| config.enable_external_access(false))
            .doing("set DuckDB's limits")?;
        let connection = connect(file, config)?;
        let relations = {
            let mut statement = connection.prepare(RELATIONS).doing("list the published tables")?;
            let names = statement.query_map([], |row| row.get(0));
            names.and_then(Iterator::collect).doing("list the published tables")?
        };
        Ok(Self { connection, relations })
    }

    /// Whether the file has this table or view, named as `marts.playlist_overview`. One that an older version wrote can lack it.
    pub(crate) fn has(&self, relation: &str) -> bool {
        self.relations.contains(relation)
    }

    /// Computes columns of a view for all questions to come, once, and returns what they are called then.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn keep(&self, view: &str, columns: &str) -> Result<String, Error> {
        let name = format!("temp.{}", view.replace('.', "_"));
        let sql = format!("create temp table if not exists {name} as select {columns} from {view}");
        self.connection.execute_batch(&sql).doing(&format!("compute `{view}`"))?;
        Ok(name)
    }

    /// The rows that a query gives, each a JSON object with its columns.
    ///
    /// # Errors
    /// [`Error::Statement`] names the question whose query fails.
    pub(crate) fn rows(&self, name: &str, sql: &str) -> Result<Vec<String>, Error> {
        // The lines of our own files have no semicolon, and may end with a comment.
        let wrapped = format!("select to_json(answer)::varchar from (\n{sql}\n) as answer");
        let doing = || format!("answer `{name}`");
        let mut statement = self.connection.prepare(&wrapped).doing(&doing())?;
        let texts = statement.query_map([], |row| row.get(0));
        texts.and_then(Iterator::collect).doing(&doing())
    }
}

/// A person waits for the answers, and no run is beside them: with a million rows, counting by artist takes more than
/// what a run has.
const MOST_MEMORY: u64 = 2 * super::MEMORY_LIMIT;

/// Tables and views by schema and name.
const RELATIONS: &str = "select table_schema || '.' || table_name from information_schema.tables";
