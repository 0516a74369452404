//! Lands recorded documents (a folder, or the demo): the same tables, no network, all of them in one transaction.
//!
//! Recorded files can be read again, so a kill may cost the landing; and one large transaction writes each row once, where many
//! small ones would write it to DuckDB's log first.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::mpsc::sync_channel;

use chrono::{DateTime, Utc};

use super::reading::shown_name;
use crate::event::{Events, What};
use crate::ids::{PlaylistId, Subject};
use crate::phrase::counted;
use crate::run::error::Error;
use crate::run::job::Job;
use crate::run::report::PlaylistReport;
use crate::sources::{Document, Entity, PassedOver, Recorded, RecordedText, SplitDocument, title};
use crate::status::PlaylistStatus;
use crate::warehouse::{
    KnownRead, Landing, NewRead, ReadStatus, ReceivedFor, Warehouse, WholeRead,
};

/// Documents that are read ahead while others are landed.
const READ_AHEAD: usize = 16;

/// One list of which documents arrive in any order.
struct ReplayedRead {
    read_id: i64,
    started_at: DateTime<Utc>,
    snapshot_id: Option<String>,
    /// What the list calls itself.
    title: Option<String>,
    /// Positions held.
    held: Vec<Range<u32>>,
    total: Option<u32>,
    has_contents: bool,
    is_described: bool,
}

/// What a replay found.
#[derive(Default)]
pub(crate) struct Replayed {
    pub(crate) playlists: Vec<PlaylistReport>,
    pub(crate) skipped: Vec<String>,
}

/// Lands every document of `recorded`.
pub(crate) fn replay(
    job: &Job<'_>,
    warehouse: &mut Warehouse,
    run_id: &str,
    recorded: &mut Recorded,
) -> Result<Replayed, Error> {
    let mut replay = Replay {
        run_id,
        known: warehouse.known_playlist_reads()?,
        open: BTreeMap::new(),
        closed: Vec::new(),
        batches: Vec::new(),
        clock: job.settings.clock,
        events: job.events,
    };
    let mut skipped = Vec::new();
    // Looking at documents takes as long as landing them, so other threads do what comes before.
    std::thread::scope(|scope| {
        let (read, texts) = sync_channel(READ_AHEAD);
        let (split, documents) = sync_channel(READ_AHEAD);
        // A thread whose listener is gone, because the landing failed, ends too.
        scope.spawn(move || {
            let mut texts = std::iter::from_fn(|| recorded.next_text().transpose());
            texts.any(|text| read.send(text).is_err())
        });
        scope.spawn(move || {
            let mut documents = texts.into_iter().map(|text| text.map(RecordedText::read));
            documents.any(|document| split.send(document).is_err())
        });
        warehouse.transaction(|warehouse| {
            let mut landing = warehouse.landing()?;
            for document in documents {
                if job.stop.is_asked() {
                    return Err(Error::Interrupted);
                }
                match document? {
                    Ok((document, split)) => {
                        skipped.extend(replay.land(&mut landing, &document, split)?);
                    }
                    Err(PassedOver { place, why }) => skipped.push(format!("{place}: {why}")),
                }
            }
            landing.finish()?;
            replay.note(warehouse)
        })
    })?;
    Ok(Replayed { playlists: replay.reports(), skipped })
}

struct Replay<'a> {
    run_id: &'a str,
    known: HashMap<PlaylistId, KnownRead>,
    /// Each list as its latest documents have it.
    open: BTreeMap<Subject, Open>,
    /// Reads of lists of which another snapshot came later.
    closed: Vec<(Subject, ReplayedRead)>,
    /// Reads of one document that belongs to no playlist.
    batches: Vec<Batch>,
    clock: fn() -> DateTime<Utc>,
    events: Events<'a>,
}

/// A read of one document.
struct Batch {
    read_id: i64,
    subject: Subject,
    read_at: DateTime<Utc>,
}

/// What the next document of a list belongs to.
enum Open {
    /// A snapshot that the warehouse holds, of so many rows.
    Unchanged(u32),
    /// A read.
    Read(ReplayedRead),
}

