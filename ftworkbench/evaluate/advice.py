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
from ftworkbench.evaluate.time_and_cost import cost_per_1000
from ftworkbench.figures import count, measure, percent, points

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
    def _timed(self) -> list[Output]:
        return [each for each in self.outputs if each.seconds > 0 and not each.error]

    @property
    def seconds(self) -> float | None:
        """The mean of an answer that came: of a request, or its share of a batch; None where none was timed."""
        return fmean(each.seconds for each in self._timed) if self._timed else None

    def cost(self, per_hour: float | None) -> float | None:
        """Money for 1,000 answers: as an endpoint charged, else the machine's time; None where that is not known."""
        return cost_per_1000(self._timed, per_hour if self.contestant.endpoint is None else None)

    @property
    def examples(self) -> int:
        return self.contestant.nearest or len(self.contestant.shots)


@dataclass(frozen=True)
class Known:
    """What is known of the rows: how many train, the form of their answers, whether most answers occur once only.

    `reviewed` of the rows were looked at, None where there is no ledger; `cost_per_hour` is the machine's.
    """

    rows: int
    form: Form
    open_answers: bool
    reviewed: int | None = None
    cost_per_hour: float | None = None


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
        costly = _is_long(_in_use(best, own, rules), own)
        return "tune" if costly and known.rows >= rules.good_rows else "enough as it is"
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


def _in_use(best: Tried, own: Sequence[Tried], rules: Rules) -> Tried:
    """What one would prompt by: of those that are enough the one with the shortest prompts, else the best."""
    return min((each for each in own if each.mean >= rules.enough), key=lambda each: each.prompt_tokens, default=best)


def _is_long(tried: Tried, own: Sequence[Tried]) -> bool:
    """Whether its prompts are so much longer than the shortest that tuning would save their tokens."""
    shortest = min(each.prompt_tokens for each in own)
    return bool(shortest) and tried.prompt_tokens >= _LONG * shortest


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
    lines.append(_of_rows(known, rules))
    lines += _of_length(best, own, known, rules)
    elsewhere = [each for each in tried if each.contestant.endpoint is not None and each.scores]
    for each in elsewhere:
        lines.append(
            f"{each.contestant.name}, another model, {'is right on' if right else 'reaches'} {percent(each.mean)}: "
            f"{points(each.mean - best.mean)} points against this one's best prompt, for {_takes(each, known)}"
        )
    return lines


def _of_length(best: Tried, own: Sequence[Tried], known: Known, rules: Rules) -> list[str]:
    """What the tokens of a long prompt cost, and what tuning would make of that."""
    used = _in_use(best, own, rules)
    if not _is_long(used, own):
        return []
    shortest = min(own, key=lambda each: each.prompt_tokens)
    taken = f"{used.contestant.name} takes {_takes(used, known)}; {shortest.contestant.name}, {_takes(shortest, known)}"
    if best.mean < rules.enough:
        return [f"{taken}: a tuned model is asked with short prompts, which is cheaper and sooner answered"]
    if known.rows < rules.good_rows:
        return [f"{taken}: with about {rules.good_rows:,} good rows tuning could take the prompt into the weights"]
    return [f"cost: {taken}: right often enough, but tuning may take the prompt into the weights, and be asked short"]


def _takes(tried: Tried, known: Known) -> str:
    """What an answer takes, as measured: `6,000 tokens of prompt, 2.00 s in a batch, 0.83 for 1,000 answers`."""
    told = [f"{tried.prompt_tokens:,.0f} tokens of prompt"]
    if tried.seconds is not None:
        told.append(f"{measure(tried.seconds)} s {'a request' if tried.contestant.endpoint else 'in a batch'}")
    if (cost := tried.cost(known.cost_per_hour)) is not None:
        told.append(f"{measure(cost)} for 1,000 answers")
    return ", ".join(told)


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


def _of_rows(known: Known, rules: Rules) -> str:
    reviewed = "" if known.reviewed is None else f", {known.reviewed:,} of them reviewed"
    rows = f"{count(known.rows, 'row')} to train on{reviewed}"
    if known.rows < rules.few_rows:
        return f"{rows}: below about {rules.few_rows:,}, examples in the prompt do as well"
    if known.rows < rules.good_rows:
        return f"{rows}: about {rules.good_rows:,} good ones are what tuning wants"
    return f"{rows}: enough to tune, where they are good"
