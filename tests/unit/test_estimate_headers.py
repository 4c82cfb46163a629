"""The weights of a model are counted by the headers of its files alone, of a hub model once."""

from __future__ import annotations

import json
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from test_estimate_shape import POCKET

from ftworkbench.estimate.headers import weights_of, with_weights
from ftworkbench.estimate.shape import shape_of
from ftworkbench.workspace import Workspace

COMMIT = "ab" * 20


def weights(**shapes: list[int]) -> bytes:
    """A file of weights of which only the header is there."""
    header = {name: {"dtype": "BF16", "shape": shape, "data_offsets": [0, 0]} for name, shape in shapes.items()}
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    return struct.pack("<Q", len(text)) + text


SHARDS = {"a.safetensors": weights(embed=[100, 8]), "b.safetensors": weights(head=[8, 100], norm=[8])}
INDEX = json.dumps({"weight_map": {"embed": "a.safetensors", "head": "b.safetensors", "norm": "b.safetensors"}})
FILES = {"model.safetensors.index.json": INDEX.encode(), **SHARDS}


class Hub(BaseHTTPRequestHandler):
    """One model in two files. `asked` are the names of the files that were asked for."""

    protocol_version = "HTTP/1.1"
    asked: list[str] = []  # noqa: RUF012

    def log_message(self, *_: Any) -> None:
        """Says nothing."""

    def answer(self) -> None:
        owner, _, name = self.path.strip("/").partition("/")
        file = name.rpartition("/")[2]
        body = FILES.get(file, b"") if owner == "org" and name.startswith("model/resolve/") else b""
        self.asked.append(file)
        self.send_response(200 if body else 404)
        if not body:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = answer  # noqa: N815


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[type[Hub]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Hub.asked.clear()
    with pytest.MonkeyPatch.context() as patch:
        endpoint = f"http://127.0.0.1:{server.server_port}"
        template = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        patch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
        patch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
        patch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        patch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        yield Hub
    server.shutdown()


def test_a_hub_model_is_counted_by_its_headers_and_asked_for_once(hub: type[Hub], tmp_path: Path) -> None:
    from ftworkbench.estimate import headers

    headers._of_hub.cache_clear()
    assert weights_of("org/model", Workspace(tmp_path)) == {"BF16": 1608}
    assert {"a.safetensors", "b.safetensors"} <= set(hub.asked)
    headers._of_hub.cache_clear()
    hub.asked.clear()
    assert weights_of("org/model", Workspace(tmp_path)) == {"BF16": 1608}
    assert not hub.asked


def test_a_hub_that_cannot_be_asked_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert weights_of("org/nowhere", Workspace(tmp_path)) is None


def test_a_folder_is_counted_over_all_files_of_its_index(tmp_path: Path) -> None:
    for name, content in {**FILES, "other.safetensors": weights(left=[9])}.items():
        (tmp_path / name).write_bytes(content)
    assert weights_of(str(tmp_path), Workspace(tmp_path)) == {"BF16": 1608}
    (tmp_path / "b.safetensors").unlink()
    assert weights_of(str(tmp_path), Workspace(tmp_path)) is None


def test_what_the_configuration_does_not_tell_of_is_counted_too() -> None:
    shape = shape_of(POCKET)
    assert with_weights(shape, {"F32": shape.parameters + 1000}).parameters == shape.parameters + 1000
    assert with_weights(shape, {"U8": 5, "BF16": 9}) == shape
    assert with_weights(shape, {"F32": shape.parameters + 4096 * 256}) == shape
    assert with_weights(shape, None) == shape
