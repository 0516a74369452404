//! The embedded DuckDB: raw documents in, shipped tables and the analysts' file out. All of it blocks.
//!
//! Only this folder knows the `duckdb` crate. Every column is born in a `.sql` file of `catalog.rs`; here are statements of one
//! line at most, with bound values.

mod catalog;
mod copy;
mod documents;
mod error;
mod files;
mod landing;
mod publish;
mod query;
mod reads;
mod reconcile;
mod renewal;
mod transform;

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use duckdb::types::{TimeUnit, Value};
use duckdb::{Config, Connection, InterruptHandle};

pub use catalog::{CHECKS, CheckFile};
pub use documents::LandedDocument;
pub use error::Error;
pub use landing::Landing;
pub use query::{QueryFormat, query};
pub use reads::{
    FinishedRead, KnownRead, ListedPlaylist, NewRead, ReadStatus, UnfinishedRead, WholeRead,
};
pub use reconcile::{BucketSum, CurrentRow, KeyHash, TableSum};
pub use renewal::Renewal;
pub use transform::{MissingDetails, PlaylistContents, TableCount};

pub(crate) use error::Doing;

/// The work file: `raw`, `staging`, `core` and `meta`.
pub struct Warehouse {
    connection: Connection,
    next_read_id: Cell<i64>,
    next_document_id: Cell<i64>,
    next_item_id: Cell<i64>,
    is_stopped: Arc<AtomicBool>,
}

/// Ends a statement, whose transaction is rolled back, and whatever is written aside.
pub struct Interrupt {
    statement: Arc<InterruptHandle>,
    is_stopped: Arc<AtomicBool>,
}

impl Interrupt {
    /// Does it, once and for all.
    pub fn interrupt(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        self.statement.interrupt();
    }
}

/// DuckDB's own limits. 256 MB carries a million rows; its default would be 80 % of the machine.
const MEMORY_LIMIT: &str = "256MB";

fn connect(path: &Path, config: Config) -> Result<Connection, Error> {
    Connection::open_with_flags(path, config)
        .map_err(|source| Error::Open { path: path.to_owned(), source: Box::new(source) })
}

impl Warehouse {
    /// Opens or makes the work file and brings its schema up to date.
    ///
    /// # Errors
    /// [`Error::Open`] where another process holds the file or the folder is not writable.
    pub fn open(path: &Path, temp_directory: &Path) -> Result<Self, Error> {
        let threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(1, 4);
        let config = Config::default()
            .max_memory(MEMORY_LIMIT)
            .and_then(|config| config.threads(i64::try_from(threads).unwrap_or(2)))
            .and_then(|config| config.with("temp_directory", temp_directory.to_string_lossy()))
            // It makes the published file a sixth smaller, for half the time of publishing.
            .and_then(|config| config.with("disabled_compression_methods", "fsst"))
            .doing("set DuckDB's limits")?;
        let open = |source| Error::Open { path: path.to_owned(), source: Box::new(source) };
        let connection = Connection::open_in_memory_with_flags(config).map_err(open)?;
        // Small row groups keep a landing of 2 KB rows within the memory limit, and a run that adds little compresses only the last of
        // them again; the size is not remembered in the file.
        let attach = format!(
            "attach {} as work (storage_version 'v1.5.0', row_group_size 10240); use work",
            catalog::literal(&path.to_string_lossy())
        );
        connection.execute_batch(&attach).map_err(open)?;
        // One transaction: each commit waits for the disk.
        connection.execute_batch("begin").doing("apply the schema")?;
        for file in catalog::SCHEMA {
            connection.execute_batch(file.sql).doing(&format!("apply `{}`", file.name))?;
        }
        connection.execute_batch("commit").doing("apply the schema")?;
        let next = |sql: &str| {
            let highest = connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
            highest.doing("read the ledger").map(|highest| Cell::new(highest.unwrap_or(0) + 1))
        };
        let next_read_id = next("select max(read_id) from meta.reads")?;
        let next_document_id = next("select max(document_id) from raw.documents")?;
        let next_item_id = next(
            "select greatest((select max(item_id) from raw.items), (select max(item_id) from raw.rows))",
        )?;
        let is_stopped = Arc::default();
        Ok(Self { connection, next_read_id, next_document_id, next_item_id, is_stopped })
    }

    /// What ends the warehouse's work from another thread.
    pub fn interrupt(&self) -> Interrupt {
        Interrupt {
            statement: self.connection.interrupt_handle(),
            is_stopped: Arc::clone(&self.is_stopped),
        }
    }

    /// Makes the run known to the SQL files.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub fn set_run(&self, run_id: &str, started_at: DateTime<Utc>) -> Result<(), Error> {
        self.connection.execute("set variable run_id = ?", [run_id]).doing("name the run")?;
        self.connection
            .execute("set variable extracted_at = ?::timestamp", [sql_timestamp(started_at)])
            .doing("name the run")?;
        Ok(())
    }

    /// Runs `work` in one transaction: all of it or nothing.
    ///
    /// # Errors
    /// What `work` returns, or [`Error::Statement`].
    pub fn transaction<T, E: From<Error>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.connection.execute_batch("begin").doing("begin a transaction")?;
        match work(self) {
            Ok(value) => {
                self.connection.execute_batch("commit").doing("commit")?;
                Ok(value)
            }
            Err(error) => {
                // The first error is the one to tell; a failed rollback ends with the connection.
                let _ = self.connection.execute_batch("rollback");
                Err(error)
            }
        }
    }

    /// The connection, for the ledger's own statements.
    pub(crate) const fn connection(&self) -> &Connection {
        &self.connection
    }
}

/// A UTC time as DuckDB reads it.
pub(crate) fn sql_timestamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S%.6f").to_string()
}

/// A UTC time for an appender, which takes no text.
fn timestamp(at: DateTime<Utc>) -> Value {
    Value::Timestamp(TimeUnit::Microsecond, at.timestamp_micros())
}
