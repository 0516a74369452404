"""What snowtrack costs: Spotify calls, start-up, small libraries, throughput and memory, a small change of a large warehouse.

`make bench` runs all of it; `BENCH_ARGS="--only throughput --rows 200000"` a part. Documents are invented (`documents.py`), the
same on every machine. Beside it, on the same documents: the project's SQL run by DuckDB's Python package, and dlt; on the same small
library the predecessor's stack, spotipy, pandas and boto3.
"""
import argparse, json, math, os, pathlib, shutil, subprocess, sys, time
from importlib.metadata import version

sys.path.append(str(pathlib.Path(__file__).parents[1] / "oracles"))
import documents, planted
from measure import load, machine, median, run, table
from stub import Stub

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
BUCKET = "lake"
PARTS = ["calls", "startup", "small", "throughput", "change", "features", "recommend"]
# The targets that the project sets itself, for two idle cores.
ROWS_PER_S, PEAK_MIB, CHANGE_RATIO, VERSION_MS, DEMO_S = 60_000, 512, 1.2, 30, 1.0
SMALL_MIB = 120
# What features cost a run that finds one list changed, as a part of what they cost from nothing.
FEATURES_SHARE = 0.2
# How much better than popularity a recommendation finds planted tastes, and in how much memory.
TASTE_RATIO, TASTE_MIB = 3, 1_024
# Small libraries, from Spotify to S3: playlists, rows of each, whether they are named or listed, and the most CPU seconds of a first
# and of an unchanged run.
SMALL = [(20, 500, "--playlist", 1.2, 0.25), (500, 2, "--mine", None, 0.4), (1_000, 2, "--mine", 6.0, 0.7)]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", choices=PARTS, action="append", help="only this part (repeatable)")
    parser.add_argument("--rows", type=int, default=1_000_000, help="playlist rows of the throughput run")
    parser.add_argument("--history-rows", type=int, help="rows of the large warehouse [default: four times --rows]")
    parser.add_argument("--dlt-rows", type=int, default=20_000, help="rows that dlt gets; 0 leaves it out")
    parser.add_argument("--reference-rows", type=int, help="rows of the DuckDB package [default: --rows; 0: leave it out]")
    parser.add_argument("--repeat", type=int, default=3, help="runs of which the median counts")
    parser.add_argument("--small-repeat", type=int, default=5, help="runs of each small library")
    parser.add_argument("--seed", type=int, action="append", help="of the planted tastes (repeatable) [default: 1, 2, 3]")
    parser.add_argument("--lists", type=int, default=1_000, help="lists with planted tastes; twice as many songs")
    parser.add_argument("--snowtrack", default=ROOT / "target/release/snowtrack", type=pathlib.Path)
    parser.add_argument("--work", default=ROOT / "target/bench-work", type=pathlib.Path, help="folder for documents and warehouses")
    args = parser.parse_args()
    args.history_rows = args.history_rows or 4 * args.rows
    args.reference_rows = args.rows if args.reference_rows is None else args.reference_rows
    return args


