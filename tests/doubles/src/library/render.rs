//! The library as Spotify's JSON, in both shapes. Text goes out as Spotify sends it, half surrogate pairs included.

use serde_json::{Map, Value, json};

use super::{
    AddedAt, AddedBy, Album, Artist, Content, DurationMs, Episode, LONE_SURROGATE, Library,
    LocalFile, Mode, Playlist, Row, Track, User,
};

/// Host of every `href`; nothing under test may follow one.
pub const API: &str = "https://api.spotify.com/v1";
const OPEN: &str = "https://open.spotify.com";
const MARKETS: [&str; 12] =
    ["AR", "AU", "AT", "BE", "BO", "BR", "CA", "DE", "GB", "JP", "NL", "US"];

/// How episodes come: as themselves only when the call asked for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpisodeShape {
    Episode,
    Track,
}

/// JSON text as Spotify would send it.
pub fn text(value: &Value) -> String {
    value.to_string().replace(LONE_SURROGATE, "\\ud83d")
}

/// A paging object around rows that are JSON text already.
pub fn page(path: &str, (offset, limit): (usize, usize), rows: &[String], total: usize) -> String {
    let link = |offset: usize| Value::from(format!("{API}{path}?offset={offset}&limit={limit}"));
    let next = if offset + limit < total { link(offset + limit) } else { Value::Null };
    let previous = if offset == 0 { Value::Null } else { link(offset.saturating_sub(limit)) };
    format!(
        r#"{{"href":{},"items":[{}],"limit":{limit},"next":{next},"offset":{offset},"previous":{previous},"total":{total}}}"#,
        link(offset),
        rows.join(",")
    )
}

