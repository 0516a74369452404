//! Pages as they come from Spotify: on disk at once, in the tables many at a time.
//!
//! A page has fifty rows, and a transaction of its own costs DuckDB more than they do. So a page goes into the journal, before the
//! next one is asked for, and [`Warehouse::settle`] takes what the journal holds into `raw` and `meta.reads`, in one transaction.
//! Whatever reads these tables settles first; what a killed process left is settled by the next that opens the warehouse.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use duckdb::params;

use super::error::{Doing, Error};
use super::journal::{Described, Journal, Note, Page, Subject};
use super::reads::{NewRead, ReadStatus};
use super::sql_files::ledger as sql;
use super::{Warehouse, sql_timestamp, timestamp};
use crate::sources::{Cut, Document};

/// So many bytes of pages are settled at the latest: what a process that was killed leaves to the next one, and what is in memory.
const MOST_BYTES: usize = 8 << 20;

const DOING: &str = "note a read";

/// What is in the journal and not yet in the tables.
pub(super) struct Arrivals {
    journal: Journal,
    /// The last generation that the tables hold.
    settled: u64,
    notes: Vec<(Note, Option<(Document, Cut)>)>,
    size_bytes: usize,
}

/// A read's row, as far as the notes at hand tell.
#[derive(Default)]
struct Row<'n> {
    begun: Option<(&'n str, &'n Subject, DateTime<Utc>)>,
    snapshot_id: Option<&'n str>,
    total: Option<u32>,
    ended: Option<(&'n str, DateTime<Utc>)>,
}

impl Arrivals {
    pub(super) fn new(journal: Journal) -> Self {
        Self { journal, settled: 0, notes: Vec::new(), size_bytes: 0 }
    }

    fn add(&mut self, note: Note, page: Option<(Document, Cut)>) -> Result<(), Error> {
        let body = page.as_ref().map(|(document, _)| document.body.as_str());
        self.journal.write(self.settled + 1, &note, body)?;
        self.size_bytes += body.map_or(0, str::len);
        self.notes.push((note, page));
        Ok(())
    }
}

