"""The Data screen, by its keys."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from made_jobs import WORDS
from textual.widgets import Input, OptionList, TextArea
from workbenches import chat, make_workspace, opened, settle, shown, ticket_rows, until

from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.review.search import parse_filter
from ftworkbench.data.sources.source import open_source
from ftworkbench.errors import InputError
from ftworkbench.steps.recipe import open_recipe
from ftworkbench.steps.splits import require_split
from ftworkbench.tui.app import Workbench
from ftworkbench.tui.screens.data import DataScreen
from ftworkbench.tui.widgets.row_list import RowList


def screen_of(app: object) -> DataScreen:
    screen = app.screen  # type: ignore[attr-defined]
    assert isinstance(screen, DataScreen)
    return screen


def choose_kind(options: OptionList, kind: str) -> None:
    """Puts the cursor on a kind of problem in the list of what check found."""
    ids = [options.get_option_at_index(place).id or "" for place in range(options.option_count)]
    options.highlighted = next(place for place, each in enumerate(ids) if each.endswith(f" {kind}"))


def said(app: Workbench) -> str:
    """The lines at the edge of the screen, whole."""
    return "\n".join(each.message for each in app._notifications)


def statuses(folder: Path, screen: DataScreen) -> list[str]:
    """What the ledger on disk says of each row."""
    ledger = Ledger.open(folder / "ledger.jsonl")
    assert screen.review is not None
    return [ledger.state(screen.review.row(index).key).status for index in range(screen.review.size)]


async def test_accept_and_reject_are_on_disk_and_the_cursor_goes_on(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await pilot.press("a", "x", "space")
        screen = screen_of(app)
        assert statuses(tmp_path / "desk", screen)[:4] == ["accepted", "rejected", "skipped", "unreviewed"]
        assert screen.rows.cursor == 3
        assert "39 of 40 kept" in shown(app)


async def test_undo_and_redo_go_to_the_row_they_concern(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await pilot.press("j", "j", "x", "G", "u")
        screen = screen_of(app)
        assert screen.rows.cursor == 2
        assert statuses(tmp_path / "desk", screen)[2] == "unreviewed"
        await pilot.press("ctrl+r")
        assert statuses(tmp_path / "desk", screen)[2] == "rejected"


async def test_decisions_of_another_day_are_shown_and_can_be_undone(tmp_path: Path) -> None:
    recipe = make_workspace(tmp_path / "desk")
    async with opened(recipe) as (_, pilot):
        await pilot.press("x")
    async with opened(recipe) as (app, pilot):
        assert "✘" in shown(app)
        await pilot.press("u")
        assert statuses(tmp_path / "desk", screen_of(app))[0] == "unreviewed"


async def test_a_range_is_decided_after_saying_how_many(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await pilot.press("v", "j", "j", "j", "x")
        assert "Reject 4 rows?" in shown(app)
        await pilot.press("y")
        await settle(app, pilot)
        assert statuses(tmp_path / "desk", screen_of(app))[:5] == ["rejected"] * 4 + ["unreviewed"]


async def test_a_range_is_taken_back_and_made_again_with_one_key(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await pilot.press("j", "v", "j", "j", "x", "y")
        await settle(app, pilot)
        await pilot.press("G", "u")
        screen = screen_of(app)
        assert set(statuses(tmp_path / "desk", screen)) == {"unreviewed"}
        assert screen.rows.cursor == 1
        assert "undo: 3 rows" in said(app)
        assert "40 of 40 kept" in shown(app)
        await pilot.press("ctrl+r")
        assert statuses(tmp_path / "desk", screen)[:5] == ["unreviewed", *["rejected"] * 3, "unreviewed"]
        assert "redo: 3 rows" in said(app)
        assert "37 of 40 kept" in shown(app)


async def test_several_tags_are_taken_back_at_once(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await pilot.press("t", *"late vip", "enter", "u")
        screen = screen_of(app)
        assert screen.review is not None
        assert screen.review.state(0).tags == set()


async def test_a_range_that_is_not_confirmed_is_not_decided(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await pilot.press("v", "j", "x", "escape")
        assert set(statuses(tmp_path / "desk", screen_of(app))) == {"unreviewed"}


async def test_tags_are_given_and_taken_away(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await pilot.press("t", *"late vip", "enter")
        await pilot.press("t", *"-vip", "enter")
        screen = screen_of(app)
        assert screen.review is not None
        assert screen.review.state(0).tags == {"late"}
        assert "tags late" in shown(app)


async def test_an_edit_replaces_the_messages_and_the_file_stays_as_it_is(tmp_path: Path) -> None:
    recipe = make_workspace(tmp_path / "desk")
    before = (tmp_path / "desk" / "train.jsonl").read_bytes()
    async with opened(recipe) as (app, pilot):
        await pilot.press("e")
        area = app.screen.query_one(TextArea)
        area.text = area.text.replace("normal", "high")
        await pilot.press("ctrl+s")
        screen = screen_of(app)
        assert screen.review is not None
        state = screen.review.state(0)
        assert state.messages is not None
        assert json.loads(state.messages[1]["content"]) == {"queue": "delivery", "urgency": "high"}
        assert state.status == "accepted"
    assert (tmp_path / "desk" / "train.jsonl").read_bytes() == before


async def test_an_edit_without_an_answer_is_not_kept(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await pilot.press("e")
        app.screen.query_one(TextArea).text = "[user]\nHello\n"
        await pilot.press("ctrl+s")
        assert "no assistant turn" in shown(app)
        await pilot.press("escape")
        assert "not kept yet" in shown(app)
        await pilot.press("escape")
        assert set(statuses(tmp_path / "desk", screen_of(app))) == {"unreviewed"}


async def test_a_row_with_control_characters_is_not_given_to_the_text_area(tmp_path: Path) -> None:
    rows = [chat("bell \x07 and \x1b]0;title\x07", "fine"), *ticket_rows(3)]
    async with opened(make_workspace(tmp_path / "desk", rows)) as (app, pilot):
        await pilot.press("e")
        assert isinstance(app.screen, DataScreen)
        assert "\x1b" not in shown(app)
        assert "␛]0;title" in shown(app)


async def test_a_filter_shows_only_what_matches_and_q_shows_all_again(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await pilot.press("x", "f", *"status:rejected", "enter")
        await settle(app, pilot)
        screen = screen_of(app)
        assert list(screen.rows.rows) == [0]
        await pilot.press("q")
        assert len(screen.rows.rows) == 40


async def test_a_bad_filter_says_what_is_wrong_and_stays_open(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await pilot.press("f", *"colour:red", "enter")
        assert "there is no colour:" in shown(app)
        assert isinstance(app.focused, Input)


async def test_at_80_columns_what_is_wrong_with_a_filter_is_said_whole(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk"), size=(80, 24)) as (app, pilot):
        await pilot.press("f", *"colour:red status:new", "enter")
        with pytest.raises(InputError) as wrong:
            parse_filter("colour:red status:new")
        assert str(wrong.value) in " ".join(shown(app).split())
        await pilot.press("escape", "f", *"status:rejected")
        assert "there is no colour:" not in shown(app)


async def test_a_share_that_is_not_yet_whole_is_rounded_down(tmp_path: Path) -> None:
    rows = ticket_rows(200)
    async with opened(make_workspace(tmp_path / "desk", rows)) as (app, pilot):
        await pilot.press(*"aaaaaaa", "i")
        assert "7 decided: 7 ✔ 0 ✘" in shown(app)
        await until(pilot, lambda: "all of it" in shown(app))
        assert "✔ accepted 7 3%" in " ".join(shown(app).split())


async def test_one_kind_of_problem_has_one_name(tmp_path: Path) -> None:
    rows = [*ticket_rows(30), ticket_rows(5)[4]]
    async with opened(make_workspace(tmp_path / "desk", rows)) as (app, pilot):
        await pilot.press("c")
        await until(pilot, lambda: "What check found" in shown(app))
        options = app.screen.query_one(OptionList)
        choose_kind(options, "exact-duplicate")
        await pilot.press("enter")
        assert "exact duplicate: 2 rows" in shown(app)
        assert "exact-duplicate" not in shown(app)


async def test_search_goes_from_match_to_match_and_round(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await pilot.press("slash", *"CHARGED", "enter")
        await until(pilot, lambda: "nothing was found" in shown(app))
        await pilot.press("slash", *"charged twice", "enter")
        await settle(app, pilot)
        rows = screen_of(app).rows
        places = [rows.cursor]
        for key in ("n", "n", "N"):
            await pilot.press(key)
            places.append(rows.cursor)
        assert places == [1, 7, 13, 7]


async def test_next_unreviewed_passes_over_what_is_decided(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await pilot.press("j", "a", "a", "g", "right_square_bracket")
        assert screen_of(app).rows.cursor == 3
        await pilot.press("left_square_bracket")
        assert screen_of(app).rows.cursor == 0


async def test_rows_are_sorted_and_go_back(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await pilot.press("x", "s", "l")
        await settle(app, pilot)
        rows = screen_of(app).rows.rows
        assert screen_of(app).review is not None
        lengths = [len(screen_of(app).review.source.raw(index)) for index in rows]  # type: ignore[union-attr]
        assert lengths == sorted(lengths, reverse=True)
        await pilot.press("q")
        assert list(screen_of(app).rows.rows) == list(range(40))


async def test_the_other_file_of_the_recipe_is_one_key_away(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await pilot.press("o")
        await settle(app, pilot)
        assert "test.jsonl" in shown(app)
        assert screen_of(app).review.size == 6  # type: ignore[union-attr]


async def test_a_refused_row_says_why_and_an_edit_mends_it(tmp_path: Path) -> None:
    rows = [chat("Is anybody there?", ""), "not json at all", *ticket_rows(4)]
    async with opened(make_workspace(tmp_path / "desk", rows)) as (app, pilot):
        assert "the assistant says nothing" in shown(app)
        assert "4 of 6 kept" in shown(app)
        await pilot.press("e")
        area = app.screen.query_one(TextArea)
        area.text = area.text.rstrip("\n") + "\nYes, we are.\n"
        await pilot.press("ctrl+s")
        assert "5 of 6 kept" in shown(app)
        await pilot.press("j", "e")
        await until(pilot, lambda: "holds no messages" in shown(app))


async def test_check_lists_problems_by_kind_and_enter_shows_their_rows(tmp_path: Path) -> None:
    rows = [*ticket_rows(30), ticket_rows(5)[4], chat("Mail me at jo.smith@example.org please.", "Will do.")]
    async with opened(make_workspace(tmp_path / "desk", rows)) as (app, pilot):
        await pilot.press("c")
        await until(pilot, lambda: "What check found" in shown(app))
        text = shown(app)
        assert "exact duplicate" in text
        assert "personal data" in text
        options = app.screen.query_one(OptionList)
        choose_kind(options, "exact-duplicate")
        await pilot.press("enter")
        assert list(screen_of(app).rows.rows) == [4, 30]
        await pilot.press("q", "G")
        assert "personal data" in shown(app)


async def test_a_workspace_without_rows_says_what_to_do(tmp_path: Path) -> None:
    async with opened(None, root=tmp_path) as (app, _):
        assert "No rows here yet." in shown(app)
        assert "ftworkbench init" in shown(app)


async def test_zoom_gives_the_screen_to_the_pane_and_takes_it_back(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        width = screen_of(app).query_one(RowList).size.width
        await pilot.press("z")
        assert screen_of(app).query_one(RowList).size.width > 1.5 * width
        await pilot.press("z")
        assert screen_of(app).query_one(RowList).size.width == width


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_the_row_under_the_cursor_is_read_whole(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(make_workspace(tmp_path / "desk"), size=size) as (app, pilot):
        await pilot.press("j")
        text = " ".join(" ".join(strip.text for strip in screen_of(app).page._strips).split())
        assert "I was charged twice for the same order. Order 2." in text
        assert '"urgency": "high"' in text


def unlike_rows(folder: Path) -> Path:
    """A workspace of forty rows that have nothing in common, and no test file; gives the recipe's path."""
    draw = random.Random(3)
    texts = [" ".join(draw.choices(WORDS.split(), k=14)) for _ in range(40)]
    answers = [json.dumps({"queue": "billing", "urgency": urgency}) for urgency in ("low", "high") * 20]
    recipe = make_workspace(folder, [chat(text, answer) for text, answer in zip(texts, answers, strict=True)])
    recipe.write_text(recipe.read_text().replace('test = "test.jsonl"\n', ""))
    return recipe


