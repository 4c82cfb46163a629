"""The rows that were answered in a comparison: what was asked of each, and how good the answers were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftworkbench.evaluate.metrics import Metric, Scored
from ftworkbench.printable import one_line

if TYPE_CHECKING:
    from ftworkbench.jobs.story import Answer, Story
    from ftworkbench.steps.asking import Question
    from ftworkbench.tui.comparing import Asked
    from ftworkbench.tui.drawing import Drawing

_How = tuple[tuple[str, ...], str]  # who answers, and how they draw, in words
_LONGEST_NAME = 16


class AnsweredRows:
    """Those of one contest, asked of one session. Answers to validation rows are scored by `metric`, where there is
    one; what test rows score is for an evaluation to say, once."""

    def __init__(self, metric: Metric | None) -> None:
        self._metric = metric
        self._asked: dict[tuple[_How, str, str], Asked] = {}
        self._unscored: dict[tuple[str, ...], Asked] = {}
        self._scores: dict[_How, dict[str, list[float]]] = {}

    @property
    def any(self) -> bool:
        """Whether any row was asked."""
        return bool(self._asked)

    def keep(self, asked: Asked) -> None:
        """Remembers what was asked, where it is a row's prompt."""
        row = asked.question.row
        if row is not None:
            self._asked[(asked.names, asked.drawing.words), asked.question.rows, row] = asked
            if asked.question.rows == "validation" and self._metric is not None:
                self._unscored[asked.requests] = asked

    def of(self, question: Question, names: tuple[str, ...], drawing: Drawing) -> Asked | None:
        """What was asked of this row, of these and in this way; None where it was not."""
        if question.row is None:
            return None
        return self._asked.get(((names, drawing.words), question.rows, question.row))

    def score(self, story: Story) -> None:
        """Takes the scores of the validation rows that all have answered meanwhile: of each the mean of its draws."""
        for asked in [each for each in self._unscored.values() if each.is_answered(story)]:
            del self._unscored[asked.requests]
            row, reference, answers = str(asked.question.row), asked.question.reference or "", asked.answers(story)
            scores = [[self._score(each[name], reference, row) for each in answers] for name in asked.names]
            rows = self._scores.setdefault((asked.names, asked.drawing.words), {})
            rows[row] = [sum(each) / len(each) for each in scores]

    def words(self, names: tuple[str, ...], drawing: Drawing) -> dict[str, str]:
        """How good each of them was so far, by name, once that is more than a single row."""
        scored = list(self._scores.get((names, drawing.words), {}).values())
        if self._metric is None or len(scored) < 2:
            return {}
        totals = {name: sum(column) for name, column in zip(names, zip(*scored, strict=True), strict=True)}
        metric = one_line(self._metric.name, _LONGEST_NAME)
        if self._metric.binary:
            return {name: f"{total:g} of {len(scored)} {metric}" for name, total in totals.items()}
        return {name: f"{total / len(scored):.2f} {metric}" for name, total in totals.items()}

    def _score(self, answer: Answer, reference: str, row: str) -> float:
        assert self._metric is not None
        return self._metric.score(Scored(answer.text, reference, str(answer.totals.get("finish") or "stop"), row))
