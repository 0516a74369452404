//! Reads one list to its end, one call per step, so that the caller can land each page before the next is asked for.

use super::page::{Document, Entity, InvalidDocument, RowIdentity};
use super::{Client, Error};
use crate::event::Events;

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
    /// Whether a page was empty before the announced end.
    is_short: bool,
    /// Whether the list was read before, and not to its end.
    is_again: bool,
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
            is_short: false,
            is_again: false,
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

    /// The same list once more, after a read that had to be given up.
    pub fn again(playlist_id: String, known_snapshot: Option<String>) -> Self {
        Self { is_again: true, ..Self::new(playlist_id, known_snapshot) }
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
            let document = self.ask_playlist(client, events).await?;
            return self.first_page(document);
        }
        if self.next_offset < self.total && !self.is_short {
            let document = self.ask_page(client, events).await?;
            let parts = document
                .parts()
                .map_err(|source| Error::Document { name: document.url.clone(), source })?;
            let Some(rows) = &parts.rows else {
                let source = InvalidDocument::NoPage;
                return Err(Error::Document { name: document.url.clone(), source });
            };
            let row_count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            let is_short = row_count == 0 && !parts.has_next && self.is_again;
            if parts.total.is_some_and(|total| total != self.total) || row_count == 0 && !is_short {
                // Another length, or nothing where rows should be: it cannot be the snapshot we started with.
                return Ok(Step::Changed(None));
            }
            self.pages += 1;
            if is_short {
                // Fewer rows than announced, for the second time. Where the snapshot is still the same that is all there is,
                // and the checks say so.
                self.is_short = true;
            } else {
                self.next_offset += row_count;
                return Ok(Step::Page(document));
            }
        }
        if self.pages > 1 {
            let document = self.ask_playlist(client, events).await?;
            let parts = document
                .parts()
                .map_err(|source| Error::Document { name: document.url.clone(), source })?;
            if parts.snapshot_id != self.snapshot {
                return Ok(Step::Changed(Some(document)));
            }
        }
        Ok(Step::Complete)
    }

    /// Takes a document that `Changed` gave as the first page of a new read.
    pub fn first_page(&mut self, document: Document) -> Result<Step, Error> {
        let parts = document
            .parts()
            .map_err(|source| Error::Document { name: document.url.clone(), source })?;
        if parts.snapshot_id.is_some() && parts.snapshot_id == self.known_snapshot {
            return Ok(Step::Unchanged);
        }
        let Some(rows) = parts.rows else { return Ok(Step::MetadataOnly(document)) };
        self.next_offset = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        self.total = parts.total.unwrap_or(self.next_offset);
        self.snapshot = parts.snapshot_id;
        self.has_former_shape = parts.is_former;
        self.pages = 1;
        Ok(Step::Page(document))
    }

    /// The next page of rows. An API of the former shape may know them by their former name only.
    async fn ask_page(
        &mut self,
        client: &mut Client,
        events: Events<'_>,
    ) -> Result<Document, Error> {
        let page = |name: &str| {
            format!(
                "/playlists/{}/{name}?limit={PAGE_LIMIT}&offset={}&additional_types=track%2Cepisode",
                self.playlist_id, self.next_offset
            )
        };
        let (url, former) = (page("items"), page("tracks"));
        let id = Some(self.playlist_id.as_str());
        if !self.is_former {
            match client.get(Entity::PlaylistItems, id, &url, events).await {
                Err(Error::NotFound { .. }) if self.has_former_shape => {}
                other => return other,
            }
        }
        let document = client.get(Entity::PlaylistItems, id, &former, events).await?;
        self.is_former = true;
        Ok(document)
    }

    async fn ask_playlist(
        &self,
        client: &mut Client,
        events: Events<'_>,
    ) -> Result<Document, Error> {
        let url = format!("/playlists/{}?additional_types=track%2Cepisode", self.playlist_id);
        client.get(Entity::Playlist, Some(&self.playlist_id), &url, events).await
    }
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
#[derive(Debug, Clone)]
pub struct ListReader {
    entity: Entity,
    total: Option<u32>,
    next_offset: u32,
    is_done: bool,
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
            is_done: false,
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

    /// Rows Spotify announced.
    pub const fn total(&self) -> Option<u32> {
        self.total
    }

    /// One call to Spotify, or none where the list is done.
    pub async fn step(&mut self, client: &mut Client, events: Events<'_>) -> Result<Step, Error> {
        if self.pages == 0 {
            let document = self.ask(0, client, events).await?;
            return self.first_page(document);
        }
        if self.is_done || self.total.is_some_and(|total| total <= self.next_offset) {
            if self.entity == Entity::LikedSongs && self.pages > 1 {
                let document = self.ask(0, client, events).await?;
                let (total, first_rows, _) = seen(&document)?;
                if (total, &first_rows) != (self.total, &self.first_rows) {
                    return Ok(Step::Changed(Some(document)));
                }
            }
            return Ok(Step::Complete);
        }
        let document = self.ask(self.next_offset, client, events).await?;
        let (total, rows, has_next) = seen(&document)?;
        if self.total.is_some() && total != self.total {
            return Ok(Step::Changed(None));
        }
        self.advance(&rows, has_next);
        Ok(Step::Page(document))
    }

    /// Takes a document that `Changed` gave as the first page of a new read.
    pub fn first_page(&mut self, document: Document) -> Result<Step, Error> {
        let (total, first_rows, has_next) = seen(&document)?;
        let seen = KnownList { total, first_rows };
        if self.known.as_ref() == Some(&seen) {
            return Ok(Step::Unchanged);
        }
        self.total = seen.total;
        self.advance(&seen.first_rows, has_next);
        self.first_rows = seen.first_rows;
        Ok(Step::Page(document))
    }

    fn advance(&mut self, rows: &[RowIdentity], has_next: bool) {
        // Offsets count what was asked for, not what came: rows can be null, never missing.
        self.next_offset += PAGE_LIMIT.min(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        self.is_done = rows.is_empty() || (self.total.is_none() && !has_next);
        self.pages += 1;
    }

    async fn ask(
        &self,
        offset: u32,
        client: &mut Client,
        events: Events<'_>,
    ) -> Result<Document, Error> {
        let path = match self.entity {
            Entity::LikedSongs => "/me/tracks",
            _ => "/me/playlists",
        };
        let url = format!("{path}?limit={PAGE_LIMIT}&offset={offset}");
        client.get(self.entity, None, &url, events).await
    }
}

/// Total, rows and whether there are more, of one page of a list.
fn seen(document: &Document) -> Result<(Option<u32>, Vec<RowIdentity>, bool), Error> {
    let parts = document
        .parts()
        .map_err(|source| Error::Document { name: document.url.clone(), source })?;
    let rows = parts.rows.iter().flatten().map(|row| RowIdentity::of(row)).collect();
    Ok((parts.total, rows, parts.has_next))
}
