use std::fs::File;

use super::aside::Aside;
use super::file::modified_ns;
use super::next_version::LEAST_COMPACTED_BYTES;
use super::writer::{Writer, size};
use super::*;
use crate::ids::{Consumer, Table};
use crate::warehouse::Warehouse;
use crate::warehouse::sql_files::{self, ledger};

struct World {
    folder: tempfile::TempDir,
    warehouse: Warehouse,
}

impl World {
    /// Three thousand songs by two hundred artists, published.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let warehouse =
            Warehouse::open(&folder.path().join("work.duckdb"), &folder.path().join("temp"))
                .unwrap();
        let world = Self { folder, warehouse };
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
        self.folder.path().join("published.duckdb")
    }

    fn change(&self, run: &str, sql: &str) {
        self.run(sql);
        self.note_change(run);
    }

    fn note_change(&self, run: &str) {
        self.run(&format!("set variable run_id = '{run}'"));
        self.run(ledger::NOTE_CHANGE);
    }

    /// What the ledger notes of a published file.
    fn note_published(&self, file: &PublishedFile) {
        self.run("delete from meta.settings where name = 'published'");
        let setting = "insert into meta.settings values ('published', ?)";
        self.warehouse.connection.execute(setting, [file.to_json()]).unwrap();
        for sql in [ledger::ACKNOWLEDGE_RUNS, ledger::ACKNOWLEDGE_GONE_ROWS] {
            self.warehouse.connection.execute(sql, [Consumer::Published.name()]).unwrap();
        }
    }

    /// Notes that a row went.
    fn lose(&self, table: &str, first_key: &str, second_key: &str) {
        let sql =
            "insert into meta.pending_gone_rows select consumer, ?, ?, ?, null from meta.consumers";
        self.warehouse.connection.execute(sql, [table, first_key, second_key]).unwrap();
    }

    fn run(&self, sql: &str) {
        self.warehouse.connection.execute_batch(sql).unwrap();
    }

    fn with_attached<T>(&self, options: &str, work: impl FnOnce() -> T) -> T {
        let (connection, target) = (&self.warehouse.connection, self.target());
        let writer = Writer { connection, file: &target, is_unwanted: &|| false };
        writer.with_attached(options, || Ok(work())).unwrap()
    }

    fn next_version(&self) -> NextVersion {
        let (warehouse, target) = (&self.warehouse, self.target());
        let aside = Aside::begin(&warehouse.connection, &target, &warehouse.stop);
        NextVersion { target, aside: Some(aside.unwrap()) }
    }

    /// Publishes and compares every column of every row. Returns whether the file was not up to date.
    fn publish(&self) -> bool {
        self.finish(NextVersion { target: self.target(), aside: None })
    }

    fn finish(&self, next_version: NextVersion) -> bool {
        let published = next_version.finish(&self.warehouse).unwrap();
        if let Some(file) = &published {
            self.note_published(file);
        }
        self.with_attached("(read_only)", || {
            for table in Table::ALL {
                let sql = format!(
                    "select count(*) from ((from core.{table} except all from \
                    published.core.{table}) union all (from published.core.{table} except \
                    all from core.{table}))"
                );
                assert_eq!(self.number(&sql), 0, "{table}");
            }
            for mart in sql_files::MARTS.iter() {
                self.number(&format!("select count(*) from published.marts.{}", mart.name));
            }
        });
        published.is_some()
    }

    fn number(&self, sql: &str) -> i64 {
        self.warehouse.connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// Writes to the published file, and notes that it was so all along.
    fn tamper(&self, sql: &str) {
        let noted = self.noted();
        self.with_attached("", || {
            self.run(sql);
            self.run("checkpoint published");
        });
        self.note_published(&PublishedFile::of(&self.target(), noted.thousand_row_bytes).unwrap());
    }

    /// What the published file was, as the ledger has it.
    fn noted(&self) -> PublishedFile {
        PublishedFile::noted(&self.warehouse).unwrap().unwrap()
    }

    /// Whether the file is still the one that was marked, however often it was renewed since.
    fn is_marked(&self) -> bool {
        self.with_attached("(read_only)", || {
            let sql = "select count(*) from duckdb_tables() where database_name = \
                'published' and table_name = 'mark'";
            self.number(sql) == 1
        })
    }

    fn mark(&self) {
        self.tamper("create table published.main.mark (n integer)");
    }
}

