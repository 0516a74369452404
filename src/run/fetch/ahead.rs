//! A fetch that only foresees: the same decisions, on a copy of the ledger, up to where the number of calls is known.
//!
//! In: how far it looks. Out: the questions that a run is going to put, counted by the client, and which lists have news. There is no
//! second description of what a fetch asks: this stops the one there is.

use super::depth::{BATCHES_REFUSED_IN, Depth, Details};
use super::reading::{End, Fetch};
use crate::blocking::blocking;
use crate::ids::Subject;
use crate::ledger;
use crate::run::error::Error;
use crate::sources::{Bucket, Reader};
use crate::warehouse::FinishedRead;

impl Fetch<'_> {
    /// Counts what is left of a list, where this fetch goes no further, and says how its reading ends then.
    pub(super) fn foresee_rest(
        &mut self,
        subject: &Subject,
        reader: &mut Reader,
        read_id: Option<i64>,
    ) -> Result<Option<End>, Error> {
        let is_listing = matches!(subject, Subject::OwnPlaylists);
        match self.ahead.depth {
            Depth::Ledger => {}
            Depth::FirstPages if !is_listing && reader.rest().is_some() => {}
            Depth::End | Depth::Details | Depth::Lists | Depth::FirstPages => return Ok(None),
        }
        if reader.rest().is_none() {
            let (bucket, is_known) = reader.look();
            self.client.foresee(bucket, 1)?;
            if read_id.is_none() && is_known {
                return Ok(Some(End::Unchanged));
            }
            reader.take_as_begun();
        }
        let rest = reader.rest().unwrap_or_default();
        if rest.is_empty() && !self.ahead.is_of_ledger() {
            // All of it is here: then it is read to its end, and what changes is known by row.
            return Ok(None);
        }
        if self.ahead.depth == Depth::FirstPages && self.holds_the_same(subject, reader) {
            // Most likely nothing is new; how much is, only its rows can tell.
            return Ok(None);
        }
        let total = u64::from(reader.total().unwrap_or(0));
        self.ahead.announced.insert(subject.name(), total);
        for (bucket, count) in rest {
            self.client.foresee(bucket, count)?;
        }
        self.ahead.row_count += total;
        let read_id = read_id.unwrap_or_default();
        Ok(Some(End::Complete(FinishedRead { read_id, total: reader.total() })))
    }

    /// Whether a list that is read again is the one that is held, as far as its first page tells.
    fn holds_the_same(&self, subject: &Subject, reader: &Reader) -> bool {
        match (subject, reader) {
            (Subject::Playlist(id), Reader::Playlist(reader)) => {
                let held = self.known.newest(id).and_then(|read| read.snapshot_id.as_deref());
                held.is_some() && held == reader.snapshot()
            }
            (_, Reader::List(reader)) => {
                self.ahead.held_liked.as_ref().is_some_and(|it| reader.is_at(it))
            }
            _ => false,
        }
    }

    /// Counts the one question for who is logged in.
    pub(super) fn foresee_user(&mut self) -> Result<(), Error> {
        if !self.ahead.is_user_foreseen {
            self.client.foresee(Bucket::OwnPlaylists, 1)?;
            self.ahead.is_user_foreseen = true;
        }
        Ok(())
    }

    /// Asks for some artists or albums, or counts the question. Whether the app may ask for several at once is told by one answer:
    /// `is_told`.
    pub(super) async fn ask_details(
        &mut self,
        subject: &Subject,
        ids: &[String],
        is_told: &mut bool,
    ) -> Result<Details, crate::sources::Error> {
        let is_batch = 1 < ids.len();
        let is_run = self.ahead.depth == Depth::End;
        let may_batch = if is_run || !is_batch || *is_told { None } else { self.may_batch() };
        let is_asked = match (self.ahead.depth, may_batch) {
            (Depth::End, _) => true,
            // A refusal is known beforehand, and costs a call all the same.
            (_, Some(false)) | (Depth::Ledger, _) => false,
            (Depth::Details, _) => true,
            (Depth::Lists | Depth::FirstPages, _) => is_batch && !*is_told && may_batch.is_none(),
        };
        *is_told |= is_batch;
        if !is_asked {
            self.client.foresee(Bucket::of_details(subject), 1)?;
            return Ok(if may_batch == Some(false) {
                Details::NotTogether
            } else {
                self.foreseen(ids)
            });
        }
        let is_landed = matches!(self.ahead.depth, Depth::End | Depth::Details);
        Ok(match self.client.details(subject, ids, self.events).await? {
            None => Details::NotTogether,
            Some(document) if is_landed => Details::Given(document),
            Some(_) => self.foreseen(ids),
        })
    }

    fn foreseen(&mut self, ids: &[String]) -> Details {
        self.ahead.detail_count += ids.len() as u64;
        Details::Foreseen
    }

    /// Whether the app may ask for several objects at once: by what it was given before, else by the last refusal. `None`: who knows.
    fn may_batch(&self) -> Option<bool> {
        let known = blocking(|| {
            let by_shape = self.warehouse.may_ask_in_batches()?;
            let refused = ledger::settings::setting(self.warehouse, BATCHES_REFUSED_IN)?;
            Ok::<_, crate::warehouse::Error>(by_shape.or_else(|| refused.map(|_| false)))
        });
        // A copy that cannot be read has failed at the lists already; here the worst is a question more.
        known.unwrap_or(None)
    }
}
