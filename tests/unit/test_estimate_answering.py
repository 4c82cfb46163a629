"""How long an evaluation answers, at most."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_estimate_shape import LLAMA_3_8B, POCKET

from ftworkbench.estimate.answering import answering_seconds
from ftworkbench.estimate.cards import CARDS, find_card
from ftworkbench.estimate.shape import shape_of
from ftworkbench.machine import Card, Machine
from ftworkbench.recipe.read import parse
from ftworkbench.recipe.resolve import resolve
from ftworkbench.recipe.tables import Recipe

SMALL = Machine(cores=2, memory=2**33)
H200 = Machine(cores=16, memory=2**37, cards=(Card("NVIDIA H200", 140 * 2**30, (9, 0)),))


def recipe(lines: str = "", machine: Machine = H200) -> Recipe:
    return resolve(parse(f'[model]\nmodel_id = "a/b"\n[data]\ntrain = "t.jsonl"\n{lines}', "x"), machine)[0]


def seconds(lines: str = "", *, test: int = 320, validation: int = 0, tokens: float = 100) -> float:
    found = answering_seconds(
        recipe(lines), shape_of(LLAMA_3_8B), CARDS["H200"], tokens, test=test, validation=validation
    )
    assert found is not None
    return found


def test_a_token_of_a_batch_takes_a_step_and_baseline_and_tuned_answer_each_test_row() -> None:
    steps = 2 * (320 / 32) * 128
    assert seconds() == pytest.approx(steps * 0.0158, rel=0.15)
    assert seconds("[evaluate]\nmax_new_tokens = 64\n") == pytest.approx(seconds() / 2, rel=0.15)


def test_each_prompted_contestant_answers_the_validation_rows_and_endpoints_cost_no_time_here() -> None:
    one, two = "[prompt]\nfew_shot = [0]\n", "[prompt]\nfew_shot = [0, 6]\n"
    added = seconds(two, validation=320) - seconds(one, validation=320)
    assert added > seconds(test=320) / 2
    other = '[[prompt.contestants]]\nendpoint = "http://127.0.0.1:9/v1"\nmodel = "m"\n'
    assert seconds(one + other, validation=320) == seconds(one, validation=320)


def test_the_weights_are_read_for_each_token_and_that_is_most_of_it_on_a_slow_card() -> None:
    slow = replace(CARDS["L4"], bandwidth=0.1)
    found = answering_seconds(recipe(), shape_of(LLAMA_3_8B), slow, 1, test=32, validation=0)
    assert found == pytest.approx(2 * 128 * (16.06e9 / 0.1e12 + 0.0112), rel=0.05)


def test_the_small_model_answers_on_two_cores_about_as_fast_as_was_measured() -> None:
    lines = "[prompt]\nfew_shot = [0]\n[evaluate]\nmax_new_tokens = 100\n"
    card, shape = find_card("cpu", SMALL), shape_of(POCKET)
    found = answering_seconds(recipe(lines, SMALL), shape, card, 1, test=320, validation=0)
    assert found is not None
    assert 2 * 320 * 100 / found == pytest.approx(2150, rel=0.25)


def test_nothing_is_said_of_a_card_whose_speed_is_not_known() -> None:
    strange = replace(CARDS["H100"], tflops=None, bandwidth=None)
    assert answering_seconds(recipe(), shape_of(LLAMA_3_8B), strange, 100, test=10, validation=0) is None
