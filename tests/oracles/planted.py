"""Playlists with planted tastes, as a published file of snowtrack: genres, artists and a long tail, the same for the same seed.

    python planted.py FILE [--playlists 1000] [--songs 2000] [--seed 1] [--origin demo]

A list has one to three genres; a song is drawn from one of them by its rank, one time in twenty from all, two times in five from the
artists that stand in the list already. What is planted is what a recommendation must find; of anybody's real taste it says nothing.
"""
import argparse
import pathlib

import duckdb
import numpy as np
import pandas as pd

GENRES = 40
FIRST_DAY = np.datetime64("2020-01-01T00:00:00")


def pairs(playlists, songs, seed):
    """`(list, song, artist of each song)`: the list and the song of each row, in the order in which they were added."""
    rng = np.random.default_rng(seed)
    artists = max(songs // 7, GENRES)
    artist_genre = rng.integers(0, GENRES, artists)
    song_artist = np.minimum((artists * rng.random(songs) ** 1.5).astype(int), artists - 1)
    song_genre = np.where(rng.random(songs) < 0.9, artist_genre[song_artist], rng.integers(0, GENRES, songs))
    weight = 1.0 / (1 + rng.permutation(songs)) ** 0.8
    by_genre = [np.flatnonzero(song_genre == genre) for genre in range(GENRES)]
    genres = [genre for genre in range(GENRES) if len(by_genre[genre])]
    sums = {genre: np.cumsum(weight[by_genre[genre]]) for genre in genres}
    all_sums = np.cumsum(weight)
    by_artist = np.argsort(song_artist, kind="stable")
    starts = np.searchsorted(song_artist[by_artist], np.arange(artists + 1))
    lengths = np.clip(rng.lognormal(3.85, 0.85, playlists), 5, 250).astype(int)
    lists, rows = [], []
    for number, length in enumerate(lengths):
        of_list = rng.choice(genres, 1 + (rng.random() < 0.4) + (rng.random() < 0.15))
        genre, kind = of_list[rng.integers(0, len(of_list), length)], rng.random(length)
        song = np.empty(length, np.int64)
        for one in set(genre.tolist()):
            here = genre == one
            song[here] = by_genre[one][np.searchsorted(sums[one], rng.random(here.sum()) * sums[one][-1])]
        here = kind < 0.05
        song[here] = np.searchsorted(all_sums, rng.random(here.sum()) * all_sums[-1])
        here = (kind >= 0.05) & (kind < 0.45)
        artist = song_artist[song[rng.integers(0, length, here.sum())]]
        song[here] = by_artist[starts[artist] + (rng.random(here.sum()) * (starts[artist + 1] - starts[artist])).astype(int)]
        song = np.unique(np.minimum(song, songs - 1))
        rng.shuffle(song)
        lists.append(np.full(len(song), number))
        rows.append(song)
    return np.concatenate(lists), np.concatenate(rows), song_artist


def write(file, playlists, songs, seed, origin):
    """Writes the file and returns its number of rows."""
    of_list, of_song, song_artist = pairs(playlists, songs, seed)
    # Within a list a song a day, so that the split by time is a split by rank.
    first = np.r_[0, np.flatnonzero(np.diff(of_list)) + 1]
    position = np.arange(len(of_list)) - np.repeat(first, np.diff(np.r_[first, len(of_list)]))
    rows = pd.DataFrame({"list": of_list, "song": of_song, "position": position})
    rows["added_at"] = FIRST_DAY + position.astype("timedelta64[D]")
    artists = pd.DataFrame({"song": np.arange(songs), "artist": song_artist})
    path = pathlib.Path(file)
    path.unlink(missing_ok=True)
    db = duckdb.connect(str(path), config={"storage_compatibility_version": "v1.0.0"})
    db.register("rows", rows)
    db.register("artists", artists)
    db.execute("set variable origin = ?", [origin])
    db.execute("set variable playlists = ?", [playlists])
    db.execute(SCHEMA)
    db.close()
    return len(rows)


SCHEMA = """
create schema core;
create schema meta;
create table core.playlists as
select 'P' || lpad(i::varchar, 21, '0') as id, 'List ' || i as name, 'planted' as owner_id, true as is_public,
    false as is_collaborative, 'S' || i as snapshot_id, 0 as item_count, '' as url
from range(getvariable('playlists')) as numbers(i);
create table core.songs as
select 'T' || lpad(song::varchar, 21, '0') as id, 'Song ' || song as name, null::timestamp as added_at, 180000 as duration_ms,
    null::integer as popularity, '' as url, 'B' || lpad((artist)::varchar, 21, '0') as album_id,
    'A' || lpad(artist::varchar, 21, '0') as artist_ids
from artists order by song;
create table core.artists as
select distinct artist_ids as id, 'Artist ' || ltrim(substr(artist_ids, 2), '0') as name, '' as url from core.songs;
create table core.albums as
select distinct album_id as id, 'Album ' || ltrim(substr(album_id, 2), '0') as name, date '2019-05-01' as release_date,
    12 as total_tracks, '' as url
from core.songs;
create table core.song_artists as select id as song_id, 0 as artist_position, artist_ids as artist_id from core.songs;
create table core.genres (artist_id varchar, genre varchar);
create table core.song_observations (song_id varchar, observed_on date, popularity integer, playlist_count integer);
create table core.playlist_songs as
select 'P' || lpad(list::varchar, 21, '0') as playlist_id, 'S' || list as snapshot_id, position::integer as position,
    'T' || lpad(song::varchar, 21, '0') as song_id, added_at::timestamp as added_at, 'planted' as added_by, 'track' as item_kind
from rows order by list, position;
create table meta.origins as select id as playlist_id, getvariable('origin') as origin from core.playlists;
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file")
    parser.add_argument("--playlists", type=int, default=1_000)
    parser.add_argument("--songs", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--origin", default="demo", help="demo, file or api")
    args = parser.parse_args()
    print(write(args.file, args.playlists, args.songs, args.seed, args.origin), "rows")


if __name__ == "__main__":
    main()
