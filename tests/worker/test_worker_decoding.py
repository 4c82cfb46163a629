"""Decoding by our own loop, and adapters stacked for a batch, against the libraries' own ways."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from peft import IA3Config, LoraConfig, PeftModel, get_peft_model
from torch import nn

from ftworkbench.errors import JobError
from ftworkbench.worker.decoding import can_decode, decode
from ftworkbench.worker.generate import Sampling, run
from ftworkbench.worker.stacked_lora import can_stack, stacked, switched_on

ENDS = frozenset({3})
CARD = pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"))
on_each = pytest.mark.parametrize("device", ["cpu", CARD])


def model_of(family: str = "llama", **options: Any) -> Any:
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(1)
    config = AutoConfig.for_model(
        family, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, vocab_size=40, max_position_embeddings=128, head_dim=8, pad_token_id=0, eos_token_id=3,
        **options,
    )  # fmt: skip
    return AutoModelForCausalLM.from_config(config).eval()


def prompts(rows: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Of unequal length, padded on the left."""
    draw = torch.Generator().manual_seed(7)
    lengths = torch.randint(1, 12, (rows,), generator=draw)
    lengths[0] = 12
    ids = torch.randint(4, 40, (rows, 12), generator=draw)
    mask = (torch.arange(12) >= 12 - lengths[:, None]).long()
    return ids * mask, mask


def until_end(row: list[int]) -> list[int]:
    return row[: row.index(3) + 1] if 3 in row else row


def same_scores(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def by_library(model: Any, ids: torch.Tensor, mask: torch.Tensor) -> list[list[int]]:
    with torch.inference_mode():
        ids, mask = ids.to(model.device), mask.to(model.device)
        out = model.generate(input_ids=ids, attention_mask=mask, max_new_tokens=10, do_sample=False)
    return [until_end(row) for row in out[:, ids.shape[1] :].tolist()]


def by_us(model: Any, ids: torch.Tensor, mask: torch.Tensor) -> list[list[int]]:
    ids, mask, record = ids.to(model.device), mask.to(model.device), model.device.type == "cuda"
    found = decode(model, ids, mask, room=10, ends=ENDS, choose=lambda logits: logits.argmax(-1), record=record)
    return [until_end(row) for row in found]


@on_each
@pytest.mark.parametrize("family", ["llama", "qwen3", "mistral", "gemma"])
def test_a_hundred_prompts_of_unequal_length_are_answered_as_the_library_does(family: str, device: str) -> None:
    model = model_of(family, **({"sliding_window": None} if family == "mistral" else {})).to(device)
    assert can_decode(model)
    ids, mask = prompts(100)
    assert by_us(model, ids, mask) == by_library(model, ids, mask)


@on_each
def test_each_prompt_in_a_batch_is_answered_as_it_is_alone(device: str) -> None:
    model = model_of().to(device)
    ids, mask = prompts(20)
    alone = [
        by_us(model, ids[row : row + 1, mask[row] == 1], mask[row : row + 1, mask[row] == 1])[0] for row in range(20)
    ]
    assert by_us(model, ids, mask) == alone


def test_it_ends_when_every_row_has_and_tells_each_token() -> None:
    told: list[torch.Tensor] = []
    ids, mask = prompts(3)
    all_tokens = frozenset(range(40))
    found = decode(
        model_of(), ids, mask, room=10, ends=all_tokens, choose=lambda each: each.argmax(-1), put=told.append
    )
    assert len(told) == 1
    assert [row[0] for row in found] == told[0].tolist()


@pytest.mark.parametrize(
    ("family", "options"),
    [
        ("mistral", {"sliding_window": 4}),
        ("llama", {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10_000.0}}),
        ("gpt2", {"n_embd": 32, "n_head": 4, "n_layer": 2}),
        ("doge", {}),
    ],
)
def test_models_that_count_otherwise_are_left_to_the_library(family: str, options: dict[str, Any]) -> None:
    """They forget or leave out keys, stretch their places by the length, or take no places as numbers."""
    assert not can_decode(model_of(family, **options))


