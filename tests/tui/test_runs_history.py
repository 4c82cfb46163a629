"""The history, the marks, the bin and the queue on the Runs screen, by their keys, on real job folders."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_jobs import Made, make_job_folders
from terminal import workbench
from textual.pilot import Pilot
from workbenches import opened, settle, shown, until

from ftworkbench.jobs import queue
from ftworkbench.jobs.bin import binned, remove, restore
from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.events import EventLog
from ftworkbench.jobs.folder import Job, list_jobs
from ftworkbench.jobs.marks import Marks, change_marks, read_marks
from ftworkbench.jobs.state import own_state, write_state
from ftworkbench.tui.app import Workbench
from ftworkbench.tui.widgets.history_pane import HistoryPane


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Jobs of every kind; the stopped one had another rank, so that it and the next one changed something."""
    made = make_job_folders(tmp_path / "support-triage")
    recipe = made.jobs["stopped"].recipe
    recipe.write_text(recipe.read_text().replace("r = 16", "r = 32"))
    return made


async def remembers(app: Workbench, pilot: Pilot[None], on: Job) -> None:
    """Opens the history, with the cursor on this job."""
    await until(pilot, lambda: "triage" in shown(app))
    await pilot.press("h")
    await until(pilot, lambda: "changed" in shown(app))
    app.screen.query_one(HistoryPane).jobs.go_to(on.name)
    await settle(app, pilot)


def line_of(app: Workbench, job: Job) -> str:
    """The line that begins with the job's name; empty where there is none."""
    return next((line for line in shown(app).splitlines() if job.short in line[:30]), "")


async def test_the_history_has_every_job_with_changes_loss_verdict_time_and_size(made: Made) -> None:
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await remembers(app, pilot, made.jobs["lost"])
        for job in list_jobs(made.workspace):
            assert job.short in shown(app)
        done = line_of(app, made.jobs["done"])
        assert [word for word in ("0.242", "better", "2m 10s", "1.4 MB") if word not in done] == []
        assert "r 32 → 16" in line_of(app, made.jobs["lost"])
        assert f"r 32 → 16  since {made.jobs['stopped'].short}" in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: "from step 200" in shown(app))  # the run of the job that the cursor was on
        assert app.selected_job == made.jobs["lost"].name


async def test_escape_leaves_the_history_and_h_comes_back_to_the_same_job(made: Made) -> None:
    async with opened(None, start="runs", root=made.workspace.root, size=(80, 24)) as (app, pilot):
        await remembers(app, pilot, made.jobs["stopped"])
        await pilot.press("escape")
        await until(pilot, lambda: "curves" in shown(app))
        await pilot.press("h")
        await until(pilot, lambda: f"▸  ■ {made.jobs['stopped'].short}" in shown(app))


async def test_a_star_and_a_note_are_kept_and_those_of_another_workbench_come_by_themselves(made: Made) -> None:
    job, other = made.jobs["done"], made.jobs["lost"]
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await remembers(app, pilot, job)
        await pilot.press("asterisk", "N")
        await until(pilot, lambda: "Note on" in shown(app))
        await pilot.press(*"best", "enter")
        await until(pilot, lambda: "best" in line_of(app, job) and "★" in line_of(app, job))
        assert read_marks(job) == Marks(star=True, note="best")
        change_marks(other, note="from elsewhere")
        await until(pilot, lambda: "from elsewhere" in line_of(app, other))
        await pilot.press("asterisk")
        await until(pilot, lambda: not read_marks(job).star)


async def test_jobs_are_found_by_their_notes_and_escape_shows_all_again(made: Made) -> None:
    change_marks(made.jobs["lost"], note="too fast")
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await remembers(app, pilot, made.jobs["done"])
        await pilot.press("slash", *"fast", "enter")
        await until(pilot, lambda: "1 of 7 jobs" in shown(app))
        assert made.jobs["lost"].short in shown(app)
        assert made.jobs["failed"].short not in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: made.jobs["failed"].short in shown(app))


