"""The word lists, sentences and ways of writing that the corpus is made from, split into seen and held out."""

import functools
import itertools
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Side = Literal["seen", "held_out"]

FOLDER = Path(__file__).parent
HELD_OUT_NAMES = frozenset(
    ["billing", "delivery", "account", "technical", "returns", "legal", "low", "normal", "high", "queue", "urgency"]
)
"""Never a label and never a JSON key in the corpus: they are what the triage demo asks for."""

LEXICAL = re.compile(r"(?<![{\w])[a-z]{4,}(?![}\w])")
ORDER_HELD_OUT = 9
"""One word and one sentence in so many is kept for the held-out side."""


@dataclass(frozen=True)
class Topic:
    """What a message can be about; topics of one `group` never stand in one set of labels."""

    name: str
    group: str
    names: tuple[str, ...]
    cues: tuple[str, ...]
    problems: tuple[str, ...]
    questions: tuple[str, ...]


@dataclass(frozen=True)
class Attribute:
    """A way in which a message is written. `rank` is 0, 1 or 2 by how much it weighs, None for neither."""

    name: str
    rank: int | None
    cues: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True)
class Bank:
    """All that one side of the corpus may use; `lexicon` holds the words of its sentences and synonyms as well.

    `side` says which words and sentences those are, `prompts` which wordings of instructions go with them.
    """

    side: Side
    prompts: Side
    kinds: dict[str, tuple[str, ...]]
    words: tuple[str, ...]
    lexicon: tuple[str, ...]
    synonyms: tuple[tuple[str, ...], ...]
    synonyms_of: dict[str, tuple[str, ...]]
    opposites: tuple[tuple[str, str], ...]
    topics: tuple[Topic, ...]
    attributes: dict[str, Attribute]


def is_held_out(text: str) -> bool:
    """Whether a word or sentence belongs to the held-out side; the same on every machine."""
    return zlib.crc32(text.encode()) % ORDER_HELD_OUT == 0


@functools.cache
def bank(side: Side = "seen", prompts: Side | None = None) -> Bank:
    """The bank of one side, with that side's wordings of instructions unless `prompts` says otherwise.

    The sides share names of topics and synonyms, but no sentence and no word of a list.
    """
    kinds = {}
    for line in _lines("words.txt"):
        name, listed = line.split(":")
        kept = tuple(word for word in listed.split() if is_held_out(word) == (side == "held_out"))
        kinds[name] = kept
    synonyms = tuple(tuple(part.strip() for part in line.split(",")) for line in _lines("synonyms.txt"))
    synonyms_of: dict[str, tuple[str, ...]] = {}
    for group in synonyms:
        for word in group:
            others = tuple(other for other in group if other != word)
            synonyms_of[word] = synonyms_of.get(word, ()) + others
    pairs = [line.split() for line in _lines("opposites.txt")]
    topics = (_topic(block, side) for block in _blocks("topics.txt"))
    attributes = (_attribute(block, side) for block in _blocks("attributes.txt"))
    texts = [line for name in ("topics.txt", "synonyms.txt", "attributes.txt") for line in _lines(name)]
    found = dict.fromkeys(word for text in texts for word in LEXICAL.findall(text))
    lexicon = [word for word in found if is_held_out(word) == (side == "held_out")]
    plain = (kinds[kind] for kind in kinds if kind not in {"given_name", "surname", "city", "country"})
    words = tuple(dict.fromkeys(itertools.chain.from_iterable(plain)))
    return Bank(
        side=side,
        prompts=prompts or side,
        kinds=kinds,
        words=words,
        lexicon=tuple(word for word in dict.fromkeys((*words, *lexicon)) if word not in HELD_OUT_NAMES),
        synonyms=synonyms,
        synonyms_of=synonyms_of,
        opposites=tuple((first, second) for first, second in pairs),
        topics=tuple(topic for topic in topics if topic.problems or topic.questions),
        attributes={attribute.name: attribute for attribute in attributes},
    )


def _lines(name: str) -> list[str]:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _blocks(name: str) -> list[tuple[str, list[str]]]:
    blocks: list[tuple[str, list[str]]] = []
    for line in _lines(name):
        if line.startswith("["):
            blocks.append((line, []))
        else:
            blocks[-1][1].append(line)
    return blocks


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(","))


def _topic(block: tuple[str, list[str]], side: Side) -> Topic:
    head, lines = block
    name, rest = head[1:].split("] ")
    group, names, cues = rest.split(" | ")
    mine = [line for line in lines if is_held_out(line) == (side == "held_out")]
    return Topic(
        name=name,
        group=group,
        names=tuple(label for label in _names(names) if label not in HELD_OUT_NAMES),
        cues=_names(cues),
        problems=tuple(line[2:] for line in mine if line.startswith("!")),
        questions=tuple(line[2:] for line in mine if line.startswith("?")),
    )


def _attribute(block: tuple[str, list[str]], side: Side) -> Attribute:
    head, lines = block
    name, rest = head[1:].split("] ")
    rank, cues = rest.split(" | ")
    kept = [line for line in lines if is_held_out(line) == (side == "held_out")]
    mine = kept or lines[-1:]
    return Attribute(
        name=name,
        rank=None if rank == "-" else int(rank),
        cues=_names(cues),
        before=tuple(line[2:] for line in mine if line.startswith("<")),
        after=tuple(line[2:] for line in mine if line.startswith(">")),
    )
