"""The features of the demo, written a second time in pandas, against the files that the program writes; pandas and polars read them as
they are.

    python features_check.py SNOWTRACK FOLDER

Prints one JSON document, and fails where a value differs.
"""
import json
import pathlib
import subprocess
import sys

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import yaml

program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
published, out = folder / "spotify.duckdb", folder / "out"


def snowtrack(*arguments):
    command = [program, "--data-dir", str(folder), "--json", *arguments]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


snowtrack("run", "--demo")
# A popularity of sixty days with gaps, later than any of the demo, so that there is something to draw a line through.
rng = np.random.default_rng(5)
with duckdb.connect(str(published)) as db:
    songs = [row[0] for row in db.execute("select id from core.songs order by id limit 40").fetchall()]
    for number, song in enumerate(songs):
        days = sorted(rng.choice(60, size=1 + number % 25, replace=False).tolist())
        for day in days:
            observed = (pd.Timestamp("2027-03-01") + pd.Timedelta(days=day)).date()
            values = [song, observed, int(rng.integers(0, 101)) if (number + day) % 9 else None]
            db.execute("insert into core.song_observations by name select ? as song_id, ? as observed_on, ? as popularity", values)
told = snowtrack("features", "--out", str(out))

read = {table["table"]: pd.read_parquet(table["file"]) for table in told["tables"]}
polars = {table["table"]: pl.read_parquet(table["file"]) for table in told["tables"]}
meanings = yaml.safe_load((out / "features.yml").read_text())["tables"]
for name, frame in read.items():
    assert list(frame.columns) == polars[name].columns == list(meanings[name]["columns"]), name
    assert len(frame) == polars[name].height > 0, name
    for column, about in meanings[name]["columns"].items():
        assert sorted(about) == ["meaning", "nulls", "sql", "unit"], (name, column)
        assert polars[name][column].null_count() == frame[column].isna().sum(), (name, column)
        if about["nulls"].startswith("never"):
            assert not frame[column].isna().any(), (name, column)

with duckdb.connect(str(published), read_only=True) as db:
    core = {name: db.execute(f"from core.{name}").df() for name in ["songs", "albums", "playlists", "playlist_songs", "song_observations"]}
songs = core["songs"].set_index("id")

rows = core["playlist_songs"].merge(core["playlists"][["id", "snapshot_id"]], left_on=["playlist_id", "snapshot_id"], right_on=["id", "snapshot_id"])
rows = rows[rows.song_id.notna()]
pairs = rows.groupby(["playlist_id", "song_id"]).agg(added_at=("added_at", "min"), weight=("position", "size")).reset_index()
parts = []
for _, of_list in pairs.groupby("playlist_id"):
    times = of_list.added_at.dropna()
    for time in of_list.added_at:
        earlier = (times < time).sum()
        is_train = pd.isna(time) or 10 * earlier < 8 * len(times)
        parts.append("train" if is_train else "validation" if 10 * earlier < 9 * len(times) else "test")
pairs["split"] = parts
key = ["playlist_id", "song_id"]
given = read["interactions"].sort_values(key).reset_index(drop=True)
pd.testing.assert_frame_equal(given, pairs.sort_values(key)[given.columns].reset_index(drop=True), check_dtype=False)

train = pairs[pairs.split == "train"].merge(songs[["artist_ids", "album_id", "duration_ms"]], left_on="song_id", right_index=True)
horizon = train.added_at.max()
wanted = pd.DataFrame(index=songs.index)
wanted["artist_id"], wanted["album_id"], wanted["duration_ms"] = songs.artist_ids, songs.album_id, songs.duration_ms
albums = core["albums"].set_index("id")
wanted["release_date"] = songs.album_id.map(albums.release_date)
wanted["album_track_count"] = songs.album_id.map(albums.total_tracks)
observed = core["song_observations"].dropna(subset=["popularity"]).sort_values("observed_on")
for song, seen in observed.groupby("song_id"):
    days = (seen.observed_on.max() - seen.observed_on).dt.days.to_numpy()
    values = seen.popularity.to_numpy(float)
    near = values[days < 28]
    wanted.loc[song, "popularity_level"] = values[-1]
    wanted.loc[song, "popularity_observed_on"] = seen.observed_on.max()
    wanted.loc[song, "popularity_observation_count"] = len(values)
    for name, span in [("7d", 7), ("28d", 28)]:
        inside = days < span
        slope = np.polyfit(-days[inside], values[inside], 1)[0] if inside.sum() > 1 else np.nan
        wanted.loc[song, f"popularity_slope_{name}"] = slope
    wanted.loc[song, "popularity_volatility_28d"] = near.std(ddof=1) if len(near) > 1 else np.nan
