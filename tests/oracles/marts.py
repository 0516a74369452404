"""What every mart should hold, reckoned from the raw history in plain Python.

usage: marts.py history SEED    prints the documents of some nights, made up at random
       marts.py history scripted   those of a story in which each thing that can happen to a list happens once
       marts.py compare         reads {"nights", "started_at", "observations", "marts"} and prints where the marts' rows differ

A night is a list of documents as Spotify would give them. `started_at` has the start of each night's run, `observations` what was
seen of each song by day, `marts` each mart's rows.
"""

import json
import math
import random
import sys
from collections import Counter, defaultdict
from datetime import datetime, timedelta

KINDS = ("track", "episode", "local", "removed")


def page(kind: str, name: str) -> dict:
    return {"spotify": f"https://open.spotify.com/{kind}/{name}"}


def made_id(prefix: str, number: int) -> str:
    return f"{prefix}{number:0{22 - len(prefix)}d}"


class Maker:
    """Makes up nights: songs come, go, come back, move, repeat and are taken down; lists are emptied, renamed, deleted, restored."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.lists = {made_id("p", number): {"name": f"List {number}", "items": []} for number in range(4)}
        self.taken_down: set[int] = set()
        self.former: dict[str, list[dict]] = defaultdict(list)
        self.version = 0

    def song(self, number: int) -> dict:
        artist, album = number % 5, number % 7
        name = ["Low Tide", "low tide ", f"Song {number}", f"Song {number}"][number % 4]
        return {
            "id": made_id("s", number),
            "name": "" if number in self.taken_down else name,
            "type": "track",
            "uri": f"spotify:track:{made_id('s', number)}",
            "duration_ms": 100_000 + 1000 * number,
            "popularity": None if number % 6 == 0 else number,
            "is_local": False,
            "external_urls": page("track", made_id("s", number)),
            "artists": [] if artist == 4 else [self.artist(artist), *([self.artist(3)] if number % 3 == 0 else [])],
            "album": {
                "id": made_id("b", album),
                "name": f"Album {album}",
                "release_date": ["1999", "2003-05", "2011-02-28", "0000", "1999-07-01", "2020", "2021-12-31"][album],
                "total_tracks": 9,
                "artists": [self.artist(0)],
                "external_urls": page("album", made_id("b", album)),
            },
        }

    def artist(self, number: int) -> dict:
        return {"id": made_id("a", number), "name": f"Artist {number}", "external_urls": page("artist", made_id("a", number))}

    def item(self) -> dict:
        pick = self.random.random()
        day = datetime(2025, 12, 20) + timedelta(minutes=self.random.randrange(30_000))
        row = {
            "added_at": None if pick > 0.95 else day.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "added_by": {"id": self.random.choice(["ana", "bo", "", "cleo"])},
            "is_local": False,
            "song": self.random.randrange(24),
        }
        if pick < 0.05:
            row |= {"song": None}
        elif pick < 0.1:
            row |= {"song": "local", "is_local": True}
        elif pick < 0.15:
            row |= {"song": "episode"}
        return row

    def body(self, row: dict) -> dict:
        song, frame = row["song"], {key: row[key] for key in ("added_at", "added_by", "is_local")}
        if song is None:
            return frame | {"item": None}
        if song == "local":
            return frame | {"item": {"id": None, "name": "Tape", "type": "track", "uri": "spotify:local:::Tape:60", "is_local": True}}
        if song == "episode":
            return frame | {"item": {"id": made_id("e", 1), "name": "Talk", "type": "episode", "uri": f"spotify:episode:{made_id('e', 1)}"}}
        return frame | {"item": self.song(song)}

    def change(self, one: dict) -> None:
        items, choose = one["items"], self.random
        match choose.randrange(12):
            case 0:
                items.clear()
            case 1:
                one["name"] += "!"
            case 2 if items:
                items.insert(0, items.pop())
            case 3 if items:
                items.append(dict(choose.choice(items)))
            case _:
                for _ in range(choose.randrange(1, 9)):
                    items.append(self.item())
                for _ in range(min(len(items), choose.randrange(0, 5))):
                    items.pop(choose.randrange(len(items)))

    def document(self, playlist: str, name: str, version: str, rows: list[dict]) -> dict:
        items = [self.body(row) for row in rows]
        return {
            "id": playlist,
            "type": "playlist",
            "name": name,
            "snapshot_id": version,
            "public": True,
            "collaborative": playlist == made_id("p", 0),
            "owner": {"id": "ana"},
            "external_urls": page("playlist", playlist),
            "items": {"href": "", "offset": 0, "limit": 100, "total": len(items), "next": None, "items": items},
        }

    def night(self) -> list[dict]:
        documents = []
        for playlist, one in self.lists.items():
            # A list that is not there was deleted, or did not change.
            if documents and self.random.random() < 0.4:
                continue
            if self.former[playlist] and self.random.random() < 0.15:
                document = self.random.choice(self.former[playlist])
                documents.append(document)
                continue
            if self.random.random() < 0.3:
                self.taken_down.add(self.random.randrange(24))
            self.change(one)
            self.version += 1
            document = self.document(playlist, one["name"], f"v{self.version}", one["items"])
            # Taken out, a former version with a song that was taken down since would bring its name back.
            self.former[playlist] = [
                former
                for former in [*self.former[playlist], document]
                if not any(
                    song(row) and int(song(row)["id"][1:]) in self.taken_down for row in former["items"]["items"]
                )
            ]
            documents.append(document)
        return documents


def history(seed: int) -> list[list[dict]]:
    maker = Maker(seed)
    nights = [maker.night() for _ in range(9)]
    nights[0].append(genres(maker))
    return nights


def genres(maker: Maker) -> dict:
    names = [["jazz", "swing"], ["jazz"], [], ["folk"]]
    return {"artists": [maker.artist(number) | {"type": "artist", "genres": names[number]} for number in range(3)]}


# What is read in each night: of a list its name, and its songs by number; None is a row without an item. All nights are of one day.
STORY = [
    # The first run. Nobody reads list 3 again: it was deleted.
    {0: ("List 0", [0, 1, 2]), 1: ("List 1", [0, 3, 3, None]), 2: ("List 2", [4, 4, 5, 1, "local"]), 3: ("List 3", [1, 0])},
    # A song is added.
    {0: ("List 0", [0, 1, 2, 6])},
    # One is removed; the second version of the day.
    {0: ("List 0", [0, 2, 6])},
    # It is added again, and another moves.
    {0: ("List 0", [6, 0, 2, 1])},
    # A list is emptied, another gets a new name.
    {1: ("List 1", []), 2: ("Renamed", [4, 4, 5, 1, "local"])},
    # A song is taken down: its name is gone.
    {0: ("List 0", [6, 0, 2, 1, 7]), "taken down": [0, 5]},
]


def scripted() -> list[list[dict]]:
    maker, nights = Maker(0), []
    for number, night in enumerate(STORY):
        maker.taken_down.update(night.get("taken down", []))
        documents = []
        for place in (place for place in night if place != "taken down"):
            name, songs = night[place]
            rows = [
                {
                    "added_at": f"2026-01-{5 + at:02d}T10:{place:02d}:00Z",
                    "added_by": {"id": ["ana", ""][at % 2]},
                    "is_local": song == "local",
                    "song": song,
                }
                for at, song in enumerate(songs)
            ]
            documents.append(maker.document(made_id("p", place), name, f"n{number}", rows))
        nights.append(documents)
    nights[0].append(genres(maker))
    return nights


def song(row: dict) -> dict | None:
    item = row.get("item")
    return item if item and item["type"] == "track" and not row["is_local"] else None


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "").replace("T", " ")) if text else None


class Reckoner:
    """The history, told once; each method is a mart."""

    def __init__(self, nights: list[list[dict]], started_at: list[datetime], observations: list[dict]):
        self.observations = observations
        self.songs: dict[str, dict] = {}
        self.artists: dict[str, str] = {}
        self.genres: dict[str, list[str]] = {}
        self.names: dict[str, str] = {}
        self.readings: dict[str, list[tuple[datetime, dict]]] = defaultdict(list)
        for documents, start in zip(nights, started_at, strict=True):
            for document in documents:
                if "artists" in document:
                    self.genres |= {artist["id"]: artist["genres"] for artist in document["artists"]}
                    continue
                self.read(document, start)
        # By list: (first reading, document), the present one last, empty ones only as that.
        self.snapshots = {playlist: self.ordered(readings) for playlist, readings in self.readings.items()}

    def read(self, document: dict, start: datetime) -> None:
        self.names[document["id"]] = document["name"]
        self.readings[document["id"]].append((start, document))
        for row in document["items"]["items"]:
            if found := song(row):
                self.songs[found["id"]] = found
                for artist in [*found["artists"], *found["album"]["artists"]]:
                    self.artists[artist["id"]] = artist["name"]

    @staticmethod
    def ordered(readings: list[tuple[datetime, dict]]) -> list[tuple[datetime, dict]]:
        first: dict[str, tuple[datetime, dict]] = {}
        for start, document in readings:
            first.setdefault(document["snapshot_id"], (start, document))
        now = readings[-1][1]
        began = first.pop(now["snapshot_id"])[0]
        past = [(start, document) for start, document in first.values() if document["items"]["items"]]
        # Where it has returned, what counts is when that was seen; an empty one counts from then on in any case.
        if not now["items"]["items"] or (past and began < past[-1][0]):
            for start, document in reversed(readings):
                if document["snapshot_id"] != now["snapshot_id"]:
                    break
                began = start
        return [*past, (began, now)]

    def now(self, playlist: str) -> list[dict]:
        return self.snapshots[playlist][-1][1]["items"]["items"]

    def songs_now(self, playlist: str) -> set[str]:
        return {found["id"] for row in self.now(playlist) if (found := song(row))}

    def artist(self, name: str) -> str | None:
        artists = self.songs[name]["artists"]
        return artists[0]["id"] if artists else None

    def year(self, name: str) -> int | None:
        date = self.songs[name]["album"]["release_date"]
        return None if date == "0000" else int(date[:4])

    @staticmethod
    def held(document: dict) -> set[str]:
        return {found["id"] for row in document["items"]["items"] if (found := song(row))}

    # Each mart: rows as dictionaries without the names of things, which `compare` adds.

    def songs_added_weekly(self):
        weeks = defaultdict(set)
        for playlist, readings in self.readings.items():
            for _, document in readings:
                for row in document["items"]["items"]:
                    if (found := song(row)) and (at := moment(row["added_at"])):
                        weeks[playlist, (at - timedelta(days=at.weekday())).date().isoformat()].add(found["id"])
        for (playlist, week), names in weeks.items():
            yield {"playlist_id": playlist, "week": week, "added_song_count": len(names)}

    def release_years(self):
        for playlist in self.snapshots:
            for year, count in Counter(self.year(name) for name in self.songs_now(playlist)).items():
                yield {"playlist_id": playlist, "release_year": year, "song_count": count}

    def artist_playlists(self):
        for playlist in self.snapshots:
            by_artist = defaultdict(list)
            for name in self.songs_now(playlist):
                if artist := self.artist(name):
                    by_artist[artist].append(self.songs[name]["duration_ms"])
            total = sum(len(each) for each in by_artist.values())
            duration = sum(sum(each) for each in by_artist.values())
            for artist, each in by_artist.items():
                yield {
                    "playlist_id": playlist,
                    "artist_id": artist,
                    "song_count": len(each),
                    "song_share": len(each) / total,
                    "duration_ms": sum(each),
                    "duration_share": sum(each) / duration,
                    "artist_rank": 1 + sum(len(other) > len(each) for other in by_artist.values()),
                }

    def playlist_concentration(self):
        for playlist in self.snapshots:
            artists = [artist for name in self.songs_now(playlist) if (artist := self.artist(name))]
            counts = sorted(Counter(artists).values())
            n, total = len(counts), len(artists)
            # Half of the mean difference of all pairs over the mean: the same as the formula by ranks.
            gini = sum(abs(x - y) for x in counts for y in counts) / (2 * n * total) if n else None
            yield {
                "playlist_id": playlist,
                "artist_count": n,
                "top_10_share": sum(counts[-10:]) / total if n else None,
                "gini": gini,
            }

    def playlist_snapshots(self):
        for playlist, snapshots in self.snapshots.items():
            for number, (start, document) in enumerate(snapshots, 1):
                yield {
                    "playlist_id": playlist,
                    "snapshot_id": document["snapshot_id"],
                    "snapshot_number": number,
                    "is_current": number == len(snapshots),
                    "first_read_at": start,
                    "row_count": len(document["items"]["items"]),
                }

    def stays(self):
        """(playlist, song, first, last) by the places of snapshots, from 0."""
        for playlist, snapshots in self.snapshots.items():
            held = [self.held(document) for _, document in snapshots]
            for name in set().union(*held):
                first = None
                for number, names in enumerate([*held, set()]):
                    if name in names and first is None:
                        first = number
                    elif name not in names and first is not None:
                        yield playlist, name, first, number - 1
                        first = None

    def playlist_stays(self):
        for playlist, name, first, last in self.stays():
            yield {"playlist_id": playlist, "song_id": name, "first_snapshot_number": first + 1, "last_snapshot_number": last + 1}

    def playlist_memberships(self):
        for playlist, name, first, last in self.stays():
            snapshots = self.snapshots[playlist]
            until = snapshots[last + 1][0] if last + 1 < len(snapshots) else None
            yield {"playlist_id": playlist, "song_id": name, "valid_from": snapshots[first][0], "valid_to": until}

    def playlist_changes(self):
        for playlist, snapshots in self.snapshots.items():
            for (_, before), (start, after) in zip(snapshots, snapshots[1:]):
                old, new = self.held(before), self.held(after)
                for change, names in (("added", new - old), ("removed", old - new)):
                    for name in names:
                        yield {
                            "playlist_id": playlist,
                            "snapshot_id": after["snapshot_id"],
                            "previous_snapshot_id": before["snapshot_id"],
                            "changed_at": start,
                            "change": change,
                            "song_id": name,
                        }

    def playlist_churn(self):
        changes = Counter((row["playlist_id"], row["change"]) for row in self.playlist_changes())
        for playlist, snapshots in self.snapshots.items():
            (began, first), (ended, last) = snapshots[0], snapshots[-1]
            songs = self.held(first)
            share = len(songs & self.held(last)) / len(songs) if songs else None
            days = (ended - began).total_seconds() / 86400
            yield {
                "playlist_id": playlist,
                "added_song_count": changes[playlist, "added"],
                "removed_song_count": changes[playlist, "removed"],
                "retained_share": share,
                "half_life_days": days * math.log(0.5) / math.log(share) if share and share < 1 else None,
            }

    def playlist_duplicates(self):
        for playlist in self.snapshots:
            rows = Counter(found["id"] for row in self.now(playlist) if (found := song(row)))
            for name, count in rows.items():
                title, artist = self.songs[name]["name"].strip().lower(), self.artist(name)
                others = sum(
                    other != name and self.artist(other) == artist and self.songs[other]["name"].strip().lower() == title
                    for other in rows
                )
                others = others if title and artist else 0
                if count > 1 or others:
                    yield {"playlist_id": playlist, "song_id": name, "artist_id": artist, "row_count": count, "other_song_count": others}

    def playlist_overlap(self):
        for one in self.snapshots:
            for other in self.snapshots:
                a, b = self.songs_now(one), self.songs_now(other)
                if one != other and a & b:
                    yield {
                        "playlist_id": one,
                        "other_playlist_id": other,
                        "other_playlist_name": self.names[other],
                        "shared_song_count": len(a & b),
                        "jaccard": len(a & b) / len(a | b),
                    }

    def cells(self, key):
        cells = defaultdict(list)
        for playlist in self.snapshots:
            for row in self.now(playlist):
                if (found := song(row)) and (cell := key(row)) is not None:
                    cells[playlist, cell].append((found["id"], moment(row["added_at"])))
        return cells.items()

    def added_at_heatmap(self):
        def cell(row):
            at = moment(row["added_at"])
            return at and (at.isoweekday(), at.hour)

        for (playlist, (weekday, hour)), songs in self.cells(cell):
            yield {"playlist_id": playlist, "iso_weekday": weekday, "hour": hour, "song_count": len(dict(songs))}

    def playlist_adders(self):
        for (playlist, (user,)), songs in self.cells(lambda row: (row["added_by"]["id"] or None,)):
            times = [at for _, at in songs if at]
            yield {
                "playlist_id": playlist,
                "added_by": user,
                "song_count": len(dict(songs)),
                "first_added_at": min(times, default=None),
                "last_added_at": max(times, default=None),
            }

    def unavailable_songs(self):
        for playlist in self.snapshots:
            for position, row in enumerate(self.now(playlist)):
                found = song(row)
                if row["item"] is None or (found and not self.songs[found["id"]]["name"]):
                    yield {
                        "playlist_id": playlist,
                        "position": position,
                        "song_id": found and found["id"],
                        "added_at": moment(row["added_at"]),
                        "added_by": row["added_by"]["id"] or None,
                        "reason": "taken_down" if found else "removed",
                    }

    def known_genres(self, playlist: str) -> dict[str, list[str]]:
        return {name: self.genres.get(self.artist(name)) or [] for name in self.songs_now(playlist)}

    def playlist_genres(self):
        for playlist in self.snapshots:
            genres = self.known_genres(playlist)
            known = sum(bool(each) for each in genres.values())
            for genre, count in Counter(genre for each in genres.values() for genre in each).items():
                yield {"playlist_id": playlist, "genre": genre, "song_count": count, "song_share": count / known}

    def genre_coverage(self):
        for playlist in self.snapshots:
            genres = self.known_genres(playlist)
            known = sum(bool(each) for each in genres.values())
            share = known / len(genres) if genres else None
            yield {"playlist_id": playlist, "song_count": len(genres), "known_song_count": known, "known_share": share}

    def playlist_overview(self):
        for playlist in self.snapshots:
            rows = self.now(playlist)
            songs = [found for row in rows if (found := song(row))]
            counts = Counter(self.kind(row) for row in rows)
            times = [moment(row["added_at"]) for row in rows if row["added_at"]]
            yield {
                "playlist_id": playlist,
                "item_count": len(rows),
                "row_count": len(rows),
                **{f"{kind}_count": counts[kind] for kind in KINDS},
                "song_count": len({one["id"] for one in songs}),
                "artist_count": len({self.artist(one["id"]) for one in songs} - {None}),
                "song_duration_ms": sum(one["duration_ms"] for one in songs),
                "first_added_at": min(times, default=None),
                "last_added_at": max(times, default=None),
            }

    @staticmethod
    def kind(row: dict) -> str:
        if row["is_local"]:
            return "local"
        return row["item"]["type"] if row["item"] else "removed"

    def playlist_songs_current(self):
        for playlist, snapshots in self.snapshots.items():
            for position, row in enumerate(self.now(playlist)):
                found = song(row)
                yield {
                    "playlist_id": playlist,
                    "snapshot_id": snapshots[-1][1]["snapshot_id"],
                    "position": position,
                    "item_kind": self.kind(row),
                    "song_id": found and found["id"],
                    "artist_id": found and self.artist(found["id"]),
                    "album_id": found and found["album"]["id"],
                    "album_name": found and found["album"]["name"],
                    "duration_ms": found and found["duration_ms"],
                    "popularity": found and found["popularity"],
                    "added_at": moment(row["added_at"]),
                    "added_by": row["added_by"]["id"] or None,
                }

    def artist_songs(self):
        for artist in self.artists:
            places = [
                (playlist, found, row)
                for playlist in self.snapshots
                for row in self.now(playlist)
                if (found := song(row)) and artist in [one["id"] for one in found["artists"]]
            ]
            if not places:
                continue
            songs = {found["id"]: found for _, found, _ in places}
            times = [moment(row["added_at"]) for _, _, row in places if row["added_at"]]
            popularities = [one["popularity"] for one in songs.values() if one["popularity"] is not None]
            yield {
                "artist_id": artist,
                "song_count": len(songs),
                "primary_song_count": sum(one["artists"][0]["id"] == artist for one in songs.values()),
                "playlist_count": len({playlist for playlist, _, _ in places}),
                "top_song_popularity": max(popularities, default=None),
                "first_added_at": min(times, default=None),
                "last_added_at": max(times, default=None),
            }

    def song_popularity_over_time(self):
        before = {}
        for row in sorted(self.observations, key=lambda row: row["observed_on"]):
            name, popularity = row["song_id"], row["popularity"]
            former = before.get(name)
            known = popularity is not None and former is not None
            yield row | {"popularity_change": popularity - former if known else None, "artist_id": self.artist(name)}
            before[name] = popularity

    def named(self, row: dict) -> dict:
        """With the names of what the row's ids say, which every mart gives in the same way."""
        if "playlist_id" in row:
            row = row | {"playlist_name": self.names[row["playlist_id"]]}
        if "song_id" in row:
            row = row | {"song_name": self.songs[row["song_id"]]["name"] if row["song_id"] else None}
        if "artist_id" in row:
            row = row | {"artist_name": self.artists.get(row["artist_id"])}
        return row


