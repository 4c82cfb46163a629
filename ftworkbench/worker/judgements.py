"""What judges have answered, kept in the workspace by what they were asked: the same question costs nothing again."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from ftworkbench.data.example import sha256_of_json
from ftworkbench.files import locked
from ftworkbench.worker.endpoint_reply import Reply

_KEY, _MODEL = "key", "model"


def judgement_key(model: Any, messages: Sequence[Mapping[str, Any]], options: Mapping[str, Any]) -> str:
    """The hash of a question to a judge: who is asked, the messages, and the options that change the answer."""
    return sha256_of_json({"model": model, "messages": list(messages), "options": dict(options)})


def read_judgements(path: Path, wanted: Collection[str] | None = None) -> dict[str, Reply]:
    """The replies of those keys, as far as they are kept; of all where none are said. Lines that are none, or cut
    short, are passed over."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return {}
    known = {each.name for each in fields(Reply)}
    found: dict[str, Reply] = {}
    for line in lines:
        try:
            given = json.loads(line)
            if wanted is None or given[_KEY] in wanted:
                given["left_out"] = tuple(given.get("left_out", ()))
                found[given[_KEY]] = Reply(**{name: value for name, value in given.items() if name in known})
        except (ValueError, TypeError, KeyError):
            continue
    return found


def keep_judgement(path: Path, key: str, model: str, reply: Reply) -> None:
    """Adds a reply to the file, after closing a last line that a crash cut short. Raises OSError."""
    text = json.dumps({_KEY: key, _MODEL: model, **asdict(reply)}, allow_nan=False).encode("ascii") + b"\n"
    with locked(path), path.open("a+b") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                text = b"\n" + text
        file.write(text)
