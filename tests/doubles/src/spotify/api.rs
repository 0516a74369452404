//! The Web API: who may call what, with which parameters, and what comes back.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Library, Mode, State};
use crate::http::{Answer, Request};
use crate::library::render::{EpisodeShape, me, page, slice, text, with_member};
use crate::library::{Playlist, RecordedPlaylist};

/// Rows that `GET /playlists/{id}` carries along.
const EMBEDDED_LIMIT: usize = 100;
/// The last offset of `/me/playlists`.
const MAX_LIST_OFFSET: usize = 100_000;
/// Endpoints that Development Mode lost in 2026; `*` is any one segment.
const REMOVED: [&str; 16] = [
    "playlists/*/tracks",
    "albums",
    "artists",
    "tracks",
    "episodes",
    "shows",
    "users/*",
    "users/*/playlists",
    "artists/*/top-tracks",
    "artists/*/related-artists",
    "browse/new-releases",
    "browse/categories",
    "browse/featured-playlists",
    "recommendations",
    "audio-features/*",
    "markets",
];

/// Who calls.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// `None`: an app without a user.
    scopes: Option<String>,
}

/// An answer that ends the call early.
pub(super) type Refused = Box<Answer>;

impl Caller {
    const fn is_user(&self) -> bool {
        self.scopes.is_some()
    }

    pub(super) fn require(&self, scope: &str) -> Result<(), Refused> {
        match &self.scopes {
            None => Err(refuse(401, "Valid user authentication required")),
            Some(scopes) if scopes.split(' ').any(|given| given == scope) => Ok(()),
            Some(_) => Err(refuse(403, "Insufficient client scope")),
        }
    }
}

/// Spotify's own error shape.
pub(super) fn error(status: u16, message: &str) -> Answer {
    let body = serde_json::json!({"error": {"status": status, "message": message}});
    Answer::json(status, body.to_string())
}

pub(super) fn refuse(status: u16, message: &str) -> Refused {
    Box::new(error(status, message))
}

impl State {
    /// What Spotify tolerates for a while, and what we promised not to send.
    pub(super) fn check_manners(&mut self, request: &Request) {
        let place = format!("`{} {}`", request.method, request.path);
        if request.header("user-agent").is_none_or(str::is_empty) {
            self.violate(format!("no User-Agent on {place}"));
        }
        if !request.header("accept-encoding").is_some_and(|encodings| encodings.contains("gzip")) {
            self.violate(format!("no gzip in Accept-Encoding on {place}"));
        }
        for (name, _) in request.parameters() {
            match name.as_str() {
                "fields" | "market" => {
                    self.violate(format!("`{name}` sent on {place}: it changes what is landed"));
                }
                "limit" | "offset" | "additional_types" | "ids" => {}
                _ => self.violate(format!("unknown parameter `{name}` on {place}")),
            }
        }
        let types = request.parameter("additional_types").unwrap_or_default();
        let has_both =
            ["track", "episode"].iter().all(|kind| types.split(',').any(|given| given == *kind));
        let is_read = request.method == "GET";
        if is_read && request.path.starts_with("/v1/playlists/") && !has_both {
            self.violate(format!("no `additional_types=track,episode` on {place}"));
        }
    }

    pub(super) fn data_answer(&mut self, request: &Request) -> Answer {
        self.authorized(request)
            .and_then(|caller| self.route(request, &caller))
            .unwrap_or_else(|refused| *refused)
    }

    fn authorized(&mut self, request: &Request) -> Result<Caller, Refused> {
        let Some(token) =
            request.header("authorization").and_then(|header| header.strip_prefix("Bearer "))
        else {
            self.violate(format!("no Bearer token on `{}`", request.path));
            return Err(refuse(401, "No token provided"));
        };
        let invalid = |message: &str| {
            let challenge = format!(
                r#"Bearer realm="spotify", error="invalid_token", error_description="{message}""#
            );
            Box::new(error(401, message).with_header("www-authenticate", challenge))
        };
        let Some(grant) = self.tokens.access.get_mut(token) else {
            self.violate(format!(
                "an access token that was never given out, on `{}`",
                request.path
            ));
            return Err(invalid("Invalid access token"));
        };
        if !grant.is_expired {
            return Ok(Caller { scopes: grant.scopes.clone() });
        }
        // The client cannot know before it is told, but then it knows.
        if std::mem::replace(&mut grant.was_refused, true) {
            self.violate(format!(
                "an access token was used again after it was refused, on `{}`",
                request.path
            ));
        }
        Err(invalid("The access token expired"))
    }

