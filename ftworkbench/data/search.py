"""The filter line: which rows to show.

    tag:refund  status:unreviewed  role:tool  label:billing  len>512  "exact words"  /regex/  bare words

All terms must hold; a leading `-` turns one round. `len` is in characters of all that the row says. Words are
found in any case; exact words and regular expressions as they are written. `status:` also knows `edited` and
`refused`; `label:` is the answer, or any value of an answer in JSON.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ftworkbench.data.decisions import STATUSES, UNREVIEWED, RowState
from ftworkbench.data.example import content_text
from ftworkbench.data.labels import json_object
from ftworkbench.data.rules import ROLES
from ftworkbench.data.source import Row
from ftworkbench.errors import InputError
from ftworkbench.printable import one_line

_STATUS_WORDS = (*STATUSES, "edited", "refused")
_FIELDS = ("status", "tag", "label", "role")
_TERM = re.compile(
    r'(?P<minus>-?)(?:"(?P<exact>[^"]*)"|/(?P<regex>(?:[^/\\]|\\.)*)/(?=\s|$)'
    r'|(?P<field>[A-Za-z]+):(?:"(?P<quoted>[^"]*)"|(?P<value>\S+))'
    r"|len(?P<sign><=|>=|<|>|=)(?P<length>\d+)(?=\s|$)|(?P<word>\S+))"
)
_SIGNS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq}


@dataclass(frozen=True)
class _Seen:
    """A row as a filter sees it: with its edits, and its text put together once."""

    row: Row
    state: RowState
    text: str


_Test = Callable[[_Seen], bool]


@dataclass(frozen=True)
class Filter:
    """A parsed filter line; an empty one matches every row."""

    line: str
    tests: tuple[_Test, ...] = ()

    def matches(self, row: Row, state: RowState = UNREVIEWED) -> bool:
        """Whether all terms hold for the row, with the edits of `state`."""
        if not self.tests:
            return True
        messages = state.messages
        text = row.text if messages is None else "\n".join(content_text(message) for message in messages)
        seen = _Seen(row, state, text)
        return all(test(seen) for test in self.tests)


def parse_filter(line: str) -> Filter:
    """The filter that a line says. Raises InputError with the term that makes no sense, and why."""
    return Filter(line, tuple(_test(match) for match in _TERM.finditer(line) if match[0] != "-"))


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
    if match["length"] is not None:
        compare, length = _SIGNS[match["sign"]], int(match["length"])
        return lambda seen: bool(compare(len(seen.text), length))
    if match["field"] is not None and _is_field(match):
        return _field(match["field"].lower(), match["quoted"] if match["quoted"] is not None else match["value"])
    word = match[0][len(match["minus"]) :].lower()
    if re.match(r"len[<>=]", word):
        raise InputError(f"filter: {one_line(word, 40)}: len needs a whole number, as in len>512")
    return lambda seen: word in seen.text.lower()


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
    return lambda seen: low in _labels(seen)


def _status(value: str) -> _Test:
    found = [word for word in _STATUS_WORDS if word.startswith(value)]
    if len(found) != 1:
        raise InputError(f"filter: status:{one_line(value, 30)}: use one of {', '.join(_STATUS_WORDS)}")
    status = found[0]
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


def completions(line: str, tags: Sequence[str] = (), labels: Sequence[str] = ()) -> list[str]:
    """The lines that a filter line may become by its last term; `tags` and `labels` are those there are."""
    start, _, term = line.rpartition(" ")
    before = f"{start} " if start else ""
    minus = "-" if term.startswith("-") else ""
    term = term.removeprefix("-")
    values = {"status": _STATUS_WORDS, "tag": tags, "label": labels, "role": ROLES}
    offered = [f"{name}:" for name in _FIELDS] + ["len>", "len<"]
    field, colon, _ = term.partition(":")
    if colon:
        offered = [f"{field}:{_quoted(value)}" for value in values.get(field.lower(), ())]
    return [f"{before}{minus}{one}" for one in offered if one.startswith(term) and one != term]


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value
