"""A file under review: its rows, what the ledger says of them, and which of them are looked at in which order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ftworkbench.data.example import key_name
from ftworkbench.data.problems import KINDS, Problem
from ftworkbench.data.review.judged import is_open
from ftworkbench.data.review.ledger import Ledger, RowState
from ftworkbench.data.review.search import NO_FACTS, Filter, RowFacts
from ftworkbench.data.sources.source import Row, Source, open_source
from ftworkbench.tui.known import Known
from ftworkbench.tui.rows import RowLine, short_answer
from ftworkbench.tui.tally import Tally

if TYPE_CHECKING:
    from ftworkbench.data.example import Message
    from ftworkbench.data.labels import Labels
    from ftworkbench.data.review.acts import Act
    from ftworkbench.recipe.tables import Data
    from ftworkbench.steps.last_check import Checked

# Long enough to be worth a look at a row in a list; a row of megabytes is not looked at whole.
_LONGEST_LINE = 400
# Rows whose labels are offered; a label has to come again to be one.
_LOOKED_AT = 2_000
_COMES_AGAIN = 2
_COMMIT = re.compile("@([0-9a-f]{7})[0-9a-f]{33}")


@dataclass(frozen=True)
class KnownLabels:
    """How the label of an answer is read, and the names that come again among the rows."""

    reading: Labels
    names: tuple[str, ...]


class Review:
    """One data file and its ledger. The file is never written; every decision goes to the ledger."""

    def __init__(self, path: Path, data: Data | None, ledger: Ledger) -> None:
        self.path = path
        self.source: Source = open_source(path, data)
        self.ledger = ledger
        self.data = data
        self.label = data.label if data is not None else None
        self.known = Known()
        self.tally = Tally(ledger, self.label)

    @property
    def name(self) -> str:
        """What the file is called; of a dataset's pinned commit the first digits."""
        return _COMMIT.sub(r"@\1", self.path.name)

    @property
    def size(self) -> int:
        """The rows that are known so far."""
        return self.source.known

    def row(self, index: int) -> Row:
        return self.source.row(index)

    def key(self, index: int) -> str:
        """The key of a row; of one that was counted it need not be read for that."""
        keys = self.tally.keys
        return key_name(keys[index]) if index < len(keys) else self.row(index).key

    def labels(self) -> KnownLabels | None:
        """How labels are read in this file, and which come again among rows spread over it; None where it has none."""
        from ftworkbench.data.labels import find_labels

        indexes = range(0, self.size, max(self.size // _LOOKED_AT, 1))
        answers = [_last_answer(self.current(index)) for index in indexes]
        reading = find_labels([answer for answer in answers if answer], self.label)
        if reading is None:
            return None
        counts = Counter(label for answer in answers if (label := reading.of(answer)) is not None)
        common = sorted(name for name, count in counts.items() if count >= _COMES_AGAIN)
        return KnownLabels(reading, tuple(common)) if common else None

    def facts(self, index: int) -> RowFacts:
        """What is known of a row that does not stand in it."""
        return self.known.facts(self.source.number(index), self.key(index))

    def matches(self, wanted: Filter, index: int) -> bool:
        """Whether a filter holds for a row, with its edits."""
        facts = self.facts(index) if wanted.needs else NO_FACTS
        return wanted.holds(lambda: self.row(index), self.ledger.state(self.key(index)), facts)

    def state(self, index: int) -> RowState:
        return self.ledger.state(self.key(index))

    def messages(self, index: int) -> Sequence[Message]:
        """The messages as the file has them; of a refused row those that could be read, if any."""
        row = self.row(index)
        example = row.example or row.draft
        return example.messages if example is not None else ()

    def current(self, index: int) -> Sequence[Message]:
        """The messages as they are used: as they were edited, else as the file has them."""
        return self.state(index).messages or self.messages(index)

    def line(self, index: int) -> RowLine:
        """What a list shows of the row at `index`."""
        row = self.row(index)
        state = self.ledger.state(row.key)
        messages = state.messages or self.messages(index)
        titles = [KINDS[problem.kind].title for problem in self.problems_of(index)]
        return RowLine(
            number=row.number,
            status=state.status,
            text=_first_user(messages) or row.title[:_LONGEST_LINE],
            answer=short_answer(_last_answer(messages), self.label),
            tags=tuple(sorted(state.tags)),
            edited=state.messages is not None,
            problems=tuple(dict.fromkeys(titles)),
        )

    def problems_of(self, index: int) -> list[Problem]:
        """Why the row cannot be used, if so, then what a check found. An edit mends what a row is refused for."""
        row = self.row(index)
        found = [problem for problem in self.known.problems.get(row.number, []) if self.is_open(problem)]
        if row.problem is None or self.ledger.state(row.key).messages is not None:
            return found
        return [row.problem, *(problem for problem in found if problem.kind != row.problem.kind)]

    def is_open(self, problem: Problem) -> bool:
        """Whether nobody has decided yet about what a check found."""
        return is_open(problem, self.ledger, self.known.checked or 0.0)

    # Decisions

    def decide(
        self,
        index: int,
        do: str,
        *,
        tag: str | None = None,
        messages: Sequence[Message] | None = None,
        why: str = "",
    ) -> None:
        """Writes a decision on the row (accept, reject, skip, edit, tag, untag); it is on disk when this returns."""
        self.decide_all([self.row(index).key], do, tag=tag, messages=messages, why=why)

    def decide_all(
        self,
        keys: Sequence[str],
        do: str,
        *,
        tag: str | None = None,
        messages: Sequence[Message] | None = None,
        why: str = "",
    ) -> None:
        """Writes the same decision on all rows with these keys, each named once, as one act."""
        before = self.tally.classes(keys)
        self.ledger.decide_all(keys, do, tag=tag, messages=messages, why=why)
        self.tally.move(before)

    def tag_all(self, keys: Sequence[str], given: Sequence[str], taken: Sequence[str]) -> None:
        """Gives all rows with these keys the tags, and takes the others away, as one act."""
        self.ledger.tag_all(keys, given, taken)

    def undo(self) -> Act | None:
        """Takes the last act back, and gives it; None where there is none."""
        return self._stepped(self.ledger.to_undo, self.ledger.undo)

    def redo(self) -> Act | None:
        """Makes the act again that was taken back last."""
        return self._stepped(self.ledger.to_redo, self.ledger.redo)

    def _stepped(self, act: Act | None, step: Callable[[], Act | None]) -> Act | None:
        before = self.tally.classes(act.keys if act else ())
        step()
        self.tally.move(before)
        return act

    def edited_rows(self) -> list[int]:
        """The rows whose messages were edited, of those that are counted."""
        decided = self.ledger.keys()
        return self.tally.rows_of(key for key in decided if self.ledger.state(key).messages is not None)

    def index_of(self, key: str, near: int | None = None) -> int | None:
        """A row with that key: the one at `near` if it has it, else the first."""
        wanted = int(key, 16)
        if near is not None and near < len(self.tally.keys) and self.tally.keys[near] == wanted:
            return near
        try:
            return self.tally.keys.index(wanted)
        except ValueError:
            return None

    @property
    def summary(self) -> str:
        """How many rows are kept and how many were reviewed, in words."""
        return self.tally.summary(self.size, complete=self.source.complete)

    # What a check found

    def take_report(self, checked: Checked) -> None:
        """Keeps what a check found of this file, by the row's number; of a leak too, from the other file's side."""
        path = self.path.resolve()
        problems: list[Problem] = []
        for file in checked.report.files:
            if Path(file.path).resolve() == path:
                problems += file.problems
            else:
                leaks = [problem for problem in file.problems if problem.other_path == path.name]
                name = Path(file.path).name
                problems += [
                    replace(leak.turned(), other_path=name, reason=f"wholly or nearly, as row {leak.row:,} of {name}")
                    for leak in leaks
                ]
        self.known.take_problems(problems, checked.began)


def _first_user(messages: Sequence[Message]) -> str:
    for message in messages:
        if message.get("role") == "user":
            content = message.get("content")
            return content[:_LONGEST_LINE] if isinstance(content, str) else str(content)[:_LONGEST_LINE]
    content = messages[0].get("content") if messages else ""
    return str(content or "")[:_LONGEST_LINE]


def _last_answer(messages: Sequence[Message]) -> str:
    for message in reversed(messages):
        if message.get("role") == "assistant":
            content = message.get("content")
            return content if isinstance(content, str) else ""
    return ""
