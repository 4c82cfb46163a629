"""The check of a recipe's data with the model's own tokenizer: what its template and lengths do to each row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ftworkbench.aside import Progress
from ftworkbench.data.checks.check import Report
from ftworkbench.data.problems import KINDS, Problem
from ftworkbench.data.review.ledger import Ledger
from ftworkbench.steps.choose import choose
from ftworkbench.steps.recipe import Opened
from ftworkbench.steps.row_tokens import tokens_of_rows, used_rows

# The kinds that only tokens show. Training leaves out the rows of the first two.
TOKEN_KINDS = ("template-refused", "all-cut", "template-drops", "cut", "no-stop", "too-long")


@dataclass(frozen=True)
class TokenCheck:
    """A report with the problems that tokens show; `tokens` are the figures of the training file's used rows."""

    report: Report
    tokens: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The object that `check --tokens --json` prints: the training file, the first, has its figures in `tokens`."""
        found = self.report.as_json()
        found["files"][0]["tokens"] = self.tokens
        return found


def _goes_on(opened: Opened) -> bool:
    """Whether rows are packed although the recipe does not say so; then one that is too long goes on in a sequence."""
    train = choose(opened).resolved.train
    left_out = opened.recipe.train.packing is None
    return left_out and bool(train.packing) and train.extra.get("packing_strategy") != "bfd"


def with_tokens(opened: Opened, report: Report, progress: Progress | None = None) -> TokenCheck:
    """The report on the recipe's data, with what the tokenizer makes of the rows that are used for training.

    No row meets another fate by it: what training leaves out is a problem of a row that is kept. Raises InputError
    where the model cannot be had, JobError where the session fails.
    """
    tokens = tokens_of_rows(opened, progress)
    ledger = Ledger.open(opened.workspace.ledger) if opened.workspace.ledger.exists() else None
    rows = used_rows(opened)
    found = []
    goes_on = _goes_on(opened)
    for row in rows:
        told = tokens.of.get(row.key)
        if told is not None and told.problem in KINDS and not (goes_on and told.problem == "cut"):
            settled = ledger is not None and ledger.state(row.key).status == "accepted"
            found.append(Problem(told.problem, row.number, told.reason, settled=settled, key=row.key))
    order = {kind: place for place, kind in enumerate(KINDS)}
    train, *others = report.files
    merged = sorted((*train.problems, *found), key=lambda problem: order[problem.kind])
    files = (replace(train, problems=tuple(merged)), *others)
    return TokenCheck(replace(report, files=files), tokens.figures([row.key for row in rows]))
