"""Each sample recipe loads, resolves and names only what the installed libraries know."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ftworkbench.machine import Card, Machine
from ftworkbench.paths import sample_configs
from ftworkbench.recipe.libraries import library_options
from ftworkbench.recipe.options import options
from ftworkbench.recipe.read import load
from ftworkbench.recipe.resolve import resolve
from ftworkbench.recipe.tables import Recipe

SAMPLES = {path.stem: path for path in sample_configs()}
H100 = Machine(cores=16, memory=2**37, cards=(Card("NVIDIA H100", 80 * 2**30, (9, 0)),))


def loaded(path: Path, folder: Path) -> Recipe:
    (folder / "train.jsonl").touch()
    return load(Path(shutil.copy(path, folder)))


def test_there_is_one_for_each_kind_of_machine() -> None:
    assert set(SAMPLES) >= {"qlora-8b", "lora-8b", "fast-8b", "small-gpu", "cpu"}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_loads_resolves_and_is_valid_for_the_installed_libraries(name: str, tmp_path: Path) -> None:
    recipe, _ = resolve(loaded(SAMPLES[name], tmp_path), H100)
    for table in ("quantization", "lora", "train"):
        held = getattr(recipe, table)
        given = {each.name for each in options(table) if getattr(held, each.name) is not None} | set(held.extra)
        assert given <= library_options(table)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_says_for_which_card_it_is_what_it_costs_and_when_to_choose_it(name: str) -> None:
    text = SAMPLES[name].read_text()
    for word in ("# Card: ", "# Cost: ", "# Choose it "):
        assert word in text


def test_qlora_8b_is_the_well_known_script(tmp_path: Path) -> None:
    recipe = loaded(SAMPLES["qlora-8b"], tmp_path)
    quantization, lora, train = recipe.quantization, recipe.lora, recipe.train
    assert recipe.model.model_id == "meta-llama/Meta-Llama-3-8B-Instruct"
    assert (quantization.load_in_4bit, quantization.bnb_4bit_quant_type) == (True, "nf4")
    assert (quantization.bnb_4bit_compute_dtype, quantization.bnb_4bit_use_double_quant) == ("bfloat16", False)
    assert (lora.r, lora.lora_alpha, lora.lora_dropout, lora.target_modules) == (16, 32, 0.05, "all-linear")
    assert (train.num_train_epochs, train.learning_rate, train.bf16, train.logging_steps) == (3, 2e-4, True, 10)
    assert (train.per_device_train_batch_size, train.gradient_accumulation_steps) == (4, 4)


def test_lora_8b_is_the_same_without_quantization(tmp_path: Path) -> None:
    plain, quantized = loaded(SAMPLES["lora-8b"], tmp_path), loaded(SAMPLES["qlora-8b"], tmp_path)
    assert (plain.lora, plain.train, plain.model) == (quantized.lora, quantized.train, quantized.model)
    assert not plain.quantization.load_in_4bit
