//! What changes something at Spotify: new playlists and their songs, and what is needed to find out whether it was done.
//!
//! A call that changes something is never sent again by itself: whoever sent it looks first.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::client::{Client, Sent};
use super::playlist::PlaylistReader;
use super::step::Step;
use crate::event::Events;
use crate::ids::PlaylistId;
use crate::sources::document::Document;
use crate::sources::error::Error;

/// Own playlists a call.
const LIST_LIMIT: usize = 50;
/// How often a list is read again that changes meanwhile.
const READS: u32 = 3;

/// A playlist to be made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewList<'a> {
    pub(crate) name: &'a str,
    pub(crate) description: &'a str,
    pub(crate) is_public: bool,
}

/// A row of a list as it was read back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ReadSong {
    /// The song's id; `None`: something else.
    pub(crate) id: Option<String>,
    /// The id that was asked for, where Spotify plays another recording in its place.
    pub(crate) linked_from: Option<String>,
}

impl ReadSong {
    /// Whether it is the song of that id.
    pub(crate) fn is(&self, id: &str) -> bool {
        [&self.id, &self.linked_from].into_iter().flatten().any(|own| own == id)
    }
}

impl Client {
    /// Makes an empty playlist.
    ///
    /// # Errors
    /// [`Error::Unanswered`] where it may be there or not, [`Error::MayNotWrite`].
    pub(crate) async fn create_list(
        &mut self,
        list: NewList<'_>,
        events: Events<'_>,
    ) -> Result<PlaylistId, Error> {
        #[derive(Deserialize)]
        struct Made {
            id: String,
        }
        let NewList { name, description, is_public } = list;
        let body = json!({
            "name": name, "description": description, "public": is_public, "collaborative": false,
        });
        let url = "/me/playlists";
        let answer = self.change(url, &body, events).await?;
        let made: Result<Made, _> = serde_json::from_str(&answer);
        let id = made.ok().map(|made| PlaylistId::as_given(made.id)).filter(PlaylistId::is_plain);
        id.ok_or_else(|| Error::Unanswered {
            url: url.to_owned(),
            reason: "the answer names no playlist".to_owned(),
        })
    }

    /// Puts songs into a list at that position, which must be its end.
    ///
    /// # Errors
    /// [`Error::Unanswered`] where they may be there or not, [`Error::Refused`] where Spotify knows one of them not.
    pub(crate) async fn add_songs(
        &mut self,
        list: &PlaylistId,
        songs: &[&str],
        position: usize,
        events: Events<'_>,
    ) -> Result<(), Error> {
        let uris: Vec<String> = songs.iter().map(|id| format!("spotify:track:{id}")).collect();
        let body = json!({ "uris": uris, "position": position });
        self.change(&format!("/playlists/{list}/items"), &body, events).await.map(drop)
    }

