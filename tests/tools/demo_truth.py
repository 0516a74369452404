"""The truth about the demo library: the core tables that must come out of its documents.

Comes in: the objects of `demo_library.py`, never the documents made from them, and no SQL. Goes out:
rows of business columns by key, their counts, and what changed between two points in time.
"""
from demo_documents import ABSENT, OPEN, stamp

ITEM_KINDS = ("track", "episode", "local", "removed")
NOTES = [
    "liked songs count for songs, albums, artists and songs.added_at; row_counts.playlist_songs leaves their rows out",
    "a song that was removed stays in songs; rows of older snapshots stay in playlist_songs; a rename is a new snapshot",
    "added_at of the epoch, null or absent is NULL; an added_by with an empty id is NULL; release_date 0000 is NULL",
    "a playlist whose contents are unavailable is in playlists, with item_count NULL",
    "the song of case `lone surrogate` has half a surrogate pair in its name, shown here as U+FFFD: compare its other columns",
]


def known(value):
    return None if value is ABSENT else value


def moment(text):
    text = known(text)
    return None if text is None or text.startswith("1970-") else text.rstrip("Z")


def first_day(text):
    return None if text in (None, "0000") else (text + "-01-01")[:10]


def item_kind(row):
    return "removed" if row.kind == "null" else row.kind


def readable(text):
    return "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in text)


def absorb(tables, library, artist_answers):
    """Brings the core tables (business columns by key) up to the library as it is now."""
    table = lambda name: tables.setdefault(name, {})
    for p in library.playlists.values():
        count = None if p.shape == "none" else len(p.rows)
        table("playlists")[p.id] = [p.id, p.name, p.owner[0], p.public, p.collaborative, p.snapshot_id, count,
                                    f"{OPEN}/playlist/{p.id}"]
        for position, row in enumerate(p.rows):
            added_by = known(row.added_by) and row.added_by[0] or None
            table("playlist_songs")[p.id, p.snapshot_id, position] = [
                p.id, p.snapshot_id, position, row.song and row.song.id, moment(row.added_at), added_by, item_kind(row)]
            absorb_song(table, row)
    for row in library.liked:
        absorb_song(table, row)
    for answer in artist_answers:
        for artist in answer if isinstance(answer, list) else [answer]:
            for genre in artist and known(artist.genres) or []:
                table("genres")[artist.id, genre] = [artist.id, genre]


def absorb_song(table, row):
    song = row.song
    if song is None:
        return
    earlier = table("songs")[song.id][2] if song.id in table("songs") else None
    first_added = min(filter(None, [earlier, moment(row.added_at)]), default=None)
    table("songs")[song.id] = [song.id, readable(song.name), first_added, int(song.duration_ms), known(song.popularity),
                               f"{OPEN}/track/{song.id}", song.album.id, song.artists[0].id]
    album = song.album
    table("albums")[album.id] = [album.id, album.name, first_day(album.release_date), int(album.total_tracks),
                                 f"{OPEN}/album/{album.id}"]
    for position, artist in enumerate(song.artists):
        table("song_artists")[song.id, position] = [song.id, position, artist.id]
    for artist in song.artists + album.artists:
        table("artists")[artist.id] = [artist.id, artist.name, f"{OPEN}/artist/{artist.id}"]


def truth(label, when, tables, before, library, seen_snapshots):
    playlists = []
    for p in library.playlists.values():
        status = "unchanged" if p.snapshot_id in seen_snapshots else "fetched"
        kinds = [item_kind(row) for row in p.rows]
        playlists.append(dict(
            key=p.key, playlist_id=p.id, name=p.name, snapshot_id=p.snapshot_id,
            status="contents_unavailable" if p.shape == "none" else status,
            item_count=tables["playlists"][p.id][6], rows={kind: kinds.count(kind) for kind in ITEM_KINDS}))
    changes = {}
    for name, rows in sorted(tables.items()):
        old = before.get(name, {})
        changes[name] = dict(new=len(rows.keys() - old.keys()), changed=sum(rows[key] != old[key] for key in old))
    return dict(point=label, fetched_at=stamp(when), row_counts={name: len(tables[name]) for name in sorted(tables)},
                liked_song_rows=len(library.liked), changes=changes, playlists=playlists)


def cases(playlist, tables):
    """The dirty rows by position, with what the tables must say about each at the last point in time."""
    for position, row in enumerate(playlist.rows):
        if row.case:
            case = dict(case=row.case, position=position, item_kind=item_kind(row), row_added_at=moment(row.added_at))
            if row.song:
                id, name, added_at, duration_ms, popularity, _, album_id, _ = tables["songs"][row.song.id]
                case |= dict(song_id=id, name=name, song_added_at=added_at, duration_ms=duration_ms, popularity=popularity,
                             release_date=tables["albums"][album_id][2])
            yield case
