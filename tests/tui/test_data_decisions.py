"""What a decision on the Data screen says, and where it goes on."""

from __future__ import annotations

import json
import re
from pathlib import Path

from test_data_queues import distinct
from test_data_screen import choose_kind, said, screen_of, statuses
from textual import events
from textual.widgets import Input, OptionList
from workbenches import chat, make_workspace, opened, settle, shown, ticket_rows, until

from ftworkbench.tui.app import Workbench


def typed(app: Workbench, *keys: str) -> None:
    """Keys that come in one packet."""
    names = {"/": "slash"}
    for key in keys:
        app.post_message(events.Key(names.get(key, key), key if len(key) == 1 else None))


async def test_a_decision_goes_on_to_the_next_undecided_row_and_begins_anew_past_the_last(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk", ticket_rows(6))) as (app, pilot):
        rows = screen_of(app).rows
        await pilot.press("j", "j", "x", "k", "k", "a")
        assert rows.cursor == 3
        await pilot.press("a", "a", "a")
        assert rows.cursor == 0
        assert "that was the last row" in said(app)
        await pilot.press("a")
        assert "all 6 rows are decided" in said(app)
        assert statuses(tmp_path / "desk", screen_of(app)) == ["accepted"] * 2 + ["rejected"] + ["accepted"] * 3


async def test_deciding_otherwise_says_what_it_was_and_the_same_again_writes_nothing(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await pilot.press("x", "k", "a")
        assert "row 1: rejected → accepted" in said(app)
        ledger = (tmp_path / "desk" / "ledger.jsonl").read_bytes()
        await pilot.press("k", "a")
        assert (tmp_path / "desk" / "ledger.jsonl").read_bytes() == ledger
        assert screen_of(app).rows.cursor == 1


async def test_a_decision_about_a_copy_names_every_row_that_says_the_same(tmp_path: Path) -> None:
    rows = [*ticket_rows(5), ticket_rows(2)[1]]
    async with opened(make_workspace(tmp_path / "desk", rows)) as (app, pilot):
        await pilot.press("G", "x")
        assert "rows 2, 6 say the same: all of them are rejected" in said(app)
        assert statuses(tmp_path / "desk", screen_of(app))[1] == "rejected"


async def test_the_next_undecided_row_is_sought_past_the_end_too(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk", ticket_rows(5))) as (app, pilot):
        await pilot.press("j", "a", "a", "a", "a")
        assert screen_of(app).rows.cursor == 0
        await pilot.press("G", "right_square_bracket")
        assert screen_of(app).rows.cursor == 0
        await pilot.press("a", "right_square_bracket")
        assert "all 5 rows are decided" in said(app)


async def test_an_edit_that_breaks_the_answers_form_wants_a_second_yes(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await pilot.press("e", "delete", "ctrl+s")
        await until(pilot, lambda: "the other answers are JSON, and this is none" in shown(app))
        assert not (tmp_path / "desk" / "ledger.jsonl").exists()
        await pilot.press("ctrl+s")
        assert statuses(tmp_path / "desk", screen_of(app))[0] == "accepted"


async def test_a_label_that_no_row_carries_wants_a_second_yes(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await pilot.press("e", *["right"] * len('{"queue": "'), "x", "ctrl+s")
        await until(pilot, lambda: 'no row that was read is labelled "xdelivery"' in " ".join(shown(app).split()))


async def test_one_key_more_gives_a_row_another_label(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await pilot.press("l")
        await until(pilot, lambda: "Label of row 1" in shown(app))
        key = re.search(r"┃ +(\w)  returns", shown(app))
        assert key
        await pilot.press(key[1])
        screen = screen_of(app)
        assert screen.review is not None
        messages = screen.review.state(0).messages
        assert messages is not None
        assert json.loads(messages[-1]["content"]) == {"queue": "returns", "urgency": "normal"}
        assert "row 1: delivery → returns" in said(app)


async def test_keys_of_one_packet_go_where_the_first_of_them_led(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        typed(app, "/", "a", "x", "f")
        await until(pilot, lambda: app.screen.query_one(Input).value == "axf")
        typed(app, "escape", "t", "o", "d", "d", "enter")
        await until(pilot, lambda: "odd" in shown(app))
        await settle(app, pilot)
        assert statuses(tmp_path / "desk", screen_of(app)) == ["unreviewed"] * 40
        review = screen_of(app).review
        assert review is not None
        assert review.state(0).tags == {"odd"}


async def test_a_leak_shows_the_other_files_row_and_is_open_until_one_of_them_is_decided(tmp_path: Path) -> None:
    leaked = chat(" ".join(f"parcel{number}" for number in range(12)), "delivery")
    recipe = make_workspace(tmp_path / "desk", [*distinct(40), leaked])
    (recipe.parent / "test.jsonl").write_text("\n".join([*ticket_rows(2), leaked]))
    async with opened(recipe, size=(80, 24)) as (app, pilot):
        await pilot.press("c")
        await until(pilot, lambda: "What check found" in shown(app))
        assert "1 open of 1" in shown(app)
        options = app.screen.query_one(OptionList)
        choose_kind(options, "leak")
        await pilot.press("enter")
        await until(pilot, lambda: "row 41 of train.jsonl says" in shown(app))
        assert "test.jsonl · held out, but trained on too: 1 row" in shown(app)
        await pilot.press("o")
        await until(pilot, lambda: "train.jsonl ·" in shown(app))
        await settle(app, pilot)
        await pilot.press("G")
        await until(pilot, lambda: "row 3 of test.jsonl says" in shown(app))
        await pilot.press("x", "p")
        await until(pilot, lambda: "What check found" in shown(app))
        assert "all 1 decided" in shown(app)


async def test_what_a_check_found_is_there_the_next_time_too(tmp_path: Path) -> None:
    rows = [*ticket_rows(30), chat("Mail me at jo.smith@example.org please.", "Will do.")]
    recipe = make_workspace(tmp_path / "desk", rows)
    async with opened(recipe) as (app, pilot):
        await pilot.press("c")
        await until(pilot, lambda: "What check found" in shown(app))
    async with opened(recipe) as (app, pilot):
        await pilot.press("G", "p")
        await until(pilot, lambda: "personal data" in shown(app))
        assert "1 open of 1" in shown(app)
    with (tmp_path / "desk" / "train.jsonl").open("a") as file:
        file.write(ticket_rows(40)[39] + "\n")
    async with opened(recipe) as (app, pilot):
        await pilot.press("p")
        assert "nothing was checked yet" in said(app)


async def test_after_a_filter_that_found_nothing_the_place_is_the_one_before(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await pilot.press(*"jjjjj", "f", *"tag:none", "enter")
        await settle(app, pilot)
        assert not screen_of(app).rows.rows
        await pilot.press("q")
        assert screen_of(app).rows.cursor == 5


async def test_rows_that_were_left_for_later_are_counted_and_gone_through(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk"), size=(80, 24)) as (app, pilot):
        await pilot.press("space", "j", "space", "a")
        assert "1 decided: 1 ✔ 0 ✘ · 2 later" in shown(app)
        await pilot.press("f", *"status:later", "enter")
        await settle(app, pilot)
        rows = screen_of(app).rows
        assert list(rows.rows) == [0, 2]
        await pilot.press("a")
        assert rows.cursor == 1
        await pilot.press("a")
        assert "all 2 rows here are decided" in said(app)


async def test_the_row_that_another_one_repeats_says_so_too_and_the_list_begins_at_what_is_open(tmp_path: Path) -> None:
    rows = [*ticket_rows(3), chat("my parcel is wet through and torn on the left side", "delivery"), *distinct(30)]
    rows.append(chat("my parcel is wet through and torn on the left side", "returns"))
    async with opened(make_workspace(tmp_path / "desk", rows), size=(80, 24)) as (app, pilot):
        await pilot.press("c")
        await until(pilot, lambda: "What check found" in shown(app))
        choose_kind(app.screen.query_one(OptionList), "conflicting-duplicate")
        await pilot.press("enter")
        assert list(screen_of(app).rows.rows) == [3, 34]
        await until(pilot, lambda: "row 35 says" in shown(app))
        assert "row 35 has the same prompt as row 4, but another answer" in " ".join(shown(app).split())
        await pilot.press("a", "p")
        await until(pilot, lambda: "What check found" in shown(app))
        choose_kind(app.screen.query_one(OptionList), "conflicting-duplicate")
        await pilot.press("enter")
        assert screen_of(app).rows.cursor == 1


async def test_a_decision_about_a_row_that_stands_in_both_files_says_so(tmp_path: Path) -> None:
    leaked = chat(" ".join(f"parcel{number}" for number in range(12)), "delivery")
    recipe = make_workspace(tmp_path / "desk", [*distinct(40), leaked])
    (recipe.parent / "test.jsonl").write_text("\n".join([*ticket_rows(2), leaked]))
    async with opened(recipe) as (app, pilot):
        await pilot.press("c")
        await until(pilot, lambda: "What check found" in shown(app))
        choose_kind(app.screen.query_one(OptionList), "leak")
        await pilot.press("enter")
        await until(pilot, lambda: "test.jsonl ·" in shown(app))
        await settle(app, pilot)
        assert "accept it: it then counts in the test alone" in " ".join(shown(app).split())
        await pilot.press("x")
        assert "row 3 and row 41 of train.jsonl say the same: all of them are rejected" in said(app)
        await pilot.press("u")
        assert "row 3 and row 41 of train.jsonl are unreviewed now" in said(app)


async def test_another_file_and_back_is_the_same_row(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await pilot.press(*"jjjjjjj", "o")
        await until(pilot, lambda: "test.jsonl ·" in shown(app))
        await settle(app, pilot)
        await pilot.press("o")
        await until(pilot, lambda: "train.jsonl ·" in shown(app))
        await settle(app, pilot)
        assert screen_of(app).rows.cursor == 7


async def test_another_rows_page_begins_at_its_top_however_far_the_one_before_was_scrolled(tmp_path: Path) -> None:
    rows = [chat("\n".join(f"line {number}" for number in range(60)), "long"), chat("a short one", "short")]
    async with opened(make_workspace(tmp_path / "desk", rows), size=(80, 24)) as (app, pilot):
        await pilot.press("J", "J", "J")
        await until(pilot, lambda: "line 20" in shown(app) and "user       line 0" not in shown(app))
        await pilot.press("j")
        await until(pilot, lambda: "user       a short one" in shown(app))
        await pilot.press("k")
        await until(pilot, lambda: "user       line 0" in shown(app))


async def test_a_check_that_ends_while_one_is_elsewhere_only_says_so(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await pilot.press("c", "2")
        await until(pilot, lambda: "the check is done" in said(app))
        assert app.current_mode == "recipe"
        assert len(app.screen_stack) == 1
        await pilot.press("1", "p")
        await until(pilot, lambda: "What check found" in shown(app))