class Cloud:
    """`cloud.py` as long as it is needed."""

    def __init__(self, row_count, length):
        self.row_count = row_count
        command = [sys.executable, HERE / "cloud.py", str(row_count), str(length)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        said = json.loads(self.process.stdout.readline())
        self.spotify, self.s3, self.playlists = said["spotify"], said["s3"], said["playlists"]

    def asked(self, object_count):
        """Calls to Spotify since it was last asked; ends the benchmark where a rule was broken or S3 holds something else."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        said = json.loads(self.process.stdout.readline())
        if said["refusals"] or object_count not in (None, said["object_count"]):
            sys.exit(f"the doubles say {said}, {object_count} objects were expected")
        return said["call_count"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


class Bench:
    def __init__(self, args):
        self.args, self.work, self.libraries = args, args.work.resolve(), {}
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        self.binary = args.snowtrack.resolve()
        # Nothing of the developer's own configuration.
        self.env = {key: os.environ[key] for key in ("PATH", "HOME", "LD_LIBRARY_PATH") if key in os.environ}

    def snowtrack(self, *command, env=(), expect=(0,)):
        return run([self.binary, *command], env={**self.env, **dict(env)}, cwd=self.work, expect=expect)

    def land(self, data, folder):
        """One run over a folder of documents: its cost and its report. Checks of Spotify's data may warn, not fail."""
        cost = self.snowtrack("--json", "--data-dir", data, "run", "--from-dir", folder)
        return cost, json.loads(cost.output)

    def documents(self, name, library, last_row=None):
        folder = self.work / "documents" / name
        if name not in self.libraries:
            started = time.perf_counter()
            self.libraries[name] = documents.write_folder(folder, library, last_row)
            print(f"  (documents {name}: {self.libraries[name] / 1e6:,.0f} MB in {time.perf_counter() - started:.0f} s)", flush=True)
        return folder

    def fresh(self, name):
        folder = self.work / name
        shutil.rmtree(folder, ignore_errors=True)
        return folder

    # ------------------------------------------------------------ calls
    def calls(self):
        row_count = min(self.args.rows, 5_000)
        stub = Stub(documents.Library(row_count, owner_count=1))
        (self.work / "bench.toml").write_text("[spotify]\nmin_gap_ms = 0\n")
        env = {"SPOTIFY_CLIENT_ID": "bench", "SPOTIFY_CLIENT_SECRET": "secret", "SPOTIFY_REFRESH_TOKEN": "bench",
               "SPOTIFY_API_URL": f"{stub.url}/v1", "SPOTIFY_ACCOUNTS_URL": f"{stub.url}/"}
        command = ("--config", self.work / "bench.toml", "--json", "--data-dir", self.fresh("calls"), "run", "--mine")
        lengths = [len(rows) for _, rows in stub.bodies.values()]
        lists = 1 + math.ceil(len(lengths) / 50)
        pages = [math.ceil(max(0, length - documents.EMBEDDED) / documents.PAGE) for length in lengths]
        rows = []
        for name, least in (("first run", lists + sum(1 + count + (count > 0) for count in pages)), ("nothing changed", lists)):
            self.snowtrack(*command, env=env)
            calls = stub.count()
            rows.append([name, f"{row_count:,}", len(lengths), calls, least, f"{calls / row_count * 1000:.1f}"])
        by_pages = sum(1 + math.ceil(length / documents.PAGE) for length in lengths) + lists
        stub.close()
        table("Spotify calls", ["run --mine", "rows", "playlists", "calls", "by the rule", "per 1,000 rows"], rows, [
            "the rule: /me, one per 50 playlists; of what changed 1 + ceil((n - 100) / 50), and one look back where n > 100",
            f"a client that pages every playlist from its start, 50 rows a call, makes {by_pages} calls on either run",
            f"refused by the stub: {len(stub.refusals)}"])
        if stub.refusals:
            sys.exit(f"the stub refused: {stub.refusals[:5]}")

    # ------------------------------------------------------------ start-up
    def startup(self):
        rows = []
        for option in ("--version", "--help"):
            cost = median([self.snowtrack(option) for _ in range(20)])
            rows.append([option, f"{cost.wall_s * 1000:.1f} ms", f"{cost.cpu_s * 1000:.1f} ms", f"{cost.peak_mib:.0f} MiB",
                         f"< {VERSION_MS} ms" if option == "--version" else ""])
        demo = ("--json", "--data-dir", self.fresh("demo"), "run", "--demo")
        for _ in range(2):
            self.snowtrack(*demo)
        costs = [self.snowtrack(*demo) for _ in range(7)]
        changed = sum(entry["changed_row_count"] for entry in json.loads(costs[-1].output)["tables"])
        cost = median(costs)
        rows.append(["run --demo, unchanged", f"{cost.wall_s * 1000:.0f} ms", f"{cost.cpu_s * 1000:.0f} ms",
                     f"{cost.peak_mib:.0f} MiB", f"< {DEMO_S * 1000:.0f} ms"])
        table("Start-up", ["command", "wall", "cpu", "peak memory", "target"], rows,
              [f"medians of 20 and 7; rows that the unchanged run shipped: {changed}", load()])

    # ------------------------------------------------------------ small libraries
    def small(self):
        rows, notes = [], ["from a double of Spotify to one of S3, both in a process of their own"]
        for count, length, how, first_target, unchanged_target in SMALL:
            with Cloud(count * length, length) as cloud:
                row_count = f"{count:,} × {length:,}"
                if how == "--playlist":
                    cost, calls = self.predecessor(cloud)
                    rows.append(["spotipy, pandas, boto3", row_count, calls, *self.figures(cost), ""])
                for name, target, costs, calls in zip(("first run", "unchanged"), (first_target, unchanged_target),
                                                      *self.nights(cloud, how)):
                    target = f"{target} s" if target else ""
                    rows.append([f"snowtrack, {name}", row_count, calls, *self.figures(median(costs)), target])
        table("Small libraries", ["", "playlists", "calls", "wall", "cpu", "peak memory", "target, cpu"], rows,
              [*notes, f"medians of {self.args.small_repeat}; peak of all {SMALL_MIB} MiB or less is the target; {load()}"])

    @staticmethod
    def figures(cost):
        return [f"{cost.wall_s:.2f} s", f"{cost.cpu_s:.2f} s", f"{cost.peak_mib:.0f} MiB"]

    def aws(self, cloud):
        return {"AWS_ACCESS_KEY_ID": "AKIADOUBLEDOUBLEDOUB", "AWS_SECRET_ACCESS_KEY": "double-secret-key-7f3b1c90",
                "AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL": cloud.s3, "AWS_EC2_METADATA_DISABLED": "true"}

    def predecessor(self, cloud):
        command = [sys.executable, HERE / "predecessor.py", cloud.spotify, cloud.s3, BUCKET, *cloud.playlists]
        costs, calls = [], None
        for _ in range(self.args.small_repeat):
            costs.append(run(command, env={**self.env, **self.aws(cloud)}, cwd=self.work))
            calls = cloud.asked(object_count=3)
        return median(costs), calls

    def nights(self, cloud, how):
        """A first run and one without news, again and again: costs of both, calls of both."""
        (self.work / "small.toml").write_text("[spotify]\nmin_gap_ms = 0\n")
        env = {**self.aws(cloud), "S3_BUCKET": BUCKET, "SPOTIFY_CLIENT_ID": "bench", "SPOTIFY_CLIENT_SECRET": "secret",
               "SPOTIFY_REFRESH_TOKEN": "bench", "SPOTIFY_API_URL": f"{cloud.spotify}/v1", "SPOTIFY_ACCOUNTS_URL": f"{cloud.spotify}/"}
        sources = ["--mine"] if how == "--mine" else [part for id in cloud.playlists for part in ("--playlist", id)]
        costs, calls = ([], []), [None, None]
        for _ in range(self.args.small_repeat):
            data = self.fresh("small")
            for night, ships in enumerate((True, False)):
                cost = self.snowtrack("--config", self.work / "small.toml", "--json", "--data-dir", data, "run", *sources, env=env)
                costs[night].append(cost)
                calls[night] = cloud.asked(object_count=None if ships else 0)
                report = json.loads(cost.output)
                found = sum(playlist["row_count"] for playlist in report["playlists"])
                changed = sum(table["changed_row_count"] for table in report["tables"])
                if found != cloud.row_count or bool(changed) != ships:
                    sys.exit(f"night {night + 1}: {found} of {cloud.row_count} rows, {changed} changed")
        return costs, calls

    # ------------------------------------------------------------ throughput
    def throughput(self):
        count = self.args.rows
        folder = self.documents(f"{count:,}", documents.Library(count))
        costs = []
        for _ in range(self.args.repeat):
            cost, report = self.land(self.fresh("throughput"), folder)
            costs.append(cost)
        ours, counts = median(costs), {entry["table"]: entry["row_count"] for entry in report["tables"]}
        rows = [self.speed("snowtrack run --from-dir", count, ours, ours)]
        notes = [f"{count:,} rows, {self.libraries[f'{count:,}'] / count:,.0f} bytes of JSON each; {counts['songs']:,} songs, "
                 f"{counts['albums']:,} albums, {counts['artists']:,} artists",
                 f"landing, transform, {len(report['checks'])} checks, publish, export; medians of {len(costs)}; {load()}",
                 f"wall, each run: {', '.join(f'{cost.wall_s:.1f}' for cost in costs)} s; "
                 f"target {ROWS_PER_S:,} rows/s and {PEAK_MIB} MiB on two idle cores"]
        rows += self.reference(ours, counts, notes) + self.dlt(ours, notes)
        table("Throughput", ["", "rows", "wall", "rows/s", "cpu", "rows/cpu-s", "peak memory", "cpu, ours = 1"], rows, notes)

    def speed(self, name, count, cost, ours, our_count=None):
        ratio = cost.cpu_s / count / (ours.cpu_s / (our_count or count))
        return [name, f"{count:,}", f"{cost.wall_s:.1f} s", f"{count / cost.wall_s:,.0f}", f"{cost.cpu_s:.1f} s",
                f"{count / cost.cpu_s:,.0f}", f"{cost.peak_mib:,.0f} MiB", f"{ratio:.2f}"]

    def reference(self, ours, counts, notes):
        count = self.args.reference_rows
        if not count:
            return []
        folder = self.documents(f"{count:,}", documents.Library(count))
        work = self.fresh("reference")
        work.mkdir()
        cost = run([sys.executable, HERE / "reference.py", folder, work])
        said = json.loads(cost.output)
        if count == self.args.rows and said["tables"] != counts:
            sys.exit(f"the tables differ: {said['tables']} is not {counts}")
        notes.append(f"DuckDB {version('duckdb')} by its Python package: landing by SQL {said['landing_s']:.1f} s, the project's SQL "
                     f"and Parquet {said['rest_s']:.1f} s, the same tables; no memory limit to speak of")
        return [self.speed("same SQL, duckdb package", count, cost, ours, self.args.rows)]

    def dlt(self, ours, notes):
        count = self.args.dlt_rows
        if not count:
            return []
        folder = self.documents(f"{count:,}", documents.Library(count))
        work = self.fresh("dlt")
        work.mkdir()
        cost = run([sys.executable, HERE / "with_dlt.py", folder, work], env={**self.env, "RUNTIME__DLTHUB_TELEMETRY": "false"})
        said = json.loads(cost.output.splitlines()[-1])
        notes.append(f"dlt {version('dlt')} into DuckDB: extract, normalize, load; {said['rows']:,} rows in {said['seconds']:.1f} s by its "
                     f"own clock; on fewer rows, so compare rows/s (at this rate {self.args.rows:,} rows take "
                     f"{cost.wall_s / count * self.args.rows / 60:.0f} minutes)")
        return [self.speed("dlt", count, cost, ours, self.args.rows)]

    def copied(self, warehouse):
        data = self.fresh("changed")
        shutil.copytree(warehouse, data, ignore=shutil.ignore_patterns("raw", "manifests"))
        # A copy is not the file that was published, unless it is as old.
        shutil.copystat(warehouse / "spotify.duckdb", data / "spotify.duckdb")
        # Whoever flushes a file next would otherwise wait for what was copied just now.
        os.sync()
        return data

    # ------------------------------------------------------------ memory, and a small change of a large warehouse
    def change(self):
        count = self.args.history_rows
        folder = self.documents(f"{count:,}", documents.Library(count))
        history = self.fresh("history")
        cost, _ = self.land(history, folder)
        shutil.rmtree(self.work / "documents" / f"{count:,}")
        table("Memory", ["", "rows", "wall", "rows/s", "cpu", "rows/cpu-s", "peak memory", ""],
              [self.speed("snowtrack run --from-dir", count, cost, cost)[:-1] + [""]],
              [f"one run; target {PEAK_MIB} MiB whatever the rows; {load()}"])
        folder = self.documents("change", documents.Library(count, version=2), last_row=count // 100)
        # The warehouse learns of the change as a first run does: its own copy each time, and the empty one beside it.
        costs = {"empty": [], "history": []}
        for _ in range(self.args.repeat):
            for name, into in costs.items():
                data = self.copied(history) if name == "history" else self.fresh("changed")
                cost, report = self.land(data, folder)
                into.append(cost)
        empty, large = median(costs["empty"]), median(costs["history"])
        changed = {entry["table"]: entry["changed_row_count"] for entry in report["tables"]}
        row = lambda name, cost: [name, f"{cost.wall_s:.2f} s", f"{cost.wall_s / empty.wall_s:.2f}", f"{cost.cpu_s:.2f} s",
                                  f"{cost.cpu_s / empty.cpu_s:.2f}", f"{cost.peak_mib:.0f} MiB"]
        table("A change of 1 %", ["", "wall", "ratio", "cpu", "ratio", "peak memory"],
              [row("of an empty warehouse", empty), row(f"of one with {count:,} rows", large)],
              [f"the playlists of {count // 100:,} rows, one row in twenty another; the large warehouse shipped "
               f"{changed['playlist_songs']:,} rows and {changed['songs']:,} songs", f"medians of {self.args.repeat}; "
               f"target {CHANGE_RATIO}; {load()}; extremes of cpu: "
               + ", ".join(f"{min(c.cpu_s for c in group):.2f} to {max(c.cpu_s for c in group):.2f} s" for group in costs.values())])

    # ------------------------------------------------------------ features, and what one changed list costs them
    def features(self):
        count = self.args.rows
        history = self.fresh("features")
        self.land(history, self.documents(f"{count:,}", documents.Library(count)))
        change = self.documents("one list", documents.Library(count, version=2), last_row=1)
        without = [self.land(self.copied(history), change)[0] for _ in range(self.args.repeat)]
        whole = [self.snowtrack("--json", "--data-dir", history, "features") for _ in range(self.args.repeat)]
        tables = {table["table"]: table["row_count"] for table in json.loads(whole[-1].output)["tables"]}
        nights = [self.land(self.copied(history), change) for _ in range(self.args.repeat)]
        length = sum(playlist["row_count"] for playlist in nights[-1][1]["playlists"])
        without, whole, night = median(without), median(whole), median([cost for cost, _ in nights])
        more = night.cpu_s - without.cpu_s
        table("Features", ["", "wall", "cpu", "peak memory"],
              [["from nothing: `features`", *self.figures(whole)], ["one list changed: a run without them", *self.figures(without)],
               ["the same run with them", *self.figures(night)],
               ["what they cost it", f"{night.wall_s - without.wall_s:.2f} s", f"{more:.2f} s", ""]],
              [f"{count:,} rows; {tables['interactions']:,} pairs, {tables['song_features']:,} songs, {tables['playlist_features']:,} lists; "
               f"the list has {length:,} rows, of which one in twenty is another",
               f"{more / whole.cpu_s:.0%} of the processor time, target {FEATURES_SHARE:.0%}; the Parquet files, which are whole each "
               f"time, among it; medians of {self.args.repeat}; {load()}"])
        if more > FEATURES_SHARE * whole.cpu_s:
            sys.exit(f"features cost a small change {more:.1f} s, and {whole.cpu_s:.1f} s from nothing")

    # ------------------------------------------------------------ recommendations of planted tastes
    def recommend(self):
        rows = []
        for seed in self.args.seed or [1, 2, 3]:
            data = self.fresh("tastes")
            data.mkdir()
            count = planted.write(data / "spotify.duckdb", self.args.lists, 2 * self.args.lists, seed, "demo")
            command = ["--data-dir", data, "--json", "recommend"]
            one = [self.snowtrack(*command, "--playlist", f"P{number:021d}") for number in range(self.args.repeat)]
            cost = self.snowtrack(*command, "--evaluate")
            said = json.loads(cost.output)
            ratio = said["model"]["r_precision"] / said["popularity"]["r_precision"]
            for method in ["model", "popularity"]:
                measures = [f"{said[method][name]:.3f}" for name in ["r_precision", "ndcg", "clicks"]]
                rows.append([f"seed {seed}: {method}", *measures, *([f"{median(one).wall_s:.2f} s", f"{cost.wall_s:.1f} s",
                             f"{max(c.peak_mib for c in [*one, cost]):.0f} MiB"] if method == "model" else ["", "", ""])])
            if ratio < TASTE_RATIO or max(c.peak_mib for c in [*one, cost]) > TASTE_MIB:
                sys.exit(f"seed {seed}: {ratio:.1f} times popularity, wanted {TASTE_RATIO}; or more than {TASTE_MIB} MiB: {rows}")
        table("Recommendations of planted tastes", ["", "R-precision", "NDCG@500", "clicks", "one list", "evaluation", "peak memory"], rows,
              [f"{self.args.lists:,} lists, {count:,} rows with the last seed; the structure that the method looks for is planted: that is a "
               f"check of the code, and says nothing of anybody's taste; target {TASTE_RATIO} times popularity's R-precision; {load()}"])


def main():
    args = arguments()
    if not args.snowtrack.exists():
        sys.exit(f"{args.snowtrack} is not there: run `make build` first")
    started, bench = time.perf_counter(), Bench(args)
    print(f"{machine()}\n{bench.snowtrack('--version').output.strip()}, Python {sys.version.split()[0]}, duckdb {version('duckdb')}", flush=True)
    for part in args.only or PARTS:
        getattr(bench, part)()
    shutil.rmtree(bench.work)
    print(f"\n{(time.perf_counter() - started) / 60:.1f} minutes in all; {machine()}")


if __name__ == "__main__":
    main()
