//! Fetch and land: asks Spotify one call at a time; each page is on disk before the next call.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chrono::{DateTime, Utc};

use super::Error;
use super::report::PlaylistReport;
use super::story::chain;
use crate::event::{Event, Events};
use crate::ids::PlaylistId;
use crate::retry::Stop;
use crate::spotify::{
    self, Client, Cut, Document, Entity, KnownList, ListReader, PlaylistReader, Recorder,
    RowIdentity, Step,
};
use crate::warehouse::{FinishedRead, KnownReads, NewRead, ReadStatus, Warehouse};

/// How often a list that changes while it is read is read again.
const MAX_RESTARTS: u32 = 3;

/// So many playlists in a row without a usable answer are an outage, and not the playlists.
const MAX_UNUSABLE: u32 = 3;

/// Everything a live fetch needs.
pub(super) struct Fetch<'a> {
    pub(super) warehouse: &'a mut Warehouse,
    pub(super) client: &'a mut Client,
    pub(super) run_id: String,
    pub(super) recorder: Option<Recorder>,
    pub(super) refetch: bool,
    pub(super) clock: fn() -> DateTime<Utc>,
    pub(super) stop: &'a Stop,
    pub(super) events: Events<'a>,
    /// Playlists without a usable answer since the last that had one.
    pub(super) unusable: u32,
    /// What the ledger knew of the playlists when they were about to be read.
    pub(super) known: KnownReads,
}

