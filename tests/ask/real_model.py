"""`snowtrack ask` against a real server with a real, tiny model: the protocol, a limit, a model that is not there. Never the answers' quality.

usage: real_model.py SNOWTRACK DATA_DIR MODEL.gguf
"""

import os
import subprocess
import sys

import xllamacpp


def serve(model: str) -> xllamacpp.Server:
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.hostnames = ["127.0.0.1"]
    params.offline = True
    params.port = 0
    params.n_ctx = 8192
    params.n_parallel = 1
    params.cpuparams.n_threads = 2
    return xllamacpp.Server(params)


def main(snowtrack: str, data_dir: str, model: str) -> None:
    server = serve(model)
    environment = {**os.environ, "SNOWTRACK_LLM_URL": server.listening_address}

    def ask(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [snowtrack, "--data-dir", data_dir, "ask", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        print(arguments, done.returncode, done.stdout[-300:], done.stderr[-600:], sep="\n", flush=True)
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
    print("the protocol is spoken")


if __name__ == "__main__":
    main(*sys.argv[1:])
    # Its threads would wait for each other.
    os._exit(0)
