//! Answers that are what was asked for: Spotify sends half a page, or another object, with status 200.
//!
//! In: a question. Out: a document that answers it, and what a reader must know of it. What does not answer it is asked again.

use serde::Deserialize;

use super::client::Client;
use crate::event::{Events, WaitFor, What};
use crate::ids::{PlaylistId, Subject};
use crate::sources::bucket::Bucket;
use crate::sources::document::{Document, Entity, Parts, RowIdentity};
use crate::sources::error::Error;
use crate::sources::no_document::InvalidDocument;
use crate::sources::size;

/// How often one question is put before its answer is taken for what Spotify has to say.
const TRIES: u32 = 3;

/// A playlist as one answer has it.
#[derive(Debug)]
pub(super) struct PlaylistAnswer {
    pub(super) snapshot_id: String,
    /// The rows that came with it. `None`: metadata only.
    pub(super) rows: Option<PageAnswer>,
    /// Whether it came in the shape before February 2026.
    pub(super) is_former: bool,
}

/// A page of a list as one answer has it.
#[derive(Debug)]
pub(super) struct PageAnswer {
    /// Rows that Spotify announces for the whole list.
    pub(super) total: u32,
    pub(super) row_count: u32,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) entity: Entity,
    pub(super) subject: &'a Subject,
    pub(super) url: &'a str,
}

impl Client {
    /// Asks until an answer passes `look`, and returns what that saw.
    pub(super) async fn ask<T>(
        &mut self,
        question: Question<'_>,
        look: impl Fn(&Document) -> Result<T, Error>,
        events: Events<'_>,
    ) -> Result<(Document, T), Error> {
        let mut tries = 1;
        loop {
            let Question { entity, subject, url } = question;
            let document = self.get(entity, subject, url, events).await?;
            match look(&document) {
                Ok(seen) => return Ok((document, seen)),
                Err(error) if tries == TRIES => return Err(error),
                Err(error) => {
                    let reason = error.to_string();
                    events(What::Retried { url: url.to_owned(), error: reason });
                    self.usage.retry_count += 1;
                    self.questions.put_again(Bucket::of(url));
                    let delay =
                        self.timing.call.retry.delay(tries, fastrand::f64()).unwrap_or_default();
                    self.wait(WaitFor::Answer, delay, events).await?;
                    tries += 1;
                }
            }
        }
    }

    /// Full artists or albums in one call. `None`: the app may not ask for several at once.
    ///
    /// A single id that Spotify does not know gives the document `null`, as it gives it in a batch.
    pub(crate) async fn details(
        &mut self,
        subject: &Subject,
        ids: &[String],
        events: Events<'_>,
    ) -> Result<Option<Document>, Error> {
        let entity = Entity::of(subject);
        let (name, list) = (entity.name(), ids.join(","));
        let is_batch = ids.len() > 1;
        let url = if is_batch { format!("/{name}?ids={list}") } else { format!("/{name}/{list}") };
        let question = Question { entity, subject, url: &url };
        let asked = self.ask(question, |given| require_details(given, ids), events).await;
        match asked.map(|(document, ())| document) {
            Err(error) if is_batch && error.concerns_one_playlist() => Ok(None),
            Err(Error::NotFound { .. } | Error::Refused { status: 400, .. }) => {
                let (subject, fetched_at) = (subject.clone(), self.now());
                let (etag, body) = (None, "null".to_owned());
                Ok(Some(Document { entity, subject, url, fetched_at, etag, body }))
            }
            other => other.map(Some),
        }
    }
}

fn unusable(document: &Document) -> impl FnOnce(InvalidDocument) -> Error + '_ {
    |source| Error::Document { name: document.url.clone(), source }
}

/// A document's parts, where the warehouse has room for them.
fn parts(document: &Document) -> Result<Parts<'_>, Error> {
    let parts = document.parts().map_err(unusable(document))?;
    size::require_room_for(document, &parts).map_err(|error| unusable(document)(error.into()))?;
    Ok(parts)
}

