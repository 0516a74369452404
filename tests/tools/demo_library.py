#!/usr/bin/env python3
"""Makes the demo library: invented music in exact Spotify Web API shapes, and the truth about it.

    python3 tests/tools/demo_library.py                 writes src/sources/demo/*.ndjson.zst and
                                                        tests/fixtures/demo_truth.json
    python3 tests/tools/demo_library.py --plain DIR     also the documents, uncompressed
    python3 tests/tools/demo_library.py --tables DIR    also every expected row, per point in time

This file invents a library (plain objects). `demo_documents.py` renders it as API documents;
`demo_truth.py` computes the tables that must come out of them, from the objects, never from the
documents. Same seed, same bytes. Needs the `zstd` command or the `zstandard` package.
"""
import base64, calendar, datetime as dt, hashlib, json, random, sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

from demo_documents import (ABSENT, compressed, documents, episode, episode_as_track, local_file,
                            made_id, ndjson, stamp)
from demo_truth import NOTES, absorb, cases, truth

SEED = 1968
REPO = Path(__file__).resolve().parents[2]
POINTS = [("first", dt.datetime(2026, 1, 5, 6)), ("second", dt.datetime(2026, 1, 6, 6))]
WORDS = SimpleNamespace(**json.loads(Path(__file__).with_name("demo_words.json").read_text("utf-8")))
USERS = [tuple(user) for user in WORDS.users]  # (id, display name)
ME = USERS[0]
rng = random.Random(SEED)


@dataclass
class Artist:
    id: str
    name: str
    debut: int
    popularity: int
    genres: object  # a list, or ABSENT


@dataclass
class Album:
    id: str
    name: str
    artists: list
    kind: str
    release_date: str
    total_tracks: object
    precision: str = None  # what Spotify says where it contradicts the text


@dataclass
class Song:
    id: str
    name: str
    album: Album
    artists: list
    duration_ms: object
    popularity: object
    isrc: str
    track_number: int
    explicit: bool
    extra: dict = field(default_factory=dict)


@dataclass
class Row:
    """One position of a playlist. `kind` is its item_kind, or `null` for a row that is null itself."""
    kind: str
    added_at: object
    added_by: object
    song: Song = None
    item: dict = None  # what to render where there is no song
    case: str = None  # which dirty case this row stands for
    extra: dict = field(default_factory=dict)


@dataclass
class Playlist:
    key: str
    name: str
    owner: tuple
    shape: str  # items (since 2026) | tracks (before) | both | none (contents not given to us)
    description: str
    public: object = True
    collaborative: bool = False
    rows: list = field(default_factory=list)
    revision: int = 1

    @property
    def id(self):
        return made_id("playlist", self.key)

    @property
    def snapshot_id(self):
        content = hashlib.sha1(f"{self.key}/{self.revision}".encode()).digest()
        return base64.b64encode(self.revision.to_bytes(4, "big") + content).decode()


# ---------------------------------------------------------------- names
def fresh(make, taken):
    """A name that was not given before."""
    while (name := make()) in taken:
        pass
    taken.add(name)
    return name


def artist_name(named_as):
    w, pick = WORDS, rng.choice
    band = lambda: f"The {pick(w.adjectives)} {pick(w.plurals)}"
    person = lambda: f"{pick(w.first_names)} {pick(w.last_names)}"
    pair = lambda: f"{pick(w.adjectives)} {pick(w.nouns)}"
    return pick({
        "band": [band, pair, lambda: f"{pick(w.nouns)} {pick(w.small)}"],
        "folk": [band, person, lambda: f"{pick(w.first_names)} & the {pick(w.plurals)}"],
        "solo": [person],
        "electronic": [pair, lambda: pick(w.one_word_bands)],
        "ensemble": [lambda: f"{pick(w.last_names)} {pick(['Quartet', 'Trio', 'Ensemble'])}",
                     lambda: f"{pick(w.places)} {pick(['Night Orchestra', 'Rhythm Band', 'Sextet'])}"],
    }[named_as])()


def title():
    w, pick = WORDS, rng.choice
    return pick([
        lambda: f"{pick(w.adjectives)} {pick(w.nouns)}", lambda: f"{pick(w.gerunds)} {pick(w.small)}",
        lambda: f"{pick(w.nouns)} {pick(w.times)}", lambda: f"{pick(w.small)} {pick(w.times)}",
        lambda: f"The {pick(w.nouns)} and the {pick(w.nouns)}", lambda: f"Letters to {pick(w.first_names)}",
        lambda: f"Last Bus to {pick(w.places)}", lambda: f"{pick(w.gerunds)} the {pick(w.nouns)}",
        lambda: f"My {pick(w.nouns)} Full of {pick(w.small)}", lambda: f"{pick(w.first_names)}'s {pick(w.nouns)}",
        lambda: f"{pick(w.places)}, {pick(['1974', '4 A.M.', 'Again', 'My Love'])}",
        lambda: f"Don't Wake the {pick(w.plurals)}", lambda: f"{pick(w.nouns)} (Live in {pick(w.places)})",
    ])()


