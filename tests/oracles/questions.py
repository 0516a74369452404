"""The ready questions, calculated in plain Python from the shipped tables: no SQL, and none of the marts.

Reads {"tables": {name: rows}, "answers": [{"name", "values", "rows"}]} from standard input, where `operations.` tables bear that name,
and prints a list of what differs.
"""

import json
import math
import sys
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta

LAST = datetime.max


def main() -> None:
    given = json.load(sys.stdin)
    facts = Facts(given["tables"])
    problems = []
    for answer in given["answers"]:
        name = answer["name"]
        oracle = ORACLES.get(name)
        if oracle is None:
            problems.append(f"{name}: no oracle knows it")
            continue
        wanted = [plain(row) for row in oracle(facts, Values(answer["values"]))]
        found = answer["rows"]
        if len(wanted) != len(found):
            problems.append(f"{name}: {len(found)} rows, and not {len(wanted)}")
        for number, (mine, theirs) in enumerate(zip(wanted, found)):
            if not same(mine, theirs):
                problems.append(f"{name}: row {number} is {theirs}, and not {mine}")
                break
    unasked = sorted(set(ORACLES) - {answer["name"] for answer in given["answers"]})
    problems.extend(f"{name}: not asked" for name in unasked)
    print(json.dumps(problems))


class Values(dict):
    def has(self, *names):
        """Whether a playlist of this id and name is meant."""
        return self.get("playlist") is None or self["playlist"] in names


class Item(dict):
    __getattr__ = dict.__getitem__


class Facts:
    """The shipped tables, and what is in the lists now and was before."""

    def __init__(self, tables):
        for name, rows in tables.items():
            setattr(self, name.replace(".", "_"), [Item((key, read(key, value)) for key, value in row.items()) for row in rows])
        self.song = {row.id: row for row in self.songs}
        self.artist = {row.id: row for row in self.artists}
        self.album = {row.id: row for row in self.albums}
        self.playlist = {row.id: row for row in self.playlists}
        self.genre = defaultdict(set)
        for row in self.genres:
            self.genre[row.artist_id].add(row.genre)
        self.now = sorted(
            (self.item(row) for row in self.playlist_songs if self.playlist[row.playlist_id].snapshot_id == row.snapshot_id),
            key=lambda row: (row.playlist_id, row.position),
        )

    def item(self, row):
        song = self.song.get(row.song_id) or Item(name=None, artist_ids=None, album_id=None, duration_ms=None, popularity=None)
        artist = self.artist.get(song.artist_ids)
        album = self.album.get(song.album_id)
        return Item(
            row,
            playlist_name=self.playlist[row.playlist_id].name,
            song_name=song.name,
            artist_id=song.artist_ids,
            artist_name=artist and artist.name,
            album_id=song.album_id,
            album_name=album and album.name,
            album_release_date=album and album.release_date,
            duration_ms=song.duration_ms,
            popularity=song.popularity,
        )

    def chosen(self, values):
        """The rows of the lists that are meant."""
        return [row for row in self.now if values.has(row.playlist_id, row.playlist_name)]

    def songs_of(self, playlist_id):
        """The different songs of a list, each with one of its rows."""
        return {row.song_id: row for row in self.now if row.playlist_id == playlist_id and row.song_id}

    def lists(self, values):
        return [row for row in self.playlists if values.has(row.id, row.name)]

    def snapshots(self, playlist):
        """(first read, songs) of each snapshot of a list, in the order in which they were read, the current one last."""
        rows = defaultdict(list)
        for row in self.playlist_songs:
            if row.playlist_id == playlist.id:
                rows[row.snapshot_id].append(row)
        if not rows.get(playlist.snapshot_id) and playlist.item_count == 0:
            rows[playlist.snapshot_id] = []

        def first_read(snapshot_id):
            return min((row.extracted_at for row in rows[snapshot_id]), default=playlist.extracted_at)

        order = sorted(rows, key=lambda it: (it == playlist.snapshot_id, first_read(it)))
        return [(first_read(it), {row.song_id for row in rows[it] if row.song_id}) for it in order]

    def changes(self, playlist):
        found = []
        snapshots = self.snapshots(playlist)
        for (_, before), (at, after) in zip(snapshots, snapshots[1:]):
            found += [(at, "added", song) for song in after - before]
            found += [(at, "removed", song) for song in before - after]
        return found

    def memberships(self, playlist):
        """(song, from, to) of each unbroken stay."""
        found, since = [], {}
        for at, songs in self.snapshots(playlist):
            found += [(song, since.pop(song), at) for song in set(since) - songs]
            for song in songs:
                since.setdefault(song, at)
        return found + [(song, start, None) for song, start in since.items()]


