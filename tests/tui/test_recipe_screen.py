"""The Recipe screen, by its keys."""

from __future__ import annotations

import tomllib
from pathlib import Path

from textual.app import App
from workbenches import make_workspace, opened, settle, shown, until

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
