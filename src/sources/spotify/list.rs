//! Reads a list that has no snapshot: the user's playlists, or the liked songs.

use super::client::Client;
use super::question::{self, PageAnswer, Question};
use super::step::{PAGE_LIMIT, Rest, Step};
use crate::event::Events;
use crate::ids::Subject;
use crate::sources::bucket::Bucket;
use crate::sources::document::{Document, Entity, RowIdentity};
use crate::sources::error::Error;

/// What is held of a list that has no snapshot: enough to see by one call that it is still the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownList {
    /// Rows Spotify announced.
    pub(crate) total: Option<u32>,
    /// Its first rows.
    pub(crate) first_rows: Vec<RowIdentity>,
}

/// Reads `/me/playlists` or `/me/tracks` page by page.
///
/// The liked songs have no snapshot. They stand newest first, and a new one comes with the time it was added, so the total and
/// the first page together tell whether anything came or went: they are compared with what is held before the rest is asked
/// for, and once more after it where there was more than one page. What they cannot tell is a change of songs further down
/// that keeps the total: another name or popularity, or a song that a program saved with a time in the past in place of another.
///
/// A page of the liked songs must be whole. One of `/me/playlists` may lack rows: the caller compares at the end how many
/// playlists the list announced and how many it named.
#[derive(Debug, Clone)]
pub(crate) struct ListReader {
    subject: Subject,
    total: Option<u32>,
    next_offset: u32,
    /// Whether an earlier run landed the first rows, and Spotify was not yet asked whether the list is still the same.
    is_of_another_day: bool,
    /// What the warehouse holds completely.
    known: Option<KnownList>,
    /// The first rows of this read.
    first_rows: Vec<RowIdentity>,
    pages: u32,
}

impl ListReader {
    /// Starts at the beginning; `known` makes unchanged liked songs cost one call.
    pub(crate) const fn new(subject: Subject, known: Option<KnownList>) -> Self {
        Self {
            subject,
            total: None,
            next_offset: 0,
            is_of_another_day: false,
            known,
            first_rows: Vec::new(),
            pages: 0,
        }
    }

    /// Continues behind the rows that an earlier process landed; `begun` is what it saw first.
    pub(crate) fn resume(subject: Subject, begun: KnownList, next_offset: u32) -> Self {
        // Whoever landed rows has read at least one page; two make sure that the first is looked at once more.
        let KnownList { total, first_rows } = begun;
        Self { total, next_offset, first_rows, pages: 2, ..Self::new(subject, None) }
    }

    /// The same where the rows were landed by an earlier run: first of all the list must still be the one it was.
    #[must_use]
    pub(crate) fn of_another_day(self) -> Self {
        Self { is_of_another_day: true, ..self }
    }

    /// Rows Spotify announced.
    pub(crate) const fn total(&self) -> Option<u32> {
        self.total
    }

    /// One call to Spotify, or none where the list is done.
    pub(crate) async fn step(
        &mut self,
        client: &mut Client,
        events: Events<'_>,
    ) -> Result<Step, Error> {
        if self.pages == 0 {
            let (document, page) = self.ask(0, client, events).await?;
            return self.begin(document, page.total);
        }
        if std::mem::take(&mut self.is_of_another_day) {
            let changed = self.changed(client, events).await?;
            return Ok(changed.map_or(Step::AsBegun, |document| Step::Changed(Some(document))));
        }
        if self.total.is_some_and(|total| total <= self.next_offset) {
            if self.looks_back(0)
                && let Some(document) = self.changed(client, events).await?
            {
                return Ok(Step::Changed(Some(document)));
            }
            return Ok(Step::Complete);
        }
        let (document, page) = self.ask(self.next_offset, client, events).await?;
        if self.total.is_some_and(|total| total != page.total) {
            return Ok(Step::Changed(None));
        }
        self.advance(page.total);
        Ok(Step::Page(document))
    }

    /// What is left to ask for if the list stays as it is, as [`step`](Self::step) will. `None`: it must be looked at first.
    pub(crate) fn rest(&self) -> Option<Rest> {
        if self.pages == 0 || self.is_of_another_day {
            return None;
        }
        let pages = self.total?.saturating_sub(self.next_offset).div_ceil(PAGE_LIMIT);
        let count = u64::from(pages) + u64::from(self.looks_back(pages));
        Some(if count == 0 { Rest::new() } else { vec![(self.bucket(), count)] })
    }

    /// How many calls a list of so many rows takes.
    pub(crate) fn page_count(total: u32) -> u32 {
        total.div_ceil(PAGE_LIMIT).max(1)
    }

    /// Whether the first page is looked at once more when so many further pages are read.
    const fn looks_back(&self, pages: u32) -> bool {
        self.is_of_songs() && self.pages + pages > 1
    }

    /// To which bucket its pages count.
    pub(crate) const fn bucket(&self) -> Bucket {
        if self.is_of_songs() { Bucket::LikedSongs } else { Bucket::OwnPlaylists }
    }

    /// Whether the list begins as this one.
    pub(crate) fn is_at(&self, list: &KnownList) -> bool {
        self.total == list.total && self.first_rows == list.first_rows
    }

    /// Whether the warehouse holds one to compare with.
    pub(crate) const fn is_known(&self) -> bool {
        self.known.is_some()
    }

    /// Takes the list for the one of which an earlier run landed the first rows, without a look.
    pub(crate) const fn take_as_begun(&mut self) {
        self.is_of_another_day = false;
    }

    /// Takes a document that `Changed` gave as the first page of a new read.
    pub(crate) fn first_page(&mut self, document: Document) -> Result<Step, Error> {
        let total = question::page(&document, 0, self.limit())?.total;
        self.begin(document, total)
    }

    fn begin(&mut self, document: Document, total: u32) -> Result<Step, Error> {
        let seen = KnownList { total: Some(total), first_rows: question::identities(&document)? };
        if self.known.as_ref() == Some(&seen) {
            return Ok(Step::Unchanged);
        }
        self.advance(total);
        self.first_rows = seen.first_rows;
        Ok(Step::Page(document))
    }

    /// The first page, if it is another than the one that was read.
    async fn changed(
        &self,
        client: &mut Client,
        events: Events<'_>,
    ) -> Result<Option<Document>, Error> {
        let (document, page) = self.ask(0, client, events).await?;
        let is_same =
            Some(page.total) == self.total && question::identities(&document)? == self.first_rows;
        Ok(if is_same { None } else { Some(document) })
    }

    fn advance(&mut self, total: u32) {
        self.total = Some(total);
        // Offsets count what was asked for, not what came.
        self.next_offset += PAGE_LIMIT;
        self.pages += 1;
    }

    const fn is_of_songs(&self) -> bool {
        matches!(self.subject, Subject::LikedSongs(_))
    }

    /// How many rows a page must have, unless it is the last.
    fn limit(&self) -> Option<u32> {
        self.is_of_songs().then_some(PAGE_LIMIT)
    }

    async fn ask(
        &self,
        offset: u32,
        client: &mut Client,
        events: Events<'_>,
    ) -> Result<(Document, PageAnswer), Error> {
        let path = if self.is_of_songs() { "/me/tracks" } else { "/me/playlists" };
        let url = format!("{path}?limit={PAGE_LIMIT}&offset={offset}");
        let question =
            Question { entity: Entity::of(&self.subject), subject: &self.subject, url: &url };
        client
            .ask(question, |document| question::page(document, offset, self.limit()), events)
            .await
    }
}