/// Where reading a playlist begins.
enum Begin {
    /// There is nothing to ask for: status and row count.
    Done(&'static str, u64),
    /// Here; with the snapshot that the warehouse holds, and its row count.
    At { reader: PlaylistReader, read_id: Option<i64>, known: (Option<String>, u32) },
}

/// Where reading a list begins.
enum BeginList {
    /// There is nothing to ask for: an earlier process of this run has read it.
    Done(FinishedRead),
    /// Here.
    At { reader: ListReader, read_id: Option<i64> },
}

/// The report of a playlist; what concerns it alone never stops the others.
fn outcome(
    playlist_id: &str,
    ended: Result<(&'static str, u64), Error>,
    unusable: &mut u32,
) -> Result<PlaylistReport, Error> {
    let is_unusable = matches!(&ended, Err(Error::Spotify(error)) if error.is_unusable_answer());
    *unusable = if is_unusable { *unusable + 1 } else { 0 };
    let may_go_on = is_unusable && *unusable < MAX_UNUSABLE;
    let (status, row_count, reason) = match ended {
        Ok((status, row_count)) => (status, row_count, None),
        Err(Error::Spotify(error)) if may_go_on || error.concerns_one_playlist() => {
            let status = match error {
                spotify::Error::NotFound { .. } => "not_found",
                spotify::Error::Forbidden { .. } => "contents_unavailable",
                _ => "failed",
            };
            (status, 0, Some(chain(&error)))
        }
        Err(error) => return Err(error),
    };
    Ok(PlaylistReport {
        playlist_id: playlist_id.to_owned(),
        status: status.to_owned(),
        row_count,
        reason,
        ..PlaylistReport::default()
    })
}

impl Fetch<'_> {
    /// Reads what a run asked for, in the order of the command line's help.
    pub(super) async fn everything(
        &mut self,
        playlists: &[PlaylistId],
        mine: bool,
        liked: bool,
    ) -> Result<Vec<PlaylistReport>, Error> {
        let read = self.each_source(playlists, mine, liked).await;
        let settled = tokio::task::block_in_place(|| self.warehouse.settle());
        let reports = read?;
        settled?;
        Ok(reports)
    }

    async fn each_source(
        &mut self,
        playlists: &[PlaylistId],
        mine: bool,
        liked: bool,
    ) -> Result<Vec<PlaylistReport>, Error> {
        let mut reports = self.playlists(playlists).await?;
        if mine {
            reports.extend(self.mine().await?);
        }
        if liked {
            reports.push(self.liked().await?);
        }
        Ok(reports)
    }

    /// Reads the named playlists; one that cannot be read never stops the others.
    async fn playlists(&mut self, ids: &[PlaylistId]) -> Result<Vec<PlaylistReport>, Error> {
        let mut reports = Vec::new();
        self.look_up_reads()?;
        for id in ids {
            reports.push(self.playlist(id.as_str(), None).await?);
        }
        Ok(reports)
    }

    fn look_up_reads(&mut self) -> Result<(), Error> {
        self.known = tokio::task::block_in_place(|| self.warehouse.known_reads(&self.run_id))?;
        Ok(())
    }

    /// Reads the user's own and collaborative playlists, as far as their snapshots are new.
    async fn mine(&mut self) -> Result<Vec<PlaylistReport>, Error> {
        let user_id = self.client.user_id(self.events).await?;
        let read = self.list(Entity::MyPlaylists, None, None).await?;
        let listed = tokio::task::block_in_place(|| {
            read.map_or(Ok(Vec::new()), |read| self.warehouse.listed_playlists(read.read_id))
        })?;
        self.look_up_reads()?;
        let mut reports = BTreeMap::new();
        let mut followed = 0;
        for playlist in listed {
            let Some(id) = playlist.id else { continue };
            if playlist.owner_id.as_deref() != Some(&user_id) && !playlist.is_collaborative {
                followed += 1;
            } else if let Entry::Vacant(place) = reports.entry(id) {
                let report = self.playlist(place.key(), playlist.snapshot_id.as_deref()).await?;
                place.insert(report);
            }
        }
        if followed > 0 {
            (self.events)(Event::Warning(format!(
                "{followed} followed playlists are left out: Spotify gives contents only to owner and collaborators"
            )));
        }
        Ok(reports.into_values().collect())
    }

    /// Reads the liked songs as a playlist of their own, if one call shows that they are others than those that are held.
    async fn liked(&mut self) -> Result<PlaylistReport, Error> {
        let user_id = self.client.user_id(self.events).await?;
        let playlist_id = format!("liked:{user_id}");
        let name = Entity::LikedSongs.name();
        let held = tokio::task::block_in_place(|| {
            let Some(read) = self.warehouse.known_list(name, &playlist_id)? else {
                return Ok(None);
            };
            Ok::<_, Error>(Some((read, self.first_rows(read.read_id)?)))
        })?;
        let held_total = held.as_ref().and_then(|(read, _)| read.total).unwrap_or(0);
        let known = held
            .filter(|_| !self.refetch)
            .map(|(read, first_rows)| KnownList { total: read.total, first_rows });
        let read = self.list(Entity::LikedSongs, Some(&playlist_id), known).await;
        let ended = read.map(|read| match read {
            Some(read) => ("fetched", read.total.unwrap_or(0).into()),
            None => ("unchanged", held_total.into()),
        });
        outcome(&playlist_id, ended, &mut self.unusable)
    }

    async fn playlist(
        &mut self,
        id: &str,
        listed_snapshot: Option<&str>,
    ) -> Result<PlaylistReport, Error> {
        let (before, calls) = (self.unusable, self.client.usage().call_count);
        let ended = self.read_playlist(id, listed_snapshot).await;
        let report = outcome(id, ended, &mut self.unusable);
        if self.client.usage().call_count == calls {
            // Spotify was not asked, so this says nothing of it.
            self.unusable = before;
        }
        report
    }

    async fn read_playlist(
        &mut self,
        id: &str,
        listed_snapshot: Option<&str>,
    ) -> Result<(&'static str, u64), Error> {
        let (mut reader, mut read_id, known) = match self.begin(id, listed_snapshot) {
            Begin::Done(status, row_count) => return Ok((status, row_count)),
            Begin::At { reader, read_id, known } => (reader, read_id, known),
        };
        let (known_snapshot, known_total) = known;
        let mut restarts = 0;
        let mut first_page = None;
        loop {
            self.check_stop()?;
            let step = match first_page.take() {
                Some(document) => reader.first_page(document)?,
                None => reader.step(self.client, self.events).await?,
            };
            match step {
                Step::Unchanged => return Ok(("unchanged", known_total.into())),
                Step::Page(document) => {
                    if read_id.is_none() {
                        let total = Some(reader.total().into());
                        (self.events)(Event::ReadStarted { name: id.to_owned(), total });
                    }
                    let (snapshot, total) = (reader.snapshot().map(str::to_owned), reader.total());
                    read_id = Some(self.land(
                        read_id,
                        ("playlist", Some(id)),
                        &document,
                        (snapshot, Some(total)),
                    )?);
                }
                Step::MetadataOnly(document) => {
                    let read_id =
                        self.land(read_id, ("playlist", Some(id)), &document, (None, None))?;
                    self.finish(read_id, ReadStatus::MetadataOnly)?;
                    let read = FinishedRead { read_id, total: None, has_contents: false };
                    self.known.ended(id, read);
                    return Ok(("contents_unavailable", 0));
                }
                Step::Complete => {
                    if let Some(read_id) = read_id {
                        self.finish(read_id, ReadStatus::Complete)?;
                        let total = Some(reader.total());
                        self.known.ended(id, FinishedRead { read_id, total, has_contents: true });
                    }
                    return Ok(("fetched", reader.total().into()));
                }
                Step::Changed(document) => {
                    if let Some(torn) = read_id.take() {
                        self.finish(torn, ReadStatus::Torn)?;
                    }
                    restarts += 1;
                    if restarts > MAX_RESTARTS {
                        let error = spotify::Error::KeepsChanging {
                            playlist_id: id.to_owned(),
                            times: restarts,
                        };
                        return Err(error.into());
                    }
                    reader = PlaylistReader::again(id.to_owned(), known_snapshot.clone());
                    first_page = document;
                }
            }
        }
    }

    /// Decides what is left to ask for: nothing, the rest of an interrupted read, or everything.
    fn begin(&self, id: &str, listed_snapshot: Option<&str>) -> Begin {
        let (finished, unfinished) = (self.known.finished(id), self.known.unfinished(id).cloned());
        let (known_snapshot, known_total) = match self.known.snapshot(id) {
            Some((snapshot, total)) => (Some(snapshot.clone()), total.unwrap_or(0)),
            None => (None, 0),
        };
        if let Some(read) = finished {
            return match read.has_contents {
                true => Begin::Done("fetched", read.total.unwrap_or(0).into()),
                false => Begin::Done("contents_unavailable", 0),
            };
        }
        let known_snapshot = known_snapshot.filter(|_| !self.refetch);
        if unfinished.is_none()
            && known_snapshot.is_some()
            && known_snapshot.as_deref() == listed_snapshot
        {
            return Begin::Done("unchanged", known_total.into());
        }
        let read_id = unfinished.as_ref().map(|read| read.read_id);
        let reader = match unfinished {
            Some(read) if read.next_offset > 0 => {
                let total = read.total.unwrap_or(read.next_offset);
                PlaylistReader::resume(id.to_owned(), read.snapshot_id, total, read.next_offset)
            }
            _ => PlaylistReader::new(id.to_owned(), known_snapshot.clone()),
        };
        Begin::At { reader, read_id, known: (known_snapshot, known_total) }
    }

    /// Reads a list to its end, from where an earlier process of this run left it. `None`: it is the one that is `known`.
    async fn list(
        &mut self,
        entity: Entity,
        playlist_id: Option<&str>,
        known: Option<KnownList>,
    ) -> Result<Option<FinishedRead>, Error> {
        let (mut read_id, mut reader) = match self.begin_list(entity, playlist_id, known)? {
            BeginList::Done(read) => return Ok(Some(read)),
            BeginList::At { reader, read_id } => (read_id, reader),
        };
        let (mut restarts, mut first_page) = (0, None);
        loop {
            self.check_stop()?;
            let step = match first_page.take() {
                Some(document) => reader.first_page(document)?,
                None => reader.step(self.client, self.events).await?,
            };
            match step {
                Step::Page(document) => {
                    if read_id.is_none() {
                        let total = reader.total().map(u64::from);
                        (self.events)(Event::ReadStarted { name: entity.name().to_owned(), total });
                    }
                    let of_what = (entity.name(), playlist_id);
                    let described = (None, reader.total());
                    read_id = Some(self.land(read_id, of_what, &document, described)?);
                }
                Step::Changed(document) => {
                    if let Some(torn) = read_id.take() {
                        self.finish(torn, ReadStatus::Torn)?;
                    }
                    restarts += 1;
                    if restarts > MAX_RESTARTS {
                        let playlist_id = playlist_id.unwrap_or(entity.name()).to_owned();
                        let times = restarts;
                        return Err(spotify::Error::KeepsChanging { playlist_id, times }.into());
                    }
                    (reader, first_page) = (ListReader::new(entity, None), document);
                }
                _ => {
                    // A read without a page was `Unchanged`.
                    let Some(read_id) = read_id else { return Ok(None) };
                    self.finish(read_id, ReadStatus::Complete)?;
                    let total = reader.total();
                    return Ok(Some(FinishedRead { read_id, total, has_contents: true }));
                }
            }
        }
    }

    /// Decides what of a list is left to ask for.
    fn begin_list(
        &self,
        entity: Entity,
        playlist_id: Option<&str>,
        known: Option<KnownList>,
    ) -> Result<BeginList, Error> {
        let (run_id, name) = (self.run_id.as_str(), entity.name());
        tokio::task::block_in_place(|| {
            if let Some(read) = self.warehouse.finished_read(run_id, name, playlist_id)? {
                return Ok(BeginList::Done(read));
            }
            let Some(read) = self.warehouse.unfinished_read(run_id, name, playlist_id)? else {
                let reader = ListReader::new(entity, known);
                return Ok(BeginList::At { reader, read_id: None });
            };
            let begun = KnownList { total: read.total, first_rows: self.first_rows(read.read_id)? };
            let reader = ListReader::resume(entity, begun, read.next_offset);
            Ok(BeginList::At { reader, read_id: Some(read.read_id) })
        })
    }

    fn first_rows(&self, read_id: i64) -> Result<Vec<RowIdentity>, Error> {
        let rows = self.warehouse.first_rows(read_id)?;
        Ok(rows.iter().map(|row| RowIdentity::of(row)).collect())
    }

    /// Notes one document, which is on disk when this returns.
    fn land(
        &mut self,
        read_id: Option<i64>,
        (entity, playlist_id): (&str, Option<&str>),
        document: &Document,
        (snapshot_id, total): (Option<String>, Option<u32>),
    ) -> Result<i64, Error> {
        let name = || document.url.clone();
        let parts =
            document.parts().map_err(|source| spotify::Error::Document { name: name(), source })?;
        if let Some(recorder) = &self.recorder {
            recorder.write(document, parts.offset)?;
        }
        let (run_id, now) = (self.run_id.clone(), (self.clock)());
        let cut = Cut::of(document.entity, &document.body, &parts);
        let row_count = cut.row_count().into();
        let read_id = tokio::task::block_in_place(|| {
            let read = NewRead { run_id: &run_id, entity, playlist_id, now };
            let described = (snapshot_id.as_deref(), total);
            self.warehouse.page_arrived((read_id, read), (document, cut), described)
        })?;
        (self.events)(Event::RowsLanded(row_count));
        Ok(read_id)
    }

    fn finish(&self, read_id: i64, status: ReadStatus) -> Result<(), Error> {
        Ok(tokio::task::block_in_place(|| {
            self.warehouse.read_ended(read_id, status, (self.clock)())
        })?)
    }

    pub(super) fn check_stop(&self) -> Result<(), Error> {
        if self.stop.is_asked() { Err(Error::Interrupted) } else { Ok(()) }
    }
}
