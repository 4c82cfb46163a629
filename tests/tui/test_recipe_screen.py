"""The Recipe screen, by its keys."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from textual.app import App
from workbenches import make_workspace, opened, settle, shown, until

from ftworkbench.machine import Card, Machine
from ftworkbench.tui.screens.recipe import RecipeScreen


def screen_of(app: App[None]) -> RecipeScreen:
    assert isinstance(app.screen, RecipeScreen)
    return app.screen


def page_of(app: App[None], pane: str) -> str:
    """The text of one of the panes."""
    from ftworkbench.tui.widgets.lines_view import LinesView

    return "\n".join(strip.text for strip in screen_of(app).query_one(pane, LinesView)._strips)


async def change(app: App[None], pilot: object, key: str, value: str) -> None:
    """Goes to an option and writes a value."""
    screen_of(app).form.go_to(key)
    await pilot.press("enter")  # type: ignore[attr-defined]
    for _ in range(30):
        await pilot.press("backspace")  # type: ignore[attr-defined]
    await pilot.press(*value, "enter")  # type: ignore[attr-defined]


async def test_a_change_is_in_the_file_only_after_saving_and_keeps_the_comments(tmp_path: Path) -> None:
    recipe = make_workspace(tmp_path / "desk")
    before = recipe.read_text()
    async with opened(recipe, start="recipe") as (app, pilot):
        await change(app, pilot, "lora.r", "32")
        assert "not saved yet" in shown(app)
        assert recipe.read_text() == before
        await pilot.press("ctrl+s")
        await settle(app, pilot)
        assert recipe.read_text() == before.replace("r = 16  # rank", "r = 32  # rank")
        assert app.opened is not None
        assert app.opened.recipe.lora.r == 32


async def test_a_value_out_of_bounds_is_refused_while_it_is_written(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk"), start="recipe") as (app, pilot):
        await change(app, pilot, "lora.r", "0")
        assert "r must be 1 or more and at most 4096, not 0" in shown(app)
        await pilot.press("escape")
        assert not screen_of(app).draft.changed  # type: ignore[union-attr]


async def test_undo_takes_changes_back_one_by_one(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk"), start="recipe") as (app, pilot):
        draft = screen_of(app).draft
        assert draft is not None
        await change(app, pilot, "lora.r", "32")
        await change(app, pilot, "train.learning_rate", "1e-3")
        await pilot.press("u")
        assert tomllib.loads(draft.text)["train"]["learning_rate"] == 2e-4
        await pilot.press("u")
        assert draft.text == draft.saved
        await pilot.press("ctrl+r")
        assert tomllib.loads(draft.text)["lora"]["r"] == 32


async def test_a_switch_is_turned_by_enter_and_left_out_by_x(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk"), start="recipe") as (app, pilot):
        draft = screen_of(app).draft
        assert draft is not None
        screen_of(app).form.go_to("quantization.load_in_4bit")
        await pilot.press("enter")
        assert tomllib.loads(draft.text)["quantization"]["load_in_4bit"] is True
        await pilot.press("x")
        assert "load_in_4bit" not in draft.text


async def test_search_finds_an_option_that_only_the_library_knows(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk"), start="recipe") as (app, pilot):
        await pilot.press("slash", *"neftune", "enter")
        line = screen_of(app).form.line
        assert line is not None
        assert line.key == "train.neftune_noise_alpha"
        await pilot.press("enter", *"5.0", "enter", "q")
        assert "neftune_noise_alpha" in page_of(app, "#toml")
        assert screen_of(app).draft.reading.problems == ()  # type: ignore[union-attr]


async def test_the_help_says_what_an_option_is_and_why_it_was_chosen(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk"), start="recipe") as (app, pilot):
        screen_of(app).form.go_to("model.dtype")
        await pilot.pause()
        about = page_of(app, "#about")
        assert "The number format that the weights are loaded in." in " ".join(about.split())
        assert "chosen for this machine" in about


async def test_the_estimate_says_whether_it_fits(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk"), start="recipe") as (app, pilot):
        await until(pilot, lambda: "tokens/s" in page_of(app, "#fit"))
        assert "✔ fits" in page_of(app, "#fit")


async def test_a_recipe_that_cannot_be_read_says_why_and_can_be_mended(tmp_path: Path) -> None:
    recipe = make_workspace(tmp_path / "desk")
    recipe.write_text(recipe.read_text().replace("r = 16 ", "rr = 16 "))
    async with opened(recipe, start="recipe") as (app, pilot):
        assert "rr is not an option; did you mean r?" in " ".join(shown(app).split())
        await pilot.press("r")
        await until(pilot, lambda: "the recipe has problems" in shown(app))
        screen_of(app).form.go_to("lora.rr")
        await pilot.press("x", "ctrl+s")
        await settle(app, pilot)
        assert app.opened is not None


async def test_a_file_changed_by_others_is_not_overwritten_unasked(tmp_path: Path) -> None:
    recipe = make_workspace(tmp_path / "desk")
    async with opened(recipe, start="recipe") as (app, pilot):
        await change(app, pilot, "lora.r", "32")
        theirs = recipe.read_text() + "# from elsewhere\n"
        recipe.write_text(theirs)
        await pilot.press("ctrl+s")
        assert "was changed by another program" in shown(app)
        await pilot.press("r")
        assert recipe.read_text() == theirs
        assert "# from elsewhere" in page_of(app, "#toml")


async def test_training_without_a_baseline_asks_first(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk"), start="recipe") as (app, pilot):
        await pilot.press("r")
        await until(pilot, lambda: "No baseline yet" in shown(app))
        assert "measure the baseline first" in shown(app)
        await pilot.press("escape")
        assert isinstance(app.screen, RecipeScreen)
        assert not (tmp_path / "desk" / "jobs").exists()


async def test_at_80_columns_the_file_takes_the_forms_place(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk"), start="recipe", size=(80, 24)) as (app, pilot):
        assert "lora_alpha" in shown(app)
        assert "# How support tickets are routed." not in shown(app)
        await pilot.press("t")
        await until(pilot, lambda: "# How support tickets are routed." in shown(app))
        await pilot.press("q")
        assert "# How support tickets are routed." not in shown(app)


async def test_at_80_columns_whether_it_fits_stands_above_the_form(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk"), start="recipe", size=(80, 24)) as (app, pilot):
        await until(pilot, lambda: "✔ fits" in shown(app).splitlines()[1])
        await change(app, pilot, "lora.r", "32")
        assert "not saved yet · ✔ fits" in shown(app).splitlines()[1]


async def test_leaving_with_unsaved_changes_asks_first(tmp_path: Path) -> None:
    recipe = make_workspace(tmp_path / "desk")
    async with opened(recipe, start="recipe") as (app, pilot):
        await change(app, pilot, "lora.r", "32")
        await pilot.press("ctrl+q")
        assert "triage.toml has changes that are not saved." in shown(app)
        await pilot.press("escape")
        assert "not saved yet" in shown(app)
        await pilot.press("ctrl+q", "l")
        assert not app.is_running


async def test_leaving_a_search_keeps_the_option_that_it_found_in_sight(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk"), start="recipe", size=(80, 24)) as (app, pilot):
        await pilot.press("slash", *"warmup", "escape")
        assert "▸  warmup_steps" in shown(app)
        await pilot.press("escape")
        assert "common options" in shown(app)
        assert "▸  warmup_steps" in shown(app)


async def test_steps_below_one_are_said_to_be_a_share(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk"), start="recipe") as (app, pilot):
        await change(app, pilot, "train.warmup_steps", "0.05")
        assert "0.05 of all steps" in shown(app)
        await change(app, pilot, "train.warmup_steps", "20")
        assert "20 steps" in shown(app)


async def test_a_value_is_turned_by_the_arrows_and_the_estimate_moves_with_it(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk"), start="recipe") as (app, pilot):
        await until(pilot, lambda: "tokens/s" in page_of(app, "#fit"))
        draft = screen_of(app).draft
        assert draft is not None
        before = page_of(app, "#fit")
        screen_of(app).form.go_to("lora.r")
        await pilot.press("right", "right")
        assert tomllib.loads(draft.text)["lora"]["r"] == 64
        assert page_of(app, "#fit") != before, "at once, without waiting"
        await pilot.press("left", "left")
        assert page_of(app, "#fit") == before
        screen_of(app).form.go_to("train.lr_scheduler_type")
        await pilot.press("l")
        assert tomllib.loads(draft.text)["train"]["lr_scheduler_type"] == "constant"


async def test_what_a_value_would_come_to_is_seen_while_it_is_written(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk"), start="recipe") as (app, pilot):
        await until(pilot, lambda: "tokens/s" in page_of(app, "#fit"))
        before = page_of(app, "#fit")
        screen_of(app).form.go_to("lora.r")
        await pilot.press("enter", "0")
        await pilot.pause()
        assert "with r = 160" in shown(app)
        assert page_of(app, "#fit") != before
        await pilot.press("escape")
        await pilot.pause()
        assert page_of(app, "#fit") == before
        assert not screen_of(app).draft.changed  # type: ignore[union-attr]


async def test_a_value_that_goes_wrong_with_another_is_said_while_it_is_written(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk"), start="recipe") as (app, pilot):
        screen_of(app).form.go_to("quantization.load_in_4bit")
        await pilot.press("right", "slash", *"init_lora", "enter", "enter", *"pissa")
        await pilot.pause()
        assert "quantized ones cannot be taken from" in " ".join(shown(app).split())


async def test_options_that_exclude_each_other_are_marked_and_estimated_all_the_same(tmp_path: Path) -> None:
    recipe = make_workspace(tmp_path / "desk")
    recipe.write_text(recipe.read_text() + "[quantization]\nload_in_4bit = true\nload_in_8bit = true\n")
    async with opened(recipe, start="recipe") as (app, pilot):
        await until(pilot, lambda: "tokens/s" in page_of(app, "#fit"))
        assert "! load_in_8bit" in shown(app)
        await pilot.press("r")
        await until(pilot, lambda: "the recipe has problems" in shown(app))


async def test_what_the_model_cannot_take_keeps_a_recipe_from_being_run(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk"), start="recipe") as (app, pilot):
        await until(pilot, lambda: "tokens/s" in page_of(app, "#fit"))
        screen_of(app).form.go_to("train.max_length")
        await pilot.press("right")
        assert "this model reads 512 tokens at most; say 512" in " ".join(shown(app).split())
        await pilot.press("r")
        await until(pilot, lambda: "the recipe has problems" in shown(app))
        assert not (tmp_path / "desk" / "jobs").exists()


async def test_changes_are_marked_against_a_sample_or_the_saved_file(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk"), start="recipe") as (app, pilot):
        screen_of(app).form.go_to("train.learning_rate")
        await pilot.press("right")
        assert "was 0.0002" in shown(app)
        await pilot.press("c", "2")  # the sample for a CPU
        await until(pilot, lambda: "against sample cpu" in shown(app))
        assert "was 0.001" in shown(app)
        await pilot.press("c", "1")
        await until(pilot, lambda: "was 0.0002" in shown(app))
        await pilot.press("u")
        assert "was " not in shown(app)


async def test_the_cheapest_change_that_makes_it_fit_is_set_by_one_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(cores=4, memory=16 * 2**30, cards=(Card("Tesla T4", 15 * 2**30, (7, 5)),))
    for name in ("steps.recipe", "steps.choose", "steps.fit", "tui.recipe_draft"):
        monkeypatch.setattr(f"ftworkbench.{name}.this_machine", lambda: machine)
    recipe = make_workspace(tmp_path / "desk")
    config = json.loads((tmp_path / "desk" / "tiny" / "config.json").read_text())
    config |= {"hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32}
    config |= {"num_key_value_heads": 8, "vocab_size": 128256, "tie_word_embeddings": False}
    (tmp_path / "desk" / "tiny" / "config.json").write_text(json.dumps(config))
    recipe.write_text(recipe.read_text().replace('device = "cpu"\nthreads = 2\n', ""))
    async with opened(recipe, start="recipe") as (app, pilot):
        await until(pilot, lambda: "✘ does not fit" in page_of(app, "#fit"))
        assert "a does it" in page_of(app, "#fit")
        await pilot.press("a")
        assert "✔ fits" in page_of(app, "#fit")
        draft = screen_of(app).draft
        assert draft is not None
        assert tomllib.loads(draft.text)["quantization"] == {"load_in_4bit": True}
        await pilot.press("u")
        assert draft.text == draft.saved


async def test_the_options_of_the_adapter_that_is_not_trained_are_out_of_the_way(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk"), start="recipe") as (app, pilot):
        form = screen_of(app).form
        assert not form.go_to("ia3.target_modules")
        form.go_to("method.adapter")
        await pilot.press("right")
        assert form.go_to("ia3.target_modules")
        assert form.go_to("lora.r"), "the file says it, and that is wrong now"
        assert not form.go_to("lora.lora_alpha")
