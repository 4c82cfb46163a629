"""The Compare screen, by its keys. The session is a job folder in which the test itself answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from made_jobs import Made, answer, make_job_folders, open_session
from terminal import workbench
from textual.pilot import Pilot
from workbenches import opened, shown, until

from ftworkbench.jobs.events import EventLog
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.state import own_state, write_state
from ftworkbench.steps import session as steps_session
from ftworkbench.tui.app import Workbench, last_words


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return make_job_folders(tmp_path / "support-triage")


@pytest.fixture
def session(made: Made) -> Job:
    return open_session(made)


def requests(session: Job) -> list[dict[str, Any]]:
    return [json.loads(line) for line in session.requests.read_text().splitlines()] if session.requests.exists() else []


async def ready(app: Workbench, pilot: Pilot[None]) -> None:
    await until(pilot, lambda: "validation row 1 of 8" in shown(app), 10)


async def test_both_answer_side_by_side_and_each_pane_proves_who_it_was(made: Made, session: Job) -> None:
    async with opened(None, start="compare", root=made.workspace.root) as (app, pilot):
        await ready(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: len(requests(session)) == 1)
        answer(session, "zero-shot", '{"queue": "delivery", "urgency": "high"}', adapter=False)
        answer(session, "tuned", '{"queue": "returns", "urgency": "high"}', adapter=True)
        await until(pilot, lambda: "adapter 8d3f0c1b" in shown(app))
        for words in ("no adapter", "14 tokens · 0.11 s · 127 tokens/s · stopped by itself", "✔ word for word"):
            assert words in shown(app)
        assert "✘ differs where underlined" in shown(app)
        systems = requests(session)[0]["systems"]
        assert [system["adapter"] for system in systems] == [False, True]


async def test_an_answer_is_seen_as_it_comes(made: Made, session: Job) -> None:
    async with opened(None, start="compare", root=made.workspace.root) as (app, pilot):
        await ready(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: len(requests(session)) == 1)
        answer(session, "tuned", "half of an answ", adapter=True, done=False)
        await until(pilot, lambda: "half of an answ▌" in shown(app))


async def test_while_nothing_comes_it_says_what_it_waits_for(made: Made, session: Job) -> None:
    async with opened(None, start="compare", root=made.workspace.root) as (app, pilot):
        await ready(app, pilot)
        await pilot.press("enter")
        log = EventLog(session.events, 1)
        log.emit("phase", phase="loading", why="")
        await until(pilot, lambda: "Imports the libraries" in shown(app))
        log.emit("phase", phase="queued", why="waits for triage-7d59 (train)")
        await until(pilot, lambda: "Waits for triage-7d59 (train)." in shown(app))
        log.emit("phase", phase="loading", why="loads the model, once for all")
        await until(pilot, lambda: "Loads the model, once for all …" in shown(app))
        log.emit("phase", phase="running", why="")
        await until(pilot, lambda: "Reads the prompt …" in shown(app))
        answer(session, "zero-shot", "half of an answ", adapter=False, done=False)
        await until(pilot, lambda: "zero-shot answers first …" in shown(app))
        assert "Reads the prompt" not in shown(app)


async def test_a_session_that_has_left_is_not_waited_for(made: Made, session: Job) -> None:
    async with opened(None, start="compare", root=made.workspace.root) as (app, pilot):
        await ready(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "Reads the prompt …" in shown(app))
        write_state(session, own_state("done", 1))
        await until(pilot, lambda: "The session is done: enter starts another." in shown(app))


async def test_answers_that_another_prompt_stands_above_are_said_to_be_of_the_one_before(
    made: Made, session: Job
) -> None:
    async with opened(None, start="compare", root=made.workspace.root) as (app, pilot):
        await ready(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: len(requests(session)) == 1)
        for name in ("zero-shot", "tuned"):
            answer(session, name, "of the row", adapter=name == "tuned")
        await until(pilot, lambda: shown(app).count("differs where underlined") == 2)
        await pilot.press("i", *"mine")
        await until(pilot, lambda: shown(app).count("to the prompt before") == 2)
        assert "differs where underlined" not in shown(app)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "to the prompt before" not in shown(app))
        assert "of the row" not in shown(app)
        await until(pilot, lambda: len(requests(session)) == 2)
        answer(session, "tuned", "of my own", adapter=True)
        await until(pilot, lambda: "of my own" in shown(app))
        await pilot.press("!")
        await until(pilot, lambda: "to the prompt before" in shown(app))


async def test_what_the_session_refuses_is_said_in_its_pane(made: Made, session: Job) -> None:
    async with opened(None, start="compare", root=made.workspace.root) as (app, pilot):
        await ready(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: len(requests(session)) == 1)
        log = EventLog(session.events, 1)
        log.emit(
            "answer", request=requests(session)[0]["id"], system="tuned", error="the prompt is longer than the context"
        )
        await until(pilot, lambda: "the prompt is longer than the context" in shown(app))


async def test_the_rows_are_turned_by_keys_and_a_new_row_has_no_answers_yet(made: Made, session: Job) -> None:
    async with opened(None, start="compare", root=made.workspace.root) as (app, pilot):
        await ready(app, pilot)
        assert "Refund not received after 3 weeks" in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: len(requests(session)) == 1)
        answer(session, "tuned", "of the first row", adapter=True)
        await until(pilot, lambda: "of the first row" in shown(app))
        await pilot.press("]")
        await until(pilot, lambda: "how do i change my address?" in shown(app))
        assert "of the first row" not in shown(app)
        await pilot.press("[", "[")
        await until(pilot, lambda: "validation row 8 of 8" in shown(app))


async def test_a_prompt_of_ones_own_is_asked_as_it_was_written_of_the_baseline_that_was_chosen(
    made: Made, session: Job
) -> None:
    async with opened(None, start="compare", root=made.workspace.root) as (app, pilot):
        await ready(app, pilot)
        await pilot.press("b", "i", *"one [b]", "enter", *"two", "ctrl+s")
        await until(pilot, lambda: len(requests(session)) == 1)
        request = requests(session)[0]
        assert request["messages"] == [{"role": "user", "content": "one [b]\ntwo"}]
        assert [system["name"] for system in request["systems"]] == ["few-shot-6", "tuned"]
        assert len(request["systems"][0]["shots"]) == 6


async def test_without_a_tuned_model_it_says_what_is_missing(tmp_path: Path) -> None:
    async with opened(None, start="compare", root=tmp_path) as (app, _):
        assert "Nothing was tuned here yet" in shown(app)


def leave(made: Made) -> str:
    """Opens the workbench, asks both, and leaves; gives what it says at last."""
    with workbench(made.workspace.root) as terminal:
        terminal.press("4")
        terminal.wait("validation row 1 of 8")
        terminal.press("enter")
        terminal.wait("Reads the prompt")
        assert terminal.leave("ctrl+q") == 0
        return terminal.raw.decode().split("\x1b[?1049l")[-1]


def test_leaving_ends_no_session_of_others_but_says_that_it_holds_memory(made: Made, session: Job) -> None:
    said = leave(made)
    assert f"the session {session.short}, started elsewhere, still holds memory" in said
    assert [request["op"] for request in requests(session)] == ["generate"]


async def test_leaving_ends_the_sessions_that_were_started_here(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Job] = []
    monkeypatch.setattr(steps_session, "start_session", lambda *_: started.append(open_session(made)) or started[-1])
    async with opened(None, start="compare", root=made.workspace.root) as (app, pilot):
        await ready(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: bool(started) and len(requests(started[0])) == 1)
        await until(pilot, lambda: any(entry["kind"] == "session" for entry in app.jobs))
        ended = app.sessions.end()
        assert [request["op"] for request in requests(started[0])] == ["generate", "close"]
        assert not any("still holds memory" in line for line in last_words(app, ended))
        assert not app.sessions.end()