/// Looks whether a document has the full artists or albums that were asked for, each in its place. In a batch, `null` stands for
/// one that Spotify does not know.
fn require_details(document: &Document, ids: &[String]) -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    let parts = parts(document)?;
    let rows = parts.rows.as_deref().unwrap_or_default();
    if rows.len() != ids.len() {
        let (asked, given) = (count(ids.len()), count(rows.len()));
        return Err(unusable(document)(InvalidDocument::OtherCount { asked, given }));
    }
    let is_batch = 1 < ids.len();
    for (row, asked) in rows.iter().zip(ids).filter(|(row, _)| !(is_batch && **row == "null")) {
        let given = serde_json::from_str::<Named>(row).ok().map(|named| named.id);
        if given.as_ref() != Some(asked) {
            let asked = asked.clone();
            return Err(unusable(document)(InvalidDocument::OtherObject { asked, given }));
        }
    }
    Ok(())
}

/// Looks whether a document is the playlist that was asked for, with the rows that must come with it.
pub(super) fn playlist(document: &Document, asked: &PlaylistId) -> Result<PlaylistAnswer, Error> {
    let parts = parts(document)?;
    if parts.id.as_deref() != Some(asked.as_str()) {
        let asked = asked.to_string();
        let other = InvalidDocument::OtherPlaylist { asked, given: parts.id };
        return Err(unusable(document)(other));
    }
    let snapshot_id = parts.snapshot_id.ok_or(InvalidDocument::NoSnapshot);
    let snapshot_id = snapshot_id.map_err(unusable(document))?;
    let is_former = parts.is_former;
    let Some(rows) = &parts.rows else {
        return Ok(PlaylistAnswer { snapshot_id, rows: None, is_former });
    };
    let total = parts.total.ok_or(InvalidDocument::NoTotal).map_err(unusable(document))?;
    let row_count = count(rows.len());
    require_offset(document, 0, parts.offset)?;
    require_whole(document, row_count, total.min(parts.limit.unwrap_or(row_count)))?;
    Ok(PlaylistAnswer { snapshot_id, rows: Some(PageAnswer { total, row_count }), is_former })
}

/// Looks whether a document is the page that begins at `offset`, with all of at most `limit` rows that it must have. Without
/// a limit it may have any number of them.
pub(super) fn page(
    document: &Document,
    offset: u32,
    limit: Option<u32>,
) -> Result<PageAnswer, Error> {
    let parts = parts(document)?;
    let rows = parts.rows.as_deref().ok_or(InvalidDocument::NoPage).map_err(unusable(document))?;
    let total = parts.total.ok_or(InvalidDocument::NoTotal).map_err(unusable(document))?;
    let row_count = count(rows.len());
    let wanted = limit.map_or(row_count, |limit| limit.min(total.saturating_sub(offset)));
    require_offset(document, offset, parts.offset)?;
    require_whole(document, row_count, wanted)?;
    Ok(PageAnswer { total, row_count })
}

/// The rows of a page of a list, as far as they tell it from another.
pub(super) fn identities(document: &Document) -> Result<Vec<RowIdentity>, Error> {
    let parts = document.parts().map_err(unusable(document))?;
    Ok(parts.rows.iter().flatten().map(|row| RowIdentity::of(row)).collect())
}

fn require_offset(document: &Document, asked: u32, given: u32) -> Result<(), Error> {
    match asked == given {
        true => Ok(()),
        false => Err(unusable(document)(InvalidDocument::OtherOffset { asked, given })),
    }
}

/// A row that is left out moves every row behind it, so nothing is taken of a page that is not whole.
fn require_whole(document: &Document, given: u32, wanted: u32) -> Result<(), Error> {
    if given != wanted {
        let url = document.url.clone();
        return Err(Error::NotWhole { url, given, wanted, tries: TRIES });
    }
    Ok(())
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