    /// The own playlist whose description contains this.
    pub(crate) async fn list_described(
        &mut self,
        mark: &str,
        events: Events<'_>,
    ) -> Result<Option<PlaylistId>, Error> {
        #[derive(Deserialize)]
        struct Page<'a> {
            #[serde(borrow)]
            items: Vec<Option<Listed<'a>>>,
            total: usize,
        }
        #[derive(Deserialize)]
        struct Listed<'a> {
            id: String,
            /// As it is written: strangers' texts can be no text at all, and the mark needs no escape.
            #[serde(borrow, default)]
            description: Option<&'a RawValue>,
        }
        let mut offset = 0;
        loop {
            let url = format!("/me/playlists?limit={LIST_LIMIT}&offset={offset}");
            let (body, _) = self.call(Sent { url: &url, body: None }, events).await?;
            let page: Page<'_> = serde_json::from_str(&body)
                .map_err(|source| Error::Document { name: url, source: source.into() })?;
            let has_mark = |listed: &&Listed<'_>| {
                listed.description.is_some_and(|text| text.get().contains(mark))
            };
            if let Some(found) = page.items.iter().flatten().find(has_mark) {
                return Ok(Some(PlaylistId::as_given(&found.id)));
            }
            offset += LIST_LIMIT;
            if page.total <= offset {
                return Ok(None);
            }
        }
    }

    /// The rows of a list as they are.
    pub(crate) async fn read_songs(
        &mut self,
        list: &PlaylistId,
        events: Events<'_>,
    ) -> Result<Vec<ReadSong>, Error> {
        for _ in 0..READS {
            let (mut reader, mut songs) = (PlaylistReader::new(list.clone(), None), Vec::new());
            loop {
                match reader.step(self, events).await? {
                    Step::Page(document) => songs.extend(songs_of(&document)?),
                    Step::Complete => return Ok(songs),
                    Step::MetadataOnly(document) => {
                        return Err(Error::Forbidden { url: document.url });
                    }
                    Step::Changed(_) => break,
                    Step::Unchanged | Step::AsBegun => {}
                }
            }
        }
        Err(Error::KeepsChanging { playlist_id: list.to_string(), times: READS })
    }

    async fn change(
        &mut self,
        url: &str,
        body: &Value,
        events: Events<'_>,
    ) -> Result<String, Error> {
        match self.call(Sent { url, body: Some(body) }, events).await {
            Ok((answer, _)) => Ok(answer),
            Err(Error::MissingScope { url, .. }) => Err(Error::may_not_write(&url)),
            Err(error) => Err(error),
        }
    }
}

/// A list, or a page of one. What is not asked for is skipped and may hold anything: names have been seen with half a surrogate pair.
#[derive(Deserialize)]
struct ListBody<'a> {
    /// Rows, or the first page of them.
    #[serde(borrow)]
    items: Option<&'a RawValue>,
    #[serde(borrow)]
    tracks: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct FirstPage {
    items: Vec<ListRow>,
}

#[derive(Deserialize)]
struct ListRow {
    item: Option<RowItem>,
    track: Option<RowItem>,
}

#[derive(Deserialize)]
struct RowItem {
    id: Option<String>,
    linked_from: Option<LinkedFrom>,
}

#[derive(Deserialize)]
struct LinkedFrom {
    id: Option<String>,
}

/// The rows of a playlist, or of a page of it, in either of the API's shapes.
fn songs_of(document: &Document) -> Result<Vec<ReadSong>, Error> {
    songs_in(&document.body)
        .map_err(|source| Error::Document { name: document.url.clone(), source: source.into() })
}

fn songs_in(body: &str) -> Result<Vec<ReadSong>, serde_json::Error> {
    let body: ListBody<'_> = serde_json::from_str(body)?;
    let rows = match body.items.or(body.tracks).map(RawValue::get) {
        None => Vec::new(),
        Some(rows) if rows.starts_with('[') => serde_json::from_str(rows)?,
        Some(page) => serde_json::from_str::<FirstPage>(page)?.items,
    };
    let song = |row: ListRow| {
        let item = row.item.or(row.track);
        let linked_from = item.as_ref().and_then(|it| it.linked_from.as_ref()?.id.clone());
        ReadSong { id: item.and_then(|it| it.id), linked_from }
    };
    Ok(rows.into_iter().map(song).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_whatever_stands_in_their_names() {
        let row = r#"{"item":{"id":"a","name":"half \ud83d emoji","linked_from":{"id":"b","x":"\udead"}}}"#;
        let old = r#"{"track":{"id":"c","name":"\ud83d"},"added_at":null},{"track":null}"#;
        for body in [
            format!(r#"{{"name":"\ud83d","items":{{"items":[{row},{old}],"total":3}}}}"#),
            format!(r#"{{"items":[{row},{old}]}}"#),
            format!(r#"{{"tracks":{{"items":[{row},{old}]}},"description":"\ude00"}}"#),
        ] {
            let songs = songs_in(&body).unwrap();
            let ids = songs.iter().map(|it| (it.id.as_deref(), it.linked_from.as_deref()));
            assert_eq!(
                ids.collect::<Vec<_>>(),
                [(Some("a"), Some("b")), (Some("c"), None), (None, None)]
            );
        }
    }
}
