"""A front before moto's Kinesis that does what moto never does: refuses some records of a call, throttles, loses an answer, and tells of a
record otherwise than it is.

A script is a function of the number of the `PutRecords` call (from 1) and the places of its records; it answers with a `Plan`.
"""

import base64
import dataclasses
import json
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOO_MUCH = "ProvisionedThroughputExceededException"


@dataclasses.dataclass
class Plan:
    #: Places of records that are refused in an answer that is otherwise well.
    refused: tuple = ()
    #: The whole call is refused with this code, unseen by moto.
    error: str = ""
    #: moto takes the call, and its answer is lost.
    is_lost: bool = False


class Front:
    def __init__(self, moto):
        self.moto, self.script, self.calls, self.before, self.after = moto, None, [], None, None
        #: What becomes of records that are read: a function of the record's envelope that gives another one, or None.
        self.reads = lambda envelope: envelope
        front = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                front.answer(self, self.headers.get("x-amz-target", "").rsplit(".", 1)[-1], body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def pass_on(self, handler, body):
        headers = {k: v for k, v in handler.headers.items() if k.lower() not in ("host", "content-length", "connection")}
        request = urllib.request.Request(self.moto + handler.path, body, headers, method="POST")
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def answer(self, handler, call, body):
        if call == "PutRecords":
            return self.put(handler, body)
        status, out = self.pass_on(handler, body)
        if call == "GetRecords" and status == 200:
            out = self.told(out)
        return send(handler, status, out)

    def put(self, handler, body):
        asked = json.loads(body)
        records = asked["Records"]
        size = sum(len(base64.b64decode(it["Data"])) + len(it["PartitionKey"]) for it in records)
        assert len(records) <= 500 and size <= 5 << 20, (len(records), size)
        self.calls.append(records)
        number = len(self.calls)
        plan = self.script(number, len(records)) if self.script else Plan()
        if self.before:
            self.before(number)
        if plan.error:
            return send(handler, 400, json.dumps({"__type": plan.error, "message": "slow down"}).encode())
        refused = set(plan.refused)
        kept = [it for at, it in enumerate(records) if at not in refused]
        status, out = 200, b'{"Records": [], "FailedRecordCount": 0}'
        if kept:
            status, out = self.pass_on(handler, json.dumps({**asked, "Records": kept}).encode())
        if self.after:
            self.after(number)
        if plan.is_lost:
            handler.close_connection = True
            return None
        if refused and status == 200:
            answered = json.loads(out)
            taken = iter(answered["Records"])
            no = {"ErrorCode": TOO_MUCH, "ErrorMessage": "Rate exceeded for shard"}
            answered["Records"] = [no if at in refused else next(taken) for at in range(len(records))]
            answered["FailedRecordCount"] = len(refused)
            out = json.dumps(answered).encode()
        return send(handler, status, out)

    def told(self, out):
        answered = json.loads(out)
        kept = []
        for record in answered["Records"]:
            try:
                envelope = self.reads(json.loads(base64.b64decode(record["Data"])))
            except ValueError:
                kept.append(record)  # somebody else's
                continue
            if envelope is not None:
                text = json.dumps(envelope, separators=(",", ":"), ensure_ascii=False)
                record["Data"] = base64.b64encode(text.encode()).decode()
                kept.append(record)
        answered["Records"] = kept
        return json.dumps(answered).encode()


def send(handler, status, out):
    try:
        handler.send_response(status)
        handler.send_header("content-type", "application/x-amz-json-1.1")
        handler.send_header("content-length", str(len(out)))
        handler.end_headers()
        handler.wfile.write(out)
    except OSError:
        pass  # who asked is gone, as some tests want it
