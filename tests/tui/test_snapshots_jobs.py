"""Pictures of Runs, Compare, Evaluate and Ship at the sizes that people have. Look at them when they change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from made_jobs import START, answer, make_job_folders, open_session
from textual.pilot import Pilot
from workbenches import settle, shown, until

from ftworkbench.tui.app import Workbench
from ftworkbench.tui.widgets.lines_view import LinesView

SIZES = [(80, 24), (120, 40)]
Compare = Callable[..., bool]


@pytest.fixture(autouse=True)
def _at_a_fixed_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("widgets.run_view", "screens.evaluate", "screens.ship"):
        monkeypatch.setattr(f"ftworkbench.tui.{module}.clock", lambda: START + 900)


async def at_rest(pilot: Pilot[None], wanted: str) -> None:
    app = pilot.app
    assert isinstance(app, Workbench)
    await until(pilot, lambda: wanted in shown(app), 10)
    await settle(app, pilot)
    # A picture holds how its lines are cut into pieces, too: that differs while a scroll bar comes and goes.
    for view in app.screen.query(LinesView):
        view.on_resize()
    await pilot.pause()


@pytest.mark.parametrize("size", SIZES)
def test_runs(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    made = make_job_folders(tmp_path / "support-triage")

    async def begin(pilot: Pilot[None]) -> None:
        await at_rest(pilot, "┤")

    assert snap_compare(Workbench(made.workspace, None, start="runs"), terminal_size=size, run_before=begin)


@pytest.mark.parametrize("size", SIZES)
def test_evaluate(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    made = make_job_folders(tmp_path / "support-triage")

    async def begin(pilot: Pilot[None]) -> None:
        await at_rest(pilot, "reference")

    assert snap_compare(Workbench(made.workspace, None, start="evaluate"), terminal_size=size, run_before=begin)


@pytest.mark.parametrize("size", SIZES)
def test_compare(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    made = make_job_folders(tmp_path / "support-triage")
    session = open_session(made)

    async def begin(pilot: Pilot[None]) -> None:
        await at_rest(pilot, "validation row 1")
        await pilot.press("enter")
        await until(pilot, session.requests.exists)
        answer(session, "zero-shot", '{"queue": "delivery", "urgency": "high"}', adapter=False)
        answer(session, "tuned", '{"queue": "returns", "urgency": "high"}', adapter=True)
        await at_rest(pilot, "adapter 8d3f0c1b")

    assert snap_compare(Workbench(made.workspace, None, start="compare"), terminal_size=size, run_before=begin)


@pytest.mark.parametrize("size", SIZES)
def test_ship(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    made = make_job_folders(tmp_path / "support-triage")

    async def begin(pilot: Pilot[None]) -> None:
        await at_rest(pilot, "proved")

    assert snap_compare(Workbench(made.workspace, None, start="ship"), terminal_size=size, run_before=begin)
