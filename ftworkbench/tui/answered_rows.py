"""The rows that were answered in a comparison: what was asked of each, and how good the answers were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ftworkbench.evaluate.metrics import Metric, Scored

if TYPE_CHECKING:
    from ftworkbench.jobs.story import Answer
    from ftworkbench.steps.asking import Question
    from ftworkbench.tui.comparing import Asked
    from ftworkbench.tui.drawing import Drawing

_How = tuple[tuple[str, ...], "Drawing"]  # who answers, and how they draw


class AnsweredRows:
    """Those of one contest. Answers to validation rows are scored by `metric`; what test rows score is for an
    evaluation to say, once."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._asked: dict[tuple[_How, str | None], Asked] = {}
        self._scores: dict[_How, dict[str, list[float]]] = {}

    def keep(self, asked: Asked) -> None:
        """Remembers what was asked, where it is a row's prompt."""
        if asked.question.row is not None:
            self._asked[(asked.names, asked.drawing), asked.question.row] = asked

    def of(self, question: Question, names: tuple[str, ...], drawing: Drawing) -> Asked | None:
        """What was asked of this row, of these and in this way; None where it was not."""
        return self._asked.get(((names, drawing), question.row)) if question.row is not None else None

    def score(self, asked: Asked, answers: Sequence[Mapping[str, Answer]]) -> None:
        """Takes the scores of a validation row that all have answered, the mean of its draws for each."""
        row, reference = asked.question.row, asked.question.reference
        scored = self._scores.setdefault((asked.names, asked.drawing), {})
        if asked.question.rows != "validation" or row is None or reference is None or row in scored:
            return
        scored[row] = [
            sum(self._score(each[name], reference, row) for each in answers) / len(answers) for name in asked.names
        ]

    def words(self, names: tuple[str, ...], drawing: Drawing) -> dict[str, str]:
        """How good each of them was so far, by name, once that is more than a single row."""
        scored = list(self._scores.get((names, drawing), {}).values())
        if len(scored) < 2:
            return {}
        totals = {name: sum(column) for name, column in zip(names, zip(*scored, strict=True), strict=True)}
        if self._metric.binary:
            return {name: f"{self._metric.name} {total:g} of {len(scored)}" for name, total in totals.items()}
        return {name: f"{self._metric.name} {total / len(scored):.2f}" for name, total in totals.items()}

    def _score(self, answer: Answer, reference: str, row: str) -> float:
        return self._metric.score(Scored(answer.text, reference, str(answer.totals.get("finish") or "stop"), row))
