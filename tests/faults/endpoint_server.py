"""A real OpenAI-compatible server on this machine, and a proxy before it that has the faults of a network."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_SLOW = 20.0
_STARTS = 90.0


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def serving(model: Path, log: Path) -> Iterator[int]:
    """`transformers serve` with the model of a folder; gives its port once it answers."""
    port = free_port()
    command = [sys.executable, "-c", "from transformers.cli.transformers import main; main()", "serve", str(model)]
    own = {**os.environ, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"], stdout=file, stderr=file, env=own
        )
        try:
            _wait_until_up(port, process, log)
            yield port
        finally:
            process.terminate()
            process.wait(30)


def _wait_until_up(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _STARTS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"the server did not start: {log.read_text()[-2000:]}")


class Proxy:
    """Hands requests on to the server, but for those that a fault is waiting for; each fault is for one request.

    Faults are "slow", "garbage", "other json", "429", "500", "400", "401", "error in the stream" and "cut".
    `asked` has the body of each request, `tokens` the credentials; `retry_after` is what a 429 says.
    """

    def __init__(self, server: int) -> None:
        self._server = server
        self.port = free_port()
        self.faults: list[str] = []
        self.refuses_max_tokens = False
        self.asked: list[dict[str, Any]] = []
        self.times: list[float] = []
        self.tokens: set[str] = set()
        self.retry_after = "1"
        self.goes_after: int | None = None
        self._lock = threading.Lock()
        self._http: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                proxy.answer(self)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Nobody listens any more."""
        http_server, self._http = self._http, None
        if http_server is not None:
            http_server.shutdown()
            http_server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        asked = json.loads(body)
        with self._lock:
            self.asked.append(asked)
            self.times.append(time.monotonic())
            self.tokens.add(request.headers.get("Authorization", ""))
            fault = self.faults.pop(0) if self.faults else ""
            if self.goes_after is not None and len(self.asked) > self.goes_after:
                if self._http is not None:
                    self._http.socket.shutdown(socket.SHUT_RDWR)  # at once: who tries again soon must find nobody
                threading.Thread(target=self.stop, daemon=True).start()
                fault = "silence"
        request.close_connection = True
        if self.refuses_max_tokens and "max_tokens" in asked:
            _json(request, 400, {"error": {"message": "Unsupported parameter: 'max_tokens'"}})
        elif fault == "silence":
            return
        elif fault == "slow":
            time.sleep(_SLOW)
        elif fault == "garbage":
            _send(request, 200, b"<html>Bad gateway</html>", "text/html")
        elif fault == "other json":
            _send(request, 200, b'data: {"hello": [1]}\n\ndata: [DONE]\n\n', "text/event-stream")
        elif fault == "error in the stream":
            _send(request, 200, b'data: {"error": {"message": "out of memory"}}\n\n', "text/event-stream")
        elif fault == "429":
            _json(request, 429, {"error": {"message": "slow down"}}, {"Retry-After": self.retry_after})
        elif fault in ("400", "401", "500"):
            key = request.headers.get("Authorization", "").removeprefix("Bearer ")
            _json(request, int(fault), {"error": {"message": f"no, not with {key}"}})
        else:
            self._hand_on(request, body, cut=fault == "cut")

    def _hand_on(self, request: BaseHTTPRequestHandler, body: bytes, *, cut: bool) -> None:
        server = http.client.HTTPConnection("127.0.0.1", self._server, timeout=60)
        try:
            server.request("POST", request.path, body, {"Content-Type": "application/json"})
            answer = server.getresponse()
            request.send_response(answer.status)
            request.send_header("Content-Type", answer.headers.get("Content-Type", ""))
            request.send_header("Transfer-Encoding", "chunked")
            request.send_header("Connection", "close")
            request.end_headers()
            words = 0
            while line := answer.readline():
                request.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                request.wfile.flush()
                words += b'"content"' in line
                if cut and words:
                    return  # in mid-answer, and in mid-transfer
            request.wfile.write(b"0\r\n\r\n")
        finally:
            server.close()


def _json(request: BaseHTTPRequestHandler, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
    _send(request, status, json.dumps(value).encode(), "application/json", headers)


def _send(
    request: BaseHTTPRequestHandler, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None
) -> None:
    request.send_response(status)
    for name, value in {
        **(headers or {}),
        "Content-Type": kind,
        "Content-Length": str(len(body)),
        "Connection": "close",
    }.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)
