"""Pictures of the Data and Recipe screens at the sizes that people have. Look at them when they change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from workbenches import chat, make_workspace, settle, shown, ticket_rows, until

from ftworkbench.machine import Machine
from ftworkbench.tui.app import Workbench
from ftworkbench.tui.widgets.lines_view import LinesView
from ftworkbench.workspace import Workspace

SIZES = [(80, 24), (120, 40)]
Compare = Callable[..., bool]


@pytest.fixture(autouse=True)
def _a_machine_that_is_the_same_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(cores=8, memory=32 * 2**30)
    for name in ("steps.recipe", "steps.choose", "steps.fit", "tui.recipe_draft"):
        monkeypatch.setattr(f"ftworkbench.{name}.this_machine", lambda: machine)


def bench(folder: Path, start: str) -> Workbench:
    rows = ticket_rows(40)
    rows[3] = chat("Card arrived broken, need a new one!\nI wrote twice already.", "")
    rows[8] = rows[2]
    rows[11] = chat("Please call me on +44 20 7946 0958 or mail jo.smith@example.org.", '{"queue": "account"}')
    recipe = make_workspace(folder / "support-triage", rows)
    return Workbench(Workspace(recipe.parent), recipe, start=start)


@pytest.mark.parametrize("size", SIZES)
def test_data(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    async def review(pilot: Pilot[None]) -> None:
        await settle(pilot.app, pilot)  # type: ignore[arg-type]
        await pilot.press("a", "x", "t", *"late", "enter", "j")

    assert snap_compare(bench(tmp_path, "data"), terminal_size=size, run_before=review)


@pytest.mark.parametrize("size", SIZES)
def test_data_after_a_check(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    async def check(pilot: Pilot[None]) -> None:
        await settle(pilot.app, pilot)  # type: ignore[arg-type]
        await pilot.press("c")
        await until(pilot, lambda: type(pilot.app.screen).__name__ == "ProblemList")

    assert snap_compare(bench(tmp_path, "data"), terminal_size=size, run_before=check)


@pytest.mark.parametrize("size", SIZES)
def test_help(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    async def ask(pilot: Pilot[None]) -> None:
        await settle(pilot.app, pilot)  # type: ignore[arg-type]
        await pilot.press("question_mark")

    assert snap_compare(bench(tmp_path, "data"), terminal_size=size, run_before=ask)


def said_in(view: LinesView, words: str) -> bool:
    return any(words in strip.text for strip in view._strips)


@pytest.mark.parametrize("size", SIZES)
def test_recipe(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    async def change(pilot: Pilot[None]) -> None:
        await settle(pilot.app, pilot)  # type: ignore[arg-type]
        fit = pilot.app.screen.query_one("#fit", LinesView)
        narrow = size[0] < 100
        await until(pilot, lambda: "✔ fits" in shown(pilot.app) if narrow else said_in(fit, "tokens/s"))
        await pilot.press(*"jjjjj", "enter", "backspace", "4", "enter")
        await settle(pilot.app, pilot)  # type: ignore[arg-type]
        await pilot.pause(0.5)
        await settle(pilot.app, pilot)  # type: ignore[arg-type]

    assert snap_compare(bench(tmp_path, "recipe"), terminal_size=size, run_before=change)