#[test]
fn a_copy_with_the_changes_equals_core_row_by_row() {
    let world = World::new();
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
        artist_position = 1; delete from core.song_artists where song_id = \
        's2999' and artist_position = 0",
    );
    world.lose("song_artists", "s7", "1");
    world.lose("song_artists", "s2999", "0");
    world.change("r2", "delete from core.genres where artist_id = 'a5'");
    world.lose("genres", "a5", "indie");
    // `s2999` is gone without a trace: the counts tell, and the file is written anew.
    assert!(world.publish());
    assert!(!world.is_marked());

    world.mark();
    world.change(
        "r3",
        "insert into core.song_artists by name select 's7' as song_id, 1 as \
        artist_position, 'a9' as artist_id, 'r3' as run_id",
    );
    world.change("r3", "update core.artists set name = 'renamed', run_id = 'r3' where id = 'a9'");
    assert!(world.publish());
    world.change(
        "r4",
        "delete from core.song_artists where song_id = 's7' and \
        artist_position = 1",
    );
    world.lose("song_artists", "s7", "1");
    world.change(
        "r5",
        "insert into core.song_artists by name select 's7' as song_id, 1 as \
        artist_position, 'a8' as artist_id, 'r5' as run_id; delete from core.genres where \
        artist_id = 'a6'",
    );
    world.lose("genres", "a6", "indie");
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
fn a_next_version_that_was_begun_before_the_change_has_the_change() {
    let world = World::new();
    world.mark();
    for (run, is_told_early) in [("r2", true), ("r3", false)] {
        let next_version = world.next_version();
        world.change(
            run,
            &format!("update core.artists set name = '{run}', run_id = '{run}' where id = 'a9'"),
        );
        if is_told_early {
            next_version.apply_changes(&world.warehouse).unwrap();
        }
        assert!(world.finish(next_version));
        assert!(world.is_marked());
        assert_eq!(leftovers(&world), [""; 0]);
    }
}

/// Waits until the next version changes its copy. Where it was done before anybody looked, that is all there is to see.
fn wait_until_at_work(world: &World, next_version: &NextVersion) {
    let sql = "select count(*) from duckdb_databases() where database_name = 'published'";
    while !next_version.aside.as_ref().unwrap().is_done() && world.number(sql) == 0 {
        std::thread::yield_now();
    }
}

#[test]
fn a_next_version_that_nobody_wants_leaves_nothing() {
    let world = World::new();
    let before = modified_ns(&world.target());
    // A run was refused, or stopped, or found nothing to do; before the copy was to be changed, or while it was.
    for is_told in [false, true, true, true] {
        let next_version = world.next_version();
        if is_told {
            world.change("r2", "update core.artists set name = name || '.', run_id = 'r2'");
            next_version.aside.as_ref().unwrap().apply_changes();
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
    assert!(!world.finish(next_version), "nothing changed");
    assert_eq!(leftovers(&world), [""; 0]);

    // Most rows changed: a new file is written, not a copy.
    world.mark();
    let next_version = world.next_version();
    world.change("r3", "update core.song_artists set artist_id = 'x', run_id = 'r3'");
    next_version.apply_changes(&world.warehouse).unwrap();
    assert!(world.finish(next_version));
    assert!(!world.is_marked());
    assert_eq!(leftovers(&world), [""; 0]);
}

#[test]
fn a_stop_ends_whatever_is_being_written() {
    // A copy that is changed, one that was not begun, and a new file.
    for (is_begun, changed) in [(true, "artists"), (false, "artists"), (false, "song_artists")] {
        let world = World::new();
        let before = modified_ns(&world.target());
        let next_version = match is_begun {
            true => world.next_version(),
            false => NextVersion { target: world.target(), aside: None },
        };
        world.change("r2", &format!("update core.{changed} set run_id = 'r2'"));
        next_version.apply_changes(&world.warehouse).unwrap();
        world.warehouse.interrupt().interrupt();
        let published = next_version.finish(&world.warehouse);
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
    let world = World::new();
    std::fs::set_permissions(world.target(), std::fs::Permissions::from_mode(0o600)).unwrap();
    world.mark();
    for (run, changed, is_copied) in [("r2", "artists", true), ("r3", "song_artists", false)] {
        world.change(run, &format!("update core.{changed} set run_id = '{run}'"));
        assert!(world.publish());
        assert_eq!(world.is_marked(), is_copied);
        let mode = std::fs::metadata(world.target()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{changed}");
    }
}

#[test]
fn what_a_kill_left_is_no_obstacle() {
    let world = World::new();
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
    let world = World::new();
    let before = modified_ns(&world.target());
    world.note_change("r2");
    assert!(!world.publish());
    assert_eq!(modified_ns(&world.target()), before);
}

#[test]
fn a_reader_keeps_the_rows_that_it_opened() {
    let world = World::new();
    let open = || {
        let config = duckdb::Config::default().access_mode(duckdb::AccessMode::ReadOnly).unwrap();
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
    assert_eq!(count(&duckdb::Connection::open_with_flags(world.target(), config).unwrap()), 3001);
}

#[test]
fn a_file_that_is_not_what_was_published_is_written_anew() {
    let world = World::new();
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
    let world = World::new();
    world.change(
        "r1",
        "insert into core.songs by name select md5(n::varchar) as id, \
        array_to_string(list_transform(range(8), lambda p: md5((n * 8 + p)::varchar)), '') \
        as name, 'r1' as run_id from range(60000) as t(n)",
    );
    assert!(world.publish());
    assert!(size(&world.target()).unwrap() > LEAST_COMPACTED_BYTES);
    world.mark();
    let row_bytes = world.noted().thousand_row_bytes / 2;
    world.note_published(&PublishedFile::of(&world.target(), row_bytes).unwrap());
    world.change("r2", "insert into core.songs by name select 'x' as id, 'r2' as run_id");
    assert!(world.publish());
    assert!(!world.is_marked());
    assert!(world.noted().thousand_row_bytes > row_bytes);
}
