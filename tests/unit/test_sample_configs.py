"""Each sample recipe loads, resolves and names only what the installed libraries know; its costs are the estimate's."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from test_estimate_shape import LLAMA_3_8B, POCKET, QWEN2_5_1_5B

from ftworkbench.estimate.answering import answering_seconds
from ftworkbench.estimate.cards import find_card, machine_with
from ftworkbench.estimate.fit import Fit, estimate
from ftworkbench.estimate.shape import shape_of
from ftworkbench.machine import Card, Machine
from ftworkbench.paths import sample_configs
from ftworkbench.recipe.libraries import library_options
from ftworkbench.recipe.options import options
from ftworkbench.recipe.read import load, parse
from ftworkbench.recipe.resolve import resolve
from ftworkbench.recipe.tables import Recipe
from ftworkbench.steps.basis import Basis, Sizes
from ftworkbench.steps.choose import chosen
from ftworkbench.steps.model_checks import model_problems

SAMPLES = {path.stem: path for path in sample_configs()}
H100 = Machine(cores=16, memory=2**37, cards=(Card("NVIDIA H100", 80 * 2**30, (9, 0)),))
SMALL = Machine(cores=2, memory=2**33)
QWEN3_8B = {
    "model_type": "qwen3",
    "hidden_size": 4096,
    "num_hidden_layers": 36,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "intermediate_size": 12288,
    "vocab_size": 151936,
    "tie_word_embeddings": False,
    "max_position_embeddings": 40960,
}
MODELS = {
    "pocket": {**POCKET, "max_position_embeddings": 1024},
    "meta-llama/Meta-Llama-3-8B-Instruct": {**LLAMA_3_8B, "max_position_embeddings": 8192},
    "Qwen/Qwen2.5-1.5B-Instruct": {**QWEN2_5_1_5B, "max_position_embeddings": 32768},
    "Qwen/Qwen3-8B": QWEN3_8B,
}
# Each sample, in the order in which one would look for one's own, and the card that its figures are for.
CARDS = {
    "cpu": "cpu",
    "small-gpu": "RTX 4060",
    "fast-qlora-8b": "RTX 4090",
    "qlora-8b": "RTX 4090",
    "lora-8b": "RTX 4090",
    "ia3-8b": "RTX 4090",
    "fast-8b": "H100",
    "high-rank-8b": "H100",
}
# What the index says besides: the sample to begin with on a card comes first, marked.
INDEX = (
    ("cpu", "cpu", True),
    ("small-gpu", "RTX 4060", True),
    ("small-gpu", "T4", False),
    ("fast-qlora-8b", "T4", True),
    ("fast-qlora-8b", "RTX 3060", True),
    ("fast-qlora-8b", "RTX 4090", True),
    ("qlora-8b", "RTX 4090", False),
    ("lora-8b", "RTX 4090", False),
    ("ia3-8b", "RTX 4090", False),
    ("fast-8b", "A100 40GB", True),
    ("fast-8b", "H100", True),
    ("high-rank-8b", "H100", False),
)
ROWS = Sizes(1000, 250, 1000, counted=True)
METHODS = {
    "cpu": "LoRA",
    "small-gpu": "QLoRA, packed",
    "fast-qlora-8b": "QLoRA, packed",
    "qlora-8b": "QLoRA, the well-known script",
    "lora-8b": "LoRA, the same in 16 bits",
    "ia3-8b": "IA3, packed",
    "fast-8b": "LoRA, packed",
    "high-rank-8b": "rsLoRA of rank 128, packed",
}


def loaded(path: Path, folder: Path) -> Recipe:
    (folder / "train.jsonl").touch()
    return load(Path(shutil.copy(path, folder)))


def on_its_card(name: str, other: str = "") -> tuple[Recipe, Basis, Fit]:
    """The sample as it would be run on the card that its figures are for, or another, and the estimate."""
    recipe = parse(SAMPLES[name].read_text(), name)
    card = find_card(other or CARDS[name], SMALL)
    basis = Basis(shape_of(MODELS[recipe.model.model_id]), ROWS)
    resolved, _ = chosen(recipe, basis, card, machine_with(card, SMALL))
    found = estimate(resolved, basis.shape, card, ROWS.rows, ROWS.mean, longest_tokens=ROWS.longest)
    return resolved, basis, found


def minutes(name: str, other: str = "") -> tuple[float, float]:
    """Of training, and at most of measuring, by the estimate."""
    recipe, basis, found = on_its_card(name, other)
    held_out = basis.held_out(recipe.data)
    assert found.card is not None
    assert held_out is not None
    test, validation = held_out
    answering = answering_seconds(recipe, basis.shape, found.card, ROWS.mean, test=test, validation=validation)
    return 60 * (found.hours or 0), (answering or 0) / 60


def cost_line(name: str) -> str:
    """What a sample says of its cost, by the estimate."""
    _, _, found = on_its_card(name)
    training, measuring = minutes(name)
    where = "two CPU cores" if CARDS[name] == "cpu" else f"an {CARDS[name]}"
    times = f"{training:.0f} min of training and at most {measuring:.0f} min of measuring"
    return f"{found.peak_gib:.1f} GiB, {times}, for 1,000 rows of 250 tokens on {where}."


def index_lines() -> list[str]:
    """The index at the head of each sample, by the estimate."""
    lines = [
        "# The samples, for 1,000 rows of 250 tokens (up to 1,000), of which 700 train (10% validate, 20% test):",
        "# memory, the time of training, and at most that of measuring baseline and tuned. A star is where to begin",
        "# on such a card. Copy that one beside your rows, write their file's name at data.train, and call with its",
        "# name: `ftworkbench check`, `fit` (says this for your rows; --card for another card, launch.cost_per_hour",
        "# for the price, --measure by a real step), `evaluate`, `train`.",
    ]
    for name, card, begin in INDEX:
        recipe, _, found = on_its_card(name, card)
        training, measuring = minutes(name, card)
        model = recipe.model.model_id.rpartition("/")[2].replace("Meta-", "").replace("-Instruct", "")
        where = "2 CPU cores" if card == "cpu" else card
        method = METHODS[name] if recipe.train.packing else METHODS[name].replace("packed", "padded")
        lines.append(
            f"# {'*' if begin else ' '} {name:<14} {model:<13} {where:<12} {found.peak_gib:>5.1f} GiB "
            f"{training:>4.0f} min + {measuring:>3.0f} min  {method}"
        )
    return lines


def test_there_is_one_for_each_kind_of_machine() -> None:
    assert set(SAMPLES) == set(CARDS) == set(METHODS) == {name for name, _, _ in INDEX}


def test_there_is_one_sample_to_begin_with_on_each_card() -> None:
    begins = [card for _, card, begin in INDEX if begin]
    assert len(begins) == len(set(begins))
    assert {card for _, card, _ in INDEX} == set(begins)
    for name, card, _ in INDEX:
        assert on_its_card(name, card)[2].fits is True, (name, card)


def test_the_head_of_a_sample_claims_the_cards_that_the_index_gives_it_and_no_others() -> None:
    begin = {card: name for name, card, begin in INDEX if begin and card != "cpu"}
    for name in {*begin.values()}:
        head = next(line for line in SAMPLES[name].read_text().splitlines() if line.startswith("# Card: "))
        for card, chosen_one in begin.items():
            number = card.removeprefix("RTX ").split()[0]
            assert bool(re.search(rf"\b{number}\b", head)) == (chosen_one == name), (name, card)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_that_asks_for_bfloat16_says_which_cards_have_none(name: str) -> None:
    text = SAMPLES[name].read_text()
    assert ("bf16 = true" in text) == ("without bfloat16 (T4, V100, 2080 Ti)" in text)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_loads_resolves_and_is_valid_for_the_installed_libraries(name: str, tmp_path: Path) -> None:
    recipe, _ = resolve(loaded(SAMPLES[name], tmp_path), H100)
    for table in ("quantization", "lora", "train"):
        held = getattr(recipe, table)
        given = {each.name for each in options(table) if getattr(held, each.name) is not None} | set(held.extra)
        assert given <= library_options(table)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_says_for_which_card_it_is_what_it_costs_how_it_is_done_and_when_to_choose_it(name: str) -> None:
    text = SAMPLES[name].read_text()
    for word in ("# Card: ", "# Cost: ", "# Method: ", "# Choose it "):
        assert word in text


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_fits_its_card_and_its_model(name: str) -> None:
    recipe, basis, found = on_its_card(name)
    assert found.fits is True
    assert list(model_problems(recipe, basis)) == []
    assert ("packed" in METHODS[name]) == bool(recipe.train.packing)
    assert not recipe.train.packing or recipe.model.attn_implementation == "varlen"


@pytest.mark.parametrize(
    ("name", "cards"),
    [
        ("small-gpu", ("RTX 3070", "RTX 3080", "RTX 4060 Ti", "RTX 2080 Ti", "T4")),
        ("fast-qlora-8b", ("RTX 3060", "RTX 4070", "RTX 4080", "RTX 3090", "A10", "L4")),
        ("qlora-8b", ("RTX 3060",)),
        ("lora-8b", ("RTX 3090", "A10", "L4")),
        ("ia3-8b", ("RTX 3090", "A10")),
        ("fast-8b", ("RTX 3090", "A100 80GB", "H200")),
        ("high-rank-8b", ("A100 40GB", "L40S", "A100 80GB")),
    ],
)
def test_the_other_cards_that_a_sample_names_hold_it_too(name: str, cards: tuple[str, ...]) -> None:
    for card in cards:
        assert on_its_card(name, card)[2].fits is True, card


def _figures(line: str) -> list[float]:
    """The GiB and the minutes in a line."""
    return [float(each) for each in re.findall(r"([\d.]+) (?:GiB|min)", line)]


@pytest.mark.parametrize("name", SAMPLES)
def test_what_a_sample_says_it_costs_is_what_the_estimate_says(name: str) -> None:
    lines = SAMPLES[name].read_text().splitlines()
    cost = next(line for line in lines if line.startswith("# Cost: "))
    start = lines.index(index_lines()[0])
    said = [cost, *lines[start : start + len(index_lines())]]
    for written, found in zip(said, [f"# Cost: {cost_line(name)}", *index_lines()], strict=True):
        assert re.sub(r"[\d.]+", "", written).split() == re.sub(r"[\d.]+", "", found).split()
        assert _figures(written) == pytest.approx(_figures(found), rel=0.15, abs=0.6)


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