impl Warehouse {
    /// Notes a page, and before it, where `read_id` is `None`, that its read begins. Returns the read's id; the page is on disk then.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Statement`].
    pub(crate) fn page_arrived(
        &self,
        (read_id, read): (Option<i64>, NewRead<'_>),
        (document, cut): (&Document, Cut),
        (snapshot_id, total): (Option<&str>, Option<u32>),
    ) -> Result<i64, Error> {
        let run_id = || read.run_id.to_owned();
        let arrivals = || self.arrivals.borrow_mut();
        let read_id = match read_id {
            Some(read_id) => read_id,
            None => {
                let read_id = self.new_read_id();
                let playlist_id = read.playlist_id.map(str::to_owned);
                let subject = Subject { entity: read.entity.to_owned(), playlist_id };
                let begun = Note::Begun { read_id, run_id: run_id(), subject, at: read.now };
                arrivals().add(begun, None)?;
                read_id
            }
        };
        let described = Described { snapshot_id: snapshot_id.map(str::to_owned), total };
        let page = Note::Page { read_id, run_id: run_id(), described, page: Page::of(document) };
        arrivals().add(page, Some((document.clone(), cut)))?;
        if self.arrivals.borrow().size_bytes >= MOST_BYTES {
            self.settle()?;
        }
        Ok(read_id)
    }

    /// Notes that a read has ended.
    ///
    /// # Errors
    /// [`Error::File`].
    pub(crate) fn read_ended(
        &self,
        read_id: i64,
        status: ReadStatus,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let status = status.name().to_owned();
        self.arrivals.borrow_mut().add(Note::Ended { read_id, status, at: now }, None)
    }

    /// Takes what is noted into the tables, in one transaction; does nothing where nothing is.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Statement`]; what is noted stays so.
    pub(crate) fn settle(&self) -> Result<(), Error> {
        let mut arrivals = self.arrivals.borrow_mut();
        if arrivals.notes.is_empty() {
            return Ok(());
        }
        let generation = arrivals.settled + 1;
        tracing::debug!("land {} bytes of pages", arrivals.size_bytes);
        self.connection.execute_batch("begin").doing("begin a transaction")?;
        let taken = self.take_in(&arrivals.notes).and_then(|()| self.note_settled(generation));
        if let Err(error) = taken {
            // The first error is the one to tell; a failed rollback ends with the connection.
            let _ = self.connection.execute_batch("rollback");
            return Err(error);
        }
        self.connection.execute_batch("commit").doing("commit")?;
        (arrivals.settled, arrivals.size_bytes) = (generation, 0);
        arrivals.notes = Vec::new();
        arrivals.journal.remove()
    }

    /// Settles what an earlier process left.
    pub(super) fn recover(&self) -> Result<(), Error> {
        let sql = "select max(value::bigint) from meta.settings where name = 'settled_pages'";
        let settled = self.connection.query_row(sql, [], |row| row.get::<_, Option<u64>>(0));
        let settled = settled.doing("look up what is landed")?.unwrap_or(0);
        let mut arrivals = self.arrivals.borrow_mut();
        arrivals.settled = settled;
        let Some((generation, notes)) = arrivals.journal.read()? else { return Ok(()) };
        if generation > settled {
            for (note, body) in notes {
                let page = match &note {
                    // Of another ledger: somebody moved the file, or this one.
                    Note::Begun { run_id, .. } | Note::Page { run_id, .. }
                        if !self.has_run(run_id)? =>
                    {
                        break;
                    }
                    Note::Page { page, .. } => match page.clone().with_body(body).and_then(cut) {
                        Some(page) => Some(page),
                        None => break,
                    },
                    _ => None,
                };
                if let Note::Begun { read_id, .. } = &note {
                    self.next_read_id.set(self.next_read_id.get().max(read_id + 1));
                }
                arrivals.notes.push((note, page));
            }
            arrivals.settled = generation - 1;
        }
        if arrivals.notes.is_empty() {
            return arrivals.journal.remove();
        }
        drop(arrivals);
        self.settle()
    }

    fn has_run(&self, run_id: &str) -> Result<bool, Error> {
        let sql = "select count(*) > 0 from meta.runs where run_id = ?";
        self.connection.query_row(sql, [run_id], |row| row.get(0)).doing("look up the run")
    }

    fn note_settled(&self, generation: u64) -> Result<(), Error> {
        let forget = "delete from meta.settings where name = 'settled_pages'";
        self.connection.execute_batch(forget).doing(DOING)?;
        let insert = "insert into meta.settings values ('settled_pages', ?)";
        self.connection.execute(insert, [generation.to_string()]).doing(DOING).map(drop)
    }

    fn take_in(&self, notes: &[(Note, Option<(Document, Cut)>)]) -> Result<(), Error> {
        let mut landing = self.landing()?;
        let mut rows = BTreeMap::<i64, Row<'_>>::new();
        for (note, page) in notes {
            match note {
                Note::Begun { read_id, run_id, subject, at } => {
                    rows.entry(*read_id).or_default().begun = Some((run_id, subject, *at));
                }
                Note::Page { read_id, run_id, described, .. } => {
                    let row = rows.entry(*read_id).or_default();
                    row.snapshot_id = described.snapshot_id.as_deref().or(row.snapshot_id);
                    row.total = described.total.or(row.total);
                    if let Some((document, cut)) = page {
                        landing.land((run_id, *read_id), document, cut, |_| false)?;
                    }
                }
                Note::Ended { read_id, status, at } => {
                    rows.entry(*read_id).or_default().ended = Some((status, *at));
                }
            }
        }
        landing.finish()?;
        self.note_rows(&rows)
    }

    fn note_rows(&self, rows: &BTreeMap<i64, Row<'_>>) -> Result<(), Error> {
        let columns = [
            "read_id",
            "run_id",
            "entity",
            "playlist_id",
            "snapshot_id",
            "total",
            "status",
            "started_at",
            "finished_at",
        ];
        let mut reads =
            self.connection.appender_with_columns_to_db("reads", "meta", &columns).doing(DOING)?;
        for (read_id, row) in rows {
            let (status, finished_at) = row.ended.unzip();
            let Some((run_id, subject, started_at)) = row.begun else {
                let sql = sql::CONTINUE_READS;
                let finished_at = finished_at.map(sql_timestamp);
                self.connection
                    .execute(sql, params![row.snapshot_id, row.total, status, finished_at, read_id])
                    .doing(DOING)?;
                continue;
            };
            reads
                .append_row(params![
                    read_id,
                    run_id,
                    subject.entity,
                    subject.playlist_id,
                    row.snapshot_id,
                    row.total,
                    status.unwrap_or("reading"),
                    timestamp(started_at),
                    finished_at.map(timestamp)
                ])
                .doing(DOING)?;
        }
        reads.flush().doing(DOING)
    }
}

/// A document that an earlier process received, cut again. `None`: it cannot be read, so it is asked for again.
fn cut(document: Document) -> Option<(Document, Cut)> {
    let parts = document.parts().ok()?;
    let cut = Cut::of(document.entity, &document.body, &parts);
    Some((document, cut))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::Entity;
    use crate::warehouse::reads::UnfinishedRead;

    struct World(tempfile::TempDir);

    impl World {
        fn new() -> Self {
            let world = Self(tempfile::tempdir().unwrap());
            world.run("insert into meta.runs by name select 'run' as run_id");
            world
        }

        fn open(&self) -> Warehouse {
            Warehouse::open(&self.0.path().join("w.duckdb"), self.0.path()).unwrap()
        }

        fn run(&self, sql: &str) {
            self.open().connection.execute_batch(sql).unwrap();
        }

        fn journal(&self) -> std::path::PathBuf {
            self.0.path().join("w.pages")
        }
    }

    const READ: NewRead<'_> = NewRead {
        run_id: "run",
        entity: "playlist",
        playlist_id: Some("p"),
        now: DateTime::UNIX_EPOCH,
    };

