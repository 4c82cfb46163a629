"""The libraries' own configuration objects, from the tables of a recipe that carry their names."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from ftworkbench.recipe.tables import Recipe, Table

# Read by the workbench itself; TRL would look for them in a dataset that is not tokenized yet.
_OURS = ("assistant_only_loss", "eos_token", "chat_template_path", "save_total_limit")


def _given(table: Table) -> dict[str, Any]:
    """The options of a table as given, typed and extra; those left out are not there."""
    found = {each.name: getattr(table, each.name) for each in fields(table) if each.name != "extra"}
    found |= dict(getattr(table, "extra", {}))
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in found.items() if value is not None
    }


def quantization_config(recipe: Recipe) -> Any:
    """The BitsAndBytesConfig; None where nothing is to be quantized."""
    if not recipe.quantization.load_in_4bit and not recipe.quantization.load_in_8bit:
        return None
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(**_given(recipe.quantization))


def adapter_config(recipe: Recipe) -> Any:
    """PEFT's LoraConfig, or IA3Config, as the recipe asks for it."""
    if recipe.method.adapter == "ia3":
        from peft import IA3Config

        return IA3Config(**_given(recipe.ia3), task_type="CAUSAL_LM")
    from peft import LoraConfig

    given = _given(recipe.lora)
    start = str(given.pop("init_lora_weights", "")).lower()
    if start and start != "loftq":  # which PEFT would do to weights that are whole; see starts.py
        given["init_lora_weights"] = start
    return LoraConfig(**given, task_type="CAUSAL_LM")


def sft_config(recipe: Recipe, output_dir: Path, device: str, **ours: Any) -> Any:
    """The SFTConfig for rows that are tokenized and masked already. `ours` go before what the recipe says."""
    from trl import SFTConfig

    given = {name: value for name, value in _given(recipe.train).items() if name not in _OURS}
    on_cpu = {"use_cpu": True, "dataloader_pin_memory": False} if device == "cpu" else {}
    options = {
        "report_to": "none",
        "bf16": False,
        "fp16": False,
        "gradient_checkpointing": False,
        **given,
        **on_cpu,
        "output_dir": str(output_dir),
        "disable_tqdm": True,
        "logging_nan_inf_filter": False,
        "assistant_only_loss": False,
        "save_total_limit": None,  # checkpoints.py removes old ones, once the new one is whole
        "eval_on_start": False,
        **_early_stopping(recipe),
        **ours,
    }
    return SFTConfig(**options)


def _early_stopping(recipe: Recipe) -> dict[str, Any]:
    if recipe.method.early_stopping_patience is None:
        return {}
    same = recipe.train.eval_strategy == recipe.train.save_strategy
    return {
        "metric_for_best_model": "eval_loss",
        "greater_is_better": False,
        "load_best_model_at_end": same,
        "restore_callback_states_from_checkpoint": True,  # the patience that is left
    }
