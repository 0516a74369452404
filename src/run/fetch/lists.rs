//! Reads the lists that have no snapshot: a user's own playlists, and the liked songs.

use std::collections::{BTreeMap, BTreeSet};

use super::live::Ended;
use super::reading::Fetch;
use super::reading::{Begin, End, Reading};
use crate::blocking::blocking;
use crate::causes::chain;
use crate::event::{Warning, What};
use crate::ids::{PlaylistId, Subject};
use crate::ledger::forgets::{self, ForgottenPlaylists};
use crate::run::error::Error;
use crate::run::report::PlaylistReport;
use crate::sources::{Bucket, KnownList, ListReader, Reader, RowIdentity};
use crate::warehouse::{FinishedRead, ListedPlaylist, ReadStatus};

/// How often a list of playlists is read that names fewer than it announces.
const MAX_LISTINGS: u32 = 2;

/// What a report calls the own playlists when their list could not be read.
const MINE: &str = "mine";

/// The playlists that a list names.
struct Listing {
    read_id: i64,
    user_id: String,
    playlists: Vec<ListedPlaylist>,
    /// Why there may be others.
    lack: Option<crate::sources::Error>,
}

impl Fetch<'_> {
    /// Reads the user's own and collaborative playlists, as far as their snapshots are new.
    pub(crate) async fn mine(&mut self) -> Result<Vec<PlaylistReport>, Error> {
        let Listing { read_id, user_id, playlists, lack } = match self.own_playlists().await {
            Ok(listing) => listing,
            Err(error @ Error::Spotify(crate::sources::Error::RateLimited { .. })) => {
                return Ok(vec![self.report(MINE, Err(error))?]);
            }
            Err(error) => return Err(error),
        };
        let known_forgotten = blocking(|| ForgottenPlaylists::of(self.warehouse))?;
        let mut snapshots = BTreeMap::new();
        let (mut followed, mut forgotten) = (0, 0);
        for playlist in playlists {
            let Some(id) = playlist.id else { continue };
            self.titles.extend(playlist.name.map(|name| (id.to_string(), name)));
            if known_forgotten.contains(&id) {
                blocking(|| forgets::leave_out(self.warehouse, read_id, &id))?;
                forgotten += 1;
                continue;
            }
            // Whose owner Spotify does not name may be ours.
            let is_ours = playlist.owner_id.as_ref().is_none_or(|owner| *owner == user_id);
            if !is_ours && !playlist.is_collaborative {
                followed += 1;
            } else {
                snapshots.entry(id).or_insert(playlist.snapshot_id);
            }
        }
        self.say_left_out(forgotten);
        if followed > 0 {
            let followed = Warning::FollowedLeftOut { playlist_count: followed };
            (self.events)(What::Warning(followed));
        }
        (self.events)(What::ListsFound { list_count: snapshots.len() as u64 });
        let mut reports = Vec::new();
        for (id, snapshot_id) in &snapshots {
            reports.push(self.playlist(id, snapshot_id.as_deref()).await?);
        }
        self.lack = lack.map(|lack| chain(&lack));
        Ok(reports)
    }

    /// Reads the list of playlists, again where it names fewer than it announces.
    async fn own_playlists(&mut self) -> Result<Listing, Error> {
        if self.ahead.is_of_ledger() {
            return self.listed_last();
        }
        let user_id = self.client.user_id(self.events).await?;
        let mut tries = 1;
        loop {
            let read = self.list(Subject::OwnPlaylists, None).await?;
            let (read_id, announced) =
                read.map_or((0, 0), |it| (it.read_id, it.total.unwrap_or(0)));
            let playlists = blocking(|| self.warehouse.listed_playlists(read_id))?;
            let named = named(&playlists);
            if named == announced {
                return Ok(Listing { read_id, user_id, playlists, lack: None });
            }
            if tries == MAX_LISTINGS {
                let url = "/me/playlists";
                let lack = crate::sources::Error::ListNotWhole { url, announced, named, tries };
                return Ok(Listing { read_id, user_id, playlists, lack: Some(lack) });
            }
            self.finish(read_id, ReadStatus::Torn)?;
            tries += 1;
        }
    }

    /// Reads the liked songs as a playlist of their own, if one call shows that they are others than those that are held.
    pub(crate) async fn liked(&mut self) -> Result<PlaylistReport, Error> {
        (self.events)(What::ListsFound { list_count: 1 });
        let subject = match self.liked_songs().await {
            Ok(subject) => subject,
            Err(error @ Error::Spotify(crate::sources::Error::RateLimited { .. })) => {
                let report = self.report(&Subject::LikedSongs(None).name(), Err(error));
                return self.say_ended(report);
            }
            Err(error) => return Err(error),
        };
        let name = subject.name();
        let held = blocking(|| {
            let Some(read) = self.warehouse.known_read(&subject)? else {
                return Ok(None);
            };
            let first_rows = self.first_rows(read.read_id)?;
            Ok::<_, Error>(Some((read, first_rows)))
        })?;
        self.ahead.held_liked = held.as_ref().map(|(read, first_rows)| KnownList {
            total: read.total,
            first_rows: first_rows.clone(),
        });
        let held_total = held.as_ref().and_then(|(read, _)| read.total).unwrap_or(0);
        let known = held
            .filter(|(read, _)| self.is_recent(read))
            .map(|(read, first_rows)| KnownList { total: read.total, first_rows });
        let read = self.list(subject, known).await;
        let ended = read.map(|read| match read {
            Some(read) => Ended::fetched(read.total.unwrap_or(0)),
            None => Ended::unchanged(held_total),
        });
        let report = self.report(&name, ended);
        self.say_ended(report)
    }

    /// The liked songs of whoever is logged in.
    async fn liked_songs(&mut self) -> Result<Subject, Error> {
        if self.ahead.is_of_ledger() {
            self.foresee_user()?;
            let held = blocking(|| self.warehouse.newest_liked_songs())?;
            return Ok(held.unwrap_or(Subject::LikedSongs(None)));
        }
        Ok(Subject::LikedSongs(Some(self.client.user_id(self.events).await?)))
    }

    /// The playlists that the last list named, as far as they were ever read, for a plan that asks nobody.
    fn listed_last(&mut self) -> Result<Listing, Error> {
        self.foresee_user()?;
        let read = blocking(|| self.warehouse.newest_listing())?;
        let total = read.and_then(|read| read.total).unwrap_or(0);
        let read_id = read.map_or(0, |read| read.read_id);
        self.client.foresee(Bucket::OwnPlaylists, ListReader::page_count(total).into())?;
        let mut playlists = match read {
            Some(read) => blocking(|| self.warehouse.listed_playlists(read.read_id))?,
            None => Vec::new(),
        };
        // Whose the others are, only Spotify knows.
        playlists.retain(|it| it.id.as_ref().is_some_and(|id| self.known.holds(id)));
        playlists.iter_mut().for_each(|playlist| playlist.owner_id = None);
        Ok(Listing { read_id, user_id: String::new(), playlists, lack: None })
    }

    /// Reads a list to its end, from where an earlier process left it. `None`: it is the one that is `known`.
    async fn list(
        &mut self,
        subject: Subject,
        known: Option<KnownList>,
    ) -> Result<Option<FinishedRead>, Error> {
        let end = match self.begin_list(subject, known)? {
            Begin::Done(end) => end,
            Begin::At(reading) => self.read(*reading).await?,
        };
        Ok(match end {
            End::Complete(read) => Some(read),
            End::Unchanged | End::MetadataOnly => None,
        })
    }

    /// Decides what of a list is left to ask for. The list of playlists is asked for anew by each run.
    fn begin_list(&self, subject: Subject, known: Option<KnownList>) -> Result<Begin, Error> {
        let run_id = self.run_id.as_str();
        blocking(|| {
            if let Some(read) = self.warehouse.finished_read(run_id, &subject)? {
                return Ok(Begin::Done(End::Complete(read)));
            }
            let unfinished = self.warehouse.unfinished_read(&subject)?;
            let of_this_run = |of: &str| of == run_id;
            let is_of_songs = matches!(subject, Subject::LikedSongs(_));
            let is_continued = |of: &str| of_this_run(of) || (is_of_songs && !self.refetch);
            let (reader, read_id) = match unfinished.filter(|read| is_continued(&read.run_id)) {
                None => (ListReader::new(subject.clone(), known), None),
                Some(read) => {
                    let first_rows = self.first_rows(read.read_id)?;
                    let begun = KnownList { total: read.total, first_rows };
                    let reader = ListReader::resume(subject.clone(), begun, read.next_offset);
                    let reader = if of_this_run(&read.run_id) {
                        reader
                    } else {
                        self.warehouse.adopt_read(read.read_id, run_id)?;
                        reader.of_another_day()
                    };
                    (reader, Some(read.read_id))
                }
            };
            let anew = Reader::List(ListReader::new(subject.clone(), None));
            let reader = Reader::List(reader);
            Ok(Begin::At(Box::new(Reading { subject, reader, read_id, anew })))
        })
    }

    fn first_rows(&self, read_id: i64) -> Result<Vec<RowIdentity>, Error> {
        let rows = self.warehouse.first_rows(read_id)?;
        Ok(rows.iter().map(|row| RowIdentity::of(row)).collect())
    }
}

/// How many playlists a list names: each once, and each row that is `null` for one that Spotify does not name.
fn named(playlists: &[ListedPlaylist]) -> u32 {
    let ids: BTreeSet<&PlaylistId> = playlists.iter().filter_map(|it| it.id.as_ref()).collect();
    let nulls = playlists.iter().filter(|playlist| playlist.is_null).count();
    u32::try_from(ids.len() + nulls).unwrap_or(u32::MAX)
}
