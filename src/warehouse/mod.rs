//! The embedded DuckDB: raw documents in, shipped tables and the analysts' file out. All of it blocks.
//!
//! Only this folder and the ledger know the `duckdb` crate. Every column is born in a `.sql` file of `sql_files`; here are statements of one
//! line at most, with bound values.

mod arrivals;
mod check_runs;
mod compact;
mod compare;
mod documents;
mod error;
mod files;
mod forget;
mod genres;
mod image;
mod journal;
mod known_reads;
mod known_schema;
mod landing;
mod lost;
mod mart_files;
mod published;
mod query;
mod reader;
mod reads;
mod recommend;
mod refused;
mod sql_files;
mod stream;
mod transform;

use std::cell::{Cell, OnceCell, RefCell};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use duckdb::types::{FromSql, FromSqlError, FromSqlResult, TimeUnit, Value, ValueRef};
use duckdb::{Config, Connection, InterruptHandle};

use arrivals::Arrivals;
pub(crate) use arrivals::ArrivedPage;
pub(crate) use check_runs::{EarlierFailure, NotedFinding, Offending};
pub(crate) use compare::{BucketSum, CurrentRow, KeyHash, TableSum};
pub(crate) use documents::LandedDocument;
pub use error::Error;
pub(crate) use files::FileForm;
pub(crate) use forget::{KeptFile, Kind as ForgottenKind, Theirs, Touched, redact};
pub(crate) use genres::GenreRead;
pub(crate) use image::SCHEMA_VERSION;
pub(crate) use journal::Described;
use journal::Journal;
pub(crate) use known_reads::KnownReads;
pub(crate) use landing::{Landing, ReceivedFor};
pub(crate) use mart_files::PublishedMarts;
pub(crate) use published::{
    FEATURE_FILES, FeatureTable, FeatureWish, NextVersion, PublishedFeatures, PublishedFile,
    remove_features,
};
pub(crate) use query::{Answered, Column, Question, Refusal, Shape, answer, query_memory_bytes};
pub(crate) use query::{ListedTable, counts, csv_line};
pub(crate) use reader::Reader;
pub(crate) use reads::{FinishedRead, KnownRead, ListedPlaylist, NewRead, ReadStatus, WholeRead};
pub(crate) use recommend::{Evaluation, FoundList, Listening, RecommendedSong, Score, Seeds};
pub(crate) use refused::Finding;
#[cfg(test)]
pub(crate) use sql_files::Scratch;
pub(crate) use sql_files::ledger as ledger_sql;
pub(crate) use sql_files::question;
pub(crate) use sql_files::{CHECKS, CheckFile};
pub(crate) use sql_files::{COLUMNS_OF_A_TABLE, NEAREST_NAME, TABLES_OF_A_FILE};
pub(crate) use sql_files::{OwnerColumn, forgotten_by};
pub(crate) use sql_files::{for_consumers, for_table, keep_all_keys, keep_forgotten_keys};
pub(crate) use stream::{Among, BatchProof, FoundEvent, RowBatch, StreamRow};
pub(crate) use transform::TableCount;

pub(crate) use error::Doing;

use crate::ids::{InvalidId, RunId, Table};
use crate::stop::Stop;

/// The work file: `raw`, `staging`, `core` and `meta`.
pub(crate) struct Warehouse {
    connection: Connection,
    next_read_id: Cell<i64>,
    next_document_id: Cell<i64>,
    next_item_id: Cell<i64>,
    arrivals: RefCell<Arrivals>,
    /// Bytes landed since the file was opened; `None`, where it is worth all threads already.
    landed_bytes: Cell<Option<u64>>,
    stop: Arc<Stop>,
    path: PathBuf,
    // Behind the connection and never closed before it: the system gives up DuckDB's lock on a file as soon as the process closes
    // it anywhere.
    image: OnceCell<File>,
}

