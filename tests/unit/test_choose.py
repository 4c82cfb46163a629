"""What a recipe leaves out is chosen by the estimate, for the model, the rows and the card."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_estimate_shape import GEMMA_2_2B, LLAMA_3_8B

from ftworkbench.estimate.cards import CARDS, find_card, machine_with
from ftworkbench.estimate.fit import Fit, estimate, peak_gib
from ftworkbench.estimate.shape import Shape, shape_of
from ftworkbench.machine import Machine
from ftworkbench.recipe.read import parse
from ftworkbench.recipe.tables import Recipe
from ftworkbench.steps import choose as choosing
from ftworkbench.steps.basis import Basis, Sizes
from ftworkbench.steps.choose import choose, chosen
from ftworkbench.steps.faster import faster_left_out
from ftworkbench.steps.fit import fit, room_warning
from ftworkbench.steps.recipe import open_recipe

MACHINE = Machine(cores=4, memory=16 * 2**30)
SHAPE = shape_of({**LLAMA_3_8B, "max_position_embeddings": 8192})
ROWS = Sizes(1000, 240, 1000, counted=True)


def recipe(lines: str = "") -> Recipe:
    return parse(f'[model]\nmodel_id = "a/b"\n[data]\ntrain = "t.jsonl"\n{lines}', "x")


def choices(
    lines: str = "", card: str = "H100", sizes: Sizes = ROWS, shape: Shape = SHAPE
) -> tuple[Recipe, dict[str, str]]:
    resolved, found = chosen(recipe(lines), Basis(shape, sizes), find_card(card, MACHINE), MACHINE)
    return resolved, {choice.key: choice.why for choice in found}


def test_short_rows_are_packed_and_a_step_holds_as_many_as_before() -> None:
    resolved, why = choices()
    train = resolved.train
    assert (train.packing, resolved.model.attn_implementation) == (True, "varlen")
    assert train.micro_batch * train.accumulation * train.max_length / 240 == pytest.approx(16, rel=0.1)
    assert "about 17 rows a step" in why["train.gradient_accumulation_steps"]
    assert "240 tokens on average" in why["train.packing"]


def test_a_batch_that_was_said_keeps_its_meaning() -> None:
    resolved, why = choices("[train]\nper_device_train_batch_size = 2\n")
    assert (resolved.train.packing, resolved.train.gradient_accumulation_steps) == (False, 8)
    assert "the batch that the recipe says" in why["train.packing"]


@pytest.mark.parametrize(
    ("lines", "sizes", "said"),
    [
        ("", Sizes(1000, 700, 1000), "rows are long already"),
        ("[train]\nmax_length = 4096\n", Sizes(1000, 50, 100), "with max_length = 832 rows would be packed"),
    ],
)
def test_rows_are_not_packed_where_that_gains_little_or_changes_the_step(lines: str, sizes: Sizes, said: str) -> None:
    resolved, why = choices(lines, sizes=sizes)
    assert resolved.train.packing is False
    assert said in why["train.packing"]
    assert resolved.train.micro_batch * resolved.train.accumulation == 16


def test_rows_are_not_packed_without_a_kernel_that_keeps_them_apart() -> None:
    for card, shape in (("T4", SHAPE), ("H100", shape_of({**GEMMA_2_2B, "attn_logit_softcapping": 50.0}))):
        assert choices(card=card, shape=shape)[0].train.packing is False
    capped, why = choices("[train]\npacking = true\n", shape=shape_of({**GEMMA_2_2B, "attn_logit_softcapping": 50.0}))
    assert capped.model.attn_implementation == "sdpa"
    assert "soft-caps" in why["model.attn_implementation"]


def test_activations_are_computed_again_only_where_they_would_not_fit() -> None:
    assert choices(card="H100")[0].train.gradient_checkpointing is False
    resolved, why = choices("[train]\nmax_length = 4096\n[quantization]\nload_in_4bit = true\n", "RTX 4090")
    assert resolved.train.gradient_checkpointing is True
    said = why["train.gradient_checkpointing"]
    assert "GiB would be needed at the least; RTX 4090 has 24 GiB, of which CUDA itself takes 0.8, and 3% are" in said


@pytest.mark.parametrize("card", ["H100", "A100 40GB", "RTX 4090", "RTX 3060", "T4", "L4"])
@pytest.mark.parametrize("lines", ["", "[train]\nmax_length = 2048\n", "[train]\npacking = false\n"])
def test_what_is_chosen_fits_with_a_margin_wherever_anything_does(card: str, lines: str) -> None:
    lines += "[quantization]\nload_in_4bit = true\n"
    resolved, _ = choices(lines, card)
    assert 1.03 * peak_gib(resolved, SHAPE, ROWS.longest, cpu=False) + 0.8 < CARDS[card].memory


def test_where_nothing_fits_the_least_is_taken_and_said() -> None:
    resolved, why = choices(card="RTX 3060")
    assert (resolved.train.micro_batch, resolved.train.gradient_checkpointing) == (1, True)
    assert "does not fit even so" in why["train.per_device_train_batch_size"]


def test_a_card_whose_speed_is_not_known_takes_the_most_that_fits_without_computing_twice() -> None:
    strange = replace(CARDS["H100"], name="Z900", tflops=None, bandwidth=None)
    resolved, _ = chosen(recipe(), Basis(SHAPE, ROWS), strange, MACHINE)
    assert (resolved.train.gradient_checkpointing, resolved.train.accumulation) == (False, 1)


def test_a_choice_says_when_it_counts_on_rows_that_are_longer_than_guessed() -> None:
    lines = "[train]\npacking = false\n"
    guessed, counted = replace(ROWS, counted=False), ROWS
    assert (
        "if rows are 30% longer than guessed" in choices(lines, sizes=guessed)[1]["train.per_device_train_batch_size"]
    )
    for lines_too, sizes in ((lines, counted), ("", guessed)):  # packed sequences are as long as max_length says
        assert "longer than guessed" not in " ".join(choices(lines_too, sizes=sizes)[1].values())


def test_a_resolved_recipe_leaves_nothing_to_choose() -> None:
    resolved, _ = choices()
    again, found = chosen(resolved, Basis(SHAPE, ROWS), find_card("H100", MACHINE), MACHINE)
    assert (again, found) == (resolved, ())


def _workspace(folder: Path) -> Path:
    (folder / "m").mkdir()
    (folder / "m" / "config.json").write_text(json.dumps(LLAMA_3_8B))
    row = json.dumps({"messages": [{"role": "user", "content": "q" * 800}, {"role": "assistant", "content": "a"}]})
    (folder / "t.jsonl").write_text("".join(f"{row.replace('qqq', str(number), 1)}\n" for number in range(50)))
    (folder / "x.toml").write_text('[model]\nmodel_id = "m"\n[data]\ntrain = "t.jsonl"\n')
    return folder / "x.toml"


def test_the_choice_is_in_what_is_submitted_on_a_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ftworkbench.machine import Card

    machine = replace(MACHINE, cards=(Card("NVIDIA H100 80GB HBM3", 80 * 2**30, (9, 0)),))
    for module in ("steps.recipe", "steps.choose", "steps.fit"):
        monkeypatch.setattr(f"ftworkbench.{module}.this_machine", lambda: machine)
    opened = open_recipe(_workspace(tmp_path))
    assert opened.resolved.train.packing is False
    found = choose(opened)
    assert found.resolved.train.packing is True
    assert {choice.key for choice in found.choices} > {choice.key for choice in opened.choices} - {"model.dtype"}
    (tmp_path / "m" / "config.json").unlink()
    assert choose(opened) == opened


def test_what_was_chosen_is_written_into_the_job_with_its_reasons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ftworkbench.machine import Card
    from ftworkbench.steps import train

    machine = replace(MACHINE, cards=(Card("NVIDIA H100 80GB HBM3", 80 * 2**30, (9, 0)),))
    for module in ("steps.recipe", "steps.choose", "steps.fit"):
        monkeypatch.setattr(f"ftworkbench.{module}.this_machine", lambda: machine)
    submitted: dict[str, Any] = {}
    monkeypatch.setattr(train, "submit", lambda *given, **named: submitted.update(recipe=given[2], **named))
    opened = open_recipe(_workspace(tmp_path))
    train.start_training(opened)
    assert submitted["recipe"].train.packing is True
    assert "without padding" in {choice.key: choice.why for choice in submitted["choices"]}["train.packing"]


def test_what_does_not_fit_is_said_before_it_is_launched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ftworkbench.machine import Card

    card = Card("NVIDIA GeForce RTX 3060", 12 * 2**30, (8, 6))
    for module in ("steps.recipe", "steps.choose", "steps.fit"):
        monkeypatch.setattr(f"ftworkbench.{module}.this_machine", lambda: replace(MACHINE, cards=(card,)))
    path = _workspace(tmp_path)
    assert "It fits with quantization.load_in_4bit = true" in room_warning(open_recipe(path))
    assert room_warning(open_recipe(path, ["quantization.load_in_4bit=true"])) == ""


def _advised(lines: str, card: str = "H100") -> Fit:
    said, found = recipe(lines), find_card(card, MACHINE)
    machine, basis = machine_with(found, MACHINE), Basis(SHAPE, ROWS)
    resolved, _ = chosen(said, basis, found, machine)
    fit = estimate(resolved, SHAPE, found, 1000, 240, longest_tokens=1000)
    return faster_left_out(said, fit, basis, found, machine)


SCRIPT = "per_device_train_batch_size = 4\ngradient_accumulation_steps = 4\ngradient_checkpointing = true\n"


def test_a_plain_script_is_told_what_leaving_its_batch_out_would_gain() -> None:
    found = _advised(f"[train]\n{SCRIPT}[lora]\nlora_dropout = 0.05\n")
    assert found.advice.startswith("Leave per_device_train_batch_size, gradient_accumulation_steps, ")
    assert re.search(r"chosen for this card then, and training takes .+ instead of .+, in [\d.]+ GiB\.$", found.advice)
    assert set(found.changes) == {
        ("train.per_device_train_batch_size", None),
        ("train.gradient_accumulation_steps", None),
        ("train.gradient_checkpointing", None),
        ("lora.lora_dropout", None),
    }
    faster = _advised("")
    assert faster.hours is not None
    assert found.hours is not None
    assert found.hours > 3 * faster.hours
    assert "out of the recipe" not in faster.advice


def test_a_batch_of_other_rows_is_left_as_it_was_said() -> None:
    assert "out of the recipe" not in _advised(f"[train]\n{SCRIPT}".replace("steps = 4", "steps = 16")).advice
    assert "out of the recipe" not in _advised(f"[train]\n{SCRIPT}", "cpu").advice


def test_on_a_cpu_it_stays_as_it_was_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ftworkbench.steps.recipe.this_machine", lambda: MACHINE)
    monkeypatch.setattr("ftworkbench.steps.fit.this_machine", lambda: MACHINE)
    monkeypatch.setattr(choosing, "this_machine", lambda: MACHINE)
    opened = open_recipe(_workspace(tmp_path))
    fitted = fit(opened)
    assert fitted.opened.resolved == opened.resolved
    assert set(fitted.opened.choices) == set(opened.choices)
    assert fitted.basis.sizes.rows == 50
    assert "Lengths are guessed" in " ".join(fitted.basis.notes)
    elsewhere = fit(opened, "H100", fitted.basis)
    assert elsewhere.opened.resolved.train.packing is True
    assert elsewhere.fit.fits is True
