//! Reads one playlist; its snapshot tells whether it changed meanwhile.

use super::client::Client;
use super::question::{self, PageAnswer, PlaylistAnswer, Question};
use super::step::{PAGE_LIMIT, Rest, Step};
use crate::event::Events;
use crate::ids::{PlaylistId, Subject};
use crate::sources::bucket::Bucket;
use crate::sources::document::{Document, Entity};
use crate::sources::error::Error;

/// Reads one playlist: the rows embedded in the playlist itself, then pages of 50, then the snapshot once more.
#[derive(Debug, Clone)]
pub(crate) struct PlaylistReader {
    playlist_id: PlaylistId,
    /// The snapshot that the warehouse holds completely.
    known_snapshot: Option<String>,
    snapshot: Option<String>,
    total: u32,
    next_offset: u32,
    pages: u32,
    /// Whether an earlier run landed the first rows, and Spotify was not yet asked whether the list is still the same.
    is_of_another_day: bool,
    /// Whether the playlist came in the shape before February 2026.
    has_former_shape: bool,
    /// Whether further rows are asked for under their former name.
    is_former: bool,
}

impl PlaylistReader {
    /// Starts at the beginning; `known_snapshot` makes an unchanged playlist cost one call.
    pub(crate) const fn new(playlist_id: PlaylistId, known_snapshot: Option<String>) -> Self {
        Self {
            playlist_id,
            known_snapshot,
            snapshot: None,
            total: 0,
            next_offset: 0,
            pages: 0,
            is_of_another_day: false,
            has_former_shape: false,
            is_former: false,
        }
    }

    /// Continues behind the rows that an earlier process landed.
    pub(crate) fn resume(
        playlist_id: PlaylistId,
        snapshot: Option<String>,
        total: u32,
        next_offset: u32,
    ) -> Self {
        // Whoever landed rows has read at least one page; two make sure that the snapshot is asked for once more.
        let new = Self::new(playlist_id, None);
        // Nothing is kept of the first page's shape, so that either may be asked for.
        Self { snapshot, total, next_offset, pages: 2, has_former_shape: true, ..new }
    }

    /// The same where the rows were landed by an earlier run: first of all the list must still be the one it was.
    #[must_use]
    pub(crate) fn of_another_day(self) -> Self {
        Self { is_of_another_day: true, ..self }
    }

    /// Rows Spotify announced.
    pub(crate) const fn total(&self) -> u32 {
        self.total
    }

    /// The snapshot being read.
    pub(crate) fn snapshot(&self) -> Option<&str> {
        self.snapshot.as_deref()
    }

    /// One call to Spotify, or none where the list is done.
    pub(crate) async fn step(
        &mut self,
        client: &mut Client,
        events: Events<'_>,
    ) -> Result<Step, Error> {
        if self.pages == 0 {
            let (document, seen) = self.ask_playlist(client, events).await?;
            return Ok(self.begin(document, seen));
        }
        if std::mem::take(&mut self.is_of_another_day) {
            let (document, seen) = self.ask_playlist(client, events).await?;
            if Some(&seen.snapshot_id) != self.snapshot.as_ref() {
                return Ok(Step::Changed(Some(document)));
            }
            return Ok(Step::AsBegun);
        }
        if self.next_offset < self.total {
            let (document, page) = self.ask_page(client, events).await?;
            if page.total != self.total {
                // Another length: it cannot be the snapshot we started with.
                return Ok(Step::Changed(None));
            }
            self.pages += 1;
            self.next_offset += page.row_count;
            return Ok(Step::Page(document));
        }
        if self.looks_back(0) {
            let (document, seen) = self.ask_playlist(client, events).await?;
            if Some(&seen.snapshot_id) != self.snapshot.as_ref() {
                return Ok(Step::Changed(Some(document)));
            }
        }
        Ok(Step::Complete)
    }

    /// What is left to ask for if the list stays as it is, as [`step`](Self::step) will. `None`: it must be looked at first.
    pub(crate) fn rest(&self) -> Option<Rest> {
        if self.pages == 0 || self.is_of_another_day {
            return None;
        }
        let pages = self.total.saturating_sub(self.next_offset).div_ceil(PAGE_LIMIT);
        let looks = u64::from(self.looks_back(pages));
        let calls = [(Bucket::PlaylistItems, pages.into()), (Bucket::Playlist, looks)];
        Some(calls.into_iter().filter(|(_, count)| 0 < *count).collect())
    }

    /// Whether the snapshot is asked for once more when so many further pages are read.
    const fn looks_back(&self, pages: u32) -> bool {
        self.pages + pages > 1
    }

    /// Whether the warehouse holds a snapshot to compare with.
    pub(crate) const fn is_known(&self) -> bool {
        self.known_snapshot.is_some()
    }

    /// Takes the list for the one of which an earlier run landed the first rows, without a look.
    pub(crate) const fn take_as_begun(&mut self) {
        self.is_of_another_day = false;
    }

    /// Takes a document that `Changed` gave as the first page of a new read.
    pub(crate) fn first_page(&mut self, document: Document) -> Result<Step, Error> {
        let seen = question::playlist(&document, &self.playlist_id)?;
        Ok(self.begin(document, seen))
    }

    fn begin(&mut self, document: Document, seen: PlaylistAnswer) -> Step {
        if Some(&seen.snapshot_id) == self.known_snapshot.as_ref() {
            return Step::Unchanged;
        }
        let Some(PageAnswer { total, row_count }) = seen.rows else {
            return Step::MetadataOnly(document);
        };
        self.next_offset = row_count;
        self.total = total;
        self.snapshot = Some(seen.snapshot_id);
        self.has_former_shape = seen.is_former;
        self.pages = 1;
        Step::Page(document)
    }

    /// The next page of rows. An API of the former shape may know them by their former name only.
    async fn ask_page(
        &mut self,
        client: &mut Client,
        events: Events<'_>,
    ) -> Result<(Document, PageAnswer), Error> {
        let offset = self.next_offset;
        let page = |name: &str| {
            format!(
                "/playlists/{}/{name}?limit={PAGE_LIMIT}&offset={}&additional_types=track%2Cepisode",
                self.playlist_id, offset
            )
        };
        let (url, former) = (page("items"), page("tracks"));
        let (entity, subject) = (Entity::PlaylistItems, &self.subject());
        let look = |document: &Document| question::page(document, offset, Some(PAGE_LIMIT));
        if !self.is_former {
            match client.ask(Question { entity, subject, url: &url }, look, events).await {
                Err(Error::NotFound { .. }) if self.has_former_shape => {}
                other => return other,
            }
        }
        let answer = client.ask(Question { entity, subject, url: &former }, look, events).await?;
        self.is_former = true;
        Ok(answer)
    }

    async fn ask_playlist(
        &self,
        client: &mut Client,
        events: Events<'_>,
    ) -> Result<(Document, PlaylistAnswer), Error> {
        if !self.playlist_id.is_plain() {
            return Err(Error::NoId { id: self.playlist_id.to_string() });
        }
        let url = format!("/playlists/{}?additional_types=track%2Cepisode", self.playlist_id);
        let question = Question { entity: Entity::Playlist, subject: &self.subject(), url: &url };
        let look = |document: &Document| question::playlist(document, &self.playlist_id);
        client.ask(question, look, events).await
    }

    fn subject(&self) -> Subject {
        Subject::Playlist(self.playlist_id.clone())
    }
}
