//! Renews the analysts' file: `core` and `marts` in a file of its own, swapped in by rename.
//!
//! Readers keep the file that they have open; nobody waits for anybody. The new file is a copy of the old one with what
//! changed since, so that its cost follows the change. It is written from nothing where the old one is missing, is not
//! what was published (size, time and row counts tell), has another layout, has grown wasteful, cannot be copied, or where most of
//! its rows changed.

mod copy;
mod next_version;

use std::fs::File;
use std::path::Path;
use std::time::UNIX_EPOCH;

use duckdb::{OptionalExt, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Warehouse;
use super::error::{Doing, Error};
use super::sql_files::ledger;
use crate::ids::Table;
use crate::warehouse::sql_files;
pub(crate) use next_version::NextVersion;
use next_version::{Writer, fresh, size};
pub(crate) use next_version::{remove_if_there, remove_leftovers};

/// Changing more than one row in this many costs more than writing all of them.
const CHANGED_ROWS_WORTH_A_COPY: u64 = 3;
/// More changed rows are brought into the copy when the checks are done, so that the two do not compete for memory.
const MOST_ROWS_ASIDE: u64 = 200_000;
/// A file is compacted when its rows take this many percent of the bytes that they took when it was written from nothing.
const MAX_GROWTH_PERCENT: u64 = 150;
/// Below this size the blocks of a file say little about its rows.
const LEAST_COMPACTED_BYTES: u64 = 8 << 20;

/// What the published file was when it was written; kept in `meta.settings`.
#[derive(Debug, Serialize, Deserialize)]
struct Published {
    layout: String,
    size_bytes: u64,
    modified_ns: u64,
    /// Bytes per thousand rows when it was last written from nothing.
    thousand_row_bytes: u64,
}

/// Rows of `core`: all of them, and those that the published file does not have.
struct RowCounts {
    all: u64,
    changed: u64,
}

impl RowCounts {
    const fn are_worth_a_copy(&self) -> bool {
        self.changed <= self.all / CHANGED_ROWS_WORTH_A_COPY
    }
}

impl Warehouse {
    /// Begins to copy `target`, which takes as long as the disk needs, for a [`Warehouse::publish`] after the transform. `None`
    /// where nothing is pending, a copy would be of no use, or it could not be begun: `publish` does without.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn begin_next_version(&self, target: &Path) -> Result<Option<NextVersion>, Error> {
        let is_known = self.published()?.is_some_and(|known| known.is_copied(target));
        // A list of playlists says nothing of rows, and every night has one.
        let sql = ledger::PENDING_ROW_COUNT;
        let pending = self.number(sql, "count what is pending")?;
        let rows = self.number("select count(*) from core.playlist_songs", "count rows")?;
        let is_worth_it = 0 < pending && pending <= rows / CHANGED_ROWS_WORTH_A_COPY;
        if !is_known || !is_worth_it || !has_room_for_two(target) {
            return Ok(None);
        }
        let begun = NextVersion::begin(&self.connection, target, &self.stop);
        Ok(begun.inspect_err(|error| tracing::debug!(%error, "nothing is renewed aside")).ok())
    }

    /// Tells the next version that the transform is done: a few rows are brought into the copy while the checks look at them.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn apply_changes(&self, next_version: &NextVersion) -> Result<(), Error> {
        let rows = self.unpublished_rows()?;
        if rows.are_worth_a_copy() && (1..=MOST_ROWS_ASIDE).contains(&rows.changed) {
            next_version.apply_changes();
        }
        Ok(())
    }

    /// Brings `target` up to date with `core` and `marts`, in one step; where it is, does nothing. Returns whether it was not.
    /// `next_version` is what [`Warehouse::begin_next_version`] began.
    ///
    /// # Errors
    /// [`Error::File`] where the folder is not writable, [`Error::Statement`].
    pub(crate) fn publish(
        &mut self,
        target: &Path,
        next_version: Option<NextVersion>,
    ) -> Result<bool, Error> {
        let known = self.published()?.filter(|known| known.is_copied(target));
        let rows = self.unpublished_rows()?;
        let fresh = fresh(target);
        if known.is_some() && rows.changed == 0 {
            drop(next_version);
            remove_leftovers(&fresh)?;
            return Ok(false);
        }
        let written = self.write_next(target, next_version, (known, rows));
        if written.is_err() {
            // The error is the one to tell.
            let _ = remove_leftovers(&fresh);
        }
        let thousand_row_bytes = written?;
        tracing::debug!("move the published file into place");
        let former = File::open(target);
        // Who may read it stays as it is.
        let permissions = former.as_ref().ok().and_then(|former| former.metadata().ok());
        File::open(&fresh)
            .and_then(|file| {
                permissions.map_or(Ok(()), |it| file.set_permissions(it.permissions()))?;
                file.sync_all()
            })
            .and_then(|()| std::fs::rename(&fresh, target))
            .map_err(|source| Error::File { doing: "publish", path: target.to_owned(), source })?;
        // The last who closes a large file waits until the kernel has taken its pages back. Where no thread can be had, that is us.
        let _ = std::thread::Builder::new().spawn(move || drop(former));
        // The log of somebody who wrote to the former file would be played onto this one.
        remove_if_there(&target.with_extension("duckdb.wal"))?;
        self.note_published(target, thousand_row_bytes)?;
        Ok(true)
    }

    /// Makes the next version of `target`. Returns its bytes per thousand rows, as when it was written from nothing.
    fn write_next(
        &self,
        target: &Path,
        next_version: Option<NextVersion>,
        (known, rows): (Option<Published>, RowCounts),
    ) -> Result<u64, Error> {
        let is_stopped = || self.stop.is_asked();
        let fresh = fresh(target);
        let writer =
            Writer { connection: &self.connection, fresh: &fresh, is_unwanted: &is_stopped };
        if let Some(known) = known.filter(|_| rows.are_worth_a_copy()) {
            match writer.completed(target, next_version) {
                Err(error) if is_stopped() => return Err(error),
                renewed if is_usable(&known, &renewed, rows.all) => {
                    return Ok(known.thousand_row_bytes);
                }
                _ => {}
            }
        } else {
            drop(next_version);
        }
        writer.write_anew()?;
        Ok(size(&fresh)? * 1000 / rows.all.max(1))
    }

    fn published(&self) -> Result<Option<Published>, Error> {
        let sql = "select value from meta.settings where name = 'published'";
        let value: Option<String> = self
            .connection
            .query_row(sql, [], |row| row.get(0))
            .optional()
            .doing("look up the published file")?;
        // What an older version noted otherwise is as good as nothing.
        Ok(value.and_then(|value| serde_json::from_str(&value).ok()))
    }

    fn unpublished_rows(&self) -> Result<RowCounts, Error> {
        let doing = "count what is not published";
        let all = Table::ALL.map(|table| format!("(select count(*) from core.{table})"));
        let all = self.number(&format!("select {}", all.join(" + ")), doing)?;
        // A run without news ends here.
        let has_news = "select exists (from meta.unpublished_runs) or exists (from meta.gone_rows)";
        if !self.connection.query_row(has_news, [], |row| row.get(0)).doing(doing)? {
            return Ok(RowCounts { all, changed: 0 });
        }
        let changed = Table::ALL.map(|table| {
            let count = ledger::UNPUBLISHED_ROW_COUNT.replace("{table}", table.name());
            format!("(\n{count})")
        });
        let gone = "(select count(*) from meta.gone_rows)";
        let changed = self.number(&format!("select {gone} + {}", changed.join(" + ")), doing)?;
        Ok(RowCounts { all, changed })
    }

    fn number(&self, sql: &str, doing: &str) -> Result<u64, Error> {
        self.connection.query_row(sql, [], |row| row.get(0)).doing(doing)
    }

    /// Notes in one transaction what the file is and that nothing is missing in it.
    fn note_published(&mut self, target: &Path, thousand_row_bytes: u64) -> Result<(), Error> {
        let published = Published {
            layout: layout(),
            size_bytes: size(target)?,
            modified_ns: modified_ns(target).unwrap_or_default(),
            thousand_row_bytes,
        };
        let value = serde_json::to_string(&published).unwrap_or_default();
        self.transaction(|warehouse| {
            let run = |sql: &str| warehouse.connection.execute_batch(sql);
            run("delete from meta.settings where name = 'published'")
                .and_then(|()| run("delete from meta.unpublished_runs"))
                .and_then(|()| run("delete from meta.gone_rows"))
                .and_then(|()| {
                    let sql = "insert into meta.settings values ('published', ?)";
                    warehouse.connection.execute(sql, params![value])
                })
                .map(drop)
                .doing("note the published file")
        })
    }
}