def held_out(recipe: Path, part: str) -> set[str]:
    """The keys of the rows of that part of the frozen split."""
    split = json.loads((recipe.parent / "splits" / "triage.json").read_text())
    return {member["key"] for member in split[part]}


def freeze(recipe: Path) -> list[int]:
    """Freezes the recipe's split; gives the places of its validation rows in the training file."""
    opened_recipe = open_recipe(recipe)
    require_split(opened_recipe)
    held = held_out(recipe, "validation")
    source = open_source(recipe.parent / "train.jsonl", opened_recipe.recipe.data)
    return [row.number - 1 for row in source.rows() if row.key in held]


async def test_rejecting_a_row_that_the_frozen_split_measures_by_says_what_that_means(tmp_path: Path) -> None:
    recipe = unlike_rows(tmp_path / "desk")
    held = freeze(recipe)
    async with opened(recipe, size=(80, 24)) as (app, pilot):
        screen = screen_of(app)
        screen.rows.go_to(held[0])
        await pilot.press("x")
        await until(pilot, lambda: "this is a validation row of the frozen split, rejected since" in said(app))
        assert "`ftworkbench split triage.toml --again`" in said(app)
        with pytest.raises(InputError, match=r"a validation row, was rejected since the split was frozen"):
            require_split(open_recipe(recipe))  # what the words say is true
        app.clear_notifications()
        screen.rows.go_to(held[0])
        await pilot.pause()
        page = " ".join(" ".join(strip.text for strip in screen.page._strips).split())
        assert "nothing can be trained or measured by this split any more" in page
        await pilot.press("u")
        require_split(open_recipe(recipe))
        assert "frozen split" not in shown(app)


