"""The Spotify of `stub.py` and a small strict S3 in a process of their own, so that a client is measured and not the servers.

`cloud.py ROWS LENGTH` prints one JSON line: the two addresses and the ids of its playlists, of LENGTH rows each. Then each line of
standard input is answered with one line, what was asked for since the last: calls to Spotify, what it refused, objects and bytes
that S3 took. Ends with its standard input.
"""
import base64, hashlib, json, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import documents
from stub import Stub


class Store:
    """Objects by key: PUT refuses a wrong checksum and an occupied key where told to, HEAD and GET say what is there."""

    def __init__(self):
        self.objects, self.put_sizes, self.refusals, store = {}, [], [], self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_PUT(self):
                store.put(self)

            def do_HEAD(self):
                store.look(self)

            do_GET = do_HEAD

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def put(self, request):
        key = request.path.split("?")[0]
        body = request.rfile.read(int(request.headers["content-length"]))
        if request.headers.get("content-encoding", "").startswith("aws-chunked"):
            body = unchunked(body)
        if not request.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 "):
            return self.refuse(request, 403, "AccessDenied")
        said, found = request.headers.get("x-amz-checksum-sha256"), base64.b64encode(hashlib.sha256(body).digest()).decode()
        if said not in (None, found):
            return self.refuse(request, 400, "BadDigest")
        if request.headers.get("if-none-match") == "*" and key in self.objects:
            return self.refuse(request, 412, "PreconditionFailed")
        self.objects[key] = body
        self.put_sizes.append(len(body))
        self.answer(request, 200, {"etag": f'"{hashlib.md5(body).hexdigest()}"', **({"x-amz-checksum-sha256": said} if said else {})})

    def look(self, request):
        body = self.objects.get(request.path.split("?")[0])
        if body is None:
            # Asked about an object that is not there, S3 says so; nothing is wrong with the question.
            return self.answer(request, 404, {})
        self.answer(request, 200, {"x-amz-checksum-sha256": base64.b64encode(hashlib.sha256(body).digest()).decode()}, body)

    def refuse(self, request, status, code):
        self.refusals.append(f"{request.command} {request.path}: {code}")
        self.answer(request, status, {"content-type": "application/xml"}, f"<Error><Code>{code}</Code></Error>".encode())

    @staticmethod
    def answer(request, status, headers, body=b""):
        request.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            request.send_header(name, value)
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)

    def count(self):
        """Objects and bytes that came since it was last asked."""
        sizes, self.put_sizes = self.put_sizes, []
        return len(sizes), sum(sizes)


def unchunked(body):
    """The payload of `aws-chunked` bytes: hexadecimal size, line end, that many bytes, until a chunk of none."""
    parts, at = [], 0
    while True:
        end = body.index(b"\r\n", at)
        size = int(body[at:end].split(b";")[0], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(body[end + 2:end + 2 + size])
        at = end + 4 + size


def main(row_count, length):
    spotify = Stub(documents.Library(int(row_count), owner_count=1, length=int(length)))
    store = Store()
    print(json.dumps({"spotify": spotify.url, "s3": store.url, "playlists": list(spotify.bodies)}), flush=True)
    for _ in sys.stdin:
        objects, size = store.count()
        refusals, spotify.refusals, store.refusals = spotify.refusals + store.refusals, [], []
        print(json.dumps({"call_count": spotify.count(), "object_count": objects, "size_bytes": size,
                          "refusals": refusals}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
