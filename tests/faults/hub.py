"""A hub on this machine: the few endpoints that a download asks, with the faults of a network."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

REPO = "somebody/tiny"
COMMIT = hashlib.sha1(b"the first").hexdigest()
_PIECE = 1 << 16


class Hub:
    """Serves the files of one repository. `asked` has the path of each request, and `tokens` their credentials.

    `cuts` are numbers of bytes after which the next answers with weights break off; while `gone`, connections are
    closed unanswered, and while `broken`, the answer is an error of the hub's own. `pause` are seconds a piece.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self.commit = COMMIT
        self.asked: list[str] = []
        self.tokens: set[str] = set()
        self.cuts: list[int] = []
        self.gone = False
        self.broken = 0
        self.pause = 0.0
        hub = self

        class Answer(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                hub.answer(self, body=False)

            def do_GET(self) -> None:
                hub.answer(self, body=True)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, request: BaseHTTPRequestHandler, *, body: bool) -> None:
        path = urlsplit(request.path).path
        self.asked.append(path)
        if token := request.headers.get("Authorization"):
            self.tokens.add(token)
        if self.gone:
            request.close_connection = True
            return
        if self.broken:
            self.broken -= 1
            _send(request, 503, b"busy", {}, body)
        elif path.startswith(f"/api/models/{REPO}/tree/"):
            entries = [
                {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
                for name, data in self.files.items()
            ]
            _send(request, 200, json.dumps(entries).encode(), {"Content-Type": "application/json"}, body)
        elif path.startswith(f"/api/models/{REPO}"):
            about = {"id": REPO, "sha": self.commit, "siblings": [{"rfilename": name} for name in self.files]}
            _send(request, 200, json.dumps(about).encode(), {"Content-Type": "application/json"}, body)
        elif path.startswith(f"/{REPO}/resolve/"):
            self._send_file(request, path.split("/", 5)[5], body)
        else:
            _send(request, 404, b"{}", {"X-Error-Code": "RepoNotFound"}, body)

    def _send_file(self, request: BaseHTTPRequestHandler, name: str, body: bool) -> None:
        if name not in self.files:
            _send(request, 404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": self.commit}, body)
            return
        data = self.files[name]
        start = int((request.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")[0])
        head = {"X-Repo-Commit": self.commit, "ETag": f'"{hashlib.sha1(data).hexdigest()}"', "Accept-Ranges": "bytes"}
        if start:
            head["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        cut = self.cuts.pop(0) if body and self.cuts and name.endswith(".safetensors") else None
        _send(request, 206 if start else 200, data[start:], head, body, cut=cut, pause=self.pause)

    @contextmanager
    def serving(self) -> Iterator[Hub]:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()


def _send(
    request: BaseHTTPRequestHandler,
    status: int,
    data: bytes,
    head: Mapping[str, str],
    body: bool,
    *,
    cut: int | None = None,
    pause: float = 0.0,
) -> None:
    request.send_response(status)
    for name, value in {**head, "Content-Length": str(len(data))}.items():
        request.send_header(name, value)
    request.end_headers()
    if not body:
        return
    kept = data if cut is None else data[:cut]
    try:
        for start in range(0, len(kept), _PIECE):
            request.wfile.write(kept[start : start + _PIECE])
            time.sleep(pause)
    except OSError:  # who asked has left
        request.close_connection = True
    if cut is not None:
        request.close_connection = True
