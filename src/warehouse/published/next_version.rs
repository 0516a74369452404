//! The next version of the published file: begun before the tables change, told when they have, finished when the checks passed.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::aside::{Aside, Progress};
use super::file::PublishedFile;
use super::writer::{Writer, beside, remove_if_there, remove_leftovers, size};
use crate::ids::{Consumer, Table};
use crate::warehouse::Warehouse;
use crate::warehouse::error::{Doing, Error};
use crate::warehouse::sql_files::ledger;

/// Changing more than one row in this many costs more than writing all of them.
const CHANGED_ROWS_WORTH_A_COPY: u64 = 3;
/// More changed rows are brought into the copy when the checks are done, so that the two do not compete for memory.
const MOST_ROWS_ASIDE: u64 = 200_000;
/// A file is compacted when its rows take this many percent of the bytes that they took when it was written from nothing.
const MAX_GROWTH_PERCENT: u64 = 150;
/// Below this size the blocks of a file say little about its rows.
pub(super) const LEAST_COMPACTED_BYTES: u64 = 8 << 20;

/// The next version of the published file, on its way. Dropped, it is taken away again.
pub(crate) struct NextVersion {
    pub(super) target: PathBuf,
    /// What is made of it already; `None` where that is of no use, or could not be begun.
    pub(super) aside: Option<Aside>,
}

impl NextVersion {
    /// Whether there are rows that were never published.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn has_news(warehouse: &Warehouse) -> Result<bool, Error> {
        Ok(0 < RowCounts::of(warehouse)?.changed)
    }

    /// Of tables that nobody is about to change.
    pub(crate) fn of_what_is_there(target: &Path) -> Self {
        Self { target: target.to_owned(), aside: None }
    }

    /// Begins to copy `target` aside, which takes as long as the disk needs, where what is pending is worth it.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn begin(warehouse: &Warehouse, target: &Path) -> Result<Self, Error> {
        let aside = match is_worth_a_copy(warehouse, target)? {
            true => {
                let begun = Aside::begin(&warehouse.connection, target, &warehouse.stop);
                begun.inspect_err(|error| tracing::debug!(%error, "nothing is copied aside")).ok()
            }
            false => None,
        };
        Ok(Self { target: target.to_owned(), aside })
    }

    /// Tells it that the tables are as they are to be published: a few rows are brought into the copy while the checks look at them.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn apply_changes(&self, warehouse: &Warehouse) -> Result<(), Error> {
        let Some(aside) = &self.aside else { return Ok(()) };
        let rows = RowCounts::of(warehouse)?;
        if rows.are_worth_a_copy() && (1..=MOST_ROWS_ASIDE).contains(&rows.changed) {
            aside.apply_changes();
        }
        Ok(())
    }

    /// Does what is left, and moves it into place in one step. What the file then is, for the ledger to note; `None` where the
    /// published one lacks nothing.
    ///
    /// # Errors
    /// [`Error::File`] where the folder is not writable, [`Error::Statement`].
    pub(crate) fn finish(self, warehouse: &Warehouse) -> Result<Option<PublishedFile>, Error> {
        let Self { target, aside } = self;
        let next = beside(&target);
        let known = PublishedFile::noted(warehouse)?.filter(|known| known.is_copied(&target));
        let rows = RowCounts::of(warehouse)?;
        if known.is_some() && rows.changed == 0 {
            drop(aside);
            remove_leftovers(&next)?;
            return Ok(None);
        }
        let written = Next { warehouse, target: &target, known, rows }.write(aside);
        if written.is_err() {
            // The error is the one to tell.
            let _ = remove_leftovers(&next);
        }
        let thousand_row_bytes = written?;
        move_into_place(&next, &target)?;
        PublishedFile::of(&target, thousand_row_bytes).map(Some)
    }
}

/// Writes `target` anew without who is forgotten. It is never made of `core`, which may hold rows that no gate has passed.
///
/// # Errors
/// [`Error::File`] where the folder is not writable, [`Error::Statement`].
pub(crate) fn rewrite_published(
    warehouse: &Warehouse,
    target: &Path,
) -> Result<PublishedFile, Error> {
    let next = beside(target);
    let is_stopped = || warehouse.stop.is_asked();
    let writer =
        Writer { connection: &warehouse.connection, file: &next, is_unwanted: &is_stopped };
    if let Err(error) = writer.write_without_forgotten(target) {
        // The error is the one to tell.
        let _ = remove_leftovers(&next);
        return Err(error);
    }
    let all = Table::ALL.map(|table| format!("(select count(*) from core.{table})"));
    let rows = number(warehouse, &format!("select {}", all.join(" + ")), "count rows")?;
    let thousand_row_bytes = size(&next)? * 1000 / rows.max(1);
    move_into_place(&next, target)?;
    PublishedFile::of(target, thousand_row_bytes)
}

/// Whether a copy that is begun before the transform is likely to be used: `target` is what was published, and little is pending.
fn is_worth_a_copy(warehouse: &Warehouse, target: &Path) -> Result<bool, Error> {
    let known = PublishedFile::noted(warehouse)?;
    let pending = number(warehouse, ledger::PENDING_ROW_COUNT, "count what is pending")?;
    let rows = number(warehouse, "select count(*) from core.playlist_songs", "count rows")?;
    Ok(known.is_some_and(|known| known.is_copied(target))
        && 0 < pending
        && pending <= rows / CHANGED_ROWS_WORTH_A_COPY
        && has_room_for_two(target))
}

/// What the next version is made of.
struct Next<'a> {
    warehouse: &'a Warehouse,
    target: &'a Path,
    /// What is published, where a copy of it can be changed.
    known: Option<PublishedFile>,
    rows: RowCounts,
}