/// Ends a statement, whose transaction is rolled back, and whatever is written aside.
pub(crate) struct Interrupt {
    statement: Arc<InterruptHandle>,
    stop: Arc<Stop>,
}

impl Interrupt {
    /// Does it, once and for all.
    pub(crate) fn interrupt(&self) {
        self.stop.ask();
        self.statement.interrupt();
    }
}

/// DuckDB's memory, in bytes. 256 MB carries a million rows; its default would be 80 % of the machine.
const MEMORY_LIMIT: u64 = 256_000_000;

/// Less is not enough for DuckDB to land a page; a container that small ends by its own limit, and says so.
const LEAST_MEMORY: u64 = 64_000_000;

/// In a small container it gets two fifths: at its peak a run has as much beside it (256 MB made 410 MiB with a million rows).
fn memory_limit_bytes() -> u64 {
    memory_share(MEMORY_LIMIT)
}

/// The same for whoever may have more, where there is more.
fn memory_share(most: u64) -> u64 {
    let share = |bytes: u64| (bytes / 5 * 2).clamp(LEAST_MEMORY, most);
    crate::machine::memory_limit_bytes().map_or(most, share)
}

fn memory_limit() -> String {
    format!("{}KB", memory_limit_bytes() / 1000)
}

/// More bytes, in the work file and landed since it was opened, are worth more than one thread: on few rows the others do nothing but
/// wait for each other.
const MOST_BYTES_ON_ONE_THREAD: u64 = 64 << 20;

/// An allocation above this returns freed memory to the system first. DuckDB's allocator keeps it for a second, which for few rows is
/// the whole run: what each step has freed adds up. Many rows are worth keeping it, and have DuckDB's own value.
const MOST_KEPT_FOR_FEW_ROWS: &str = "1MB";
const KEPT_MEMORY: &str = "allocator_bulk_deallocation_flush_threshold";

fn most_threads() -> i64 {
    let count = std::thread::available_parallelism().map_or(2, usize::from).clamp(1, 4);
    i64::try_from(count).unwrap_or(2)
}

fn connect(path: &Path, config: Config) -> Result<Connection, Error> {
    Connection::open_with_flags(path, config).map_err(|source| Error::open(path, source))
}

impl Warehouse {
    /// Opens or makes the work file and brings its schema up to date.
    ///
    /// # Errors
    /// [`Error::Held`] names another process that has the file, [`Error::Open`] where the folder is not writable.
    pub(crate) fn open(path: &Path, temp_directory: &Path) -> Result<Self, Error> {
        let is_large =
            std::fs::metadata(path).is_ok_and(|file| file.len() > MOST_BYTES_ON_ONE_THREAD);
        let limits = Config::default().max_memory(&memory_limit());
        let limits = match is_large {
            true => limits,
            false => limits.and_then(|it| it.with(KEPT_MEMORY, MOST_KEPT_FOR_FEW_ROWS)),
        };
        let config = limits
            .and_then(|config| config.threads(if is_large { most_threads() } else { 1 }))
            .and_then(|config| config.with("temp_directory", temp_directory.to_string_lossy()))
            // It makes the published file a sixth smaller, for half the time of publishing.
            .and_then(|config| config.with("disabled_compression_methods", "fsst"))
            .doing("set DuckDB's limits")?;
        let open = |source| Error::open(path, source);
        let connection = Connection::open_in_memory_with_flags(config).map_err(open)?;
        // Small row groups keep a landing of 2 KB rows within the memory limit, and a run that adds little compresses only the last of
        // them again; the size is not remembered in the file.
        let attach = format!(
            "attach {} as work (storage_version 'v1.5.0', row_group_size 10240); use work",
            sql_files::literal(&path.to_string_lossy())
        );
        connection.execute_batch(&attach).map_err(open)?;
        let is_foreign = connection.query_row(sql_files::ledger::IS_FOREIGN, [], |row| row.get(0));
        if is_foreign.doing("look at the warehouse")? {
            return Err(Error::NotOurs { path: path.to_owned() });
        }
        known_schema::apply(&connection)?;
        let next = |sql: &str| {
            let highest = connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
            highest.doing("read the ledger").map(|highest| Cell::new(highest.unwrap_or(0) + 1))
        };
        let next_read_id = next("select max(read_id) from meta.reads")?;
        let next_document_id = next("select max(document_id) from raw.documents")?;
        let next_item_id = next(sql_files::ledger::LAST_ITEM_ID)?;
        let warehouse = Self {
            connection,
            next_read_id,
            next_document_id,
            next_item_id,
            arrivals: RefCell::new(Arrivals::new(Journal::beside(path))),
            landed_bytes: Cell::new((!is_large).then_some(0)),
            stop: Arc::default(),
            path: path.to_owned(),
            image: OnceCell::new(),
        };
        warehouse.recover()?;
        Ok(warehouse)
    }

