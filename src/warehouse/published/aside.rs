//! A thread that makes the next version aside from everything else: a copy first, while the transform is at work, then what changed,
//! while the checks look at it.

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use duckdb::{Connection, InterruptHandle};

use super::writer::{Writer, beside, remove_leftovers};
use crate::stop::Stop;
use crate::warehouse::error::{Doing, Error};

/// The thread. Dropped, it is ended, and what it made is taken away.
pub(super) struct Aside {
    file: PathBuf,
    /// Tells the thread that `core` is as it is to be published; gone, the copy is all that is asked of it.
    apply: Option<Sender<()>>,
    unwanted: Arc<Stop>,
    statement: Arc<InterruptHandle>,
    thread: Option<JoinHandle<(Connection, Result<Progress, Error>)>>,
}

/// How far the file is.
pub(super) enum Progress {
    /// A copy of the published one.
    Copied,
    /// With what changed; whether its tables then have as many rows as those of `core`.
    Changed(bool),
}

impl Aside {
    /// Begins with the copy. `stop` ends it as a drop does.
    pub(super) fn begin(
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
        let (target, file) = (target.to_owned(), beside(target));
        let path = file.clone();
        let stops = [Arc::clone(stop), Arc::clone(&unwanted)];
        let work = move || {
            let is_unwanted = || stops.iter().any(|stop| stop.is_asked());
            let writer = Writer { connection: &connection, file: &path, is_unwanted: &is_unwanted };
            let progress = writer.copy(&target).and_then(|()| match applying.recv() {
                Ok(()) => writer.apply_changes().map(Progress::Changed),
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
            path: file.clone(),
            source,
        })?;
        Ok(Self { file, apply: Some(apply), unwanted, statement, thread: Some(thread) })
    }

    /// Tells it that `core` is as it is to be published.
    pub(super) fn apply_changes(&self) {
        // Whoever hears it no longer has failed, which `finish` tells.
        let _ = self.apply.as_ref().map(|apply| apply.send(()));
    }

    /// Whether there is nothing to wait for.
    #[cfg(test)]
    pub(super) fn is_done(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for what it was told to do.
    pub(super) fn finish(mut self) -> Result<Progress, Error> {
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

impl Drop for Aside {
    fn drop(&mut self) {
        self.unwanted.ask();
        if self.thread.is_some() {
            self.statement.interrupt();
        }
        if self.end().is_some() {
            // What cannot be removed now is removed before the next one.
            let _ = remove_leftovers(&self.file);
        }
    }
}