impl Next<'_> {
    /// Makes the file. Returns its bytes per thousand rows, as when it was written from nothing.
    fn write(self, aside: Option<Aside>) -> Result<u64, Error> {
        let Self { warehouse, target, known, rows } = self;
        let is_stopped = || warehouse.stop.is_asked();
        let next = beside(target);
        let writer =
            Writer { connection: &warehouse.connection, file: &next, is_unwanted: &is_stopped };
        if let Some(known) = known.filter(|_| rows.are_worth_a_copy()) {
            match changed_copy(&writer, target, aside) {
                Err(error) if is_stopped() => return Err(error),
                changed if is_usable(&known, &changed, rows.all) => {
                    return Ok(known.thousand_row_bytes);
                }
                _ => {}
            }
        } else {
            drop(aside);
        }
        writer.write_anew(target)?;
        Ok(size(&next)? * 1000 / rows.all.max(1))
    }
}

/// A copy of what was published, with what changed since.
struct ChangedCopy {
    /// Whether its tables have as many rows as those of `core`.
    is_equal: bool,
    size_bytes: u64,
}

/// Waits for what was begun aside, and does the rest.
fn changed_copy(
    writer: &Writer<'_>,
    target: &Path,
    aside: Option<Aside>,
) -> Result<ChangedCopy, Error> {
    let progress = match aside {
        Some(aside) => aside.finish()?,
        None => writer.copy(target).map(|()| Progress::Copied)?,
    };
    let is_equal = match progress {
        Progress::Copied => writer.apply_changes()?,
        Progress::Changed(is_equal) => is_equal,
    };
    Ok(ChangedCopy { is_equal, size_bytes: size(writer.file)? })
}

/// Whether the changed copy can be published, and is worth it.
fn is_usable(known: &PublishedFile, changed: &Result<ChangedCopy, Error>, row_count: u64) -> bool {
    let most_bytes = row_count * known.thousand_row_bytes / 1000 * MAX_GROWTH_PERCENT / 100;
    match changed {
        Ok(ChangedCopy { is_equal: true, size_bytes })
            if *size_bytes <= most_bytes.max(LEAST_COMPACTED_BYTES) =>
        {
            return true;
        }
        Ok(ChangedCopy { is_equal: true, .. }) => {
            tracing::debug!("the published file has grown wasteful; it is compacted");
        }
        Ok(ChangedCopy { is_equal: false, .. }) => {
            tracing::warn!("the published file is not what it was taken for; it is written anew");
        }
        Err(error) => {
            let error: &dyn std::error::Error = error;
            tracing::warn!(error, "the published file cannot be renewed; it is written anew");
        }
    }
    false
}

/// Swaps `next` in for `target`: who has the former open keeps it.
pub(super) fn move_into_place(next: &Path, target: &Path) -> Result<(), Error> {
    tracing::debug!("move the published file into place");
    let former = File::open(target);
    // Who may read it stays as it is.
    let permissions = former.as_ref().ok().and_then(|former| former.metadata().ok());
    File::open(next)
        .and_then(|file| {
            permissions.map_or(Ok(()), |it| file.set_permissions(it.permissions()))?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(next, target))
        .map_err(|source| Error::File { doing: "publish", path: target.to_owned(), source })?;
    // The last who closes a large file waits until the kernel has taken its pages back. Where no thread can be had, that is us.
    let _ = std::thread::Builder::new().spawn(move || drop(former));
    // The log of somebody who wrote to the former file would be played onto this one.
    remove_if_there(&target.with_extension("duckdb.wal"))
}

/// Rows of `core`: all of them, and those that the published file lacks or has too many.
struct RowCounts {
    all: u64,
    changed: u64,
}

impl RowCounts {
    fn of(warehouse: &Warehouse) -> Result<Self, Error> {
        let doing = "count what is not published";
        let all = Table::ALL.map(|table| format!("(select count(*) from core.{table})"));
        let all = number(warehouse, &format!("select {}", all.join(" + ")), doing)?;
        let (connection, consumer) = (&warehouse.connection, [Consumer::Published.name()]);
        let has_pending = connection.query_row(ledger::HAS_PENDING, consumer, |row| row.get(0));
        // A run without news ends here.
        if !has_pending.doing(doing)? {
            return Ok(Self { all, changed: 0 });
        }
        let changed = Table::ALL.map(|table| {
            let count = ledger::PENDING_CHANGED_ROW_COUNT.replace("{table}", table.name());
            format!("(\n{count})")
        });
        let gone = ledger::PENDING_GONE_ROW_COUNT;
        let sql = format!("select (\n{gone}) + {}", changed.join(" + "));
        let changed = connection.query_row(&sql, consumer, |row| row.get(0)).doing(doing)?;
        Ok(Self { all, changed })
    }

    const fn are_worth_a_copy(&self) -> bool {
        self.changed <= self.all / CHANGED_ROWS_WORTH_A_COPY
    }
}

pub(super) fn number(warehouse: &Warehouse, sql: &str, doing: &str) -> Result<u64, Error> {
    warehouse.connection.query_row(sql, [], |row| row.get(0)).doing(doing)
}

/// Whether the disk has room for a copy of the file and as much again, which the transform may need meanwhile.
fn has_room_for_two(file: &Path) -> bool {
    let free = file.parent().and_then(|folder| rustix::fs::statvfs(folder).ok());
    let free = free.map(|free| free.f_bavail.saturating_mul(free.f_frsize));
    size(file).is_ok_and(|size| free.is_none_or(|free| 2 * size <= free))
}
