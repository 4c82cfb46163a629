"""An OpenAI-compatible server on this machine whose model says what a function makes of the messages."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Says = Callable[[list[dict[str, str]]], str]


class JudgeServer:
    """`says` is what it answers, `refuses_schema` the words in which it does; each answer takes 100 and 10 tokens.

    It has /embeddings where `embeds` makes a vector of a text. `tokens` has the credentials.
    """

    def __init__(self, says: Says) -> None:
        self.says = says
        self.refuses_schema = ""
        self.finish = "stop"
        self.embeds: Callable[[str], list[float]] | None = None
        self.tokens: set[str] = set()
        self.asked: list[dict[str, Any]] = []
        judge = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                judge._answer(self)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/v1"

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        asked = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
        self.asked.append(asked)
        self.tokens.add(request.headers.get("Authorization", ""))
        if request.path.endswith("/embeddings"):
            return self._embed(request, asked["input"])
        if self.refuses_schema and "response_format" in asked:
            return _send(request, 400, json.dumps({"error": {"message": self.refuses_schema}}).encode())
        chunks = [
            {"choices": [{"index": 0, "delta": {"content": self.says(asked["messages"])}}]},
            {"choices": [{"index": 0, "delta": {}, "finish_reason": self.finish}]},
            {"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}},
        ]
        lines = [f"data: {json.dumps({'id': '1', 'object': 'chat.completion.chunk', **each})}\n\n" for each in chunks]
        return _send(request, 200, "".join([*lines, "data: [DONE]\n\n"]).encode(), "text/event-stream")

    def _embed(self, request: BaseHTTPRequestHandler, texts: list[str]) -> None:
        if self.embeds is None:
            return _send(request, 404, json.dumps({"error": {"message": "no such route"}}).encode())
        data = [{"object": "embedding", "index": i, "embedding": self.embeds(text)} for i, text in enumerate(texts)]
        found = {"object": "list", "model": "m", "data": data, "usage": {"prompt_tokens": 5, "total_tokens": 5}}
        return _send(request, 200, json.dumps(found).encode())


def _send(request: BaseHTTPRequestHandler, status: int, body: bytes, kind: str = "application/json") -> None:
    request.send_response(status)
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


@contextmanager
def judging(says: Says) -> Iterator[JudgeServer]:
    server = JudgeServer(says)
    thread = threading.Thread(target=server.http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()


def answers_shown(messages: list[dict[str, str]]) -> tuple[str, str]:
    """The two answers that a judge was shown, as A and as B."""
    text = messages[-1]["content"]
    first, second = (
        text.partition(f"[The Start of the Answer of Assistant {name}]\n")[2].partition(
            f"\n[The End of the Answer of Assistant {name}]"
        )[0]
        for name in "AB"
    )
    return first, second
