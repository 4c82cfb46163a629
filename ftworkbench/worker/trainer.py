"""TRL's trainer, with what it lacks: whole checkpoints, a stop at the first bad number, and events."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback
from transformers.trainer_callback import PrinterCallback
from trl import SFTTrainer

from ftworkbench.errors import JobError
from ftworkbench.files import read_json, write_json
from ftworkbench.worker.checkpoints import STAGING, rotate, seal
from ftworkbench.worker.models import memory, peak
from ftworkbench.worker.work import Work

_COUNTS = "counts.json"
_PROGRESS_EVERY = 0.2  # seconds between two words on the progress
_NAMES = {"loss", "grad_norm", "learning_rate", "mean_token_accuracy", "entropy"}


class NotFiniteError(JobError):
    """A loss or gradient that is no number any more. The weights are still those of the step before."""


class Tuner(SFTTrainer):  # type: ignore[misc]
    """An SFTTrainer over rows that are tokenized and masked already. `counts` go on over attempts."""

    def __init__(self, work: Work, *, loraplus_lr_ratio: float | None = None, **options: Any) -> None:
        self.work = work
        self.counts = {"tokens": 0.0, "seconds": 0.0}
        self.saved_step = -1
        self._staged_in: Path | None = None
        self._loraplus_lr_ratio = loraplus_lr_ratio
        self.optimizer: Any = None
        super().__init__(**options)
        self.add_callback(Teller(self))
        self.remove_callback(PrinterCallback)

    @property
    def folder(self) -> Path:
        return Path(self.args.output_dir)

    def create_optimizer(self, model: Any = None) -> Any:
        if self._loraplus_lr_ratio is None or self.optimizer is not None:
            return super().create_optimizer(model)
        from peft.optimizers import create_loraplus_optimizer

        kind, options = self.get_optimizer_cls_and_kwargs(self.args, self.model)
        rate = options.pop("lr")
        self.optimizer = create_loraplus_optimizer(
            self.model,
            kind,
            lr=rate,
            loraplus_lr_ratio=self._loraplus_lr_ratio,
            loraplus_weight_decay=self.args.weight_decay,
            **options,
        )
        return self.optimizer

    # Before the optimizer's step, so that the weights are still good when it ends.

    def training_step(self, model: Any, inputs: Any, *rest: Any, **named: Any) -> Any:
        mask = inputs.get("attention_mask")
        self.counts["tokens"] += float(inputs["input_ids"].numel() if mask is None else mask.sum())
        loss = super().training_step(model, inputs, *rest, **named)
        self._require_finite("loss", loss)
        return loss

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
        norm = super()._get_grad_norm(model, grad_norm=grad_norm)
        if norm is not None and not self.args.fp16:  # loss scaling meets infinite gradients, and skips their steps
            self._require_finite("gradient", norm)
        return norm

    def _require_finite(self, what: str, value: Any) -> None:
        number = float(value)
        if math.isfinite(number):
            return
        step = self.state.global_step + 1
        self.work.notice(f"the {what} is {number} at step {step}", "not-finite", level="error", step=step)
        raise NotFiniteError(
            f"the {what} became {number} at step {step}, and nothing was saved after it: lower train.learning_rate, "
            "or look at the rows of that step; resume goes on from the last checkpoint"
        )

    # A checkpoint is saved beside its place, and renamed when it is whole.

    def _get_output_dir(self, trial: Any) -> str:
        return str(super()._get_output_dir(trial) if self._staged_in is None else self._staged_in)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        step = int(self.state.global_step)
        name = f"checkpoint-{step}"
        self._staged_in = self.folder / STAGING
        staged = self._staged_in / name
        try:
            staged.mkdir(parents=True, exist_ok=True)
            super()._save_checkpoint(model, trial)
        finally:
            self._staged_in = None
        best = self.state.best_model_checkpoint
        if best is not None:
            self.state.best_model_checkpoint = str(self.folder / Path(best).name)
            self.state.save_to_json(str(staged / "trainer_state.json"))
        write_json(staged / _COUNTS, self.counts)
        saved = seal(staged, self.folder / name, step)
        relative = str(saved.path.relative_to(self.work.job.path))
        self.work.log.emit("checkpoint", step=step, path=relative, sha256=saved.sha256)
        best = self.state.best_model_checkpoint
        self.saved_step = step
        rotate(self.folder, self.work.recipe.train.save_total_limit, Path(best) if best else None)

    def create_model_card(self, *rest: Any, **named: Any) -> None:
        """None: the job's own files say what it is, and the card would ask the hub."""

    def go_on_from(self, checkpoint: Path) -> None:
        """Takes over the counts of the attempt that saved the checkpoint."""
        found = read_json(checkpoint / _COUNTS)
        if isinstance(found, dict):
            self.counts.update({name: float(found[name]) for name in self.counts if name in found})


class Teller(TrainerCallback):  # type: ignore[misc]
    """Tells what the trainer does as events, and has it stop when it was asked to."""

    def __init__(self, tuner: Tuner) -> None:
        self._tuner = tuner
        self._work = tuner.work
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
        found = {"memory_gib": memory(self._work.device)}
        if seconds > 0:
            found["tokens_per_second"] = tokens / seconds
        return found


def average_loss(history: list[dict[str, Any]]) -> float | None:
    """The mean training loss over all steps that were logged, over attempts; None where none was."""
    total, last = 0.0, 0
    for entry in history:
        if "loss" in entry and "step" in entry:
            total += float(entry["loss"]) * (entry["step"] - last)
            last = int(entry["step"])
    return total / last if last else None


def figures(tuner: Tuner, device: str) -> dict[str, Any]:
    """What a run came to: steps, losses, speed, peak memory."""
    history = tuner.state.log_history
    evaluations = [entry["eval_loss"] for entry in history if "eval_loss" in entry]
    best = tuner.state.best_metric if tuner.args.load_best_model_at_end else None
    counts = tuner.counts
    finite = [each for each in evaluations if math.isfinite(each)]
    return {
        "steps": int(tuner.state.global_step),
        "train_loss": average_loss(history),
        "eval_loss": best if best is not None else finite[-1] if finite else None,
        "first_eval_loss": finite[0] if finite else None,
        "tokens": int(counts["tokens"]),
        "tokens_per_second": counts["tokens"] / counts["seconds"] if counts["seconds"] else None,
        "training_seconds": counts["seconds"],
        "peak_gib": peak(device),
    }


def synchronize(device: str) -> None:
    """Waits until the device has done what it was told."""
    if device == "cuda":
        torch.cuda.synchronize()
