//! Reads one list to its end, one call per step, so that the caller can land each page before the next is asked for.

use super::client::Client;
use super::question::{self, PageAnswer, PlaylistAnswer, Question};
use crate::event::Events;
use crate::sources::document::{Document, Entity, RowIdentity};
use crate::sources::error::Error;

/// Rows per page of `/playlists/{id}/items`, `/me/tracks` and `/me/playlists`: Spotify's maximum.
const PAGE_LIMIT: u32 = 50;

/// What one step of a reader gave.
#[derive(Debug)]
pub enum Step {
    /// A document to land; the reader is not done.
    Page(Document),
    /// The list is the one that is already in the warehouse.
    Unchanged,
    /// The playlist exists, its contents are not for us.
    MetadataOnly(Document),
    /// The list changed while it was read. What was landed of it must not be used; the document, where there is one, is the
    /// first page of the new snapshot.
    Changed(Option<Document>),
    /// Everything was read, at one snapshot.
    Complete,
}

/// Reads one playlist: the rows embedded in the playlist itself, then pages of 50, then the snapshot once more.
#[derive(Debug, Clone)]
pub struct PlaylistReader {
    playlist_id: String,
    /// The snapshot that the warehouse holds completely.
    known_snapshot: Option<String>,
    snapshot: Option<String>,
    total: u32,
    next_offset: u32,
    pages: u32,
    /// Whether rows of another day are continued, and nobody has looked yet whether the list is still the same.
    is_of_another_day: bool,
    /// Whether the playlist came in the shape before February 2026.
    has_former_shape: bool,
    /// Whether further rows are asked for under their former name.
    is_former: bool,
}