async def test_two_recipes_are_compared_and_the_job_before_is_proposed(made: Made) -> None:
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await remembers(app, pilot, made.jobs["lost"])
        await pilot.press("d")
        await until(pilot, lambda: "Compare" in shown(app))
        await pilot.press("enter")
        title = f"{made.jobs['stopped'].short} → {made.jobs['lost'].short}"
        await until(pilot, lambda: title in shown(app))
        line = next(line for line in shown(app).splitlines() if "32" in line and "16" in line and " r " in line)
        assert line.index("32") < line.index("16")
        assert "[lora]" in shown(app)
        await pilot.press("q")
        await until(pilot, lambda: title not in shown(app))


async def test_a_recipe_that_is_gone_is_said_when_it_is_asked_for(made: Made) -> None:
    (made.workspace.root / "triage.toml").unlink()
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await remembers(app, pilot, made.jobs["lost"])
        await pilot.press("D")
        await until(pilot, lambda: "its recipe is not in the workspace any more" in shown(app))


async def test_a_removed_job_goes_with_a_question_and_comes_back_with_u(made: Made) -> None:
    job = made.jobs["done"]
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await remembers(app, pilot, job)
        await pilot.press("X")
        await until(pilot, lambda: f"Remove {job.short}?" in shown(app))
        assert f"{made.jobs['evaluated'].short} (evaluate)" in shown(app)
        await pilot.press("X")
        await until(pilot, lambda: "is in the bin; u brings it back" in shown(app))
        await until(pilot, lambda: f"of {job.short} (removed)" in line_of(app, made.jobs["evaluated"]))
        assert [each.job.name for each in binned(made.workspace)] == [job.name]
        history = app.screen.query_one(HistoryPane)
        assert history.item is not None
        assert history.item["job"] == made.jobs["lost"].name  # the next one below, not the top
        await until(pilot, lambda: "1 removed, 1.4 MB in the bin" in shown(app))
        await pilot.press("u")
        await until(pilot, lambda: f"{job.short} is back" in shown(app))
        await until(pilot, lambda: "1.4 MB" in line_of(app, job))


async def test_a_job_that_runs_is_not_removed_and_an_empty_bin_says_so(made: Made) -> None:
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await remembers(app, pilot, made.jobs["running"])
        await pilot.press("X")
        await until(pilot, lambda: "Remove" in shown(app))
        await pilot.press("X")
        await until(pilot, lambda: "stop it before you remove it" in shown(app))
        await pilot.press("u")
        await until(pilot, lambda: "the bin is empty" in shown(app))


async def test_what_another_workbench_removes_is_gone_here_as_well(made: Made) -> None:
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await remembers(app, pilot, made.jobs["done"])
        remove(made.jobs["failed"])
        await until(pilot, lambda: made.jobs["failed"].short not in shown(app))


async def test_the_other_screens_stand_a_removal(made: Made) -> None:
    train, evaluation = made.jobs["done"], made.jobs["evaluated"]
    async with opened(None, start="evaluate", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: f"{train.short} against few-shot-6" in shown(app))
        await pilot.press("4")
        await until(pilot, lambda: train.short in shown(app))
        remove(train)
        await until(pilot, lambda: train.short not in shown(app))
        await pilot.press("6")
        await until(pilot, lambda: "Nothing was tuned" in shown(app))
        await pilot.press("5")
        await until(pilot, lambda: f"{train.short} (removed) against few-shot-6" in shown(app))
        remove(evaluation)
        await until(pilot, lambda: "few-shot-6" not in shown(app))
        await pilot.press("left_square_bracket", "right_square_bracket")
        restore(binned(made.workspace)[0].job)
        await pilot.press("4")
        await until(pilot, lambda: train.short in shown(app))
        assert not [note for note in app._notifications if note.severity == "error"]


