"""What the trainer does, told as events; and its stop, where the job was asked to."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

from ftworkbench.jobs.step_rows import steps_file, write_step
from ftworkbench.machine import this_machine
from ftworkbench.worker.gauge import Gauge
from ftworkbench.worker.models import memory
from ftworkbench.worker.reasons import traced
from ftworkbench.worker.room import with_room
from ftworkbench.worker.samples import Sampler

if TYPE_CHECKING:
    from ftworkbench.worker.trainer import Tuner

_LEAST = 1 << 16  # bytes that a line wants to be free
_PROGRESS_EVERY = 0.2  # seconds between two words on the progress
_NAMES = {"loss", "grad_norm", "learning_rate", "mean_token_accuracy", "entropy"}


class Teller(TrainerCallback):  # type: ignore[misc]
    """Tells what the trainer does as events, and has it stop when it was asked to."""

    def __init__(self, tuner: Tuner, sampler: Sampler | None) -> None:
        self._tuner = tuner
        self._work = tuner.work
        self._sampler = sampler
        # The job's own card, which need not be the first: a card's queue is called as the card is.
        self._gauge = Gauge(next((card for card in this_machine().cards if card.device == tuner.work.queue), None))
        self._began = 0.0
        self._told = 0.0
        self._logged = dict(tuner.counts)
        self._stopping = False

    @property
    def stopped(self) -> bool:
        return self._stopping

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._logged = dict(self._tuner.counts)
        self._work.phase("running", step=state.global_step)
        self._work.progress("training", state.global_step, state.max_steps, "steps")

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._began = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        now = time.monotonic()
        self._tuner.counts["seconds"] += now - self._began
        self._tell_rows(state.global_step)
        if now - self._told >= _PROGRESS_EVERY or state.global_step >= state.max_steps:
            self._told = now
            self._work.progress("training", state.global_step, state.max_steps, "steps")
        if self._work.stopped() and state.global_step < state.max_steps:
            self._stopping = True
            control.should_training_stop = True

    def on_epoch_end(self, args: Any, state: Any, control: Any, train_dataloader: Any = None, **_: Any) -> None:
        if not self._stopping:
            return
        # In the midst of an epoch only the checkpoint is wanted: an evaluation would draw random numbers that
        # the unbroken run does not draw there. At the end of one, what belongs there is done before.
        steps = max(math.ceil(len(train_dataloader) / args.gradient_accumulation_steps), 1)
        if state.global_step % steps:
            control.should_evaluate = False
        control.should_save = self._tuner.saved_step != state.global_step

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self._sampler is None:
            return
        try:
            self._sampler.tell(self._tuner.model, state.global_step)
        except OSError:
            raise
        except Exception as error:  # nothing of the training depends on it
            self._work.notice(f"no samples are taken: {traced(error)}", "samples")
            self._sampler = None

    def _tell_rows(self, step: int) -> None:
        rows = self._tuner.step_rows
        if rows:
            path = steps_file(self._work.job)
            path.parent.mkdir(exist_ok=True)
            with_room(self._work, "what the step was made of", _LEAST, lambda: write_step(path, step, rows))
        self._tuner.step_rows = []

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        found = {name: value for name, value in (logs or {}).items() if isinstance(value, int | float)}
        if "loss" in found:
            values = {name: value for name, value in found.items() if name in _NAMES}
            self._tell(state, values | self._speed())
        elif "eval_loss" in found:
            wanted = ("eval_loss", "eval_mean_token_accuracy", "eval_entropy")
            values = {name: found[name] for name in wanted if name in found}
            self._tell(state, values)
            self._work.log.emit("evaluation", step=state.global_step, name="validation", values=values)

    def _tell(self, state: Any, values: dict[str, float]) -> None:
        self._work.log.emit("metric", step=state.global_step, epoch=state.epoch, values=values)

    def _speed(self) -> dict[str, float]:
        now = self._tuner.counts
        tokens, seconds = (now[name] - self._logged[name] for name in ("tokens", "seconds"))
        self._logged = dict(now)
        found = {"memory_gib": memory(self._work.device), **self._gauge.read()}
        if seconds > 0:
            found["tokens_per_second"] = tokens / seconds
        return found