/// Whether the renewed file can be published, and is worth it.
fn is_usable(known: &Published, renewed: &Result<(bool, u64), Error>, row_count: u64) -> bool {
    let most_bytes = row_count * known.thousand_row_bytes / 1000 * MAX_GROWTH_PERCENT / 100;
    match renewed {
        Ok((true, size_bytes)) if *size_bytes <= most_bytes.max(LEAST_COMPACTED_BYTES) => {
            return true;
        }
        Ok((true, _)) => {
            tracing::debug!("the published file has grown wasteful; it is compacted");
        }
        Ok((false, _)) => {
            tracing::warn!("the published file is not what it was taken for; it is written anew");
        }
        Err(error) => {
            let error: &dyn std::error::Error = error;
            tracing::warn!(error, "the published file cannot be renewed; it is written anew");
        }
    }
    false
}

impl Published {
    /// Whether a copy of `file` with what changed is what a new one would be.
    fn is_copied(&self, file: &Path) -> bool {
        self.layout == layout() && self.is(file)
    }

    /// Whether `file` is still the one that was written.
    fn is(&self, file: &Path) -> bool {
        size(file).ok() == Some(self.size_bytes)
            && modified_ns(file) == Some(self.modified_ns)
            && !file.with_extension("duckdb.wal").exists()
    }
}

