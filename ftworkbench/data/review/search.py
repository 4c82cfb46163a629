"""The filter line: which rows to show.

    tag:refund  status:unreviewed  role:tool  label:billing  dup:near  problem:leak  split:test
    len>512  tokens>512  loss>2  "exact words"  /regex/  bare words

All terms must hold; a leading `-` turns one round. `len` is in characters of all that the row says, `tokens` of the
recipe's tokenizer, `loss` what a training had left of the row. Words are found in any case; exact words and regular
expressions as they are written. `status:` also knows `later`, `edited` and `refused`; `label:` is the answer, or any
value of an answer in JSON; `dup:` and `problem:` are what a check found, `split:` the part of the frozen split.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ftworkbench.data.example import content_text
from ftworkbench.data.labels import json_object
from ftworkbench.data.problems import KINDS
from ftworkbench.data.review.decisions import STATUSES, UNREVIEWED, RowState
from ftworkbench.data.rules import ROLES
from ftworkbench.data.sources.source import Row
from ftworkbench.errors import InputError
from ftworkbench.printable import one_line

_LATER = "later"  # what the key that skips says
_STATUS_WORDS = (*STATUSES, _LATER, "edited", "refused")
_FIELDS = ("status", "tag", "label", "role", "dup", "problem", "split")
_NUMBERS = ("len", "tokens", "loss")
_DUPLICATES = {
    "exact": {"exact-duplicate"},
    "near": {"near-duplicate"},
    "conflict": {"conflicting-duplicate"},
    "any": {"exact-duplicate", "near-duplicate", "conflicting-duplicate"},
}
_SPLITS = ("train", "validation", "test")
_TERM = re.compile(
    r'(?P<minus>-?)(?:"(?P<exact>[^"]*)"|/(?P<regex>(?:[^/\\]|\\.)*)/(?=\s|$)'
    r'|(?P<field>[A-Za-z]+):(?:"(?P<quoted>[^"]*)"|(?P<value>\S+))'
    r"|(?P<number>len|tokens|loss)(?P<sign><=|>=|<|>|=)(?P<value_of>\d+(?:\.\d+)?)(?=\s|$)|(?P<word>\S+))"
)
_FACTS = {"dup", "problem", "split", "tokens", "loss"}
_QUICK = {*_FACTS, "tag", "status"}  # for most of what these ask, the row itself need not be read
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq,
}  # fmt: skip


@dataclass(frozen=True)
class RowFacts:
    """What is known of a row that does not stand in it: by a check, a tokenizer, a training, the frozen split."""

    kinds: frozenset[str] = frozenset()
    tokens: int | None = None
    loss: float | None = None
    part: str = ""


NO_FACTS = RowFacts()


@dataclass(frozen=True)
class _Seen:
    """A row as a filter sees it: with its edits; read, and its text put together, where a term asks for it."""

    read: Callable[[], Row]
    state: RowState
    facts: RowFacts

    @cached_property
    def row(self) -> Row:
        return self.read()

    @cached_property
    def text(self) -> str:
        messages = self.state.messages
        return self.row.text if messages is None else "\n".join(content_text(message) for message in messages)


_Test = Callable[[_Seen], bool]


@dataclass(frozen=True)
class Filter:
    """A parsed filter line; an empty one matches every row.

    `needs` are the fields that only `RowFacts` tell. `words` stand in every row that matches, in small letters or not.
    """

    line: str
    tests: tuple[_Test, ...] = ()
    needs: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()

    def matches(self, row: Row, state: RowState = UNREVIEWED, facts: RowFacts = NO_FACTS) -> bool:
        """Whether all terms hold for the row, with the edits of `state`."""
        return self.holds(lambda: row, state, facts)

    def holds(self, read: Callable[[], Row], state: RowState, facts: RowFacts) -> bool:
        """The same, for a row that is read only where a term asks what stands in it."""
        seen = _Seen(read, state, facts)
        return all(test(seen) for test in self.tests)


def parse_filter(line: str) -> Filter:
    """The filter that a line says. Raises InputError with the term that makes no sense, and why."""
    terms = [match for match in _TERM.finditer(line) if match[0] != "-"]
    terms.sort(key=lambda match: (match["number"] or match["field"] or "").lower() not in _QUICK)
    asked = {(match["number"] or match["field"] or "").lower() for match in terms}
    words = [match["exact"] or match["word"] or "" for match in terms if not match["minus"]]
    words = [word.lower() for word in words if word]
    return Filter(line, tuple(map(_test, terms)), frozenset(asked & _FACTS), tuple(words))


def _test(match: re.Match[str]) -> _Test:
    test = _positive(match)
    if not match["minus"]:
        return test
    return lambda seen: not test(seen)


def _positive(match: re.Match[str]) -> _Test:
    if match["exact"] is not None:
        exact = match["exact"]
        return lambda seen: exact in seen.text
    if match["regex"] is not None:
        pattern = _compiled(match["regex"])
        return lambda seen: pattern.search(seen.text) is not None
    if match["number"] is not None:
        return _number(match["number"], _SIGNS[match["sign"]], float(match["value_of"]))
    if match["field"] is not None and _is_field(match):
        return _field(match["field"].lower(), match["quoted"] if match["quoted"] is not None else match["value"])
    word = match[0][len(match["minus"]) :].lower()
    if wrong := re.match(r"(len|tokens|loss)[<>=]", word):
        raise InputError(f"filter: {one_line(word, 40)}: {wrong[1]} needs a number, as in {wrong[1]}>512")
    return lambda seen: word in seen.text.lower()


def _number(name: str, compare: Callable[[float, float], bool], bound: float) -> _Test:
    if name == "len":
        return lambda seen: compare(len(seen.text), bound)
    if name == "tokens":
        return lambda seen: seen.facts.tokens is not None and compare(seen.facts.tokens, bound)
    return lambda seen: seen.facts.loss is not None and compare(seen.facts.loss, bound)


def _is_field(match: re.Match[str]) -> bool:
    """Whether this is `field:value` and not a word with a colon in it, such as an address on the web."""
    name = match["field"].lower()
    if name in _FIELDS:
        return True
    if (match["value"] or "").startswith("//"):
        return False
    fields = ", ".join(f"{known}:" for known in _FIELDS)
    raise InputError(f'filter: there is no {one_line(name, 30)}: (there are {fields}); put "quotes" around words')


def _field(name: str, value: str) -> _Test:
    low = value.lower()
    if name == "tag":
        return lambda seen: value in seen.state.tags
    if name == "status":
        return _status(low)
    if name == "role":
        if low not in ROLES:
            raise InputError(f"filter: role:{one_line(value, 30)}: use one of {', '.join(ROLES)}")
        return lambda seen: any(message["role"] == low for message in _messages(seen))
    if name == "dup":
        kinds = _DUPLICATES[_one_of(name, low, tuple(_DUPLICATES))]
        return lambda seen: bool(kinds & seen.facts.kinds)
    if name == "problem":
        kind = _one_of(name, low, tuple(KINDS))
        return lambda seen: kind in seen.facts.kinds
    if name == "split":
        part = _one_of(name, low, _SPLITS)
        return lambda seen: seen.facts.part == part
    return lambda seen: low in _labels(seen)


def _one_of(name: str, value: str, known: Sequence[str]) -> str:
    """The one of the known values that begins so. Raises InputError."""
    found = [value] if value in known else [one for one in known if one.startswith(value)]
    if len(found) != 1:
        raise InputError(f"filter: {name}:{one_line(value, 30)}: use one of {', '.join(found or known)}")
    return found[0]


def _status(value: str) -> _Test:
    status = _one_of("status", value, _STATUS_WORDS)
    if status == _LATER:
        status = "skipped"
    if status == "edited":
        return lambda seen: seen.state.messages is not None
    if status == "refused":
        return lambda seen: seen.row.refused and seen.state.messages is None
    return lambda seen: seen.state.status == status


def _messages(seen: _Seen) -> Sequence[dict[str, object]]:
    if seen.state.messages is not None:
        return seen.state.messages
    example = seen.row.example or seen.row.draft
    return example.messages if example else ()


def _labels(seen: _Seen) -> set[str]:
    answers = [content_text(message) for message in _messages(seen) if message["role"] == "assistant"]
    if not answers:
        return set()
    values = (json_object(answers[-1]) or {}).values()
    return {answers[-1].strip().lower(), *(str(value).lower() for value in values)}


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise InputError(f"filter: /{one_line(pattern, 40)}/ is no regular expression: {error}") from None


def completions(
    line: str, tags: Sequence[str] = (), labels: Sequence[str] = (), kinds: Sequence[str] = ()
) -> list[str]:
    """The lines that a filter line may become by its last term; the rest is what there is to complete it with."""
    start, _, term = line.rpartition(" ")
    before = f"{start} " if start else ""
    minus = "-" if term.startswith("-") else ""
    term = term.removeprefix("-")
    values = {
        "status": _STATUS_WORDS, "tag": tags, "label": labels, "role": ROLES,
        "dup": tuple(_DUPLICATES), "problem": kinds, "split": _SPLITS,
    }  # fmt: skip
    offered = [f"{name}:" for name in _FIELDS] + [f"{name}{sign}" for name in _NUMBERS for sign in "><"]
    field, colon, _ = term.partition(":")
    if colon:
        offered = [f"{field}:{_quoted(value)}" for value in values.get(field.lower(), ())]
    return [f"{before}{minus}{one}" for one in offered if one.startswith(term) and one != term]


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value