impl Replay<'_> {
    /// Lands a document; or says why it was not.
    fn land(
        &mut self,
        landing: &mut Landing<'_>,
        document: &Document,
        split: SplitDocument,
    ) -> Result<Option<String>, Error> {
        let subject = &document.subject;
        if subject.playlist_id().is_none() {
            let (read_id, subject) = (landing.new_read_id(), subject.clone());
            self.batches.push(Batch { read_id, subject, read_at: (self.clock)() });
            landing
                .land(ReceivedFor { run_id: self.run_id, read_id }, document, &split, |_| false)?;
            return Ok(None);
        }
        self.turn_to_another_snapshot(document, &split);
        let open = self.open.entry(subject.clone()).or_insert_with_key(|subject| {
            let (name, total) = (title(&split.envelope), split.total.map(u64::from));
            let name = name.unwrap_or_else(|| shown_name(subject));
            (self.events)(What::ReadStarted { name, total });
            Open::Read(ReplayedRead::new(landing.new_read_id(), (self.clock)()))
        });
        let Open::Read(read) = open else { return Ok(None) };
        if document.entity != Entity::Playlist
            && let Some(reason) = read.refusal(&split)
        {
            return Ok(Some(format!("{}: {reason}", document.url)));
        }
        let is_held = |position| read.held.iter().any(|held| held.contains(&position));
        let received_for = ReceivedFor { run_id: self.run_id, read_id: read.read_id };
        let row_count = landing.land(received_for, document, &split, is_held)?;
        if split.rows.is_some() {
            read.has_contents = true;
            read.hold(split.offset, split.offset + split.row_count());
        }
        // The playlist itself knows best how many rows it has.
        if split.total.is_some() && !read.is_described {
            read.total = split.total;
        }
        if document.entity == Entity::Playlist {
            read.title = title(&split.envelope).or(read.title.take());
            read.is_described = true;
        }
        read.snapshot_id = split.snapshot_id.or(read.snapshot_id.take());
        (self.events)(What::RowsLanded { row_count });
        Ok(None)
    }

    /// One folder can hold a list as it was on several days: what follows belongs to the latest that was begun.
    fn turn_to_another_snapshot(&mut self, document: &Document, split: &SplitDocument) {
        let Document { entity, subject, .. } = document;
        let entity = *entity;
        let known = match subject {
            Subject::Playlist(id) => self.known.get(id),
            _ => None,
        };
        let known =
            known.filter(|it| it.snapshot_id.is_some() && it.snapshot_id == split.snapshot_id);
        let is_another = match self.open.get(subject) {
            None => entity == Entity::Playlist && known.is_some(),
            Some(Open::Unchanged(_)) => entity == Entity::Playlist && known.is_none(),
            Some(Open::Read(read)) if entity == Entity::Playlist => {
                read.is_described && read.snapshot_id != split.snapshot_id
            }
            // Pages by themselves name no snapshot: a list that begins anew is another.
            Some(Open::Read(read)) => {
                !read.is_described
                    && split.offset == 0
                    && read.held.first().is_some_and(|it| it.start == 0)
            }
        };
        if !is_another {
            return;
        }
        if let Some(Open::Read(read)) = self.open.remove(subject) {
            self.closed.push((subject.clone(), read));
        }
        if let Some(known) = known {
            tracing::debug!(snapshot = known.snapshot_id, "`{}` is unchanged", subject.name());
            self.open.insert(subject.clone(), Open::Unchanged(known.total.unwrap_or(0)));
        }
    }

    /// Writes the reads to the ledger, now that it is known how they ended.
    fn note(&self, warehouse: &Warehouse) -> Result<(), Error> {
        let new = |subject, now| NewRead { run_id: self.run_id, subject, now };
        let open = self.open.iter().filter_map(|(subject, open)| match open {
            Open::Read(read) => Some((subject, read)),
            Open::Unchanged(_) => None,
        });
        // The ledger takes the read with the highest id for the newest.
        let closed = self.closed.iter().map(|(subject, read)| (subject, read));
        let lists = closed.chain(open).map(|(subject, read)| WholeRead {
            read_id: read.read_id,
            read: new(subject, read.started_at),
            snapshot_id: read.snapshot_id.as_deref(),
            total: read.total,
            status: read.status(),
        });
        let batches = self.batches.iter().map(|batch| WholeRead {
            read_id: batch.read_id,
            read: new(&batch.subject, batch.read_at),
            snapshot_id: None,
            total: None,
            status: ReadStatus::Complete,
        });
        Ok(warehouse.note_reads(lists.chain(batches), (self.clock)())?)
    }

    /// What became of each list; of one that was read more than once, the latest.
    fn reports(self) -> Vec<PlaylistReport> {
        let reports = self.open.into_iter().map(|(subject, open)| {
            let id = subject.name();
            let mut report = match open {
                Open::Unchanged(total) => PlaylistReport {
                    row_count: total.into(),
                    ..PlaylistReport::new(id, PlaylistStatus::Unchanged)
                },
                Open::Read(read) => PlaylistReport {
                    row_count: read.row_count(),
                    reason: read.reason(),
                    name: read.title.clone(),
                    ..PlaylistReport::new(id, read.playlist_status())
                },
            };
            report.name = report.name.or_else(|| Subject::title(&report.playlist_id));
            report
        });
        let mut reports: Vec<_> = reports.collect();
        // What is new stands first.
        reports.sort_by_key(|report| {
            (report.status == PlaylistStatus::Unchanged, report.playlist_id.clone())
        });
        reports
    }
}