# ---------------------------------------------------------------- artists, albums, songs
def date_in(year):
    """Of old records only the year is known, of some the month, of recent ones the day."""
    month, precise = rng.randint(1, 12), rng.random() + (year - 1960) / 50
    day = rng.randint(1, calendar.monthrange(year, month)[1])
    return f"{year}" if precise < 0.9 else f"{year}-{month:02}" if precise < 1 else f"{year}-{month:02}-{day:02}"


def invent_song(library, album, artists, track_number):
    guests = [artist for artist in rng.sample(library.artists, 2) if artist not in artists]
    artists = artists + guests[:rng.choices([0, 1, 2], [86, 11, 3])[0]]
    isrc = rng.choice(["GB", "SE", "US", "FR", "PT", "QZ"]) + f"{rng.randint(100, 999)}{album.release_date[2:4]}"
    song = Song(made_id("track", len(library.songs)), fresh(title, library.titles), album, artists,
                duration_ms=rng.randint(128_000, 402_000),
                popularity=max(1, min(90, artists[0].popularity + rng.randint(-18, 14))),
                isrc=f"{isrc}{rng.randint(1, 99999):05}", track_number=track_number, explicit=rng.random() < 0.07)
    library.songs.append(song)
    return song


def invent_album(library, artists, year, kind, song_count):
    total = rng.randint(1, 3) if kind == "single" else rng.randint(8, 18)
    album = Album(made_id("album", len(library.albums)), fresh(title, library.titles), artists, kind, date_in(year), total)
    library.albums.append(album)
    for number in sorted(rng.sample(range(1, total + 1), min(song_count, total))):
        invent_song(library, album, [rng.choice(library.artists)] if kind == "compilation" else artists, number)
    return album


def invent_library():
    library = SimpleNamespace(artists=[], albums=[], songs=[], titles=set(), playlists={}, liked=[])
    names = set()
    for number in range(110):
        style = WORDS.styles[number % len(WORDS.styles)]
        genres = rng.sample(style["genres"], rng.randint(1, len(style["genres"]))) if rng.random() < 0.75 else []
        library.artists.append(Artist(
            made_id("artist", number), fresh(lambda: artist_name(style["named_as"]), names),
            rng.randint(style["debut_from"], style["debut_to"]), round(rng.triangular(8, 80, 42)), genres))
    for artist in library.artists:
        for nth in range(rng.choices([1, 2, 3], [62, 32, 6])[0]):
            year = min(2025, artist.debut + nth * rng.randint(1, 4))
            invent_album(library, [artist], year, rng.choices(["album", "single"], [85, 15])[0], rng.randint(2, 4))
    various = Artist(made_id("artist", "various"), "Various Artists", 1968, 0, [])
    for year in (1994, 2008, 2023):  # an artist that only albums name
        invent_album(library, [various], year, "compilation", 4)
    for artist in rng.sample(library.artists, 8):
        artist.genres = ABSENT
    return library


# ---------------------------------------------------------------- playlists
def added_at(song, start, end):
    """When it may have been added: not before the record came out, and rather in the evening."""
    released = dt.datetime(*[int(part) for part in f"{song.album.release_date}-12-28".split("-")[:3]])
    day = max(start, released + dt.timedelta(days=4))
    day += (end - day) * rng.random()
    hour = rng.choice([7, 8, 12, 17, 19, 20, 21, 22, 23])
    moment = day.replace(hour=hour, minute=rng.randint(0, 59), second=rng.randint(0, 59))
    return stamp(min(moment, end - dt.timedelta(minutes=rng.randint(1, 900))))


def song_rows(songs, since_year, users):
    start, end = dt.datetime(since_year, 1, 4), POINTS[0][1]
    rows = [Row("track", added_at(song, start, end), rng.choice(users), song) for song in songs]
    return sorted(rows, key=lambda row: row.added_at)


