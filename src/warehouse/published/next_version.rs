//! Makes the next version of the published file, aside from everything else: a copy first, while the transform is at work, then what
//! changed, while the checks look at it. Nobody sees it before `publish.rs` moves it into place.

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use duckdb::{Connection, InterruptHandle};

use super::copy::copy;
use crate::ids::Table;
use crate::stop::Stop;
use crate::warehouse::error::{Doing, Error};
use crate::warehouse::sql_files::{self, ledger};

/// The next version of the published file, on its way. Dropped, it is taken away again.
pub(crate) struct NextVersion {
    fresh: PathBuf,
    /// Tells the thread that `core` is as it is to be published; gone, the copy is all that is asked of it.
    apply: Option<Sender<()>>,
    unwanted: Arc<Stop>,
    statement: Arc<InterruptHandle>,
    thread: Option<JoinHandle<(Connection, Result<Progress, Error>)>>,
}

/// How far the next version is.
enum Progress {
    /// A copy of the published one.
    Copied,
    /// With what changed; whether its tables then have as many rows as those of `core`.
    Renewed(bool),
}

impl NextVersion {
    /// Begins with the copy. `stop` ends it as a drop does.
    pub(crate) fn begin(
        connection: &Connection,
        target: &Path,
        stop: &Arc<Stop>,
    ) -> Result<Self, Error> {
        let doing = "open a second connection";
        let connection = connection.try_clone().doing(doing)?;
        connection.execute_batch("use work").doing(doing)?;
        let statement = connection.interrupt_handle();
        let (apply, applying) = channel();
        let unwanted = Arc::new(Stop::new());
        let (target, fresh) = (target.to_owned(), fresh(target));
        let path = fresh.clone();
        let stops = [Arc::clone(stop), Arc::clone(&unwanted)];
        let work = move || {
            let is_unwanted = || stops.iter().any(|stop| stop.is_asked());
            let writer =
                Writer { connection: &connection, fresh: &path, is_unwanted: &is_unwanted };
            let progress = writer.copy(&target).and_then(|()| match applying.recv() {
                Ok(()) => writer.renew().map(Progress::Renewed),
                Err(_) => Ok(Progress::Copied),
            });
            if progress.is_err() {
                // Whatever it says is told in time; its bytes may be those that the transform lacks.
                let _ = remove_leftovers(&path);
            }
            // The connection is closed by the other thread, because an interruption that meets its end is not safe.
            (connection, progress)
        };
        let spawned = std::thread::Builder::new().spawn(work);
        let thread = spawned.map_err(|source| Error::File {
            doing: "start a thread for",
            path: fresh.clone(),
            source,
        })?;
        Ok(Self { fresh, apply: Some(apply), unwanted, statement, thread: Some(thread) })
    }

    /// Tells it that `core` is as it is to be published.
    pub(crate) fn apply_changes(&self) {
        // Whoever hears it no longer has failed, which `finish` tells.
        let _ = self.apply.as_ref().map(|apply| apply.send(()));
    }

    /// Whether there is nothing to wait for.
    #[cfg(test)]
    pub(crate) fn is_done(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for what it was told to do.
    fn finish(mut self) -> Result<Progress, Error> {
        self.end().unwrap_or(Ok(Progress::Copied))
    }

    fn end(&mut self) -> Option<Result<Progress, Error>> {
        self.apply = None;
        let ended = self.thread.take()?.join();
        let (connection, progress) = ended.unwrap_or_else(|panic| resume_unwind(panic));
        drop(connection);
        Some(progress)
    }
}

impl Drop for NextVersion {
    fn drop(&mut self) {
        self.unwanted.ask();
        if self.thread.is_some() {
            self.statement.interrupt();
        }
        if self.end().is_some() {
            // What cannot be removed now is removed before the next one.
            let _ = remove_leftovers(&self.fresh);
        }
    }
}

/// Writes to a file that is not published yet.
pub(crate) struct Writer<'w> {
    pub(crate) connection: &'w Connection,
    pub(crate) fresh: &'w Path,
    /// Asked before each step, because an interruption between two statements interrupts nothing.
    pub(crate) is_unwanted: &'w dyn Fn() -> bool,
}

