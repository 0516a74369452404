//! Makes the next version of the published file, aside from everything else: a copy first, while the transform is at work, then what
//! changed, while the checks look at it. Nobody sees it before `publish.rs` moves it into place.

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use duckdb::{Connection, InterruptHandle};

use super::copy::copy;
use super::{Doing, Error, catalog};
use crate::ids::Table;

/// The next version of the published file, on its way. Dropped, it is taken away again.
pub struct Renewal {
    fresh: PathBuf,
    /// Tells the thread that `core` is as it shall be published; gone, the copy is all that is asked of it.
    go_on: Option<Sender<()>>,
    is_unwanted: Arc<AtomicBool>,
    statement: Arc<InterruptHandle>,
    thread: Option<JoinHandle<(Connection, Result<Outcome, Error>)>>,
}

/// How far the thread came.
enum Outcome {
    Copied,
    /// Whether the tables then had as many rows as those of `core`.
    Renewed(bool),
}

impl Renewal {
    /// Begins with the copy.
    pub(super) fn begin(connection: &Connection, target: &Path) -> Result<Self, Error> {
        let doing = "open a second connection";
        let connection = connection.try_clone().doing(doing)?;
        connection.execute_batch("use work").doing(doing)?;
        let statement = connection.interrupt_handle();
        let (go_on, told) = channel();
        let is_unwanted = Arc::new(AtomicBool::new(false));
        let (target, fresh, unwanted) = (target.to_owned(), fresh(target), is_unwanted.clone());
        let path = fresh.clone();
        let work = move || {
            let renewed = renew(&connection, (&target, &path), &told, &unwanted);
            if renewed.is_err() {
                // Whatever it says is told in time; its bytes may be those that the transform lacks.
                let _ = remove_leftovers(&path);
            }
            // The connection is closed by the other thread, because an interruption that meets its end is not safe.
            (connection, renewed)
        };
        let spawned = std::thread::Builder::new().spawn(work);
        let thread = spawned.map_err(|source| Error::File {
            doing: "start a thread for",
            path: fresh.clone(),
            source,
        })?;
        Ok(Self { fresh, go_on: Some(go_on), is_unwanted, statement, thread: Some(thread) })
    }

    /// Tells it that `core` is as it shall be published.
    pub(super) fn go_on(&self) {
        // Whoever hears it no longer has failed, which `finish` tells.
        let _ = self.go_on.as_ref().map(|go_on| go_on.send(()));
    }

    /// Waits for it, and does on `connection` what it was not told to do. Returns whether the tables of the new file have as many rows
    /// as those of `core`.
    pub(super) fn finish(mut self, connection: &Connection) -> Result<bool, Error> {
        self.go_on = None;
        let Some(thread) = self.thread.take() else { return Ok(false) };
        let (_, outcome) = thread.join().unwrap_or_else(|panic| resume_unwind(panic));
        match outcome? {
            Outcome::Renewed(is_equal) => Ok(is_equal),
            Outcome::Copied => Writer::new(connection).renew(&self.fresh),
        }
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        self.go_on = None;
        self.is_unwanted.store(true, Ordering::Relaxed);
        self.statement.interrupt();
        // Nobody needs it any more; what cannot be removed now is removed before the next one.
        let _ = (thread.join(), remove_leftovers(&self.fresh));
    }
}

fn renew(
    connection: &Connection,
    (target, fresh): (&Path, &Path),
    told: &Receiver<()>,
    is_unwanted: &AtomicBool,
) -> Result<Outcome, Error> {
    remove_leftovers(fresh)?;
    copy(target, fresh, is_unwanted).map_err(|source| Error::File {
        doing: "copy the published file to",
        path: fresh.to_owned(),
        source,
    })?;
    if told.recv().is_err() {
        return Ok(Outcome::Copied);
    }
    Writer { connection, is_unwanted: Some(is_unwanted) }.renew(fresh).map(Outcome::Renewed)
}

