//! What changes something at Spotify: new playlists and their songs, and what is needed to find out whether it was done.
//!
//! A call that changes something is never sent again by itself: whoever sent it looks first.

use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Client, Sent};
use super::playlist::PlaylistReader;
use super::step::Step;
use crate::event::Events;
use crate::ids::PlaylistId;
use crate::sources::document::Document;
use crate::sources::error::Error;
use crate::sources::no_document::InvalidDocument;

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
        struct Page {
            items: Vec<Option<Listed>>,
            total: usize,
        }
        #[derive(Deserialize)]
        struct Listed {
            id: String,
            #[serde(default)]
            description: Option<String>,
        }
        let mut offset = 0;
        loop {
            let url = format!("/me/playlists?limit={LIST_LIMIT}&offset={offset}");
            let (body, _) = self.call(Sent { url: &url, body: None }, events).await?;
            let page: Page = serde_json::from_str(&body)
                .map_err(|source| Error::Document { name: url, source: source.into() })?;
            let has_mark = |listed: &&Listed| {
                listed.description.as_deref().is_some_and(|text| text.contains(mark))
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

/// The rows of a playlist, or of a page of it, in either of the API's shapes.
fn songs_of(document: &Document) -> Result<Vec<ReadSong>, Error> {
    let unusable = |source: InvalidDocument| Error::Document { name: document.url.clone(), source };
    let body: Value =
        serde_json::from_str(&document.body).map_err(|source| unusable(source.into()))?;
    let page = ["items", "tracks"].into_iter().find_map(|key| body[key]["items"].as_array());
    let rows = page.or_else(|| body["items"].as_array()).map_or(&[][..], Vec::as_slice);
    let song = |row: &Value| {
        let item = if row["item"].is_object() { &row["item"] } else { &row["track"] };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        ReadSong { id: text(&item["id"]), linked_from: text(&item["linked_from"]["id"]) }
    };
    Ok(rows.iter().map(song).collect())
}