    fn route(&mut self, request: &Request, caller: &Caller) -> Result<Answer, Refused> {
        let path = request.path.trim_start_matches("/v1/");
        let segments: Vec<_> = path.split('/').collect();
        if self.mode == Mode::Development && REMOVED.iter().any(|pattern| fits(pattern, &segments))
        {
            // Which mode an app is in shows only when it asks for several objects at once; once is enough.
            let is_first_batch = matches!(segments.as_slice(), ["albums" | "artists"])
                && !std::mem::replace(&mut self.has_refused_batch, true);
            if !is_first_batch {
                self.violate(format!("`{}` is gone in Development Mode", request.path));
            }
            return Err(refuse(403, "Forbidden"));
        }
        if request.method != "GET" {
            return self.written(request, &segments, caller);
        }
        match segments.as_slice() {
            ["me"] => self.me(caller),
            ["me", "playlists"] => self.my_playlists(request, caller),
            ["me", "tracks"] => self.liked_songs(request, caller),
            ["playlists", id] => self.playlist(request, caller, id),
            ["playlists", id, key @ ("items" | "tracks")] => {
                self.playlist_page(request, caller, id, key)
            }
            [kind @ ("albums" | "artists"), id] => self.object(kind, id),
            [kind @ ("albums" | "artists")] => self.batch(request, kind),
            _ => {
                self.violate(format!("no such endpoint: `{}`", request.path));
                Err(refuse(404, "Service not found"))
            }
        }
    }

    fn me(&mut self, caller: &Caller) -> Result<Answer, Refused> {
        self.require_user(caller, "/me")?;
        Ok(Answer::json(200, text(&me(&self.library.me, self.mode))))
    }

    fn my_playlists(&mut self, request: &Request, caller: &Caller) -> Result<Answer, Refused> {
        self.require_user(caller, "/me/playlists")?;
        caller.require("playlist-read-private")?;
        let window = self.window(request, 50)?;
        if window.0 > MAX_LIST_OFFSET {
            return Err(refuse(400, "Invalid offset"));
        }
        if let Some(rows) = self.library.recorded.lists.get(&request.path) {
            return Ok(list_page("/me/playlists", window, rows));
        }
        let library = &self.library;
        let rows: Vec<_> = slice(&library.listed, window.0, window.1)
            .iter()
            .map(|id| library.listed_row(id.as_deref(), self.mode))
            .collect();
        Ok(Answer::json(200, page("/me/playlists", window, &rows, library.listed.len())))
    }

    fn liked_songs(&mut self, request: &Request, caller: &Caller) -> Result<Answer, Refused> {
        self.require_user(caller, "/me/tracks")?;
        caller.require("user-library-read")?;
        let window = self.window(request, 50)?;
        if let Some(rows) = self.library.recorded.lists.get(&request.path) {
            return Ok(list_page("/me/tracks", window, rows));
        }
        let library = &self.library;
        let rows: Vec<_> = slice(&library.liked, window.0, window.1)
            .iter()
            .map(|row| library.liked_row(row, self.mode))
            .collect();
        Ok(Answer::json(200, page("/me/tracks", window, &rows, library.liked.len())))
    }

