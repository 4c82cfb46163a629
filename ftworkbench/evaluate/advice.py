"""What to do next, from how well prompting does: leave it, examples, retrieval, more data, or tuning.

After the usual guides: prompting first, retrieval for knowledge, tuning for style, form, long prompts and latency, once
both have hit their ceiling and there are enough good rows; below about 100 rows examples in the prompt do as well, and
from about 500 on there is enough to tune.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Literal

from ftworkbench.evaluate.contestants import Contestant
from ftworkbench.evaluate.form import Form
from ftworkbench.evaluate.metrics import Metric
from ftworkbench.evaluate.outputs import Output
from ftworkbench.evaluate.paired import mean_interval
from ftworkbench.figures import count, percent, points

Word = Literal["enough as it is", "add examples", "use retrieval", "gather more data", "tune"]
HELPS = 0.02  # a way of prompting that gains as much is worth its tokens
_LONG = 3.0  # so many times the tokens of the shortest prompt are what a tuned model could save
_MOSTLY = 0.5


@dataclass(frozen=True)
class Tried:
    """A contestant, its answers to the validation rows, and their scores by the deciding metric."""

    contestant: Contestant
    outputs: Sequence[Output]
    scores: Sequence[float]
    metric: Metric

    @property
    def mean(self) -> float:
        return fmean(self.scores)

    @property
    def prompt_tokens(self) -> float:
        return fmean(each.prompt_tokens for each in self.outputs)

    @property
    def examples(self) -> int:
        return self.contestant.nearest or len(self.contestant.shots)


@dataclass(frozen=True)
class Known:
    """What is known of the rows: how many train, the form of their answers, whether most answers occur once only."""

    rows: int
    form: Form
    open_answers: bool


@dataclass(frozen=True)
class Rules:
    """From which share of right answers on prompting is enough, and the rows for examples and for tuning."""

    enough: float = 0.95
    few_rows: int = 100
    good_rows: int = 500


@dataclass(frozen=True)
class Advice:
    """What to do next, and the figures that say so, a line each."""

    word: Word
    reasons: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {"word": self.word, "reasons": list(self.reasons)}


def advise(tried: Sequence[Tried], known: Known, rules: Rules = Rules()) -> Advice | None:
    """The advice; None where the recipe's own model was not measured on any row."""
    own = [each for each in tried if each.contestant.endpoint is None and each.scores]
    if not own:
        return None
    best = min(own, key=lambda each: (-each.mean, each.contestant.price))
    return Advice(_word(best, own, known, rules), tuple(_reasons(best, own, tried, known, rules)))


def _word(best: Tried, own: Sequence[Tried], known: Known, rules: Rules) -> Word:
    if best.mean >= rules.enough:
        return "enough as it is"
    with_examples = [each for each in own if each.examples]
    if known.rows and not with_examples:
        return "add examples"
    looked_up = [each for each in own if each.contestant.retrieval]
    if _helps(looked_up, [each for each in own if not each.contestant.retrieval]):
        return "use retrieval"
    if known.open_answers and not looked_up and _ill_formed(best, known.form) < _MOSTLY:
        return "use retrieval"
    nearest = any(each.contestant.nearest for each in own)
    examples_help = _helps(with_examples, [each for each in own if not each.examples])
    if known.rows < rules.few_rows:
        return "add examples" if examples_help and not nearest else "gather more data"
    if known.rows < rules.good_rows and _ill_formed(best, known.form) < _MOSTLY:
        return "add examples" if examples_help and not nearest else "gather more data"
    return "tune"


def _helps(these: Sequence[Tried], others: Sequence[Tried]) -> bool:
    return bool(these and others) and _gain(these, others) >= HELPS


def _gain(these: Sequence[Tried], others: Sequence[Tried]) -> float:
    return max(each.mean for each in these) - max(each.mean for each in others)


def _wrong(best: Tried) -> list[Output]:
    return [output for output, score in zip(best.outputs, best.scores, strict=True) if score < _MOSTLY]


def _ill_formed(best: Tried, form: Form) -> float:
    """The share of the wrong answers that are not even of the right form."""
    wrong = _wrong(best)
    return sum(not form.holds(each) for each in wrong) / len(wrong) if wrong else 0.0


def _reasons(best: Tried, own: Sequence[Tried], tried: Sequence[Tried], known: Known, rules: Rules) -> list[str]:
    n, right = len(best.scores), best.metric.binary
    low, high = mean_interval(best.scores, right)
    by = "" if right else f"{best.metric.name} "
    lines = [
        f"{best.contestant.name} is the best prompt: {by}{percent(best.mean)} {'of' if right else 'on'} "
        f"{count(n, 'validation row')}, 95% interval {percent(low)} to {percent(high)}; "
        f"from {percent(rules.enough)} on prompting is enough"
    ]
    lines += _of_ways(own)
    lines += _of_errors(best, known)
    lines.append(_of_rows(known.rows, rules))
    shortest = min(each.prompt_tokens for each in own)
    if shortest and best.prompt_tokens >= _LONG * shortest:
        lines.append(
            f"its prompts take {best.prompt_tokens:,.0f} tokens, the shortest {shortest:,.0f}: a tuned model is asked "
            "with short ones, which is cheaper and sooner answered"
        )
    elsewhere = [each for each in tried if each.contestant.endpoint is not None and each.scores]
    for each in elsewhere:
        lines.append(
            f"{each.contestant.name}, another model, {'is right on' if right else 'reaches'} {percent(each.mean)}: "
            f"{points(each.mean - best.mean)} points against this one's best prompt"
        )
    return lines


def _of_ways(own: Sequence[Tried]) -> list[str]:
    """What examples and passages gain, or that nobody has tried them."""
    lines = []
    for what, has in (
        ("examples in the prompt", [bool(each.examples) for each in own]),
        ("examples nearest to the question", [bool(each.contestant.nearest) for each in own]),
        ("passages of documents", [each.contestant.retrieval is not None for each in own]),
    ):
        with_it = [each for each, yes in zip(own, has, strict=True) if yes]
        without = [each for each, yes in zip(own, has, strict=True) if not yes]
        if not with_it:
            lines.append(f"{what} were not tried")
        elif without:
            lines.append(f"{what}: {points(_gain(with_it, without))} points against the best without them")
    return lines


def _of_errors(best: Tried, known: Known) -> list[str]:
    wrong = len(_wrong(best))
    if not wrong:
        return []
    ill = round(_ill_formed(best, known.form) * wrong)
    if ill and ill >= _MOSTLY * wrong:
        return [f"{ill} of {wrong} wrong answers are not {known.form.short}: form, which examples or tuning teach"]
    told = f"{wrong - ill} of {wrong} wrong answers are {known.form.short}, and wrong in what they say"
    return [f"{told}: {'knowledge, which retrieval brings' if known.open_answers else 'more rows teach that'}"]


def _of_rows(rows: int, rules: Rules) -> str:
    if rows < rules.few_rows:
        return f"{count(rows, 'row')} to train on: below about {rules.few_rows:,}, examples in the prompt do as well"
    if rows < rules.good_rows:
        return f"{count(rows, 'row')} to train on: about {rules.good_rows:,} good ones are what tuning wants"
    return f"{count(rows, 'row')} to train on: enough to tune, where they are good"