/// Changes with everything that the file is made of besides its rows.
fn layout() -> String {
    let mut hash = Sha256::new();
    for file in
        sql_files::SCHEMA.iter().filter(|file| file.name.ends_with("core")).chain(sql_files::MARTS)
    {
        hash.update(file.sql);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether the disk has room for a copy of the file and as much again, which the transform may need meanwhile.
fn has_room_for_two(file: &Path) -> bool {
    let free = file.parent().and_then(|folder| rustix::fs::statvfs(folder).ok());
    let free = free.map(|free| free.f_bavail.saturating_mul(free.f_frsize));
    size(file).is_ok_and(|size| free.is_none_or(|free| 2 * size <= free))
}

fn modified_ns(file: &Path) -> Option<u64> {
    let modified = std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok()?;
    modified.duration_since(UNIX_EPOCH).ok()?.as_nanos().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE_RUN: &str = "insert into meta.unpublished_runs values";

    struct World {
        folder: tempfile::TempDir,
        warehouse: Warehouse,
    }

    impl World {
        /// Three thousand songs by two hundred artists, published.
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let warehouse =
                Warehouse::open(&folder.path().join("work.duckdb"), &folder.path().join("tmp"))
                    .unwrap();
            let mut world = Self { folder, warehouse };
            world.change(
                "r1",
                "insert into core.songs by name select 's' || n as id, 'song ' \
                || n as name, n as row_hash, 'r1' as run_id from range(3000) as t(n)",
            );
            world.change(
                "r1",
                "insert into core.song_artists by name select 's' || n as \
                song_id, p as artist_position, 'a' || (n + p) % 200 as artist_id, 'r1' as \
                run_id from range(3000) as t(n), range(2) as u(p)",
            );
            world.change(
                "r1",
                "insert into core.artists by name select 'a' || n as id, 'r1' as \
                run_id from range(200) as t(n)",
            );
            world.change(
                "r1",
                "insert into core.genres by name select 'a' || n as artist_id, \
                'indie' as genre, 'r1' as run_id from range(200) as t(n)",
            );
            assert!(world.publish());
            world
        }

        fn target(&self) -> std::path::PathBuf {
            self.folder.path().join("spotify.duckdb")
        }

        fn change(&self, run: &str, sql: &str) {
            self.run(sql);
            self.run(&format!("{NOTE_RUN} ('{run}')"));
        }

        fn run(&self, sql: &str) {
            self.warehouse.connection.execute_batch(sql).unwrap();
        }

        fn with_attached<T>(&self, options: &str, work: impl FnOnce() -> T) -> T {
            let (connection, target) = (&self.warehouse.connection, self.target());
            let writer = Writer { connection, fresh: &target, is_unwanted: &|| false };
            writer.with_attached(options, || Ok(work())).unwrap()
        }

        fn next_version(&self) -> NextVersion {
            let warehouse = &self.warehouse;
            NextVersion::begin(&warehouse.connection, &self.target(), &warehouse.stop).unwrap()
        }

        /// Publishes and compares every column of every row. Returns whether the file was not up to date.
        fn publish(&mut self) -> bool {
            self.publish_renewed(None)
        }

        fn publish_renewed(&mut self, next_version: Option<NextVersion>) -> bool {
            let was_stale = self.warehouse.publish(&self.target(), next_version).unwrap();
            self.with_attached("(read_only)", || {
                for table in Table::ALL {
                    let sql = format!(
                        "select count(*) from ((from core.{table} except all from \
                        published.core.{table}) union all (from published.core.{table} except \
                        all from core.{table}))"
                    );
                    assert_eq!(self.number(&sql), 0, "{table}");
                }
                for mart in sql_files::MARTS {
                    self.number(&format!("select count(*) from published.marts.{}", mart.name));
                }
            });
            was_stale
        }

        fn number(&self, sql: &str) -> i64 {
            self.warehouse.connection.query_row(sql, [], |row| row.get(0)).unwrap()
        }

        /// Writes to the published file, and notes that it was so all along.
        fn tamper(&mut self, sql: &str) {
            let noted = self.warehouse.published().unwrap().unwrap();
            self.with_attached("", || {
                self.run(sql);
                self.run("checkpoint published");
            });
            self.warehouse.note_published(&self.target(), noted.thousand_row_bytes).unwrap();
        }

        /// Whether the file is still the one that was marked, however often it was renewed since.
        fn is_marked(&self) -> bool {
            self.with_attached("(read_only)", || {
                let sql = "select count(*) from duckdb_tables() where database_name = \
                    'published' and table_name = 'mark'";
                self.number(sql) == 1
            })
        }

        fn mark(&mut self) {
            self.tamper("create table published.main.mark (n integer)");
        }
    }

    #[test]
    fn a_copy_with_the_changes_equals_core_row_by_row() {
        let mut world = World::new();
        world.mark();
        // Changed, new, and gone rows; one that goes and comes again in the next run.
        world.change(
            "r2",
            "delete from core.songs where id in ('s7', 's2999'); insert into \
            core.songs by name select 's7' as id, 'new name' as name, 'r2' as run_id union all \
            select 's3000', 'new song', 'r2'",
        );
        world.change(
            "r2",
            "delete from core.song_artists where song_id = 's7' and \
            artist_position = 1; insert into meta.gone_rows values ('song_artists', 's7', '1'), \
            ('song_artists', 's2999', '0'); delete from core.song_artists where song_id = \
            's2999' and artist_position = 0",
        );
        world.change(
            "r2",
            "delete from core.genres where artist_id = 'a5'; insert into \
            meta.gone_rows values ('genres', 'a5', 'indie')",
        );
        // `s2999` is gone without a trace: the counts tell, and the file is written anew.
        assert!(world.publish());
        assert!(!world.is_marked());

        world.mark();
        world.change(
            "r3",
            "insert into core.song_artists by name select 's7' as song_id, 1 as \
            artist_position, 'a9' as artist_id, 'r3' as run_id",
        );
        world.change(
            "r3",
            "update core.artists set name = 'renamed', run_id = 'r3' where id = 'a9'",
        );
        assert!(world.publish());
        world.change(
            "r4",
            "delete from core.song_artists where song_id = 's7' and \
            artist_position = 1; insert into meta.gone_rows values ('song_artists', 's7', '1')",
        );
        world.change(
            "r5",
            "insert into core.song_artists by name select 's7' as song_id, 1 as \
            artist_position, 'a8' as artist_id, 'r5' as run_id; delete from core.genres where \
            artist_id = 'a6'; insert into meta.gone_rows values ('genres', 'a6', 'indie')",
        );
        assert!(world.publish());
        assert!(world.is_marked());
    }

    /// What lies beside the published file.
    fn leftovers(world: &World) -> Vec<String> {
        let entries = std::fs::read_dir(world.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.contains("duckdb.new")).collect()
    }

    #[test]
    fn a_renewal_that_was_begun_before_the_change_has_the_change() {
        let mut world = World::new();
        world.mark();
        for (run, is_told_early) in [("r2", true), ("r3", false)] {
            let next_version = world.next_version();
            world.change(
                run,
                &format!(
                    "update core.artists set name = '{run}', run_id = '{run}' where id = 'a9'"
                ),
            );
            if is_told_early {
                world.warehouse.apply_changes(&next_version).unwrap();
            }
            assert!(world.publish_renewed(Some(next_version)));
            assert!(world.is_marked());
            assert_eq!(leftovers(&world), [""; 0]);
        }
    }

    /// Waits until the next version changes its copy. Where it was done before anybody looked, that is all there is to see.
    fn wait_until_at_work(world: &World, next_version: &NextVersion) {
        let sql = "select count(*) from duckdb_databases() where database_name = 'published'";
        while !next_version.is_done() && world.number(sql) == 0 {
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_renewal_that_nobody_wants_leaves_nothing() {
        let mut world = World::new();
        let before = modified_ns(&world.target());
        // A run was refused, or stopped, or found nothing to do; before the copy was to be changed, or while it was.
        for is_told in [false, true, true, true] {
            let next_version = world.next_version();
            if is_told {
                world.change("r2", "update core.artists set name = name || '.', run_id = 'r2'");
                next_version.apply_changes();
                wait_until_at_work(&world, &next_version);
            }
            drop(next_version);
            assert_eq!(leftovers(&world), [""; 0]);
            assert_eq!(modified_ns(&world.target()), before);
            let sql = "select count(*) from duckdb_databases() where database_name = 'published'";
            assert_eq!(world.number(sql), 0);
        }
        assert!(world.publish());

        let next_version = world.next_version();
        assert!(!world.publish_renewed(Some(next_version)), "nothing changed");
        assert_eq!(leftovers(&world), [""; 0]);

        // Most rows changed: a new file is written, not a copy.
        world.mark();
        let next_version = world.next_version();
        world.change("r3", "update core.song_artists set artist_id = 'x', run_id = 'r3'");
        world.warehouse.apply_changes(&next_version).unwrap();
        assert!(world.publish_renewed(Some(next_version)));
        assert!(!world.is_marked());
        assert_eq!(leftovers(&world), [""; 0]);
    }

    #[test]
    fn a_stop_ends_whatever_is_being_written() {
        // A copy that is changed, one that was not begun, and a new file.
        for (is_begun, changed) in [(true, "artists"), (false, "artists"), (false, "song_artists")]
        {
            let mut world = World::new();
            let before = modified_ns(&world.target());
            let next_version = is_begun.then(|| world.next_version());
            world.change("r2", &format!("update core.{changed} set run_id = 'r2'"));
            if let Some(next_version) = &next_version {
                world.warehouse.apply_changes(next_version).unwrap();
            }
            world.warehouse.interrupt().interrupt();
            let published = world.warehouse.publish(&world.target(), next_version);
            // What was done before anybody looked may be moved into place.
            assert!(published.is_err() || is_begun, "{changed}");
            assert!(published.is_ok() || modified_ns(&world.target()) == before);
            assert_eq!(leftovers(&world), [""; 0]);
        }
    }

    #[cfg(unix)]
    #[test]
    fn who_may_read_the_file_may_read_the_next_one_and_nobody_else() {
        use std::os::unix::fs::PermissionsExt;
        let mut world = World::new();
        std::fs::set_permissions(world.target(), std::fs::Permissions::from_mode(0o600)).unwrap();
        world.mark();
        for (run, changed, is_renewed) in [("r2", "artists", true), ("r3", "song_artists", false)] {
            world.change(run, &format!("update core.{changed} set run_id = '{run}'"));
            assert!(world.publish());
            assert_eq!(world.is_marked(), is_renewed);
            let mode = std::fs::metadata(world.target()).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{changed}");
        }
    }

    #[test]
    fn what_a_kill_left_is_no_obstacle() {
        let mut world = World::new();
        for is_changed in [true, false] {
            let beside = |ending: &str| world.target().with_extension(ending);
            std::fs::write(beside("duckdb.new"), "half a copy").unwrap();
            std::fs::write(beside("duckdb.new.wal"), "half a log").unwrap();
            if is_changed {
                let sql = "insert into core.songs by name select 'x' as id, 'r2' as run_id";
                world.change("r2", sql);
            }
            assert_eq!(world.publish(), is_changed);
            assert_eq!(leftovers(&world), [""; 0]);
        }
    }

    #[test]
    fn nothing_to_publish_leaves_the_file_alone() {
        let mut world = World::new();
        let before = modified_ns(&world.target());
        world.run(&format!("{NOTE_RUN} ('r2')"));
        assert!(!world.publish());
        assert_eq!(modified_ns(&world.target()), before);
    }

    #[test]
    fn a_reader_keeps_the_rows_that_it_opened() {
        let mut world = World::new();
        let open = || {
            let config =
                duckdb::Config::default().access_mode(duckdb::AccessMode::ReadOnly).unwrap();
            duckdb::Connection::open_with_flags(world.target(), config).unwrap()
        };
        let count = |reader: &duckdb::Connection| {
            let sql = "select count(*) from core.songs";
            reader.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap()
        };
        let reader = open();
        world.change("r2", "insert into core.songs by name select 'x' as id, 'r2' as run_id");
        assert!(world.publish());
        assert_eq!(count(&reader), 3000);
        drop(reader);
        let config = duckdb::Config::default().access_mode(duckdb::AccessMode::ReadOnly).unwrap();
        assert_eq!(
            count(&duckdb::Connection::open_with_flags(world.target(), config).unwrap()),
            3001
        );
    }

    #[test]
    fn a_file_that_is_not_what_was_published_is_written_anew() {
        let mut world = World::new();
        let next = std::cell::Cell::new(1);
        let change = |world: &World| {
            next.set(next.get() + 1);
            world.change(
                &format!("r{}", next.get()),
                &format!(
                    "insert into core.songs by name select 'new {0}' as id, 'r{0}' as run_id",
                    next.get()
                ),
            );
        };

        std::fs::remove_file(world.target()).unwrap();
        assert!(world.publish(), "missing");

        let bytes = std::fs::read(world.target()).unwrap();
        std::fs::write(world.target(), &bytes[..bytes.len() / 2]).unwrap();
        assert!(world.publish(), "cut short");

        // As long and as old as it was, and still no DuckDB file.
        let modified = std::fs::metadata(world.target()).unwrap().modified().unwrap();
        std::fs::write(world.target(), vec![7; bytes.len()]).unwrap();
        File::options().write(true).open(world.target()).unwrap().set_modified(modified).unwrap();
        change(&world);
        assert!(world.publish(), "garbage");

        world.mark();
        std::fs::write(world.target().with_extension("duckdb.wal"), "somebody's changes").unwrap();
        assert!(world.publish(), "somebody's log");
        assert!(!world.is_marked());

        world.tamper("delete from published.core.songs where id = 's1'");
        change(&world);
        assert!(world.publish(), "a row too few");

        world.mark();
        world.tamper("drop table published.core.genres");
        change(&world);
        assert!(world.publish(), "a table too few");
        assert!(!world.is_marked());

        world.mark();
        world.run("update meta.settings set value = replace(value, 'layout\":\"', 'layout\":\"0')");
        assert!(world.publish(), "another layout");
        assert!(!world.is_marked());
    }

    #[test]
    fn a_file_that_has_grown_wasteful_is_compacted() {
        let mut world = World::new();
        world.change(
            "r1",
            "insert into core.songs by name select md5(n::varchar) as id, \
            array_to_string(list_transform(range(8), lambda p: md5((n * 8 + p)::varchar)), '') \
            as name, 'r1' as run_id from range(60000) as t(n)",
        );
        assert!(world.publish());
        assert!(size(&world.target()).unwrap() > LEAST_COMPACTED_BYTES);
        world.mark();
        let row_bytes = world.warehouse.published().unwrap().unwrap().thousand_row_bytes / 2;
        world.warehouse.note_published(&world.target(), row_bytes).unwrap();
        world.change("r2", "insert into core.songs by name select 'x' as id, 'r2' as run_id");
        assert!(world.publish());
        assert!(!world.is_marked());
        assert!(world.warehouse.published().unwrap().unwrap().thousand_row_bytes > row_bytes);
    }
}
