"""The shape of a model from its config.json, and what an adapter adds to it: counts that are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ftworkbench.errors import InputError
from ftworkbench.estimate.adapters import trainable
from ftworkbench.estimate.shape import read_shape, shape_of
from ftworkbench.recipe.read import parse
from ftworkbench.recipe.tables import Recipe
from ftworkbench.workspace import Workspace

LLAMA_3_8B = {
    "model_type": "llama",
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 14336,
    "vocab_size": 128256,
    "tie_word_embeddings": False,
}
QWEN2_5_1_5B = {
    "model_type": "qwen2",
    "hidden_size": 1536,
    "num_hidden_layers": 28,
    "num_attention_heads": 12,
    "num_key_value_heads": 2,
    "intermediate_size": 8960,
    "vocab_size": 151936,
    "tie_word_embeddings": True,
}
QWEN3_0_6B = {
    "model_type": "qwen3",
    "hidden_size": 1024,
    "num_hidden_layers": 28,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "intermediate_size": 3072,
    "vocab_size": 151936,
    "tie_word_embeddings": True,
}
MISTRAL_7B = {
    "model_type": "mistral",
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 14336,
    "vocab_size": 32000,
}
GEMMA_2_2B = {
    "model_type": "gemma2",
    "hidden_size": 2304,
    "num_hidden_layers": 26,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "intermediate_size": 9216,
    "vocab_size": 256000,
}
GEMMA_3_1B = {
    "model_type": "gemma3_text",
    "hidden_size": 1152,
    "num_hidden_layers": 26,
    "num_attention_heads": 4,
    "num_key_value_heads": 1,
    "head_dim": 256,
    "intermediate_size": 6912,
    "vocab_size": 262144,
}
POCKET = {
    "model_type": "llama",
    "hidden_size": 256,
    "num_hidden_layers": 8,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 768,
    "vocab_size": 4096,
    "tie_word_embeddings": True,
}


def recipe(lora: str = "") -> Recipe:
    return parse(f'[model]\nmodel_id = "a/b"\n[data]\ntrain = "t"\n[lora]\n{lora}\n', "x")


@pytest.mark.parametrize(
    ("config", "parameters"),
    [
        (LLAMA_3_8B, 8_030_261_248),
        (QWEN2_5_1_5B, 1_543_714_304),
        (QWEN3_0_6B, 596_049_920),
        (MISTRAL_7B, 7_241_732_096),
        (GEMMA_2_2B, 2_614_341_888),
        (GEMMA_3_1B, 999_885_952),
        (POCKET, 7_344_384),
    ],
)
def test_parameters_are_counted_to_the_last_one(config: dict[str, Any], parameters: int) -> None:
    assert shape_of(config).parameters == parameters


@pytest.mark.parametrize(
    ("lora", "count"),
    [
        ("r = 16", 41_943_040),
        ("r = 64", 4 * 41_943_040),
        ('r = 8\ntarget_modules = ["q_proj", "v_proj"]', 3_407_872),
        ('r = 8\ntarget_modules = ["self_attn.q_proj"]', 2_097_152),
        ('r = 8\ntarget_modules = ["layers.31.self_attn.q_proj"]', 65_536),
        ('r = 8\ntarget_modules = ["q_proj"]\nlayers_to_transform = [0, 1]', 131_072),
        ('r = 8\ntarget_modules = ["no_proj"]', 0),
        ('r = 8\ntarget_modules = ["q_proj"]\nlayers_to_transform = ["a", 99]', 0),
        ('r = 8\ntarget_modules = ["q_proj", "v_proj"]\nrank_pattern = { q_proj = 4 }', 3_407_872 - 1_048_576),
        ("r = 8\ntarget_modules = '.*self_attn\\.(q|v)_proj'", 3_407_872),
        ("r = 16\nuse_dora = true", 41_943_040 + 32 * (4096 * 3 + 1024 * 2 + 14336 * 2)),
    ],
)
def test_trained_parameters_of_an_8b_llama(lora: str, count: int) -> None:
    assert trainable(shape_of(LLAMA_3_8B), recipe(lora)) == count


@pytest.mark.parametrize(
    ("config", "parameters", "trained"),
    [
        ({"model_type": "phi3", "num_hidden_layers": 1}, 2_884_352, 65_536),
        ({"model_type": "glm4", "num_hidden_layers": 1, "attention_bias": True}, 2_885_376, 73_728),
        ({"model_type": "mixtral", "num_local_experts": 8, "num_experts_per_tok": 2}, 11_932_928, 1_245_440),
        (
            {"model_type": "qwen3_moe", "num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 128},
            4_068_864,
            426_240,
        ),
    ],
)
def test_fused_layers_and_experts_are_counted_as_the_libraries_build_them(
    config: dict[str, Any], parameters: int, trained: int
) -> None:
    """The counts are those of transformers 5.23 and PEFT 0.21 for these configurations."""
    shape = shape_of({**POCKET, "tie_word_embeddings": False, "num_hidden_layers": 2, **config})
    assert (shape.parameters, trainable(shape, recipe("r = 16"))) == (parameters, trained)


def test_a_nested_text_configuration_is_found() -> None:
    assert shape_of({"model_type": "gemma3", "text_config": GEMMA_3_1B}) == shape_of(GEMMA_3_1B)


def test_a_folder_is_read_from_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text(json.dumps(POCKET))
    assert read_shape("model", Workspace(tmp_path)).parameters == 7_344_384


def test_a_cached_hub_model_is_read_without_asking_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = "0" * 40
    repository = tmp_path / "models--some--model"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    (repository / "snapshots" / commit).mkdir(parents=True)
    (repository / "snapshots" / commit / "config.json").write_text(json.dumps(QWEN3_0_6B))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert read_shape("some/model", Workspace(tmp_path)).parameters == 596_049_920


@pytest.mark.parametrize(("offline", "said"), [(True, "offline was asked for"), (False, "the hub cannot be reached")])
def test_a_hub_model_that_cannot_be_had_is_one_line_with_the_reason_and_what_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offline: bool, said: str
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", offline)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(InputError, match=f"some/other: is not in the local cache, .*{said}") as caught:
        read_shape("some/other", Workspace(tmp_path))
    assert "`hf download some/other config.json` is enough for `fit`" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"), [("{", "is not JSON"), ("[]", "not a JSON object"), ('{"vocab_size": 9}', "hidden_size")]
)
def test_a_configuration_that_says_too_little_is_an_input_error(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text(content)
    with pytest.raises(InputError, match=said):
        read_shape("./model", Workspace(tmp_path))
