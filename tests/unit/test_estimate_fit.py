"""Memory and time against what was measured, and advice that is true."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from test_estimate_shape import LLAMA_3_8B, POCKET

from ftworkbench.errors import InputError
from ftworkbench.estimate.cards import CARDS, Card, find_card, machine_with
from ftworkbench.estimate.fit import Fit, estimate
from ftworkbench.estimate.shape import shape_of
from ftworkbench.machine import Card as OwnCard
from ftworkbench.machine import Machine
from ftworkbench.recipe.read import parse
from ftworkbench.recipe.resolve import resolve
from ftworkbench.recipe.tables import Recipe
from ftworkbench.recipe.write import dumps, set_option

MACHINE = Machine(cores=2, memory=8 * 2**30)
PLAIN = "per_device_train_batch_size = 4\nmax_length = 1024\npacking = false\ngradient_checkpointing = true\n"
PACKED = "per_device_train_batch_size = 2\nmax_length = 4096\npacking = true\ngradient_checkpointing = true\n"
BARE = PACKED.replace("checkpointing = true", "checkpointing = false")
FOUR_BITS = "[quantization]\nload_in_4bit = true\n"
OFFLOADED = "activation_offloading = true\n"
BY_PEFT = "#fused_lora = false\n"  # what begins so is put into [method]
WITHOUT_LIGER = "[lora]\nlora_dropout = 0\n"
NO_DROPOUT = WITHOUT_LIGER + "#liger_kernels = true\n"


def recipe(lines: str, card: Card, attention: str = "sdpa") -> Recipe:
    if "lora_dropout" not in lines and "ia3" not in lines:
        lines += "[lora]\nlora_dropout = 0.05\n"
    lines += "[method]\n" + "".join(f"{line[1:]}\n" for line in lines.splitlines() if line.startswith("#"))
    text = f'[data]\ntrain = "t"\n[model]\nmodel_id = "a/b"\nattn_implementation = "{attention}"\n[train]\n{lines}'
    return resolve(parse(text, "x"), machine_with(card, MACHINE))[0]


def fit(lines: str, card: str = "H200", attention: str = "sdpa", longest: float = 700) -> Fit:
    found = find_card(card, MACHINE)
    return estimate(recipe(lines, found, attention), shape_of(LLAMA_3_8B), found, 1000, 240, longest_tokens=longest)


@pytest.mark.parametrize(
    ("lines", "attention", "peak_gib", "tokens_per_second"),
    [
        (PLAIN, "sdpa", 17.65, 1470),
        (PLAIN + FOUR_BITS, "sdpa", 7.4, 1780),
        (PLAIN.replace("checkpointing = true", "checkpointing = false"), "sdpa", 38.5, 2470),
        (PACKED.replace("size = 2", "size = 1"), "sdpa", 18.3, 5720),
        (PACKED, "varlen", 21.0, 7190),
        (PACKED + FOUR_BITS, "varlen", 10.5, 7700),
        (BARE, "varlen", 82.3, 10150),
        (BARE + NO_DROPOUT + BY_PEFT, "varlen", 61.6, 12550),
        (BARE + NO_DROPOUT + FOUR_BITS + BY_PEFT, "varlen", 43.5, 13590),
        (BARE + WITHOUT_LIGER + BY_PEFT, "varlen", 72.6, 10790),
        (PACKED + NO_DROPOUT + BY_PEFT, "varlen", 19.7, 8900),
        (PACKED + NO_DROPOUT + FOUR_BITS + BY_PEFT, "varlen", 9.5, 9780),
        (BARE + WITHOUT_LIGER, "varlen", 64.3, 12670),
        (BARE + NO_DROPOUT, "varlen", 50.2, 15720),
        (BARE + NO_DROPOUT + FOUR_BITS, "varlen", 40.5, 15280),
        (PACKED + NO_DROPOUT, "varlen", 18.8, 11460),
        (PACKED + NO_DROPOUT + FOUR_BITS, "varlen", 9.5, 11350),
        (OFFLOADED + PACKED + NO_DROPOUT + FOUR_BITS, "varlen", 7.7, 10900),
    ],
)
def test_an_8b_llama_on_an_h200_is_estimated_as_it_was_measured(
    lines: str, attention: str, peak_gib: float, tokens_per_second: float
) -> None:
    found = fit(lines, attention=attention)
    assert 0.97 * peak_gib <= found.peak_gib <= 1.1 * peak_gib
    assert found.tokens_per_second == pytest.approx(tokens_per_second, rel=0.13)


def test_the_parts_add_up_and_the_object_has_what_is_promised() -> None:
    found = fit(PLAIN)
    assert sum(found.parts.values()) == pytest.approx(found.peak_gib)
    given = found.as_json()
    assert {"parameters", "trainable", "peak_gib", "parts", "fits", "tokens_per_second", "hours"} <= given.keys()
    assert (given["parameters"], given["trainable"], given["fits"]) == (8_030_261_248, 41_943_040, True)


def test_double_quantization_saves_a_third_of_a_gib_and_more_accumulation_costs_nothing() -> None:
    once = fit(PLAIN + FOUR_BITS)
    twice = fit(PLAIN + FOUR_BITS + "bnb_4bit_use_double_quant = true\n")
    assert once.peak_gib - twice.peak_gib == pytest.approx(0.30, abs=0.02)
    assert fit(PLAIN + "gradient_accumulation_steps = 64\n").peak_gib == fit(PLAIN).peak_gib


def test_whole_logits_are_counted_where_the_loss_needs_them() -> None:
    assert fit(PLAIN + "label_smoothing_factor = 0.1\n").parts["logits"] > 10 * fit(PLAIN).parts["logits"]


def test_dora_costs_time_and_memory_for_what_it_computes_anew_and_ia3_costs_least() -> None:
    lora, dora, ia3 = (
        fit(PACKED + lines, attention="varlen")
        for lines in ("[lora]\nlora_dropout = 0\n", "[lora]\nlora_dropout = 0\nuse_dora = true\n",
                      "#adapter = 'ia3'\n")
    )  # fmt: skip
    assert dora.peak_gib > lora.peak_gib > ia3.peak_gib
    assert lora.tokens_per_second is not None
    assert dora.tokens_per_second is not None
    assert ia3.tokens_per_second is not None
    assert dora.tokens_per_second < lora.tokens_per_second < ia3.tokens_per_second
    assert ia3.trainable == 32 * (1024 + 1024 + 14336)


def test_an_evaluation_that_takes_more_than_a_step_is_the_peak_and_fewer_rows_at_once_are_advised() -> None:
    found = fit(PLAIN + "per_device_eval_batch_size = 64\n", "RTX 4090", longest=1024)
    assert found.stages["evaluation"] == pytest.approx(found.peak_gib)
    assert found.stages["evaluation"] > found.stages["step"] > found.stages["save"]
    assert found.advice.startswith("It fits with train.per_device_eval_batch_size = ")
    assert dict(found.changes).keys() == {"train.per_device_eval_batch_size"}
    assert "evaluation" not in fit(PLAIN + "eval_strategy = 'no'\n").stages


def test_time_follows_the_rows_that_train_and_the_epochs() -> None:
    once, twice = fit(PLAIN + "num_train_epochs = 1\n"), fit(PLAIN + "num_train_epochs = 2\n")
    assert once.hours is not None
    assert twice.hours == pytest.approx(2 * once.hours)
    assert once.tokens_per_second is not None
    assert once.hours * 3600 * once.tokens_per_second == pytest.approx(0.7 * 1000 * 240)


def test_a_recipe_that_has_no_room_is_told_the_cheapest_change_and_it_is_true() -> None:
    card = CARDS["RTX 4090"]
    lines = PLAIN.replace("checkpointing = true", "checkpointing = false").replace("size = 4", "size = 8")
    found = fit(lines, card.name, longest=1024)
    assert found.fits is False
    text = dumps(recipe(lines, card))
    changes = re.findall(r"([a-z]+\.\w+) = (\w+)", found.advice)
    assert changes
    for key, value in changes:
        text = set_option(text, key, value == "true" if value in ("true", "false") else int(value))
    assert estimate(parse(text, "x"), shape_of(LLAMA_3_8B), card, 1000, 240, longest_tokens=1024).fits is True
    assert "load_in_4bit" not in found.advice


def test_a_smaller_micro_batch_is_tried_before_anything_that_costs_speed_or_quality() -> None:
    found = fit(BARE.replace("size = 2", "size = 4"), "H100", "varlen")
    assert found.fits is False
    assert found.advice.startswith("It fits with train.per_device_train_batch_size = ")


def test_a_model_that_is_too_large_for_any_change_is_told_so() -> None:
    tiny = Card("tiny", 4, None, None, (8, 0))
    found = estimate(recipe(PLAIN, tiny), shape_of(LLAMA_3_8B), tiny, 1000, 240)
    assert (found.fits, found.tokens_per_second, found.hours) == (False, None, None)
    assert "smaller model or a larger card" in found.advice


def test_room_to_spare_is_told_as_speed() -> None:
    assert "gradient_checkpointing = false" in fit(PLAIN).advice
    assert fit(PLAIN, "RTX 4090").advice == ""


def test_the_small_model_on_two_cores_is_about_as_fast_as_was_measured() -> None:
    card = find_card("cpu", MACHINE)
    lines = "per_device_train_batch_size = 8\ngradient_accumulation_steps = 1\n"
    found = estimate(recipe(lines, card), shape_of(POCKET), card, 643, 74, longest_tokens=130)
    assert found.fits is True
    assert found.tokens_per_second == pytest.approx(2150, rel=0.25)
    assert found.hours is not None
    assert 35 < found.hours * 3600 < 65


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("h100", "H100"),
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("NVIDIA A100-SXM4-80GB", "A100 80GB"),
        ("NVIDIA A100-PCIE-40GB", "A100 40GB"),
        ("a100", "A100 40GB"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090"),
        ("rtx 3060", "RTX 3060"),
        ("Tesla T4", "T4"),
        ("NVIDIA L4", "L4"),
        ("4090", "RTX 4090"),
        ("3060", "RTX 3060"),
        ("rtx4090", "RTX 4090"),
        ("4060ti", "RTX 4060 Ti"),
        ("NVIDIA H100 NVL", "H100 NVL"),
        ("A100 80", "A100 80GB"),
        ("1x A100", "A100 40GB"),
        ("L4 24GB", "L4"),
    ],
)
def test_cards_are_found_by_the_names_that_people_and_drivers_give_them(name: str, known: str) -> None:
    assert find_card(name, MACHINE).name == known


def test_a_card_that_is_not_known_is_an_input_error_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match="did you mean RTX 4090"):
        find_card("RTX 409", MACHINE)


@pytest.mark.parametrize("name", ["GTX 1080", "P100", "RTX 4090 Laptop GPU", "4090m", "RTX 3080 Ti", "RTX 2080"])
def test_no_other_card_is_suggested_for_one_of_another_number_or_model(name: str) -> None:
    with pytest.raises(InputError, match="is not a card that is known here") as raised:
        find_card(name, MACHINE)
    assert "did you mean" not in str(raised.value)


@pytest.mark.parametrize("name", ["two A100 40GB", "2 A100 40GB", "A100 40GB x2", "8xH100", "dual 3090"])
def test_several_cards_are_never_taken_as_one(name: str) -> None:
    with pytest.raises(InputError, match="one run uses one card"):
        find_card(name, MACHINE)


@pytest.mark.parametrize(("name", "gib"), [("RTX 3060 8GB", 8), ("3080 12GB", 12), ("V100 16GB", 16), ("T4 16GB", 15)])
def test_the_size_in_a_cards_name_is_what_it_holds(name: str, gib: float) -> None:
    assert find_card(name, MACHINE).memory == gib


def test_without_a_name_it_is_this_machines_card_with_its_own_memory_or_its_cpu() -> None:
    own = OwnCard("NVIDIA H100 80GB HBM3", 79 * 2**30, (9, 0))
    card = find_card(None, replace(MACHINE, cards=(own,)))
    assert (card.memory, card.tflops) == (79, CARDS["H100"].tflops)
    strange = find_card(None, replace(MACHINE, cards=(OwnCard("NVIDIA Z900", 9 * 2**30, (12, 0)),)))
    assert (strange.memory, strange.tflops) == (9, None)
    assert find_card(None, MACHINE).is_cpu


def test_a_recipe_can_be_resolved_for_a_card_that_is_elsewhere() -> None:
    machine = machine_with(CARDS["T4"], MACHINE)
    assert machine.card is not None
    assert machine.card.bf16 is False
    assert machine_with(find_card("cpu", MACHINE), machine).cards == ()
