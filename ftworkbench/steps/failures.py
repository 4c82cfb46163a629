"""What failed, what kind of failure it is, and which training rows lie near it: from an evaluation back to the data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ftworkbench.data.review.decisions import NEAR_FAILURE
from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.sources.source import Row, open_source
from ftworkbench.data.splits.split import load_parts
from ftworkbench.evaluate.nearest import Nearest
from ftworkbench.figures import UNKNOWN
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.submitted import recipe_of
from ftworkbench.steps.evaluation import ALONE, GAINED, LOST, Pair, last_question
from ftworkbench.workspace import Workspace

NEAREST = 10
_HEADS = ("wrong before", "wrong after")
_GRADED_HEADS = ("score fell", "score rose")


@dataclass(frozen=True)
class Kind:
    """How the rows with a tag were answered: so many of `rows` wrong before, and after.

    By a graded metric no row is right or wrong: of those so many `fell` and `rose` from before to after. None is what
    does not apply, and where nobody answered.
    """

    tag: str
    rows: int
    before: int | None = None
    after: int | None = None
    fell: int | None = None
    rose: int | None = None
    graded: bool = False

    @property
    def figures(self) -> tuple[int | None, int | None]:
        """The two that apply, in the order of `kind_heads`."""
        return (self.fell, self.rose) if self.graded else (self.before, self.after)


def nearest_rows(evaluation: Job, pair: Pair, count: int = NEAREST) -> tuple[Path, tuple[str, ...]]:
    """The training rows whose prompts are nearest to a test row's, by BM25: their file, and their keys, nearest first.

    Raises InputError where the split that was frozen is not there any more.
    """
    recipe = recipe_of(evaluation)
    parts = load_parts(evaluation.workspace, recipe.name, recipe.data)
    asking = [example for example in parts.train if example.prompt]
    order = Nearest([last_question(example.prompt) for example in asking]).order(pair.prompt)
    keys = tuple(parts.row_keys[asking[place].key] for place in order[:count])
    return evaluation.workspace.root / recipe.data.train, keys


def rows_with(evaluation: Job, path: Path, keys: Sequence[str]) -> tuple[Row, ...]:
    """The rows of a file of the evaluation's recipe that have these keys, in the order of the keys."""
    found: dict[str, Row] = {}
    with open_source(path, recipe_of(evaluation).data) as source:
        for row in source.rows():
            if row.key in keys:
                found.setdefault(row.key, row)
    return tuple(found[key] for key in keys if key in found)


def tag_near(workspace: Workspace, keys: Sequence[str]) -> int:
    """Tags training rows as near a failure, and leaves those accepted for later, so that they are looked at again.

    Gives how many rows that changed.
    """
    return len({decision.key for decision in Ledger.open(workspace.ledger).look_again(keys, NEAR_FAILURE)})


def tags_of(workspace: Workspace, rows: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The tags of test rows that have any."""
    if not workspace.ledger.exists():
        return {}
    ledger = Ledger.open(workspace.ledger)
    found = {row: tuple(sorted(ledger.state(row).tags)) for row in rows}
    return {row: tags for row, tags in found.items() if tags}


def tag_failure(workspace: Workspace, row: str, tags: Sequence[str]) -> None:
    """Gives a test row just these tags, which say what kind of failure it is. Raises InputError for an empty one."""
    ledger = Ledger.open(workspace.ledger)
    has = ledger.state(row).tags
    ledger.tag_all([row], [tag for tag in tags if tag not in has], [tag for tag in has if tag not in tags])


def kinds_of(pairs: Iterable[Pair], tags: Mapping[str, Sequence[str]], *, graded: bool = False) -> tuple[Kind, ...]:
    """Each tag with how its rows fared, the one with the most failures after first: wrong ones, or those that fell."""
    by_tag: dict[str, list[Pair]] = {}
    for pair in pairs:
        for tag in tags.get(pair.row, ()):
            by_tag.setdefault(tag, []).append(pair)
    found = [_graded_kind(tag, each) if graded else _kind(tag, each) for tag, each in by_tag.items()]
    return tuple(sorted(found, key=lambda kind: (-(kind.after or kind.fell or 0), -kind.rows, kind.tag)))


def _kind(tag: str, pairs: Sequence[Pair]) -> Kind:
    return Kind(tag, len(pairs), _wrong([pair.before for pair in pairs]), _wrong([pair.after for pair in pairs]))


def _wrong(scores: Sequence[float | None]) -> int | None:
    known = [score for score in scores if score is not None]
    return sum(score < 1 for score in known) if known else None


def _graded_kind(tag: str, pairs: Sequence[Pair]) -> Kind:
    fates = [pair.fate for pair in pairs if pair.fate != ALONE]
    if not fates:
        return Kind(tag, len(pairs), graded=True)
    return Kind(tag, len(pairs), fell=fates.count(LOST), rose=fates.count(GAINED), graded=True)


def kind_heads(kinds: Sequence[Kind]) -> tuple[str, str]:
    """What the figures of the kinds count, in words."""
    return _GRADED_HEADS if kinds and kinds[0].graded else _HEADS


def kind_table(kinds: Sequence[Kind]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The kinds as a table of words: its head, and a row each."""
    rows = tuple(
        (kind.tag, f"{kind.rows:,}", *(UNKNOWN if each is None else f"{each:,}" for each in kind.figures))
        for kind in kinds
    )
    return ("kind of error", "rows", *kind_heads(kinds)), rows
