"""What a system answered, row by row: one JSON object a line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from ftworkbench.files import replace_file

Message = dict[str, Any]


@dataclass(frozen=True)
class Output:
    """One answer. `row` is the row's key, `messages` the prompt as it was sent, `finish` "stop" or "length".

    `tokens` were generated in `seconds`. `scores` are its metrics by name, once they are known; `reference_loss` is
    the model's mean loss, in nats, on the `reference_tokens` of the reference, where that was measured. `error` says
    why there is no answer: the row is wrong by every metric. `cost` is money, in the currency of the recipe's prices;
    `contexts` are the passages that were retrieved.
    """

    row: str
    messages: tuple[Message, ...]
    reference: str
    answer: str
    finish: str = "stop"
    tokens: int = 0
    seconds: float = 0.0
    scores: Mapping[str, float] = field(default_factory=dict)
    reference_loss: float | None = None
    reference_tokens: int = 0
    first_token_seconds: float | None = None
    error: str = ""
    prompt_tokens: int = 0
    cost: float | None = None
    contexts: tuple[str, ...] = ()

    @property
    def answered(self) -> bool:
        """Whether anybody answered: not where it could not be had, or the prompt left no room for an answer."""
        return not self.error and not (self.finish == "length" and not self.tokens and not self.answer)


def _line(output: Output) -> bytes:
    return json.dumps(asdict(output), allow_nan=False).encode("ascii") + b"\n"


def write_outputs(path: Path, outputs: Iterable[Output]) -> None:
    """Replaces `path` by these outputs, at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, b"".join(map(_line, outputs)))


def append_outputs(path: Path, outputs: Iterable[Output]) -> None:
    """Adds outputs to those in `path`, after closing a last line that a crash cut short."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(b"".join(map(_line, outputs)))


def read_outputs(path: Path) -> list[Output]:
    """The outputs in `path`, in order; none where there is no such file. A line cut short is left out."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    known = {each.name for each in fields(Output)}
    outputs = []
    for line in lines:
        try:
            found = {key: value for key, value in json.loads(line).items() if key in known}
            lists = {name: tuple(found.get(name, ())) for name in ("messages", "contexts")}
            outputs.append(Output(**{**found, **lists}))
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
    return outputs
