"""`snowtrack ask` against a real server with a real, tiny model: the protocol, a limit, a model that is not there, `--evaluate` to its end.
What so small a model answers says nothing of others.

usage: real_model.py SNOWTRACK DATA_DIR MODEL.gguf QUESTIONS.yml
"""

import json
import os
import struct
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import xllamacpp

# As docs/analyst.md has it.
CONTEXT = 16_384
# It takes a minute or two on two idle cores, and is no fault of ours on busy ones.
FIRST = "30m"


def widened(model: str) -> str:
    """A copy that may be given more than the model was trained on: what `ask` sends is 8,305 of its tokens, and it was trained on 8,192."""
    data, key = bytearray(Path(model).read_bytes()), b"llama.context_length"
    place = data.index(key) + len(key)
    assert struct.unpack_from("<II", data, place) == (4, 8192), model
    struct.pack_into("<I", data, place + 4, CONTEXT)
    copy = Path(model).with_suffix(".wide")
    copy.write_bytes(data)
    return str(copy)


def serve(model: str) -> xllamacpp.Server:
    params = xllamacpp.CommonParams()
    params.model.path = widened(model)
    params.hostnames = ["127.0.0.1"]
    params.offline = True
    params.port = 0
    params.n_ctx = CONTEXT
    params.n_parallel = 1
    params.cpuparams.n_threads = 2
    return xllamacpp.Server(params)


def print_figures(figures: dict, took: float) -> None:
    assert len(figures["questions"]) == 32 and [it["with_ready_question"]["of"] for it in figures["scores"]] == [16, 16], figures
    print(f"32 questions in {took:.0f} s, right answers:")
    for score in figures["scores"]:
        ready, others = score["with_ready_question"], score["without"]
        print(f"  {score['answered_by']}: {ready['right']} of {ready['of']} that a ready question answers, {others['right']} of {others['of']} others")
    for why, count in Counter(outcome(it) for it in figures["questions"]).most_common():
        print(f"  {count} × {why}")


def outcome(question: dict) -> str:
    if question["model_is_right"]:
        return "right"
    return "an answer with other rows" if question["error"] is None else question["error"][:150]


def main(snowtrack: str, data_dir: str, model: str, questions: str) -> None:
    server = serve(model)
    environment = {**os.environ, "SNOWTRACK_LLM_URL": server.listening_address}

    def ask(*arguments: str, shown: int = 900) -> tuple[subprocess.CompletedProcess[str], float]:
        command, began = [snowtrack, "--data-dir", data_dir, "ask", *arguments], time.monotonic()
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        took = time.monotonic() - began
        print(f"{arguments}: exit {done.returncode} after {took:.1f} s", done.stdout[:shown], done.stderr[-600:], sep="\n", flush=True)
        return done, took

    missing, _ = ask("how many songs are there?", "--model", "not-there")
    assert missing.returncode == 2 and "has no model `not-there`" in missing.stderr
    slow, _ = ask("how many songs are there?", "--timeout", "1s")
    assert slow.returncode == 2 and "its limit of 1 s (`--timeout`)" in slow.stderr
    # The first one has the server read all that `ask` sends.
    ask("how many songs are there?", "--timeout", FIRST)
    # So small a model is mostly wrong; whatever it writes, it is an answer or a refusal that says so. What each question is sent before its
    # own words is held by the server now, so a minute is the model's own writing.
    for question in ("how many songs are there?", "delete all songs"):
        done, _ = ask(question, "--timeout", "1m")
        is_refused = done.returncode == 2 and ("after two repairs" in done.stderr or "limit" in done.stderr)
        assert done.returncode == 0 or is_refused, done
    measured, took = ask("--json", "--evaluate", questions, "--timeout", "1m", shown=0)
    assert measured.returncode == 0, measured
    print_figures(json.loads(measured.stdout), took)
    print("the protocol is spoken")


if __name__ == "__main__":
    main(*sys.argv[1:])
    # Its threads would wait for each other.
    os._exit(0)
