import time
from typing import Any

import pytest

from ftworkbench.jobs.events import Event
from ftworkbench.jobs.story import Story


def story(*events: Event) -> Story:
    told = Story()
    told.add(events)
    return told


def event(kind: str, t: float = 0.0, attempt: int = 1, **fields: Any) -> Event:
    return Event(1, t, attempt, kind, fields)


def metric(step: int, loss: float, t: float = 0.0, attempt: int = 1) -> Event:
    return event("metric", t, attempt, step=step, epoch=step / 10, values={"loss": loss})


def test_a_run_is_told_by_its_events() -> None:
    told = story(
        event("phase", phase="loading"),
        event("phase", phase="running"),
        event("progress", what="train", done=2, total=30, unit="steps"),
        metric(1, 2.0),
        metric(2, 1.5),
        event("evaluation", step=2, name="validation", values={"eval_loss": 1.7}),
        event("sample", step=2, row="abc", prompt="Hi", answer="Hello", system="tuned"),
        event("checkpoint", step=2, path="checkpoints/2", sha256="ff"),
        event("notice", level="warning", text="slow", code="slow", rows=["abc"]),
    )
    assert (told.phase, told.step, told.steps, told.epoch) == ("running", 2, 30, 0.2)
    assert told.metrics == {"loss": [(1, 2.0), (2, 1.5)]}
    assert told.latest("loss") == 1.5
    assert told.progress["train"] == (2, 30, "steps")
    assert told.evaluations[0].values == {"eval_loss": 1.7}
    assert told.samples[0].answer == "Hello"
    assert told.checkpoints[0].step == 2
    assert told.notices[0].rows == ("abc",)


def test_what_a_resumed_attempt_does_again_is_told_once() -> None:
    told = story(
        event("phase", phase="running"),
        *(metric(step, float(step)) for step in range(1, 8)),
        event("evaluation", step=6, name="validation", values={"eval_loss": 1.0}),
        event("checkpoint", step=4, path="checkpoints/4"),
        event("checkpoint", step=6, path="checkpoints/6"),
        event("phase", attempt=2, phase="loading"),
    )
    assert len(told.metrics["loss"]) == 7  # it may yet fail before it goes back
    told.add([event("phase", attempt=2, phase="running", step=4), metric(5, 50.0, attempt=2)])
    assert told.metrics["loss"] == [(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0), (5, 50.0)]
    assert (told.attempt, told.step) == (2, 5)
    assert told.evaluations == []
    assert [checkpoint.step for checkpoint in told.checkpoints] == [4]


def test_a_resume_from_nothing_begins_the_curves_again() -> None:
    told = story(metric(1, 1.0), metric(2, 2.0), event("phase", attempt=2, phase="running", step=0))
    told.add([metric(1, 9.0, attempt=2)])
    assert told.metrics["loss"] == [(1, 9.0)]


def test_kinds_and_fields_that_nobody_knows_are_passed_over() -> None:
    told = story(
        event("comet", tail=7),
        event("metric", step="x", values="y"),
        event("progress", what="a", done=None, total="b"),
        event("metric", step=1, values={"loss": float("nan"), "ok": 1, "text": "no", "flag": True}),
        event("notice", rows="none", step="x"),
        event("answer", request=None, delta=3),
    )
    assert told.metrics == {"ok": [(1, 1.0)]}
    assert told.progress == {}


def test_the_time_left_follows_the_latest_rate() -> None:
    told = story(event("phase", phase="running"))
    assert told.eta(0.0) is None
    told.add([event("progress", t=0.0, what="train", done=0, total=1000, unit="steps")])
    told.add(metric(step, 1.0, t=step * 10.0) for step in range(1, 11))
    told.add(metric(10 + step, 1.0, t=100.0 + step) for step in range(1, 101))
    assert told.eta(200.0) == pytest.approx(890.0)
    assert told.eta(210.0) == pytest.approx(880.0)
    told.add([event("phase", phase="done")])
    assert told.eta(210.0) is None


def test_the_first_step_says_nothing_of_the_time_left() -> None:
    told = story(event("phase", phase="running"))
    told.add([event("progress", t=0.0, what="train", done=0, total=100, unit="steps"), metric(1, 1.0, t=60.0)])
    assert told.eta(60.0) is None
    told.add([metric(2, 1.0, t=61.0)])
    assert told.eta(61.0) == pytest.approx(98.0)


def test_answers_are_put_together_by_request_and_system() -> None:
    told = story(
        event("answer", request="r1", system="tuned", delta="Hel"),
        event("answer", request="r1", system="zero-shot", delta="Hi"),
        event("answer", request="r1", system="tuned", delta="lo"),
        event("answer", request="r1", system="tuned", done=True, tokens=2, seconds=0.5),
        event("answer", request="r1", system="zero-shot", error="out of memory"),
    )
    tuned, other = told.answers["r1"]["tuned"], told.answers["r1"]["zero-shot"]
    assert (tuned.text, tuned.done, tuned.totals) == ("Hello", True, {"tokens": 2, "seconds": 0.5})
    assert (other.text, other.done, other.error) == ("Hi", True, "out of memory")


def test_a_long_run_stays_cheap_to_follow() -> None:
    told = story(event("phase", phase="running"))
    began = time.perf_counter()
    told.add(metric(step, 1.0, t=float(step)) for step in range(50_000))
    assert time.perf_counter() - began < 5.0
    began = time.perf_counter()
    for step in range(50_000, 51_000):
        told.add([metric(step, 1.0, t=float(step))])
    assert time.perf_counter() - began < 0.5  # 0.5 ms each at most, however long the curve is
    assert len(told.metrics["loss"]) == 51_000
