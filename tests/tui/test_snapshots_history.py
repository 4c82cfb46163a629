"""Pictures of the history at the sizes that people have. Look at them when they change."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from made_jobs import make_job_folders
from textual.pilot import Pilot
from workbenches import settle, shown, until

from ftworkbench.jobs.marks import change_marks
from ftworkbench.tui.app import Workbench
from ftworkbench.tui.widgets.history_pane import HistoryPane
from ftworkbench.tui.widgets.lines_view import LinesView

Compare = Callable[..., bool]


@pytest.fixture(autouse=True)
def _in_one_time_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_history(snap_compare: Compare, tmp_path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    # The room that a job takes follows from process ids and clocks in its files: a byte more or less at each run.
    monkeypatch.setattr("ftworkbench.steps.history.bytes_of", lambda folder: 1_400_000)
    made = make_job_folders(tmp_path / "support-triage")
    recipe = made.jobs["stopped"].recipe
    recipe.write_text(recipe.read_text().replace("r = 16", "r = 32").replace("0.002", "0.0002"))
    done = made.jobs["done"]
    done.recipe.write_text(done.recipe.read_text() + "\n[launch]\ncost_per_hour = 2.4\n")
    change_marks(done, star=True, note="the one for the demo")

    async def begin(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, Workbench)
        await until(pilot, lambda: "triage" in shown(app))
        await pilot.press("h")
        app.screen.query_one(HistoryPane).jobs.go_to(done.name)
        await until(pilot, lambda: "since" in shown(app))
        await settle(app, pilot)
        for view in app.screen.query(LinesView):
            view.on_resize()
        await pilot.pause()

    assert snap_compare(Workbench(made.workspace, None, start="runs"), terminal_size=size, run_before=begin)
