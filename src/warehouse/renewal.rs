//! Makes the next version of the published file, aside from everything else: a copy first, while the transform is at work, then what
//! changed, while the checks look at it. Nobody sees it before `publish.rs` moves it into place.

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use duckdb::{Connection, InterruptHandle};

use super::copy::copy;
use super::{Doing, Error, catalog};
use crate::ids::Table;

/// The next version of the published file, on its way. Dropped, it is taken away again.
pub struct Renewal {
    fresh: PathBuf,
    go_on: Sender<()>,
    statement: Arc<InterruptHandle>,
    thread: Option<JoinHandle<Result<Option<Renewed>, Error>>>,
}

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Renewed {
    /// Whether the tables have as many rows as those of `core`.
    pub(super) is_equal: bool,
    pub(super) size_bytes: u64,
}

impl Renewal {
    /// Begins with the copy.
    pub(super) fn begin(connection: &Connection, target: &Path) -> Result<Self, Error> {
        let doing = "open a second connection";
        let connection = connection.try_clone().doing(doing)?;
        connection.execute_batch("use work").doing(doing)?;
        let statement = connection.interrupt_handle();
        let (go_on, told) = channel();
        let (target, fresh) = (target.to_owned(), fresh(target));
        let path = fresh.clone();
        let thread = std::thread::spawn(move || renew(&connection, &target, &path, &told));
        Ok(Self { fresh, go_on, statement, thread: Some(thread) })
    }

    /// Tells it that `core` is as it shall be published.
    pub(super) fn go_on(&self) {
        // Whoever hears it no longer has failed, which `finish` tells.
        let _ = self.go_on.send(());
    }

    /// Waits for it. `None` where it was not told to go on.
    pub(super) fn finish(mut self) -> Result<Option<Renewed>, Error> {
        let ended = self.thread.take().map(JoinHandle::join);
        ended.map_or(Ok(None), |ended| ended.unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        // Whoever waits for the word hears that there will be none.
        self.go_on = channel().0;
        self.statement.interrupt();
        // Nobody needs it any more; what cannot be removed now is removed before the next one.
        let _ = (thread.join(), remove_leftovers(&self.fresh));
    }
}

fn renew(
    connection: &Connection,
    target: &Path,
    fresh: &Path,
    told: &Receiver<()>,
) -> Result<Option<Renewed>, Error> {
    remove_leftovers(fresh)?;
    copy(target, fresh).map_err(|source| Error::File {
        doing: "copy the published file to",
        path: fresh.to_owned(),
        source,
    })?;
    if told.recv().is_err() {
        return Ok(None);
    }
    let is_equal = Writer(connection).renew(fresh)?;
    Ok(Some(Renewed { is_equal, size_bytes: size(fresh)? }))
}

/// Writes to a file that is not published yet.
pub(super) struct Writer<'c>(pub(super) &'c Connection);

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
                let is_equal = self.0.query_row(&sql, [], |row| row.get::<_, bool>(0));
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
        self.0.execute_batch(sql).doing("write the published file")
    }

    pub(super) fn with_attached<T>(
        &self,
        file: &Path,
        options: &str,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let name = catalog::literal(&file.to_string_lossy());
        self.run(&format!("attach {name} as published {options}"))?;
        let done = work();
        let detached = self.run("detach published");
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
