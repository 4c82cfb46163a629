"""What the Data screen shows and asks, worked out apart from its widgets."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ftworkbench.errors import InputError
from ftworkbench.tui.editing import edit_outside, editor_command
from ftworkbench.tui.widgets.row_view import Finding, OtherRow, RowPage

if TYPE_CHECKING:
    from ftworkbench.data.checks.check import Report
    from ftworkbench.data.problems import Problem
    from ftworkbench.recipe.tables import Data
    from ftworkbench.steps.recipe import Opened
    from ftworkbench.tui.app import Workbench
    from ftworkbench.tui.frozen import Frozen
    from ftworkbench.tui.review import Review
    from ftworkbench.tui.widgets.problem_list import KindLine

FILTER_HINT = 'tag:refund  status:unreviewed  len>512  "words"  /regex/'
# Enough to fill a screen; the rest is indexed while those are looked at.
_FIRST_SECONDS = 0.05


def open_review(path: Path, data: Data | None, ledger: Path) -> Review:
    """Opens a file with its ledger, its first rows ready. Raises InputError where it cannot be read."""
    from ftworkbench.data.review.ledger import Ledger
    from ftworkbench.tui.review import Review

    review = Review(path, data, Ledger.open(ledger))
    review.source.index_some(_FIRST_SECONDS)
    return review


def files_of(opened: Opened) -> list[Path]:
    """The data files that the recipe names, each once: train, validation, test."""
    data = opened.recipe.data
    names = [name for name in (data.train, data.validation, data.test) if name]
    return [opened.workspace.root / name for name in dict.fromkeys(names)]


def title(review: Review, index: int) -> str:
    """The title of a row's page: its number, its file, its label."""
    line = review.line(index)
    parts = [f"row {line.number:,}", review.name, *line.tags]
    if review.path.is_dir():
        parts.insert(1, review.source.place(index))
    return " · ".join(part for part in parts if part)


def row_page(review: Review, index: int, frozen: Frozen | None = None, needle: str = "") -> RowPage:
    """All that is shown of a row; `frozen` is the split that may hold it out."""
    row, state = review.row(index), review.state(index)
    own = review.messages(index)
    edited = state.messages is not None
    problems = review.problems_of(index)
    findings = [_finding(problem) for problem in problems]
    if frozen is not None and (held := frozen.finding(row, state)):
        findings.insert(0, held)
    return RowPage(
        messages=state.messages if state.messages is not None else own,
        before=own if edited else None,
        raw=row.text,
        status=state.status,
        tags=tuple(sorted(state.tags)),
        findings=tuple(findings),
        other=_other(review, problems),
        needle=needle,
        measured=review.known.measured.words(row.key),
    )


def _other(review: Review, problems: Sequence[Problem]) -> OtherRow | None:
    """The row that the first of these is about, where it stands in the same file and does not say just the same."""
    for problem in problems:
        index = review.source.index_of(problem.other) if problem.other and not problem.other_path else None
        if index is not None and problem.kind != "exact-duplicate":
            messages = review.state(index).messages or review.messages(index)
            return OtherRow(f"row {problem.other:,}", messages)
    return None


def _finding(problem: Problem) -> Finding:
    from ftworkbench.data.problems import KINDS

    kind = KINDS.get(problem.kind)
    todo = kind.todo if kind is not None else ""
    return Finding(kind.title if kind is not None else problem.kind, problem.reason, todo, problem.blocks)


# Finding


def complete_filter(review: Review, line: str) -> list[str]:
    """What the filter line may become."""
    from ftworkbench.data.review.search import completions

    return completions(line, review.ledger.tags(), sorted(review.tally.labels), review.known.kinds())


def next_place(
    rows: Sequence[int], found: Sequence[int], cursor: int, step: int, *, including: bool = False
) -> int | None:
    """The line of the next found row, or with step -1 of the one before; past the end it begins at the other."""
    if not found or not rows:
        return None
    if isinstance(rows, range):
        here = rows[cursor]
        if step > 0:
            at = bisect_left(found, here) if including else bisect_right(found, here)
        else:
            at = bisect_left(found, here) - 1
        return rows.index(found[at % len(found)])
    wanted = set(found)
    offset = 0 if including else step
    for distance in range(len(rows)):
        place = (cursor + offset + step * distance) % len(rows)
        if rows[place] in wanted:
            return place
    return None


def next_unreviewed(review: Review, rows: Sequence[int], cursor: int, step: int) -> int | None:
    """The line of the next row without a decision, or with one to come back to; None where there is none that way."""
    place = cursor + step
    while 0 <= place < len(rows):
        index = rows[place]
        if review.ledger.state(review.key(index)).status in ("unreviewed", "skipped"):
            return place
        place += step
    return None


def check_number(line: str) -> None:
    """Raises InputError for what is not the number of a row."""
    if not line.strip().isdecimal() or int(line) < 1:
        raise InputError("a row's number is a whole one, from 1")


# Checking


def rows_with(review: Review, kind: str) -> list[int]:
    """The rows that have a problem of that kind, each after the row it is about, so that pairs stand together."""
    numbers: list[int] = []
    for problem in review.known.of_kind(kind):
        here = [problem.other] if problem.other and not problem.other_path else []
        numbers += [*here, problem.row]
    found = (review.source.index_of(number) for number in dict.fromkeys(numbers))
    return [index for index in found if index is not None]


def kind_lines(review: Review) -> list[KindLine]:
    """What was found in the file, by kind: what blocks training first, then the most."""
    from ftworkbench.data.problems import KINDS
    from ftworkbench.tui.widgets.problem_list import KindLine

    lines = []
    counts = Counter(kind for problems in review.known.problems.values() for kind in {p.kind for p in problems})
    for name, count in counts.items():
        kind = KINDS.get(name)
        blocks = any(p.blocks and not p.settled for ps in review.known.problems.values() for p in ps if p.kind == name)
        lines.append(KindLine(name, kind.title if kind else name, kind.todo if kind else "", count, blocks))
    return sorted(lines, key=lambda line: (not line.blocks, -line.rows, line.title))


def advice(report: Report, review: Review) -> list[str]:
    """What the rules of thumb say of the file as a whole, and what another file still holds against training."""
    lines = []
    for file in report.files:
        if Path(file.path).resolve() == review.path.resolve():
            lines += [str(line) for line in file.advice]
        else:
            open_rows = {problem.row for problem in file.problems if problem.blocks and not problem.settled}
            if open_rows:
                name = Path(file.path).name
                lines.append(f"{len(open_rows)} rows of {name} must be decided before training; o goes to that file")
    return lines


# The user's editor


def in_editor(workbench: Workbench, text: str, suffix: str) -> str | None:
    """What the user's editor makes of `text`, with the screen given to it meanwhile; None where that failed."""
    from textual.app import SuspendNotSupported

    failed = ""
    try:
        editor_command()
        with workbench.suspend():
            # An error must not leave this block: the terminal would not be taken back.
            try:
                return edit_outside(text, suffix)
            except (InputError, OSError) as error:
                failed = str(error)
    except SuspendNotSupported:
        failed = "this terminal cannot be given to an editor; e edits the row here"
    except InputError as error:
        failed = str(error)
    workbench.tell(failed, "error")
    return None
