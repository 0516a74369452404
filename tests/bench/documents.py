"""Invents a Spotify library of any size and renders it as the documents that the Web API would answer.

Comes in: a number of rows, a seed. Goes out: `{"url", "fetched_at", "body"}` lines, the same ones on every
machine. Nothing is kept in memory but a cache: each song, album and artist is a pure function of its number.
"""
import base64, concurrent.futures, hashlib, json, os, random
from functools import lru_cache

API, OPEN, IMAGE = "https://api.spotify.com/v1", "https://open.spotify.com", "https://i.scdn.co/image"
KINDS = "additional_types=track%2Cepisode"
MARKETS = ["CA", "DE", "GB", "MX", "US"]
SYLLABLES = ["ba", "da", "el", "fi", "ga", "hu", "in", "jo", "ka", "lu", "mi", "no", "or", "pe", "qui", "ra", "sol", "ta",
             "ul", "ve", "wen", "xi", "yo", "zé", "brü", "ån"]

# How many different songs a library of n rows holds: 0.7 of a small one, a quarter of a million-row one. The curve
# of published playlist collections, whose songs are few and popular or many and rare.
DISTINCT_FACTOR, DISTINCT_EXPONENT = 14.7, 0.698
PAGE, EMBEDDED = 50, 100


def dump(shape):
    return json.dumps(shape, ensure_ascii=False, separators=(",", ":"))


def digest(kind, number):
    return hashlib.blake2b(b"%s/%d" % (kind.encode(), number), digest_size=24).digest()


def made_id(kind, number):
    """22 letters and digits, as hard to compress as Spotify's."""
    return base64.b64encode(digest(kind, number)[:16], b"xY")[:22].decode()


