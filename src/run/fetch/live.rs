//! From Spotify: one call at a time; each page is on disk before the next call.
//!
//! What concerns one playlist, or one bucket of Spotify's quota, never stops the others.

use super::reading::{Begin, End, Fetch, Reading};
use crate::blocking::blocking;
use crate::causes::chain;
use crate::event::{Warning, What};
use crate::ids::{PlaylistId, Subject};
use crate::ledger::forgets::{self, ForgottenPlaylists};
use crate::ledger::lockouts;
use crate::run::error::Error;
use crate::run::job::Wanted;
use crate::run::report::PlaylistReport;
use crate::sources::{PlaylistReader, Reader};
use crate::state;
use crate::status::PlaylistStatus;
use crate::warehouse::KnownRead;

/// So many playlists in a row without a usable answer are an outage, and not the playlists.
const MAX_UNUSABLE: u32 = 3;

/// How reading a playlist ended.
pub(crate) struct Ended {
    status: PlaylistStatus,
    row_count: u64,
}

impl Ended {
    pub(crate) fn fetched(row_count: u32) -> Self {
        Self { status: PlaylistStatus::Fetched, row_count: row_count.into() }
    }

    pub(crate) fn unchanged(row_count: u32) -> Self {
        Self { status: PlaylistStatus::Unchanged, row_count: row_count.into() }
    }
}

/// The report of a playlist; what concerns it alone never stops the others.
fn outcome(
    playlist_id: &str,
    ended: Result<Ended, Error>,
    unusable: &mut u32,
) -> Result<PlaylistReport, Error> {
    let not_before = match &ended {
        Err(Error::Spotify(crate::sources::Error::RateLimited { until, .. })) => Some(*until),
        _ => None,
    };
    let is_unusable = matches!(&ended, Err(Error::Spotify(error)) if error.is_unusable_answer());
    *unusable = if is_unusable { *unusable + 1 } else { 0 };
    let may_go_on = is_unusable && *unusable < MAX_UNUSABLE;
    let (status, row_count, reason) = match ended {
        Ok(Ended { status, row_count }) => (status, row_count, None),
        Err(Error::Spotify(error))
            if may_go_on || not_before.is_some() || error.concerns_one_playlist() =>
        {
            let status = match error {
                crate::sources::Error::RateLimited { .. } => PlaylistStatus::PutOff,
                crate::sources::Error::NotFound { .. } => PlaylistStatus::NotFound,
                crate::sources::Error::Forbidden { .. } => PlaylistStatus::ContentsUnavailable,
                _ => PlaylistStatus::Failed,
            };
            let reason = match &error {
                crate::sources::Error::RateLimited { bucket, reason, .. } => {
                    format!("`{}` is locked: {reason}", bucket.name())
                }
                error => without_advice(&chain(error)),
            };
            (status, 0, Some(reason))
        }
        Err(error) => return Err(error),
    };
    Ok(PlaylistReport {
        not_before,
        row_count,
        reason,
        ..PlaylistReport::new(playlist_id.to_owned(), status)
    })
}

/// What to do is said once, of the run, and not of each of its playlists.
fn without_advice(text: &str) -> String {
    let advice =
        ["; what was fetched is kept, run the same command again", "; run the same command again"];
    advice.into_iter().fold(text.to_owned(), |text, advice| text.replace(advice, ""))
}

