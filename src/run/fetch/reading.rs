//! The loop that reads a playlist, the list of playlists or the liked songs, from where an earlier process left it to its end.

use std::collections::BTreeMap;
use std::mem;

use chrono::{DateTime, Utc};

use super::depth::Ahead;
use crate::blocking::blocking;
use crate::event::{Events, What};
use crate::ids::Subject;
use crate::run::error::Error;
use crate::sources::{Client, Document, Reader, Recorder, SplitDocument, Step};
use crate::state::State;
use crate::stop::Stop;
use crate::warehouse::{
    ArrivedPage, Described, FinishedRead, KnownReads, NewRead, ReadStatus, Warehouse,
};

/// Everything a live fetch needs.
pub(crate) struct Fetch<'a> {
    pub(crate) warehouse: &'a mut Warehouse,
    /// Where the ledger lives between machines.
    pub(crate) state: Option<&'a mut State>,
    pub(crate) client: &'a mut Client,
    /// Whose quota the calls use up.
    pub(crate) account: String,
    pub(crate) run_id: String,
    pub(crate) recorder: Option<Recorder>,
    /// Read again what is known to be unchanged: always, or where it was last read before this time.
    pub(crate) refetch: bool,
    pub(crate) refetch_before: Option<DateTime<Utc>>,
    pub(crate) clock: fn() -> DateTime<Utc>,
    pub(crate) stop: &'a Stop,
    pub(crate) events: Events<'a>,
    /// Playlists without a usable answer since the last that had one.
    pub(crate) unusable: u32,
    /// Why the list of own playlists may have named too few.
    pub(crate) lack: Option<String>,
    /// What the ledger knew of the playlists when they were about to be read.
    pub(crate) known: KnownReads,
    /// What lists are called, as far as Spotify said so.
    pub(crate) titles: BTreeMap<String, String>,
    /// Whether it only foresees, and what.
    pub(crate) ahead: Ahead,
}

/// How often a list that changes while it is read is read again.
const MAX_RESTARTS: u32 = 3;

/// Where reading a subject begins.
pub(super) enum Begin {
    /// There is nothing to ask for, because this is how it ended already.
    Done(End),
    /// Here.
    At(Box<Reading>),
}

/// A read that has not ended.
pub(super) struct Reading {
    pub(super) subject: Subject,
    pub(super) reader: Reader,
    /// The read whose rows are continued.
    pub(super) read_id: Option<i64>,
    /// What reads everything again, from the first page on, where the subject changes while it is read.
    pub(super) anew: Reader,
}

/// How reading a subject ended.
pub(super) enum End {
    /// The warehouse holds it as it is.
    Unchanged,
    /// Spotify gives no contents.
    MetadataOnly,
    /// All of it is landed.
    Complete(FinishedRead),
}

impl Fetch<'_> {
    /// Reads what is left of a subject, one page at a time.
    pub(super) async fn read(&mut self, reading: Reading) -> Result<End, Error> {
        let Reading { subject, mut reader, mut read_id, anew } = reading;
        let (mut restarts, mut first_page, mut is_shown) = (0, None, false);
        loop {
            self.check_stop()?;
            let step = match first_page.take() {
                Some(document) => reader.first_page(document)?,
                None => match self.foresee_rest(&subject, &mut reader, read_id)? {
                    Some(end) => return Ok(end),
                    None => reader.step(self.client, self.events).await?,
                },
            };
            match step {
                Step::Unchanged => return Ok(End::Unchanged),
                Step::AsBegun => {}
                Step::Page(document) => {
                    let total = reader.total();
                    if !mem::replace(&mut is_shown, true) {
                        let title = document.title();
                        self.titles.extend(title.iter().map(|it| (subject.name(), it.clone())));
                        let name = title.unwrap_or_else(|| shown_name(&subject));
                        (self.events)(What::ReadStarted { name, total: total.map(u64::from) });
                    }
                    let snapshot_id = reader.snapshot().map(str::to_owned);
                    let described = Described { snapshot_id, total };
                    read_id = Some(self.land(read_id, &document, described)?);
                    self.save_if_due().await?;
                }
                Step::MetadataOnly(document) => {
                    let read_id = self.land(read_id, &document, Described::default())?;
                    self.finish(read_id, ReadStatus::MetadataOnly)?;
                    return Ok(End::MetadataOnly);
                }
                Step::Complete => {
                    // A reader that gave no page has no end but `Unchanged`.
                    let Some(read_id) = read_id else { return Ok(End::Unchanged) };
                    self.finish(read_id, ReadStatus::Complete)?;
                    return Ok(End::Complete(FinishedRead { read_id, total: reader.total() }));
                }
                Step::Changed(document) => {
                    if let Some(torn) = read_id.take() {
                        self.finish(torn, ReadStatus::Torn)?;
                    }
                    restarts += 1;
                    if restarts > MAX_RESTARTS {
                        let (playlist_id, times) = (subject.name(), restarts);
                        let error = crate::sources::Error::KeepsChanging { playlist_id, times };
                        return Err(error.into());
                    }
                    (reader, first_page) = (anew.clone(), document);
                }
            }
        }
    }

    /// Notes one document, which is on disk when this returns.
    fn land(
        &mut self,
        read_id: Option<i64>,
        document: &Document,
        described: Described,
    ) -> Result<i64, Error> {
        let name = || document.url.clone();
        let parts = document
            .parts()
            .map_err(|source| crate::sources::Error::Document { name: name(), source })?;
        if let Some(recorder) = &self.recorder {
            recorder.write(document, parts.offset)?;
        }
        let (run_id, now) = (self.run_id.clone(), (self.clock)());
        let split = SplitDocument::of(document.entity, &document.body, &parts);
        let row_count = split.row_count().into();
        let read_id = blocking(|| {
            let read = NewRead { run_id: &run_id, subject: &document.subject, now };
            self.warehouse.page_arrived(ArrivedPage { read, read_id, document, split, described })
        })?;
        (self.events)(What::RowsLanded { row_count });
        Ok(read_id)
    }

    pub(crate) fn finish(&self, read_id: i64, status: ReadStatus) -> Result<(), Error> {
        Ok(blocking(|| self.warehouse.read_ended(read_id, status, (self.clock)()))?)
    }
}

/// What progress calls it where it does not call itself anything.
pub(super) fn shown_name(subject: &Subject) -> String {
    match subject {
        Subject::Playlist(id) => id.to_string(),
        other => other.entity().replace('_', " "),
    }
}
