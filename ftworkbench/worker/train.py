"""Training: the recipe's rows, a LoRA on its model, checkpoints on the way, an adapter at the end."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ftworkbench.data.splits.split import load_parts
from ftworkbench.errors import InputError
from ftworkbench.files import write_json
from ftworkbench.recipe.tables import Recipe
from ftworkbench.worker.attention import packed_attention
from ftworkbench.worker.checkpoints import newest, sha256_of, sync
from ftworkbench.worker.configs import sft_config
from ftworkbench.worker.fused_lora import fused_adapters
from ftworkbench.worker.job_template import training_template
from ftworkbench.worker.liger import apply_kernels
from ftworkbench.worker.models import load_base, parameters, reset_peak
from ftworkbench.worker.reporting import report_options
from ftworkbench.worker.row_losses import write_row_losses
from ftworkbench.worker.rows import Rows, encode_rows
from ftworkbench.worker.samples import Sampler
from ftworkbench.worker.smaller import begin_smaller
from ftworkbench.worker.starts import as_saved, begin, begun_config, conversion
from ftworkbench.worker.template import Template
from ftworkbench.worker.trainer import Tuner, figures
from ftworkbench.worker.work import StoppedError, Work

_STAGED = ".adapter"
_SECONDS = "seconds"


def train(work: Work) -> None:
    """Trains, from the last good checkpoint where there is one; leaves `adapter/` and `result.json`.

    Raises StoppedError once all is saved, where it was asked to stop.
    """
    began = time.monotonic()

    # -------------------------------------------------------------------------------------------------
    # What is learned: the template is checked and the rows are encoded before the weights are loaded

    parts = load_parts(work.workspace, work.recipe.name, work.recipe.data)
    template = training_template(work, parts.train)
    rows = encode_rows(work, template, parts.train, "train")
    held_out = encode_rows(work, template, parts.validation, "validation")
    if not len(rows):
        raise InputError("data.train: no rows are left to train on")
    work.leave_if_stopped()

    # -------------------------------------------------------------------------------------------------
    # The model, the adapter, and where an earlier attempt got to

    model = load_base(work.recipe, work.workspace, work.device)
    apply_kernels(work, model)
    reset_peak(work.device)
    found = newest(work.job.checkpoints, lambda text: work.notice(text, "damaged-checkpoint"))
    if work.log.attempt > 1:
        where = f"goes on from step {found.step}" if found else "no checkpoint was saved yet: begins at step 0 again"
        work.notice(where, "resumed", level="info", step=found.step if found else 0)
    tuner = make_tuner(
        work,
        model,
        template,
        rows,
        held_out,
        peft_config=begun_config(work, found.path if found else None),
        row_keys=parts.row_keys,
        sampler=Sampler(work, template, parts.validation, parts.row_keys),
        eval_on_start=found is None and len(held_out) > 0,
    )
    begin(work, tuner.model, rows.encoded, found.path if found else None)
    if found is not None:
        tuner.go_on_from(found.path)
    work.leave_if_stopped()

    # -------------------------------------------------------------------------------------------------
    # The run: events come from the trainer

    try:
        with quickened(work.recipe, model, tuner):
            tuner.train(resume_from_checkpoint=str(found.path) if found else None)
    except Exception as error:
        begin_smaller(work, error)
        raise

    # -------------------------------------------------------------------------------------------------
    # What stays

    work.phase("saving")
    sha256 = save_adapter(work, tuner.model, template)
    total, trained = parameters(tuner.model)
    result = figures(tuner, work.device)
    result |= {
        "parameters": total,
        "trainable": trained,
        "train_rows": len(rows),
        "validation_rows": len(held_out),
        "adapter_sha256": sha256,
        _SECONDS: round(time.monotonic() - began, 3),
    }
    write_json(work.job.result, result)
    if not work.stopped():
        reload = None
        if work.recipe.out_of_base:
            del model
            reload = as_saved
        seconds = write_row_losses(work, tuner, rows, parts.row_keys, reload)
        if seconds is not None:
            write_json(work.job.result, result | {"row_losses_seconds": round(seconds, 3)})
    if tuner.state.global_step < tuner.state.max_steps and work.stopped():
        raise StoppedError(f"stopped at step {tuner.state.global_step} of {tuner.state.max_steps}, as it was asked to")


def make_tuner(
    work: Work,
    model: Any,
    template: Template,
    rows: Rows,
    held_out: Rows,
    *,
    peft_config: Any,
    row_keys: Mapping[str, str],
    sampler: Sampler | None = None,
    **options: Any,
) -> Tuner:
    """The trainer of the recipe over these rows. `options` go before the recipe's own [train]."""
    recipe = work.recipe
    if not len(held_out):
        options = {**options, "eval_strategy": "no", "load_best_model_at_end": False}
    options = {**report_options(work), **options}
    folder = options.pop("output_dir", work.job.checkpoints)
    args = sft_config(recipe, folder, work.device, **options)
    return Tuner(
        work,
        rows,
        row_keys,
        sampler=sampler if len(held_out) else None,
        loraplus_lr_ratio=recipe.method.loraplus_lr_ratio,
        model=model,
        args=args,
        train_dataset=rows.dataset(),
        eval_dataset=held_out.dataset() if len(held_out) else None,
        processing_class=template.tokenizer,
        peft_config=peft_config,
        callbacks=_callbacks(recipe, len(held_out) > 0),
    )


@contextmanager
def quickened(recipe: Recipe, model: Any, tuner: Tuner) -> Iterator[None]:
    """Has the tuner's model compute as fast as the recipe allows within the block."""
    with packed_attention(model, recipe.model.attn_implementation):
        if not recipe.method.fused_lora:
            yield
            return
        with fused_adapters(tuner.model):
            yield


def _callbacks(recipe: Recipe, evaluated: bool) -> list[Any]:
    from transformers import EarlyStoppingCallback

    method = recipe.method
    if method.early_stopping_patience is None or not evaluated:
        return []
    return [EarlyStoppingCallback(method.early_stopping_patience, method.early_stopping_threshold)]


def save_adapter(work: Work, model: Any, template: Template) -> str:
    """Writes `adapter/`: PEFT's files, the tokenizer and its chat template. Gives the weights' SHA-256."""
    staged = work.job.path / _STAGED
    shutil.rmtree(staged, ignore_errors=True)
    model.save_pretrained(staged, safe_serialization=True, **conversion(work))
    template.tokenizer.save_pretrained(staged)
    (staged / "README.md").unlink(missing_ok=True)  # a card for the hub, with nothing filled in
    sync(staged)
    _replace(staged, work.job.adapter)
    return sha256_of(work.job.adapter / "adapter_model.safetensors")


def _replace(staged: Path, final: Path) -> None:
    old = staged.with_name(f"{staged.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        final.rename(old)
    staged.rename(final)
    shutil.rmtree(old, ignore_errors=True)
