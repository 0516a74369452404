//! What changes something: new playlists, and songs at their end. Nothing else of Spotify's writes is ours to call.

use serde_json::{Value, json};

use super::State;
use super::api::{Caller, Refused, refuse};
use crate::http::{Answer, Request};
use crate::library::render::text;
use crate::library::{AddedBy, Playlist, Row, spotify_id};

/// Items that one call adds.
const MOST_ITEMS: usize = 100;
/// Items that a playlist holds.
const MOST_SONGS: usize = 10_000;
/// The numbers of the ids of new playlists begin here.
const FIRST_NEW: u64 = 7_000_000;

impl State {
    pub(super) fn written(
        &mut self,
        request: &Request,
        segments: &[&str],
        caller: &Caller,
    ) -> Result<Answer, Refused> {
        match (request.method.as_str(), segments) {
            ("POST", ["me", "playlists"]) => self.create_playlist(request, caller),
            ("POST", ["playlists", id, "items"]) => self.add_items(request, caller, id),
            (method, _) => {
                self.violate(format!("snowtrack does not send {method} `{}`", request.path));
                Err(refuse(405, "Method not allowed"))
            }
        }
    }

    fn create_playlist(&mut self, request: &Request, caller: &Caller) -> Result<Answer, Refused> {
        self.require_user(caller, "/me/playlists")?;
        let body = self.json_body(request)?;
        let Some(name) = body["name"].as_str().filter(|name| !name.is_empty()) else {
            self.violate("a playlist without a name".to_owned());
            return Err(refuse(400, "Missing required field: name"));
        };
        // Public unless it says otherwise.
        let is_public = body["public"].as_bool().unwrap_or(true);
        caller.require(if is_public {
            "playlist-modify-public"
        } else {
            "playlist-modify-private"
        })?;
        let id = spotify_id(FIRST_NEW + self.made.len() as u64);
        let owner = self.library.me.id.clone();
        let mut playlist = Playlist::new(&id, name, &owner).with_public(Some(is_public));
        playlist.description = body["description"].as_str().map(str::to_owned);
        let mut head = self.library.playlist_head(&playlist);
        head["items"] = json!({ "href": "", "items": [], "total": 0, "limit": 100, "offset": 0 });
        self.library.playlists.insert(id.clone(), playlist);
        self.library.listed.insert(0, Some(id.clone()));
        self.made.push(id);
        Ok(Answer::json(201, text(&head)))
    }

    fn add_items(
        &mut self,
        request: &Request,
        caller: &Caller,
        id: &str,
    ) -> Result<Answer, Refused> {
        self.require_user(caller, "/playlists/{id}/items")?;
        let playlist = self.visible_playlist(id, caller)?.clone();
        if playlist.owner_id != self.library.me.id {
            return Err(refuse(403, "You cannot add tracks to a playlist you don't own."));
        }
        let is_public = playlist.public == Some(true);
        caller.require(if is_public {
            "playlist-modify-public"
        } else {
            "playlist-modify-private"
        })?;
        if !self.made.iter().any(|made| made == id) {
            self.violate(format!("the playlist `{id}` was there before, and is written to"));
        }
        let body = self.json_body(request)?;
        let uris: Vec<String> = body["uris"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|uri| uri.as_str().unwrap_or_default().to_owned())
            .collect();
        if uris.is_empty() || MOST_ITEMS < uris.len() {
            self.violate(format!(
                "{} items in one call, which takes 1 to {MOST_ITEMS}",
                uris.len()
            ));
            return Err(refuse(400, "You can add a maximum of 100 tracks per request."));
        }
        if MOST_SONGS < playlist.rows.len() + uris.len() {
            return Err(refuse(400, "Playlist size limit reached"));
        }
        let position = body["position"].as_u64().map(|at| at as usize);
        let position = position.unwrap_or(playlist.rows.len());
        if playlist.rows.len() < position {
            return Err(refuse(400, "Index out of bounds."));
        }
        let mut rows = Vec::new();
        for uri in &uris {
            let track = uri.strip_prefix("spotify:track:").unwrap_or_default();
            if !self.library.tracks.contains_key(track) {
                return Err(refuse(400, "Invalid track uri"));
            }
            rows.push(Row::track(track).by(AddedBy::Owner));
        }
        self.library.change(id, |playlist| {
            playlist.rows.splice(position..position, rows);
        });
        let snapshot = &self.library.playlists[id].snapshot_id;
        Ok(Answer::json(201, json!({ "snapshot_id": snapshot }).to_string()))
    }

    fn json_body(&mut self, request: &Request) -> Result<Value, Refused> {
        let is_json =
            request.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
        if !is_json {
            self.violate(format!("a body that is not JSON on `{}`", request.path));
        }
        serde_json::from_slice(&request.body).map_err(|_| refuse(400, "Error parsing JSON."))
    }
}
