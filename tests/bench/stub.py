"""A small strict Spotify: real HTTP on a free port of 127.0.0.1, a generated library, and a count of the calls.

What the service refuses is refused here: no bearer token, no User-Agent, more than 50 rows a page. Every refusal is kept, so
that a benchmark cannot look good by breaking rules.
"""
import base64, json, re, threading, urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import documents

TOKEN = "bench-access-token"


class Stub:
    def __init__(self, library):
        self.calls, self.refusals, self.bodies, listed = 0, [], {}, []
        for url, body in library.documents():
            path = urllib.parse.urlsplit(url).path
            # Pages are made on demand; of a playlist's pages the first says how many rows there are.
            if "/items" not in path:
                playlist = json.loads(body)
                rows = playlist["items"]["items"]
                self.bodies[playlist["id"]] = (playlist, rows)
                listed.append({**playlist, "items": {"href": "", "total": playlist["items"]["total"]}})
            else:
                self.bodies[path.split("/")[3]][1].extend(json.loads(body)["items"])
        self.listed, self.user = listed, listed[0]["owner"]["id"]
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                stub.get(self)

            def do_POST(self):
                self.rfile.read(int(self.headers.get("content-length", 0)))
                given = self.headers.get("authorization", "")
                if given != "Basic " + base64.b64encode(b"bench:secret").decode():
                    return stub.refuse(self, 400, f"client {given!r}")
                stub.answer(self, {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600,
                                   "scope": "playlist-read-private playlist-read-collaborative user-library-read"})

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.server.shutdown()

    def count(self):
        """The calls since it was last asked."""
        calls, self.calls = self.calls, 0
        return calls

    def get(self, request):
        self.calls += 1
        parts = urllib.parse.urlsplit(request.path)
        query = {key: values[0] for key, values in urllib.parse.parse_qs(parts.query).items()}
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return self.refuse(request, 401, "no token")
        if not request.headers.get("user-agent"):
            return self.refuse(request, 400, "no User-Agent")
        limit, offset = int(query.get("limit", 20)), int(query.get("offset", 0))
        if not 1 <= limit <= 50:
            return self.refuse(request, 400, f"limit {limit}")
        playlist = re.fullmatch(r"/v1/playlists/([0-9A-Za-z]{22})(/items)?", parts.path)
        if parts.path == "/v1/me":
            self.answer(request, {"id": self.user, "type": "user"})
        elif parts.path == "/v1/me/playlists":
            self.answer(request, self.page(parts.path, self.listed, offset, limit))
        elif playlist and playlist[1] in self.bodies:
            described, rows = self.bodies[playlist[1]]
            if playlist[2]:
                self.answer(request, self.page(parts.path, rows, offset, limit))
            else:
                embedded = self.page(parts.path + "/items", rows, 0, documents.EMBEDDED)
                self.answer(request, {**described, "items": embedded})
        else:
            self.refuse(request, 404, parts.path)

    def page(self, path, rows, offset, limit):
        is_last = offset + limit >= len(rows)
        return {"href": self.url + path, "items": rows[offset:offset + limit], "limit": limit, "offset": offset,
                "next": None if is_last else f"{self.url}{path}?offset={offset + limit}&limit={limit}",
                "previous": None, "total": len(rows)}

    def refuse(self, request, status, why):
        self.refusals.append(why)
        self.answer(request, {"error": {"status": status, "message": why}}, status)

    @staticmethod
    def answer(request, body, status=200):
        text = json.dumps(body).encode()
        request.send_response(status)
        request.send_header("content-type", "application/json")
        request.send_header("content-length", str(len(text)))
        request.end_headers()
        request.wfile.write(text)