    /// Opens the work file to look at it: nothing is written, not even beside it, and the schema is as it was left.
    ///
    /// # Errors
    /// [`Error::Held`] names a process that writes to the file, [`Error::Open`].
    pub(crate) fn look(path: &Path) -> Result<Self, Error> {
        let config = Config::default().max_memory(&memory_limit()).doing("set DuckDB's limits")?;
        let open = |source| Error::open(path, source);
        let connection = Connection::open_in_memory_with_flags(config).map_err(open)?;
        let name = sql_files::literal(&path.to_string_lossy());
        connection
            .execute_batch(&format!("attach {name} as work (read_only); use work"))
            .map_err(open)?;
        Ok(Self {
            connection,
            next_read_id: Cell::new(0),
            next_document_id: Cell::new(0),
            next_item_id: Cell::new(0),
            arrivals: RefCell::new(Arrivals::new(Journal::beside(path))),
            landed_bytes: Cell::new(None),
            stop: Arc::default(),
            path: path.to_owned(),
            image: OnceCell::new(),
        })
    }

    /// What ends the warehouse's work from another thread.
    pub(crate) fn interrupt(&self) -> Interrupt {
        Interrupt { statement: self.connection.interrupt_handle(), stop: Arc::clone(&self.stop) }
    }

    /// Makes the run known to the SQL files.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn set_run(&self, run_id: &str, started_at: DateTime<Utc>) -> Result<(), Error> {
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
    pub(crate) fn transaction<T, E: From<Error>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.land_pages()?;
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

    /// Takes as many threads, and keeps as much memory, as what was landed is worth.
    fn has_landed(&self, size_bytes: usize) -> Result<(), Error> {
        let Some(before) = self.landed_bytes.get() else { return Ok(()) };
        let landed = before + size_bytes as u64;
        self.landed_bytes.set(Some(landed));
        if landed > MOST_BYTES_ON_ONE_THREAD {
            let set = format!("set threads = {}; reset {KEPT_MEMORY}", most_threads());
            self.connection.execute_batch(&set).doing("take more threads")?;
            self.landed_bytes.set(None);
        }
        Ok(())
    }

    /// How many threads the work file is worth.
    fn thread_count(&self) -> i64 {
        self.landed_bytes.get().map_or_else(most_threads, |_| 1)
    }

    /// A new one for a test, in a folder that goes with the other half.
    #[cfg(test)]
    pub(crate) fn scratch() -> (tempfile::TempDir, Self) {
        let folder = tempfile::tempdir().unwrap();
        let warehouse = Self::open(&folder.path().join("w.duckdb"), folder.path()).unwrap();
        (folder, warehouse)
    }

    /// The connection, for the ledger's own statements.
    pub(crate) const fn connection(&self) -> &Connection {
        &self.connection
    }
}

/// A table by its name; an unknown one is an error, never passed over.
impl FromSql for RunId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map_err(|unknown: InvalidId| FromSqlError::Other(unknown.into()))
    }
}

impl FromSql for Table {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map_err(|unknown: InvalidId| FromSqlError::Other(unknown.into()))
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
