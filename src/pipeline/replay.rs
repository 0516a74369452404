//! Lands recorded documents (a folder, or the demo): the same tables, no network, all of them in one transaction.
//!
//! Recorded files can be read again, so a kill may cost the landing; and one large transaction writes each row once, where many
//! small ones would write it to DuckDB's log first.

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::sync_channel;

use chrono::{DateTime, Utc};

use super::Error;
use super::report::PlaylistReport;
use crate::event::{Event, Events};
use crate::retry::Stop;
use crate::spotify::{Cut, Document, Entity, Recorded, RecordedText};
use crate::warehouse::{Landing, NewRead, ReadStatus, Warehouse, WholeRead};

/// Documents that are read ahead while others are landed.
const READ_AHEAD: usize = 16;

/// One list of which documents arrive in any order.
struct ReplayedRead {
    read_id: i64,
    entity: &'static str,
    started_at: DateTime<Utc>,
    snapshot_id: Option<String>,
    /// Positions held, as half-open ranges.
    held: Vec<(u32, u32)>,
    total: Option<u32>,
    has_contents: bool,
    is_described: bool,
}

/// What a replay found.
#[derive(Default)]
pub(super) struct Replayed {
    pub(super) playlists: Vec<PlaylistReport>,
    pub(super) skipped: Vec<String>,
}

