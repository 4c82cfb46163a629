"""What the curves of a training say, in words: divergence, overfitting, a plateau, a learning rate too high.

Thresholds are set so that noise alone says nothing: `tests/unit/test_jobs_trends.py` looks at healthy curves with the
noise of small batches, again and again while they grow, as a reader does. What is said holds for the curve as it is
now, and may be withdrawn when it goes on otherwise.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING

from ftworkbench.figures import measure
from ftworkbench.jobs.noise import BLOCKS, ENOUGH, Point, blocks, deviation, grouped, rate_at, standard_error, wobble

if TYPE_CHECKING:
    from ftworkbench.jobs.story import Story

# Below so many logged losses a curve has no shape yet.
_FEWEST = 30
# A loss that stands a quarter and six standard errors above its best block has not wandered there. A quarter, since the
# data of a stretch may be harder than that of another by a tenth or so, without shuffling by more.
_DIVERGED, _ERRORS = 1.25, 6.0
# An evaluation loss half as high again as the untrained model's is no noise of a few rows.
_SPOILT = 1.5
# Near its peak: from half of it on, where a step is still as wide as it was when the loss fell.
_NEAR_PEAK = 0.5
# Spikes: half as high again as the losses around, eight deviations above them, with a gradient three times theirs.
# One comes from a bad batch; three in a tenth of the run come from steps that are too wide.
_SPIKE, _SPIKE_DEVIATIONS, _SPIKE_GRADIENT, _SPIKES, _SPIKES_WITHIN = 1.5, 8.0, 3.0, 3, 0.1
# The last two fifths, at least 60 losses, in which the loss fell by less than 5% with two standard errors added: where
# it is noisier than that allows, nothing is said. A healthy curve falls by more in two fifths of its steps until the
# schedule ends.
_STANDS, _STANDS_FEWEST, _STANDS_FALL = 0.4, 60, 0.05
# After the schedule has taken the learning rate down to a fifth of its peak a loss that stands still is no news.
_STILL_LEARNS = 0.2
# An evaluation loss differs from one evaluation to the next by a percent for no reason where it cannot be told from the
# evaluations themselves; four deviations, at least 2%, over its best, twice in a row, is a turn.
_TURNED, _TURN_DEVIATIONS, _EVALUATION_NOISE = 0.02, 4.0, 0.01


@dataclass(frozen=True)
class Trend:
    """`code` is one of divergence, learning-rate, overfitting, plateau; `text` has the step, `advice` what to do."""

    code: str
    step: int
    text: str
    advice: str

    def __str__(self) -> str:
        return f"{self.text} {self.advice}"


def trends(story: Story) -> tuple[Trend, ...]:
    """What the story's metrics say together, the gravest first; nothing where they say nothing.

    2 ms for 1,000 steps, some 80 for 100,000.
    """
    all_losses = story.metrics.get("loss", [])
    losses = grouped(all_losses)
    rates = story.metrics.get("learning_rate", [])
    evaluated = [(each.step, each.values["eval_loss"]) for each in story.evaluations if "eval_loss" in each.values]
    found = (
        _divergence(losses, rates),
        _worse_than_untrained(evaluated, rates),
        _spikes(all_losses, story.metrics.get("grad_norm", []), rates),
        _overfitting(evaluated, losses),
        _plateau(losses, rates, evaluated, story.steps),
    )
    told: dict[str, Trend] = {}
    for trend in found:
        if trend is not None:
            told.setdefault(trend.code, trend)
    if "divergence" in told or "learning-rate" in told:
        told.pop("plateau", None)
    return tuple(told.values())


class Watched:
    """The trends of a story that grows: worked out anew when it has grown by a fiftieth, was evaluated, or ended."""

    def __init__(self) -> None:
        self._seen = (0, 0, "")
        self._found: tuple[Trend, ...] = ()

    def of(self, story: Story) -> tuple[Trend, ...]:
        now = (len(story.metrics.get("loss", ())), len(story.evaluations), story.phase)
        grown = now[0] < self._seen[0] or now[0] >= self._seen[0] + max(self._seen[0] // 50, 5)
        if grown or now[1:] != self._seen[1:]:
            self._seen, self._found = now, trends(story)
        return self._found


# It gets worse


def _divergence(losses: Sequence[Point], rates: Sequence[Point]) -> Trend | None:
    if len(losses) < _FEWEST:
        return None
    parts = blocks(losses)
    levels = [median(y for _, y in block) for block in parts]
    best = min(range(len(levels)), key=levels.__getitem__)
    last = min(levels[-2:])  # both of the last two: one hard block is no divergence
    error = standard_error(losses, len(parts[-1]))
    threshold = max(levels[best] * _DIVERGED, levels[best] + _ERRORS * error)
    if best >= len(levels) - 2 or last <= threshold or levels[best] <= 0:
        return None
    turn = next(place for place in range(len(levels) - 1, -1, -1) if levels[place] <= threshold)
    step = parts[min(turn + 1, len(parts) - 1)][0][0]
    rise = f"from {measure(levels[best])} to {measure(levels[-1])}"
    rate, peak = rate_at(rates, step), max((y for _, y in rates), default=0.0)
    if rate is None or rate < _NEAR_PEAK * peak:
        return Trend(
            "divergence",
            step,
            f"The loss rises since about step {step:,}, {rise}: it diverges.",
            "Stop it; look at the rows of those steps, and train again with a lower learning_rate or max_grad_norm.",
        )
    return Trend(
        "learning-rate",
        step,
        f"The loss rises since about step {step:,}, {rise}, with the learning rate at {measure(rate)}: it is too high.",
        _lower(peak),
    )


def _worse_than_untrained(evaluated: Sequence[Point], rates: Sequence[Point]) -> Trend | None:
    """An evaluation loss far above that of the untrained model: so much needs no curve to be seen in."""
    if len(evaluated) < 2 or evaluated[0][0] > 0:
        return None
    (_, before), (step, now) = evaluated[0], evaluated[-1]
    if before <= 0 or now < _SPOILT * before:
        return None
    peak = max((y for _, y in rates), default=0.0)
    return Trend(
        "learning-rate",
        step,
        f"The evaluation loss is {measure(now)} at step {step:,}, and was {measure(before)} untrained: a learning rate "
        f"of up to {measure(peak)} spoils the model.",
        _lower(peak),
    )


def _lower(peak: float) -> str:
    return f"Stop it, and train with a learning_rate of {measure(peak / 3)}, a third, or with a longer warm-up."


def _spikes(losses: Sequence[Point], norms: Sequence[Point], rates: Sequence[Point]) -> Trend | None:
    """Spikes of the loss and the gradient together, again and again."""
    if len(losses) < 2 * _FEWEST or len(norms) < _FEWEST:
        return None
    gradients = dict(norms)
    spikes: list[int] = []
    for block in blocks(losses):
        values = [y for _, y in block]
        middle = median(values)
        bound = max(_SPIKE * middle, middle + _SPIKE_DEVIATIONS * deviation(values))
        usual = median(gradients.get(x, 0.0) for x, _ in block)
        spikes += [x for x, y in block if y > bound and gradients.get(x, 0.0) > _SPIKE_GRADIENT * usual > 0]
    within = _SPIKES_WITHIN * (losses[-1][0] - losses[0][0])
    often = [
        (first, third) for first, third in zip(spikes, spikes[_SPIKES - 1 :], strict=False) if third - first <= within
    ]
    rate = rate_at(rates, often[0][0]) if often else None
    if not often or not rate or often[-1][1] < losses[-1][0] - 2 * within:
        return None
    step = often[0][0]
    return Trend(
        "learning-rate",
        step,
        f"The loss and the gradient jump again and again since step {step:,}, with the learning rate at "
        f"{measure(rate)}: it is too high.",
        f"Train with {measure(rate / 3)}, a third of it, or clip at a lower max_grad_norm.",
    )


# It learns by heart


def _overfitting(evaluated: Sequence[Point], losses: Sequence[Point]) -> Trend | None:
    if len(evaluated) < 3:
        return None
    values = [y for _, y in evaluated]
    best = min(range(len(values)), key=values.__getitem__)
    after = values[best + 1 :]
    noise = max(wobble(values), _EVALUATION_NOISE * values[best] / (2 if len(values) >= ENOUGH else 1))
    bound = values[best] + max(_TURN_DEVIATIONS * noise, _TURNED * values[best])
    if len(after) < 2 or min(after[-2:]) <= bound or values[best] <= 0:
        return None
    step = evaluated[best][0]
    if not _fell(losses, step):
        return None  # both rise: that is no overfitting
    return Trend(
        "overfitting",
        step,
        f"The evaluation loss turns up after step {step:,} ({measure(values[best])}, now {measure(values[-1])}) while "
        "the training loss still falls: it learns the training rows by heart.",
        f"The checkpoint at or near step {step:,} is the one to measure; train fewer epochs or with "
        "early_stopping_patience, more rows, or a smaller r.",
    )


def _fell(losses: Sequence[Point], step: int) -> bool:
    """Whether the training loss is lower now than around that step."""
    place = bisect_right(losses, step, key=lambda point: point[0])
    count = max(min(len(losses) - place, place) // 2, 1)
    before, now = losses[max(place - count, 0) : place], losses[-count:]
    return bool(before and now) and median(y for _, y in now) < median(y for _, y in before)


# It stands still


def _plateau(losses: Sequence[Point], rates: Sequence[Point], evaluated: Sequence[Point], steps: int) -> Trend | None:
    count = round(_STANDS * len(losses))
    if count < _STANDS_FEWEST:
        return None
    part = _without_spikes(losses[-count:])
    step, peak = part[0][0], max((y for _, y in rates), default=0.0)
    rate = rate_at(rates, step)
    if rate is not None and rate < _STILL_LEARNS * peak:
        return None
    level = fmean(y for _, y in part)
    fall, error = _fall(part)
    bound = _STANDS_FALL * level
    if level <= 0 or error > bound / 2 or fall + 2 * error >= bound or _improves(evaluated, step):
        return None
    first = median(y for _, y in losses[: max(len(losses) // BLOCKS, 5)])
    if level > 0.95 * first:
        return Trend(
            "plateau",
            losses[0][0],
            f"The loss has hardly fallen since the start ({measure(first)}, now {measure(level)}): it does not learn.",
            "Try three times the learning_rate, and look at the tokens of some rows: are the answers trained on?",
        )
    rest = "" if steps <= losses[-1][0] else "stop it here, or "
    return Trend(
        "plateau",
        step,
        f"The loss stands still at {measure(level)} since about step {step:,}.",
        f"More of the same steps change little: {rest}next time fewer epochs; for a lower one more rows or a larger r.",
    )


def _fall(points: Sequence[Point]) -> tuple[float, float]:
    """By how much a straight line through the points falls from their first to their last, and its standard error."""
    count = len(points)
    middle_x, middle_y = fmean(x for x, _ in points), fmean(y for _, y in points)
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    slope = sum((x - middle_x) * (y - middle_y) for x, y in points) / spread
    rest = sum((y - middle_y - slope * (x - middle_x)) ** 2 for x, y in points)
    width = points[-1][0] - points[0][0]
    return -slope * width, math.sqrt(rest / (count - 2) / spread) * width


def _without_spikes(points: Sequence[Point]) -> Sequence[Point]:
    values = [y for _, y in points]
    middle = median(values)
    bound = middle + _SPIKE_DEVIATIONS * deviation(values)
    return [point for point in points if point[1] <= bound] or points


def _improves(evaluated: Sequence[Point], step: int) -> bool:
    """Whether the evaluation loss still falls after that step."""
    place = bisect_left(evaluated, step, key=lambda point: point[0])
    before, after = evaluated[:place], evaluated[place:]
    if not before or not after:
        return False
    return min(y for _, y in after) < (1 - _TURNED) * min(y for _, y in before)
