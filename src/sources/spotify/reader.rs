//! Reads a playlist or a list to its end, one call per step, so that the caller can land each page before the next is asked for.

use super::client::Client;
use super::list::ListReader;
use super::playlist::PlaylistReader;
use super::step::{Rest, Step};
use crate::event::Events;
use crate::sources::bucket::Bucket;
use crate::sources::document::Document;
use crate::sources::error::Error;

/// Which kind of list is read, and how far.
#[derive(Debug, Clone)]
pub(crate) enum Reader {
    /// Of a playlist, which has a snapshot.
    Playlist(PlaylistReader),
    /// Of a list that has none.
    List(ListReader),
}

impl Reader {
    /// One call to Spotify, or none where everything is read.
    pub(crate) async fn step(
        &mut self,
        client: &mut Client,
        events: Events<'_>,
    ) -> Result<Step, Error> {
        match self {
            Self::Playlist(reader) => reader.step(client, events).await,
            Self::List(reader) => reader.step(client, events).await,
        }
    }

    /// Takes a document that `Changed` gave as the first page of a new read.
    pub(crate) fn first_page(&mut self, document: Document) -> Result<Step, Error> {
        match self {
            Self::Playlist(reader) => reader.first_page(document),
            Self::List(reader) => reader.first_page(document),
        }
    }

    /// What is left to ask for if the list stays as it is. `None`: it must be looked at first.
    pub(crate) fn rest(&self) -> Option<Rest> {
        match self {
            Self::Playlist(reader) => reader.rest(),
            Self::List(reader) => reader.rest(),
        }
    }

    /// Where the list itself is looked at, and whether the warehouse holds one to compare it with.
    pub(crate) const fn look(&self) -> (Bucket, bool) {
        match self {
            Self::Playlist(reader) => (Bucket::Playlist, reader.is_known()),
            Self::List(reader) => (reader.bucket(), reader.is_known()),
        }
    }

    /// Takes the list for the one of which an earlier run landed the first rows, without a look.
    pub(crate) const fn take_as_begun(&mut self) {
        match self {
            Self::Playlist(reader) => reader.take_as_begun(),
            Self::List(reader) => reader.take_as_begun(),
        }
    }

    /// Rows Spotify announced.
    pub(crate) const fn total(&self) -> Option<u32> {
        match self {
            Self::Playlist(reader) => Some(reader.total()),
            Self::List(reader) => reader.total(),
        }
    }

    /// The snapshot being read, where there is one.
    pub(crate) fn snapshot(&self) -> Option<&str> {
        match self {
            Self::Playlist(reader) => reader.snapshot(),
            Self::List(_) => None,
        }
    }
}