    fn playlist(
        &mut self,
        request: &Request,
        caller: &Caller,
        id: &str,
    ) -> Result<Answer, Refused> {
        if let Some(recorded) = self.library.recorded.playlists.get(id) {
            return Ok(Answer::json(200, recorded_playlist(id, recorded, self.mode)));
        }
        let playlist = self.visible_playlist(id, caller)?;
        let mut hasher = DefaultHasher::new();
        playlist.snapshot_id.hash(&mut hasher);
        let etag = format!("\"{:x}\"", hasher.finish());
        if request.header("if-none-match") == Some(&etag) {
            return Ok(Answer::text(304, "application/json", "").with_header("etag", etag));
        }
        let head = text(&self.library.playlist_head(playlist));
        let body = if self.gives_contents(playlist, caller) {
            let key = if self.mode == Mode::Development { "items" } else { "tracks" };
            let contents = self.rows_page(playlist, request, key, (0, EMBEDDED_LIMIT));
            with_member(
                &with_member(&head, "followers", r#"{"href":null,"total":3}"#),
                key,
                &contents,
            )
        } else {
            head
        };
        Ok(Answer::json(200, body)
            .with_header("etag", etag)
            .with_header("cache-control", "public, max-age=0"))
    }

    fn playlist_page(
        &mut self,
        request: &Request,
        caller: &Caller,
        id: &str,
        key: &str,
    ) -> Result<Answer, Refused> {
        let window = self.window(request, if key == "tracks" { 100 } else { 50 })?;
        if let Some(recorded) = self.library.recorded.playlists.get(id) {
            return Ok(list_page(&format!("/playlists/{id}/{key}"), window, &recorded.rows));
        }
        let playlist = self.visible_playlist(id, caller)?;
        if !self.gives_contents(playlist, caller) {
            return Err(refuse(403, "Forbidden"));
        }
        Ok(Answer::json(200, self.rows_page(playlist, request, key, window)))
    }

    fn object(&self, kind: &str, id: &str) -> Result<Answer, Refused> {
        if id.len() != 22 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(refuse(400, "Invalid base62 id"));
        }
        let body = self.object_text(kind, id).ok_or_else(|| refuse(404, "Resource not found"))?;
        Ok(Answer::json(200, body))
    }