/// `object` with one more member, whose value is JSON text already.
pub fn with_member(object: &str, key: &str, value: &str) -> String {
    let head = object.trim_end().strip_suffix('}').expect("an object ends with a brace");
    format!(r#"{head},"{key}":{value}}}"#)
}

/// The part of `rows` that a page shows.
pub fn slice<T>(rows: &[T], offset: usize, limit: usize) -> &[T] {
    &rows[offset.min(rows.len())..(offset + limit).min(rows.len())]
}

fn links(kind: &str, id: &str) -> Map<String, Value> {
    let object = json!({
        "external_urls": {"spotify": format!("{OPEN}/{kind}/{id}")},
        "href": format!("{API}/{kind}s/{id}"),
        "id": id,
        "type": kind,
        "uri": format!("spotify:{kind}:{id}"),
    });
    members(object)
}

fn members(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn user(id: &str) -> Map<String, Value> {
    links("user", id)
}

/// `GET /me`.
pub fn me(user_object: &User, mode: Mode) -> Value {
    let mut me = user(&user_object.id);
    me.insert("display_name".to_owned(), json!(user_object.display_name));
    me.insert("account_id".to_owned(), json!("aB3dE5fG7h"));
    me.insert("images".to_owned(), json!([]));
    if mode == Mode::Extended {
        me.extend(members(json!({
            "country": "NL", "product": "premium", "followers": {"href": null, "total": 21},
            "explicit_content": {"filter_enabled": false, "filter_locked": false},
        })));
    }
    Value::Object(me)
}

/// What nobody wrote: HTML, as Spotify gives it.
const INVENTED_DESCRIPTION: &str = "It&#x27;s <a href=\"spotify:playlist:x\">linked</a>";

impl Library {
    /// A playlist without its contents, as `GET /playlists/{id}` and (with `item_total`) `/me/playlists` show it.
    pub fn playlist_head(&self, playlist: &Playlist) -> Value {
        let mut owner = user(&playlist.owner_id);
        owner.insert("display_name".to_owned(), json!(format!("{} ✨", playlist.owner_id)));
        let mut head = links("playlist", &playlist.id);
        head.extend(members(json!({
            "collaborative": playlist.collaborative,
            "description": playlist.description.as_deref().unwrap_or(INVENTED_DESCRIPTION),
            "images": null,
            "name": playlist.name,
            "owner": owner,
            "primary_color": null,
            "public": playlist.public,
            "snapshot_id": playlist.snapshot_id,
        })));
        Value::Object(head)
    }

    /// One row of `/me/playlists`; `null` where the library says so.
    pub fn listed_row(&self, id: Option<&str>, mode: Mode) -> String {
        let Some(playlist) = id.and_then(|id| self.playlists.get(id)) else {
            return "null".to_owned();
        };
        let mut head = members(self.playlist_head(playlist));
        let key = if mode == Mode::Development { "items" } else { "tracks" };
        let href = format!("{API}/playlists/{}/{key}", playlist.id);
        // What a followed playlist has here since March 2026 is not confirmed: null is the harder case.
        let is_given = mode == Mode::Extended || playlist.is_shared_with(&self.me.id);
        let contents = if is_given {
            json!({"href": href, "total": playlist.rows.len()})
        } else {
            Value::Null
        };
        head.insert(key.to_owned(), contents);
        text(&Value::Object(head))
    }

    /// One row of a playlist, its content under each of `keys`.
    pub fn playlist_row(
        &self,
        (playlist, row): (&Playlist, &Row),
        keys: &[&str],
        mode: Mode,
        shape: EpisodeShape,
    ) -> String {
        if matches!(row.content, Content::NullRow) {
            return "null".to_owned();
        }
        let mut object = self.bare_row(row);
        let added_by = match &row.added_by {
            AddedBy::Owner => Some(Value::Object(user(&playlist.owner_id))),
            AddedBy::User(id) => Some(Value::Object(user(id))),
            AddedBy::EmptyId => Some(Value::Object(user(""))),
            AddedBy::Null => Some(Value::Null),
            AddedBy::Absent => None,
        };
        object.extend(added_by.map(|value| ("added_by".to_owned(), value)));
        object.insert("is_local".to_owned(), json!(matches!(row.content, Content::Local(_))));
        object.insert("primary_color".to_owned(), Value::Null);
        object.insert("video_thumbnail".to_owned(), json!({"url": null}));
        let content = self.content(&row.content, mode, shape);
        object.extend(keys.iter().map(|key| ((*key).to_owned(), content.clone())));
        text(&Value::Object(object))
    }

    /// One row of `/me/tracks`; its key stayed `track` in both modes.
    pub fn liked_row(&self, row: &Row, mode: Mode) -> String {
        if matches!(row.content, Content::NullRow) {
            return "null".to_owned();
        }
        let mut object = self.bare_row(row);
        let mut content = self.content(&row.content, mode, EpisodeShape::Track);
        if let Value::Object(track) = &mut content {
            // Only playlist rows carry the two booleans; only liked songs say this unasked.
            track.remove("track");
            track.remove("episode");
            track.insert("is_playable".to_owned(), json!(true));
        }
        object.insert("track".to_owned(), content);
        text(&Value::Object(object))
    }

    fn bare_row(&self, row: &Row) -> Map<String, Value> {
        let mut object: Map<String, Value> = row.extra.clone().into_iter().collect();
        let added_at = match &row.added_at {
            AddedAt::At(time) => Some(json!(time)),
            AddedAt::Epoch => Some(json!("1970-01-01T00:00:00Z")),
            AddedAt::Empty => Some(json!("")),
            AddedAt::Null => Some(Value::Null),
            AddedAt::Absent => None,
        };
        object.extend(added_at.map(|value| ("added_at".to_owned(), value)));
        object
    }

    fn content(&self, content: &Content, mode: Mode, shape: EpisodeShape) -> Value {
        let known_episode = |id: &String| {
            self.episodes.get(id).expect("the library holds every episode of its rows")
        };
        match content {
            Content::Track(id) => {
                let track = self.tracks.get(id).expect("the library holds every track of its rows");
                let mut object = self.track(track, mode);
                object.insert("track".to_owned(), json!(true));
                object.insert("episode".to_owned(), json!(false));
                Value::Object(object)
            }
            Content::Local(file) => local_file(file, mode),
            Content::EpisodeAsTrack(id) => episode_as_track(known_episode(id), mode),
            Content::Episode(id) if shape == EpisodeShape::Track => {
                episode_as_track(known_episode(id), mode)
            }
            Content::Episode(id) => episode(known_episode(id), "episode", mode),
            Content::Chapter(id) => episode(known_episode(id), "chapter", mode),
            Content::Removed | Content::NullRow => Value::Null,
        }
    }

    fn track(&self, track: &Track, mode: Mode) -> Map<String, Value> {
        let mut object = self.simplified_track(track, mode);
        let album =
            self.albums.get(&track.album_id).expect("the library holds every album of its tracks");
        object.insert("album".to_owned(), Value::Object(self.simplified_album(album, mode)));
        object.insert(
            "external_ids".to_owned(),
            track.isrc.as_ref().map_or_else(|| json!({}), |isrc| json!({"isrc": isrc})),
        );
        if let (Mode::Extended, Some(popularity)) = (mode, track.popularity) {
            object.insert("popularity".to_owned(), json!(popularity));
        }
        object
    }

    fn simplified_track(&self, track: &Track, mode: Mode) -> Map<String, Value> {
        let mut object = links("track", &track.id);
        object.extend(members(json!({
            "artists": self.simplified_artists(&track.artist_ids),
            "disc_number": 1,
            "duration_ms": duration(track.duration_ms),
            "explicit": track.is_explicit,
            "is_local": false,
            "name": track.name,
            "preview_url": null,
            "track_number": 1,
        })));
        object.extend(track.extra.clone());
        with_markets(&mut object, mode);
        object
    }

    fn simplified_artists(&self, ids: &[String]) -> Vec<Value> {
        ids.iter()
            .map(|id| match self.artists.get(id) {
                Some(artist) => {
                    let mut object = links("artist", id);
                    object.insert("name".to_owned(), json!(artist.name));
                    Value::Object(object)
                }
                None => json!({"external_urls": {}, "href": null, "id": null, "name": "", "type": "artist", "uri": null}),
            })
            .collect()
    }

    fn simplified_album(&self, album: &Album, mode: Mode) -> Map<String, Value> {
        let mut object = links("album", &album.id);
        let precision = album.release_date.as_ref().map(|date| match date.len() {
            4 => "year",
            7 => "month",
            _ => "day",
        });
        object.extend(members(json!({
            "album_type": album.album_type,
            "artists": self.simplified_artists(&album.artist_ids),
            "images": [{"height": 64, "width": 64, "url": format!("https://i.scdn.co/image/{}", album.id)}],
            "name": album.name,
            "release_date": album.release_date,
            "release_date_precision": precision,
            "total_tracks": album.total_tracks,
        })));
        with_markets(&mut object, mode);
        object
    }

    /// `GET /albums/{id}`.
    pub fn full_album(&self, album: &Album, mode: Mode) -> String {
        let mut object = self.simplified_album(album, mode);
        object.extend(members(json!({
            "copyrights": [{"text": "(C) nobody", "type": "C"}],
            "external_ids": {"upc": "886445345678"},
            "genres": [],
        })));
        if mode == Mode::Extended {
            object.extend(members(json!({"label": "Invented Records", "popularity": 12})));
        }
        let tracks = self.tracks.values().filter(|track| track.album_id == album.id);
        let rows: Vec<_> =
            tracks.map(|track| text(&Value::Object(self.simplified_track(track, mode)))).collect();
        let tracks =
            page(&format!("/albums/{}/tracks", album.id), (0, 50), slice(&rows, 0, 50), rows.len());
        with_member(&text(&Value::Object(object)), "tracks", &tracks)
    }

    /// `GET /artists/{id}`.
    pub fn full_artist(&self, artist: &Artist, mode: Mode) -> String {
        let mut object = links("artist", &artist.id);
        object.insert("name".to_owned(), json!(artist.name));
        object.insert("images".to_owned(), json!([]));
        object.extend(artist.genres.as_ref().map(|genres| ("genres".to_owned(), json!(genres))));
        if mode == Mode::Extended {
            object.insert("followers".to_owned(), json!({"href": null, "total": 1234}));
            object.extend(artist.popularity.map(|value| ("popularity".to_owned(), json!(value))));
        }
        text(&Value::Object(object))
    }
}

fn duration(duration: DurationMs) -> Value {
    match duration {
        DurationMs::Integer(value) => json!(value),
        DurationMs::Float(value) => json!(f64::from(value)),
    }
}

fn with_markets(object: &mut Map<String, Value>, mode: Mode) {
    if mode == Mode::Extended {
        object.insert("available_markets".to_owned(), json!(MARKETS));
    }
}

/// Each part escaped as Spotify does: letters and digits stay, a space is `+`, the rest `%XX`.
pub fn local_uri(file: &LocalFile) -> String {
    let escaped = |part: &str| -> String {
        part.bytes()
            .map(|byte| match byte {
                b' ' => "+".to_owned(),
                b'-' | b'_' | b'.' => char::from(byte).to_string(),
                _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            })
            .collect()
    };
    let [artist, album, title] = [&file.artist, &file.album, &file.title].map(|part| escaped(part));
    format!("spotify:local:{artist}:{album}:{title}:{}", file.seconds)
}

fn local_file(file: &LocalFile, mode: Mode) -> Value {
    let mut track = json!({
        "album": {
            "album_type": null, "artists": [], "external_urls": {}, "href": null, "id": null, "images": [],
            "name": file.album, "release_date": null, "release_date_precision": null, "type": "album", "uri": null,
        },
        "artists": [
            {"external_urls": {}, "href": null, "id": null, "name": file.artist, "type": "artist", "uri": null}
        ],
        "disc_number": 0, "duration_ms": file.seconds * 1000, "explicit": false, "external_ids": {},
        "external_urls": {}, "href": null, "id": null, "is_local": true, "name": file.title, "preview_url": null,
        "track_number": 0, "type": "track", "uri": local_uri(file),
    });
    if mode == Mode::Extended {
        track["popularity"] = json!(0);
        track["available_markets"] = json!([]);
    }
    track
}

fn episode(episode: &Episode, kind: &str, mode: Mode) -> Value {
    let mut object = links(kind, &episode.id);
    let mut show = links("show", &episode.show_id);
    show.extend(members(
        json!({"name": episode.show_name, "total_episodes": 7, "media_type": "audio"}),
    ));
    if mode == Mode::Extended {
        show.insert("publisher".to_owned(), json!("Nobody"));
    }
    object.extend(members(json!({
        "audio_preview_url": null, "description": "Talk.", "html_description": "<p>Talk.</p>",
        "duration_ms": episode.duration_ms, "episode": true, "explicit": false, "images": [],
        "is_externally_hosted": false, "language": "en", "languages": ["en"], "name": episode.name,
        "release_date": "2024-05-16", "release_date_precision": "day", "show": show, "track": false,
    })));
    Value::Object(object)
}

/// What comes without `additional_types=track,episode`: a look-alike whose "artists" are the show.
fn episode_as_track(episode: &Episode, mode: Mode) -> Value {
    let mut artist = links("show", &episode.show_id);
    artist.insert("name".to_owned(), Value::Null);
    artist.insert("type".to_owned(), json!(episode.show_name));
    let mut album = links("show", &episode.show_id);
    album["external_urls"] = json!({"spotify": format!("{OPEN}/album/{}", episode.show_id)});
    album.extend(members(json!({
        "album_type": "compilation", "artists": [artist.clone()], "images": [], "name": episode.show_name,
        "release_date": null, "release_date_precision": null, "total_tracks": 1,
    })));
    let mut object = links("episode", &episode.id);
    object.extend(members(json!({
        "album": album, "artists": [artist], "disc_number": 0, "duration_ms": episode.duration_ms,
        "episode": false, "explicit": false, "external_ids": {"spotify": format!("{OPEN}/episode/{}", episode.id)},
        "is_local": false, "name": episode.name, "preview_url": null, "track": true, "track_number": 0,
    })));
    if mode == Mode::Extended {
        object.insert("popularity".to_owned(), json!(0));
    }
    with_markets(&mut object, mode);
    Value::Object(object)
}
