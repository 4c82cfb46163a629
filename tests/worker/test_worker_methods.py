"""Every way to tune that a CPU can do: trained a few steps, saved, read again by anybody, and asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny import encoded_rows, loss_of, losses, make_workspace, row_lines, run_job

from ftworkbench.jobs.folder import Job, result
from ftworkbench.jobs.state import read_state
from ftworkbench.recipe.tables import Recipe
from ftworkbench.worker.adapter import attach
from ftworkbench.worker.models import load_base
from ftworkbench.workspace import Workspace

IN_4_BITS = {"quantization__load_in_4bit": True}
IA3 = {
    "method__adapter": "ia3",
    "lora__r": None,
    "lora__lora_alpha": None,
    "lora__lora_dropout": None,
    "train__learning_rate": 0.3,
}
METHODS: dict[str, dict[str, Any]] = {
    "LoRA": {},
    "QLoRA": IN_4_BITS,
    "QLoRA, double quantization": {**IN_4_BITS, "quantization__bnb_4bit_use_double_quant": True},
    "int8": {"quantization__load_in_8bit": True},
    "rsLoRA": {"lora__use_rslora": True},
    "DoRA": {"lora__use_dora": True},
    "DoRA in 4 bits": {"lora__use_dora": True, **IN_4_BITS},
    "PiSSA": {"lora__init_lora_weights": "pissa"},
    "fast PiSSA": {"lora__init_lora_weights": "pissa_niter_4"},
    "OLoRA": {"lora__init_lora_weights": "olora"},
    "EVA": {"lora__init_lora_weights": "eva"},
    "EVA in 4 bits": {"lora__init_lora_weights": "eva", **IN_4_BITS},
    "orthogonal": {"lora__init_lora_weights": "orthogonal"},
    "LoRA+": {"method__loraplus_lr_ratio": 4.0},
    "IA3": IA3,
    "IA3 in 4 bits": {**IA3, **IN_4_BITS},
}
FEW = {"train__max_steps": 4, "train__eval_strategy": "no", "lora__lora_dropout": 0.0, "train__save_steps": 2}


@pytest.mark.parametrize("options", METHODS.values(), ids=METHODS)
def test_a_method_trains_is_saved_and_answers_on_the_base_as_it_was(
    model: Path, tmp_path: Path, trained: tuple[Workspace, Recipe, Job], options: dict[str, Any]
) -> None:
    workspace, recipe = make_workspace(tmp_path / "colours", model, **{**FEW, **options})
    job = run_job(workspace, "train", recipe)
    _must_be_done(job)
    assert len(losses(job)) == 4
    assert (result(job) or {})["trainable"] > 0

    # The loss of each row is that of what anybody loads: the recipe's model, and the saved adapter on it.
    lines = {line["key"]: line for line in row_lines(job)}
    assert sum(line["loss_after"] for line in lines.values()) < sum(line["loss_before"] for line in lines.values())
    quantized = recipe.quantization.load_in_4bit or recipe.quantization.load_in_8bit
    if quantized:
        base = load_base(recipe, workspace, "cpu")
    else:
        for line in row_lines(trained[2]):
            assert lines[line["key"]]["loss_before"] == pytest.approx(line["loss_before"], abs=1e-4)
        base = load_base(trained[1], workspace, "cpu")
    tuned = attach(base, job)
    for key, row in list(encoded_rows(workspace, recipe).items())[:5]:
        assert lines[key]["loss_after"] == pytest.approx(loss_of(tuned, row), abs=5e-3 if quantized else 1e-3)

    _must_be_done(run_job(workspace, "evaluate", recipe, job=job.name, skip_baseline=True))


def _must_be_done(job: Job) -> None:
    state = read_state(job)
    assert state is not None
    assert state.phase == "done", state.why