    /// A page of `row_count` rows, which begins at `offset`.
    fn page(offset: u32, row_count: u32, padding: usize) -> (Document, Cut) {
        let row = |at| {
            format!(
                r#"{{"added_at":null,"item":{{"id":"{at}","name":"{}"}}}}"#,
                "x".repeat(padding)
            )
        };
        let rows: Vec<_> = (offset..offset + row_count).map(row).collect();
        let document = Document {
            entity: Entity::PlaylistItems,
            playlist_id: Some("p".to_owned()),
            url: format!("/v1/playlists/p/items?offset={offset}"),
            fetched_at: DateTime::UNIX_EPOCH,
            etag: Some("e".to_owned()),
            body: format!(r#"{{"offset":{offset},"total":500,"items":[{}]}}"#, rows.join(",")),
        };
        cut(document).unwrap()
    }

    fn arrive(warehouse: &Warehouse, read_id: Option<i64>, page: (Document, Cut)) -> i64 {
        let described = (Some("snap"), Some(500));
        warehouse.page_arrived((read_id, READ), (&page.0, page.1), described).unwrap()
    }

    fn number(warehouse: &Warehouse, sql: &str) -> i64 {
        warehouse.connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn unfinished(warehouse: &Warehouse) -> Option<UnfinishedRead> {
        warehouse.unfinished_read("playlist", Some("p")).unwrap()
    }

    #[test]
    fn pages_that_a_killed_process_noted_are_landed_by_the_next_and_read_on_behind_them() {
        let world = World::new();
        let warehouse = world.open();
        let read_id = arrive(&warehouse, None, page(0, 50, 1));
        arrive(&warehouse, Some(read_id), page(50, 50, 1));
        assert_eq!(number(&warehouse, "select count(*) from raw.rows"), 0);
        drop(warehouse);

        let warehouse = world.open();
        assert!(!world.journal().exists());
        let snapshot_id = Some("snap".to_owned());
        let read = UnfinishedRead {
            read_id,
            run_id: "run".to_owned(),
            snapshot_id,
            total: Some(500),
            next_offset: 100,
        };
        assert_eq!(unfinished(&warehouse), Some(read));
        assert_eq!(number(&warehouse, "select count(*) from raw.row_texts"), 100);
        // Another read does not take its id.
        assert!(arrive(&warehouse, None, page(0, 1, 1)) > read_id);

        warehouse.read_ended(read_id, ReadStatus::Complete, DateTime::UNIX_EPOCH).unwrap();
        drop(warehouse);
        let finished = world.open().finished_read("run", "playlist", Some("p")).unwrap().unwrap();
        assert_eq!((finished.read_id, finished.total), (read_id, Some(500)));
    }

    #[test]
    fn a_page_that_is_in_the_tables_is_not_landed_again_when_its_journal_is_still_there() {
        let world = World::new();
        let warehouse = world.open();
        let read_id = arrive(&warehouse, None, page(0, 50, 1));
        let left = std::fs::read(world.journal()).unwrap();
        warehouse.settle().unwrap();
        drop(warehouse);
        // As if the process had died between the two.
        std::fs::write(world.journal(), left).unwrap();
        let warehouse = world.open();
        assert!(!world.journal().exists());
        assert_eq!(number(&warehouse, "select count(*) from raw.rows"), 50);
        assert_eq!(number(&warehouse, "select count(*) from meta.reads"), 1);
        arrive(&warehouse, Some(read_id), page(50, 50, 1));
        drop(warehouse);
        assert_eq!(unfinished(&world.open()).unwrap().next_offset, 100);
    }

    #[test]
    fn half_a_page_is_left_out_and_what_came_before_it_is_kept() {
        let world = World::new();
        let warehouse = world.open();
        let read_id = arrive(&warehouse, None, page(0, 50, 1));
        arrive(&warehouse, Some(read_id), page(50, 50, 1));
        drop(warehouse);
        let whole = std::fs::read(world.journal()).unwrap();
        std::fs::write(world.journal(), &whole[..whole.len() - 9]).unwrap();
        assert_eq!(unfinished(&world.open()).unwrap().next_offset, 50);
    }

    #[test]
    fn the_journal_of_another_ledger_lands_nothing() {
        let world = World::new();
        arrive(&world.open(), None, page(0, 50, 1));
        let left = std::fs::read(world.journal()).unwrap();
        let other = World(tempfile::tempdir().unwrap());
        drop(other.open());
        std::fs::write(other.journal(), left).unwrap();
        assert_eq!(number(&other.open(), "select count(*) from raw.documents"), 0);
        assert!(!other.journal().exists());
    }

    #[test]
    fn many_pages_are_landed_before_they_fill_the_memory_and_whoever_reads_sees_all() {
        let world = World::new();
        let warehouse = world.open();
        let mut read_id = None;
        for number in 0..12 {
            read_id = Some(arrive(&warehouse, read_id, page(number * 10, 10, 100_000)));
        }
        // Eight of a million bytes and more; four are left.
        assert_eq!(number(&warehouse, "select count(distinct document_id) from raw.rows"), 9);
        assert_eq!(unfinished(&warehouse).unwrap().next_offset, 120);
        assert_eq!(number(&warehouse, "select count(*) from raw.row_texts"), 120);
    }

    #[test]
    fn what_cannot_be_landed_stays_noted() {
        let world = World::new();
        let warehouse = world.open();
        arrive(&warehouse, None, page(0, 50, 1));
        warehouse.connection.execute_batch("alter table raw.items rename to gone").unwrap();
        warehouse.settle().unwrap_err();
        warehouse.connection.execute_batch("alter table raw.gone rename to items").unwrap();
        warehouse.settle().unwrap();
        assert_eq!(number(&warehouse, "select count(*) from raw.row_texts"), 50);
    }
}
