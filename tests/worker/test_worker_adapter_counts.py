"""What is said to be trained, from a model's configuration alone, is what PEFT makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from ftworkbench.estimate.adapters import ia3_modules, trainable
from ftworkbench.estimate.shape import Shape, shape_of
from ftworkbench.recipe.read import parse
from ftworkbench.recipe.tables import Recipe
from ftworkbench.worker.configs import adapter_config

SIZES = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 128}
GROUPED = {**SIZES, "num_key_value_heads": 2, "intermediate_size": 96}
FAMILIES: dict[str, dict[str, Any]] = {
    "llama": GROUPED,
    "mistral": {**GROUPED, "head_dim": 32},
    "qwen2": GROUPED,
    "qwen3": {**GROUPED, "head_dim": 32},
    "gemma2": {**GROUPED, "head_dim": 16},
    "gemma3_text": {**GROUPED, "head_dim": 16},
    "phi3": {**GROUPED, "pad_token_id": 0},
    "phi": GROUPED,
    "opt": {**SIZES, "ffn_dim": 96, "word_embed_proj_dim": 64, "pad_token_id": 0},
    "gpt2": {"n_embd": 64, "n_layer": 2, "n_head": 4, "vocab_size": 128},
    "gpt_neox": {**SIZES, "intermediate_size": 96},
}
LORA = ["r = 8", "r = 8\nuse_dora = true", "r = 4\nuse_rslora = true\nlora_bias = true\nbias = 'lora_only'"]
SOME = [
    "target_modules = ['q_proj', 'down_proj']\nrank_pattern = {q_proj = 2}",
    "target_modules = '.*self_attn[.].*_proj'\nexclude_modules = ['o_proj']",
    "target_modules = ['up_proj']\nlayers_to_transform = [1]",
    "modules_to_save = ['embed_tokens']",
]


def _recipe(lines: str) -> Recipe:
    return parse(f'[model]\nmodel_id = "a/b"\n[data]\ntrain = "t"\n{lines}\n', "x")


def _made(family: str) -> tuple[Any, Shape]:
    """A model of the family on no device, and its shape."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(family, **FAMILIES[family])
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    return model, shape_of({"model_type": family, **config.to_dict()})


def _by_peft(model: Any, recipe: Recipe) -> int:
    from peft import get_peft_model

    tuned = get_peft_model(model, adapter_config(recipe))
    return sum(each.numel() for each in tuned.parameters() if each.requires_grad)


@pytest.mark.parametrize("lora", LORA)
@pytest.mark.parametrize("family", FAMILIES)
def test_lora_on_all_linear_layers(family: str, lora: str) -> None:
    model, shape = _made(family)
    recipe = _recipe(f"[lora]\n{lora}")
    assert trainable(shape, recipe) == _by_peft(model, recipe)


@pytest.mark.parametrize("lora", SOME)
@pytest.mark.parametrize("family", ["llama", "qwen2"])
def test_lora_on_some_layers(family: str, lora: str) -> None:
    model, shape = _made(family)
    recipe = _recipe(f"[lora]\n{lora}")
    assert trainable(shape, recipe) == _by_peft(model, recipe)


@pytest.mark.parametrize("family", FAMILIES)
def test_ia3_where_peft_has_modules_for_the_family(family: str) -> None:
    from peft.utils import TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING as KNOWN

    model, shape = _made(family)
    recipe = _recipe("[method]\nadapter = 'ia3'")
    if family not in KNOWN:
        recipe = _recipe(
            "[method]\nadapter = 'ia3'\n[ia3]\ntarget_modules = 'all-linear'\nfeedforward_modules = ['down_proj']"
        )
    assert ia3_modules(shape, recipe)
    assert trainable(shape, recipe) == _by_peft(model, recipe)


def test_ia3_on_modules_of_ones_own() -> None:
    model, shape = _made("llama")
    lines = "target_modules = ['o_proj', 'gate_proj', 'down_proj']\nfeedforward_modules = ['gate_proj', 'down_proj']"
    recipe = _recipe(f"[method]\nadapter = 'ia3'\n[ia3]\n{lines}")
    assert trainable(shape, recipe) == _by_peft(model, recipe)
