"""The rows that were answered in a comparison: what was asked of each, and how good the answers were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftworkbench.evaluate.metrics import Metric, Scored

if TYPE_CHECKING:
    from ftworkbench.jobs.story import Answer, Story
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
        self._open: list[Asked] = []
        self._scores: dict[_How, dict[str, list[float]]] = {}

    def keep(self, asked: Asked) -> None:
        """Remembers what was asked, where it is a row's prompt."""
        row = asked.question.row
        if row is not None:
            self._asked[(asked.names, asked.drawing), row] = asked
            if asked.question.rows == "validation":
                self._open.append(asked)

    def of(self, question: Question, names: tuple[str, ...], drawing: Drawing) -> Asked | None:
        """What was asked of this row, of these and in this way; None where it was not."""
        return self._asked.get(((names, drawing), question.row)) if question.row is not None else None

    def score(self, story: Story) -> None:
        """Takes the scores of the validation rows that all have answered meanwhile: of each the mean of its draws."""
        for asked in [each for each in self._open if each.is_answered(story)]:
            self._open.remove(asked)
            row, reference, answers = str(asked.question.row), asked.question.reference or "", asked.answers(story)
            scores = [[self._score(each[name], reference, row) for each in answers] for name in asked.names]
            rows = self._scores.setdefault((asked.names, asked.drawing), {})
            rows[row] = [sum(each) / len(each) for each in scores]

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
