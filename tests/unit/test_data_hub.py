"""A dataset of the hub is named in one word, read once, and then rows like any others."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from ftworkbench.cli import main
from ftworkbench.data.checks.check import check_files
from ftworkbench.data.sources.files import sha256_of
from ftworkbench.data.sources.hub import HubDataset, fetch, named_dataset
from ftworkbench.data.sources.source import open_source
from ftworkbench.errors import InputError
from ftworkbench.paths import cache_dir
from ftworkbench.recipe.read import load

COMMIT = "ab" * 20
TOOLS = [{"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in ("f", "g")]


def chat(number: int) -> dict[str, Any]:
    call = {"type": "function", "function": {"name": "f", "arguments": json.dumps({f"only {number}": number})}}
    return {
        "messages": [
            {"role": "user", "content": f"q{number}"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "content": "[]"},
            {"role": "assistant", "content": f"a{number}"},
        ],
        "tools": TOOLS,
    }


def lines(numbers: range) -> bytes:
    return b"".join(json.dumps(chat(number)).encode() + b"\n" for number in numbers)


FILES = {"data/train.jsonl": lines(range(60)), "data/test.jsonl": lines(range(60, 70))}


class Hub(BaseHTTPRequestHandler):
    """As much of the hub as `datasets` asks for: two datasets of the same files, and one of them is gated."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Says nothing."""

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = unquote(urlsplit(self.path).path).removeprefix("/api")
        name, _, rest = path.removeprefix("/datasets/").removeprefix("org/").partition("/")
        what, _, place = rest.partition("/")
        if name not in {"chats", "gated"}:
            self.send(404, code="RepoNotFound")
        elif what in {"", "revision"}:
            if place not in {"", "main", COMMIT}:
                self.send(404, code="RevisionNotFound")
            self.send_json({"id": f"org/{name}", "sha": COMMIT, "tags": [], "siblings": []})
        elif name == "gated":
            self.send(403, code="GatedRepo")
        elif what == "paths-info":
            self.send_json([self.entry(file) for file in parse_qs(body.decode()).get("paths", ()) if file in FILES])
        elif what == "tree":
            folder = place.partition("/")[2]
            inside = [self.entry(file) for file in FILES if file.startswith(f"{folder}/")]
            self.send_json(inside if folder else [{"type": "directory", "oid": "0" * 40, "size": 0, "path": "data"}])
        elif place.partition("/")[2] in FILES:
            self.send(200, FILES[place.partition("/")[2]])
        else:
            self.send(404, code="EntryNotFound")

    do_GET = do_HEAD = do_POST = answer  # noqa: N815

    def entry(self, file: str) -> dict[str, Any]:
        return {"type": "file", "oid": hashlib.sha1(FILES[file]).hexdigest(), "size": len(FILES[file]), "path": file}

    def send_json(self, value: Any) -> None:
        self.send(200, json.dumps(value).encode())

    def send(self, status: int, body: bytes = b"", code: str = "") -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha1(body).hexdigest()}"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@pytest.fixture(scope="module", autouse=True)
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("home")))
        for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
            patch.delenv(name, raising=False)
        yield server
    server.shutdown()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("hf:org/name", HubDataset("org/name")),
        ("hf:squad:train", HubDataset("squad", split="train")),
        ("hf:org/name/en@refs/pr/1:test", HubDataset("org/name", "en", "refs/pr/1", "test")),
        ("work/space/hf:org/n.a-me@v1.0", HubDataset("org/n.a-me", revision="v1.0")),
        ("org/name", None),
    ],
)
def test_a_name_says_dataset_configuration_revision_and_split(name: str, expected: HubDataset | None) -> None:
    assert named_dataset(Path(name)) == expected
    assert expected is None or name.endswith(str(expected))


def test_a_name_that_is_none_says_how_one_is_written_and_a_folder_of_that_name_is_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("hf:", "hf:a/b/c/d", "hf:org/name:", "hf:org/name@:train", "hf:org/name:train[:10]"):
        with pytest.raises(InputError, match=r"hf:ORG/NAME, with /CONFIG, @REVISION and :SPLIT"):
            open_source(Path(name))
    monkeypatch.chdir(tmp_path)
    Path("hf:here").mkdir()
    Path("hf:here/rows.jsonl").write_bytes(lines(range(2)))
    with open_source(Path("hf:here")) as source:
        assert source.known == 2


def test_a_dataset_is_read_once_and_every_row_is_as_it_was_written(
    hub: ThreadingHTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "hf:org/chats"
    with open_source(path) as source:
        rows = list(source.rows())
    assert [row.example.answer for row in rows if row.example] == [f"a{number}" for number in range(60)]
    assert rows[7].example is not None
    assert rows[7].example.messages[1]["tool_calls"][0]["function"]["arguments"] == {"only 7": 7}
    assert rows[7].example.tools == tuple(TOOLS)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    fetched = fetch(HubDataset("org/chats"))
    assert fetched.dataset == HubDataset("org/chats", revision=COMMIT, split="train")
    assert fetched == fetch(fetched.dataset)
    assert sha256_of(path) == sha256_of(tmp_path / str(fetched.dataset)) == sha256_of(fetched.rows)
    assert not [left for left in fetched.rows.parents[1].iterdir() if left.name.startswith(".")]
    (file,) = check_files([path]).files
    assert (file.rows, file.kept, file.path) == (60, 60, path)


def test_a_recipe_is_made_for_a_dataset_by_its_commit_with_its_own_test(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(tmp_path / "made"), "--data", "hf:org/chats", "--model", "pocket"]) == 0
    assert "asking the hub" not in capsys.readouterr().out
    data = load(tmp_path / "made" / "made.toml").data
    assert (data.train, data.validation) == (f"hf:org/chats@{COMMIT}:train", None)
    assert data.test == f"hf:org/chats@{COMMIT}:test"
    assert main(["split", str(tmp_path / "made")]) == 0
    frozen = json.loads((tmp_path / "made" / "splits" / "made.json").read_bytes())
    assert set(frozen["sources"]) == {data.train, data.test}
    assert frozen["counts"]["test"] == 10


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hf:org/gated", "set HF_TOKEN"),
        ("hf:org/chats:dev", "has no split dev; it has train, test"),
        ("hf:org/chats/fr", "has no configuration fr; it has default"),
        ("hf:org/chats@v9", "has no revision v9"),
    ],
)
def test_what_cannot_be_had_is_said_in_one_line(name: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        open_source(Path(name))
    assert str(caught.value).startswith(f"{name}: ")
    assert "\n" not in str(caught.value)


def test_the_command_line_says_what_it_waits_for_and_what_went_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    left = cache_dir() / "datasets" / ".left-by-a-killed-process"
    left.mkdir(parents=True, exist_ok=True)
    os.utime(left, (0, 0))
    assert main(["check", "hf:org/none"]) == 2
    # Between them stands how far it is, where the libraries take seconds to start.
    asking, *_, wrong = capsys.readouterr().err.splitlines()
    assert asking == "hf:org/none: asking the hub"
    assert wrong.startswith("ftworkbench: hf:org/none: the hub has no such dataset")
    assert not [each for each in left.parent.iterdir() if each.name.startswith(".")]


def test_without_a_way_to_the_hub_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(InputError, match="the hub cannot be reached"):
        open_source(Path("hf:org/other"))
