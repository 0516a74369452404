//! Enrichment: full artists and albums, which alone carry genres; asked for once per id and kept for ever.
//!
//! Each answer is landed in a transaction of its own, so a killed run never asks for an id twice. Apps that may ask for several
//! objects at once do; the others are refused once per run and then ask one by one.

use super::fetch::Fetch;
use super::report::EnrichmentReport;
use super::{Error, ledger};
use crate::event::Event;
use crate::spotify::{self, Cut, Document, Entity};
use crate::warehouse::{NewRead, ReadStatus};

/// Refusals in a row after which the rest of an entity is left alone: it is the endpoint, not the object.
const MAX_REFUSALS: u32 = 3;

impl Fetch<'_> {
    /// Asks for every artist and album of `core` that was never asked for (with `refetch`: not by this run).
    pub(super) async fn enrich(&mut self) -> Result<EnrichmentReport, Error> {
        let refetch = self.refetch;
        let missing = tokio::task::block_in_place(|| {
            // The ids stand in `core`, so what is landed is shaped first.
            self.warehouse.transform()?;
            self.warehouse.missing_details(refetch)
        })?;
        let ids = |entity: Entity| -> Vec<String> {
            let of_entity = missing.iter().filter(|object| object.entity == entity.name());
            of_entity.map(|object| object.id.clone()).collect()
        };
        let (artists, albums) = (ids(Entity::Artists), ids(Entity::Albums));
        let mut report = EnrichmentReport::default();
        let (count, unknown) = self.details(Entity::Artists, &artists).await?;
        (report.artist_count, report.unknown_count) = (count, unknown);
        let (count, unknown) = self.details(Entity::Albums, &albums).await?;
        (report.album_count, report.unknown_count) = (count, report.unknown_count + unknown);
        Ok(report)
    }

    /// Asks for the objects and returns how many came, and how many Spotify does not know.
    async fn details(&mut self, entity: Entity, mut ids: &[String]) -> Result<(u64, u64), Error> {
        if ids.is_empty() {
            return Ok((0, 0));
        }
        let name = entity.name();
        (self.events)(Event::ReadStarted { name: name.to_owned(), total: Some(ids.len() as u64) });
        let mut may_batch = !tokio::task::block_in_place(|| self.batches_were_refused())?;
        let (mut known, mut unknown, mut refusals) = (0, 0, 0);
        while !ids.is_empty() {
            let size = if may_batch { entity.batch_size() } else { 1 };
            let (asked, rest) = ids.split_at(size.min(ids.len()));
            match self.client.details(entity, asked, self.events).await {
                Ok(Some(document)) => {
                    let (given, missing) = self.land_details(&document)?;
                    (known, unknown, refusals) = (known + given, unknown + missing, 0);
                    ids = rest;
                }
                Ok(None) => {
                    may_batch = false;
                    tokio::task::block_in_place(|| self.note_refused_batches())?;
                }
                Err(error) if error.concerns_one_playlist() => {
                    refusals += 1;
                    ids = rest;
                    if refusals == MAX_REFUSALS {
                        let left = ids.len();
                        (self.events)(Event::Warning(format!(
                            "{error}; the other {left} {name} are left for the next run"
                        )));
                        break;
                    }
                    (self.events)(Event::Warning(error.to_string()));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok((known, unknown))
    }

    /// Lands one answer as a read of its own; a `null` row is an id that Spotify does not know.
    fn land_details(&mut self, document: &Document) -> Result<(u64, u64), Error> {
        let parts = document
            .parts()
            .map_err(|source| spotify::Error::Document { name: document.url.clone(), source })?;
        if let Some(recorder) = &self.recorder {
            recorder.write(document, parts.offset)?;
        }
        let (run_id, now) = (self.run_id.clone(), (self.clock)());
        let cut = Cut::of(document.entity, &document.body, &parts);
        let new =
            NewRead { run_id: &run_id, entity: document.entity.name(), playlist_id: None, now };
        let row_count = tokio::task::block_in_place(|| {
            self.warehouse.transaction(|warehouse| {
                let read_id = warehouse.begin_read(new)?;
                let row_count = warehouse.land((&run_id, read_id), document, &cut)?;
                warehouse.finish_read(read_id, ReadStatus::Complete, now)?;
                Ok::<_, crate::warehouse::Error>(row_count)
            })
        })?;
        (self.events)(Event::RowsLanded(row_count));
        let nulls = parts.rows.iter().flatten().filter(|row| **row == "null").count() as u64;
        Ok((row_count - nulls, nulls))
    }

    fn batches_were_refused(&self) -> Result<bool, Error> {
        let refused_in = ledger::setting(self.warehouse, BATCHES_REFUSED_IN)?;
        Ok(refused_in.as_ref() == Some(&self.run_id))
    }

    fn note_refused_batches(&mut self) -> Result<(), Error> {
        Ok(ledger::set_setting(self.warehouse, BATCHES_REFUSED_IN, &self.run_id)?)
    }
}

/// The run whose app may not ask for several objects at once; the next run tries again, for the app may be another.
const BATCHES_REFUSED_IN: &str = "batches_refused_in";