def read(key, value):
    if value is None or not isinstance(value, str):
        return value
    if key.endswith("_at"):
        return datetime.fromisoformat(value)
    if key in ("release_date", "observed_on"):
        return date.fromisoformat(value)
    return value


def plain(row):
    return {key: shown(value) if isinstance(value, (date, datetime)) else value for key, value in row.items()}


def shown(time):
    """As DuckDB writes it: no zeros at the end of a fraction."""
    text = str(time)
    return text.rstrip("0") if "." in text else text


def same(mine, theirs):
    if list(mine) != list(theirs):
        return False
    for key, value in mine.items():
        other = theirs[key]
        if isinstance(value, float) and isinstance(other, (int, float)):
            if not math.isclose(value, other, rel_tol=1e-9, abs_tol=1e-12):
                return False
        elif value != other:
            return False
    return True


def down(value):
    """Sorts falling, the unknown last."""
    if value is None:
        return (1, 0)
    if isinstance(value, datetime):
        return (0, -(value - datetime.min).total_seconds())
    if isinstance(value, date):
        return (0, -value.toordinal())
    return (0, -value)


def up(value):
    return (value is None, value if value is not None else 0)


def name_up(value):
    return (value is None, value or "")


def take(row, names):
    return {name: row[name] for name in names.split()}


ORACLES = {}


def answers(oracle):
    """The function is the oracle of the question that bears its name."""
    ORACLES[oracle.__name__] = oracle
    return oracle


# What each question answers, in the order of its rows.


@answers
def songs_added_weekly(facts, values):
    # All snapshots that were read; a song that left counts in the week that it was added in.
    added = defaultdict(set)
    for row in facts.playlist_songs:
        if row.song_id and row.added_at:
            day = row.added_at.date()
            added[row.playlist_id, day - timedelta(days=day.weekday())].add(row.song_id)
    for playlist in sorted(facts.lists(values), key=lambda it: (name_up(it.name), it.id)):
        for (playlist_id, week), songs in sorted(added.items()):
            if playlist_id == playlist.id:
                yield dict(playlist_id=playlist.id, playlist_name=playlist.name, week=week, added_song_count=len(songs))


@answers
def release_years(facts, values):
    for playlist in sorted(facts.lists(values), key=lambda it: (name_up(it.name), it.id)):
        years = Counter(row.album_release_date and row.album_release_date.year for row in facts.songs_of(playlist.id).values())
        for year, count in sorted(years.items(), key=lambda it: up(it[0])):
            yield dict(playlist_id=playlist.id, playlist_name=playlist.name, release_year=year, song_count=count)


