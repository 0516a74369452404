"""The formula of `recommend` and of `--evaluate`, written a second time in NumPy, against the program on planted lists.

    python recommend_check.py SNOWTRACK FOLDER [SEED]

Prints one JSON document, and fails where a neighbour, a score or a measure differs.
"""
import json
import pathlib
import subprocess
import sys

import numpy as np

import planted

LISTS, SONGS = 1_000, 2_000
program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
folder.mkdir(parents=True, exist_ok=True)
planted.write(folder / "spotify.duckdb", LISTS, SONGS, seed, "demo")
of_list, of_song, artist = planted.pairs(LISTS, SONGS, seed)


def told(*arguments):
    command = [program, "--data-dir", str(folder), "--json", "recommend", *arguments]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def song_id(song):
    return f"T{song:021d}"


def likeness(held):
    """Of each pair of songs; `held[list, song]` is 1 where the list has the song."""
    together = held.T @ held
    counts = np.maximum(np.diag(together), 1)
    return together / np.sqrt(np.outer(counts, counts)) * together / (together + 10), np.diag(together)


def ranked(like, counts, seeds, known):
    """All songs but the seeds as (method, score, song), best first."""
    score = np.round(like[seeds].sum(0), 12)
    of_artist = np.bincount(artist[seeds], minlength=artist.max() + 1)[artist]
    rest = np.setdiff1d(known, seeds)
    found = rest[score[rest] > 0]
    found = found[np.lexsort((found, -score[found]))]
    left = np.setdiff1d(rest, found)
    near = left[of_artist[left] > 0]
    near = near[np.lexsort((near, -counts[near], -of_artist[near]))]
    far = left[of_artist[left] == 0]
    far = far[np.lexsort((far, -counts[far]))]
    methods = ["co_occurrence"] * len(found) + ["same_artist"] * len(near) + ["popularity"] * len(far)
    order = np.concatenate([found, near, far])
    return methods, np.where(np.arange(len(order)) < len(found), score[order], 0), order


def measures(order, hidden):
    """R-precision, NDCG@500 and clicks of one list."""
    is_hit = np.isin(order, hidden)
    gains = 1 / np.log2(np.arange(1, 501) + 1)
    shown = is_hit[:500]
    first = np.flatnonzero(shown)
    return np.array([
        is_hit[: len(hidden)].sum() / len(hidden),
        gains[: len(shown)][shown].sum() / gains[: min(len(hidden), 500)].sum(),
        first[0] // 10 if len(first) else 51,
    ])


held = np.zeros((LISTS, SONGS))
held[of_list, of_song] = 1
like, counts = likeness(held)
compared, difference = 0, 0.0
cases = [(["--playlist", f"P{number:021d}"], of_song[of_list == number]) for number in range(seed, LISTS, 143)]
cases += [(["--song", song_id(song)], np.array([song])) for song in range(seed, SONGS, 577)]
pair = np.array([of_song[0], of_song[-1]])
cases.append((["--song", song_id(pair[0]), "--song", song_id(pair[1])], pair))
for arguments, seeds in cases:
    methods, scores, order = ranked(like, counts, seeds, np.arange(SONGS))
    rows = told(*arguments, "--count", "600")["recommendations"]
    assert [row["rank"] for row in rows] == list(range(1, 601)), arguments
    assert [row["song_id"] for row in rows] == [song_id(song) for song in order[:600]], arguments
    assert [row["method"] for row in rows] == methods[:600], arguments
    difference = max(difference, np.abs(np.array([row["score"] for row in rows]) - scores[:600]).max())
    strongest = like[np.ix_(seeds, order[:600])].max(0)
    for row, song, best in zip(rows, order, strongest):
        if row["method"] == "co_occurrence":
            named, count = row["reason"].removeprefix("with Song ").split(" in ")
            one = int(named)
            assert one in seeds and np.isclose(like[one, song], best), row
            assert int(count.split()[0]) == (held[:, one] * held[:, song]).sum(), row
    compared += len(rows)
assert difference < 1e-9, difference

# A song a day: the rank within the list is the time.
position = np.concatenate([np.arange(length) for length in np.bincount(of_list, minlength=LISTS)])
length = np.bincount(of_list, minlength=LISTS)[of_list]
is_test = 10 * position >= 9 * length
known_held = np.zeros((LISTS, SONGS))
known_held[of_list[~is_test], of_song[~is_test]] = 1
like, counts = likeness(known_held)
known = np.flatnonzero(counts)
popular = known[np.lexsort((known, -counts[known]))]
sums, tested = {"model": np.zeros(3), "popularity": np.zeros(3)}, np.unique(of_list[is_test])
for number in tested:
    hidden = of_song[(of_list == number) & is_test]
    seeds = of_song[(of_list == number) & ~is_test]
    sums["model"] += measures(ranked(like, counts, seeds, known)[2], hidden)
    sums["popularity"] += measures(popular[~np.isin(popular, seeds)], hidden)
said = told("--evaluate")
assert said["list_count"] == len(tested), said
for method, sum_ in sums.items():
    means = dict(zip(["r_precision", "ndcg", "clicks"], sum_ / len(tested)))
    for name, value in means.items():
        assert np.isclose(said[method][name], value, rtol=0, atol=1e-9), (method, name, said, means)
print(json.dumps({"compared": compared, "difference": difference, "evaluation": said}))