def plain(value):
    """A value as both sides write it."""
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, float):
        return float(f"{value:.9g}")
    return value


def differences(mart: str, expected: list[dict], found: list[dict]) -> list[str]:
    names = sorted(set(expected[0]) & set(found[0])) if expected and found else []

    def key(row):
        return json.dumps([plain(stamp(row[name])) for name in names])

    left, right = Counter(map(key, expected)), Counter(map(key, found))
    lines = [f"{mart} {names} lacks {row}" for row in (left - right)] + [f"{mart} {names} has {row}" for row in (right - left)]
    if len(expected) != len(found):
        lines.append(f"{mart} has {len(found)} rows, not {len(expected)}")
    return lines[:5]


def stamp(value):
    """A time of the warehouse as Python writes it; anything else as it is."""
    if isinstance(value, str) and len(value) >= 19 and value[4] == value[7] == "-" and value[10] in " T":
        return moment(value)
    return value


def compare(given: dict) -> dict:
    reckoner = Reckoner(given["nights"], [moment(start) for start in given["started_at"]], given["observations"])
    told, counts = [], {}
    for mart, found in given["marts"].items():
        expected = [reckoner.named(row) for row in getattr(reckoner, mart)()]
        told += differences(mart, expected, found)
        counts[mart] = len(expected)
    return {"differences": told, "row_counts": counts}


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["history", "scripted"]:
            print(json.dumps(scripted()))
        case ["history", seed]:
            print(json.dumps(history(int(seed))))
        case ["compare"]:
            print(json.dumps(compare(json.load(sys.stdin))))
