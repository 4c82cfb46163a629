"""What a job's events tell together: where it is, its curves, its answers, the time left."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from ftworkbench.jobs.events import Event

Point = tuple[int, float]
_PROOF = ("template_sha256", "seed", "temperature", "top_p", "max_new_tokens", "endpoint", "model")
_RECENT = 64  # steps that the rate is taken from: enough to hold an evaluation between them


@dataclass(frozen=True)
class Evaluation:
    """The values that an evaluation found at a step, such as {"eval_loss": 0.4}."""

    step: int
    name: str
    values: Mapping[str, float]


@dataclass(frozen=True)
class Sample:
    """An answer to a held-out prompt, taken while training. `reference` is the answer that was expected."""

    step: int
    row: str
    prompt: Any
    answer: str
    system: str
    reference: str = ""


@dataclass(frozen=True)
class Notice:
    """Something to tell a person. `rows` are keys of rows, where it is about some."""

    t: float
    level: str
    text: str
    code: str = ""
    step: int | None = None
    rows: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Checkpoint:
    """A point that a resume can go back to."""

    step: int
    path: str
    sha256: str = ""


@dataclass
class Answer:
    """What one system has answered to one request so far; `totals` once it is done."""

    parts: list[str] = field(default_factory=list)
    done: bool = False
    error: str = ""
    totals: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "".join(self.parts)

    @property
    def adapter_sha256(self) -> str | None:
        """The hash of the adapter that answered; None where none did."""
        found = self.totals.get("adapter_sha256")
        return None if found is None else str(found)

    @property
    def proof(self) -> dict[str, Any]:
        """What else the answer rests on: its sampling, and the chat template's hash or the endpoint and its model."""
        return {name: self.totals[name] for name in _PROOF if name in self.totals}


