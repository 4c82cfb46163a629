"""TRL's trainer, with what it lacks: whole checkpoints, a stop at the first bad number, and events."""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from transformers.trainer_callback import PrinterCallback
from trl import SFTTrainer

from ftworkbench.errors import JobError
from ftworkbench.figures import count
from ftworkbench.files import read_json, write_json
from ftworkbench.worker.checkpoints import STAGING, Checkpoint, rotate, seal
from ftworkbench.worker.models import peak
from ftworkbench.worker.room import with_room
from ftworkbench.worker.rows import Rows
from ftworkbench.worker.samples import Sampler
from ftworkbench.worker.step_rows import BATCH_ROWS, RowCollator
from ftworkbench.worker.teller import Teller
from ftworkbench.worker.work import Work

_COUNTS = "counts.json"
_SMALL_FILES = 2**20  # the trainer's state, the states of the random numbers


class NotFiniteError(JobError):
    """A loss or gradient that is no number any more. The weights are still those of the step before."""


class Tuner(SFTTrainer):  # type: ignore[misc]
    """An SFTTrainer over rows that are tokenized and masked already.

    `row_keys` are the keys of the rows that examples come from, by the example's. `counts` go on over attempts;
    `step_rows` are the keys of the rows that the step has taken so far.
    """

    def __init__(
        self,
        work: Work,
        rows: Rows,
        row_keys: Mapping[str, str],
        *,
        sampler: Sampler | None = None,
        loraplus_lr_ratio: float | None = None,
        **options: Any,
    ) -> None:
        self.work = work
        self.step_rows: list[str] = []
        self.counts = {"tokens": 0.0, "seconds": 0.0}
        self.saved_step = -1
        self._staged_in: Path | None = None
        self._loraplus_lr_ratio = loraplus_lr_ratio
        self.optimizer: Any = None
        self.data_collator: Any
        super().__init__(**options)
        self.data_collator = RowCollator(self.data_collator, rows, row_keys, self.args.max_length)
        self.add_callback(Teller(self, sampler))
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

    def _prepare_inputs(self, inputs: Any) -> Any:
        rows = inputs.pop(BATCH_ROWS, [])
        if self.model.training:
            self.step_rows += rows
        return super()._prepare_inputs(inputs)

    def training_step(self, model: Any, inputs: Any, *rest: Any, **named: Any) -> Any:
        rows = inputs.get(BATCH_ROWS, [])
        mask = inputs.get("attention_mask")
        self.counts["tokens"] += float(inputs["input_ids"].numel() if mask is None else mask.sum())
        loss = super().training_step(model, inputs, *rest, **named)
        self._require_finite("loss", loss, rows)
        return loss

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
        norm = super()._get_grad_norm(model, grad_norm=grad_norm)
        if norm is not None and not self.args.fp16:  # loss scaling meets infinite gradients, and skips their steps
            self._require_finite("gradient", norm, self.step_rows)
        return norm

    def _require_finite(self, what: str, value: Any, rows: Sequence[str]) -> None:
        number = float(value)
        if math.isfinite(number):
            return
        step = self.state.global_step + 1
        text = f"the {what} is {number} at step {step}, on {count(len(rows), 'row')}"
        self.work.notice(text, "not-finite", level="error", step=step, rows=list(rows))
        raise NotFiniteError(
            f"the {what} became {number} at step {step}, and nothing was saved after it: lower train.learning_rate, "
            "or look at the rows of that step; resume goes on from the last checkpoint"
        )

    # A checkpoint is saved beside its place, and renamed when it is whole.

    def _get_output_dir(self, trial: Any) -> str:
        return str(super()._get_output_dir(trial) if self._staged_in is None else self._staged_in)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        step = int(self.state.global_step)
        staging = self.folder / STAGING

        def save() -> Checkpoint:
            return self._stage(model, trial, staging / f"checkpoint-{step}", step)

        def clear() -> None:
            shutil.rmtree(staging, ignore_errors=True)

        saved = with_room(self.work, f"the checkpoint of step {step}", checkpoint_bytes(self.model), save, clear)
        relative = str(saved.path.relative_to(self.work.job.path))
        self.work.log.emit("checkpoint", step=step, path=relative, sha256=saved.sha256)
        best = self.state.best_model_checkpoint
        self.saved_step = step
        rotate(self.folder, self.work.recipe.train.save_total_limit, Path(best) if best else None)

    def _stage(self, model: Any, trial: Any, staged: Path, step: int) -> Checkpoint:
        self._staged_in = staged.parent
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
        return seal(staged, self.folder / staged.name, step)

    def create_model_card(self, *rest: Any, **named: Any) -> None:
        """None: the job's own files say what it is, and the card would ask the hub."""

    def go_on_from(self, checkpoint: Path) -> None:
        """Takes over the counts of the attempt that saved the checkpoint."""
        found = read_json(checkpoint / _COUNTS)
        if isinstance(found, dict):
            self.counts.update({name: float(found[name]) for name in self.counts if name in found})


def checkpoint_bytes(model: Any) -> int:
    """About as many bytes as a checkpoint takes: what is trained, AdamW's two numbers for each of it, and the rest."""
    trained: int = sum(each.numel() * each.element_size() for each in model.parameters() if each.requires_grad)
    return 3 * trained + _SMALL_FILES


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
