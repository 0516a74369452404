"""Two thousand rounds of `watch` without news against the double: memory is flat, and so is every file of the data directory.

    python soak.py [--snowtrack PATH] [--doubles PATH] [--rounds 2000] [--every 1s]
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from latency import DEBUG

#: A file may grow by so much from round 100 on: DuckDB's grow and shrink by blocks of 256 KiB.
MOST_GROWTH = 4 << 18
#: Resident memory from round 100 on.
MOST_KIB = 30_000


def resident(process_id):
    status = pathlib.Path(f"/proc/{process_id}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])


def sizes(folder):
    return {str(it.relative_to(folder)): it.stat().st_size for it in sorted(folder.rglob("*")) if it.is_file()}


def main(arguments):
    doubles = subprocess.Popen([arguments.doubles, "spotify"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    told = json.loads(doubles.stdout.readline())["spotify"]
    environment = {
        "SPOTIFY_API_URL": told["api_url"], "SPOTIFY_ACCOUNTS_URL": told["accounts_url"], "SPOTIFY_CLIENT_ID": told["client_id"],
        "SPOTIFY_CLIENT_SECRET": told["client_secret"], "SPOTIFY_REFRESH_TOKEN": told["refresh_token"],
    }
    failures, early = [], None
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "snowtrack.toml").write_text("[spotify]\nmin_gap_ms = 0\n")
        command = [arguments.snowtrack, "watch", "--mine", "--every", arguments.every, "--json", "--quiet", "--max-runs", str(arguments.rounds)]
        began = time.monotonic()
        watch = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
        for line in watch.stdout:
            round_ = json.loads(line)
            number = round_["round"]
            if round_["exit_code"] != 0 or (number > 1 and round_["status"] != "unchanged"):
                failures.append(f"round {number}: {round_['status']}: {round_['error']}")
            if number not in (2, 10, 100, 200, 500, 1000, 1500, arguments.rounds - 1):
                continue
            memory, files = resident(watch.pid), sizes(pathlib.Path(folder, "data"))
            # The local lake is what was exported; it does not change.
            shown = {name: size for name, size in files.items() if not name.startswith("lake/")}
            print(f"round {number}, {time.monotonic() - began:.0f} s: {memory} KiB, {len(files)} files, {sum(files.values())} bytes: {shown}", flush=True)
            if number == 100:
                early = memory, files
            if early and number > 100:
                if memory > early[0] + MOST_KIB:
                    failures.append(f"{early[0]} KiB became {memory}")
                grown = {name: size for name, size in files.items() if size > early[1].get(name, 0) + MOST_GROWTH}
                if grown or len(files) != len(early[1]):
                    failures.append(f"round {number}: grown {grown}, {len(early[1])} files became {len(files)}")
        code = watch.wait()
        runs = json.loads(subprocess.check_output([arguments.snowtrack, "--json", "status"], cwd=folder, env=environment))
        counted = [it.get("round_count") for it in runs]
        if code != 0 or sum(counted) != arguments.rounds or len(runs) != 2:
            failures.append(f"exit code {code}, {counted} rounds in status")
    doubles.terminate()
    doubles.wait()
    print("\n".join(failures) or f"{arguments.rounds} rounds: flat; status has {len(runs)} runs")
    return 1 if failures else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--snowtrack", default=str(DEBUG / "snowtrack"), type=os.path.abspath)
    parser.add_argument("--doubles", default=str(DEBUG / "snowtrack-doubles"), type=os.path.abspath)
    parser.add_argument("--rounds", default=2000, type=int)
    parser.add_argument("--every", default="1s")
    sys.exit(main(parser.parse_args()))