def invent_playlists(library):
    pool = library.songs[:]
    rng.shuffle(pool)
    unheard = lambda count: [pool.pop() for _ in range(count)]
    from_long = lambda count: [row.song for row in rng.sample(long.rows, count)]
    add = lambda playlist: library.playlists.setdefault(playlist.key, playlist)
    long = add(Playlist("long", "Long Way Home", ME, "items", "Windows down, no hurry &amp; a full flask of tea."))
    long.rows = song_rows(unheard(178), 2019, [ME])
    collab = add(Playlist("collab", "Kitchen Table Radio", ME, "both", "Who washes up may add one.", False, True))
    collab.rows = song_rows(unheard(78) + from_long(14), 2021, USERS[:9])
    clean = add(Playlist("clean", "Rain on Tin Roofs", ME, "tracks", ""))
    clean.rows = song_rows(unheard(44) + from_long(4), 2023, [ME])
    messy = add(Playlist("messy", "Lost & Found ☂ (do not tidy)", ME, "items",
                         "Fell between the seats: <a href=\"spotify:playlist:none\">all of it</a>.", None))
    messy.rows = messy_rows(library, pool)
    add(Playlist("empty", "someday", ME, "tracks", None, False))
    add(Playlist("followed", "Lighthouse Keepers' Choice", USERS[10], "none", "Updated when the fog allows."))
    liked = song_rows(unheard(45), 2019, [None]) + song_rows(from_long(28), 2020, [None])
    library.liked = sorted(liked, key=lambda row: row.added_at, reverse=True)


def messy_rows(library, pool):
    """Every dirty case that was ever seen in a real answer, strewn among ordinary songs."""
    rows, dirty = song_rows([pool.pop() for _ in range(34)], 2022, [ME, USERS[9], USERS[11]]), []

    def song(case, added_at=None, added_by=ME, row={}, album={}, **changes):
        """An ordinary song with something odd about it, its album or its row."""
        song = next(song for song in pool if song.album.release_date < "2023")
        pool.remove(song)
        if album:  # its own copy, so that the album's other songs stay clean
            song.album = Album(**{**vars(song.album), "id": made_id("album", case), **album})
        vars(song).update(changes)
        day = dt.datetime(2024, 1, 3, 18, 30) + dt.timedelta(days=len(dirty) * 9, seconds=len(dirty) * 77)
        dirty.append(Row("track", added_at or stamp(day), added_by, song, case=case, extra=row))

    for number, name in enumerate([
        "Goodnight, Moonbase 👩🏽‍🚀🌙", "ليل المدينة", "שיר לים (Demo)", "Cafe\u0301 Zu\u0308rich", "  Spaces Around  ",
        "\"Quoted\", 'Twice' \\ Once", "First Line\nSecond Line", "Tab\there; pipe | comma, done", "夜の灯台\u2028灯",
    ]):
        song(f"odd unicode {number}", name=name)
    song("lone surrogate", name="Blue Hour \ud83d")
    for text, precision in [("1971", "year"), ("1981-12", "year"), ("1999-03-21", "day"), (None, None), ("0000", "year")]:
        song(f"release_date {text}", album=dict(release_date=text, precision=precision))
    song("album_type ep", album=dict(kind="ep"))
    song("album_type null", album=dict(kind=None))
    song("total_tracks is a float", album=dict(total_tracks=19.0))
    song("duration_ms is a float", duration_ms=204053.0)
    song("popularity absent", popularity=ABSENT)
    song("isrc in lower case", isrc="ushm80800417")
    song("isrc absent", isrc=ABSENT)
    song("restrictions.reason unknown", extra=dict(restrictions={"reason": "future_value"}, is_playable=False))
    song("unknown keys", extra=dict(lyrics_mood={"hue": [1, 2.5, None]}, next_big_thing=None),
         row=dict(curator_note="??", weight=0.5))
    song("added_at epoch", added_at="1970-01-01T00:00:00Z")
    song("added_at absent", added_at=ABSENT)
    song("added_at null")
    dirty[-1].added_at = None
    song("added_by null", added_by=None)
    song("added_by empty id", added_by=("", ""))
    song("taken down", name="", duration_ms=0, popularity=0, extra=dict(is_playable=False),
         album=dict(name="", release_date="0000", precision="year"))
    for case in ("duplicate", "duplicate, third time"):
        dirty.append(Row("track", "2025-02-02T22:02:02Z", ME, rows[7].song, case=case))

    other = lambda kind, case, item: dirty.append(Row(kind, "2024-11-28T10:18:44Z", ME, item=item, case=case))
    attic = local_file("Ida+%28and+Sons%29:Attic+Tapes:No+Wind%2C+No+Waves:273", "Ida (and Sons)", "Attic Tapes",
                       "No Wind, No Waves", 273)
    other("local", "local file", attic)
    other("local", "local file, title only", local_file("::Title:520", "", "", "Title", 520))
    other("local", "local file, no album", local_file("Wro%C5%84ska::Ch%C3%B3r+3%3A+Finale:61", "Wrońska", "", "Chór 3: Finale", 61))
    other("local", "local file, nothing known", local_file(":::", "", "", "", 0))
    other("local", "local file, again", attic)
    show = ("Sparrow Street", "sparrow-street")
    other("episode", "episode", episode("cello", *show, "The Fishmonger's Cello", 2_071_013))
    other("episode", "episode, is_playable absent", episode("roofs", *show, "Rooftops", 1_502_795, is_playable=ABSENT))
    other("episode", "episode, removed", episode("gone", *show, None, None))
    other("episode", "episode in the shape of a track", episode_as_track("comets", *show, "Comets for Beginners", 1_192_570))
    other("removed", "item null", None)
    dirty.append(Row("null", None, None, case="row null"))
    dirty.append(Row("removed", None, None, case="item null, added_at null"))
    rng.shuffle(dirty)
    for row in dirty:  # not in the order of added_at: people drag rows about
        rows.insert(rng.randint(0, len(rows)), row)
    return rows


