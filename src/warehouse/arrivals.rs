//! Pages as they come from Spotify: on disk at once, in the tables many at a time.
//!
//! A page has fifty rows, and a transaction of its own costs DuckDB more than they do. So a page goes into the journal, before the
//! next one is asked for, and [`Warehouse::land_pages`] takes what the journal holds into `raw` and `meta.reads`, in one
//! transaction. Whatever reads these tables lands it first; what a killed process left, the next that opens the warehouse lands.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use duckdb::params;

use super::error::{Doing, Error};
use super::journal::{Described, Generation, Journal, Note, NoteWithBody, Page};
use super::landing::ReceivedFor;
use super::reads::{NewRead, ReadStatus};
use super::sql_files::ledger as sql;
use super::{Warehouse, sql_timestamp, timestamp};
use crate::ids::Subject;
use crate::sources::{Document, SplitDocument};

/// So many bytes of pages are landed at the latest: what a process that was killed leaves to the next one, and what is in memory.
const MOST_BYTES: usize = 8 << 20;

/// The setting that keeps the last generation that is landed.
const SETTING: &str = "settled_pages";

const DOING: &str = "note a read";

/// What is in the journal and not yet in the tables.
pub(super) struct Arrivals {
    journal: Journal,
    /// The last generation that the tables hold.
    landed: u64,
    notes: Vec<Arrived>,
    size_bytes: usize,
}

/// A note, and the page where it is one's.
struct Arrived {
    note: Note,
    page: Option<SplitPage>,
}

/// A document and what it was split into.
struct SplitPage {
    document: Document,
    split: SplitDocument,
}

/// A page that came from Spotify.
pub(crate) struct ArrivedPage<'a> {
    /// What it was asked for.
    pub(crate) read: NewRead<'a>,
    /// Its read; `None`: it is the first page.
    pub(crate) read_id: Option<i64>,
    /// As it came.
    pub(crate) document: &'a Document,
    /// What it was split into.
    pub(crate) split: SplitDocument,
    /// What it says of its list.
    pub(crate) described: Described,
}

/// How a read began.
#[derive(Clone, Copy)]
struct Begun<'n> {
    run_id: &'n str,
    subject: &'n Subject,
    at: DateTime<Utc>,
}

/// How a read ended.
#[derive(Clone, Copy)]
struct Ended<'n> {
    status: &'n str,
    at: DateTime<Utc>,
}

/// A read's row, as far as the notes at hand tell.
#[derive(Default)]
struct Row<'n> {
    begun: Option<Begun<'n>>,
    snapshot_id: Option<&'n str>,
    total: Option<u32>,
    ended: Option<Ended<'n>>,
}

impl Arrivals {
    pub(super) fn new(journal: Journal) -> Self {
        Self { journal, landed: 0, notes: Vec::new(), size_bytes: 0 }
    }

    fn add(&mut self, note: Note, page: Option<SplitPage>) -> Result<(), Error> {
        let body = page.as_ref().map(|page| page.document.body.as_str());
        self.journal.write(self.landed + 1, &note, body)?;
        self.size_bytes += body.map_or(0, str::len);
        self.notes.push(Arrived { note, page });
        Ok(())
    }
}

