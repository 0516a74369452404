"""`snowtrack ask` against a real server with a real, tiny model: the protocol, a limit, a model that is not there, `--evaluate` to its end.
What so small a model answers says nothing of others.

usage: real_model.py SNOWTRACK DATA_DIR MODEL.gguf QUESTIONS.yml
"""

import os
import struct
import subprocess
import sys
from pathlib import Path

import xllamacpp

# As docs/analyst.md has it.
CONTEXT = 16_384


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


def main(snowtrack: str, data_dir: str, model: str, questions: str) -> None:
    server = serve(model)
    environment = {**os.environ, "SNOWTRACK_LLM_URL": server.listening_address}

    def ask(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [snowtrack, "--data-dir", data_dir, "ask", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        print(arguments, done.returncode, done.stdout[-900:], done.stderr[-600:], sep="\n", flush=True)
        return done

    missing = ask("how many songs are there?", "--model", "not-there")
    assert missing.returncode == 2 and "has no model `not-there`" in missing.stderr
    slow = ask("how many songs are there?", "--timeout", "1s")
    assert slow.returncode == 2 and "its limit of 1 s (`--timeout`)" in slow.stderr
    # So small a model is mostly wrong; whatever it writes, it is an answer or a refusal that says so.
    for question in ("how many songs are there?", "delete all songs"):
        done = ask(question, "--timeout", "20m")
        is_refused = done.returncode == 2 and ("after two repairs" in done.stderr or "limit" in done.stderr)
        assert done.returncode == 0 or is_refused, done
    # What it was sent is held by the server now, so a minute is its own writing.
    measured = ask("--evaluate", questions, "--timeout", "1m")
    assert measured.returncode == 0 and measured.stdout.count(" of 16") == 4, measured
    print("the protocol is spoken")


if __name__ == "__main__":
    main(*sys.argv[1:])
    # Its threads would wait for each other.
    os._exit(0)
