"""What a model's configuration and the rows' lengths forbid is said before anything is launched."""

from __future__ import annotations

from typing import Any

import pytest
from test_estimate_shape import GEMMA_2_2B, LLAMA_3_8B, POCKET

from ftworkbench.estimate.cards import find_card
from ftworkbench.estimate.shape import shape_of
from ftworkbench.machine import Machine
from ftworkbench.recipe.read import parse
from ftworkbench.steps.basis import Basis, Sizes
from ftworkbench.steps.choose import chosen
from ftworkbench.steps.model_checks import model_notes, model_problems

MACHINE = Machine(cores=4, memory=16 * 2**30)
MIXTRAL = {**POCKET, "model_type": "mixtral", "num_local_experts": 8, "num_experts_per_tok": 2}
SHORT = {**LLAMA_3_8B, "max_position_embeddings": 2048}


def said(lines: str, config: dict[str, Any], card: str = "cpu", longest: float = 900) -> tuple[dict[str, str], ...]:
    """Problems and notes by key."""
    basis = Basis(shape_of(config), Sizes(1000, 240, longest, counted=True))
    recipe = parse(f'[model]\nmodel_id = "a/b"\n[data]\ntrain = "t.jsonl"\n{lines}', "x")
    resolved, _ = chosen(recipe, basis, find_card(card, MACHINE), MACHINE)
    return dict(model_problems(resolved, basis)), dict(model_notes(resolved, basis))


@pytest.mark.parametrize(
    ("lines", "config", "key", "words"),
    [
        ("[train]\nmax_length = 4096\n", SHORT, "train.max_length", "reads 2,048 tokens at most; say 2048"),
        ("[lora]\ntarget_modules = ['query']\n", LLAMA_3_8B, "lora.target_modules", "those are down_proj, gate_proj"),
        ("[lora]\nr = 512\ninit_lora_weights = 'pissa'\n", POCKET, "lora.r", "no more than 128 directions"),
        ("[lora]\nlora_dropout = 0.1\n", MIXTRAL, "lora.lora_dropout", "must be 0: this model's experts"),
        ("[lora]\nuse_dora = true\n", MIXTRAL, "lora.use_dora", "must be false"),
        ("[method]\nadapter = 'ia3'\n", {**POCKET, "model_type": "glm4"}, "ia3.target_modules", "PEFT knows none"),
        ("[train]\noptim = 'galore_adamw'\n", POCKET, "train.optim", "needs the package galore_torch"),
        ("[train]\nreport_to = 'tensorbord'\n", POCKET, "train.report_to", "tensorbord is no tracker"),
        (
            "[quantization]\nload_in_4bit = true\n",
            {**POCKET, "intermediate_size": 100},
            "quantization.load_in_4bit",
            "multiples of 64 on a CPU, and this model has 100",
        ),
    ],
)
def test_what_the_model_cannot_take_is_said_at_its_key(
    lines: str, config: dict[str, Any], key: str, words: str
) -> None:
    problems, _ = said(lines, config)
    assert words in problems[key]
    assert len(problems) == 1


def test_what_fits_the_model_has_no_problem() -> None:
    for config in (POCKET, LLAMA_3_8B, MIXTRAL, GEMMA_2_2B):
        for lines in ("", "[method]\nadapter = 'ia3'\n"):
            assert said(lines, config)[0] == {}


def test_packed_rows_may_fill_more_than_the_model_reads_as_long_as_none_of_them_does() -> None:
    lines = "[train]\nmax_length = 4096\npacking = true\n"
    assert said(lines, SHORT, "H100")[0] == {}
    assert "rows be 3,000 tokens long" in said(lines, SHORT, "H100", longest=3000)[0]["train.max_length"]


def test_varlen_is_refused_for_a_model_that_soft_caps_its_scores() -> None:
    lines = "[train]\npacking = true\n"
    capped = {**GEMMA_2_2B, "attn_logit_softcapping": 50.0}
    assert said(lines, capped, "H100")[0] == {}
    basis = Basis(shape_of(capped), Sizes(10, 10, 10))
    recipe = parse('[model]\nmodel_id = "a/b"\nattn_implementation = "varlen"\n[data]\ntrain = "t"\n' + lines, "x")
    assert "soft-caps" in dict(model_problems(recipe, basis))["model.attn_implementation"]


@pytest.mark.parametrize(
    ("lines", "card", "key", "words"),
    [
        (
            "[lora]\nlora_dropout = 0.05\n",
            "H100",
            "lora.lora_dropout",
            "keeps LoRA's layers from being computed in one",
        ),
        ("[lora]\nuse_dora = true\n", "H100", "lora.use_dora", "takes no mixed batches"),
        ("[method]\nadapter = 'ia3'\n", "cpu", "method.adapter", "answer in two passes"),
        ("[method]\nadapter = 'ia3'\n", "cpu", "train.learning_rate", "0.001 or more"),
        ("[train]\npacking = false\nmax_length = 512\n", "H100", "train.max_length", "up to 900 tokens long"),
        (
            "[train]\npacking = true\npacking_strategy = 'bfd'\nmax_length = 512\n",
            "H100",
            "train.packing_strategy",
            "bfd drops what is over 512 tokens",
        ),
        (
            "[train]\npacking = true\nper_device_train_batch_size = 8\nmax_length = 4096\n",
            "H100",
            "train.packing",
            "about 137 rows",
        ),
        ("[train]\noptim = 'paged_adamw_8bit'\n", "cpu", "train.optim", "pages nothing on a CPU"),
    ],
)
def test_what_costs_something_unexpected_is_noted_at_its_key(lines: str, card: str, key: str, words: str) -> None:
    problems, notes = said(lines, LLAMA_3_8B, card)
    assert problems == {}
    assert words in notes[key]