def test_an_adapter_that_looks_for_a_word_in_the_prompt_is_left_to_the_library() -> None:
    assert can_decode(get_peft_model(model_of(), LoraConfig(target_modules=["q_proj"])))
    config = LoraConfig(target_modules=["q_proj"], task_type="CAUSAL_LM", alora_invocation_tokens=[5])
    assert not can_decode(get_peft_model(model_of(), config))


def test_a_model_that_a_trainer_has_wrapped_is_asked_as_the_library_asks_it() -> None:
    """accelerate has the forward of what is trained run under autocast, and generate goes round that."""
    model = get_peft_model(model_of(), LoraConfig(target_modules=["q_proj"], task_type="CAUSAL_LM"))
    ids, mask = prompts(4)
    wanted = by_us(model, ids, mask)
    model.forward = torch.autocast("cpu", dtype=torch.bfloat16)(model.forward)
    assert by_us(model, ids, mask) == by_library(model, ids, mask) == wanted


on_a_card = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


@on_a_card
def test_a_model_that_reads_numbers_from_the_card_answers_without_a_recording() -> None:
    model = model_of().to("cuda")
    ids, mask = prompts(5)
    wanted = by_library(model, ids, mask)
    told = []
    hook = model.model.layers[0].register_forward_hook(lambda *_: told.append(float(model.model.norm.weight[0])))
    assert by_us(model, ids, mask) == wanted
    hook.remove()
    assert len(told) > 4
    assert torch.cuda.current_stream() == torch.cuda.default_stream()
    assert torch.rand(1, device="cuda").item() < 1
    assert by_us(model_of().to("cuda"), ids, mask) == wanted, "a graph that failed leaves nothing behind"


@on_a_card
def test_answers_are_those_of_a_cpu_drawn_ones_too() -> None:
    template: Any = SimpleNamespace(tokenizer=SimpleNamespace(pad_token_id=0), ends=ENDS)
    asked = [[5, 6, 7], [8, 9, 10, 11, 12], [13]]
    for sampling in (Sampling(20), Sampling(20, temperature=0.8, top_p=0.9, seed=3)):
        on_cpu, on_card = (run(model_of().to(device), template, asked, sampling, 20) for device in ("cpu", "cuda"))
        assert on_card == on_cpu


@on_a_card
def test_many_batches_hold_no_more_memory_than_a_few() -> None:
    model = model_of().to("cuda")
    held = []
    for _ in range(40):
        by_us(model, *prompts(3))
        held.append(torch.cuda.memory_allocated())
    assert held[-1] <= held[4]


# -------------------------------------------------------------------------------------------------
# Adapters in one batch


@pytest.fixture
def adapted(tmp_path: Path, device: str) -> Any:
    """Two adapters of unequal rank on one base; the second leaves some layers alone."""
    model: Any = None
    for name, rank, targets in (("one", 2, ["q_proj", "down_proj", "o_proj"]), ("two", 5, ["q_proj", "up_proj"])):
        made = get_peft_model(model_of(), LoraConfig(r=rank, lora_alpha=9, target_modules=targets), adapter_name=name)
        for key, weight in made.named_parameters():
            if "lora_B" in key:
                nn.init.normal_(weight, std=0.3)
        made.save_pretrained(tmp_path)
        if model is None:
            model = PeftModel.from_pretrained(model_of(), str(tmp_path / name), adapter_name=name)
        else:
            model.load_adapter(str(tmp_path / name), name)
    return model.to(device).eval()


@on_each
def test_each_row_is_answered_by_its_own_adapter_as_in_pefts_mixed_batches(adapted: Any, device: str) -> None:
    ids = prompts(6)[0].to(device)
    by_row = ["one", None, "two", "one", None, "two"]
    with torch.inference_mode():
        peft = adapted(ids, adapter_names=[name or "__base__" for name in by_row]).logits
        with stacked(adapted, by_row):
            ours = adapted(ids).logits
        with adapted.disable_adapter():
            base = adapted(ids).logits
        adapted.set_adapter("two")
        two = adapted(ids).logits
    same_scores(ours, peft)
    for row in (1, 4):
        assert torch.equal(ours[row], base[row])
    same_scores(ours[2], two[2])
    assert not torch.allclose(ours[0], base[0], atol=1e-2)


