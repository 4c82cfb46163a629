"""Asking row after row in the Compare screen, and the same row by several seeds."""

from __future__ import annotations

from made_jobs import Made, answer, both_say, open_session, requests
from textual.pilot import Pilot
from workbenches import opened, ready, shown, until

from ftworkbench.jobs.events import EventLog
from ftworkbench.jobs.folder import Job


def references(made: Made, part: str = "validation") -> list[str]:
    """The reference of each row of a part, in the order in which they are asked."""
    from ftworkbench.steps.contenders import contest_of

    return [str(row.answer) for row in contest_of(made.workspace, made.jobs["done"]).rows[part]]


async def asked(pilot: Pilot[None], session: Job, many: int) -> None:
    await until(pilot, lambda: len(requests(session)) == many)


async def test_the_rows_are_asked_in_turn_and_it_is_counted_how_many_were_right(made: Made, session: Job) -> None:
    right = references(made)
    async with opened(None, start="compare", root=made.workspace.root, size=(120, 40)) as (app, pilot):
        await ready(app, pilot)
        await pilot.press("a")
        for row in range(1, 9):
            await asked(pilot, session, row)
            assert requests(session)[-1]["systems"][0]["name"] == "zero-shot"
            await until(pilot, lambda row=row: f"validation row {row} of 8 · in turn" in shown(app))  # type: ignore[misc]
            both_say(session, right[row - 1] if row <= 3 else "{}", right[row - 1])
        await until(pilot, lambda: "the last validation row is answered" in shown(app))
        assert "─ zero-shot  3 of 8 json_match ─" in shown(app)
        assert "─ tuned  8 of 8 json_match ─" in shown(app)
        assert "in turn ·" not in shown(app)
        # The answers are there to be paged through, and are not asked again.
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: "validation row 7 of 8" in shown(app) and "✔ word for word" in shown(app))
        await pilot.press("a")
        await until(pilot, lambda: "validation row 8 of 8" in shown(app))
        assert len(requests(session)) == 8


async def test_in_turn_ends_by_its_key_by_escape_and_by_whatever_else_is_done(made: Made, session: Job) -> None:
    async with opened(None, start="compare", root=made.workspace.root, size=(120, 40)) as (app, pilot):
        await ready(app, pilot)
        for many, key in enumerate(("a", "escape", "right_square_bracket", "b", "t"), start=1):
            await pilot.press("a")
            await asked(pilot, session, many)
            await until(pilot, lambda: "· in turn" in shown(app))
            await pilot.press(key)
            for name in {each["name"] for each in requests(session)[-1]["systems"]}:
                answer(session, name, "{}", adapter=name == "tuned")
            await until(pilot, lambda: "in turn" not in shown(app).splitlines()[1])
            await pilot.pause(0.3)
            assert len(requests(session)) == many, f"{key} ends it"


async def test_a_row_that_cannot_be_answered_ends_it_and_is_seen(made: Made, session: Job) -> None:
    async with opened(None, start="compare", root=made.workspace.root, size=(120, 40)) as (app, pilot):
        await ready(app, pilot)
        await pilot.press("a")
        await asked(pilot, session, 1)
        answer(session, "tuned", "{}", adapter=True)
        log = EventLog(session.events, 1)
        log.emit("answer", request=requests(session)[0]["id"], system="zero-shot", error="the endpoint is gone")
        log.close()
        await until(pilot, lambda: "the endpoint is gone" in shown(app) and "could not be answered" in shown(app))
        assert "validation row 1 of 8" in shown(app)
        assert "· in turn" not in shown(app)


async def test_in_turn_begins_with_the_row_that_stands_there_whatever_was_asked_before(
    made: Made, session: Job
) -> None:
    async with opened(None, start="compare", root=made.workspace.root, size=(120, 40)) as (app, pilot):
        await ready(app, pilot)
        await pilot.press("i", *"hello", "ctrl+s")
        await asked(pilot, session, 1)
        both_say(session, "hello", "hello")
        await until(pilot, lambda: "word for word as tuned" in shown(app))
        await pilot.press("escape", "escape", "a")
        await asked(pilot, session, 2)
        first = requests(session)[1]["messages"][-1]["content"]
        assert first in shown(app), "the row above is the one that is asked"
        assert "validation row 1 of 8" in shown(app)
        both_say(session, "{}", "{}")
        await asked(pilot, session, 3)
        await pilot.press("a", "left_square_bracket", "t", "a")
        await asked(pilot, session, 4)
        last = requests(session)[3]
        assert (last["messages"][-1]["content"], last["temperature"]) == (first, 0.5), (
            "and in the way that is chosen now"
        )