impl ReplayedRead {
    const fn new(read_id: i64, started_at: DateTime<Utc>) -> Self {
        Self {
            read_id,
            started_at,
            snapshot_id: None,
            title: None,
            held: Vec::new(),
            total: None,
            has_contents: false,
            is_described: false,
        }
    }

    /// Adds a range and joins what touches.
    fn hold(&mut self, from: u32, to: u32) {
        if from == to {
            return;
        }
        self.held.push(from..to);
        self.held.sort_unstable_by_key(|range| (range.start, range.end));
        let mut joined: Vec<Range<u32>> = Vec::new();
        for range in self.held.drain(..) {
            match joined.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => joined.push(range),
            }
        }
        self.held = joined;
    }

    /// Why a page cannot be of this snapshot.
    fn refusal(&self, page: &SplitDocument) -> Option<String> {
        let total = self.total.filter(|_| self.is_described)?;
        let end = page.offset + page.row_count();
        match page.total {
            Some(of_page) if of_page != total => Some(format!(
                "a page of another snapshot: its total is {of_page}, that of the playlist {total}"
            )),
            _ if end > total => Some(format!(
                "a page of another snapshot: its rows go to {end}, those of the playlist to {total}"
            )),
            _ => None,
        }
    }

    fn row_count(&self) -> u64 {
        self.held.iter().map(|range| u64::from(range.end - range.start)).sum()
    }

    fn playlist_status(&self) -> PlaylistStatus {
        match self.status() {
            ReadStatus::MetadataOnly => PlaylistStatus::ContentsUnavailable,
            _ => PlaylistStatus::Fetched,
        }
    }

    /// Why it was not read whole.
    fn reason(&self) -> Option<String> {
        match self.status() {
            ReadStatus::MetadataOnly => Some("the recorded playlist has no contents".to_owned()),
            ReadStatus::Partial => {
                let announced = self.total.unwrap_or(0);
                Some(format!("{} of {} were recorded", self.row_count(), counted(announced, "row")))
            }
            ReadStatus::Complete | ReadStatus::Torn => None,
        }
    }

    fn status(&self) -> ReadStatus {
        let total = self.total.unwrap_or_else(|| self.held.last().map_or(0, |range| range.end));
        match self.held.as_slice() {
            _ if !self.has_contents => ReadStatus::MetadataOnly,
            [] if total == 0 => ReadStatus::Complete,
            [Range { start: 0, end }] if *end == total => ReadStatus::Complete,
            _ => ReadStatus::Partial,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(ranges: &[(u32, u32)], total: Option<u32>) -> ReadStatus {
        let mut read = ReplayedRead::new(1, DateTime::UNIX_EPOCH);
        (read.total, read.has_contents) = (total, true);
        for (from, to) in ranges {
            read.hold(*from, *to);
        }
        read.status()
    }

    #[test]
    fn a_read_is_complete_when_its_pages_cover_the_total_in_any_order() {
        assert_eq!(read(&[(100, 150), (0, 100), (150, 178)], Some(178)), ReadStatus::Complete);
        assert_eq!(read(&[(0, 100), (50, 150)], Some(150)), ReadStatus::Complete);
        assert_eq!(read(&[], Some(0)), ReadStatus::Complete);
        assert_eq!(read(&[(0, 100)], Some(178)), ReadStatus::Partial);
        assert_eq!(read(&[(50, 100)], Some(100)), ReadStatus::Partial);
    }
}