def words(bits, count):
    """A made-up name: each word takes ten bits and has two syllables."""
    pairs = []
    for _ in range(count):
        pairs.append((SYLLABLES[bits % 26] + SYLLABLES[bits // 26 % 26]).capitalize())
        bits >>= 10
    return " ".join(pairs)


def ref(kind, id):
    return {"external_urls": {"spotify": f"{OPEN}/{kind}/{id}"}, "href": f"{API}/{kind}s/{id}", "id": id}


@lru_cache(50_000)
def artist(number):
    id, bits = made_id("artist", number), int.from_bytes(digest("artist", number)[16:], "big")
    return dump({**ref("artist", id), "name": words(bits, 2), "type": "artist", "uri": f"spotify:artist:{id}"})


@lru_cache(50_000)
def album(number):
    id, bits = made_id("album", number), int.from_bytes(digest("album", number)[16:], "big")
    year, month, day = 1960 + bits % 66, 1 + bits // 66 % 12, 1 + bits // 792 % 28
    date = [f"{year}", f"{year}-{month:02}"][bits % 2] if bits % 13 == 0 else f"{year}-{month:02}-{day:02}"
    picture = digest("image", number)[:12].hex()
    head = dump({
        "available_markets": MARKETS, "type": "album", "album_type": ["album", "single", "compilation"][bits % 3],
        **ref("album", id),
        "images": [{"height": size, "url": f"{IMAGE}/ab67616d0000{prefix}{picture}", "width": size}
                   for prefix, size in (("b273", 640), ("1e02", 300), ("4851", 64))],
        "name": words(bits, 1 + bits % 3), "release_date": date,
        "release_date_precision": {4: "year", 7: "month", 10: "day"}[len(date)], "uri": f"spotify:album:{id}"})
    return f'{head[:-1]},"artists":[{artist(number // 3)}],"total_tracks":{1 + bits % 20}}}'


@lru_cache(50_000)
def song(number):
    id, bits = made_id("track", number), int.from_bytes(digest("track", number)[16:], "big")
    album_number = number * 3 // 5
    artists = [artist(album_number // 3), *(artist(bits // 7 % (album_number + 1) // 3) for _ in range(bits % 5 == 0))]
    tail = dump({
        "disc_number": 1, "duration_ms": 90_000 + bits % 240_000, "episode": False, "explicit": bits % 6 == 0,
        "external_ids": {"isrc": f"QZ{bits % 10**10:010}"}, **ref("track", id), "is_local": False,
        "name": words(bits, 1 + bits % 4), "popularity": bits // 11 % 101, "preview_url": None, "track": True,
        "track_number": 1 + bits % 20, "type": "track", "uri": f"spotify:track:{id}"})
    return f'{{"album":{album(album_number)},"artists":[{",".join(artists)}],"available_markets":{dump(MARKETS)},{tail[1:]}'


def episode(number):
    id = made_id("episode", number % 9973)
    return dump({"description": words(number, 5) * 3, "duration_ms": 1_800_000, "episode": True, "explicit": False,
                 **ref("episode", id), "images": [], "is_playable": True, "languages": ["en"], "name": words(number, 4),
                 "release_date": "2024-11-27", "track": False, "type": "episode", "uri": f"spotify:episode:{id}"})


def local_file(number):
    title = words(number, 2)
    return dump({"album": {"id": None, "name": "", "artists": []}, "artists": [{"id": None, "name": "", "type": "artist"}],
                 "duration_ms": 61_000, "external_urls": {}, "href": None, "id": None, "is_local": True, "name": title,
                 "type": "track", "uri": f"spotify:local:::{title.replace(' ', '+')}:61"})


class Library:
    """Playlists of invented songs, made one after the other.

    `version` > 1 is the library some weeks later: other snapshots, and in each playlist one row in twenty is another. With a
    `length` all playlists have that many rows, else few are long and many are short.
    """

    def __init__(self, row_count, seed=1, version=1, owner_count=7, length=None):
        self.row_count, self.seed, self.version, self.owner_count = row_count, seed, version, owner_count
        self.length = length

    def playlists(self):
        """(number, rows), where a row is (kind, number of the song, number of the row)."""
        choice, made, song_count, playlist_number = random.Random(self.seed), 0, 1.0, 0
        while made < self.row_count:
            length = self.length or int(choice.lognormvariate(4.6, 1.2))
            length = max(1, min(length, 10_000, self.row_count - made))
            rows = []
            for _ in range(length):
                made += 1
                target = min(made, DISTINCT_FACTOR * made**DISTINCT_EXPONENT)
                kind = choice.random()
                if kind > 0.985:
                    kinds = ["episode", "local", "removed", "null"]
                    rows.append((kinds[int((kind - 0.985) / 0.015 * 4)], int(kind * 2**40), made))
                elif song_count < target:
                    rows.append(("track", int(song_count), made))
                    song_count += 1
                else:
                    rows.append(("track", int(song_count * choice.random() ** 2.5), made))
            if self.version > 1:
                change = random.Random(f"{self.seed}/{self.version}/{playlist_number}")
                for at in range(length):
                    if change.random() < 0.05:
                        rows[at] = ("track", int(song_count * change.random() ** 2.5), made)
            yield playlist_number, rows
            playlist_number += 1

    def row(self, row, owner):
        kind, number, made = row
        if kind == "null":
            return "null"
        item = {"track": song, "episode": episode, "local": local_file, "removed": lambda _: "null"}[kind](number)
        day = made // 700 % 3650
        added_at = f"{2015 + day // 365}-{1 + day % 365 // 31:02}-{1 + day % 28:02}T{number % 24:02}:{made % 60:02}:07Z"
        return (f'{{"added_at":"{added_at}","added_by":{owner},"is_local":{"true" if kind == "local" else "false"},'
                f'"primary_color":null,"item":{item},"video_thumbnail":{{"url":null}}}}')

    def documents(self, last_row=None, share=(0, 1)):
        """(path and query, body) in the order in which a fetch asks.

        Up to the playlist that has the library's row `last_row`; of several processes, each renders its share.
        """
        made = 0
        for number, rows in self.playlists():
            if last_row is not None and made >= last_row:
                return
            made += len(rows)
            if number % share[1] != share[0]:
                continue
            id = made_id("playlist", number + self.seed * 10**9)
            user = made_id("user", number % self.owner_count)
            owner = dump({**ref("user", user), "type": "user", "uri": f"spotify:user:{user}"})
            rendered = [self.row(row, owner) for row in rows]
            snapshot = base64.b64encode(digest("snapshot", (number << 8) + self.version + (self.seed << 48))).decode()
            head = dump({
                "collaborative": False, "description": "", **ref("playlist", id), "followers": {"href": None, "total": 3},
                "images": [], "name": words(number * 7919, 2), "primary_color": None, "public": True,
                "snapshot_id": snapshot, "type": "playlist", "uri": f"spotify:playlist:{id}"})
            embedded = self.page(id, rendered, 0, EMBEDDED)
            yield f"/v1/playlists/{id}?{KINDS}", f'{head[:-1]},"owner":{owner},"items":{embedded}}}'
            for offset in range(EMBEDDED, len(rows), PAGE):
                yield (f"/v1/playlists/{id}/items?offset={offset}&limit={PAGE}&{KINDS}",
                       self.page(id, rendered, offset, PAGE))

    @staticmethod
    def page(id, rendered, offset, limit):
        link = lambda at: f"{API}/playlists/{id}/items?offset={at}&limit={limit}&{KINDS}"
        around = dump({
            "limit": limit, "next": link(offset + limit) if offset + limit < len(rendered) else None, "offset": offset,
            "previous": link(max(0, offset - limit)) if offset else None, "total": len(rendered)})
        return f'{{"href":"{link(offset)}","items":[{",".join(rendered[offset:offset + limit])}],{around[1:]}'


def write(library, path, last_row=None, share=(0, 1)):
    """Writes the library as NDJSON, playable with `snowtrack run --from-dir`; returns its size in bytes."""
    size = 0
    with open(path, "wb", buffering=1 << 20) as file:
        for number, (url, body) in enumerate(library.documents(last_row, share)):
            minute, hour, day = number // 60 % 60, number // 3600 % 24, 5 + number // 86_400 % 20
            fetched_at = f"2026-01-{day:02}T{hour:02}:{minute:02}:{number % 60:02}Z"
            size += file.write(f'{{"url":"{url}","fetched_at":"{fetched_at}","body":{body}}}\n'.encode())
    return size


def write_folder(folder, library, last_row=None):
    """Writes the library into a folder, one file per processor; returns its size in bytes."""
    folder.mkdir(parents=True)
    count = os.cpu_count() or 1
    with concurrent.futures.ProcessPoolExecutor(count) as processes:
        sizes = [processes.submit(write, library, folder / f"documents-{part}.ndjson", last_row, (part, count))
                 for part in range(count)]
        return sum(size.result() for size in sizes)