/// Lands every document of `recorded`.
pub(super) fn replay(
    warehouse: &mut Warehouse,
    run_id: &str,
    recorded: &mut Recorded,
    clock: fn() -> DateTime<Utc>,
    (stop, events): (&Stop, Events<'_>),
) -> Result<Replayed, Error> {
    let mut replay = Replay {
        run_id,
        known: warehouse.known_snapshots()?,
        reads: BTreeMap::new(),
        batches: Vec::new(),
        unchanged: BTreeMap::new(),
        clock,
        events,
    };
    let mut skipped = Vec::new();
    // Looking at documents takes as long as landing them, so other threads do what comes before.
    std::thread::scope(|scope| {
        let (read, texts) = sync_channel(READ_AHEAD);
        let (cut, documents) = sync_channel(READ_AHEAD);
        // A thread whose listener is gone, because the landing failed, ends too.
        scope.spawn(move || {
            std::iter::from_fn(|| recorded.next_text().transpose())
                .try_for_each(|text| read.send(text))
        });
        scope.spawn(move || {
            texts.into_iter().try_for_each(|text| cut.send(text.map(RecordedText::read)))
        });
        warehouse.transaction(|warehouse| {
            let mut landing = warehouse.landing()?;
            for document in documents {
                if stop.is_asked() {
                    return Err(Error::Interrupted);
                }
                match document? {
                    Ok((document, cut)) => replay.land(&mut landing, &document, cut)?,
                    Err((name, error)) => skipped.push(format!("{name}: {error}")),
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
    known: HashMap<String, (String, Option<u32>)>,
    reads: BTreeMap<String, ReplayedRead>,
    /// Reads of one document that belongs to no playlist: its id, what it is, and when.
    batches: Vec<(i64, &'static str, DateTime<Utc>)>,
    unchanged: BTreeMap<String, u32>,
    clock: fn() -> DateTime<Utc>,
    events: Events<'a>,
}

impl Replay<'_> {
    fn land(
        &mut self,
        landing: &mut Landing<'_>,
        document: &Document,
        cut: Cut,
    ) -> Result<(), Error> {
        let (entity, key) = match document.entity {
            Entity::Playlist | Entity::PlaylistItems => ("playlist", document.playlist_id.clone()),
            Entity::LikedSongs => ("liked_songs", Some("liked".to_owned())),
            other => (other.name(), None),
        };
        let Some(key) = key else {
            let read_id = landing.new_read_id();
            self.batches.push((read_id, entity, (self.clock)()));
            landing.land((self.run_id, read_id), document, &cut, |_| false)?;
            return Ok(());
        };
        if self.unchanged.contains_key(&key) {
            return Ok(());
        }
        if document.entity == Entity::Playlist && !self.reads.contains_key(&key) {
            match self.known.get(&key) {
                Some((snapshot, total)) if Some(snapshot) == cut.snapshot_id.as_ref() => {
                    tracing::debug!(snapshot, "`{key}` is unchanged");
                    self.unchanged.insert(key, total.unwrap_or(0));
                    return Ok(());
                }
                _ => {}
            }
        }
        let read = self.reads.entry(key).or_insert_with_key(|key| {
            let total = cut.total.map(u64::from);
            (self.events)(Event::ReadStarted { name: key.clone(), total });
            ReplayedRead::new(landing.new_read_id(), entity, (self.clock)())
        });
        let is_held =
            |position| read.held.iter().any(|(from, to)| (*from..*to).contains(&position));
        let row_count = landing.land((self.run_id, read.read_id), document, &cut, is_held)?;
        if cut.rows.is_some() {
            read.has_contents = true;
            read.hold(cut.offset, cut.offset + cut.row_count());
        }
        // The playlist itself knows best how many rows it has.
        if cut.total.is_some() && !read.is_described {
            read.total = cut.total;
        }
        read.is_described |= document.entity == Entity::Playlist;
        read.snapshot_id = cut.snapshot_id.or(read.snapshot_id.take());
        (self.events)(Event::RowsLanded(row_count));
        Ok(())
    }

    /// Writes the reads to the ledger, now that it is known how they ended.
    fn note(&self, warehouse: &Warehouse) -> Result<(), Error> {
        let new =
            |entity, playlist_id, now| NewRead { run_id: self.run_id, entity, playlist_id, now };
        let lists = self.reads.iter().map(|(playlist_id, read)| WholeRead {
            read_id: read.read_id,
            read: new(read.entity, Some(playlist_id), read.started_at),
            snapshot_id: read.snapshot_id.as_deref(),
            total: read.total,
            status: read.status(),
        });
        let batches = self.batches.iter().map(|(read_id, entity, now)| WholeRead {
            read_id: *read_id,
            read: new(entity, None, *now),
            snapshot_id: None,
            total: None,
            status: ReadStatus::Complete,
        });
        Ok(warehouse.note_reads(lists.chain(batches), (self.clock)())?)
    }

    fn reports(self) -> Vec<PlaylistReport> {
        let mut reports = Vec::new();
        for (playlist_id, read) in self.reads {
            let status = read.status();
            let is_empty = status == ReadStatus::MetadataOnly;
            let row_count = read.held.iter().map(|(from, to)| u64::from(to - from)).sum();
            let (status, reason) = if is_empty {
                ("contents_unavailable", Some("the recorded playlist has no contents".to_owned()))
            } else if status == ReadStatus::Partial {
                let announced = read.total.unwrap_or(0);
                ("fetched", Some(format!("{row_count} of {announced} rows were recorded")))
            } else {
                ("fetched", None)
            };
            reports.push(PlaylistReport {
                playlist_id,
                status: status.to_owned(),
                row_count,
                reason,
                ..PlaylistReport::default()
            });
        }
        for (playlist_id, total) in self.unchanged {
            let status = "unchanged".to_owned();
            reports.push(PlaylistReport {
                playlist_id,
                status,
                row_count: total.into(),
                ..PlaylistReport::default()
            });
        }
        reports
    }
}

impl ReplayedRead {
    const fn new(read_id: i64, entity: &'static str, started_at: DateTime<Utc>) -> Self {
        Self {
            read_id,
            entity,
            started_at,
            snapshot_id: None,
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
        self.held.push((from, to));
        self.held.sort_unstable();
        let mut joined: Vec<(u32, u32)> = Vec::new();
        for (from, to) in self.held.drain(..) {
            match joined.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        self.held = joined;
    }

    fn status(&self) -> ReadStatus {
        let total = self.total.unwrap_or_else(|| self.held.last().map_or(0, |range| range.1));
        match self.held.as_slice() {
            _ if !self.has_contents => ReadStatus::MetadataOnly,
            [] if total == 0 => ReadStatus::Complete,
            [(0, end)] if *end == total => ReadStatus::Complete,
            _ => ReadStatus::Partial,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(ranges: &[(u32, u32)], total: Option<u32>) -> ReadStatus {
        let mut read = ReplayedRead::new(1, "playlist", DateTime::UNIX_EPOCH);
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