    fn batch(&mut self, request: &Request, kind: &str) -> Result<Answer, Refused> {
        let ids = request.parameter("ids").unwrap_or_default();
        let ids: Vec<_> = ids.split(',').filter(|id| !id.is_empty()).collect();
        let max = if kind == "albums" { 20 } else { 50 };
        if ids.is_empty() || ids.len() > max {
            self.violate(format!(
                "{} ids on `{}`, which takes 1 to {max}",
                ids.len(),
                request.path
            ));
            return Err(refuse(400, "Too many ids requested"));
        }
        let objects: Vec<_> = ids
            .iter()
            .map(|id| self.object_text(kind, id).unwrap_or_else(|| "null".to_owned()))
            .collect();
        Ok(Answer::json(200, format!(r#"{{"{kind}":[{}]}}"#, objects.join(","))))
    }

    fn object_text(&self, kind: &str, id: &str) -> Option<String> {
        let Library { recorded, albums, artists, .. } = &self.library;
        let rendered = || match kind {
            "albums" => albums.get(id).map(|album| self.library.full_album(album, self.mode)),
            _ => artists.get(id).map(|artist| self.library.full_artist(artist, self.mode)),
        };
        recorded.objects.get(&format!("/v1/{kind}/{id}")).cloned().or_else(rendered)
    }

    /// `(offset, limit)` of a page; outside Spotify's bounds it is 400 and the client's fault.
    fn window(&mut self, request: &Request, max_limit: usize) -> Result<(usize, usize), Refused> {
        let number = |name: &str, default: usize| {
            request.parameter(name).map_or(Some(default), |text| text.parse::<usize>().ok())
        };
        let limit = number("limit", 20).filter(|limit| (1..=max_limit).contains(limit));
        let Some(limit) = limit else {
            self.violate(format!(
                "`{}?{}`: limit must be 1 to {max_limit}",
                request.path, request.query
            ));
            return Err(refuse(400, "Invalid limit"));
        };
        let Some(offset) = number("offset", 0) else {
            self.violate(format!("`{}?{}`: offset is no number", request.path, request.query));
            return Err(refuse(400, "Invalid offset"));
        };
        Ok((offset, limit))
    }

    pub(super) fn require_user(&mut self, caller: &Caller, path: &str) -> Result<(), Refused> {
        if caller.is_user() {
            return Ok(());
        }
        self.violate(format!("an app's token on `{path}`, which needs a user"));
        Err(refuse(401, "Valid user authentication required"))
    }

    /// Private playlists of others and Spotify's own do not exist for us; our private ones need their scope.
    pub(super) fn visible_playlist(&self, id: &str, caller: &Caller) -> Result<&Playlist, Refused> {
        let not_found = || refuse(404, "Resource not found");
        let playlist = self
            .library
            .playlists
            .get(id)
            .filter(|_| !id.starts_with("37i9dQZ"))
            .ok_or_else(not_found)?;
        let is_shared = caller.is_user() && playlist.is_shared_with(&self.library.me.id);
        match (is_shared, playlist.public) {
            (false, Some(false)) => Err(not_found()),
            (true, _) if playlist.collaborative => {
                caller.require("playlist-read-collaborative").map(|()| playlist)
            }
            (true, Some(false) | None) => {
                caller.require("playlist-read-private").map(|()| playlist)
            }
            _ => Ok(playlist),
        }
    }

    fn gives_contents(&self, playlist: &Playlist, caller: &Caller) -> bool {
        self.mode == Mode::Extended
            || (caller.is_user() && playlist.is_shared_with(&self.library.me.id))
    }

    fn rows_page(
        &self,
        playlist: &Playlist,
        request: &Request,
        key: &str,
        window: (usize, usize),
    ) -> String {
        let types = request.parameter("additional_types").unwrap_or_default();
        let shape = if types.split(',').any(|kind| kind == "episode") {
            EpisodeShape::Episode
        } else {
            EpisodeShape::Track
        };
        // In March 2026 `/items` was recorded with both names.
        let keys: &[&str] = match (self.mode, key) {
            (Mode::Development, _) => &["item"],
            (Mode::Extended, "items") => &["item", "track"],
            (Mode::Extended, _) => &["track"],
        };
        let rows: Vec<_> = slice(&playlist.rows, window.0, window.1)
            .iter()
            .map(|row| self.library.playlist_row((playlist, row), keys, self.mode, shape))
            .collect();
        page(&format!("/playlists/{}/{key}", playlist.id), window, &rows, playlist.rows.len())
    }
}

fn fits(pattern: &str, segments: &[&str]) -> bool {
    let pattern: Vec<_> = pattern.split('/').collect();
    pattern.len() == segments.len()
        && pattern.iter().zip(segments).all(|(want, have)| *want == "*" || want == have)
}

fn list_page(path: &str, window: (usize, usize), rows: &[String]) -> Answer {
    Answer::json(200, page(path, window, slice(rows, window.0, window.1), rows.len()))
}

/// A recorded playlist with its first rows; one that is known only from its pages gets an object around them.
fn recorded_playlist(id: &str, recorded: &RecordedPlaylist, mode: Mode) -> String {
    let invented = || {
        let mut playlist = Playlist::new(id, "Known from its pages", "recorder");
        playlist.snapshot_id = format!("recorded/{id}");
        text(&Library::default().playlist_head(&playlist))
    };
    let mut body = recorded.head.clone().unwrap_or_else(invented);
    let default_key = if mode == Mode::Development { "items" } else { "tracks" }.to_owned();
    let has_contents =
        recorded.head.is_none() || !recorded.keys.is_empty() || !recorded.rows.is_empty();
    let keys =
        if recorded.keys.is_empty() { std::slice::from_ref(&default_key) } else { &recorded.keys };
    for key in keys.iter().filter(|_| has_contents) {
        let rows = slice(&recorded.rows, 0, EMBEDDED_LIMIT);
        let path = format!("/playlists/{id}/{key}");
        body =
            with_member(&body, key, &page(&path, (0, EMBEDDED_LIMIT), rows, recorded.rows.len()));
    }
    body
}
