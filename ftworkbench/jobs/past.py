"""What a job came to, for the history: its best loss, and the time that it was at work.

Read from its events as `jobs.story` reads them, but without keeping any curve, and each event once: the history asks
again whenever a job has moved on.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from ftworkbench.jobs.folder import Job

WINDOW = 10  # logged steps that the training loss is averaged over: a single step is mostly luck
_PASSED_OVER = frozenset({b"progress", b"answer", b"sample", b"notice", b"checkpoint"})
_KIND_WITHIN = slice(0, 120)  # bytes: an event begins with its number, time, attempt and kind
_NAMES = ("eval_loss", "loss")


@dataclass(frozen=True)
class Best:
    """The lowest loss. `of` is "evaluation" on the validation rows, or "training" where none was made there: then the
    mean of WINDOW logged steps that is the lowest, with the last of them as `step`.
    """

    loss: float
    step: int
    of: str


@dataclass(frozen=True)
class Past:
    """`seconds` are those at work: of all attempts, without the waiting in the queue."""

    best: Best | None
    seconds: float


@dataclass
class _Fold:
    """Goes on with a job's events from `offset`."""

    offset: int = 0
    attempt: int = 0
    began: float | None = None
    last: float = 0.0
    before: float = 0.0
    evaluations: list[tuple[int, float]] = field(default_factory=list)
    best_mean: tuple[float, int] | None = None
    recent: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=WINDOW))

    def past(self) -> Past:
        seconds = self.before + (self.last - self.began if self.began is not None else 0.0)
        if self.evaluations:
            step, loss = min(self.evaluations, key=lambda point: point[1])
            return Past(Best(loss, step, "evaluation"), seconds)
        if self.best_mean is not None:
            return Past(Best(*self.best_mean, "training"), seconds)
        if self.recent:
            return Past(Best(_mean(self.recent), self.recent[-1][0], "training"), seconds)
        return Past(None, seconds)

    def add(self, text: bytes) -> None:
        """Reads whole lines. Of those that say nothing new only the last one's time counts, so only that is read."""
        passed = b""
        for line in text.split(b"\n"):
            kind = line[_KIND_WITHIN].partition(b'"kind": "')[2].partition(b'"')[0]
            if kind in _PASSED_OVER or (kind == b"metric" and self.evaluations):
                passed = line
                continue
            self._add_time(passed)
            passed = b""
            self._add_line(line)
        self._add_time(passed)

    def _add_time(self, line: bytes) -> None:
        if line and (t := _said_time(line)) is not None:
            self.last = max(self.last, t)

    def _add_line(self, line: bytes) -> None:
        try:
            found = orjson.loads(line)
            kind, t, attempt = found["kind"], float(found["t"]), int(found.get("attempt", 1))
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return
        if attempt > self.attempt:
            if self.began is not None:
                self.before += self.last - self.began
            self.attempt, self.began = attempt, None
        if kind == "phase":
            self._on_phase(found, t)
        if self.began is not None:
            self.last = max(self.last, t)
        if kind in ("metric", "evaluation"):
            self._on_values(found)

    def _on_phase(self, found: dict[str, Any], t: float) -> None:
        phase, step = found.get("phase"), found.get("step")
        if self.began is None and phase in ("loading", "running"):
            self.began = self.last = t
        if phase == "running" and self.attempt > 1 and isinstance(step, int):
            self.evaluations = [each for each in self.evaluations if each[0] <= step]
            self.recent = deque((each for each in self.recent if each[0] <= step), maxlen=WINDOW)
            if self.best_mean is not None and self.best_mean[1] > step:
                self.best_mean = None

    def _on_values(self, found: dict[str, Any]) -> None:
        values, step = found.get("values"), found.get("step")
        if not isinstance(values, dict) or not isinstance(step, int):
            return
        evaluation, training = (_finite(values.get(name)) for name in _NAMES)
        if evaluation is not None:
            self.evaluations.append((step, evaluation))
        if training is not None and not self.evaluations:
            self.recent.append((step, training))
            if len(self.recent) == WINDOW:
                mean = _mean(self.recent)
                if self.best_mean is None or mean < self.best_mean[0]:
                    self.best_mean = (mean, step)


_folds: dict[Path, _Fold] = {}
_lock = threading.Lock()


def past_of(job: Job) -> Past:
    """What the job came to so far. Only events that are new since the last call are read."""
    with _lock:
        fold = _folds.setdefault(job.path, _Fold())
        try:
            size = job.events.stat().st_size
            if size < fold.offset:  # other events than those that were read: another job in the place of this one
                fold = _folds[job.path] = _Fold()
            if size > fold.offset:
                with job.events.open("rb") as file:
                    file.seek(fold.offset)
                    text = file.read()
                end = text.rfind(b"\n") + 1
                fold.add(text[:end])
                fold.offset += end
        except OSError:
            pass
        return fold.past()


def _finite(value: Any) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if number else None


def _mean(points: deque[tuple[int, float]]) -> float:
    return sum(loss for _, loss in points) / len(points)


def _said_time(line: bytes) -> float | None:
    """The time of an event that is otherwise passed over, from the head that every line begins with."""
    _, _, rest = line[:80].partition(b'"t": ')
    try:
        return float(rest.partition(b",")[0])
    except ValueError:
        return None
