"""What curves say: real shapes with seeded noise, looked at again and again as they grow."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from ftworkbench.jobs.events import Event
from ftworkbench.jobs.story import Story
from ftworkbench.jobs.trends import Watched, trends

STEPS = 300
Shape = Callable[[float], float]
"""The loss without noise at a share of the run, 0 to 1."""


def cosine(share: float) -> float:
    return 2e-4 * min(share / 0.05, 0.5 + 0.5 * math.cos(math.pi * share))


def linear(share: float) -> float:
    return 2e-4 * min(share / 0.05, 1 - share)


def constant(share: float) -> float:
    return 2e-4


HEALTHY: dict[str, Shape] = {
    "a fall as of a power": lambda share: 0.6 + 1.6 * (1 + 60 * share) ** -0.5,
    "a steep fall and a long tail": lambda share: 0.25 + 2.4 * math.exp(-9 * share) + 0.6 * math.exp(-2 * share),
    "a stair at each epoch": lambda share: (1.4, 0.95, 0.6)[min(int(3 * share), 2)] - 0.15 * (3 * share % 1),
    "a slow straight fall": lambda share: 1.8 - 0.9 * share,
    "a bump in the warm-up": lambda share: 2.2 * math.exp(-3 * share) + 0.2 * math.exp(-(((share - 0.04) / 0.02) ** 2)),
}


def told(
    shape: Shape,
    rate: Shape = cosine,
    *,
    seed: int = 0,
    noise: float = 0.1,
    steps: int = STEPS,
    evaluations: int = 0,
    evaluated: Shape | None = None,
    jump: Callable[[int], float] = lambda step: 1.0,
    heavy: bool = False,
) -> Story:
    """The story of a run whose loss has that shape, with noise of that share of it; `jump` multiplies a step's."""
    draw = random.Random(seed)
    story = Story()
    events = [Event(1, 0.0, 1, "phase", {"phase": "running"}), progress(0, steps)]
    every = steps // evaluations if evaluations else 0
    for step in range(1, steps + 1):
        share = step / steps
        spread = draw.gauss(0, noise) if not heavy or draw.random() > 0.01 else abs(draw.gauss(0, 6 * noise))
        values = {
            "loss": max(shape(share) * (1 + spread) * jump(step), 1e-3),
            "learning_rate": rate(share),
            "grad_norm": 0.5 * (1 + abs(draw.gauss(0, 0.3))) * jump(step) ** 2,
        }
        events.append(Event(step, float(step), 1, "metric", {"step": step, "values": values}))
        if every and step % every == 0:
            value = (evaluated or shape)(share) * (1 + draw.gauss(0, 0.005))
            events.append(Event(step, float(step), 1, "evaluation", {"step": step, "values": {"eval_loss": value}}))
    story.add(events)
    return story


def progress(done: int, total: int) -> Event:
    return Event(1, 0.0, 1, "progress", {"what": "training", "done": done, "total": total, "unit": "steps"})


def until(story: Story, step: int) -> Story:
    """The story as it was told at that step."""
    part = Story()
    part.phase, part.steps = "running", story.steps
    part.metrics = {name: [point for point in points if point[0] <= step] for name, points in story.metrics.items()}
    part.evaluations = [each for each in story.evaluations if each.step <= step]
    return part


def codes(story: Story) -> list[str]:
    return [trend.code for trend in trends(story)]


@pytest.mark.parametrize("rate", [cosine, linear, constant])
@pytest.mark.parametrize("shape", HEALTHY)
def test_a_healthy_run_with_the_noise_of_small_batches_is_told_nothing_while_it_goes_nor_at_its_end(
    shape: str, rate: Shape
) -> None:
    for seed in range(12):
        noise = (0.03, 0.08, 0.15, 0.25)[seed % 4]
        story = told(HEALTHY[shape], rate, seed=seed, noise=noise, evaluations=(0, 3, 10, 30)[seed % 4])
        for step in range(30, STEPS + 1, 30):
            assert codes(until(story, step)) == [], (seed, noise, step)


@pytest.mark.parametrize("shape", HEALTHY)
def test_single_bad_batches_are_no_trend(shape: str) -> None:
    for seed in range(8):
        story = told(HEALTHY[shape], seed=seed, heavy=True, jump=lambda step: 2.5 if step in {70, 190} else 1.0)
        for step in range(40, STEPS + 1, 40):
            assert codes(until(story, step)) == [], (seed, step)


