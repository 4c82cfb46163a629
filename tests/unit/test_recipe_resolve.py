"""What is chosen for a machine where a recipe says nothing."""

from __future__ import annotations

import pytest

from ftworkbench.errors import RecipeError
from ftworkbench.machine import Card, Machine
from ftworkbench.recipe.read import parse
from ftworkbench.recipe.resolve import resolve
from ftworkbench.recipe.tables import Recipe
from ftworkbench.recipe.write import dumps

CPU = Machine(cores=2, memory=8 * 2**30)
H100 = Machine(cores=16, memory=2**37, cards=(Card("NVIDIA H100", 80 * 2**30, (9, 0)),))
T4 = Machine(cores=4, memory=2**34, cards=(Card("Tesla T4", 15 * 2**30, (7, 5)),))


def recipe(lines: str = "", model_id: str = "owner/model") -> Recipe:
    return parse(f'[model]\nmodel_id = "{model_id}"\n[data]\ntrain = "train.jsonl"\n{lines}', "triage")


def test_a_cpu_computes_in_float32_without_mixed_precision_or_packing() -> None:
    resolved, _ = resolve(recipe("[quantization]\nload_in_4bit = true\n"), CPU)
    assert (resolved.launch.device, resolved.launch.threads, resolved.model.dtype) == ("cpu", 2, "float32")
    assert (resolved.train.bf16, resolved.train.fp16, resolved.train.packing) == (False, False, False)
    assert resolved.train.gradient_checkpointing is False
    assert resolved.quantization.bnb_4bit_compute_dtype == "float32"
    assert resolved.train.optim == "adamw_torch"


def test_a_card_with_bfloat16_uses_it() -> None:
    resolved, _ = resolve(recipe("[quantization]\nload_in_4bit = true\n"), H100)
    assert (resolved.launch.device, resolved.model.dtype) == ("cuda", "bfloat16")
    assert (resolved.train.bf16, resolved.train.fp16) == (True, False)
    assert resolved.quantization.bnb_4bit_compute_dtype == "bfloat16"
    assert resolved.train.gradient_checkpointing is True


def test_a_card_without_bfloat16_falls_back_to_float16_with_loss_scaling() -> None:
    resolved, _ = resolve(recipe(), T4)
    assert (resolved.model.dtype, resolved.train.bf16, resolved.train.fp16) == ("float16", False, True)


def test_a_card_serves_more_rows_than_a_cpu_and_none_where_the_recipe_says_so() -> None:
    assert [resolve(recipe(), machine)[0].evaluate.serving_rows for machine in (CPU, H100)] == [6, 24]
    assert resolve(recipe("[evaluate]\nserving_rows = 0\n"), H100)[0].evaluate.serving_rows == 0


def test_what_the_recipe_says_stays() -> None:
    lines = "[train]\npacking = true\nwarmup_steps = 0\noptim = 'sgd'\nper_device_eval_batch_size = 9\n"
    lines += "[launch]\ndevice = 'cpu'\n"
    resolved, choices = resolve(recipe(lines), H100)
    assert (resolved.train.packing, resolved.train.warmup_steps, resolved.train.optim) == (True, 0, "sgd")
    assert (resolved.launch.device, resolved.train.per_device_eval_batch_size) == ("cpu", 9)
    assert not {"train.packing", "train.warmup_steps", "launch.device"} & {choice.key for choice in choices}


def test_packing_keeps_what_overflows() -> None:
    assert resolve(recipe("[train]\npacking = true\n"), H100)[0].train.extra["packing_strategy"] == "bfd_split"
    said = "[train]\npacking = true\npacking_strategy = 'wrapped'\n"
    assert resolve(recipe(said), H100)[0].train.extra["packing_strategy"] == "wrapped"


def test_packed_rows_are_kept_apart_by_where_they_begin_on_a_card_that_can() -> None:
    def chosen(lines: str, machine: Machine) -> str | None:
        return resolve(recipe(f"[train]\n{lines}"), machine)[0].model.attn_implementation

    assert chosen("packing = true\n", H100) == "varlen"
    assert chosen("packing = true\npacking_strategy = 'wrapped'\n", H100) == "sdpa"
    assert [chosen("packing = true\n", machine) for machine in (CPU, T4)] == ["sdpa", "sdpa"]
    assert chosen("", H100) == "sdpa"
    asked = parse('[model]\nmodel_id = "a/b"\nattn_implementation = "varlen"\n[data]\ntrain = "t"\n', "triage")
    with pytest.raises(RecipeError, match="packed rows only"):
        resolve(asked, H100)


@pytest.mark.parametrize(
    ("lines", "rows", "steps"),
    [
        ("", 4, 4),
        ("per_device_train_batch_size = 8\n", 8, 2),
        ("gradient_accumulation_steps = 16\n", 1, 16),
        ("per_device_train_batch_size = 32\n", 32, 1),
        ("per_device_train_batch_size = 2\ngradient_accumulation_steps = 3\n", 2, 3),
    ],
)
def test_what_is_left_out_makes_sixteen_rows_a_step(lines: str, rows: int, steps: int) -> None:
    for machine in (CPU, H100):
        train = resolve(recipe(f"[train]\n{lines}"), machine)[0].train
        assert (train.per_device_train_batch_size, train.gradient_accumulation_steps) == (rows, steps)


def test_dropout_is_left_out_where_layers_in_one_step_are_the_gain() -> None:
    def dropout(lines: str, machine: Machine) -> float | None:
        return resolve(recipe(lines), machine)[0].lora.lora_dropout

    assert (dropout("", H100), dropout("", CPU)) == (0.0, 0.05)
    assert dropout("[lora]\nuse_dora = true\n", H100) == 0.05
    assert dropout("[lora]\nlora_dropout = 0.1\n", H100) == 0.1
    assert dropout("[method]\nadapter = 'ia3'\n", H100) is None


def test_every_choice_is_in_the_recipe_and_has_a_reason() -> None:
    before = recipe("[train]\npacking = true\n[quantization]\nload_in_4bit = true\n")
    for machine in (CPU, H100, T4):
        resolved, choices = resolve(before, machine)
        for choice in choices:
            table, name = choice.key.split(".")
            held = getattr(resolved, table)
            assert getattr(held, name, None) == choice.value or held.extra[name] == choice.value
            assert len(choice.why) > 15


def test_a_resolved_recipe_leaves_nothing_to_choose_and_survives_its_file() -> None:
    for machine in (CPU, H100, T4):
        resolved, _ = resolve(recipe(), machine)
        assert resolve(resolved, machine) == (resolved, ())
        assert parse(dumps(resolved), "triage") == resolved


@pytest.mark.parametrize(
    ("lines", "machine", "key"),
    [
        ("[launch]\ndevice = 'cuda'\n", CPU, "launch.device"),
        ("[train]\nfp16 = true\n", CPU, "train.fp16"),
        ("[train]\ntf32 = true\n", T4, "train.tf32"),
        ("[train]\nbf16_full_eval = true\n", T4, "train.bf16_full_eval"),
        ("[lora]\ninit_lora_weights = 'loftq'\n[quantization]\nload_in_4bit = true\n", CPU, "init_lora_weights"),
        ("[train]\nbf16 = true\n", T4, "train.bf16"),
        ("[quantization]\nload_in_4bit = true\nbnb_4bit_compute_dtype = 'bfloat16'\n", T4, "bnb_4bit_compute_dtype"),
    ],
)
def test_what_the_machine_does_not_have_is_refused_by_key(lines: str, machine: Machine, key: str) -> None:
    with pytest.raises(RecipeError, match=key):
        resolve(recipe(lines), machine)
