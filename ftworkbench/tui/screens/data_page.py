"""What the Data screen shows and asks, worked out apart from its widgets."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ftworkbench.data.review.judged import is_open
from ftworkbench.errors import InputError
from ftworkbench.tui.editing import edit_outside, editor_command
from ftworkbench.tui.widgets.row_view import Finding, OtherRow, RowPage

if TYPE_CHECKING:
    from ftworkbench.data.problems import Problem
    from ftworkbench.data.review.ledger import Ledger
    from ftworkbench.recipe.tables import Data
    from ftworkbench.steps.last_check import Checked
    from ftworkbench.tui.app import Workbench
    from ftworkbench.tui.frozen import Frozen
    from ftworkbench.tui.other_files import OtherFiles
    from ftworkbench.tui.review import Review
    from ftworkbench.tui.widgets.problem_list import FileFindings, KindLine

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


def title(review: Review, index: int) -> str:
    """The title of a row's page: its number, its file, its label."""
    line = review.line(index)
    parts = [f"row {line.number:,}", review.name, *line.tags]
    if review.path.is_dir():
        parts.insert(1, review.source.place(index))
    return " · ".join(part for part in parts if part)


def row_page(review: Review, index: int, others: OtherFiles, frozen: Frozen | None = None, needle: str = "") -> RowPage:
    """All that is shown of a row; `frozen` is the split that may hold it out, `others` the recipe's other files."""
    row, state = review.row(index), review.state(index)
    own = review.messages(index)
    edited = state.messages is not None
    problems = review.problems_of(index)
    findings = [_finding(problem) for problem in problems]
    repeats = [problem for problem in review.known.about(row.number) if review.is_open(problem)]
    findings += [_repeated(problem) for problem in repeats]
    if frozen is not None and (held := frozen.finding(row, state)):
        findings.insert(0, held)
    return RowPage(
        messages=state.messages if state.messages is not None else own,
        before=own if edited else None,
        raw=row.text,
        status=state.status,
        tags=tuple(sorted(state.tags)),
        findings=tuple(findings),
        other=_other(review, [*problems, *(problem.turned() for problem in repeats)], others),
        needle=needle,
        measured=review.known.measured.words(row.key),
    )


def _other(review: Review, problems: Sequence[Problem], others: OtherFiles) -> OtherRow | None:
    """The row that the first of these is about, where it does not say just the same."""
    for problem in problems:
        if not problem.other or problem.kind == "exact-duplicate":
            continue
        name, place = f"row {problem.other:,}", review.source.index_of(problem.other)
        if problem.other_path:
            row = others.row(problem.other_path, problem.other)
            name = f"{name} of {problem.other_path}"
        else:
            row = review.row(place) if place is not None else None
        if row is None:
            continue
        state = review.ledger.state(row.key)
        read = row.example or row.draft
        status = "" if state.status == "unreviewed" else f" ({state.status})"
        return OtherRow(f"{name}{status}", state.messages or (read.messages if read is not None else ()))
    return None


def _repeated(problem: Problem) -> Finding:
    """What is said on the page of a row that another one repeats or contradicts."""
    found = _finding(problem)
    verb = "is" if problem.kind == "exact-duplicate" else "has"
    return replace(found, reason=f"row {problem.row:,} {verb} {problem.reason}")


def _finding(problem: Problem) -> Finding:
    from ftworkbench.data.problems import KINDS

    kind = KINDS.get(problem.kind)
    todo = kind.todo if kind is not None else ""
    if problem.kind == "leak" and problem.key:
        same = "accept it: it then counts in the test alone; rejecting leaves it out of both files"
        todo = same if problem.key == problem.other_key else "reject one of the two; accepting keeps both"
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


def next_unreviewed(review: Review, rows: Sequence[int], cursor: int, step: int, *, skipped: bool = True) -> int | None:
    """The line of the next row without a decision; past the end it begins at the other. None where all are decided.

    With `skipped`, one that was left for later is such a row too.
    """
    wanted = ("unreviewed", "skipped") if skipped else ("unreviewed",)
    counts = review.tally.counts
    if review.tally.complete and not any(counts[status] for status in (*wanted, "refused")):
        return None
    for distance in range(1, len(rows) + 1):
        place = (cursor + step * distance) % len(rows)
        if review.state(rows[place]).status in wanted:
            return place
    return None


def all_decided(rows: int, *, everything: bool) -> str:
    """What to say where no row of so many is left to decide about."""
    if everything:
        return f"all {rows:,} rows are decided; i shows what came of it"
    what = f"all {rows:,} rows here are decided" if rows > 1 else "this row is decided"
    return f"{what}; p shows what else was found, q every row"


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


def findings(checked: Checked, ledger: Ledger) -> list[FileFindings]:
    """What a check found, by file and by kind, with how much of it is open now: what blocks training first.

    Of the advice all but what is reviewed: the title of the rows says it as it is now.
    """
    from ftworkbench.tui.widgets.problem_list import FileFindings

    found = []
    for file in sorted(checked.report.files, key=lambda file: not any(problem.blocks for problem in file.problems)):
        kinds = _kind_lines([problem for problem in file.problems if problem.row > 0], checked.began, ledger)
        advice = [str(line) for line in file.advice if line.kind != "unreviewed"]
        found.append(FileFindings(Path(file.path), kinds, advice))
    return found


def _kind_lines(problems: Sequence[Problem], began: float, ledger: Ledger) -> list[KindLine]:
    from ftworkbench.data.problems import KINDS
    from ftworkbench.tui.widgets.problem_list import KindLine

    rows: dict[str, set[int]] = {}
    still: dict[str, set[int]] = {}
    blocking = set()
    for problem in problems:
        rows.setdefault(problem.kind, set()).add(problem.row)
        if is_open(problem, ledger, began):
            still.setdefault(problem.kind, set()).add(problem.row)
            if problem.blocks:
                blocking.add(problem.kind)
    lines = []
    for name, numbers in rows.items():
        kind = KINDS.get(name)
        title, todo = (kind.title, kind.todo) if kind else (name, "")
        lines.append(KindLine(name, title, todo, len(numbers), len(still.get(name, ())), name in blocking))
    blocked = {problem.kind for problem in problems if problem.blocks}  # the same order whatever is decided meanwhile
    return sorted(lines, key=lambda line: (line.kind not in blocked, -line.rows, line.title))


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
