"""Renders the demo library (see `demo_library.py`) as Spotify Web API documents.

Comes in: the objects of `demo_library.py`. Goes out: (url, body) pairs in the order a fetch asks for
them, and their NDJSON. The shapes are those of real answers; the content is invented.
"""
import datetime as dt, hashlib, json, re, shutil, subprocess

API, OPEN, IMAGE = "https://api.spotify.com/v1", "https://open.spotify.com", "https://i.scdn.co/image"
KINDS = "additional_types=track%2Cepisode"
ABSENT = object()  # a key that Spotify leaves out, as opposed to one that is null
COVER = ["ab67616d0000b273", "ab67616d00001e02", "ab67616d00004851"]
PORTRAIT = ["ab6761610000e5eb", "ab67616100005174", "ab6761610000f178"]
PODCAST = ["ab6765630000ba8a", "ab67656300005f1f", "ab6765630000f68d"]
MOSAIC = ["ab67706c0000d72c", "ab67706c0000da84", "ab67706c0000bebb"]


def made_id(*parts):
    """22 characters of base62, like Spotify's ids; derived from what it names, so it never moves."""
    number = int.from_bytes(hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:16], "big")
    digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return "".join(digits[number // 62**place % 62] for place in reversed(range(22)))


def stamp(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def without_absent(shape):
    return {key: value for key, value in shape.items() if value is not ABSENT}


def ref(kind, id):
    """The keys every Spotify object has; a local file has them empty."""
    if id is None:
        return dict(external_urls={}, href=None, id=None, uri=None)
    return dict(external_urls={"spotify": f"{OPEN}/{kind}/{id}"}, href=f"{API}/{kind}s/{id}", id=id,
                uri=f"spotify:{kind}:{id}")


def images(prefixes, *seed):
    picture = hashlib.sha256("/".join(map(str, seed)).encode()).hexdigest()[:24]
    return [dict(height=size, url=f"{IMAGE}/{prefix}{picture}", width=size)
            for prefix, size in zip(prefixes, (640, 300, 64))]


# ---------------------------------------------------------------- items
def artist_shape(artist):
    return {**ref("artist", artist.id), "name": artist.name, "type": "artist"}


def full_artist(artist):
    return without_absent({
        **artist_shape(artist), "followers": {"href": None, "total": artist.popularity**3},
        "genres": artist.genres, "images": images(PORTRAIT, artist.id), "popularity": artist.popularity})


def song_shape(song, shape):
    album = song.album
    precision = {None: None, 4: "year", 7: "month", 10: "day"}[album.release_date and len(album.release_date)]
    item = {
        "preview_url": None, "explicit": song.explicit, "type": "track", "episode": False, "track": True,
        "album": {
            "type": "album", "album_type": album.kind, "images": images(COVER, album.id), "name": album.name,
            "release_date": album.release_date, "release_date_precision": album.precision or precision,
            "artists": [artist_shape(artist) for artist in album.artists], "total_tracks": album.total_tracks,
            **ref("album", album.id)},
        "artists": [artist_shape(artist) for artist in song.artists],
        "disc_number": 1, "track_number": song.track_number, "duration_ms": song.duration_ms,
        "external_ids": without_absent({"isrc": song.isrc}), "name": song.name, "popularity": song.popularity,
        "is_local": False, **ref("track", song.id), **song.extra}
    if shape == "liked":  # saved tracks carry is_playable unasked, but not the two booleans
        item = {"is_playable": True, **item, "episode": ABSENT, "track": ABSENT}
    if shape == "tracks":  # only apps with extended quota still get markets
        item["available_markets"] = item["album"]["available_markets"] = ["DE", "GB", "US"]
    return without_absent(item)


def local_file(uri, artist, album, name, seconds):
    """A file from somebody's own disk: no id anywhere, only a uri made of what its tags say."""
    return {
        "album": {"album_type": None, "available_markets": [], **ref("album", None), "images": [], "name": album,
                  "release_date": None, "release_date_precision": None, "type": "album", "artists": []},
        "artists": [{**ref("artist", None), "name": artist, "type": "artist"}], "available_markets": [],
        "explicit": False, "preview_url": None, "type": "track", "disc_number": 0, "external_ids": {},
        **ref("track", None), "duration_ms": seconds * 1000, "name": name, "uri": f"spotify:local:{uri}",
        "popularity": 0, "track_number": 0, "is_local": True}


def episode(key, show_name, show_key, name, duration_ms, is_playable=True):
    """A podcast episode; a removed one has neither name nor duration nor show."""
    id, show = made_id("episode", key), made_id("show", show_key)
    about = dict(description="", html_description="", explicit=False, is_externally_hosted=False, languages=["en"])
    return without_absent({
        "audio_preview_url": None, "duration_ms": duration_ms, "episode": True, **about,
        "images": images(PODCAST, key), "is_playable": is_playable, "language": "en", "name": name,
        "release_date": "2024-11-27" if name else "0000", "release_date_precision": "day" if name else "year",
        "show": name and {**about, "copyrights": [], "images": images(PODCAST, show), "media_type": "audio",
                          "name": show_name, "publisher": "Sparrow Street Audio", "total_episodes": 41,
                          "type": "show", **ref("show", show)},
        "track": False, "type": "episode", **ref("episode", id)})


def episode_as_track(key, show_name, show_key, name, duration_ms):
    """An episode as Spotify gives it to those who do not ask for episodes: only the uri tells."""
    id, show = made_id("episode", key), made_id("show", show_key)
    by = {**ref("show", show), "name": None, "type": "artist"}
    return {
        "preview_url": None, "explicit": False, "type": "episode", "episode": False, "track": True,
        "album": {"type": "show", "album_type": "compilation", "images": images(PODCAST, show), "name": show_name,
                  "release_date": None, "release_date_precision": None, "artists": [by], "total_tracks": 1,
                  **ref("show", show)},
        "artists": [by], "disc_number": 0, "track_number": 0, "duration_ms": duration_ms,
        "external_ids": {"spotify": f"{OPEN}/episode/{id}"}, "name": name, "popularity": 0, "is_local": False,
        **ref("episode", id)}


# ---------------------------------------------------------------- rows, pages, playlists
def user_shape(user):
    return {**ref("user", user[0]), "type": "user"}


def row_shape(row, shape):
    if row.kind == "null":
        return None
    item = song_shape(row.song, shape) if row.song else row.item
    if shape == "liked":
        return {"added_at": row.added_at, "track": item}
    keys = {"items": ["item"], "tracks": ["track"], "both": ["track", "item"]}[shape]
    return without_absent({
        "added_at": row.added_at, "added_by": row.added_by and user_shape(row.added_by),
        "is_local": row.kind == "local", "primary_color": None, **{key: item for key in keys},
        "video_thumbnail": {"url": None}, **row.extra})


def page(path, rows, shape, offset, limit, query=""):
    link = lambda at: f"{API}{path}?offset={at}&limit={limit}{query}"
    return {"href": link(offset), "items": [row_shape(row, shape) for row in rows[offset:offset + limit]],
            "limit": limit, "next": link(offset + limit) if offset + limit < len(rows) else None,
            "offset": offset, "previous": link(max(0, offset - limit)) if offset else None, "total": len(rows)}


def items_page(playlist, key, offset, limit):
    path = f"/playlists/{playlist.id}/{key}"
    return page(path, playlist.rows, playlist.shape, offset, limit, "&additional_types=track,episode")


def playlist_shape(playlist, contents):
    """Either form of a playlist; `contents` gives what stands under each of its items/tracks keys."""
    keys = {"both": ["tracks", "items"], "none": []}.get(playlist.shape, [playlist.shape])
    return {
        "collaborative": playlist.collaborative, "description": playlist.description,
        "images": None if playlist.key == "empty" else images(MOSAIC, playlist.key), "name": playlist.name,
        "owner": {"display_name": playlist.owner[1], **user_shape(playlist.owner)}, "primary_color": None,
        "public": playlist.public, "snapshot_id": playlist.snapshot_id,
        **{key: contents(key) for key in keys}, "type": "playlist", **ref("playlist", playlist.id)}


def full_playlist(playlist):
    followers = {"followers": {"href": None, "total": len(playlist.name)}}
    return {**followers, **playlist_shape(playlist, lambda key: items_page(playlist, key, 0, 100))}


def listed_playlist(playlist):
    link = lambda key: {"href": f"{API}/playlists/{playlist.id}/{key}", "total": len(playlist.rows)}
    nothing = {"items": None} if playlist.shape == "none" else {}
    return {**nothing, **playlist_shape(playlist, link)}


# ---------------------------------------------------------------- documents
def documents(library, me, artist_answers, seen_snapshots):
    """(url, body) in the order in which a fetch asks; no further pages of a playlist seen before."""
    listed = [listed_playlist(playlist) for playlist in library.playlists.values()]
    yield "/v1/me/playlists?offset=0&limit=50", {
        "href": f"{API}/users/{me[0]}/playlists?offset=0&limit=50", "items": listed, "limit": 50, "next": None,
        "offset": 0, "previous": None, "total": len(listed)}
    for playlist in library.playlists.values():
        yield f"/v1/playlists/{playlist.id}?{KINDS}", full_playlist(playlist)
        if playlist.snapshot_id not in seen_snapshots:
            for offset in range(100, len(playlist.rows), 50):
                url = f"/v1/playlists/{playlist.id}/items?offset={offset}&limit=50&{KINDS}"
                yield url, items_page(playlist, "items", offset, 50)
    for offset in range(0, len(library.liked), 50):
        yield f"/v1/me/tracks?offset={offset}&limit=50", page("/me/tracks", library.liked, "liked", offset, 50)
    for answer in artist_answers:
        if isinstance(answer, list):  # a batch; Spotify answers an unknown id with null
            ids = "%2C".join(artist.id if artist else made_id("artist", "nobody") for artist in answer)
            yield f"/v1/artists?ids={ids}", {"artists": [artist and full_artist(artist) for artist in answer]}
        else:
            yield f"/v1/artists/{answer.id}", full_artist(answer)


def ndjson(answers, start):
    lines = []
    for number, (url, body) in enumerate(answers):
        line = {"url": url, "fetched_at": stamp(start + dt.timedelta(seconds=number)), "body": body}
        text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
        # UTF-8 cannot carry half a surrogate pair; an escape in the JSON text can, and that is how it comes.
        lines.append(re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", text) + "\n")
    return "".join(lines).encode()


def compressed(data):
    if shutil.which("zstd"):
        return subprocess.run(["zstd", "-19", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout
    import zstandard
    return zstandard.ZstdCompressor(level=19).compress(data)
