"""The Evaluate screen, by its keys, on evaluations as the worker leaves them."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_jobs import Clock, Made, make_job, make_job_folders, measure, outputs
from workbenches import opened, shown, until

from ftworkbench.evaluate.outputs import append_outputs
from ftworkbench.files import read_json, write_json
from ftworkbench.jobs.events import EventLog
from ftworkbench.jobs.state import own_state, write_state
from ftworkbench.tui.app import Workbench
from ftworkbench.tui.widgets.flip_list import FlipList


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return make_job_folders(tmp_path / "support-triage")


async def test_the_verdict_is_said_in_words_with_the_figures_it_rests_on(made: Made) -> None:
    async with opened(None, start="evaluate", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: "✔ BETTER" in shown(app))
        for words in ("+34.4 points", "90.0% tuned against 55.6% prompted, by json_match", "p = 4.4e-13", "n = 180"):
            await until(pilot, lambda words=words: words in shown(app))  # type: ignore[misc]
        await until(pilot, lambda: "few-shot-6  ◂" in shown(app))


async def test_the_flips_come_first_and_one_kind_of_row_can_be_had_alone(made: Made) -> None:
    async with opened(None, start="evaluate", root=made.workspace.root) as (app, pilot):
        flips = app.screen.query_one(FlipList)
        await until(pilot, lambda: len(flips.items) == 180)
        fates = [pair.fate for pair in flips.items]
        assert fates == sorted(fates, key=("lost", "gained", "wrong", "right").index)
        await pilot.press("f")
        await until(pilot, lambda: len(flips.items) == fates.count("lost"))
        assert {pair.fate for pair in flips.items} == {"lost"}
        await pilot.press("f", "f", "f", "f")
        await until(pilot, lambda: len(flips.items) == 180)


async def test_a_row_shows_both_answers_and_all_that_was_sent_when_asked(made: Made) -> None:
    async with opened(None, start="evaluate", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: "reference" in shown(app))
        assert "✘" in shown(app)
        assert "Route the support ticket" not in shown(app)
        await pilot.press("p")
        await until(pilot, lambda: "Route the support ticket" in shown(app))


async def test_rows_appear_while_it_measures(made: Made) -> None:
    job = make_job(made.workspace, "evaluate", Clock(2e9), {"job": str(made.jobs["done"].path), "baseline": None})
    log = EventLog(job.events, 1)
    log.emit("phase", phase="running", why="")
    log.emit("progress", what="test.few-shot-6", done=20, total=180, unit="rows")
    append_outputs(job.outputs / "test.few-shot-6.jsonl", outputs(0.5, 20, 5))
    write_state(job, own_state("running", 1))
    async with opened(None, start="evaluate", root=made.workspace.root) as (app, pilot):
        flips = app.screen.query_one(FlipList)
        await until(pilot, lambda: len(flips.items) == 20)
        await until(pilot, lambda: "test.few-shot-6 20/180 rows" in shown(app))
        append_outputs(job.outputs / "test.tuned.jsonl", outputs(0.9, 10, 6))
        await until(pilot, lambda: sum(pair.fate != "alone" for pair in flips.items) == 10)


async def test_a_measurement_that_is_launched_elsewhere_takes_the_place_of_the_one_before(made: Made) -> None:
    async with opened(None, start="evaluate", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: "✔ BETTER" in shown(app))
        app.switch_mode("runs")
        await pilot.pause()
        job = make_job(made.workspace, "evaluate", Clock(2e9), {"job": str(made.jobs["done"].path), "baseline": None})
        write_state(job, own_state("running", 1))
        log = EventLog(job.events, 1)
        log.emit("phase", phase="running", why="")
        log.emit("progress", what="test.tuned", done=20, total=180, unit="rows")
        app.job_started(job, "measuring", show="evaluate")
        await until(pilot, lambda: "test.tuned 20/180 rows" in shown(app))
        assert "BETTER" not in shown(app)


async def test_without_a_baseline_the_verdict_says_so_and_what_to_do(made: Made) -> None:
    job = made.jobs["evaluated"]
    found = read_json(job.verdict)
    found["verdict"] = {"word": "no baseline", "metric": "json_match", "n": 180, "tuned": 0.9, "difference": None}
    write_json(job.verdict, found)
    async with opened(None, start="evaluate", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: "NO BASELINE" in shown(app))
        await until(pilot, lambda: "nothing can be said to be better" in shown(app))
        assert "BETTER " not in shown(app)


async def test_a_result_that_cannot_be_read_is_told_once(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    job = made.jobs["evaluated"]
    found = read_json(job.verdict)
    write_json(job.verdict, {**found, "verdict": {**found["verdict"], "metric": "of a newer version"}})
    told: list[str] = []
    monkeypatch.setattr(Workbench, "tell", lambda self, text, severity="information": told.append(text))
    async with opened(None, start="evaluate", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: told)
        for _ in range(3):
            app.screen.show_jobs(list(app.screen.entries.values()))  # as whenever somebody looked at the jobs
            await pilot.pause(0.1)
    assert len(told) == 1
    assert told[0].startswith(f"{job.short}: what it found cannot be read")


async def test_an_older_evaluation_is_a_key_away(made: Made) -> None:
    newer = make_job(made.workspace, "evaluate", Clock(2e9), {"job": None, "baseline": None})
    async with opened(None, start="evaluate", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: "2 of 2" in shown(app))
        assert newer.name not in shown(app)
        await pilot.press("[")
        await until(pilot, lambda: "1 of 2" in shown(app) and "BETTER" in shown(app))


async def test_at_80_columns_the_progress_of_a_measurement_is_in_sight(made: Made) -> None:
    job = make_job(made.workspace, "evaluate", Clock(2e9), {"job": str(made.jobs["done"].path), "baseline": None})
    log = EventLog(job.events, 1)
    log.emit("phase", phase="queued", why="waits for triage-7d59 (train)")
    write_state(job, own_state("queued", 1))
    async with opened(None, start="evaluate", root=made.workspace.root, size=(80, 24)) as (app, pilot):
        await until(pilot, lambda: "waits for triage-7d59 (train)" in shown(app))
        log.emit("phase", phase="running", why="")
        log.emit("progress", what="test.few-shot-6", done=20, total=180, unit="rows")
        write_state(job, own_state("running", 1))
        await until(pilot, lambda: "test.few-shot-6 20/180 rows" in shown(app))
        append_outputs(job.outputs / "test.few-shot-6.jsonl", outputs(0.5, 20, 5))
        await until(pilot, lambda: "one answer so far" in shown(app))
        assert "test.few-shot-6 20/180 rows" in shown(app)


async def test_only_a_job_that_has_ended_is_offered_to_be_measured(made: Made) -> None:
    async with opened(None, start="runs", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: app.selected_job == made.jobs["running"].name)
        await pilot.press("5")
        await until(pilot, lambda: f"v measures {made.jobs['done'].short}" in shown(app))


async def test_at_80_columns_verdict_regression_and_both_scores_are_in_sight(made: Made) -> None:
    async with opened(None, start="evaluate", root=made.workspace.root, size=(80, 24)) as (app, pilot):
        await until(pilot, lambda: "✔ BETTER" in shown(app))
        for words in ("n = 180 · p = 4.4e-13", "regression general-skills", "55.6%", "90.0%", "reference"):
            await until(pilot, lambda words=words: words in shown(app))  # type: ignore[misc]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_better_that_lost_other_skills_says_so_in_the_block_itself(made: Made, size: tuple[int, int]) -> None:
    measure(made.jobs["evaluated"], Clock(2e9), skills_after=40)
    async with opened(None, start="evaluate", root=made.workspace.root, size=size) as (app, pilot):
        await until(pilot, lambda: "✘ BETTER, BUT BREAKS GENERAL-SKILLS" in shown(app))
        await until(pilot, lambda: "+34.4 points" in shown(app))
        await until(pilot, lambda: "✘ broken, n = 100" in shown(app))
        assert "✔ BETTER" not in shown(app)
        await pilot.press("3")
        await until(pilot, lambda: "skills lost" in shown(app))
        await pilot.press("6")
        await until(pilot, lambda: "lost other skills" in shown(app))


async def test_the_card_says_form_time_and_cost_and_each_metric_has_its_test(made: Made) -> None:
    async with opened(None, start="evaluate", root=made.workspace.root, size=(120, 60)) as (app, pilot):
        await until(pilot, lambda: "✔ BETTER" in shown(app))
        await until(pilot, lambda: "14.0 tokens written" in shown(app))
        for words in (
            "97.8% valid JSON, prompted 93.3%",
            "0.110 s each, 32 at once",
            "general-skills held is not known",
        ):
            assert words in shown(app)
        app.screen.query_one("#verdict").focus()
        await pilot.press("G")
        await until(pilot, lambda: "p = 0.077" in shown(app))


async def test_where_nothing_was_measured_it_says_what_to_do_first(tmp_path: Path) -> None:
    async with opened(None, start="evaluate", root=tmp_path) as (app, _):
        assert "b measures the prompted baseline" in shown(app)


@pytest.mark.parametrize("screen", ["evaluate", "ship", "runs"])
async def test_a_verdict_on_a_split_that_was_replaced_is_shown_as_void(made: Made, screen: str) -> None:
    made.workspace.splits.mkdir(exist_ok=True)
    async with opened(None, start=screen, root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: "better" in shown(app).lower())
        assert "void" not in shown(app)
        write_json(made.workspace.splits / "triage.json", {"sha256": "9" * 64})
        await until(pilot, lambda: "void" in shown(app))
