//! Renews the analysts' file: `core` and `marts` in a file of its own, swapped in by rename.
//!
//! Readers keep the file that they have open; nobody waits for anybody. The new file is a copy of the old one with what
//! changed since, so that its cost follows the change. It is written from nothing where the old one is missing, is not
//! what was published (size, time and row counts tell), has another layout, or has grown wasteful.

use std::fs::File;
use std::path::Path;
use std::time::UNIX_EPOCH;

use duckdb::{OptionalExt, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Doing, Error, Warehouse, catalog};
use crate::ids::Table;

/// Changing more than one row in this many costs more than writing all of them.
const CHANGED_ROWS_WORTH_A_COPY: u64 = 3;
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

impl Warehouse {
    /// Brings `target` up to date with `core` and `marts`, in one step; where it is, does nothing. Returns whether it was not.
    ///
    /// # Errors
    /// [`Error::File`] where the folder is not writable, [`Error::Statement`].
    pub fn publish(&mut self, target: &Path) -> Result<bool, Error> {
        let layout = layout();
        let known = self.published()?.filter(|known| known.layout == layout && known.is(target));
        let rows = self.unpublished_rows()?;
        if known.is_some() && rows.changed == 0 {
            return Ok(false);
        }
        let fresh = target.with_extension("duckdb.new");
        let renewed = known
            .filter(|_| rows.changed <= rows.all / CHANGED_ROWS_WORTH_A_COPY)
            .and_then(|known| self.renewed(&known, target, &fresh, rows.all));
        let thousand_row_bytes = match renewed {
            Some(thousand_row_bytes) => thousand_row_bytes,
            None => {
                self.write_anew(&fresh)?;
                size(&fresh)? * 1000 / rows.all.max(1)
            }
        };
        tracing::debug!("move the published file into place");
        File::open(&fresh)
            .and_then(|file| file.sync_all())
            .and_then(|()| std::fs::rename(&fresh, target))
            .map_err(|source| Error::File { doing: "publish", path: target.to_owned(), source })?;
        // The log of somebody who wrote to the former file would be played onto this one.
        remove_if_there(&target.with_extension("duckdb.wal"))?;
        self.note_published(target, layout, thousand_row_bytes)?;
        Ok(true)
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
        let count = |sql: &str| {
            let count = self.connection.query_row(sql, [], |row| row.get::<_, u64>(0));
            count.doing("count what is not published")
        };
        let mut rows = RowCounts { all: 0, changed: count("select count(*) from meta.gone_rows")? };
        for table in Table::ALL {
            rows.all += count(&format!("select count(*) from core.{table}"))?;
            rows.changed += count(&format!(
                "select count(*) from core.{table} where run_id in (select run_id from meta.unpublished_runs)"
            ))?;
        }
        Ok(rows)
    }

    /// Notes in one transaction what the file is and that nothing is missing in it.
    fn note_published(
        &mut self,
        target: &Path,
        layout: String,
        thousand_row_bytes: u64,
    ) -> Result<(), Error> {
        let published = Published {
            layout,
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

    /// Makes `fresh` a copy of `old` with what changed since. `None`: that cannot be done, or is not worth it.
    fn renewed(&self, known: &Published, old: &Path, fresh: &Path, row_count: u64) -> Option<u64> {
        let renewed = self.renew(old, fresh).and_then(|is_equal| Ok((is_equal, size(fresh)?)));
        let most_bytes = row_count * known.thousand_row_bytes / 1000 * MAX_GROWTH_PERCENT / 100;
        match renewed {
            Ok((true, size_bytes)) if size_bytes <= most_bytes.max(LEAST_COMPACTED_BYTES) => {
                Some(known.thousand_row_bytes)
            }
            Ok((true, _)) => {
                tracing::debug!("the published file has grown wasteful; it is compacted");
                None
            }
            Ok((false, _)) => {
                tracing::warn!(
                    "the published file is not what it was taken for; it is written anew"
                );
                None
            }
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "the published file cannot be renewed; it is written anew");
                None
            }
        }
    }