wanted["popularity_observation_count"] = wanted.popularity_observation_count.fillna(0)
wanted["first_seen_at"] = train.groupby("song_id").added_at.min()
day = lambda times: times.dt.normalize()
wanted["age_days"] = (horizon.normalize() - day(wanted.first_seen_at)).dt.days
wanted["release_age_days"] = (horizon.normalize() - wanted.release_date).dt.days
wanted["list_count"] = train.groupby("song_id").size()
lists = train.groupby("playlist_id").song_id.agg(set)
neighbours = {song: set().union(*[songs for songs in lists if song in songs]) - {song} for song in train.song_id.unique()}
wanted["co_occurrence_degree"] = pd.Series({song: len(others) for song, others in neighbours.items()})
for kind, column in [("artist", "artist_ids"), ("album", "album_id")]:
    of_kind = train.groupby(column)
    wanted[f"{kind}_song_count"] = songs[column].map(of_kind.song_id.nunique())
    wanted[f"{kind}_list_count"] = songs[column].map(of_kind.playlist_id.nunique())
counts = [column for column in wanted if column.endswith("_count") and not column.startswith("album_track") or column.endswith("degree")]
wanted[counts] = wanted[counts].fillna(0)


def compare(table, wanted, key):
    """Every column of a table of features with what was computed here."""
    given = read[table].set_index(key).sort_index()
    wanted = wanted.rename_axis(key).sort_index()
    assert list(given.index) == list(wanted.index), table
    assert set(given.columns) == set(wanted.columns), (table, set(given.columns) ^ set(wanted.columns))
    for column in given:
        one, other = given[column], wanted[column]
        assert (one.isna() == other.isna()).all(), (table, column)
        one, other = one[one.notna()], other[other.notna()]
        if one.dtype == object and not isinstance(one.iloc[0], str) or "datetime" in str(one.dtype):
            one, other = pd.to_datetime(one), pd.to_datetime(other)
        same = np.isclose(one.astype(float), other.astype(float)) if pd.api.types.is_numeric_dtype(one) else one == other
        assert same.all(), (table, column, one[~same], other[~same])


compare("song_features", wanted, "song_id")

full = train.merge(wanted[["release_date", "popularity_level", "list_count"]], left_on="song_id", right_index=True)
year = full.release_date.dt.year
of_list = full.assign(year=year).groupby("playlist_id")
lists = pd.DataFrame(index=core["playlists"].id)
lists["song_count"] = of_list.size()
lists["artist_count"] = of_list.artist_ids.nunique()
lists["album_count"] = of_list.album_id.nunique()
lists["top_artist_share"] = of_list.artist_ids.agg(lambda ids: ids.value_counts().max() / ids.count() if ids.count() else np.nan)
lists["mean_duration_ms"] = of_list.duration_ms.mean()
lists["mean_release_year"] = of_list.year.mean()
lists["release_year_spread"] = of_list.year.std(ddof=1)
lists["mean_popularity_level"] = of_list.popularity_level.mean()
lists["mean_song_list_count"] = of_list.list_count.mean()
lists["first_added_at"] = of_list.added_at.min()
lists["last_added_at"] = of_list.added_at.max()
lists["span_days"] = (day(lists.last_added_at) - day(lists.first_added_at)).dt.days
for column in ["song_count", "artist_count", "album_count"]:
    lists[column] = lists[column].fillna(0)
compare("playlist_features", lists, "playlist_id")
slopes = int(read["song_features"].popularity_slope_7d.notna().sum())
print(json.dumps({"songs": len(wanted), "lists": len(lists), "slopes": slopes}))