async def test_only_training_is_run_again(made: Made) -> None:
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await remembers(app, pilot, made.jobs["merged"])
        await pilot.press("R")
        await until(pilot, lambda: "only training is run again" in shown(app))
        app.screen.query_one(HistoryPane).jobs.go_to(made.jobs["done"].name)
        await pilot.press("R")
        await until(pilot, lambda: f"Run {made.jobs['done'].short} again?" in shown(app))


_WAIT = """
import sys
from pathlib import Path
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.queue import LeftQueueError, take_device
from ftworkbench.jobs.state import own_state, write_state
job = Job(Path(sys.argv[1]))
write_state(job, own_state("queued", 1))
try:
    take_device("cpu", job, lambda words: print(words, flush=True), job.stop_file.exists)
except LeftQueueError:
    write_state(job, own_state("stopped", 1))
"""


@pytest.fixture
def waiting(made: Made) -> Iterator[list[Job]]:
    """Two jobs that really wait for the CPU, which the running one has."""
    lease = queue.take_device("cpu", made.jobs["running"], print, lambda: False)
    jobs, workers = [], []
    for _ in range(2):
        job = create_job(made.workspace, "train", "", {"recipe": "triage", "args": {}, "hashes": {}})
        worker = subprocess.Popen([sys.executable, "-c", _WAIT, str(job.path)], stdout=subprocess.PIPE, text=True)
        assert worker.stdout is not None
        worker.stdout.readline()
        jobs.append(job)
        workers.append(worker)
    yield jobs
    for job in jobs:
        job.stop_file.touch()
    for worker in workers:
        worker.communicate(timeout=30)
    lease.release()


async def test_the_queue_is_shown_in_order_and_changed_by_keys(made: Made, waiting: list[Job]) -> None:
    first, second = waiting
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: second.short in shown(app))
        await pilot.press("Q")
        await until(pilot, lambda: "Queue" in shown(app) and "waits" in shown(app))

        def order() -> list[str]:
            lines = [line for line in shown(app).splitlines() if "cpu" in line]
            return [next(job.short for job in list_jobs(made.workspace) if job.short in line) for line in lines]

        running = made.jobs["running"].short
        assert order() == [running, first.short, second.short]
        queue.move("cpu", second, -1)  # as another workbench would
        await until(pilot, lambda: order() == [running, second.short, first.short])
        await pilot.press("G", "K")
        await until(pilot, lambda: order() == [running, first.short, second.short])
        await pilot.press("J")  # the cursor went with the job
        await until(pilot, lambda: order() == [running, second.short, first.short])
        await pilot.press("x")
        await until(pilot, lambda: order() == [running, second.short])
        await pilot.press("g", "x")
        await until(pilot, lambda: "has the device" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: "stopped" in line_of(app, first))


async def test_a_hostile_note_reaches_the_screen_as_text(made: Made) -> None:
    change_marks(made.jobs["done"], note="\x1b[31mred [bold]x[/]\u202e")
    write_state(made.jobs["running"], own_state("running", 1))
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await remembers(app, pilot, made.jobs["done"])
        assert "\x1b" not in shown(app)
        assert "\u202e" not in shown(app)
        assert "[bold]x[/]" in shown(app)


def test_watching_a_run_in_the_history_sends_no_more_than_four_kilobytes_a_second(made: Made) -> None:
    log = EventLog(made.jobs["running"].events, 1)
    with workbench(made.workspace.root, 120, 40) as terminal:
        terminal.press("3")
        terminal.wait("126/300")
        terminal.press("h")
        terminal.wait("changed")
        terminal.settle(0.8)
        before, began, step = len(terminal.raw), time.monotonic(), 127
        while time.monotonic() - began < 4:
            log.emit("metric", step=step, epoch=step / 100, values={"loss": 2 - step / 300})
            log.emit("evaluation", step=step, name="validation", values={"eval_loss": 0.7 - step / 1000})
            log.emit("progress", what="training", done=step, total=300, unit="steps")
            step += 1
            terminal.settle(quiet=1.0, seconds=0.2)
        assert 100 < (len(terminal.raw) - before) / (time.monotonic() - began) < 4096
