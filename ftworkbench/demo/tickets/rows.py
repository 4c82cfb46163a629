"""Draws the sound rows: as many as asked for, level over queues and urgencies, no two of them alike."""

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ftworkbench.demo.tickets.grammar import QUEUES, URGENCIES, Desk, Draft, draft, read_sections
from ftworkbench.demo.tickets.writing import write

FEWEST_WORDS, MOST_WORDS = 8, 70
RUN, SPACED_RUN = 7, 8
MOST_ALIKE = 0.42
URGENCY_MIX = ("normal", "low", "high", "normal", "low", "high", "normal", "low", "high", "normal")

_TOKEN = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True)
class Ticket:
    """A ticket as sent, and what a careful person would answer."""

    text: str
    queue: str
    urgency: str
    plain: bool = False

    @property
    def answer(self) -> str:
        """The answer as the assistant gives it."""
        return answer(self.queue, self.urgency)


def answer(queue: str, urgency: str) -> str:
    """The JSON that a row's assistant turn holds."""
    return json.dumps({"queue": queue, "urgency": urgency})


def tokens(text: str) -> list[str]:
    """Letters and digits in lower case: what two texts are compared by."""
    return _TOKEN.findall(text.lower())


def shingles(text: str, size: int) -> frozenset[tuple[str, ...]]:
    """Every run of `size` tokens in the text."""
    found = tokens(text)
    return frozenset(tuple(found[at : at + size]) for at in range(len(found) - size + 1))


def jaccard(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    """The share of what either has that both have; 0 where both are empty."""
    return len(one & other) / len(one | other) if one | other else 0.0


class Distinct:
    """Remembers texts, and tells whether a new one shares a run of 7 tokens, or too much at all, with any.

    Runs are compared also with all numbers alike, without apostrophes, and as 8 words between spaces, so that
    no way to count words finds two rows that share 8.
    """

    def __init__(self) -> None:
        self._runs: set[tuple[str, ...]] = set()
        self._words: list[frozenset[tuple[str, ...]]] = []

    def admits(self, text: str) -> bool:
        """Whether the text is unlike all before it; if so it is remembered."""
        runs, words = _runs(text), shingles(text, 1)
        if runs & self._runs or any(jaccard(words, other) > MOST_ALIKE for other in self._words):
            return False
        self._runs |= runs
        self._words.append(words)
        return True


def _runs(text: str) -> frozenset[tuple[str, ...]]:
    spaced = text.lower().split()
    return (
        shingles(text, RUN)
        | shingles(re.sub(r"\d+", "0", text), RUN)
        | shingles(text.replace("'", ""), RUN)
        | {tuple(spaced[at : at + SPACED_RUN]) for at in range(len(spaced) - SPACED_RUN + 1)}
    )


def sound_tickets(desk: Desk, rng: random.Random, counts: Sequence[int], seen: Distinct) -> list[list[Ticket]]:
    """For each file so many tickets in random order, each queue equally often, with the urgencies of `URGENCY_MIX`.

    They are drawn for all files in turn, so that what is still unlike all before is as rare in each.
    """
    wanted = [
        (file, QUEUES[at % len(QUEUES)], URGENCY_MIX[at // len(QUEUES) % len(URGENCY_MIX)])
        for file, count in enumerate(counts)
        for at in range(count)
    ]
    rng.shuffle(wanted)
    found: list[list[Ticket]] = [[] for _ in counts]
    for file, queue, urgency in wanted:
        found[file].append(_one(desk, rng, queue, urgency, seen))
    return found


def legal_tickets(desk: Desk, rng: random.Random, seen: Distinct) -> list[Ticket]:
    """The nine tickets of the class that is too small, in random order."""
    letters = read_sections("legal")
    found = [Ticket(desk.expand(line), "legal", urgency) for urgency in URGENCIES for line in letters[urgency]]
    rng.shuffle(found)
    for ticket in found:
        seen.admits(ticket.text)
    return found


def _one(desk: Desk, rng: random.Random, queue: str, urgency: str, seen: Distinct) -> Ticket:
    while True:
        made = draft(desk, rng, queue, urgency)
        text = write(made, rng)
        if FEWEST_WORDS <= len(text.split()) <= MOST_WORDS and seen.admits(text):
            return Ticket(text, queue, urgency, _plain(made))


def _plain(made: Draft) -> bool:
    return made.kind in ("problem", "grave") and not made.two_problems
