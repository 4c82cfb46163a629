"""The Compare screen, by its keys. The session is a job folder in which the test itself answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_jobs import Made, answer, both_say, make_job_folders, open_session, requests
from terminal import workbench
from textual.pilot import Pilot
from workbenches import opened, ready, shown, until

from ftworkbench.evaluate.votes import Side, Vote, cast, read_votes
from ftworkbench.jobs.events import EventLog
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.state import own_state, write_state
from ftworkbench.steps import session as steps_session
from ftworkbench.steps.recipe import open_recipe
from ftworkbench.tui.app import last_words


async def ask(pilot: Pilot[None], session: Job) -> None:
    await pilot.press("enter")
    await until(pilot, lambda: len(requests(session)) == 1)


async def test_both_answer_side_by_side_and_each_pane_proves_who_it_was(made: Made, session: Job) -> None:
    async with opened(None, start="compare", root=made.workspace.root) as (app, pilot):
        await ready(app, pilot)
        await ask(pilot, session)
        both_say(session, '{"queue": "delivery", "urgency": "high"}', '{"queue": "returns", "urgency": "high"}')
        await until(pilot, lambda: "adapter 8d3f0c1b" in shown(app))
        for words in ("no adapter", "14 tokens · 0.11 s · first after 0.02 · 127 tokens/s", "✔ word for word"):
            assert words in shown(app)
        assert "✘ differs where underlined" in shown(app)
        systems = requests(session)[0]["systems"]
        assert [system["adapter"] for system in systems] == [False, True]


async def test_the_prompt_that_the_verdict_is_against_stands_for_the_baseline(tmp_path: Path) -> None:
    made = make_job_folders(tmp_path / "support-triage")
    async with opened(None, start="compare", root=made.workspace.root) as (app, pilot):
        await ready(app, pilot)
        assert "─ few-shot-6 ─" in shown(app)
        assert "zero-shot" not in shown(app)


async def test_an_answer_is_seen_as_it_comes(made: Made, session: Job) -> None:
    async with opened(None, start="compare", root=made.workspace.root) as (app, pilot):
        await ready(app, pilot)
        await ask(pilot, session)
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
        await ask(pilot, session)
        both_say(session, "of the row", "of the row")
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
        await ask(pilot, session)
        log = EventLog(session.events, 1)
        log.emit(
            "answer", request=requests(session)[0]["id"], system="tuned", error="the prompt is longer than the context"
        )
        await until(pilot, lambda: "the prompt is longer than the context" in shown(app))


async def test_the_rows_are_turned_by_keys_and_a_new_row_has_no_answers_yet(made: Made, session: Job) -> None:
    async with opened(None, start="compare", root=made.workspace.root) as (app, pilot):
        await ready(app, pilot)
        assert "Refund not received after 3 weeks" in shown(app)
        await ask(pilot, session)
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


async def test_a_follow_up_goes_on_with_what_each_said_itself(made: Made, session: Job) -> None:
    async with opened(None, start="compare", root=made.workspace.root) as (app, pilot):
        await ready(app, pilot)
        await pilot.press("f")
        await until(pilot, lambda: "ask first" in shown(app))
        await ask(pilot, session)
        both_say(session, "as it was", "as tuned")
        await until(pilot, lambda: shown(app).count("differs where underlined") == 2)
        await pilot.press("f", *"why?", "ctrl+s")
        await until(pilot, lambda: len(requests(session)) == 2)
        base, tuned = requests(session)[1]["systems"]
        assert [message["content"] for message in base["messages"]][-2:] == ["as it was", "why?"]
        assert [message["content"] for message in tuned["messages"]][-2:] == ["as tuned", "why?"]
        assert "Turn 2 of your own" in shown(app)


async def test_who_answers_is_chosen_and_stands_side_by_side(made: Made, session: Job) -> None:
    async with opened(None, start="compare", root=made.workspace.root) as (app, pilot):
        await ready(app, pilot)
        await pilot.press("w")
        await until(pilot, lambda: "Who answers?" in shown(app))
        await pilot.press("space", "enter")
        await until(pilot, lambda: "at least 2 answer" in shown(app))
        await pilot.press("space", "j", "space", "enter")
        await until(pilot, lambda: "Who answers?" not in shown(app))
        await ask(pilot, session)
        assert [system["name"] for system in requests(session)[0]["systems"]] == ["tuned", "zero-shot", "few-shot-6"]
        answer(session, "few-shot-6", "the third one says", adapter=False)
        await until(pilot, lambda: "the third one says" in shown(app))


async def test_answers_are_marked_against_the_reference_the_first_answer_or_nothing(made: Made, session: Job) -> None:
    async with opened(None, start="compare", root=made.workspace.root) as (app, pilot):
        await ready(app, pilot)
        await ask(pilot, session)
        both_say(session, "blue it is", "blue")
        await until(pilot, lambda: shown(app).count("✘ differs where underlined") == 2)
        await pilot.press("d")
        await until(pilot, lambda: "marks: against zero-shot" in shown(app))
        assert "✘ unlike tuned where underlined" in shown(app)
        assert "✘ unlike zero-shot where underlined" in shown(app)
        await pilot.press("d")
        await until(pilot, lambda: "no marks" in shown(app) and "underlined" not in shown(app))
        await pilot.press("d")
        await until(pilot, lambda: shown(app).count("✘ differs where underlined") == 2)
        assert "marks: against" not in shown(app)


async def test_of_several_answers_to_a_prompt_of_ones_own_each_is_marked_against_the_first(
    made: Made, session: Job
) -> None:
    async with opened(None, start="compare", root=made.workspace.root) as (app, pilot):
        await ready(app, pilot)
        await pilot.press("w", "j", "space", "enter", "i", *"mine", "ctrl+s")
        await until(pilot, lambda: len(requests(session)) == 1)
        for name in ("zero-shot", "tuned", "few-shot-6"):
            answer(session, name, "blue" if name == "tuned" else "red", adapter=name == "tuned")
        await until(pilot, lambda: "✘ unlike zero-shot where underlined" in shown(app))
        await until(pilot, lambda: "✔ word for word as zero-shot" in shown(app))
        assert shown(app).count("where underlined") == 1


async def test_temperature_and_seed_are_turned_by_keys_and_asked_with(made: Made, session: Job) -> None:
    async with opened(None, start="compare", root=made.workspace.root) as (app, pilot):
        await ready(app, pilot)
        for key, what in (("s", "seed"), ("P", "top-p")):
            await pilot.press(key)
            await until(pilot, lambda what=what: f"the same for every {what}" in shown(app))  # type: ignore[misc]
        await pilot.press("t", "t", "P")
        await until(pilot, lambda: "temperature 0.8, top-p 0.95, seed 42" in shown(app))
        await ask(pilot, session)
        await pilot.press("s")
        await until(pilot, lambda: len(requests(session)) == 2)
        first, second = requests(session)
        assert (first["temperature"], first["top_p"], first["seed"]) == (0.8, 0.95, 42)
        assert second["seed"] == 43


async def test_blind_names_are_hidden_votes_are_counted_and_become_preferences(made: Made, session: Job) -> None:
    async with opened(None, start="compare", root=made.workspace.root) as (app, pilot):
        await ready(app, pilot)
        await pilot.press("B")
        for turn in range(1, 4):
            await until(pilot, lambda turn=turn: len(requests(session)) == turn)
            answer(session, "zero-shot", "said by the base", adapter=False)
            await until(pilot, lambda: "They are shown when both are done" in shown(app))
            assert "said by the base" not in shown(app), "who is sooner would tell who it is"
            answer(session, "tuned", "said by the tuned", adapter=True)
            await until(pilot, lambda: "said by the base" in shown(app) and "said by the tuned" in shown(app))
            body = "\n".join(shown(app).splitlines()[9:-3])
            assert "8d3f0c1b" not in body
            assert "zero-shot" not in body
            assert "tokens/s" not in body
            left = body.index("said by the tuned") < body.index("said by the base")
            await pilot.press(("left" if left else "right") if turn < 3 else "equals_sign")
        await until(pilot, lambda: "3 votes: tuned 2, zero-shot 0, tie 1" in shown(app))
        rows = [json.loads(line) for line in made.workspace.preferences.read_text().splitlines()]
        assert [row["chosen"][0]["content"] for row in rows] == ["said by the tuned"] * 2
        await pilot.press("u", "u")
        await until(pilot, lambda: len(made.workspace.preferences.read_text().splitlines()) == 1)


async def test_a_vote_on_a_test_row_makes_no_preference(made: Made, session: Job) -> None:
    async with opened(None, start="compare", root=made.workspace.root) as (app, pilot):
        await ready(app, pilot)
        await pilot.press("v")
        await until(pilot, lambda: "test row 1 of" in shown(app))
        await pilot.press("B")
        await until(pilot, lambda: len(requests(session)) == 1)
        for name in ("zero-shot", "tuned"):
            answer(session, name, f"said by {name}", adapter=name == "tuned")
        await until(pilot, lambda: "said by tuned" in shown(app) and "said by zero-shot" in shown(app))
        await pilot.press("left")
        await until(pilot, lambda: "1 vote:" in shown(app))
        assert made.workspace.preferences.read_text() == ""


async def test_a_talk_is_not_gone_on_with_blind(made: Made, session: Job) -> None:
    async with opened(None, start="compare", root=made.workspace.root) as (app, pilot):
        await ready(app, pilot)
        await pilot.press("v", "enter")
        await until(pilot, lambda: len(requests(session)) == 1)
        for name in ("zero-shot", "tuned"):
            answer(session, name, f"said by {name}", adapter=name == "tuned")
        await until(pilot, lambda: shown(app).count("differs where underlined") == 2)
        await pilot.press("f", *"why?", "escape", "B")
        await until(pilot, lambda: "esc leaves it, then B compares blind" in shown(app))
        assert "blind:" not in shown(app)
        assert len(requests(session)) == 1
        await pilot.press("escape", "B")
        await until(pilot, lambda: "blind: = tie" in shown(app) and len(requests(session)) == 2)


async def test_what_is_taken_back_is_a_vote_and_no_label_for_a_judge(made: Made, session: Job) -> None:
    sides = {"left": Side("zero-shot", None, "a"), "right": Side("tuned", "b", "c")}
    label = Vote(word="left", **sides, messages=(), rows="test", row="r", how={"evaluation": "some"})
    cast(made.workspace.votes, label)
    async with opened(None, start="compare", root=made.workspace.root) as (app, pilot):
        await ready(app, pilot)
        await pilot.press("u")
        await until(pilot, lambda: "there is no vote to take back" in shown(app))
    assert read_votes(made.workspace.votes) == [label]


async def test_without_a_recipe_and_a_tuned_model_there_is_nobody_to_ask(tmp_path: Path) -> None:
    async with opened(None, start="compare", root=tmp_path) as (app, _):
        assert "There is no recipe yet, so there is nobody to ask." in shown(app)


async def test_prompts_are_edited_tried_beside_the_old_one_and_kept_in_the_recipe(made: Made) -> None:
    session, recipe = open_session(made, tuned=False), made.workspace.root / "triage.toml"
    async with opened(recipe, start="compare") as (app, pilot):
        await ready(app, pilot)
        await pilot.press("p")
        await until(pilot, lambda: "prompts alone" in shown(app) and "validation row 1 of 8" in shown(app))
        await pilot.press("K")
        await until(pilot, lambda: "e edits a prompt first" in shown(app))
        await pilot.press("e")
        await until(pilot, lambda: "System prompt of zero-shot" in shown(app))
        await pilot.press(*" Be brief.", "ctrl+s")
        await until(pilot, lambda: len(requests(session)) == 1)
        systems = {each["name"]: each for each in requests(session)[0]["systems"]}
        assert list(systems) == ["zero-shot", "prompt-1", "few-shot-6"]
        assert systems["prompt-1"]["system"] == f"{systems['zero-shot']['system']} Be brief."
        answer(session, "prompt-1", "said briefly", adapter=False)
        await until(pilot, lambda: "said briefly" in shown(app))
        await pilot.press("e")
        await until(pilot, lambda: "System prompt of prompt-1" in shown(app))
        await pilot.press(*" Very.", "ctrl+s")
        await until(pilot, lambda: len(requests(session)) == 2)
        assert requests(session)[1]["systems"][1]["system"].endswith("Be brief. Very.")
        await pilot.press("K")
        await until(pilot, lambda: "What is it called in the recipe?" in shown(app))
        await pilot.press("ctrl+u", *"brief", "enter")
        await until(pilot, lambda: "brief is a contestant of triage.toml now" in shown(app))
        await until(pilot, lambda: "─ brief ─" in shown(app) and "prompt-1" not in shown(app))
    kept = open_recipe(recipe).recipe.prompt.contestants
    assert [(line.name, (line.system or "").endswith("Be brief. Very.")) for line in kept] == [("brief", True)]


async def test_no_prompt_is_edited_or_tried_against_test_rows(made: Made) -> None:
    session = open_session(made)
    async with opened(None, start="compare", root=made.workspace.root) as (app, pilot):
        await ready(app, pilot)
        await pilot.press("v", "e")
        await until(pilot, lambda: "edited against validation rows: v goes back to them" in shown(app))
        await pilot.press("v", "e")
        await until(pilot, lambda: "System prompt of zero-shot" in shown(app))
        await pilot.press(*" Be brief.", "ctrl+s")
        await until(pilot, lambda: len(requests(session)) == 1)
        await pilot.press("v", "enter")
        await until(pilot, lambda: "prompt-1 is still tried, on validation rows" in shown(app))
        assert len(requests(session)) == 1


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