impl Writer<'_> {
    /// Makes the file a copy of `target`.
    fn copy(&self, target: &Path) -> Result<(), Error> {
        tracing::debug!("copy the published file");
        remove_leftovers(self.fresh)?;
        copy(target, self.fresh, self.is_unwanted).map_err(|source| Error::File {
            doing: "copy the published file to",
            path: self.fresh.to_owned(),
            source,
        })
    }

    /// Waits for what was begun aside, and does the rest. Returns whether the file's tables then have as many rows as those of `core`,
    /// and its size.
    pub(crate) fn completed(
        &self,
        target: &Path,
        begun: Option<NextVersion>,
    ) -> Result<(bool, u64), Error> {
        let progress = match begun {
            Some(next_version) => next_version.finish()?,
            None => self.copy(target).map(|()| Progress::Copied)?,
        };
        let is_equal = match progress {
            Progress::Copied => self.renew()?,
            Progress::Renewed(is_equal) => is_equal,
        };
        Ok((is_equal, size(self.fresh)?))
    }

    /// Brings what changed into the copy. Returns whether its tables then have as many rows as those of `core`.
    fn renew(&self) -> Result<bool, Error> {
        self.with_attached("", || {
            self.run("begin")?;
            let changed = self.run(sql_files::PUBLISH_GONE).and_then(|()| {
                Table::ALL.into_iter().try_for_each(|table| {
                    tracing::debug!("publish the changes of `{table}`");
                    self.run(&sql_files::publish_changes(table))
                })
            });
            // Left open, the transaction would keep the file attached.
            self.end(if changed.is_ok() { "commit" } else { "rollback" })?;
            changed?;
            for table in Table::ALL {
                let sql = ledger::IS_PUBLISHED.replace("{table}", table.name());
                let is_equal = self.connection.query_row(&sql, [], |row| row.get::<_, bool>(0));
                if !is_equal.doing("compare the published file")? {
                    return Ok(false);
                }
            }
            self.run("checkpoint published")?;
            Ok(true)
        })
    }

    /// Writes all of `core` and `marts`.
    pub(crate) fn write_anew(&self) -> Result<(), Error> {
        remove_leftovers(self.fresh)?;
        self.with_attached("(storage_version 'v1.0.0')", || {
            self.run("create schema published.core; create schema published.marts")?;
            Table::ALL.into_iter().try_for_each(|table| {
                tracing::debug!("publish `{table}`");
                self.run(&sql_files::publish_table(table))
            })?;
            // A view remembers the database in which it was made, so the names inside must be found there.
            self.run("use published")?;
            let marts =
                sql_files::MARTS.iter().try_for_each(|mart| self.run(&sql_files::mart_view(mart)));
            self.end("use work")?;
            marts?;
            self.run("checkpoint published")
        })
    }

    fn run(&self, sql: &str) -> Result<(), Error> {
        if (self.is_unwanted)() {
            let source = std::io::ErrorKind::Interrupted.into();
            return Err(Error::File { doing: "go on with", path: self.fresh.to_owned(), source });
        }
        self.end(sql)
    }

    /// A statement that is needed whatever is wanted.
    fn end(&self, sql: &str) -> Result<(), Error> {
        self.connection.execute_batch(sql).doing("write the published file")
    }

    pub(crate) fn with_attached<T>(
        &self,
        options: &str,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let name = sql_files::literal(&self.fresh.to_string_lossy());
        self.run(&format!("attach {name} as published {options}"))?;
        let done = work();
        let detached = self.end("detach published");
        let done = done?;
        detached.map(|()| done)
    }
}

/// Where the next version of `target` is made.
pub(crate) fn fresh(target: &Path) -> PathBuf {
    target.with_extension("duckdb.new")
}

/// Bytes of a file.
pub(crate) fn size(file: &Path) -> Result<u64, Error> {
    std::fs::metadata(file).map(|metadata| metadata.len()).map_err(|source| Error::File {
        doing: "look at",
        path: file.to_owned(),
        source,
    })
}

/// Takes away what a run that was killed may have left.
pub(crate) fn remove_leftovers(fresh: &Path) -> Result<(), Error> {
    remove_if_there(fresh)?;
    remove_if_there(&fresh.with_extension("new.wal"))
}

pub(crate) fn remove_if_there(file: &Path) -> Result<(), Error> {
    match std::fs::remove_file(file) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::File { doing: "remove", path: file.to_owned(), source })
        }
        _ => Ok(()),
    }
}
