"""How an adapter begins, where PEFT's own zero is not what the recipe asks for.

PiSSA (arXiv 2404.02948) and OLoRA (2406.01775) take the adapter out of the base's weights, which then are others: what
was taken is kept in `initial/`, so that a resumed run takes away the very same, and what is saved in the end is an
adapter on the base as it was (of twice the rank: what it became, less what it began as). EVA (2410.07170) begins along
the directions in which the rows vary most, and deals the ranks out over the layers by that. LoftQ (2310.08659) begins
at what 4-bit rounding took from the weights.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence
from trl.trainer.sft_trainer import add_fused_lm_head

from ftworkbench.worker.adapter import attach
from ftworkbench.worker.checkpoints import sync, sync_names
from ftworkbench.worker.configs import adapter_config
from ftworkbench.worker.models import load_base, place_of
from ftworkbench.worker.tokens import IGNORED, Encoded
from ftworkbench.worker.trainer import Tuner
from ftworkbench.worker.work import Work

INITIAL = "initial"
_EVA_ROWS = 1024  # directions are settled long before: PEFT stops when they no longer turn
_EVA_BATCH = 8


def begun_config(work: Work, checkpoint: Path | None) -> Any:
    """PEFT's configuration for the adapter's layers, of the ranks that a checkpoint has them in, if there is one."""
    start = work.recipe.start
    if start == "eva" and checkpoint is not None:
        from peft import LoraConfig

        config = LoraConfig.from_pretrained(str(checkpoint))
        config.inference_mode, config.init_lora_weights = False, True
        return config
    config = adapter_config(work.recipe)
    if start == "loftq" or (work.recipe.out_of_base and _initial(work).is_dir()):
        config.init_lora_weights = True
    return config


def begin(work: Work, model: Any, rows: tuple[Encoded, ...], checkpoint: Path | None) -> None:
    """Sets the adapter's first weights, and the base's where they change; from a checkpoint only the latter."""
    start = work.recipe.start
    if work.recipe.out_of_base:
        _out_of_base(work, model)
    elif start == "eva" and checkpoint is None:
        _along_the_rows(work, model, rows)
    elif start == "loftq" and checkpoint is None:
        _from_rounding(work, model)


def conversion(work: Work) -> dict[str, Any]:
    """What save_pretrained needs, so that what it writes is an adapter on the base as it was."""
    return {"path_initial_model_for_weight_conversion": str(_initial(work))} if work.recipe.out_of_base else {}


def as_saved(work: Work, tuner: Tuner) -> None:
    """Gives the tuner the model as anybody will have it: the base as it was, and the adapter that was saved."""
    tuner.model = tuner.model_wrapped = None
    tuner.accelerator.free_memory()
    gc.collect()
    model = attach(load_base(work.recipe, work.workspace, work.device), work.job)
    add_fused_lm_head(model.get_base_model(), outputs=("log_probs",))
    tuner.model = model


def _initial(work: Work) -> Path:
    return work.job.path / INITIAL


def _out_of_base(work: Work, model: Any) -> None:
    config = model.peft_config["default"]
    folder = _initial(work)
    if not folder.is_dir():
        staged = folder.with_name(f".{INITIAL}")
        config.init_lora_weights = True  # or loading it would take it away once more
        model.save_pretrained(staged, safe_serialization=True)
        sync(staged)  # no resume can do without it
        staged.rename(folder)
        sync_names(folder.parent)
    else:
        _take_away(model, folder)
    config.init_lora_weights = work.recipe.lora.init_lora_weights


def _take_away(model: Any, folder: Path) -> None:
    """Takes the initial adapter out of the base, in the order of PEFT's own sums: the same to the bit."""
    from peft.utils import load_peft_weights, set_peft_model_state_dict

    device = str(next(model.parameters()).device)
    set_peft_model_state_dict(model, load_peft_weights(str(folder), device=device))
    for layer in _lora_layers(model):
        weight = layer.get_base_layer().weight
        a, b = layer.lora_A["default"].weight.data, layer.lora_B["default"].weight.data
        weight.data = (weight.data.float() - layer.scaling["default"] * b @ a).to(weight.dtype)


def _lora_layers(model: Any) -> Iterator[Any]:
    return (module for module in model.modules() if hasattr(module, "lora_A") and "default" in module.lora_A)


def _along_the_rows(work: Work, model: Any, rows: tuple[Encoded, ...]) -> None:
    from peft import initialize_lora_eva_weights

    work.phase("loading", "looks where the rows vary most, for EVA")
    dtypes = {name: each.dtype for name, each in model.named_parameters() if each.requires_grad}
    batches = list(_batches(rows[:_EVA_ROWS], model.device))
    initialize_lora_eva_weights(model, batches, show_progress_bar=False)
    for name, each in model.named_parameters():
        if each.requires_grad and name in dtypes:
            each.data = each.data.to(dtypes[name])
    model.eval()


def _batches(rows: tuple[Encoded, ...], device: Any) -> Iterator[dict[str, Any]]:
    """Batches of as many rows each, as EVA wants them, padded on the right."""
    size = min(_EVA_BATCH, len(rows))
    for start in range(0, len(rows) - size + 1, size):
        some = rows[start : start + size]
        ids = pad_sequence([torch.tensor(each.input_ids) for each in some], batch_first=True)
        mask = pad_sequence([torch.ones(len(each.input_ids), dtype=torch.long) for each in some], batch_first=True)
        labels = pad_sequence([torch.tensor(each.labels) for each in some], True, IGNORED)
        yield {"input_ids": ids.to(device), "attention_mask": mask.to(device), "labels": labels.to(device)}


def _from_rounding(work: Work, model: Any) -> None:
    """LoftQ's start. PEFT leaves the adapter's scaling out of account; here what it adds is what rounding took."""
    from peft import replace_lora_weights_loftq

    work.phase("loading", "looks what 4-bit rounding took, for LoftQ")
    dtypes = {name: each.dtype for name, each in model.named_parameters() if each.requires_grad}
    replace_lora_weights_loftq(model, model_path=str(_weights(work)))
    for layer in _lora_layers(model):
        layer.lora_B["default"].weight.data /= layer.scaling["default"]
    for name, each in model.named_parameters():
        if each.requires_grad:
            each.data = each.data.to(dtypes[name])


def _weights(work: Work) -> Path:
    place = place_of(work.recipe, work.workspace)
    if place.folder is not None:
        return place.folder
    from huggingface_hub import snapshot_download

    revision = place.options.get("revision")
    return Path(snapshot_download(place.name, revision=revision, local_files_only=True))