def test_a_loss_that_rises_at_the_peak_of_the_learning_rate_is_told_with_the_step_and_a_lower_rate() -> None:
    for seed in range(20):
        story = told(lambda share: 0.8 + 3 * max(share - 0.2, 0), seed=seed)
        (trend,) = trends(until(story, 150))
        assert trend.code == "learning-rate"
        assert 50 <= trend.step <= 110
        assert "6.6e-05, a third" in trend.advice
        assert f"step {trend.step}" in trend.text


def test_a_loss_that_rises_when_the_learning_rate_is_low_already_diverges() -> None:
    for seed in range(20):
        story = told(lambda share: 0.8 + 4 * max(share - 0.75, 0), seed=seed)
        (trend,) = trends(story)
        assert trend.code == "divergence"
        assert 215 <= trend.step <= 285


def test_spikes_that_come_again_and_again_are_a_learning_rate_too_high() -> None:
    for seed in range(20):
        story = told(
            HEALTHY["a fall as of a power"],
            constant,
            seed=seed,
            jump=lambda step: 3.0 if step > 150 and step % 9 == 0 else 1.0,
        )
        (trend,) = trends(story)
        assert trend.code == "learning-rate"
        assert 150 <= trend.step <= 200


def test_an_evaluation_loss_that_turns_up_is_overfitting_from_its_best_step() -> None:
    for evaluations in (4, 10, 30):
        for seed in range(20):
            story = told(
                lambda share: 1.6 * math.exp(-4 * share) + 0.05,
                seed=seed,
                evaluations=evaluations,
                evaluated=lambda share: 0.9 + 1.2 * (share - 0.4) ** 2,
            )
            found = [trend for trend in trends(story) if trend.code == "overfitting"]
            assert found
            assert 75 <= found[0].step <= 180
            assert "early_stopping_patience" in found[0].advice


def test_evaluations_that_only_waver_are_no_overfitting() -> None:
    for evaluations in (3, 6, 15, 30):
        for seed in range(25):
            story = told(
                HEALTHY["a fall as of a power"], seed=seed, evaluations=evaluations, evaluated=lambda share: 0.9
            )
            for step in range(50, STEPS + 1, 50):
                assert "overfitting" not in codes(until(story, step))


def test_a_loss_that_stands_still_while_the_learning_rate_is_high_is_a_plateau() -> None:
    found = 0
    for seed in range(20):
        story = told(lambda share: 0.5 + 2 * math.exp(-25 * share), constant, seed=seed, noise=0.05)
        trend = next((each for each in trends(story) if each.code == "plateau"), None)
        found += trend is not None and "stands still at" in trend.text and trend.step == 181
    assert found >= 15


def test_a_loss_that_never_fell_asks_whether_it_learns_at_all() -> None:
    (trend,) = trends(told(lambda share: 1.9, noise=0.03, seed=2))
    assert trend.code == "plateau"
    assert "hardly fallen" in trend.text


def test_long_runs_are_looked_at_quickly_and_told_the_same() -> None:
    story = told(lambda share: 0.8 + 3 * max(share - 0.2, 0), constant, steps=20_000)
    (trend,) = trends(story)
    assert trend.code == "learning-rate"
    assert 3_500 <= trend.step <= 6_000


def test_few_losses_none_or_no_numbers_say_nothing() -> None:
    assert trends(Story()) == ()
    assert trends(told(lambda share: 1.0, steps=12)) == ()
    assert codes(told(lambda share: 1e-3, steps=200, noise=0.0)) == ["plateau"]


def test_a_story_that_grows_is_looked_at_again_when_there_is_more_to_see() -> None:
    story = told(lambda share: 0.8 + 3 * max(share - 0.2, 0))
    watched = Watched()
    assert watched.of(until(story, 40)) == ()
    assert [trend.code for trend in watched.of(until(story, 200))] == ["learning-rate"]


@pytest.mark.parametrize(("after", "said"), [(3.66, True), (0.24, True), (0.16, False), (0.05, False)])
def test_a_model_that_training_spoilt_is_told_from_two_evaluations(after: float, said: bool) -> None:
    story = Story()
    story.add(
        [
            Event(1, 0.0, 1, "evaluation", {"step": 0, "name": "validation", "values": {"eval_loss": 0.153}}),
            Event(2, 1.0, 1, "metric", {"step": 1, "values": {"loss": 0.2, "learning_rate": 0.05}}),
            Event(3, 2.0, 1, "evaluation", {"step": 24, "name": "validation", "values": {"eval_loss": after}}),
        ]
    )
    found = trends(story)
    assert bool(found) is said
    if said:
        assert found[0].code == "learning-rate"
        assert "at step 24, and was 0.153 untrained" in found[0].text
        assert "learning_rate of 0.0167" in found[0].advice
