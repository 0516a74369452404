"""Measures `snowtrack upload` against `aws s3 cp --recursive`: the same files, the same server, turn and turn about.

    upload.py --snowtrack target/release/snowtrack [--aws aws] [--server sink|s3s] [--mib 2048] [--files 12] [--rounds 3] [--check]

The servers are tests of this repository, built by `make test`: `sink` takes everything and keeps nothing, so that the clients
are measured and not the disk; `s3s` is a real store on the disk of this machine, which is busier than either client.
Prints one line per round and the medians; with --check it fails below 0.9 of the AWS command line or above 300 MiB.
"""
import argparse, hashlib, json, os, re, shutil, statistics, subprocess, sys, tempfile, time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MIB = 1 << 20
BUCKET = "lake"


def suite():
    """The test binary, which holds the servers; cargo says where it is."""
    command = ["cargo", "test", "--test", "suite", "--no-run", "--message-format=json"]
    lines = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    built = [json.loads(line) for line in lines if line.startswith("{")]
    return [one["executable"] for one in built if one.get("executable") and one["target"]["name"] == "suite"][-1]


class Server:
    def __init__(self, binary, kind, env):
        name = f"lake::upload::measured::{kind}_server"
        self.process = subprocess.Popen([binary, "--exact", name, "--ignored", "--nocapture"], env=env,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url, self.folder = None, None
        while not self.url or (kind == "s3s" and not self.folder):
            line = self.process.stdout.readline()
            assert line, "the server did not start"
            for field, value in re.findall(r"(url|folder) (\S+)", line):
                setattr(self, field, value)

    def empty(self):
        """As on the first day. s3s keeps what it knows of objects beside the bucket."""
        if self.folder:
            shutil.rmtree(self.folder)
            for path in Path(self.folder).parent.glob(".*.json"):
                path.unlink()
            os.mkdir(self.folder)

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def measured(command, env):
    """Seconds and peak resident MiB of one process."""
    began = time.monotonic()
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{command} failed with {process.returncode}"
    return seconds, usage.ru_maxrss / 1024


def make_lake(snowtrack, folder, env, count, size):
    """A data directory whose only run exported `count` files of `size` bytes; the ledger knows them, nothing is uploaded."""
    import duckdb

    data = folder / "data"
    subprocess.run([snowtrack, "--data-dir", data, "-q", "run", "--demo"], env=env, check=True, stdout=subprocess.DEVNULL)
    ledger = duckdb.connect(str(data / "snowtrack.duckdb"))
    run, manifest_key = ledger.execute("select run_id, manifest_key from meta.runs").fetchone()
    for path in (data / "lake").rglob("raw"):
        shutil.rmtree(path)
    ledger.execute("delete from meta.files")
    for number in range(count):
        key = f"spotify-data/raw/songs/year=2026/month=01/day=05/songs_{run}_{number:04}.parquet"
        path = data / "lake" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        block, hash, left = os.urandom(MIB), hashlib.sha256(), size
        with open(path, "wb") as file:
            while left > 0:
                piece = (left.to_bytes(8, "big") + block[8:])[:left]
                hash.update(piece)
                file.write(piece)
                left -= len(piece)
        ledger.execute("""insert into meta.files by name select ? as run_id, 'songs' as "table", ? as key, 1 as row_count,
            ? as size_bytes, ? as sha256, '1' as row_hash_sum, 'exported' as state, now()::timestamp as updated_at""",
                       [run, key, size, hash.hexdigest()])
    ledger.close()
    return data, run


def forget(data):
    """Nothing was uploaded."""
    import duckdb

    with duckdb.connect(str(data / "snowtrack.duckdb")) as ledger:
        ledger.execute("update meta.files set state = 'exported'")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--snowtrack", required=True)
    parser.add_argument("--aws", default="aws")
    parser.add_argument("--suite", help="the test binary [default: cargo builds it]")
    parser.add_argument("--server", choices=["sink", "s3s"], default="sink")
    parser.add_argument("--mib", type=int, default=2048)
    parser.add_argument("--files", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()

    folder = Path(tempfile.mkdtemp(prefix="upload-"))
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "S3_", "SNOWFLAKE_", "SPOTIFY_"))}
    server = Server(options.suite or suite(), options.server, env)
    try:
        size = options.mib * MIB // options.files
        data, run = make_lake(options.snowtrack, folder, env, options.files, size)
        env |= {"AWS_ACCESS_KEY_ID": "AKIADOUBLEDOUBLEDOUB", "AWS_SECRET_ACCESS_KEY": "double-secret-key-7f3b1c90",
                "AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL": server.url, "AWS_EC2_METADATA_DISABLED": "true",
                "S3_BUCKET": BUCKET}
        clients = {
            "snowtrack": [options.snowtrack, "--data-dir", data, "-q", "upload", "--run", run],
            "aws": [options.aws, "s3", "cp", "--recursive", "--only-show-errors", data / "lake", f"s3://{BUCKET}/"],
        }
        found = {name: [] for name in clients}
        for number in range(options.rounds):
            order = list(clients) if number % 2 == 0 else list(reversed(clients))
            for name in order:
                server.empty()
                forget(data)
                seconds, peak = measured(clients[name], env)
                found[name].append((options.mib / seconds, peak))
                print(f"round {number + 1} {name:9} {options.mib / seconds:7.0f} MiB/s {peak:6.0f} MiB peak", flush=True)
        speed = {name: statistics.median(one[0] for one in rounds) for name, rounds in found.items()}
        peak = max(one[1] for one in found["snowtrack"])
        ratio = speed["snowtrack"] / speed["aws"]
        print(f"median    snowtrack {speed['snowtrack']:.0f} MiB/s, aws {speed['aws']:.0f} MiB/s: {ratio:.2f} of it; peak {peak:.0f} MiB")
        if options.check and (ratio < 0.9 or peak > 300):
            sys.exit(1)
    finally:
        server.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
