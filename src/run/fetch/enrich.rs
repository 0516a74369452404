//! Enrichment: full artists and albums, which alone carry genres; asked for once per id and kept for ever.
//!
//! Each answer is landed in a transaction of its own, so a killed run never asks for an id twice. Apps that may ask for several
//! objects at once do; the others are refused once per run and then ask one by one. Nobody's playlists wait for it: what cannot
//! be asked now, because of a lockout or an outage, is left for the next run.

use chrono::{DateTime, Utc};

use super::depth::{BATCHES_REFUSED_IN, Details};
use super::reading::Fetch;
use crate::blocking::blocking;
use crate::event::{Warning, What};
use crate::ids::Subject;
use crate::ledger;
use crate::run::error::Error;
use crate::run::report::EnrichmentReport;
use crate::sources::{Document, Entity, SplitDocument};
use crate::warehouse::{NewRead, ReadStatus, ReceivedFor};

/// Refusals in a row after which the rest of an entity is left alone: it is the endpoint, not the object.
const MAX_REFUSALS: u32 = 3;

/// What became of the artists, or of the albums.
#[derive(Default)]
struct Asked {
    known: u64,
    unknown: u64,
    left: u64,
    not_before: Option<DateTime<Utc>>,
    /// Whether Spotify as a whole gives nothing at present.
    is_outage: bool,
}

impl Fetch<'_> {
    /// Asks for every artist and album of `core` that was never asked for (with `refetch`: not by this run).
    pub(crate) async fn enrich(&mut self) -> Result<EnrichmentReport, Error> {
        let refetch = self.refetch;
        let missing = blocking(|| {
            // The ids stand in `core`, so what is landed is shaped first.
            self.warehouse.transform()?;
            self.warehouse.missing_details(refetch)
        })?;
        let ids = |subject: &Subject| -> Vec<String> {
            let of_entity = missing.iter().filter(|object| object.entity == subject.entity());
            of_entity.map(|object| object.id.clone()).collect()
        };
        let (artists, albums) = (ids(&Subject::Artists), ids(&Subject::Albums));
        let of_artists = self.details(&Subject::Artists, &artists).await?;
        let of_albums = match of_artists.is_outage {
            true => Asked { left: albums.len() as u64, ..Asked::default() },
            false => self.details(&Subject::Albums, &albums).await?,
        };
        let unknown_count = of_artists.unknown + of_albums.unknown;
        Ok(EnrichmentReport {
            artist_count: of_artists.known,
            album_count: of_albums.known,
            unknown_count,
            asked_count: of_artists.known + of_albums.known + unknown_count,
            left_count: of_artists.left + of_albums.left,
            not_before: [of_artists.not_before, of_albums.not_before].into_iter().flatten().min(),
        })
    }

    /// Asks for the objects, as far as Spotify answers.
    async fn details(&mut self, subject: &Subject, ids: &[String]) -> Result<Asked, Error> {
        let mut asked = Asked::default();
        if ids.is_empty() {
            return Ok(asked);
        }
        let name = subject.entity();
        (self.events)(What::ReadStarted { name: name.to_owned(), total: Some(ids.len() as u64) });
        let mut may_batch = !blocking(|| self.batches_were_refused())?;
        let (mut left, mut refusals, mut is_told) = (ids, 0, false);
        while !left.is_empty() {
            self.check_stop()?;
            let size = if may_batch { Entity::of(subject).batch_size() } else { 1 };
            let (batch, rest) = left.split_at(size.min(left.len()));
            match self.ask_details(subject, batch, &mut is_told).await {
                Ok(Details::Given(document)) => {
                    let landed = self.land_details(&document)?;
                    asked.known += landed.known;
                    asked.unknown += landed.unknown;
                    (left, refusals) = (rest, 0);
                }
                Ok(Details::Foreseen) => (left, refusals) = (rest, 0),
                Ok(Details::NotTogether) => {
                    may_batch = false;
                    blocking(|| self.note_refused_batches())?;
                }
                Err(error @ crate::sources::Error::Stopped) => return Err(error.into()),
                Err(error) if may_be_one_objects(&error) && refusals + 1 < MAX_REFUSALS => {
                    refusals += 1;
                    asked.left += batch.len() as u64;
                    left = rest;
                    let error = error.to_string();
                    (self.events)(What::Warning(Warning::ObjectLeftOut { error }));
                }
                Err(error) => {
                    asked.left += left.len() as u64;
                    let is_put_off = matches!(error, crate::sources::Error::RateLimited { .. });
                    let others = if is_put_off { left } else { rest };
                    asked.is_outage = !is_put_off && !error.concerns_one_playlist();
                    asked.not_before = self.leave(name, &error, others.len())?;
                    break;
                }
            }
        }
        Ok(asked)
    }

    /// Says that the rest is left for the next run, and why; returns when it can be asked for, where Spotify said so.
    fn leave(
        &mut self,
        name: &'static str,
        error: &crate::sources::Error,
        count: usize,
    ) -> Result<Option<DateTime<Utc>>, Error> {
        let (entity, text) = (name, error.to_string());
        (self.events)(What::Warning(Warning::ObjectsLeft { entity, count, error: text }));
        let crate::sources::Error::RateLimited { until, .. } = error else { return Ok(None) };
        self.note_lockouts()?;
        Ok(Some(*until))
    }

    /// Lands one answer as a read of its own; a `null` row is an id that Spotify does not know.
    fn land_details(&mut self, document: &Document) -> Result<Asked, Error> {
        let parts = document.parts().map_err(|source| crate::sources::Error::Document {
            name: document.url.clone(),
            source,
        })?;
        if let Some(recorder) = &self.recorder {
            recorder.write(document, parts.offset)?;
        }
        let (run_id, now) = (self.run_id.clone(), (self.clock)());
        let split = SplitDocument::of(document.entity, &document.body, &parts);
        let new = NewRead { run_id: &run_id, subject: &document.subject, now };
        let row_count = blocking(|| {
            self.warehouse.transaction(|warehouse| {
                let read_id = warehouse.begin_read(new)?;
                let row_count =
                    warehouse.land(ReceivedFor { run_id: &run_id, read_id }, document, &split)?;
                warehouse.finish_read(read_id, ReadStatus::Complete, now)?;
                Ok::<_, crate::warehouse::Error>(row_count)
            })
        })?;
        (self.events)(What::RowsLanded { row_count });
        let nulls = parts.rows.iter().flatten().filter(|row| **row == "null").count() as u64;
        Ok(Asked { known: row_count - nulls, unknown: nulls, ..Asked::default() })
    }

    fn batches_were_refused(&self) -> Result<bool, Error> {
        let refused_in = ledger::settings::setting(self.warehouse, BATCHES_REFUSED_IN)?;
        Ok(refused_in.as_ref() == Some(&self.run_id))
    }

    fn note_refused_batches(&mut self) -> Result<(), Error> {
        Ok(ledger::settings::set_setting(self.warehouse, BATCHES_REFUSED_IN, &self.run_id)?)
    }
}

/// Whether it may be this object, or this batch, that Spotify has no answer for.
const fn may_be_one_objects(error: &crate::sources::Error) -> bool {
    error.concerns_one_playlist() || error.is_unusable_answer()
}
