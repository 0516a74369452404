//! Lands recorded documents (a folder, or the demo): the same tables, no network, many documents per transaction.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chrono::{DateTime, Utc};

use super::Error;
use super::report::PlaylistReport;
use crate::event::{Event, Events};
use crate::retry::Stop;
use crate::spotify::{Document, Entity, Recorded};
use crate::warehouse::{NewRead, ReadStatus, Warehouse};

/// Bytes of documents per transaction: recorded files can be read again, so a kill may cost that much work.
const TRANSACTION_BYTES: usize = 32 << 20;

/// One list of which documents arrive in any order.
struct ReplayedRead {
    read_id: i64,
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
    let mut replay =
        Replay { run_id, reads: BTreeMap::new(), unchanged: BTreeMap::new(), clock, events };
    let mut skipped = Vec::new();
    let mut is_done = false;
    while !is_done {
        if stop.is_asked() {
            return Err(Error::Interrupted);
        }
        warehouse.transaction(|warehouse| {
            let mut bytes = 0;
            while bytes < TRANSACTION_BYTES {
                match recorded.next_document()? {
                    None => {
                        is_done = true;
                        break;
                    }
                    Some(Ok(document)) => {
                        bytes += document.body.len();
                        if let Err(reason) = replay.land(warehouse, &document)? {
                            skipped.push(reason);
                        }
                    }
                    Some(Err((name, error))) => skipped.push(format!("{name}: {error}")),
                }
            }
            Ok::<_, Error>(())
        })?;
    }
    let playlists = warehouse.transaction(|warehouse| replay.finish(warehouse))?;
    Ok(Replayed { playlists, skipped })
}

struct Replay<'a> {
    run_id: &'a str,
    reads: BTreeMap<String, ReplayedRead>,
    unchanged: BTreeMap<String, u32>,
    clock: fn() -> DateTime<Utc>,
    events: Events<'a>,
}

impl Replay<'_> {
    fn land(
        &mut self,
        warehouse: &mut Warehouse,
        document: &Document,
    ) -> Result<Result<(), String>, Error> {
        let parts = match document.parts() {
            Ok(parts) => parts,
            Err(error) => return Ok(Err(format!("{}: {error}", document.url))),
        };
        let (entity, key) = match document.entity {
            Entity::Playlist | Entity::PlaylistItems => ("playlist", document.playlist_id.clone()),
            Entity::LikedSongs => ("liked_songs", Some("liked".to_owned())),
            other => (other.name(), None),
        };
        let Some(key) = key else {
            let now = (self.clock)();
            let read_id = warehouse.begin_read(NewRead {
                run_id: self.run_id,
                entity,
                playlist_id: None,
                now,
            })?;
            warehouse.land((self.run_id, read_id), document, &parts, &|_| false)?;
            warehouse.finish_read(read_id, ReadStatus::Complete, now)?;
            return Ok(Ok(()));
        };
        if self.unchanged.contains_key(&key) {
            return Ok(Ok(()));
        }
        if document.entity == Entity::Playlist && !self.reads.contains_key(&key) {
            let known = warehouse.known_snapshot(&key)?;
            if let Some((snapshot, total)) =
                known.filter(|(snapshot, _)| Some(snapshot) == parts.snapshot_id.as_ref())
            {
                tracing::debug!(snapshot, "`{key}` is unchanged");
                self.unchanged.insert(key, total.unwrap_or(0));
                return Ok(Ok(()));
            }
        }
        let now = (self.clock)();
        let read = match self.reads.entry(key) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(place) => {
                let new =
                    NewRead { run_id: self.run_id, entity, playlist_id: Some(place.key()), now };
                let read_id = warehouse.begin_read(new)?;
                let name = place.key().clone();
                (self.events)(Event::ReadStarted { name, total: parts.total.map(u64::from) });
                place.insert(ReplayedRead::new(read_id))
            }
        };
        let is_held =
            |position| read.held.iter().any(|(from, to)| (*from..*to).contains(&position));
        let row_count = warehouse.land((self.run_id, read.read_id), document, &parts, &is_held)?;
        if let Some(rows) = &parts.rows {
            read.has_contents = true;
            read.hold(parts.offset, parts.offset + u32::try_from(rows.len()).unwrap_or(u32::MAX));
        }
        // The playlist itself knows best how many rows it has.
        if parts.total.is_some() && !read.is_described {
            read.total = parts.total;
        }
        read.is_described |= document.entity == Entity::Playlist;
        warehouse.describe_read(read.read_id, parts.snapshot_id.as_deref(), read.total)?;
        (self.events)(Event::RowsLanded(row_count));
        Ok(Ok(()))
    }

    fn finish(self, warehouse: &Warehouse) -> Result<Vec<PlaylistReport>, Error> {
        let mut reports = Vec::new();
        for (playlist_id, read) in self.reads {
            let status = read.status();
            warehouse.finish_read(read.read_id, status, (self.clock)())?;
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
        Ok(reports)
    }
}

impl ReplayedRead {
    const fn new(read_id: i64) -> Self {
        Self { read_id, held: Vec::new(), total: None, has_contents: false, is_described: false }
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
        let mut read = ReplayedRead {
            read_id: 1,
            held: Vec::new(),
            total,
            has_contents: true,
            is_described: true,
        };
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