impl PlaylistReader {
    /// Starts at the beginning; `known_snapshot` makes an unchanged playlist cost one call.
    pub const fn new(playlist_id: String, known_snapshot: Option<String>) -> Self {
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
    pub fn resume(
        playlist_id: String,
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
    pub fn of_another_day(self) -> Self {
        Self { is_of_another_day: true, ..self }
    }

    /// Rows Spotify announced.
    pub const fn total(&self) -> u32 {
        self.total
    }

    /// The snapshot being read.
    pub fn snapshot(&self) -> Option<&str> {
        self.snapshot.as_deref()
    }

    /// Where the next page begins.
    pub const fn next_offset(&self) -> u32 {
        self.next_offset
    }

    /// One call to Spotify, or none where the list is done.
    pub async fn step(&mut self, client: &mut Client, events: Events<'_>) -> Result<Step, Error> {
        if self.pages == 0 {
            let (document, seen) = self.ask_playlist(client, events).await?;
            return Ok(self.begin(document, seen));
        }
        if std::mem::take(&mut self.is_of_another_day) {
            let (document, seen) = self.ask_playlist(client, events).await?;
            if Some(&seen.snapshot_id) != self.snapshot.as_ref() {
                return Ok(Step::Changed(Some(document)));
            }
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
        if self.pages > 1 {
            let (document, seen) = self.ask_playlist(client, events).await?;
            if Some(&seen.snapshot_id) != self.snapshot.as_ref() {
                return Ok(Step::Changed(Some(document)));
            }
        }
        Ok(Step::Complete)
    }

    /// Takes a document that `Changed` gave as the first page of a new read.
    pub fn first_page(&mut self, document: Document) -> Result<Step, Error> {
        let seen = question::playlist(&document)?;
        Ok(self.begin(document, seen))
    }

    fn begin(&mut self, document: Document, seen: PlaylistAnswer) -> Step {
        if Some(&seen.snapshot_id) == self.known_snapshot.as_ref() {
            return Step::Unchanged;
        }
        let Some((row_count, total)) = seen.rows else { return Step::MetadataOnly(document) };
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
        let (entity, playlist_id) = (Entity::PlaylistItems, Some(self.playlist_id.as_str()));
        let look = |document: &Document| question::page(document, offset, Some(PAGE_LIMIT));
        if !self.is_former {
            match client.ask(Question { entity, playlist_id, url: &url }, look, events).await {
                Err(Error::NotFound { .. }) if self.has_former_shape => {}
                other => return other,
            }
        }
        let answer =
            client.ask(Question { entity, playlist_id, url: &former }, look, events).await?;
        self.is_former = true;
        Ok(answer)
    }

    async fn ask_playlist(
        &self,
        client: &mut Client,
        events: Events<'_>,
    ) -> Result<(Document, PlaylistAnswer), Error> {
        if !is_id(&self.playlist_id) {
            return Err(Error::NoId { id: self.playlist_id.clone() });
        }
        let url = format!("/playlists/{}?additional_types=track%2Cepisode", self.playlist_id);
        let playlist_id = Some(self.playlist_id.as_str());
        let question = Question { entity: Entity::Playlist, playlist_id, url: &url };
        client.ask(question, question::playlist, events).await
    }
}

/// Whether this can stand in an address as it is. Spotify's ids are letters and digits; `..` would ask for something else.
fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// What is held of a list that has no snapshot: enough to see by one call that it is still the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownList {
    /// Rows Spotify announced.
    pub total: Option<u32>,
    /// Its first rows.
    pub first_rows: Vec<RowIdentity>,
}

/// Reads `/me/playlists` or `/me/tracks` page by page.
///
/// The liked songs have no snapshot. They stand newest first, and a new one comes with the time it was added, so the total and
/// the first page together tell whether anything came or went: they are compared with what is held before the rest is asked
/// for, and once more after it where there was more than one page. What they cannot tell is a change of songs further down
/// that keeps the total: another name or popularity, or a song that a program saved with a time in the past in place of another.
///
/// A page of the liked songs must be whole. One of `/me/playlists` may lack rows: whoever reads the list compares at its end
/// how many playlists it announced and how many it named, and has those that it named.
#[derive(Debug, Clone)]
pub struct ListReader {
    entity: Entity,
    total: Option<u32>,
    next_offset: u32,
    /// As a playlist's reader has it.
    is_of_another_day: bool,
    /// What the warehouse holds completely.
    known: Option<KnownList>,
    /// The first rows of this read.
    first_rows: Vec<RowIdentity>,
    pages: u32,
}

impl ListReader {
    /// Starts at the beginning; `known` makes unchanged liked songs cost one call.
    pub const fn new(entity: Entity, known: Option<KnownList>) -> Self {
        Self {
            entity,
            total: None,
            next_offset: 0,
            is_of_another_day: false,
            known,
            first_rows: Vec::new(),
            pages: 0,
        }
    }

    /// Continues behind the rows that an earlier process landed; `begun` is what it saw first.
    pub fn resume(entity: Entity, begun: KnownList, next_offset: u32) -> Self {
        // Whoever landed rows has read at least one page; two make sure that the first is looked at once more.
        let KnownList { total, first_rows } = begun;
        Self { total, next_offset, first_rows, pages: 2, ..Self::new(entity, None) }
    }

    /// The same where the rows were landed by an earlier run: first of all the list must still be the one it was.
    #[must_use]
    pub fn of_another_day(self) -> Self {
        Self { is_of_another_day: true, ..self }
    }

    /// Rows Spotify announced.
    pub const fn total(&self) -> Option<u32> {
        self.total
    }

    /// One call to Spotify, or none where the list is done.
    pub async fn step(&mut self, client: &mut Client, events: Events<'_>) -> Result<Step, Error> {
        if self.pages == 0 {
            let (document, page) = self.ask(0, client, events).await?;
            return self.begin(document, page.total);
        }
        if std::mem::take(&mut self.is_of_another_day)
            && let Some(document) = self.changed(client, events).await?
        {
            return Ok(Step::Changed(Some(document)));
        }
        if self.total.is_some_and(|total| total <= self.next_offset) {
            if self.entity == Entity::LikedSongs
                && self.pages > 1
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

    /// Takes a document that `Changed` gave as the first page of a new read.
    pub fn first_page(&mut self, document: Document) -> Result<Step, Error> {
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

    /// How many rows a page must have, unless it is the last.
    fn limit(&self) -> Option<u32> {
        (self.entity == Entity::LikedSongs).then_some(PAGE_LIMIT)
    }

    async fn ask(
        &self,
        offset: u32,
        client: &mut Client,
        events: Events<'_>,
    ) -> Result<(Document, PageAnswer), Error> {
        let path = match self.entity {
            Entity::LikedSongs => "/me/tracks",
            _ => "/me/playlists",
        };
        let url = format!("{path}?limit={PAGE_LIMIT}&offset={offset}");
        let question = Question { entity: self.entity, playlist_id: None, url: &url };
        client
            .ask(question, |document| question::page(document, offset, self.limit()), events)
            .await
    }
}