@answers
def release_decades(facts, values):
    decades = defaultdict(set)
    for row in facts.now:
        if row.song_id:
            decades[row.album_release_date and row.album_release_date.year // 10 * 10].add(row.song_id)
    for decade, songs in sorted(decades.items(), key=lambda it: up(it[0])):
        yield dict(decade=decade, song_count=len(songs))


@answers
def playlist_growth(facts, values):
    so_far = Counter()
    for row in songs_added_weekly(facts, values):
        so_far[row["playlist_id"]] += row["added_song_count"]
        yield {**row, "songs_added_so_far": so_far[row["playlist_id"]]}


@answers
def busiest_weeks(facts, values):
    counts, lists = Counter(), defaultdict(set)
    for row in songs_added_weekly(facts, Values()):
        counts[row["week"]] += row["added_song_count"]
        lists[row["week"]].add(row["playlist_id"])
    for week in sorted(counts, key=lambda it: (-counts[it], down(it)))[: values["count"]]:
        yield dict(week=week, added_song_count=counts[week], playlist_count=len(lists[week]))


def observations(facts):
    found = defaultdict(list)
    for row in sorted(facts.song_observations, key=lambda it: it.observed_on):
        found[row.song_id].append(row)
    return found


def artist_name(facts, song):
    artist = song and facts.artist.get(song.artist_ids)
    return artist and artist.name


def gain(later, earlier):
    return None if later is None or earlier is None else later - earlier


@answers
def rising_songs(facts, values):
    rows = []
    for song_id, seen in observations(facts).items():
        song, first, last = facts.song.get(song_id), seen[0], seen[-1]
        row = dict(
            song_id=song_id,
            song_name=song and song.name,
            artist_name=artist_name(facts, song),
            first_observed_on=first.observed_on,
            last_observed_on=last.observed_on,
            popularity_gain=gain(last.popularity, first.popularity),
            playlist_gain=gain(last.playlist_count, first.playlist_count),
        )
        if (row["popularity_gain"] or 0) > 0 or (row["playlist_gain"] or 0) > 0:
            rows.append(row)
    rows.sort(key=lambda it: (down(it["popularity_gain"]), down(it["playlist_gain"]), it["song_id"]))
    return rows[: values["count"]]


@answers
def song_history(facts, values):
    seen = observations(facts)
    named = [song for song in facts.songs if values["song"] in (song.id, song.name)]
    for song in sorted(named, key=lambda it: it.id):
        before = None
        for row in seen[song.id]:
            yield dict(
                song_id=song.id,
                song_name=song.name,
                artist_name=artist_name(facts, song),
                observed_on=row.observed_on,
                popularity=row.popularity,
                popularity_change=gain(row.popularity, before),
                playlist_count=row.playlist_count,
            )
            before = row.popularity


@answers
def newest_songs(facts, values):
    rows = [row for row in facts.chosen(values) if row.song_id and row.added_at]
    rows.sort(key=lambda it: (down(it.added_at), it.playlist_id, it.position))
    for row in rows[: values["count"]]:
        yield take(row, "added_at playlist_id playlist_name song_id song_name artist_name")


def by_song(rows):
    """Each song's first row, and in how many of the rows' lists it is."""
    first, lists = {}, defaultdict(set)
    for row in rows:
        if row.song_id:
            first.setdefault(row.song_id, row)
            lists[row.song_id].add(row.playlist_id)
    return [Item(row, playlist_count=len(lists[song_id])) for song_id, row in first.items()]


def releases(facts, values, order):
    rows = [row for row in by_song(facts.chosen(values)) if row.album_release_date]
    rows.sort(key=lambda it: (order(it.album_release_date), it.song_id))
    for row in rows[: values["count"]]:
        yield take(row, "song_id song_name artist_name album_name album_release_date playlist_count")


@answers
def top_songs(facts, values):
    rows = sorted(by_song(facts.now), key=lambda it: (-it.playlist_count, down(it.popularity), it.song_id))
    for row in rows[: values["count"]]:
        yield take(row, "song_id song_name artist_name playlist_count popularity")


@answers
def most_popular_songs(facts, values):
    rows = [row for row in by_song(facts.chosen(values)) if row.popularity is not None]
    rows.sort(key=lambda it: (-it.popularity, it.song_id))
    for row in rows[: values["count"]]:
        yield take(row, "song_id song_name artist_name popularity")


@answers
def popularity_by_playlist(facts, values):
    rows = []
    for playlist in facts.lists(values):
        songs = facts.songs_of(playlist.id).values()
        known = [song.popularity for song in songs if song.popularity is not None]
        if songs:
            rows.append(
                dict(
                    playlist_id=playlist.id,
                    playlist_name=playlist.name,
                    song_count=len(songs),
                    known_song_count=len(known),
                    average_popularity=sum(known) / len(known) if known else None,
                    highest_popularity=max(known, default=None),
                )
            )
    return sorted(rows, key=lambda it: (down(it["average_popularity"]), it["playlist_id"]))


def artists_of(facts, playlist):
    """Songs and milliseconds of each primary artist of a list."""
    counts, lengths = Counter(), Counter()
    for row in facts.songs_of(playlist.id).values():
        if row.artist_id:
            counts[row.artist_id] += 1
            lengths[row.artist_id] += row.duration_ms or 0
    return counts, lengths


@answers
def playlist_concentration(facts, values):
    rows = []
    for playlist in facts.lists(values):
        counts = sorted(artists_of(facts, playlist)[0].values())
        n, total = len(counts), sum(counts)
        rows.append(
            dict(
                playlist_id=playlist.id,
                playlist_name=playlist.name,
                artist_count=n,
                top_10_share=sum(counts[-10:]) / total if n else None,
                gini=2 * sum(i * x for i, x in enumerate(counts, 1)) / (n * total) - (n + 1) / n if n else None,
            )
        )
    return sorted(rows, key=lambda it: (down(it["gini"]), it["playlist_id"]))


def credits(facts):
    """Each artist that is named on a song in a list: the songs, those where first, the lists, the rows."""
    rows_of = defaultdict(list)
    for row in facts.now:
        if row.song_id:
            rows_of[row.song_id].append(row)
    named = defaultdict(dict)
    for row in facts.song_artists:
        if row.song_id in rows_of:
            before = named[row.artist_id].get(row.song_id, row.artist_position)
            named[row.artist_id][row.song_id] = min(before, row.artist_position)
    for artist_id, songs in named.items():
        if artist_id not in facts.artist:
            continue
        rows = [row for song_id in songs for row in rows_of[song_id]]
        yield Item(
            artist_id=artist_id,
            artist_name=facts.artist[artist_id].name,
            song_count=len(songs),
            primary_song_count=sum(place == 0 for place in songs.values()),
            playlist_count=len({row.playlist_id for row in rows}),
            top_song_popularity=max((row.popularity for row in rows if row.popularity is not None), default=None),
            first_added_at=min((row.added_at for row in rows if row.added_at), default=None),
        )


@answers
def top_artists(facts, values):
    rows = sorted(credits(facts), key=lambda it: (-it.song_count, -it.playlist_count, it.artist_id))
    for row in rows[: values["count"]]:
        yield take(row, "artist_id artist_name song_count primary_song_count playlist_count top_song_popularity")


@answers
def widespread_artists(facts, values):
    rows = sorted(credits(facts), key=lambda it: (-it.playlist_count, -it.song_count, it.artist_id))
    for row in rows[: values["count"]]:
        yield take(row, "artist_id artist_name playlist_count song_count")


@answers
def new_artists(facts, values):
    rows = sorted((row for row in credits(facts) if row.first_added_at), key=lambda it: (down(it.first_added_at), it.artist_id))
    for row in rows[: values["count"]]:
        yield take(row, "artist_id artist_name first_added_at song_count playlist_count")


@answers
def artist_playlists(facts, values):
    for playlist in sorted(facts.lists(values), key=lambda it: (name_up(it.name), it.id)):
        counts, lengths = artists_of(facts, playlist)
        for artist_id in sorted(counts, key=lambda it: (-counts[it], it)):
            name = facts.artist[artist_id].name if artist_id in facts.artist else None
            if values.get("artist") in (None, artist_id, name):
                yield dict(
                    playlist_id=playlist.id,
                    playlist_name=playlist.name,
                    artist_id=artist_id,
                    artist_name=name,
                    song_count=counts[artist_id],
                    song_share=counts[artist_id] / sum(counts.values()),
                    duration_ms=lengths[artist_id],
                    duration_share=lengths[artist_id] / sum(lengths.values()),
                    artist_rank=1 + sum(other > counts[artist_id] for other in counts.values()),
                )


@answers
def leading_artists(facts, values):
    rows = [row for row in artist_playlists(facts, values) if row["artist_rank"] == 1]
    rows.sort(key=lambda it: (-it["song_share"], it["playlist_id"], it["artist_id"]))
    for row in rows:
        yield take(row, "playlist_id playlist_name artist_id artist_name song_count song_share")


@answers
def songs_by_artist(facts, values):
    rows = [row for row in facts.now if values["artist"] in (row.artist_id, row.artist_name)]
    for row in sorted(rows, key=lambda it: (name_up(it.playlist_name), it.playlist_id, it.position)):
        yield take(row, "playlist_id playlist_name position song_id song_name album_name added_at")


@answers
def top_albums(facts, values):
    songs, lists, first = defaultdict(set), defaultdict(set), {}
    for row in facts.chosen(values):
        if row.album_id:
            songs[row.album_id].add(row.song_id)
            lists[row.album_id].add(row.playlist_id)
            first[row.album_id] = row
    for album_id in sorted(songs, key=lambda it: (-len(songs[it]), -len(lists[it]), it))[: values["count"]]:
        row = take(first[album_id], "album_id album_name album_release_date")
        yield {**row, "song_count": len(songs[album_id]), "playlist_count": len(lists[album_id])}


@answers
def genre_coverage(facts, values):
    for playlist in sorted(facts.lists(values), key=lambda it: (name_up(it.name), it.id)):
        songs = facts.songs_of(playlist.id).values()
        known = sum(bool(facts.genre.get(song.artist_id)) for song in songs)
        yield dict(
            playlist_id=playlist.id,
            playlist_name=playlist.name,
            song_count=len(songs),
            known_song_count=known,
            known_share=known / len(songs) if songs else None,
        )


@answers
def genre_mix(facts, values):
    for playlist in sorted(facts.lists(values), key=lambda it: (name_up(it.name), it.id)):
        songs = facts.songs_of(playlist.id).values()
        genres = Counter(genre for song in songs for genre in facts.genre.get(song.artist_id, ()))
        known = sum(bool(facts.genre.get(song.artist_id)) for song in songs)
        for genre, count in sorted(genres.items(), key=lambda it: (-it[1], it[0])):
            yield dict(playlist_id=playlist.id, playlist_name=playlist.name, genre=genre, song_count=count, song_share=count / known)


@answers
def top_genres(facts, values):
    seen = defaultdict(lambda: (set(), set(), set()))
    for row in facts.now:
        for genre in facts.genre.get(row.artist_id, ()):
            for known, value in zip(seen[genre], (row.song_id, row.artist_id, row.playlist_id)):
                known.add(value)
    for genre in sorted(seen, key=lambda it: (-len(seen[it][0]), it))[: values["count"]]:
        songs, artists, lists = seen[genre]
        yield dict(genre=genre, song_count=len(songs), artist_count=len(artists), playlist_count=len(lists))


@answers
def artists_without_genre(facts, values):
    songs, names = defaultdict(set), {}
    for row in facts.now:
        if row.artist_id and not facts.genre.get(row.artist_id):
            songs[row.artist_id].add(row.song_id)
            names[row.artist_id] = row.artist_name
    for artist_id in sorted(songs, key=lambda it: (-len(songs[it]), it))[: values["count"]]:
        yield dict(artist_id=artist_id, artist_name=names[artist_id], song_count=len(songs[artist_id]))


@answers
def songs_of_genre(facts, values):
    wanted = values["genre"].lower()
    rows = [row for row in by_song(facts.now) if wanted in {genre.lower() for genre in facts.genre.get(row.artist_id, ())}]
    rows.sort(key=lambda it: (down(it.popularity), it.song_id))
    for row in rows[: values["count"]]:
        yield take(row, "song_id song_name artist_name popularity")


def recent(facts):
    return sorted(facts.operations_runs, key=lambda it: (it.started_at, it.run_id), reverse=True)


@answers
def last_run(facts, values):
    run = recent(facts)[0]
    files = [row for row in facts.operations_files if row.run_id == run.run_id]
    row = take(run, "run_id status started_at finished_at")
    yield {**row, "file_count": len(files), "row_count": sum(it.row_count for it in files)}


@answers
def recent_runs(facts, values):
    for run in recent(facts)[: values["count"]]:
        yield take(run, "run_id status started_at finished_at")


@answers
def data_quality(facts, values):
    checked = {row.run_id for row in facts.operations_checks}
    run_id = next(run.run_id for run in recent(facts) if run.run_id in checked)
    rows = [row for row in facts.operations_checks if row.run_id == run_id]
    for row in sorted(rows, key=lambda it: (it.status != "fail", it.severity != "error", it.check)):
        yield take(row, "run_id check severity status offending_row_count")


@answers
def load_proof(facts, values):
    started = {run.run_id: run.started_at for run in facts.operations_runs}
    rows = [row for row in facts.operations_files if values.get("table") in (None, row.table)]
    rows.sort(key=lambda it: (it.table, it.key))
    rows.sort(key=lambda it: (started[it.run_id], it.run_id), reverse=True)
    for row in rows:
        yield {"started_at": started[row.run_id], **take(row, "run_id table key row_count sha256 state")}


@answers
def rows_by_state(facts, values):
    files, rows = Counter(), Counter()
    for row in facts.operations_files:
        files[row.table, row.state] += 1
        rows[row.table, row.state] += row.row_count
    for table, state in sorted(files):
        yield dict(table=table, state=state, file_count=files[table, state], row_count=rows[table, state])


@answers
def freshness(facts, values):
    rows = [row for row in facts.operations_freshness if values.has(row.subject, row.name)]
    for row in sorted(rows, key=lambda it: (name_up(it.name), it.subject)):
        yield take(row, "subject name last_looked_at last_changed_at last_proof_at")


@answers
def stale_playlists(facts, values):
    rows = []
    for row in facts.operations_freshness:
        if row.last_changed_at:
            days = (row.last_run_at.date() - row.last_changed_at.date()).days
            if days >= values["days"]:
                rows.append({**take(row, "subject name last_changed_at last_looked_at"), "days_without_change": days})
    return sorted(rows, key=lambda it: (-it["days_without_change"], it["subject"]))


@answers
def playlist_overlap(facts, values):
    rows = []
    for one in facts.lists(values):
        for other in facts.playlists:
            ours, theirs = facts.songs_of(one.id).keys(), facts.songs_of(other.id).keys()
            shared = len(ours & theirs)
            if one is not other and shared:
                rows.append(
                    dict(
                        playlist_id=one.id,
                        playlist_name=one.name,
                        other_playlist_id=other.id,
                        other_playlist_name=other.name,
                        shared_song_count=shared,
                        jaccard=shared / len(ours | theirs),
                    )
                )
    return sorted(rows, key=lambda it: (-it["jaccard"], it["playlist_id"], it["other_playlist_id"]))


@answers
def playlist_duplicates(facts, values):
    rows = []
    for playlist in facts.lists(values):
        counts = Counter(row.song_id for row in facts.now if row.playlist_id == playlist.id and row.song_id)
        songs = facts.songs_of(playlist.id)
        for song_id, row in songs.items():
            title = (row.song_name or "").strip().lower()
            others = [
                other
                for other, it in songs.items()
                if other != song_id and title and it.artist_id and it.artist_id == row.artist_id
                and (it.song_name or "").strip().lower() == title
            ]
            if counts[song_id] > 1 or others:
                named = take(row, "playlist_id playlist_name song_id song_name artist_id artist_name")
                rows.append({**named, "row_count": counts[song_id], "other_song_count": len(others)})
    key = lambda it: (name_up(it["playlist_name"]), it["playlist_id"], name_up(it["artist_name"]), name_up(it["song_name"]), it["song_id"])
    return sorted(rows, key=key)


@answers
def unavailable_songs(facts, values):
    for row in sorted(facts.chosen(values), key=lambda it: (name_up(it.playlist_name), it.playlist_id, it.position)):
        reason = "removed" if row.item_kind == "removed" else "taken_down" if row.song_id and not row.song_name else None
        if reason:
            yield {**take(row, "playlist_id playlist_name position song_id added_at added_by"), "reason": reason}


@answers
def playlist_adders(facts, values):
    for playlist in sorted(facts.lists(values), key=lambda it: (name_up(it.name), it.id)):
        songs, times = defaultdict(set), defaultdict(list)
        for row in facts.now:
            if row.playlist_id == playlist.id and row.song_id:
                songs[row.added_by or None].add(row.song_id)
                times[row.added_by or None] += [row.added_at] if row.added_at else []
        for adder in sorted(songs, key=lambda it: (-len(songs[it]), name_up(it))):
            yield dict(
                playlist_id=playlist.id,
                playlist_name=playlist.name,
                added_by=adder,
                song_count=len(songs[adder]),
                first_added_at=min(times[adder], default=None),
                last_added_at=max(times[adder], default=None),
            )


@answers
def added_at_heatmap(facts, values):
    for playlist in sorted(facts.lists(values), key=lambda it: (name_up(it.name), it.id)):
        cells = defaultdict(set)
        for row in facts.now:
            if row.playlist_id == playlist.id and row.song_id and row.added_at:
                cells[row.added_at.isoweekday(), row.added_at.hour].add(row.song_id)
        for (weekday, hour), songs in sorted(cells.items()):
            yield dict(playlist_id=playlist.id, playlist_name=playlist.name, iso_weekday=weekday, hour=hour, song_count=len(songs))


@answers
def playlist_churn(facts, values):
    for playlist in sorted(facts.lists(values), key=lambda it: (name_up(it.name), it.id)):
        changes, snapshots = facts.changes(playlist), facts.snapshots(playlist)
        # Of a list whose contents were never given there is no snapshot.
        (start, first), (end, last) = (snapshots[0], snapshots[-1]) if snapshots else ((LAST, set()), (LAST, set()))
        share = len(first & last) / len(first) if first else None
        days = (end - start).total_seconds() / 86400
        yield dict(
            playlist_id=playlist.id,
            playlist_name=playlist.name,
            added_song_count=sum(change == "added" for _, change, _ in changes),
            removed_song_count=sum(change == "removed" for _, change, _ in changes),
            retained_share=share,
            half_life_days=days * math.log(0.5) / math.log(share) if share and share < 1 else None,
        )


def song_name(facts, song_id):
    return facts.song[song_id].name if song_id in facts.song else None


@answers
def playlist_changes(facts, values):
    rows = []
    since = values.get("since") and datetime.fromisoformat(values["since"])
    for playlist in facts.lists(values):
        for at, change, song in facts.changes(playlist):
            if since is None or at >= since:
                name = song_name(facts, song)
                rows.append(Item(changed_at=at, change=change, playlist_id=playlist.id, playlist_name=playlist.name, song_id=song, song_name=name))
    rows.sort(key=lambda it: (down(it.changed_at), it.playlist_id, it.change, it.song_id))
    return rows[: values["count"]]


def stays(facts, values):
    """The stays of each song in each list."""
    found = defaultdict(list)
    for playlist in facts.lists(values):
        for song, start, end in facts.memberships(playlist):
            found[playlist.id, song].append((start, end))
    return found


def member(facts, playlist_id, song):
    playlist = facts.playlist[playlist_id]
    return dict(playlist_id=playlist_id, playlist_name=playlist.name, song_id=song, song_name=song_name(facts, song))


@answers
def gone_songs(facts, values):
    rows = []
    for (playlist_id, song), times in stays(facts, values).items():
        if all(end for _, end in times):
            gone = dict(first_seen_at=min(start for start, _ in times), gone_since=max(end for _, end in times))
            rows.append({**member(facts, playlist_id, song), **gone})
    return sorted(rows, key=lambda it: (down(it["gone_since"]), it["playlist_id"], it["song_id"]))


@answers
def returned_songs(facts, values):
    rows = [{**member(facts, *key), "stay_count": len(times)} for key, times in stays(facts, values).items() if len(times) > 1]
    return sorted(rows, key=lambda it: (-it["stay_count"], it["playlist_id"], it["song_id"]))


@answers
def playlist_on_day(facts, values):
    end_of_day = datetime.fromisoformat(values["day"]) + timedelta(days=1) if values.get("day") else LAST
    rows = []
    for (playlist_id, song), times in stays(facts, values).items():
        for start, end in times:
            if start < end_of_day and (end is None or end >= end_of_day):
                rows.append({**member(facts, playlist_id, song), "valid_from": start, "valid_to": end})
    return sorted(rows, key=lambda it: (it["playlist_id"], it["valid_from"], it["song_id"]))


def sizes(facts, values):
    for playlist in facts.lists(values):
        rows = [row for row in facts.now if row.playlist_id == playlist.id]
        songs = facts.songs_of(playlist.id).values()
        times = [row.added_at for row in rows if row.added_at]
        kinds = Counter(row.item_kind for row in rows)
        yield Item(
            playlist_id=playlist.id,
            playlist_name=playlist.name,
            row_count=len(rows),
            song_count=len(songs),
            artist_count=len({song.artist_id for song in songs if song.artist_id}),
            hours=round(sum(row.duration_ms or 0 for row in rows) / 3_600_000, 2),
            first_added_at=min(times, default=None),
            last_added_at=max(times, default=None),
            track_count=kinds["track"],
            episode_count=kinds["episode"],
            local_count=kinds["local"],
            removed_count=kinds["removed"],
        )


@answers
def playlist_sizes(facts, values):
    for row in sorted(sizes(facts, values), key=lambda it: (-it.song_count, it.playlist_id)):
        yield take(row, "playlist_id playlist_name row_count song_count artist_count hours first_added_at last_added_at")


@answers
def item_kinds(facts, values):
    for row in sorted(sizes(facts, values), key=lambda it: (-it.row_count, it.playlist_id)):
        yield take(row, "playlist_id playlist_name row_count track_count episode_count local_count removed_count")


@answers
def playlist_songs(facts, values):
    for row in facts.chosen(values):
        names = "playlist_id position item_kind song_id song_name artist_name album_name duration_ms added_at added_by"
        yield take(row, names)


@answers
def longest_songs(facts, values):
    rows = [row for row in by_song(facts.chosen(values)) if row.duration_ms is not None]
    rows.sort(key=lambda it: (-it.duration_ms, it.song_id))
    for row in rows[: values["count"]]:
        yield take(row, "song_id song_name artist_name duration_ms")


@answers
def songs_in_many_playlists(facts, values):
    lists = defaultdict(set)
    for row in facts.now:
        if row.song_id:
            lists[row.song_id].add((row.playlist_name, row.playlist_id))
    rows = [row for row in by_song(facts.now) if row.playlist_count >= values["min_playlists"]]
    for row in sorted(rows, key=lambda it: (-it.playlist_count, it.song_id))[: values["count"]]:
        names = ", ".join(name for name, _ in sorted(lists[row.song_id]))
        yield {**take(row, "song_id song_name artist_name playlist_count"), "playlists": names}


def named(rows):
    rows.sort(key=lambda it: (name_up(it.artist_name), name_up(it.song_name), it.song_id))
    return [take(row, "song_id song_name artist_name") for row in rows]


@answers
def shared_songs(facts, values):
    theirs = {row.song_id for row in facts.chosen(Values(playlist=values["other_playlist"]))}
    return named([row for row in by_song(facts.chosen(values)) if row.song_id in theirs])


@answers
def only_here(facts, values):
    lists = {row.song_id: row.playlist_count for row in by_song(facts.now)}
    return named([row for row in by_song(facts.chosen(values)) if lists[row.song_id] == 1])


@answers
def oldest_releases(facts, values):
    return releases(facts, values, lambda day: day)


@answers
def newest_releases(facts, values):
    return releases(facts, values, down)


main()