class Story:
    """A fold of a job's events. `add` costs what the new events cost, however long the story is.

    `metrics` has the points of each name by step, without what a resumed attempt does again; `progress` is
    what → (done, total, unit); `answers` is request → system → Answer.
    """

    def __init__(self) -> None:
        self.phase = "queued"
        self.why = ""
        self.attempt = 1
        self.seq = 0
        self.started: float | None = None
        self.updated: float | None = None
        self.step = 0
        self.steps = 0
        self.epoch: float | None = None
        self.progress: dict[str, tuple[float, float, str]] = {}
        self.metrics: dict[str, list[Point]] = {}
        self.evaluations: list[Evaluation] = []
        self.samples: list[Sample] = []
        self.notices: list[Notice] = []
        self.checkpoints: list[Checkpoint] = []
        self.answers: dict[str, dict[str, Answer]] = {}
        self._recent: deque[tuple[float, int]] = deque(maxlen=_RECENT)

    def add(self, events: Iterable[Event]) -> None:
        """Goes on with the story. Kinds that this version does not know are passed over."""
        for event in events:
            tell = _TELL.get(event.kind)
            if tell is None:
                continue
            if event.attempt > self.attempt:
                self._begin(event.attempt)
            self.seq = max(self.seq, event.seq)
            self.updated = event.t
            tell(self, event)

    def eta(self, now: float) -> float | None:
        """Seconds left at `now` (since the epoch), by the rate of the latest steps; None if unknown."""
        if self.phase != "running" or len(self._recent) < 3 or self.steps <= 0:
            return None
        # The first step of an attempt warms up, and takes many times as long as those that follow.
        (first_t, first), (last_t, last) = self._recent[1], self._recent[-1]
        if last <= first or last_t <= first_t:
            return None
        left = (self.steps - last) * (last_t - first_t) / (last - first)
        return max(left - max(now - last_t, 0.0), 0.0)

    def forget_past(self) -> None:
        """Keeps of the story where it stands now: the last of its points, and nothing that was said."""
        for points in self.metrics.values():
            del points[:-1]
        for said in (self.evaluations, self.samples, self.notices, self.answers):
            said.clear()

    def latest(self, name: str) -> float | None:
        """The last value of a metric; None where there is none."""
        points = self.metrics.get(name)
        return points[-1][1] if points else None

    def _begin(self, attempt: int) -> None:
        self.attempt = attempt
        self.progress.clear()
        self._recent.clear()

    def _go_back(self, step: int) -> None:
        """Leaves out what came after `step`: the new attempt does it again."""
        for points in self.metrics.values():
            del points[bisect_right(points, step, key=lambda point: point[0]) :]
        self.evaluations = [each for each in self.evaluations if each.step <= step]
        self.samples = [each for each in self.samples if each.step <= step]
        self.checkpoints = [each for each in self.checkpoints if each.step <= step]
        self.step = step
        self._recent.clear()

    def _at(self, t: float, step: int) -> None:
        self.step = max(self.step, step)
        if not self._recent or step > self._recent[-1][1]:
            self._recent.append((t, step))

    def _on_phase(self, event: Event) -> None:
        self.phase = str(event.fields.get("phase", self.phase))
        self.why = str(event.fields.get("why") or "")
        if self.started is None and self.phase != "queued":
            self.started = event.t
        step = event.fields.get("step")
        if self.phase == "running" and event.attempt > 1 and _is_number(step):
            self._go_back(int(step))

    def _on_progress(self, event: Event) -> None:
        done, total = event.fields.get("done"), event.fields.get("total")
        if not _is_number(done):
            return
        unit = str(event.fields.get("unit") or "")
        self.progress[str(event.fields.get("what") or "")] = (done, total if _is_number(total) else 0, unit)
        if unit in {"step", "steps"}:
            self.steps = int(total) if _is_number(total) else self.steps
            self._at(event.t, int(done))

    def _on_metric(self, event: Event) -> None:
        step = _step(event)
        for name, value in _numbers(event.fields.get("values")).items():
            points = self.metrics.setdefault(name, [])
            if points and points[-1][0] >= step:
                del points[bisect_right(points, step - 1, key=lambda point: point[0]) :]
            points.append((step, value))
        epoch = event.fields.get("epoch")
        if _is_number(epoch):
            self.epoch = float(epoch)
        self._at(event.t, step)

    def _on_evaluation(self, event: Event) -> None:
        name = str(event.fields.get("name") or "")
        self.evaluations.append(Evaluation(_step(event), name, _numbers(event.fields.get("values"))))

    def _on_sample(self, event: Event) -> None:
        found = event.fields
        self.samples.append(
            Sample(
                _step(event),
                str(found.get("row") or ""),
                found.get("prompt") or "",
                str(found.get("answer") or ""),
                str(found.get("system") or ""),
                str(found.get("reference") or ""),
            )
        )

    def _on_answer(self, event: Event) -> None:
        found = event.fields
        systems = self.answers.setdefault(str(found.get("request") or ""), {})
        answer = systems.setdefault(str(found.get("system") or ""), Answer())
        if found.get("delta"):
            answer.parts.append(str(found["delta"]))
        if found.get("error"):
            answer.error = str(found["error"])
        if found.get("done") or found.get("error"):
            answer.done = True
            answer.totals = {key: value for key, value in found.items() if key not in _ANSWER_OWN}

    def _on_checkpoint(self, event: Event) -> None:
        found = event.fields
        sha256 = str(found.get("sha256") or "")
        self.checkpoints.append(Checkpoint(_step(event), str(found.get("path") or ""), sha256))

    def _on_notice(self, event: Event) -> None:
        found = event.fields
        rows = found.get("rows")
        step = found.get("step")
        self.notices.append(
            Notice(
                event.t,
                str(found.get("level") or "info"),
                str(found.get("text") or ""),
                str(found.get("code") or ""),
                int(step) if _is_number(step) else None,
                tuple(rows) if isinstance(rows, list) else (),
            )
        )


_ANSWER_OWN = frozenset({"request", "system", "delta", "done", "error"})
_TELL: dict[str, Callable[[Story, Event], None]] = {
    "phase": Story._on_phase,
    "progress": Story._on_progress,
    "metric": Story._on_metric,
    "evaluation": Story._on_evaluation,
    "sample": Story._on_sample,
    "answer": Story._on_answer,
    "checkpoint": Story._on_checkpoint,
    "notice": Story._on_notice,
}


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _step(event: Event) -> int:
    step = event.fields.get("step")
    return int(step) if _is_number(step) else 0


def _numbers(values: Any) -> dict[str, float]:
    if not isinstance(values, dict):
        return {}
    return {str(name): float(value) for name, value in values.items() if _is_number(value)}
