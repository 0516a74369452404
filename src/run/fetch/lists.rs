//! Fetch, the lists: a user's own playlists and the liked songs, which have no snapshot of their own.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::live::{Ended, Fetch, MAX_RESTARTS};
use crate::blocking::blocking;
use crate::event::{Warning, What};
use crate::run::error::Error;
use crate::run::report::PlaylistReport;
use crate::sources::{Entity, KnownList, ListReader, RowIdentity, Step};
use crate::warehouse::{FinishedRead, ListedPlaylist, ReadStatus};

/// How often a list of playlists is read that names fewer than it announces.
const MAX_LISTINGS: u32 = 2;

/// How the own playlists and the liked songs are called in a report while nobody knows whose they are.
const MINE: &str = "mine";
const LIKED: &str = "liked";

/// Where reading a list begins.
enum BeginList {
    /// There is nothing to ask for: an earlier process of this run has read it.
    Done(FinishedRead),
    /// Here.
    At { reader: ListReader, read_id: Option<i64> },
}

/// The playlists that a list names.
struct Listing {
    user_id: String,
    playlists: Vec<ListedPlaylist>,
    /// Why there may be others.
    lack: Option<crate::sources::Error>,
}

impl Fetch<'_> {
    /// Reads the user's own and collaborative playlists, as far as their snapshots are new.
    pub(crate) async fn mine(&mut self) -> Result<Vec<PlaylistReport>, Error> {
        let Listing { user_id, playlists, lack } = match self.own_playlists().await {
            Ok(listing) => listing,
            Err(error @ Error::Spotify(crate::sources::Error::RateLimited { .. })) => {
                return Ok(vec![self.report(MINE, Err(error))?]);
            }
            Err(error) => return Err(error),
        };
        let mut reports = BTreeMap::new();
        let mut followed = 0;
        for playlist in playlists {
            let Some(id) = playlist.id else { continue };
            // Whose owner Spotify does not name may be ours.
            let is_ours = playlist.owner_id.as_ref().is_none_or(|owner| *owner == user_id);
            if !is_ours && !playlist.is_collaborative {
                followed += 1;
            } else if let Entry::Vacant(place) = reports.entry(id) {
                let report = self.playlist(place.key(), playlist.snapshot_id.as_deref()).await?;
                place.insert(report);
            }
        }
        if followed > 0 {
            let followed = Warning::FollowedLeftOut { playlist_count: followed };
            (self.events)(What::Warning(followed));
        }
        let mut reports: Vec<_> = reports.into_values().collect();
        if let Some(lack) = lack {
            reports.push(self.report(MINE, Err(lack.into()))?);
        }
        Ok(reports)
    }

    /// Reads the list of playlists, again where it names fewer than it announces.
    async fn own_playlists(&mut self) -> Result<Listing, Error> {
        let user_id = self.client.user_id(self.events).await?;
        let mut tries = 1;
        loop {
            let read = self.list(Entity::MyPlaylists, None, None).await?;
            let (read_id, announced) =
                read.map_or((0, 0), |it| (it.read_id, it.total.unwrap_or(0)));
            let playlists = blocking(|| self.warehouse.listed_playlists(read_id))?;
            let named = named(&playlists);
            if named == announced {
                return Ok(Listing { user_id, playlists, lack: None });
            }
            if tries == MAX_LISTINGS {
                let url = "/me/playlists";
                let lack = crate::sources::Error::ListNotWhole { url, announced, named, tries };
                return Ok(Listing { user_id, playlists, lack: Some(lack) });
            }
            self.finish(read_id, ReadStatus::Torn)?;
            tries += 1;
        }
    }

    /// Reads the liked songs as a playlist of their own, if one call shows that they are others than those that are held.
    pub(crate) async fn liked(&mut self) -> Result<PlaylistReport, Error> {
        let user_id = match self.client.user_id(self.events).await {
            Ok(user_id) => user_id,
            Err(error @ crate::sources::Error::RateLimited { .. }) => {
                return self.report(LIKED, Err(error.into()));
            }
            Err(error) => return Err(error.into()),
        };
        let playlist_id = format!("liked:{user_id}");
        let name = Entity::LikedSongs.name();
        let held = blocking(|| {
            let Some(read) = self.warehouse.known_read(name, &playlist_id)? else {
                return Ok(None);
            };
            let first_rows = self.first_rows(read.read_id)?;
            Ok::<_, Error>(Some((read, first_rows)))
        })?;
        let held_total = held.as_ref().and_then(|(read, _)| read.total).unwrap_or(0);
        let known = held
            .filter(|(read, _)| self.is_recent(read))
            .map(|(read, first_rows)| KnownList { total: read.total, first_rows });
        let read = self.list(Entity::LikedSongs, Some(&playlist_id), known).await;
        let ended = read.map(|read| match read {
            Some(read) => Ended::fetched(read.total.unwrap_or(0)),
            None => Ended::unchanged(held_total),
        });
        self.report(&playlist_id, ended)
    }

    /// Reads a list to its end, from where an earlier process left it. `None`: it is the one that is `known`.
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
                        (self.events)(What::ReadStarted { name: entity.name().to_owned(), total });
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
                        return Err(
                            crate::sources::Error::KeepsChanging { playlist_id, times }.into()
                        );
                    }
                    (reader, first_page) = (ListReader::new(entity, None), document);
                }
                _ => {
                    // A read without a page was `Unchanged`.
                    let Some(read_id) = read_id else { return Ok(None) };
                    self.finish(read_id, ReadStatus::Complete)?;
                    return Ok(Some(FinishedRead { read_id, total: reader.total() }));
                }
            }
        }
    }

    /// Decides what of a list is left to ask for. The list of playlists is asked for anew by each run.
    fn begin_list(
        &self,
        entity: Entity,
        playlist_id: Option<&str>,
        known: Option<KnownList>,
    ) -> Result<BeginList, Error> {
        let (run_id, name) = (self.run_id.as_str(), entity.name());
        blocking(|| {
            if let Some(read) = self.warehouse.finished_read(run_id, name, playlist_id)? {
                return Ok(BeginList::Done(read));
            }
            let unfinished = self.warehouse.unfinished_read(name, playlist_id)?;
            let of_this_run = |of: &str| of == run_id;
            let is_continued =
                |of: &str| of_this_run(of) || (playlist_id.is_some() && !self.refetch);
            let Some(read) = unfinished.filter(|read| is_continued(&read.run_id)) else {
                let reader = ListReader::new(entity, known);
                return Ok(BeginList::At { reader, read_id: None });
            };
            let begun = KnownList { total: read.total, first_rows: self.first_rows(read.read_id)? };
            let mut reader = ListReader::resume(entity, begun, read.next_offset);
            if !of_this_run(&read.run_id) {
                self.warehouse.adopt_read(read.read_id, run_id)?;
                reader = reader.of_another_day();
            }
            Ok(BeginList::At { reader, read_id: Some(read.read_id) })
        })
    }

    fn first_rows(&self, read_id: i64) -> Result<Vec<RowIdentity>, Error> {
        let rows = self.warehouse.first_rows(read_id)?;
        Ok(rows.iter().map(|row| RowIdentity::of(row)).collect())
    }
}

/// How many playlists a list names: each once, and each row that is `null` for one that Spotify does not name.
fn named(playlists: &[ListedPlaylist]) -> u32 {
    let ids: BTreeSet<&str> = playlists.iter().filter_map(|it| it.id.as_deref()).collect();
    let nulls = playlists.iter().filter(|playlist| playlist.is_null).count();
    u32::try_from(ids.len() + nulls).unwrap_or(u32::MAX)
}