def day_passes(library):
    """What changed by the second point in time. Returns the artist nobody had heard of before."""
    long, liked, heard = library.playlists["long"], library.liked, len(library.songs)
    for row in rng.sample(long.rows, 3):
        long.rows.remove(row)
    for row in rng.sample(long.rows, 8):
        row.song.popularity += rng.choice([-3, -2, 2, 3, 5]) if row.song.popularity > 5 else 4
    newcomer = Artist(made_id("artist", "newcomer"), "Fennimore & the Slow Ferries", 2026, 61,
                      ["indie folk", "sea shanty revival"])
    invent_album(library, [newcomer], 2026, "album", 3).release_date = "2026-01-05"
    old = rng.choice([row.song.album for row in long.rows if row.song.album.kind == "album"])
    for number in (old.total_tracks - 1, old.total_tracks):
        invent_song(library, old, old.artists, number)
    debut, *debuts, fourth, fifth = library.songs[heard:]
    # Of the two it knew already, one had no usable added_at so far: the new row changes that song.
    undated = next(row.song for row in library.playlists["messy"].rows if row.case == "added_at epoch")
    familiar = next(row.song for row in library.playlists["clean"].rows if row.song not in [r.song for r in long.rows])
    for day, song in enumerate([familiar, debut, *debuts, fourth, undated]):
        moment = dt.datetime(2026, 1, 5, 8) + dt.timedelta(hours=day * 2.5, seconds=rng.randint(0, 9999))
        long.rows.append(Row("track", stamp(moment), ME, song))
    liked.insert(0, Row("track", "2026-01-05T20:05:51Z", None, fifth))
    liked.insert(0, Row("track", "2026-01-05T21:40:13Z", None, debut))
    library.playlists["collab"].name = "Kitchen Table Radio (Winter Edition)"
    for changed in ("long", "collab"):  # Spotify counts a rename as a revision too
        library.playlists[changed].revision += 1
    return newcomer


def main(options):
    folder = lambda flag: Path(options[options.index(flag) + 1]) if flag in options else None
    library = invent_library()
    invent_playlists(library)
    heard = {artist.id: artist for playlist in library.playlists.values() for row in playlist.rows if row.song
             for artist in row.song.artists}
    asked = rng.sample(list(heard.values()), 60)
    asked[3].genres, asked[57].genres, asked[58].genres = ABSENT, ABSENT, []
    answers = [[*asked[:20], None, *asked[20:49]], asked[49:56], *asked[56:]]  # two batches, then singles
    tables, points, seen_snapshots = {}, [], set()
    for label, when in POINTS:
        if points:
            answers = [day_passes(library)]
        before = {name: dict(rows) for name, rows in tables.items()}
        absorb(tables, library, answers)
        points.append(truth(label, when, tables, before, library, seen_snapshots))
        data = ndjson(documents(library, ME, answers, seen_snapshots), when)
        packed = compressed(data)
        (REPO / f"src/sources/demo/{label}.ndjson.zst").write_bytes(packed)
        if folder("--plain"):
            (folder("--plain") / f"{label}.ndjson").write_bytes(data)
        if folder("--tables"):
            rows = {name: list(by_key.values()) for name, by_key in tables.items()}
            (folder("--tables") / f"{label}.json").write_text(json.dumps(rows))
        print(f"{label}: {data.count(10)} documents, {len(data):,} bytes, {len(packed):,} compressed")
        print("  ", points[-1]["row_counts"], "liked", len(library.liked), "\n  ", points[-1]["changes"])
        seen_snapshots |= {playlist.snapshot_id for playlist in library.playlists.values()}
    messy = list(cases(library.playlists["messy"], tables))
    text = json.dumps(dict(seed=SEED, notes=NOTES, points=points, messy_cases=messy), indent=1, ensure_ascii=False)
    (REPO / "tests/fixtures/demo_truth.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
