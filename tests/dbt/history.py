"""The scripted history of `tests/oracles/marts.py`, played through the binary, each night by a run of its own.

    history.py SNOWTRACK FOLDER

Songs come, go, come back and move, a list is emptied, renamed, deleted, songs are taken down, and every snapshot is of one day. The published
file is `FOLDER/data/spotify.duckdb`.
"""

import json
import subprocess
import sys
from pathlib import Path

MARTS = Path(__file__).resolve().parent.parent / "oracles" / "marts.py"


def main() -> None:
    program, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    told = subprocess.run([sys.executable, "-B", str(MARTS), "history", "scripted"], check=True, capture_output=True)
    nights = json.loads(told.stdout)
    for number, documents in enumerate(nights):
        night = folder / f"night-{number}"
        night.mkdir(parents=True)
        for place, document in enumerate(documents):
            (night / f"{place}.json").write_text(json.dumps(document))
        # Away from the settings of whoever calls.
        subprocess.run([str(program), "-q", "--data-dir", "data", "run", "--from-dir", night.name], cwd=folder, check=True)
    print(f"dbt: a history of {len(nights)} nights is played")


main()
