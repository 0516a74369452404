//! Features that are brought up to date by what changed are, row by row, those that are made from nothing.

use fastrand::Rng;

use super::features::FeatureWish;
use super::writer::{Extent, Writer};
use super::*;
use crate::ids::Consumer;
use crate::warehouse::Warehouse;
use crate::warehouse::sql_files::ledger;

const TABLES: [&str; 3] = ["interactions", "song_features", "playlist_features"];
/// A song that no table knows: made from nothing, the features do not have it.
const MARK: &str = "a mark";

/// A row of a list: a song and the day on which it was added; no song is a local file.
type Row = (Option<u32>, Option<u32>);

struct World {
    folder: tempfile::TempDir,
    warehouse: Warehouse,
    rng: Rng,
    run: u32,
    song_count: u32,
    lists: Vec<Vec<Row>>,
}

impl World {
    /// A hundred songs of forty albums in thirty lists, published with features.
    fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("work.duckdb");
        let warehouse = Warehouse::open(&file, &folder.path().join("temp")).unwrap();
        let rng = Rng::with_seed(seed);
        let mut world = Self { folder, warehouse, rng, run: 0, song_count: 0, lists: Vec::new() };
        world.execute("begin");
        for album in 0..40 {
            world.write_album(album);
        }
        for _ in 0..100 {
            world.write_song(world.song_count);
            for day in 0..12 {
                world.observe(world.song_count, day);
            }
            world.song_count += 1;
        }
        for list in 0..30 {
            let rows = world.rng.u32(0..25);
            let rows = (0..rows).map(|_| world.row()).collect();
            world.write_list(list, rows);
        }
        world.execute("commit");
        world.publish();
        let wish = FeatureWish { api_content: true, folders: Vec::new() };
        let wanted = "insert into meta.settings values ('features', ?)";
        world.warehouse.connection.execute(wanted, [wish.to_json()]).unwrap();
        let made = world.warehouse.make_features(&world.target(), &wish).unwrap();
        let noted = made.unwrap().thousand_row_bytes;
        world.with_attached(&world.target(), |writer| {
            let mark = "insert into published.features.song_features by name select ? as song_id";
            writer.connection.execute(mark, [MARK]).unwrap();
            world.execute("checkpoint published");
        });
        world.note(&PublishedFile::of(&world.target(), noted).unwrap());
        world
    }

    fn target(&self) -> std::path::PathBuf {
        self.folder.path().join("published.duckdb")
    }

    fn execute(&self, sql: &str) {
        self.warehouse.connection.execute_batch(sql).unwrap_or_else(|error| {
            panic!("{error}: {sql}");
        });
    }

    fn number(&self, sql: &str) -> i64 {
        self.warehouse.connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn with_attached(&self, file: &std::path::Path, work: impl FnOnce(&Writer<'_>)) {
        let connection = &self.warehouse.connection;
        let writer = Writer { connection, file, is_unwanted: &|| false };
        writer
            .with_attached("", || {
                work(&writer);
                Ok(())
            })
            .unwrap();
    }

    /// What the ledger notes of a published file.
    fn note(&self, file: &PublishedFile) {
        self.execute("delete from meta.settings where name = 'published'");
        let setting = "insert into meta.settings values ('published', ?)";
        self.warehouse.connection.execute(setting, [file.to_json()]).unwrap();
        for sql in [ledger::ACKNOWLEDGE_RUNS, ledger::ACKNOWLEDGE_GONE_ROWS] {
            self.warehouse.connection.execute(sql, [Consumer::Published.name()]).unwrap();
        }
    }

    /// Publishes what the run changed; the next change is another run's.
    fn publish(&mut self) {
        self.execute(&format!("set variable run_id = 'r{}'", self.run));
        self.execute(ledger::NOTE_CHANGE);
        let next = NextVersion { target: self.target(), aside: None };
        let file = next.finish(&self.warehouse).unwrap();
        self.note(&file.expect("there is something new"));
        self.run += 1;
    }

    /// A row of a list; now and then one without a song, or without a time.
    fn row(&mut self) -> Row {
        let song = (self.rng.u32(0..12) > 0).then(|| self.rng.u32(0..self.song_count));
        let day = (self.rng.u32(0..15) > 0).then(|| self.rng.u32(0..60));
        (song, day)
    }

    fn write_album(&mut self, album: u32) {
        let date = match self.rng.u32(0..8) {
            0 => "null".to_owned(),
            _ => format!("date '1970-01-01' + {}::integer", self.rng.u32(0..20_000)),
        };
        let tracks = self.rng.u32(1..20);
        self.execute(&format!(
            "delete from core.albums where id = 'b{album}'; insert into core.albums by name select \
            'b{album}' as id, {date} as release_date, {tracks} as total_tracks, 'r{}' as run_id",
            self.run
        ));
    }

    fn write_song(&mut self, song: u32) {
        let or_null =
            |rng: &mut Rng, text: String| if rng.u32(0..10) == 0 { "null".into() } else { text };
        let (album, artist) = (self.rng.u32(0..40), self.rng.u32(0..15));
        let album = or_null(&mut self.rng, format!("'b{album}'"));
        let artist = or_null(&mut self.rng, format!("'a{artist}'"));
        let duration = self.rng.u32(1000..400_000);
        let duration = or_null(&mut self.rng, duration.to_string());
        self.execute(&format!(
            "delete from core.songs where id = 's{song}'; insert into core.songs by name select \
            's{song}' as id, {album} as album_id, {artist} as artist_ids, {duration} as \
            duration_ms, 'r{}' as run_id",
            self.run
        ));
    }

    fn observe(&mut self, song: u32, day: u32) {
        let popularity = match self.rng.u32(0..6) {
            0 => "null".to_owned(),
            _ => self.rng.u32(0..101).to_string(),
        };
        self.execute(&format!(
            "delete from core.song_observations where song_id = 's{song}' and observed_on = date \
            '2026-01-01' + {day}; insert into core.song_observations by name select 's{song}' as \
            song_id, date '2026-01-01' + {day} as observed_on, {popularity} as popularity, \
            'r{}' as run_id",
            self.run
        ));
    }

    /// Another snapshot of a list. Those before it stay.
    fn write_list(&mut self, list: usize, rows: Vec<Row>) {
        let run = self.run;
        self.execute(&format!(
            "delete from core.playlists where id = 'p{list}'; insert into core.playlists by name \
            select 'p{list}' as id, '{list} {run}' as snapshot_id, 'r{run}' as run_id; insert into \
            meta.snapshots by name select 0 as read_id, 'p{list}' as playlist_id, \
            '{list} {run}' as \
            snapshot_id, 'r{run}' as run_id; delete from core.playlist_songs where snapshot_id = \
            '{list} {run}'"
        ));
        for (position, (song, day)) in rows.iter().enumerate() {
            let song = song.map_or("null".to_owned(), |song| format!("'s{song}'"));
            let day = day.map_or("null".to_owned(), |day| {
                format!("timestamp '2026-02-01' + to_days({day})")
            });
            self.execute(&format!(
                "insert into core.playlist_songs by name select 'p{list}' as playlist_id, \
                '{list} {run}' as snapshot_id, {position} as position, {song} as song_id, {day} as \
                added_at, 'r{run}' as run_id"
            ));
        }
        match list < self.lists.len() {
            true => self.lists[list] = rows,
            false => self.lists.push(rows),
        }
    }

    /// Something that a run can find.
    fn change(&mut self) {
        let list = self.rng.usize(0..self.lists.len());
        let mut rows = self.lists[list].clone();
        let place = self.rng.usize(0..=rows.len());
        match self.rng.u32(0..12) {
            0 | 1 => {
                let row = self.row();
                rows.insert(place, row);
                self.write_list(list, rows);
            }
            2 => {
                rows.truncate(place);
                self.write_list(list, rows);
            }
            3 => {
                rows.reverse();
                self.write_list(list, rows);
            }
            4 => {
                let rows = (0..self.rng.u32(0..15)).map(|_| 0).collect::<Vec<_>>();
                let rows = rows.iter().map(|_| self.row()).collect();
                self.write_list(list, rows);
            }
            5 => {
                // A song twice, whose first time may be unknown.
                let again = rows.first().copied().map(|(song, _)| (song, None));
                rows.extend(again);
                self.write_list(list, rows);
            }
            6 => {
                for row in rows.iter_mut().skip(place).take(2) {
                    row.1 = Some(self.rng.u32(0..80));
                }
                self.write_list(list, rows);
            }
            7 => {
                let song = self.rng.u32(0..self.song_count);
                self.write_song(song);
            }
            8 => {
                let album = self.rng.u32(0..40);
                self.write_album(album);
            }
            9 => {
                for _ in 0..5 {
                    let (song, day) = (self.rng.u32(0..self.song_count), self.rng.u32(0..45));
                    self.observe(song, day);
                }
            }
            10 => {
                // A new song in a new list, with the newest time there is; or a list without any.
                self.write_song(self.song_count);
                self.song_count += 1;
                let row = (Some(self.song_count - 1), Some(60 + self.run));
                let rows = if self.rng.bool() { vec![row] } else { Vec::new() };
                self.write_list(self.lists.len(), rows);
            }
            _ => {
                // The same snapshot, in which a song is no longer to be had.
                self.execute(&format!(
                    "update core.playlist_songs set song_id = null, run_id = 'r{}' where \
                    position = 0 and (playlist_id, snapshot_id) in (select (id, snapshot_id) \
                    from core.playlists where id = 'p{list}')",
                    self.run
                ));
                self.execute(&format!(
                    "update core.playlists set item_count = {0}, run_id = 'r{0}' \
                    where id = 'p{list}'",
                    self.run
                ));
                self.lists[list].iter_mut().take(1).for_each(|row| row.0 = None);
            }
        }
    }

    /// The same, where none was made anew since the world began.
    fn assert_changed_as_from_nothing(&self, seed: u64) {
        self.with_attached(&self.target(), |_| {
            let marked = format!("from published.features.song_features where song_id = '{MARK}'");
            let count = self.number(&format!("select count(*) {marked}"));
            assert_eq!(count, 1, "all were made anew");
        });
        self.assert_as_from_nothing(seed);
    }

    /// Makes the features of a copy of the file from nothing, and compares every column of every row but the mark.
    fn assert_as_from_nothing(&self, seed: u64) {
        let copy = self.folder.path().join("copy.duckdb");
        std::fs::copy(self.target(), &copy).unwrap();
        self.with_attached(&copy, |writer| {
            self.execute("create schema published.former");
            for table in TABLES {
                self.execute(&format!(
                    "create table published.former.{table} as from published.features.{table}"
                ));
            }
            self.execute(&format!(
                "delete from published.former.song_features where song_id = '{MARK}'"
            ));
            let wish = FeatureWish { api_content: true, folders: Vec::new() };
            writer.write_features(&wish, Extent::Whole).unwrap();
            for table in TABLES {
                let (one, other) =
                    (format!("published.former.{table}"), format!("published.features.{table}"));
                for (one, other) in [(&one, &other), (&other, &one)] {
                    let sql = format!("select count(*) from (from {one} except all from {other})");
                    assert_eq!(self.number(&sql), 0, "{table}, seed {seed}, run {}", self.run);
                }
            }
        });
    }
}

/// Some runs of a world, of which each finds something changed; what would go wrong in one stays wrong in the next.
fn live(seed: u64, run_count: u32) {
    let mut world = World::new(seed);
    for _ in 0..run_count {
        for _ in 0..2 {
            world.execute("begin");
            for _ in 0..world.rng.u32(2..5) {
                world.change();
            }
            world.execute("commit");
            world.publish();
        }
        world.assert_changed_as_from_nothing(seed);
    }
}

#[test]
fn what_changed_makes_the_features_that_all_would_make() {
    live(17, 4);
}

#[test]
fn what_stayed_as_it_was_is_made_from_nothing_once_it_may_be() {
    let mut world = World::new(5);
    let wish = FeatureWish { api_content: false, folders: Vec::new() };
    let wanted = "update meta.settings set value = ? where name = 'features'";
    world.warehouse.connection.execute(wanted, [wish.to_json()]).unwrap();
    let publish = |world: &mut World| {
        for _ in 0..4 {
            world.change();
        }
        world.publish();
        let sums = TABLES.map(|table| {
            format!("(select bit_xor(hash(it)) from published.features.{table} as it)")
        });
        let mut found = String::new();
        world.with_attached(&world.target(), |_| {
            let sql = format!("select concat_ws(' ', {})", sums.join(", "));
            found = world.warehouse.connection.query_row(&sql, [], |row| row.get(0)).unwrap();
        });
        found
    };
    // Nobody knows where the lists come from, and so they are the API's.
    let before = publish(&mut world);
    assert_eq!(publish(&mut world), before);
    world.execute(
        "insert into meta.runs by name select 'of demo' as run_id, 'demo' as source; insert into \
        meta.reads by name select 'of demo' as run_id, 'p' || range as playlist_id, 'of demo' as \
        transformed_in from range(100)",
    );
    assert_ne!(publish(&mut world), before);
    world.assert_as_from_nothing(5);
}

#[test]
#[ignore = "takes a minute: `make test-long`"]
fn what_changed_makes_the_features_that_all_would_make_in_many_worlds() {
    (0..12).for_each(|seed| live(seed, 10));
}
