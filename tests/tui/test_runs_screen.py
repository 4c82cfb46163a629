"""The Runs screen, by its keys, on real job folders."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from made_jobs import Clock, Made, make_job, make_job_folders, open_session
from terminal import workbench
from textual.pilot import Pilot
from workbenches import opened, shown, until

from ftworkbench.jobs.events import EventLog
from ftworkbench.jobs.state import own_state, write_state
from ftworkbench.tui.app import Workbench
from ftworkbench.tui.screens.jobs_screen import JobsScreen
from ftworkbench.tui.widgets.item_list import ItemList


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return make_job_folders(tmp_path / "support-triage")


async def listed(app: Workbench, pilot: Pilot[None]) -> None:
    """Waits until the jobs are there."""
    await until(pilot, lambda: app.screen.query_one(ItemList).count > 0)


async def test_a_lost_job_is_explained_in_words_with_the_step_that_it_can_go_on_from(made: Made) -> None:
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await listed(app, pilot)
        app.screen.query_one(ItemList).go_to(made.jobs["lost"].name)
        await until(pilot, lambda: "Its process is gone" in shown(app))
        await until(pilot, lambda: "from step 200" in shown(app))


async def test_a_failed_job_says_why(made: Made) -> None:
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await listed(app, pilot)
        await pilot.press("G")
        await until(pilot, lambda: "the loss became NaN at step 61" in shown(app))
        await pilot.press("n")
        await until(pilot, lambda: "loss is nan at step 61" in shown(app))


async def test_a_running_job_moves_on_as_its_events_come(made: Made) -> None:
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: "step 126/300" in shown(app))
        log = EventLog(made.jobs["running"].events, 1)
        log.emit("metric", step=127, values={"loss": 0.3377})
        log.emit("progress", what="training", done=127, total=300, unit="steps")
        await until(pilot, lambda: "step 127/300" in shown(app) and "0.338" in shown(app))


async def test_opening_it_again_shows_the_same(made: Made) -> None:
    seen = []
    for _ in range(2):
        async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
            await listed(app, pilot)
            app.screen.query_one(ItemList).go_to(made.jobs["done"].name)
            await until(pilot, lambda app=app: "step 300/300" in shown(app) and "⣀" in shown(app))
            await pilot.pause(1.2)  # a chart is drawn twice a second at most
            seen.append(shown(app))
    assert seen[0] == seen[1]


async def test_stopping_asks_first_and_then_leaves_the_word_to_the_job(made: Made) -> None:
    running = made.jobs["running"]
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: "126/300" in shown(app))
        await pilot.press("s")
        await until(pilot, lambda: "Stop triage" in shown(app))
        await pilot.press("escape")
        assert not running.stop_file.exists()
        await pilot.press("s", "s")
        await until(pilot, running.stop_file.exists)


async def test_what_is_done_cannot_be_stopped(made: Made) -> None:
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await listed(app, pilot)
        app.screen.query_one(ItemList).go_to(made.jobs["done"].name)
        await pilot.press("s")
        await until(pilot, lambda: "does not run; it is done" in shown(app))


async def test_log_and_recipe_of_the_job_are_one_key_away_and_the_same_key_goes_back(made: Made) -> None:
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await listed(app, pilot)
        app.screen.query_one(ItemList).go_to(made.jobs["done"].name)
        await pilot.press("l")
        await until(pilot, lambda: "training on 450 rows" in shown(app))
        assert "100%|####|" in shown(app)
        assert "10%|#   |" not in shown(app)  # a progress bar wrote over it
        await pilot.press("o")
        await until(pilot, lambda: "lora_alpha" in shown(app))
        await pilot.press("o")
        await until(pilot, lambda: "on the validation rows" in shown(app))


async def test_the_next_metric_takes_the_large_chart(made: Made) -> None:
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: "▸loss" in shown(app))
        await pilot.press("m", "m")
        await until(pilot, lambda: "▸learning rate" in shown(app))


async def test_the_chart_is_read_by_a_cursor_and_zoomed_around_it(made: Made) -> None:
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await listed(app, pilot)
        app.screen.query_one(ItemList).go_to(made.jobs["done"].name)
        await until(pilot, lambda: "step 300/300" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "step 300  loss" in shown(app))
        await pilot.press("left", "left")
        await until(pilot, lambda: "step 298  loss" in shown(app) and "gradient norm" in shown(app))
        await pilot.press("home", "plus", "plus")
        await until(pilot, lambda: "step 1  loss" in shown(app) and " 75 " in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: "step 1  loss" not in shown(app))
        assert app.screen.focused is app.screen.query_one(ItemList)


async def test_a_step_back_begins_at_the_step_that_is_seen_though_the_curve_has_grown_since(made: Made) -> None:
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: "step 126/300" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "step 126  loss" in shown(app))
        assert isinstance(app.screen, JobsScreen)
        assert app.screen.telling is not None
        app.screen.telling.story.metrics["loss"].append((127, 0.4))
        await pilot.press("left")
        await until(pilot, lambda: "step 125  loss" in shown(app))


async def test_the_focus_goes_along_when_what_had_it_is_hidden_and_back_to_the_jobs(made: Made) -> None:
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: "step 126/300" in shown(app))
        await pilot.press("enter", "l")
        await until(pilot, lambda: app.screen.focused is app.screen.query_one("#log"))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen.focused is app.screen.query_one(ItemList))


async def test_marked_runs_are_drawn_over_each_other_by_signs_and_names_until_all_are_let_go(made: Made) -> None:
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await listed(app, pilot)
        for name in ("done", "stopped"):
            app.screen.query_one(ItemList).go_to(made.jobs[name].name)
            await pilot.press("space")
        names = [f"━{sign}━ {made.jobs[name].short}" for sign, name in (("●", "done"), ("▲", "stopped"))]
        await until(pilot, lambda: all(name in shown(app) for name in names))
        assert shown(app).count("▲") > 3
        app.screen.query_one(ItemList).go_to(made.jobs["lost"].name)
        await until(pilot, lambda: f"━■━ {made.jobs['lost'].short}" in shown(app))
        await pilot.press("enter", "left")
        await until(pilot, lambda: "step 209  ■" in shown(app))  # the stopped one had ended before
        await pilot.press("escape", "escape")
        await until(pilot, lambda: "each step" in shown(app))


async def test_only_a_training_is_marked(made: Made) -> None:
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await listed(app, pilot)
        app.screen.query_one(ItemList).go_to(made.jobs["merged"].name)
        await pilot.press("space")
        await until(pilot, lambda: "is no training job" in shown(app))


async def test_from_a_step_of_the_chart_to_the_rows_that_it_took_and_their_review(made: Made) -> None:
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await listed(app, pilot)
        app.screen.query_one(ItemList).go_to(made.jobs["done"].name)
        await until(pilot, lambda: "step 300/300" in shown(app))
        await pilot.press("enter", "left", "enter")
        await until(pilot, lambda: "step 299: 4 rows" in shown(app))
        lines = [line for line in shown(app).splitlines() if line[1:].lstrip("▸ ").startswith("·")]
        assert len(lines) == 4
        await pilot.press("x")
        await until(pilot, lambda: "4 rows, 1 decided" in shown(app))
        await pilot.press("q")
        await until(pilot, lambda: "of 80 kept" in shown(app) and "step 299" not in shown(app))


async def test_a_step_whose_rows_nobody_wrote_down_says_so(made: Made) -> None:
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await listed(app, pilot)
        app.screen.query_one(ItemList).go_to(made.jobs["lost"].name)
        await until(pilot, lambda: "step 210/300" in shown(app))
        await pilot.press("enter", "enter")
        await until(pilot, lambda: "has not written down" in shown(app))


async def test_the_answers_to_held_out_prompts_stand_by_step_beside_what_is_expected(made: Made) -> None:
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await listed(app, pilot)
        app.screen.query_one(ItemList).go_to(made.jobs["done"].name)
        await pilot.press("a")
        await until(pilot, lambda: "3 held-out prompts   as expected: 1 → 2 → 3 at step 300" in shown(app))
        assert '200 to 300 ✔  {"queue": "account"' in shown(app)


async def test_what_the_curves_say_stands_at_the_head_and_what_to_do_among_the_notices(made: Made) -> None:
    log = EventLog(made.jobs["running"].events, 1)
    for step in range(127, 220):
        log.emit("metric", step=step, values={"loss": 0.6 + (step - 126) * 0.02, "learning_rate": 0.002})
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: "The loss rises since about step 1" in shown(app))
        await pilot.press("n")
        await until(pilot, lambda: "a third, or with a" in shown(app))


async def test_the_gauges_of_a_card_are_shown_where_there_are_some(made: Made) -> None:
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: "step 126/300" in shown(app))
        assert "GPU" not in shown(app)
        gauges = {"gpu_percent": 97.0, "gpu_celsius": 71.0, "gpu_watts": 612.0, "gpu_gib": 43.2}
        EventLog(made.jobs["running"].events, 1).emit("metric", step=127, values={"loss": 0.4, **gauges})
        await until(pilot, lambda: "43.2 GiB  GPU 97%  71 °C  612 W" in shown(app))


@pytest.mark.parametrize("size", [(20, 6), (40, 10), (80, 24), (250, 70)])
async def test_any_size_of_terminal_shows_a_run_and_its_chart(made: Made, size: tuple[int, int]) -> None:
    async with opened(None, start="runs", root=made.workspace.root, size=size) as (app, pilot):
        await until(pilot, lambda: app.screen.query_one(ItemList).count > 0)
        app.screen.query_one(ItemList).go_to(made.jobs["done"].name)
        await pilot.press("space", "k", "space", "enter", "left", "plus", "m", "escape", *"aalnot")
        await pilot.pause()


async def test_events_that_nobody_would_write_leave_the_screen_as_it_is(made: Made) -> None:
    events = made.jobs["running"].events
    with events.open("a") as file:
        file.write('{"seq": 9001, "t": 1, "kind": "metric", "step": "x", "values": {"loss": NaN}}\n')
        file.write('{"seq": 9002, "t": 1, "kind": "metric", "step": 1e400, "values": {"loss": 1e400}}\n')
        file.write('{"seq": 9003, "t": 1, "kind": "metric", "step": -5, "values": [1]}\n')
        file.write('{"seq": 9004, "t": 1, "kind": "sample", "step": null, "prompt": {"a": 1}, "answer": 7}\n')
        file.write('{"seq": 9005, "t": 1, "kind": "evaluation", "values": {"eval_loss": null}}\n')
        file.write('{"seq": 9006, "kind": "metric"}\nnot json\n\x00\n')
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: "step 126/300" in shown(app))
        await pilot.press("enter", "left", "escape", "a", "n", "t")
        await pilot.pause()


async def test_the_newest_job_stands_first_and_each_phase_has_a_sign_of_its_own(made: Made) -> None:
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: "failed" in shown(app))
        signs = [line[2:].lstrip()[0] for line in shown(app).splitlines()[2:9]]
        assert signs == ["●", "✔", "✔", "✔", "?", "■", "✘"]


async def test_sessions_stand_below_all_else_and_none_is_chosen_by_itself(made: Made) -> None:
    session = open_session(made)
    async with opened(None, start="runs", root=made.workspace.root, size=(120, 40)) as (app, pilot):
        await until(pilot, lambda: "session" in shown(app) and "step 126/300" in shown(app))
        lines = shown(app).splitlines()[2:10]
        assert "session   open" in lines[-1]
        assert session.short in lines[-1]
        assert app.selected_job == made.jobs["running"].name


async def test_a_queued_job_says_which_job_it_waits_for(made: Made) -> None:
    queued = make_job(made.workspace, "train", Clock(2e9))
    words = f"waits for {made.jobs['running'].short} (train)"
    write_state(queued, own_state("queued", 1, words))
    EventLog(queued.events, 1).emit("phase", phase="queued", why=words)
    async with opened(None, start="runs", root=made.workspace.root, size=(80, 24)) as (app, pilot):
        await until(pilot, lambda: words in shown(app))


async def test_an_empty_workspace_says_where_to_begin(tmp_path: Path) -> None:
    async with opened(None, start="runs", root=tmp_path) as (app, _):
        assert "The Recipe screen (2)" in shown(app)


def test_a_key_that_moves_the_focus_is_answered_by_one_picture(made: Made) -> None:
    with workbench(made.workspace.root, 120, 40) as terminal:
        terminal.press("3")
        terminal.wait("126/300")
        terminal.press("G")  # the failed one: nothing else changes meanwhile
        terminal.settle(0.8)
        for key in ("enter", "esc"):
            before = len(terminal.raw)
            terminal.press(key)
            assert terminal.raw.count(b"\x1b[?2026h", before) == 1
            assert len(terminal.raw) - before < 4096


def test_watching_a_run_sends_no_more_than_four_kilobytes_a_second(made: Made) -> None:
    log = EventLog(made.jobs["running"].events, 1)
    with workbench(made.workspace.root, 120, 40) as terminal:
        terminal.press("3")
        terminal.wait("126/300")
        terminal.settle(0.8)
        before, began, step = len(terminal.raw), time.monotonic(), 127
        while time.monotonic() - began < 4:
            values = {
                "loss": 0.5 - step / 1000 + step % 7 * 0.02,
                "grad_norm": 0.5 + step % 5 * 0.1,
                "tokens_per_second": 2000.0,
            }
            log.emit("metric", step=step, epoch=step / 100, values=values)
            log.emit("progress", what="training", done=step, total=300, unit="steps")
            step += 1
            terminal.settle(quiet=1.0, seconds=0.2)
        assert 100 < (len(terminal.raw) - before) / (time.monotonic() - began) < 4096