/// Writes to a file that is not published yet.
pub(super) struct Writer<'c> {
    connection: &'c Connection,
    is_unwanted: Option<&'c AtomicBool>,
}

impl<'c> Writer<'c> {
    pub(super) const fn new(connection: &'c Connection) -> Self {
        Self { connection, is_unwanted: None }
    }
}

impl Writer<'_> {
    /// Brings what changed into `fresh`. Returns whether the tables then have the rows that `core` has.
    fn renew(&self, fresh: &Path) -> Result<bool, Error> {
        self.with_attached(fresh, "", || {
            self.run("begin")?;
            let changed = self.run(catalog::PUBLISH_GONE).and_then(|()| {
                Table::ALL.into_iter().try_for_each(|table| {
                    tracing::debug!("publish the changes of `{table}`");
                    self.run(&catalog::publish_changes(table))
                })
            });
            self.run(if changed.is_ok() { "commit" } else { "rollback" })?;
            changed?;
            for table in Table::ALL {
                let sql = format!("select (select count(*) from published.core.{table}) = (select count(*) from core.{table})");
                let is_equal = self.connection.query_row(&sql, [], |row| row.get::<_, bool>(0));
                if !is_equal.doing("compare the published file")? {
                    return Ok(false);
                }
            }
            self.run("checkpoint published")?;
            Ok(true)
        })
    }

    /// Writes all of `core` and `marts` to `fresh`.
    pub(super) fn write_anew(&self, fresh: &Path) -> Result<(), Error> {
        remove_leftovers(fresh)?;
        self.with_attached(fresh, "(storage_version 'v1.0.0')", || {
            self.run("create schema published.core; create schema published.marts")?;
            Table::ALL.into_iter().try_for_each(|table| {
                tracing::debug!("publish `{table}`");
                self.run(&catalog::publish_table(table))
            })?;
            // A view remembers the database in which it was made, so the names inside must be found there.
            self.run("use published")?;
            let marts =
                catalog::MARTS.iter().try_for_each(|mart| self.run(&catalog::mart_view(mart)));
            self.run("use work")?;
            marts?;
            self.run("checkpoint published")
        })
    }

    fn run(&self, sql: &str) -> Result<(), Error> {
        // An interruption between two statements interrupts nothing.
        if self.is_unwanted.is_some_and(|it| it.load(Ordering::Relaxed)) {
            let (path, source) = (PathBuf::new(), std::io::ErrorKind::Interrupted.into());
            return Err(Error::File { doing: "renew the published file", path, source });
        }
        self.connection.execute_batch(sql).doing("write the published file")
    }

    pub(super) fn with_attached<T>(
        &self,
        file: &Path,
        options: &str,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let name = catalog::literal(&file.to_string_lossy());
        let detach = "detach database if exists published";
        // What was cut off may have left it.
        self.run(detach)?;
        self.run(&format!("attach {name} as published {options}"))?;
        let done = work();
        let detached = self.connection.execute_batch(detach).doing("close the published file");
        let done = done?;
        detached.map(|()| done)
    }
}

/// Where the next version of `target` is made.
pub(super) fn fresh(target: &Path) -> PathBuf {
    target.with_extension("duckdb.new")
}

/// Bytes of a file.
pub(super) fn size(file: &Path) -> Result<u64, Error> {
    std::fs::metadata(file).map(|metadata| metadata.len()).map_err(|source| Error::File {
        doing: "look at",
        path: file.to_owned(),
        source,
    })
}

fn remove_leftovers(fresh: &Path) -> Result<(), Error> {
    remove_if_there(fresh)?;
    remove_if_there(&fresh.with_extension("new.wal"))
}

pub(super) fn remove_if_there(file: &Path) -> Result<(), Error> {
    match std::fs::remove_file(file) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::File { doing: "remove", path: file.to_owned(), source })
        }
        _ => Ok(()),
    }
}
