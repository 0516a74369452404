"""Great Expectations and `snowtrack check` say the same of broken data, by the checks' names.

    agree.py SNOWTRACK FOLDER

Each set is a playlist with one thing wrong, shipped all the same with `run --warn-only`; then the suite looks at the lake. Also: the suite
is what generate.py makes of sql/duckdb, and data docs have a page for each table.
"""

import copy
import json
import pathlib
import subprocess
import sys
import tempfile

INTEGRATION = pathlib.Path(__file__).resolve().parents[2] / "integrations" / "great_expectations"
sys.path.insert(0, str(INTEGRATION))
import validate  # noqa: E402

ARTIST, ALBUM, LIST = "1aB1cD2eF3gH4iJ5kL6mN7", "2aB1cD2eF3gH4iJ5kL6mN7", "3aB1cD2eF3gH4iJ5kL6mN7"


def page(kind, identifier):
    return {"spotify": f"https://open.spotify.com/{kind}/{identifier}"}


def playlist():
    artist = {"id": ARTIST, "name": "The Piers", "type": "artist", "external_urls": page("artist", ARTIST)}
    items = []
    for number in range(3):
        song = f"{number}zB1cD2eF3gH4iJ5kL6mN7"
        track = {
            "id": song, "type": "track", "name": f"Low Tide {number}", "duration_ms": 180_000, "popularity": 40,
            "external_urls": page("track", song), "artists": [copy.deepcopy(artist)],
            "album": {"id": ALBUM, "name": "Harbour", "release_date": "2019-05-17", "total_tracks": 9, "type": "album",
                      "external_urls": page("album", ALBUM), "artists": [copy.deepcopy(artist)]},
        }
        items.append({"added_at": "2024-01-01T00:00:00Z", "added_by": {"id": "me"}, "is_local": False, "track": track})
    return {
        "id": LIST, "name": "Shore", "type": "playlist", "public": True, "collaborative": False, "snapshot_id": "s1", "owner": {"id": "me"},
        "external_urls": page("playlist", LIST),
        "tracks": {"items": items, "total": 3, "limit": 100, "offset": 0, "next": None, "previous": None},
    }


def track(broken, number=0):
    return broken["tracks"]["items"][number]["track"]


def song_without_name(broken):
    track(broken)["name"] = None


def song_of_no_length(broken):
    track(broken)["duration_ms"] = 0


def popularity_beyond(broken):
    track(broken)["popularity"] = 101


def foreign_ids(broken):
    track(broken)["id"] = "short"
    track(broken)["external_urls"] = {"spotify": "https://example.org/track/short"}


def taken_down(broken):
    track(broken).update(name="", duration_ms=0)


def song_without_artist_and_album(broken):
    track(broken).update(artists=[], album=None)


def added_before_spotify(broken):
    broken["tracks"]["items"][1]["added_at"] = "2001-01-01T00:00:00Z"


def odd_album(broken):
    for number in range(3):
        track(broken, number)["album"].update(total_tracks=0, release_date="1789-07-14", name="")


def nameless_artist(broken):
    for number in range(3):
        for artist in [*track(broken, number)["artists"], *track(broken, number)["album"]["artists"]]:
            artist.update(name=None, external_urls={})


def nameless_playlist(broken):
    broken.update(name="", external_urls={"spotify": "http://open.spotify.com/playlist/x"})


#: What is broken, and a check that must find it.
SETS = {
    song_without_name: "songs__name_is_not_null",
    song_of_no_length: "songs__duration_is_positive",
    popularity_beyond: "songs__popularity_is_0_to_100",
    foreign_ids: "songs__url_is_well_formed",
    taken_down: "songs__taken_down_duration_is_positive",
    song_without_artist_and_album: "songs__artist_is_known",
    added_before_spotify: "songs__added_at_is_plausible",
    odd_album: "albums__release_date_is_plausible",
    nameless_artist: "artists__name_is_not_null",
    nameless_playlist: "playlists__name_is_known",
}


def run(snowtrack, folder, *accepted):
    arguments = [word for name in accepted for word in ("--warn-only", name)]
    done = subprocess.run(
        [snowtrack, "--json", "run", "--from-dir", "in", *arguments], cwd=folder, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True)
    return done.returncode, json.loads(done.stdout)


def failed(report):
    return {one["check"]: one["offending_row_count"] for one in report["checks"] if one["status"] == "fail"}


def compare(snowtrack, folder, breaks, wanted):
    (folder / "in").mkdir(parents=True)
    document = playlist()
    breaks(document)
    (folder / "in" / "playlist.json").write_text(json.dumps(document))
    code, report = run(snowtrack, folder)
    if code == 4:
        refused = [one["check"] for one in report["checks"] if one["status"] == "fail" and one["severity"] == "error"]
        code, report = run(snowtrack, folder, *refused)
    assert code == 0, (breaks.__name__, code, report["error"])
    theirs = validate.validate(validate.Lake(folder / "data/lake/spotify-data"), None)
    not_possible = {one["check"] for one in validate.SUITE["not_possible"]}
    ours = {name: count for name, count in failed(report).items() if name not in not_possible}
    found = {one["check"]: one["offending_row_count"] for one in theirs if one["status"] == "fail"}
    assert set(found) == set(ours), f"{breaks.__name__}: snowtrack {ours}, Great Expectations {found}"
    assert found == ours, f"{breaks.__name__}: other rows: snowtrack {ours}, Great Expectations {found}"
    assert wanted in found, f"{breaks.__name__}: {wanted} found nothing"
    print(f"{breaks.__name__:<30} {', '.join(sorted(found))}")


def the_demo(snowtrack, folder):
    """Two nights: the newest row of a key counts. The docs have a page for each validation."""
    folder.mkdir()
    for _ in range(2):
        done = subprocess.run([snowtrack, "--json", "run", "--demo"], cwd=folder, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    done = subprocess.run([snowtrack, "--json", "check", "--all"], cwd=folder, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True)
    lake, docs = validate.Lake(folder / "data/lake/spotify-data"), folder / "docs"
    theirs = {one["check"] for one in validate.validate(lake, docs) if one["status"] == "fail"}
    not_possible = {one["check"] for one in validate.SUITE["not_possible"]}
    assert theirs == set(failed(json.loads(done.stdout))) - not_possible, (theirs, done.stdout)
    index = (docs / "index.html").read_text()
    for table in validate.SUITE["tables"]:
        assert list(docs.rglob(f"validations/{table}/**/*.html")), table
    assert "Data Docs" in index
    print(f"{'the demo, two nights':<30} {', '.join(sorted(theirs))}; data docs: {docs / 'index.html'}")


def main():
    snowtrack = pathlib.Path(sys.argv[1]).resolve()
    subprocess.run([sys.executable, INTEGRATION / "generate.py", "--check"], check=True)
    listed = subprocess.run([snowtrack, "--json", "check", "--list"], capture_output=True, text=True, check=True)
    names = {one["check"] for one in json.loads(listed.stdout)}
    mine = {one["check"] for one in validate.SUITE["expectations"] + validate.SUITE["not_possible"]}
    assert names == mine, names ^ mine
    parent = pathlib.Path(sys.argv[2])
    parent.mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(dir=parent))
    for breaks, wanted in SETS.items():
        compare(snowtrack, folder / breaks.__name__, breaks, wanted)
    the_demo(snowtrack, folder / "demo")
    print(f"{len(SETS)} broken sets, {len({one['check'] for one in validate.SUITE['expectations']})} checks: Great Expectations agrees with snowtrack")


if __name__ == "__main__":
    main()
