"""What is known of the rows of a file that does not stand in it: by a check, a tokenizer, a training, the split."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ftworkbench.data.problems import Problem
from ftworkbench.data.review.search import RowFacts
from ftworkbench.jobs.folder import list_jobs
from ftworkbench.jobs.rows import ROWS, ROWS_OF

if TYPE_CHECKING:
    from ftworkbench.steps.recipe import Opened
    from ftworkbench.steps.row_tokens import RowTokens
    from ftworkbench.workspace import Workspace

_WHERE_FROM = {
    "dup": "nothing was checked yet: c checks",
    "problem": "nothing was checked yet: c checks",
    "tokens": "the tokens of the rows are not known yet: C checks with the model's tokenizer",
    "loss": "no training has measured the rows yet: a run that is done has",
    "split": "no split is frozen yet: training or `ftworkbench split` does it",
}


@dataclass(frozen=True)
class Measured:
    """By the row's key: its tokens, its loss before and after the newest training, its part of the frozen split.

    `stamp` is another where something else is known.
    """

    tokens: RowTokens | None = None
    losses: Mapping[str, tuple[float, float]] = field(default_factory=dict, repr=False)
    parts: Mapping[str, str] = field(default_factory=dict, repr=False)
    stamp: object = None

    def tokens_of(self, key: str) -> int | None:
        found = self.tokens.of.get(key) if self.tokens is not None else None
        return found.tokens if found is not None else None

    def words(self, key: str) -> str:
        """What was measured of a row, in words; empty where nothing was."""
        parts = []
        if key in self.parts:
            parts.append(self.parts[key])
        if self.tokens is not None and (found := self.tokens.of.get(key)) and found.tokens:
            cut = f", {found.cut} cut" if found.cut else ""
            parts.append(f"{found.tokens} tokens, {found.trained} trained{cut}")
        if key in self.losses:
            before, after = self.losses[key]
            parts.append(f"loss {before:.2f} → {after:.2f}")
        return " · ".join(parts)


def measure_known(opened: Opened, before: Measured) -> Measured:
    """What jobs of the recipe have found out about its rows: `before` where nothing is new. For a thread."""
    from ftworkbench.data.splits.parts import PARTS
    from ftworkbench.data.splits.split import find_split
    from ftworkbench.errors import WorkbenchError
    from ftworkbench.steps.row_tokens import known_losses, known_tokens

    stamp = (opened.recipe, *_stamps(opened.workspace))
    if stamp == before.stamp:
        return before
    try:
        split = find_split(opened.workspace, opened.recipe.name, opened.recipe.data)
    except WorkbenchError:
        split = None  # said where the split is needed
    parts = {key: part for part in PARTS for key, _ in split.members[part]} if split is not None else {}
    return Measured(known_tokens(opened), known_losses(opened) or {}, parts, stamp)


def _stamps(workspace: Workspace) -> Iterator[tuple[str, int, int]]:
    """What shows that a split, an edit, or what a job wrote about rows is new."""
    jobs = list_jobs(workspace)
    written = [path for job in jobs for path in (job.state, job.outputs / ROWS, job.outputs / ROWS_OF)]
    for path in (*sorted(workspace.splits.glob("*.json")), workspace.ledger, *written):
        try:
            status = path.stat()
        except OSError:
            continue
        yield str(path), status.st_mtime_ns, status.st_size


class Known:
    """What is known of the rows of one file, as it becomes known."""

    def __init__(self) -> None:
        self.checked: float | None = None
        self.measured = Measured()
        self._problems: dict[int, list[Problem]] = {}
        self._found: list[Problem] = []
        self._about: dict[int, list[Problem]] = {}

    @property
    def problems(self) -> Mapping[int, list[Problem]]:
        """What a check found, by the number of the row."""
        return self._problems

    def take_problems(self, problems: Iterable[Problem], checked: float) -> None:
        """Keeps what a check found of this file; `checked` is when it began."""
        self.checked = checked
        self._found = [problem for problem in problems if problem.row > 0]
        self._problems, self._about = {}, {}
        for problem in self._found:
            self._problems.setdefault(problem.row, []).append(problem)
            if problem.other and not problem.other_path:
                self._about.setdefault(problem.other, []).append(problem)

    def about(self, number: int) -> list[Problem]:
        """The problems of other rows of the file that are about the row of that number: it is repeated by them."""
        return self._about.get(number, [])

    def of_kind(self, kind: str) -> list[Problem]:
        """The problems of a kind, as a check orders them: by row, or the surest first."""
        return [problem for problem in self._found if problem.kind == kind]

    def kinds(self) -> list[str]:
        """The kinds of problem that were found."""
        return sorted({problem.kind for problem in self._found})

    def facts(self, number: int, key: str) -> RowFacts:
        """What a filter may ask of the row with that number and key."""
        after = self.measured.losses.get(key)
        return RowFacts(
            frozenset(problem.kind for problem in self._problems.get(number, ())),
            self.measured.tokens_of(key),
            after[1] if after is not None else None,
            self.measured.parts.get(key, ""),
        )

    def missing(self, needs: Iterable[str]) -> str:
        """Why a filter or an order that needs these cannot answer yet; empty where it can."""
        there = {
            "dup": self.checked is not None,
            "problem": self.checked is not None,
            "tokens": self.measured.tokens is not None,
            "loss": bool(self.measured.losses),
            "split": bool(self.measured.parts),
        }
        return next((_WHERE_FROM[need] for need in sorted(needs) if not there.get(need, True)), "")