    /// Returns whether the tables then have the rows that `core` has.
    fn renew(&self, old: &Path, fresh: &Path) -> Result<bool, Error> {
        remove_leftovers(fresh)?;
        std::fs::copy(old, fresh).map_err(|source| Error::File {
            doing: "copy the published file to",
            path: fresh.to_owned(),
            source,
        })?;
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
                let is_equal: bool = self
                    .connection
                    .query_row(&sql, [], |row| row.get(0))
                    .doing("compare the published file")?;
                if !is_equal {
                    return Ok(false);
                }
            }
            self.run("checkpoint published")?;
            Ok(true)
        })
    }

    fn write_anew(&self, fresh: &Path) -> Result<(), Error> {
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
        self.connection.execute_batch(sql).doing("write the published file")
    }

    fn with_attached<T>(
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

impl Published {
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
        catalog::SCHEMA.iter().filter(|file| file.name.ends_with("core")).chain(catalog::MARTS)
    {
        hash.update(file.sql);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn size(file: &Path) -> Result<u64, Error> {
    std::fs::metadata(file).map(|metadata| metadata.len()).map_err(|source| Error::File {
        doing: "look at",
        path: file.to_owned(),
        source,
    })
}

fn modified_ns(file: &Path) -> Option<u64> {
    let modified = std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok()?;
    modified.duration_since(UNIX_EPOCH).ok()?.as_nanos().try_into().ok()
}

fn remove_leftovers(fresh: &Path) -> Result<(), Error> {
    remove_if_there(fresh)?;
    remove_if_there(&fresh.with_extension("new.wal"))
}

fn remove_if_there(file: &Path) -> Result<(), Error> {
    match std::fs::remove_file(file) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::File { doing: "remove", path: file.to_owned(), source })
        }
        _ => Ok(()),
    }
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
            world.change("r1", "insert into core.songs by name select 's' || n as id, 'song ' || n as name, n as row_hash, 'r1' as run_id from range(3000) as t(n)");
            world.change("r1", "insert into core.song_artists by name select 's' || n as song_id, p as artist_position, 'a' || (n + p) % 200 as artist_id, 'r1' as run_id from range(3000) as t(n), range(2) as u(p)");
            world.change("r1", "insert into core.artists by name select 'a' || n as id, 'r1' as run_id from range(200) as t(n)");
            world.change("r1", "insert into core.genres by name select 'a' || n as artist_id, 'indie' as genre, 'r1' as run_id from range(200) as t(n)");
            assert!(world.publish());
            world
        }

        fn target(&self) -> std::path::PathBuf {
            self.folder.path().join("spotify.duckdb")
        }

        fn change(&self, run: &str, sql: &str) {
            self.warehouse.run(sql).unwrap();
            self.warehouse.run(&format!("{NOTE_RUN} ('{run}')")).unwrap();
        }

        /// Publishes and compares every column of every row. Returns whether the file was not up to date.
        fn publish(&mut self) -> bool {
            let was_stale = self.warehouse.publish(&self.target()).unwrap();
            self.warehouse
                .with_attached(&self.target(), "(read_only)", || {
                    for table in Table::ALL {
                        let sql = format!("select count(*) from ((from core.{table} except all from published.core.{table}) union all (from published.core.{table} except all from core.{table}))");
                        assert_eq!(self.number(&sql), 0, "{table}");
                    }
                    for mart in catalog::MARTS {
                        self.number(&format!("select count(*) from published.marts.{}", mart.name));
                    }
                    Ok(())
                })
                .unwrap();
            was_stale
        }

        fn number(&self, sql: &str) -> i64 {
            self.warehouse.connection.query_row(sql, [], |row| row.get(0)).unwrap()
        }

        /// Writes to the published file, and notes that it was so all along.
        fn tamper(&mut self, sql: &str) {
            let noted = self.warehouse.published().unwrap().unwrap();
            self.warehouse
                .with_attached(&self.target(), "", || {
                    self.warehouse.run(sql)?;
                    self.warehouse.run("checkpoint published")
                })
                .unwrap();
            let row_bytes = noted.thousand_row_bytes;
            self.warehouse.note_published(&self.target(), noted.layout, row_bytes).unwrap();
        }

        /// Whether the file is still the one that was marked, however often it was renewed since.
        fn is_marked(&self) -> bool {
            self.warehouse
                .with_attached(&self.target(), "(read_only)", || {
                    let sql = "select count(*) from duckdb_tables() where database_name = 'published' and table_name = 'mark'";
                    Ok(self.number(sql) == 1)
                })
                .unwrap()
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
        world.change("r2", "delete from core.songs where id in ('s7', 's2999'); insert into core.songs by name select 's7' as id, 'new name' as name, 'r2' as run_id union all select 's3000', 'new song', 'r2'");
        world.change("r2", "delete from core.song_artists where song_id = 's7' and artist_position = 1; insert into meta.gone_rows values ('song_artists', 's7', '1'), ('song_artists', 's2999', '0'); delete from core.song_artists where song_id = 's2999' and artist_position = 0");
        world.change("r2", "delete from core.genres where artist_id = 'a5'; insert into meta.gone_rows values ('genres', 'a5', 'indie')");
        // `s2999` is gone without a trace: the counts tell, and the file is written anew.
        assert!(world.publish());
        assert!(!world.is_marked());

        world.mark();
        world.change("r3", "insert into core.song_artists by name select 's7' as song_id, 1 as artist_position, 'a9' as artist_id, 'r3' as run_id");
        world.change(
            "r3",
            "update core.artists set name = 'renamed', run_id = 'r3' where id = 'a9'",
        );
        assert!(world.publish());
        world.change("r4", "delete from core.song_artists where song_id = 's7' and artist_position = 1; insert into meta.gone_rows values ('song_artists', 's7', '1')");
        world.change("r5", "insert into core.song_artists by name select 's7' as song_id, 1 as artist_position, 'a8' as artist_id, 'r5' as run_id; delete from core.genres where artist_id = 'a6'; insert into meta.gone_rows values ('genres', 'a6', 'indie')");
        assert!(world.publish());
        assert!(world.is_marked());
    }

    #[test]
    fn nothing_to_publish_leaves_the_file_alone() {
        let mut world = World::new();
        let before = modified_ns(&world.target());
        world.warehouse.run(&format!("{NOTE_RUN} ('r2')")).unwrap();
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
        world
            .warehouse
            .run("update meta.settings set value = replace(value, 'layout\":\"', 'layout\":\"0')")
            .unwrap();
        assert!(world.publish(), "another layout");
        assert!(!world.is_marked());
    }

    #[test]
    fn a_file_that_has_grown_wasteful_is_compacted() {
        let mut world = World::new();
        world.change("r1", "insert into core.songs by name select md5(n::varchar) as id, array_to_string(list_transform(range(8), lambda p: md5((n * 8 + p)::varchar)), '') as name, 'r1' as run_id from range(60000) as t(n)");
        assert!(world.publish());
        assert!(size(&world.target()).unwrap() > LEAST_COMPACTED_BYTES);
        world.mark();
        let published = world.warehouse.published().unwrap().unwrap();
        let row_bytes = published.thousand_row_bytes / 2;
        world.warehouse.note_published(&world.target(), published.layout, row_bytes).unwrap();
        world.change("r2", "insert into core.songs by name select 'x' as id, 'r2' as run_id");
        assert!(world.publish());
        assert!(!world.is_marked());
        assert!(world.warehouse.published().unwrap().unwrap().thousand_row_bytes > row_bytes);
    }
}