async def test_editing_a_row_that_the_frozen_split_measures_by_says_so_too(tmp_path: Path) -> None:
    recipe = unlike_rows(tmp_path / "desk")
    held = freeze(recipe)
    async with opened(recipe) as (app, pilot):
        screen_of(app).rows.go_to(held[0])
        await pilot.press("e")
        area = app.screen.query_one(TextArea)
        area.text = area.text.replace("urgency", "hurry")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "this is a validation row of the frozen split, edited since" in said(app))


async def test_a_range_says_how_many_of_its_rows_are_held_out_and_other_rows_say_nothing(tmp_path: Path) -> None:
    recipe = unlike_rows(tmp_path / "desk")
    held = freeze(recipe)
    async with opened(recipe) as (app, pilot):
        screen = screen_of(app)
        screen.rows.go_to(next(place for place in range(40) if place not in held))
        await pilot.press("x")
        await settle(app, pilot)
        assert "frozen split" not in said(app)
        await pilot.press("g", "v", "G", "x", "y")
        count = len(held) + len(held_out(recipe, "test"))
        await until(pilot, lambda: f"{count} of these are rows of the frozen split" in said(app))
        await settle(app, pilot)
        app.clear_notifications()
        await pilot.press("u")
        assert "frozen split" not in said(app)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: f"{count} of these are rows of the frozen split" in said(app))


async def test_a_split_that_is_frozen_while_one_looks_on_holds_at_once(tmp_path: Path) -> None:
    recipe = unlike_rows(tmp_path / "desk")
    async with opened(recipe) as (app, pilot):
        held = freeze(recipe)
        screen = screen_of(app)
        await until(pilot, lambda: bool(screen.held_out.frozen and screen.held_out.frozen.rows))
        screen.rows.go_to(held[0])
        await pilot.press("x")
        await until(pilot, lambda: "this is a validation row of the frozen split" in said(app))


async def test_a_split_that_cannot_be_read_is_said_once(tmp_path: Path) -> None:
    recipe = unlike_rows(tmp_path / "desk")
    freeze(recipe)
    path = recipe.parent / "splits" / "triage.json"
    path.write_text("{")
    async with opened(recipe) as (app, pilot):
        await until(pilot, lambda: "not a frozen split" in said(app))
        app.clear_notifications()
        screen_of(app).held_out.look()
        await settle(app, pilot)
        assert not said(app)