@on_each
def test_in_half_precision_a_row_differs_by_no_more_than_rounding(adapted: Any, device: str) -> None:
    ids = prompts(6)[0].to(device)
    by_row = [None, "one", None, "one", "one", None]
    half = adapted.to(torch.bfloat16)
    with torch.inference_mode():
        with stacked(half, by_row):
            mixed = half(ids).logits
        for name in ("one", None):
            with stacked(half, [name] * 6):
                alone = half(ids).logits
            rows = [row for row, each in enumerate(by_row) if each == name]
            torch.testing.assert_close(mixed[rows], alone[rows], rtol=2**-6, atol=2**-6)
            assert name or torch.equal(mixed[rows], alone[rows]), "nothing is added to the base's own"


@on_each
def test_one_adapter_for_all_rows_and_none_for_all_are_those_alone(adapted: Any, device: str) -> None:
    ids = prompts(3)[0].to(device)
    with torch.inference_mode():
        adapted.set_adapter("one")
        one = adapted(ids).logits
        with adapted.disable_adapter():
            base = adapted(ids).logits
        with stacked(adapted, ["one"] * 3):
            same_scores(adapted(ids).logits, one)
        with stacked(adapted, [None] * 3):
            assert torch.equal(adapted(ids).logits, base)
        assert torch.equal(adapted(ids).logits, one)


@on_each
def test_the_adapter_that_is_switched_on_is_known(adapted: Any) -> None:
    assert switched_on(model_of()) is None
    adapted.set_adapter("two")
    assert switched_on(adapted) == "two"
    with adapted.disable_adapter():
        assert switched_on(adapted) is None


@pytest.mark.parametrize(
    "config",
    [
        LoraConfig(target_modules=["q_proj"], use_dora=True),
        LoraConfig(target_modules=["q_proj"], lora_bias=True),
        LoraConfig(target_modules=["q_proj"], modules_to_save=["norm"]),
        LoraConfig(target_modules=["q_proj"], trainable_token_indices={"embed_tokens": [5]}),
        LoraConfig(target_modules=["embed_tokens"]),
        IA3Config(target_modules=["v_proj"], feedforward_modules=[]),
    ],
    ids=["dora", "bias", "a whole module", "tokens", "embedding", "ia3"],
)
def test_what_is_no_plain_lora_is_not_stacked(config: Any) -> None:
    assert can_stack(model_of())
    assert can_stack(get_peft_model(model_of(), LoraConfig(target_modules="all-linear")))
    assert not can_stack(get_peft_model(model_of(), config))


@pytest.mark.parametrize("device", ["cpu"])
def test_rows_that_a_layer_does_not_see_as_rows_are_not_mixed(adapted: Any) -> None:
    layer = adapted.get_base_model().model.layers[0].self_attn.q_proj
    flat = torch.ones(6, 32)
    with stacked(adapted, [None, "one"]), pytest.raises(JobError, match="taken apart"):
        layer(flat)
    with torch.inference_mode():
        adapted.set_adapter("one")
        alone = layer(flat)
        with stacked(adapted, ["one", "one"]):
            same_scores(layer(flat), alone)


@pytest.mark.parametrize("device", ["cpu"])
def test_a_layer_that_sees_heads_apart_is_answered_by_the_rows_own_adapters(adapted: Any) -> None:
    layer = adapted.get_base_model().model.layers[0].self_attn.q_proj
    heads = torch.randn(2, 3, 5, 32)
    with torch.inference_mode():
        with stacked(adapted, ["one", "two"]):
            mixed = layer(heads)
        for row, name in enumerate(("one", "two")):
            adapted.set_adapter(name)
            same_scores(mixed[row], layer(heads)[row])