impl Warehouse {
    /// Notes a page, and before the first one that its read begins. Returns the read's id; the page is on disk then.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Statement`].
    pub(crate) fn page_arrived(&self, page: ArrivedPage<'_>) -> Result<i64, Error> {
        let ArrivedPage { read, read_id, document, split, described } = page;
        let run_id = || read.run_id.to_owned();
        let arrivals = || self.arrivals.borrow_mut();
        let read_id = match read_id {
            Some(read_id) => read_id,
            None => {
                let read_id = self.new_read_id();
                let subject = read.subject.clone();
                let begun = Note::Begun { read_id, run_id: run_id(), subject, at: read.now };
                arrivals().add(begun, None)?;
                read_id
            }
        };
        let page = Note::Page { read_id, run_id: run_id(), described, page: Page::of(document) };
        arrivals().add(page, Some(SplitPage { document: document.clone(), split }))?;
        if self.arrivals.borrow().size_bytes >= MOST_BYTES {
            self.land_pages()?;
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

    /// Lands what is noted, in one transaction; does nothing where nothing is.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Statement`]; what is noted stays so.
    pub(crate) fn land_pages(&self) -> Result<(), Error> {
        let mut arrivals = self.arrivals.borrow_mut();
        if arrivals.notes.is_empty() {
            return Ok(());
        }
        let generation = arrivals.landed + 1;
        tracing::debug!("land {} bytes of pages", arrivals.size_bytes);
        self.connection.execute_batch("begin").doing("begin a transaction")?;
        let taken = self.take_in(&arrivals.notes).and_then(|()| self.note_landed(generation));
        if let Err(error) = taken {
            // The first error is the one to tell; a failed rollback ends with the connection.
            let _ = self.connection.execute_batch("rollback");
            return Err(error);
        }
        self.connection.execute_batch("commit").doing("commit")?;
        (arrivals.landed, arrivals.size_bytes) = (generation, 0);
        arrivals.notes = Vec::new();
        arrivals.journal.remove()
    }

    /// Lands what an earlier process left.
    pub(super) fn recover(&self) -> Result<(), Error> {
        let landed =
            self.connection.query_row(sql::SETTLED_PAGES, [], |row| row.get::<_, Option<u64>>(0));
        let landed = landed.doing("look up what is landed")?.unwrap_or(0);
        let mut arrivals = self.arrivals.borrow_mut();
        arrivals.landed = landed;
        let Some(Generation { number, notes }) = arrivals.journal.read()? else { return Ok(()) };
        if number > landed {
            for NoteWithBody { note, body } in notes {
                let page = match &note {
                    // Of another ledger: somebody moved the file, or this one.
                    Note::Begun { run_id, .. } | Note::Page { run_id, .. }
                        if !self.has_run(run_id)? =>
                    {
                        break;
                    }
                    Note::Page { page, .. } => match page.clone().with_body(body).and_then(split) {
                        Some(page) => Some(page),
                        None => break,
                    },
                    _ => None,
                };
                if let Note::Begun { read_id, .. } = &note {
                    self.next_read_id.set(self.next_read_id.get().max(read_id + 1));
                }
                arrivals.notes.push(Arrived { note, page });
            }
            arrivals.landed = number - 1;
        }
        if arrivals.notes.is_empty() {
            return arrivals.journal.remove();
        }
        drop(arrivals);
        self.land_pages()
    }

    fn has_run(&self, run_id: &str) -> Result<bool, Error> {
        self.connection.query_row(sql::HAS_RUN, [run_id], |row| row.get(0)).doing("look up the run")
    }

    fn note_landed(&self, generation: u64) -> Result<(), Error> {
        let forgot = self.connection.execute(sql::FORGET_SETTING, [SETTING]);
        forgot.doing(DOING)?;
        let noted = self.connection.execute(sql::NOTE_SETTING, [SETTING, &generation.to_string()]);
        noted.doing(DOING).map(drop)
    }

    fn take_in(&self, notes: &[Arrived]) -> Result<(), Error> {
        let mut landing = self.landing()?;
        let mut rows = BTreeMap::<i64, Row<'_>>::new();
        for Arrived { note, page } in notes {
            match note {
                Note::Begun { read_id, run_id, subject, at } => {
                    let begun = Begun { run_id, subject, at: *at };
                    rows.entry(*read_id).or_default().begun = Some(begun);
                }
                Note::Page { read_id, run_id, described, .. } => {
                    let row = rows.entry(*read_id).or_default();
                    row.snapshot_id = described.snapshot_id.as_deref().or(row.snapshot_id);
                    row.total = described.total.or(row.total);
                    if let Some(SplitPage { document, split }) = page {
                        let read = ReceivedFor { run_id, read_id: *read_id };
                        landing.land(read, document, split, |_| false)?;
                    }
                }
                Note::Ended { read_id, status, at } => {
                    rows.entry(*read_id).or_default().ended = Some(Ended { status, at: *at });
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
        // The ledger's table, written here, because a read is one transaction with the rows of its pages, and an appender writes as
        // many as were noted without a statement for each.
        let mut reads =
            self.connection.appender_with_columns_to_db("reads", "meta", &columns).doing(DOING)?;
        for (read_id, row) in rows {
            let (status, finished_at) = row.ended.map(|ended| (ended.status, ended.at)).unzip();
            let Some(Begun { run_id, subject, at: started_at }) = row.begun else {
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
                    subject.entity(),
                    subject.playlist_id(),
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

/// A document that an earlier process received, split again. `None`: it cannot be read, so it is asked for again.
fn split(document: Document) -> Option<SplitPage> {
    let parts = document.parts().ok()?;
    let split = SplitDocument::of(document.entity, &document.body, &parts);
    Some(SplitPage { document, split })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PlaylistId;
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

    fn subject() -> Subject {
        Subject::Playlist(PlaylistId::as_given("p"))
    }

    /// A page of `row_count` rows, which begins at `offset`.
    fn page(offset: u32, row_count: u32, padding: usize) -> SplitPage {
        let row = |at| {
            format!(
                r#"{{"added_at":null,"item":{{"id":"{at}","name":"{}"}}}}"#,
                "x".repeat(padding)
            )
        };
        let rows: Vec<_> = (offset..offset + row_count).map(row).collect();
        let document = Document {
            entity: Entity::PlaylistItems,
            subject: subject(),
            url: format!("/v1/playlists/p/items?offset={offset}"),
            fetched_at: DateTime::UNIX_EPOCH,
            etag: Some("e".to_owned()),
            body: format!(r#"{{"offset":{offset},"total":500,"items":[{}]}}"#, rows.join(",")),
        };
        split(document).unwrap()
    }

    fn arrive(warehouse: &Warehouse, read_id: Option<i64>, page: SplitPage) -> i64 {
        let described = Described { snapshot_id: Some("snap".to_owned()), total: Some(500) };
        let read = NewRead { run_id: "run", subject: &subject(), now: DateTime::UNIX_EPOCH };
        let SplitPage { document, split } = page;
        let page = ArrivedPage { read, read_id, document: &document, split, described };
        warehouse.page_arrived(page).unwrap()
    }

    fn number(warehouse: &Warehouse, sql: &str) -> i64 {
        warehouse.connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn unfinished(warehouse: &Warehouse) -> Option<UnfinishedRead> {
        warehouse.unfinished_read(&subject()).unwrap()
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
        let finished = world.open().finished_read("run", &subject()).unwrap().unwrap();
        assert_eq!((finished.read_id, finished.total), (read_id, Some(500)));
    }

    #[test]
    fn a_page_that_is_in_the_tables_is_not_landed_again_when_its_journal_is_still_there() {
        let world = World::new();
        let warehouse = world.open();
        let read_id = arrive(&warehouse, None, page(0, 50, 1));
        let left = std::fs::read(world.journal()).unwrap();
        warehouse.land_pages().unwrap();
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
        warehouse.land_pages().unwrap_err();
        warehouse.connection.execute_batch("alter table raw.gone rename to items").unwrap();
        warehouse.land_pages().unwrap();
        assert_eq!(number(&warehouse, "select count(*) from raw.row_texts"), 50);
    }
}