async def test_in_turn_ends_where_one_leaves_or_edits_and_where_asking_fails(made: Made, session: Job) -> None:
    async with opened(None, start="compare", root=made.workspace.root, size=(120, 40)) as (app, pilot):
        await ready(app, pilot)
        for many, (key, back) in enumerate((("1", "4"), ("e", "escape")), start=1):
            await pilot.press("a")
            await asked(pilot, session, many)
            await pilot.press(key)
            await until(pilot, lambda: "Compare" not in type(app.screen).__name__)
            both_say(session, "{}", "{}")
            await pilot.pause(0.3)
            assert len(requests(session)) == many, f"{key} ends it"
            await pilot.press(back, "right_square_bracket")
            await until(pilot, lambda: "of 8" in shown(app))
        session.requests.unlink()
        session.requests.mkdir()
        await pilot.press("a")
        await until(pilot, lambda: "asking failed" in shown(app))
        assert "in turn" not in shown(app).splitlines()[1]


async def test_a_prompt_that_is_kept_beside_a_tuned_model_answers_by_its_new_name(made: Made, session: Job) -> None:
    async with opened(None, start="compare", root=made.workspace.root, size=(120, 40)) as (app, pilot):
        await ready(app, pilot)
        await pilot.press("e")
        await until(pilot, lambda: "System prompt of" in shown(app))
        await pilot.press(*" Be brief.", "ctrl+s")
        await asked(pilot, session, 1)
        await pilot.press("K")
        await until(pilot, lambda: "What is it called in the recipe?" in shown(app))
        await pilot.press("ctrl+u", *"brief", "enter")
        await until(pilot, lambda: "brief is a contestant of triage.toml now" in shown(app))
        await pilot.press("right_square_bracket", "enter")
        await asked(pilot, session, 2)
        assert [each["name"] for each in requests(session)[1]["systems"]] == ["zero-shot", "brief", "tuned"]


async def test_test_rows_are_asked_in_turn_without_a_count_which_is_for_an_evaluation(made: Made, session: Job) -> None:
    right = references(made, "test")
    async with opened(None, start="compare", root=made.workspace.root, size=(120, 40)) as (app, pilot):
        await ready(app, pilot)
        await pilot.press("v")
        await until(pilot, lambda: "test row 1 of" in shown(app))
        await pilot.press("a")
        for row in range(1, 4):
            await asked(pilot, session, row)
            both_say(session, right[row - 1], right[row - 1])
        await asked(pilot, session, 4)
        await until(pilot, lambda: "test row 4 of" in shown(app))
        assert "json_match" not in shown(app)


async def test_answers_by_a_prompt_that_was_edited_since_are_not_shown_as_its_own(made: Made) -> None:
    session = open_session(made)
    async with opened(None, start="compare", root=made.workspace.root, size=(120, 40)) as (app, pilot):
        await ready(app, pilot)
        for turn, (said, more) in enumerate((("first", " One."), ("second", " Two."))):
            await pilot.press("e")
            await until(pilot, lambda: "System prompt of" in shown(app))
            await pilot.press(*more, "ctrl+s")
            await asked(pilot, session, 1 + 2 * turn)
            await pilot.press("right_square_bracket", "enter")
            await asked(pilot, session, 2 + 2 * turn)
            for which in (-2, -1):
                for system in requests(session)[which]["systems"]:
                    answer(session, system["name"], f"{said} prompt", adapter=bool(system["adapter"]), which=which)
            await until(pilot, lambda said=said: f"{said} prompt" in shown(app))  # type: ignore[misc]
            await pilot.press("left_square_bracket")
            await until(pilot, lambda said=said: f"{said} prompt" in shown(app))  # type: ignore[misc]
            await until(pilot, lambda: "0 of 2 json_match" in shown(app))


async def test_several_seeds_are_asked_at_once_and_stand_below_each_other(made: Made, session: Job) -> None:
    right = references(made)[0]
    async with opened(None, start="compare", root=made.workspace.root, size=(120, 40)) as (app, pilot):
        await ready(app, pilot)
        await pilot.press("S")
        await until(pilot, lambda: "greedy answers are the same for every seed" in shown(app))
        await pilot.press("t", "S")
        await asked(pilot, session, 4)
        assert [each["seed"] for each in requests(session)] == [42, 43, 44, 45]
        await until(pilot, lambda: "seeds 42 to 45" in shown(app))
        for place, said in enumerate((right, "{}", right, right)):
            answer(session, "tuned", said, adapter=True, which=place)
        await until(pilot, lambda: "tuned  ✔ 3 of 4 · 2 different" in shown(app))
        assert "seed 45 · 14 tokens" in shown(app)
        for place in range(4):
            answer(session, "zero-shot", "{}", adapter=False, which=place)
        await until(pilot, lambda: "zero-shot  ✔ 0 of 4 · all alike" in shown(app))
        # Without a reference nothing is right: it is said how many are alike.
        await pilot.press("d")
        await until(pilot, lambda: "tuned  1 of 4 as zero-shot · 2 different" in shown(app))
        await pilot.press("d", "d")
        # Of what was said four times, which would be gone on with?
        await pilot.press("f")
        await until(pilot, lambda: "S asks with one seed again" in shown(app))
        await pilot.press("s")
        await asked(pilot, session, 8)
        assert [each["seed"] for each in requests(session)[4:]] == [46, 47, 48, 49]
        await pilot.press("B")
        await asked(pilot, session, 9)
        await pilot.press("S")
        await until(pilot, lambda: "not while blind" in shown(app))
