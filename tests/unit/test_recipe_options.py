"""The options of a recipe, typed here or read from the libraries' source, and the recipe that init writes."""

from __future__ import annotations

import pytest

from ftworkbench.errors import InputError
from ftworkbench.evaluate.metrics import METRICS
from ftworkbench.recipe.libraries import library_fields, library_options
from ftworkbench.recipe.options import TABLE_NAMES, find_option, options, problem
from ftworkbench.recipe.read import parse
from ftworkbench.recipe.samples import starter
from ftworkbench.recipe.tables import METRIC_NAMES


def test_every_option_explains_itself_and_accepts_its_own_default() -> None:
    for table in TABLE_NAMES:
        for option in options(table):
            assert option.help.endswith((".", "…")), option.key
            assert option.default is None or problem(option, option.default) is None, option.key
            assert option.optional == (option.default is None and not option.required), option.key
            assert find_option(option.key) == option


@pytest.mark.parametrize("table", ["quantization", "lora", "train"])
def test_every_typed_option_of_a_library_table_is_one_of_the_installed_library(table: str) -> None:
    assert {option.name for option in options(table)} <= library_options(table)


def test_the_libraries_options_come_with_their_bases_and_their_help() -> None:
    train = library_fields("train")
    assert {"packing_strategy", "neftune_noise_alpha", "bf16", "logging_steps"} <= train.keys()
    assert train["logging_steps"].default == "10"
    assert "sequences" in train["packing"].help
    assert {"use_dora", "inference_mode"} <= library_options("lora")
    assert "bnb_4bit_quant_storage" in library_options("quantization")
    assert library_options("prompt") == frozenset()


def test_bounds_are_said_in_words() -> None:
    alpha, rate = find_option("evaluate.alpha"), find_option("train.learning_rate")
    assert alpha is not None
    assert rate is not None
    assert (alpha.bounds, rate.bounds) == ("above 0 and below 1", "0 or more and at most 1")


def test_a_table_that_is_none_is_an_input_error() -> None:
    with pytest.raises(InputError, match="trian"):
        options("trian")


def test_the_metrics_that_a_recipe_may_name_are_those_that_there_are() -> None:
    assert set(METRIC_NAMES) == set(METRICS)


def test_the_starting_recipe_is_short_commented_and_reads_back() -> None:
    text = starter(
        'odd"id',
        "rows \\ 1.jsonl",
        test="test.jsonl",
        prompt_column="q",
        answer_column="a",
        label="queue",
        system="Do\nit.",
    )
    recipe = parse(text, "new")
    assert (recipe.model.model_id, recipe.data.train, recipe.data.test) == ('odd"id', "rows \\ 1.jsonl", "test.jsonl")
    assert (recipe.data.prompt_column, recipe.data.answer_column, recipe.data.label) == ("q", "a", "queue")
    assert (recipe.prompt.system, recipe.quantization.load_in_4bit) == ("Do\nit.", True)
    assert len(text.splitlines()) <= 60
    lines = text.splitlines()
    assert all(lines[number - 1].startswith(("#", "[")) for number, line in enumerate(lines) if "model_id =" in line)


def test_the_embedded_model_starts_unquantized() -> None:
    assert parse(starter("pocket", "t.jsonl"), "new").quantization.load_in_4bit is False
