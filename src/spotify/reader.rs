//! Reads one list to its end, one call per step, so that the caller can land each page before the next is asked for.

use super::page::{Document, Entity};
use super::{Client, Error};
use crate::event::Events;

/// Rows per page of `/playlists/{id}/items`, `/me/tracks` and `/me/playlists`: Spotify's maximum.
const PAGE_LIMIT: u32 = 50;

/// What one step of a reader gave.
#[derive(Debug)]
pub enum Step {
    /// A document to land; the reader is not done.
    Page(Document),
    /// The playlist has the snapshot that is already in the warehouse.
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
}

impl PlaylistReader {
    /// Starts at the beginning; `known_snapshot` makes an unchanged playlist cost one call.
    pub const fn new(playlist_id: String, known_snapshot: Option<String>) -> Self {
        Self { playlist_id, known_snapshot, snapshot: None, total: 0, next_offset: 0, pages: 0 }
    }

    /// Continues behind the rows that an earlier process landed.
    pub const fn resume(
        playlist_id: String,
        snapshot: Option<String>,
        total: u32,
        next_offset: u32,
    ) -> Self {
        // Whoever landed rows has read at least one page; two make sure that the snapshot is asked for once more.
        Self { playlist_id, known_snapshot: None, snapshot, total, next_offset, pages: 2 }
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
        if self.next_offset < self.total {
            let url = format!(
                "/playlists/{}/items?limit={PAGE_LIMIT}&offset={}&additional_types=track%2Cepisode",
                self.playlist_id, self.next_offset
            );
            let document =
                client.get(Entity::PlaylistItems, Some(&self.playlist_id), &url, events).await?;
            let parts =
                document.parts().map_err(|source| Error::Document { name: url.clone(), source })?;
            let row_count =
                parts.rows.map_or(0, |rows| u32::try_from(rows.len()).unwrap_or(u32::MAX));
            if row_count == 0 || parts.total.is_some_and(|total| total != self.total) {
                // An empty page before the end, or another length: it cannot be the snapshot we started with.
                return Ok(Step::Changed(None));
            }
            self.next_offset += row_count;
            self.pages += 1;
            return Ok(Step::Page(document));
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
        self.pages = 1;
        Ok(Step::Page(document))
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

/// Reads `/me/playlists` or `/me/tracks` page by page.
#[derive(Debug, Clone)]
pub struct ListReader {
    entity: Entity,
    total: Option<u32>,
    next_offset: u32,
    is_done: bool,
}

impl ListReader {
    /// A reader of the user's playlists or liked songs that continues at `next_offset`.
    pub const fn new(entity: Entity, total: Option<u32>, next_offset: u32) -> Self {
        Self { entity, total, next_offset, is_done: false }
    }

    /// Rows Spotify announced.
    pub const fn total(&self) -> Option<u32> {
        self.total
    }

    /// Where the next page begins.
    pub const fn next_offset(&self) -> u32 {
        self.next_offset
    }

    /// One call to Spotify, or none where the list is done.
    pub async fn step(&mut self, client: &mut Client, events: Events<'_>) -> Result<Step, Error> {
        if self.is_done || self.total.is_some_and(|total| total <= self.next_offset) {
            return Ok(Step::Complete);
        }
        let path = match self.entity {
            Entity::LikedSongs => "/me/tracks",
            _ => "/me/playlists",
        };
        let url = format!("{path}?limit={PAGE_LIMIT}&offset={}", self.next_offset);
        let document = client.get(self.entity, None, &url, events).await?;
        let parts =
            document.parts().map_err(|source| Error::Document { name: url.clone(), source })?;
        let row_count = parts.rows.as_ref().map_or(0, Vec::len);
        if self.total.is_some() && parts.total != self.total {
            return Ok(Step::Changed(None));
        }
        self.total = parts.total;
        // Offsets count what was asked for, not what came: rows can be null, never missing.
        self.next_offset += PAGE_LIMIT.min(u32::try_from(row_count).unwrap_or(u32::MAX));
        self.is_done = row_count == 0 || (parts.total.is_none() && !parts.has_next);
        Ok(Step::Page(document))
    }
}
