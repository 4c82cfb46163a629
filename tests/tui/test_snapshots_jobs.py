"""Pictures of Runs, Compare, Evaluate and Ship at the sizes that people have. Look at them when they change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from made_jobs import START, add_details, answer, make_job_folders, open_session
from textual.pilot import Pilot
from workbenches import settle, shown, until

from ftworkbench.jobs.folder import Job
from ftworkbench.tui.app import Workbench
from ftworkbench.tui.widgets.job_list import JobList
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


async def choose(pilot: Pilot[None], job: Job, wanted: str) -> None:
    """Puts the cursor on a job of the Runs screen, and waits until its story was told."""
    app = pilot.app
    assert isinstance(app, Workbench)
    await until(pilot, lambda: app.screen.query_one(JobList).go_to(job.name), 10)
    await until(pilot, lambda: wanted in shown(app), 10)


@pytest.mark.parametrize("size", SIZES)
def test_runs(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    made = make_job_folders(tmp_path / "support-triage")

    async def begin(pilot: Pilot[None]) -> None:
        await at_rest(pilot, "┤")

    assert snap_compare(Workbench(made.workspace, None, start="runs"), terminal_size=size, run_before=begin)


@pytest.mark.parametrize("size", SIZES)
def test_runs_read_by_the_cursor(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    made = make_job_folders(tmp_path / "support-triage")

    async def begin(pilot: Pilot[None]) -> None:
        await choose(pilot, made.jobs["done"], "step 300/300")
        await pilot.press("enter", "pageup", "pageup", "pageup", "pageup", "plus")
        await at_rest(pilot, "smoothed 0.")

    assert snap_compare(Workbench(made.workspace, None, start="runs"), terminal_size=size, run_before=begin)


@pytest.mark.parametrize("size", SIZES)
def test_runs_over_each_other(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    made = make_job_folders(tmp_path / "support-triage")

    async def begin(pilot: Pilot[None]) -> None:
        for name, step in (("stopped", 150), ("lost", 210), ("done", 300)):
            await choose(pilot, made.jobs[name], f"step {step}/300")
            await pilot.press("space")
        await at_rest(pilot, f"━▲━ {made.jobs['lost'].short} 0.")

    app = Workbench(made.workspace, None, start="runs")
    app.theme = "harbor"  # the one that is safe for colour-blind eyes
    assert snap_compare(app, terminal_size=size, run_before=begin)


@pytest.mark.parametrize("size", SIZES)
def test_answers_by_step(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    made = make_job_folders(tmp_path / "support-triage")

    async def begin(pilot: Pilot[None]) -> None:
        await choose(pilot, made.jobs["done"], "step 300/300")
        await pilot.press("a")
        await at_rest(pilot, "held-out prompts")

    assert snap_compare(Workbench(made.workspace, None, start="runs"), terminal_size=size, run_before=begin)


@pytest.mark.parametrize("size", SIZES)
def test_evaluate(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    made = make_job_folders(tmp_path / "support-triage")

    async def begin(pilot: Pilot[None]) -> None:
        await at_rest(pilot, "reference")

    assert snap_compare(Workbench(made.workspace, None, start="evaluate"), terminal_size=size, run_before=begin)


@pytest.mark.parametrize("size", SIZES)
def test_evaluate_beneath_the_scores(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    made = make_job_folders(tmp_path / "support-triage")
    add_details(made.jobs["evaluated"])

    async def begin(pilot: Pilot[None]) -> None:
        await at_rest(pilot, "reference")
        await pilot.press("l")
        await at_rest(pilot, "confusion matrix")

    assert snap_compare(Workbench(made.workspace, None, start="evaluate"), terminal_size=size, run_before=begin)


@pytest.mark.parametrize("size", SIZES)
def test_compare(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    made = make_job_folders(tmp_path / "support-triage")
    session = open_session(made)

    async def begin(pilot: Pilot[None]) -> None:
        await at_rest(pilot, "validation row 1")
        await pilot.press("enter")
        await until(pilot, session.requests.exists)
        answer(session, "few-shot-6", '{"queue": "delivery", "urgency": "high"}', adapter=False)
        answer(session, "tuned", '{"queue": "returns", "urgency": "high"}', adapter=True)
        await at_rest(pilot, "adapter 8d3f0c1b")

    assert snap_compare(Workbench(made.workspace, None, start="compare"), terminal_size=size, run_before=begin)


@pytest.mark.parametrize("size", SIZES)
def test_ship(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    made = make_job_folders(tmp_path / "support-triage")

    async def begin(pilot: Pilot[None]) -> None:
        await at_rest(pilot, "proved")

    assert snap_compare(Workbench(made.workspace, None, start="ship"), terminal_size=size, run_before=begin)
