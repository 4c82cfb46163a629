"""The form of the answers: whether one can work with them at all, right or wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ftworkbench.evaluate.metrics import Scored, choose_metrics
from ftworkbench.evaluate.metrics.json_values import parse_json
from ftworkbench.evaluate.metrics.metric import Metric
from ftworkbench.evaluate.metrics.text import normalise
from ftworkbench.evaluate.outputs import Output

STOPPED = "stopped"


@dataclass(frozen=True)
class Form:
    """What a well-formed answer is here; `words` end the sentence "94% of the answers are …", `short` in a word."""

    name: str
    words: str
    short: str
    fits: Callable[[str], bool]

    def holds(self, output: Output) -> bool:
        """Whether the answer was had, ended by the model itself, and is of this form."""
        return not output.error and output.finish == "stop" and self.fits(output.answer)

    def scores(self, outputs: Sequence[Output]) -> list[float]:
        return [float(self.holds(output)) for output in outputs]

    @property
    def metric(self) -> Metric:
        """The form as a metric, for the paired test of it."""
        return Metric(f"form: {self.name}", self._score, True, f"the answer is {self.words}", "")

    def _score(self, scored: Scored) -> float:
        return float(scored.finish == "stop" and self.fits(scored.answer))


def form_of(known: Sequence[str]) -> Form:
    """The form that known answers have: JSON, one of their labels, or else just that they end by themselves."""
    chosen = choose_metrics(known)[0].name if known else ""
    if chosen.startswith("json_"):
        return Form("json", "valid JSON, not cut off", "valid JSON", _is_json)
    if chosen == "label_accuracy":
        labels = frozenset(map(normalise, known))
        words = f"one of the {len(labels)} known labels"
        return Form("label", words, "known labels", lambda answer: normalise(answer) in labels)
    return Form(STOPPED, "ended by the model itself, not cut off", "not cut off", lambda answer: True)


def _is_json(answer: str) -> bool:
    try:
        parse_json(answer)
    except ValueError:
        return False
    return True
