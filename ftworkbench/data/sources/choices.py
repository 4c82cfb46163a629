"""How else a file could be read: the formats that its first rows fit, and the pairs of columns that make sense."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, permutations
from typing import Any

from ftworkbench.data.formats.columns import Columns
from ftworkbench.data.formats.format import FORMATS, Format, by_lines, told
from ftworkbench.data.parsing import parse_record
from ftworkbench.data.rules import Refused
from ftworkbench.data.sources.source import Source, read_row

LOOKED_AT = 50
_MOST_PAIRS = 12
_MOST_COLUMNS = 30
# How columns are called that hold what is asked, and what is answered; the likelier names come first.
_ASKED = ("prompt", "question", "instruction", "input", "query", "user", "human", "message", "ask", "source", "text")
_ANSWERED = (
    *("completion", "answer", "response", "output", "assistant", "reply", "label", "target", "chosen", "summary"),
    *("category", "class", "intent", "translation", "solution", "gold", "reference"),
)


@dataclass(frozen=True)
class Choice:
    """A way to read a file, and how many of the rows that were looked at it keeps.

    `recognised`: it is how the file is read now.
    """

    format: Format
    kept: int
    looked_at: int
    recognised: bool = False

    @property
    def name(self) -> str:
        return self.format.name

    @property
    def columns(self) -> Columns | None:
        return self.format.columns

    @property
    def options(self) -> dict[str, str | None]:
        """What the recipe's [data] has to say so that the file is read so; None for what is to be left out."""
        prompt, answer = self.format.columns if self.name == "columns" and self.format.columns else (None, None)
        return {"format": self.name, "prompt_column": prompt, "answer_column": answer}

    def __str__(self) -> str:
        return f"{self.format}: {self.kept} of {self.looked_at} rows"


def format_choices(source: Source) -> list[Choice]:
    """The ways to read a file that keep a row of its first 50: as it is read now, then by how many they keep.

    Pairs of columns come the likelier first, up to 12 of them.
    """
    records = list(islice(source.values(), LOOKED_AT))
    named = [by_lines(form, records) for name in FORMATS if name != "columns" and (form := told(name, None, None))]
    forms = list(dict.fromkeys([*named, *(Format("columns", pair) for pair in _pairs(records))]))
    known = {form.columns for form in named if form.columns}
    forms = [form for form in forms if form.name != "columns" or form.columns not in known]
    others = [Choice(form, _kept(records, form), len(records)) for form in forms if form != source.format]
    others.sort(key=lambda choice: -choice.kept)
    now = Choice(source.format, _kept(records, source.format), len(records), recognised=True)
    return [now, *(choice for choice in others if choice.kept)]


def _kept(records: Sequence[Any], form: Format) -> int:
    return sum(not read_row(number, record, form).refused for number, record in enumerate(records, 1))


def _pairs(records: Sequence[Any]) -> list[Columns]:
    """The pairs of columns that could be a prompt and its answer, the likeliest first."""
    columns: Counter[str] = Counter()
    texts: Counter[str] = Counter()
    for record in records:
        for name, value in _as_mapping(record).items():
            columns[name] += 1
            texts[name] += isinstance(value, str) and bool(value.strip())
    names = [name for name in islice(columns, _MOST_COLUMNS) if texts[name] * 2 > columns[name]]
    places = {name: place for place, name in enumerate(names)}
    pairs = [(asked, answered) for asked, answered in permutations(names, 2) if asked and answered]
    pairs.sort(key=lambda pair: (_likeness(pair[0], _ASKED) + _likeness(pair[1], _ANSWERED), *map(places.get, pair)))
    return pairs[:_MOST_PAIRS]


def _likeness(name: str, known: Sequence[str]) -> int:
    """How far a name stands from those that are known, from 0; the whole of it before a part of it."""
    low = name.lower()
    if low in known:
        return known.index(low)
    parts = [place for place, word in enumerate(known) if word in low]
    return len(known) + parts[0] if parts else 3 * len(known)


def _as_mapping(record: Any) -> Mapping[str, Any]:
    try:
        value = parse_record(record) if isinstance(record, bytes) else record
    except (Refused, RecursionError):
        return {}
    return value if isinstance(value, Mapping) else {}