impl Fetch<'_> {
    /// Reads what a run asked for, in the order of the command line's help.
    pub(crate) async fn everything(
        &mut self,
        wanted: &Wanted,
    ) -> Result<Vec<PlaylistReport>, Error> {
        let read = self.each_of(wanted).await;
        let landed = blocking(|| self.warehouse.land_pages());
        let reports = read?;
        landed?;
        Ok(reports)
    }

    async fn each_of(&mut self, wanted: &Wanted) -> Result<Vec<PlaylistReport>, Error> {
        let forgotten = self.forgotten(wanted)?;
        let named = wanted.playlists.iter().filter(|id| !forgotten.contains(id));
        let mut reports = self.playlists(named).await?;
        if wanted.mine {
            reports.extend(self.mine().await?);
        }
        if wanted.liked {
            reports.push(self.liked().await?);
        }
        Ok(reports)
    }

    /// Those of the usual playlists that were forgotten. One that somebody names is no longer so.
    fn forgotten(&self, wanted: &Wanted) -> Result<Vec<PlaylistId>, Error> {
        let known_forgotten = ForgottenPlaylists::of(self.warehouse)?;
        let named = wanted.playlists.iter().filter(|id| known_forgotten.contains(id));
        let mut forgotten: Vec<_> = named.cloned().collect();
        if !wanted.is_usual {
            for id in forgotten.drain(..) {
                forgets::remember(self.warehouse, &id)?;
            }
        }
        self.say_left_out(forgotten.len());
        Ok(forgotten)
    }

    pub(crate) fn say_left_out(&self, count: usize) {
        if 0 < count {
            let playlist_count = count as u64;
            (self.events)(What::Warning(Warning::ForgottenLeftOut { playlist_count }));
        }
    }

    /// Reads the named playlists; one that cannot be read never stops the others.
    async fn playlists(
        &mut self,
        ids: impl Iterator<Item = &PlaylistId> + Clone,
    ) -> Result<Vec<PlaylistReport>, Error> {
        let mut reports = Vec::new();
        self.look_up_reads()?;
        (self.events)(What::ListsFound { list_count: ids.clone().count() as u64 });
        for id in ids {
            reports.push(self.playlist(id, None).await?);
        }
        Ok(reports)
    }

    pub(crate) fn look_up_reads(&mut self) -> Result<(), Error> {
        self.known = blocking(|| self.warehouse.known_reads(&self.run_id))?;
        Ok(())
    }

    /// The report of a subject. A lockout is noted at once, because a call during a lockout makes it longer.
    pub(crate) fn report(
        &mut self,
        subject: &str,
        ended: Result<Ended, Error>,
    ) -> Result<PlaylistReport, Error> {
        let mut report = outcome(subject, ended, &mut self.unusable)?;
        report.name = self.titles.get(subject).cloned().or_else(|| Subject::title(subject));
        if report.not_before.is_some() {
            self.note_lockouts()?;
        }
        Ok(report)
    }

    /// Says that a list of those that were found is done with.
    pub(crate) fn say_ended(
        &self,
        report: Result<PlaylistReport, Error>,
    ) -> Result<PlaylistReport, Error> {
        if let Ok(PlaylistReport { status, .. }) = report {
            (self.events)(What::ListEnded { status });
        }
        report
    }

    pub(crate) fn note_lockouts(&mut self) -> Result<(), Error> {
        let lockouts = self.client.lockouts();
        Ok(blocking(|| lockouts::save(self.warehouse, &self.account, lockouts))?)
    }

    /// Whether a list that is still the same need not be read again.
    pub(crate) fn is_recent(&self, read: &KnownRead) -> bool {
        !self.refetch && self.refetch_before.is_none_or(|limit| limit <= read.read_at)
    }

    pub(crate) async fn playlist(
        &mut self,
        id: &PlaylistId,
        listed_snapshot: Option<&str>,
    ) -> Result<PlaylistReport, Error> {
        let (before, calls) = (self.unusable, self.client.usage().call_count);
        let ended = self.read_playlist(id, listed_snapshot).await;
        let report = self.report(id.as_str(), ended);
        if self.client.usage().call_count == calls {
            // Spotify was not asked, so this says nothing of it.
            self.unusable = before;
        }
        self.say_ended(report)
    }

    async fn read_playlist(
        &mut self,
        id: &PlaylistId,
        listed_snapshot: Option<&str>,
    ) -> Result<Ended, Error> {
        let end = match self.begin(id, listed_snapshot)? {
            Begin::Done(end) => end,
            Begin::At(reading) => self.read(*reading).await?,
        };
        Ok(match end {
            End::Unchanged => {
                let known = self.known.newest(id);
                Ended::unchanged(known.and_then(|read| read.total).unwrap_or(0))
            }
            End::MetadataOnly => {
                Ended { status: PlaylistStatus::ContentsUnavailable, row_count: 0 }
            }
            End::Complete(read) => {
                self.known.ended(id, read);
                Ended::fetched(read.total.unwrap_or(0))
            }
        })
    }

    /// Decides what is left to ask for: nothing, the rest of an interrupted read, or everything.
    fn begin(&self, id: &PlaylistId, listed_snapshot: Option<&str>) -> Result<Begin, Error> {
        let unfinished = self.known.unfinished(id).cloned();
        let known = self.known.newest(id).cloned();
        if let Some(read) = self.known.finished(id) {
            return Ok(Begin::Done(End::Complete(read)));
        }
        let known = known.filter(|read| self.is_recent(read));
        let known_snapshot = known.and_then(|read| read.snapshot_id);
        // An earlier run's rows are continued where it can be told that the list is still the same.
        let unfinished = unfinished.filter(|read| {
            read.run_id == self.run_id
                || (read.next_offset > 0 && read.snapshot_id.is_some() && !self.refetch)
        });
        if unfinished.is_none()
            && known_snapshot.is_some()
            && known_snapshot.as_deref() == listed_snapshot
        {
            return Ok(Begin::Done(End::Unchanged));
        }
        let read_id = unfinished.as_ref().map(|read| read.read_id);
        let anew = PlaylistReader::new(id.clone(), known_snapshot);
        let reader = match unfinished {
            Some(read) if read.next_offset > 0 => {
                let is_adopted = read.run_id != self.run_id;
                if is_adopted {
                    self.adopt(read.read_id)?;
                }
                let is_same = read.snapshot_id.as_deref() == listed_snapshot;
                let total = read.total.unwrap_or(read.next_offset);
                let (id, offset) = (id.clone(), read.next_offset);
                let reader = PlaylistReader::resume(id, read.snapshot_id, total, offset);
                if is_adopted && !is_same { reader.of_another_day() } else { reader }
            }
            _ => anew.clone(),
        };
        let (reader, anew) = (Reader::Playlist(reader), Reader::Playlist(anew));
        let subject = Subject::Playlist(id.clone());
        Ok(Begin::At(Box::new(Reading { subject, reader, read_id, anew })))
    }

    /// Saves what a long fetch has landed so far. Where that is not possible now, it is later.
    pub(super) async fn save_if_due(&mut self) -> Result<(), Error> {
        let Some(state) = self.state.as_mut().filter(|state| state.is_due()) else {
            return Ok(());
        };
        match Box::pin(state.save(self.warehouse)).await {
            Ok(()) | Err(state::Error::NoTime) => Ok(()),
            Err(error @ state::Error::Fenced { .. }) => Err(error.into()),
            Err(error) => {
                let warning = Warning::StateNotSaved { error: chain(&error) };
                (self.events)(What::Warning(warning));
                state.put_off();
                Ok(())
            }
        }
    }

    pub(crate) fn adopt(&self, read_id: i64) -> Result<(), Error> {
        Ok(blocking(|| self.warehouse.adopt_read(read_id, &self.run_id))?)
    }

    pub(crate) fn check_stop(&self) -> Result<(), Error> {
        if self.stop.is_asked() { Err(Error::Interrupted) } else { Ok(()) }
    }
}
