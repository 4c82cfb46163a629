"""The estimate of memory against what shapes, ranks, lengths and methods took on one H200 (tests/bench/estimate.py)."""

from __future__ import annotations

from typing import Any

import pytest

from ftworkbench.estimate.cards import CARDS, machine_with
from ftworkbench.estimate.fit import estimate
from ftworkbench.estimate.shape import shape_of
from ftworkbench.machine import Machine
from ftworkbench.recipe.read import parse
from ftworkbench.recipe.resolve import resolve

LLAMA_8B: dict[str, Any] = {
    "model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
    "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128_256, "tie_word_embeddings": False,
}  # fmt: skip
LLAMA_1B = {**LLAMA_8B, "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "head_dim": 64,
            "tie_word_embeddings": True}  # fmt: skip
QWEN_4B: dict[str, Any] = {
    "model_type": "qwen3", "hidden_size": 2560, "intermediate_size": 9728, "num_hidden_layers": 36, "head_dim": 128,
    "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 151_936, "tie_word_embeddings": True,
}  # fmt: skip
QWEN_8B = {**QWEN_4B, "hidden_size": 4096, "intermediate_size": 12288, "tie_word_embeddings": False}
MISTRAL_7B = {**LLAMA_8B, "model_type": "mistral", "vocab_size": 32_768, "sliding_window": None}
PLAIN = {"train": "per_device_train_batch_size = 4\nmax_length = 1024\npacking = false\ngradient_checkpointing = true",
         "lora": "lora_dropout = 0.05"}  # fmt: skip
PACKED = {"train": "per_device_train_batch_size = 2\nmax_length = 4096\npacking = true\ngradient_checkpointing = true",
          "lora": "lora_dropout = 0"}  # fmt: skip
NF4, LIGER = {"quantization": "load_in_4bit = true"}, {"method": "liger_kernels = true"}
LONG = {"train": PLAIN["train"].replace("1024", "4096").replace("size = 4", "size = 1")}
ONE_LONGER = {"train": PACKED["train"].replace("size = 2", "size = 1").replace("4096", "8192")}
KEPT = "checkpointing = true", "checkpointing = false"
PACKED_KEPT = PACKED | LIGER | {"train": PACKED["train"].replace(*KEPT)}


@pytest.mark.parametrize(
    ("shape", "tables", "longest", "peak_gib"),
    [
        (LLAMA_8B, PLAIN, 1022, 18.34),
        (LLAMA_8B, PLAIN | NF4, 1022, 8.23),
        (LLAMA_8B, PACKED, 1022, 19.62),
        (LLAMA_8B, PACKED | NF4 | LIGER, 1022, 9.56),
        (LLAMA_8B, PACKED | LIGER | {"lora": "lora_dropout = 0\nr = 64"}, 1022, 20.95),
        (LLAMA_8B, PLAIN | LIGER | {"lora": "lora_dropout = 0.05\nuse_dora = true"}, 1022, 20.28),
        (LLAMA_8B, PLAIN | LIGER | {"quantization": "load_in_8bit = true"}, 1022, 24.81),
        (LLAMA_8B, PLAIN | LIGER | {"lora": 'lora_dropout = 0.05\ntarget_modules = ["q_proj", "v_proj"]'}, 1022, 16.72),
        (LLAMA_8B, PLAIN | LIGER | {"lora": "", "method": 'adapter = "ia3"\nliger_kernels = true'}, 1022, 17.30),
        (LLAMA_8B, PLAIN | LIGER | LONG, 4095, 18.16),
        (LLAMA_8B, PACKED | NF4 | LIGER | {"train": LONG["train"].replace(*KEPT)}, 4095, 23.44),
        (LLAMA_8B, PACKED | NF4 | LIGER | ONE_LONGER, 1022, 9.56),
        (LLAMA_8B, PACKED | LIGER | {"model": 'attn_implementation = "sdpa"',
                                     "train": PACKED["train"].replace("4096", "2048")}, 1022, 17.29),
        (LLAMA_8B, PLAIN | LIGER | {"train": PLAIN["train"].replace("1024", "512").replace("size = 4", "size = 16")
                                    .replace(*KEPT)}, 512, 72.35),
        (LLAMA_8B, PACKED | LIGER | {"quantization": "load_in_4bit = true\nbnb_4bit_use_double_quant = true",
                                     "train": PACKED["train"] + "\nactivation_offloading = true"}, 1022, 7.43),
        (LLAMA_1B, PLAIN, 1022, 3.72),
        (LLAMA_1B, PLAIN | NF4, 1022, 2.06),
        (LLAMA_1B, PACKED, 1022, 4.09),
        (LLAMA_1B, PACKED | NF4 | LIGER, 1022, 2.41),
        (QWEN_4B, PLAIN, 1022, 10.31),
        (QWEN_4B, PLAIN | NF4, 1022, 4.60),
        (QWEN_4B, PACKED, 1022, 10.96),
        (QWEN_4B, PACKED | NF4 | LIGER, 1022, 5.53),
        (QWEN_4B, PACKED_KEPT, 1022, 38.69),
        (QWEN_8B, PACKED_KEPT, 1022, 54.22),
        (QWEN_8B, PACKED, 1022, 19.94),
        (QWEN_8B, PACKED | NF4 | LIGER, 1022, 9.87),
        (LLAMA_1B, PACKED_KEPT, 1022, 12.18),
        (MISTRAL_7B, PLAIN, 1022, 17.17),
        (MISTRAL_7B, PLAIN | NF4, 1022, 6.77),
        (MISTRAL_7B, PACKED, 1022, 17.95),
        (MISTRAL_7B, PACKED | NF4 | LIGER, 1022, 7.99),
        (MISTRAL_7B, PACKED_KEPT, 1022, 48.70),
    ],
)  # fmt: skip
def test_a_measured_peak_is_estimated_within_ten_percent_and_hardly_ever_under(
    shape: dict[str, Any], tables: dict[str, str], longest: int, peak_gib: float
) -> None:
    card = CARDS["H200"]
    text = "\n".join(f"[{name}]\n{lines}" for name, lines in tables.items() if name != "model")
    text += f'\n[model]\nmodel_id = "a/b"\n{tables.get("model", "")}\n[data]\ntrain = "t"\n'
    recipe = resolve(parse(text, "x"), machine_with(card, Machine(16, 128 * 2**30)))[0]
    found = estimate(recipe, shape_of(shape), card, 3000, 233, longest_tokens=longest)
    assert 0.97 * peak_gib <= found.peak_gib <= 1.1 * peak_gib
