"""The same documents into DuckDB with dlt: each row of a playlist goes in, dlt finds the tables.

`with_dlt.py FOLDER WORK` prints how many rows it loaded and the seconds of the pipeline itself.
"""
import json, pathlib, sys, time


def rows(folder):
    for file in sorted(pathlib.Path(folder).glob("*.ndjson")):
        with open(file) as lines:
            for line in lines:
                body = json.loads(line)["body"]
                items = body["items"]
                for row in items if isinstance(items, list) else items["items"]:
                    if row:
                        yield row


def main(folder, work):
    import dlt

    pipeline = dlt.pipeline("bench", pipelines_dir=f"{work}/pipelines", destination=dlt.destinations.duckdb(f"{work}/dlt.duckdb"),
                            dataset_name="spotify")
    started = time.perf_counter()
    pipeline.run(dlt.resource(rows(folder), name="playlist_rows"))
    seconds = time.perf_counter() - started
    loaded = pipeline.last_trace.last_normalize_info.row_counts["playlist_rows"]
    print(json.dumps({"rows": loaded, "seconds": seconds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
