"""Blind comparisons: what a person preferred, kept line by line, and what that says."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from ftworkbench.evaluate.statistics import Interval, mcnemar_exact, wilson
from ftworkbench.figures import count
from ftworkbench.files import locked, replace_file

Message = Mapping[str, Any]
Word = Literal["left", "right", "tie", "both bad"]
WORDS: tuple[Word, ...] = ("left", "right", "tie", "both bad")


@dataclass(frozen=True)
class Side:
    """Who stood on a side, and what it answered. `adapter_sha256` is None where no adapter did.

    `proof` is what else the answer rests on, as the session tells it: its sampling, the template or the endpoint.
    """

    name: str
    adapter_sha256: str | None
    answer: str
    proof: Mapping[str, Any] = field(default_factory=dict)

    @property
    def who(self) -> tuple[str, str | None]:
        return self.name, self.adapter_sha256


@dataclass(frozen=True)
class Vote:
    """One choice between two answers to a prompt. `rows` says where the prompt is from: "validation", "test", or "own".

    `how` says what it was part of: {"evaluation"} where it labels a row of one for its judge, {"talk": True} where the
    two had talked before, and each had heard what it said itself, else nothing.
    """

    word: Word
    left: Side
    right: Side
    messages: tuple[Message, ...]
    rows: str
    row: str | None
    how: Mapping[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: os.urandom(6).hex())
    t: float = field(default_factory=lambda: round(time.time(), 3))


@dataclass(frozen=True)
class Tally:
    """How often the one was preferred to the other. `share` is of the votes that were for one of them."""

    won: int
    lost: int
    ties: int
    both_bad: int
    share: float | None
    interval: Interval
    p_value: float

    @property
    def n(self) -> int:
        return self.won + self.lost + self.ties + self.both_bad


def sides(names: Sequence[str], seed: int, prompt: str) -> tuple[str, ...]:
    """The names in the order in which they stand side by side: another for each prompt, the same for the same seed."""
    shuffled = list(names)
    random.Random(f"{seed} {prompt}").shuffle(shuffled)
    return tuple(shuffled)


def tally(votes: Sequence[Vote], one: tuple[str, str | None], other: tuple[str, str | None]) -> Tally:
    """What the votes between two say of the first of them, whichever side it stood on.

    The interval is Wilson's of the share, the p-value that of the sign test; ties tell nothing in either.
    """
    won = lost = ties = bad = 0
    for vote in votes:
        if {vote.left.who, vote.right.who} != {one, other}:
            continue
        ours = "left" if vote.left.who == one else "right"
        won += vote.word == ours
        lost += vote.word in {"left", "right"} and vote.word != ours
        ties += vote.word == "tie"
        bad += vote.word == "both bad"
    decided = won + lost
    return Tally(
        won, lost, ties, bad, won / decided if decided else None, wilson(won, decided), mcnemar_exact(lost, won)
    )


def tally_words(found: Tally, one: str, other: str) -> str:
    """How often one was preferred to the other, and between which shares that lies."""
    said = f"{count(found.n, 'vote')}: {one} {found.won}, {other} {found.lost}"
    if found.ties or found.both_bad:
        said += f", tie {found.ties}, both bad {found.both_bad}"
    if found.share is None:
        return said
    low, high = found.interval
    return f"{said} · {one} wins {found.share:.0%} (95%: {low:.0%} to {high:.0%})"


def cast(path: Path, vote: Vote) -> None:
    """Adds a vote to the file, on disk when this returns. Raises OSError."""
    _append(path, asdict(vote))


def take_back(path: Path, those: Callable[[Vote], bool]) -> Vote | None:
    """Takes the last of `those` votes back, and gives it; None where there is none."""
    votes = [vote for vote in read_votes(path) if those(vote)]
    if not votes:
        return None
    _append(path, {"undo": votes[-1].id})
    return votes[-1]


def read_votes(path: Path) -> list[Vote]:
    """The votes that stand, in order. Lines that are none, or cut short by a crash, are passed over."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    votes: dict[str, Vote] = {}
    for line in lines:
        try:
            found = json.loads(line)
            if "undo" in found:
                votes.pop(str(found["undo"]), None)
            else:
                vote = _vote(found)
                votes[vote.id] = vote
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
    return list(votes.values())


def asked_text(messages: Sequence[Message]) -> str:
    """What is asked, the system prompt aside, with one space between words: the same however it is laid out."""
    said = (str(message.get("content") or "") for message in messages if message.get("role") != "system")
    return " ".join(" ".join(said).split())


def write_preferences(path: Path, votes: Sequence[Vote], test_prompts: Collection[str] = ()) -> int:
    """Writes the votes for one of the two as preference rows, as DPO takes them; gives how many.

    None is made of a test prompt, wherever it came from: the test rows are for measuring alone. `test_prompts` are what
    those ask (see asked_text). Nor is one made of a later turn of a talk: the two have no prompt in common there.
    """
    rows = [_preference(vote) for vote in votes if _prefers(vote) and asked_text(vote.messages) not in test_prompts]
    replace_file(path, b"".join(json.dumps(row, allow_nan=False).encode("ascii") + b"\n" for row in rows))
    return len(rows)


def _prefers(vote: Vote) -> bool:
    return vote.word in {"left", "right"} and vote.rows != "test" and not vote.how.get("talk")


def _preference(vote: Vote) -> dict[str, Any]:
    better, worse = (vote.left, vote.right) if vote.word == "left" else (vote.right, vote.left)
    return {
        "prompt": [dict(message) for message in vote.messages],
        "chosen": [{"role": "assistant", "content": better.answer}],
        "rejected": [{"role": "assistant", "content": worse.answer}],
        "chosen_by": better.name,
        "rejected_by": worse.name,
    }


def _append(path: Path, line: Mapping[str, Any]) -> None:
    text = json.dumps(line, allow_nan=False).encode("ascii") + b"\n"
    with locked(path), path.open("ab") as file:
        if file.tell() and not _ends_whole(path):
            text = b"\n" + text
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _vote(found: Mapping[str, Any]) -> Vote:
    known = {each.name for each in fields(Vote)}
    given = {name: value for name, value in found.items() if name in known}
    if given["word"] not in WORDS:
        raise ValueError(given["word"])
    made: dict[str, Any] = {
        **given,
        "left": _side(given["left"]),
        "right": _side(given["right"]),
        "messages": tuple(given["messages"]),
    }
    return Vote(**made)


def _side(found: Mapping[str, Any]) -> Side:
    known = {each.name for each in fields(Side)}
    return Side(**{name: value for name, value in found.items() if name in known})
