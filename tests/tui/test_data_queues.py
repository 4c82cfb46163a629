"""The Data screen's queues: what is looked at, in which order, and by what is known of the rows."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

from textual.pilot import Pilot
from workbenches import chat, make_workspace, opened, settle, shown, ticket_rows, until

from ftworkbench.data.review.decisions import NEAR_FAILURE
from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.sources.source import open_source
from ftworkbench.data.splits.split import freeze
from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.state import own_state, write_state
from ftworkbench.steps.recipe import open_recipe
from ftworkbench.tui.screens.data import DataScreen

LONG = "my parcel was left in the rain by the courier and the box with the new screen is soaked and broken"


def distinct(count: int) -> list[str]:
    """Rows that have no word in common."""
    return [chat(" ".join(f"{word}{number}" for word in LONG.split()[:9]), "billing") for number in range(count)]


def screen_of(app: object) -> DataScreen:
    screen = app.screen  # type: ignore[attr-defined]
    assert isinstance(screen, DataScreen)
    return screen


async def filtered(app: object, pilot: Pilot[None], line: str) -> list[int]:
    """The rows that a filter shows."""
    await pilot.press("f", *line, "enter")
    await settle(app, pilot)  # type: ignore[arg-type]
    return list(screen_of(app).rows.rows)


async def test_all_that_a_filter_matches_is_decided_as_one_after_saying_how_many(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        rows = await filtered(app, pilot, "charged")
        await pilot.press("V", "x")
        assert f"Reject {len(rows)} rows?" in shown(app)
        await pilot.press("y")
        ledger = Ledger.open(tmp_path / "desk" / "ledger.jsonl")
        await until(pilot, lambda: ledger.refresh() or bool(ledger.keys()))
        review = screen_of(app).review
        assert review is not None
        rejected = [index for index in range(review.size) if ledger.state(review.key(index)).status == "rejected"]
        assert rejected == rows
        assert len(rows) > 3


async def test_what_a_check_found_is_filtered_by_and_comes_first_by_suspicion(tmp_path: Path) -> None:
    odd = [chat(LONG, "delivery"), *distinct(30), chat(LONG + " sadly", "delivery"), chat(LONG.upper(), "returns")]
    async with opened(make_workspace(tmp_path / "desk", odd)) as (app, pilot):
        await pilot.press("s", "p")
        assert "nothing was checked yet" in shown(app)
        await pilot.press("f", *"dup:any", "enter")
        assert "nothing was checked yet" in shown(app)
        await pilot.press("escape", "c")
        await until(pilot, lambda: "What check found" in shown(app))
        await pilot.press("escape")
        assert await filtered(app, pilot, "dup:near") == [31]
        await pilot.press("q")
        assert await filtered(app, pilot, "problem:conf") == [32]
        await pilot.press("q", "s", "p")
        await settle(app, pilot)
        assert list(screen_of(app).rows.rows)[:2] == [32, 31]


async def test_losses_and_the_split_are_shown_filtered_and_sorted_by(tmp_path: Path) -> None:
    recipe = make_workspace(tmp_path / "desk", distinct(40))
    recipe.write_text(recipe.read_text().replace('test = "test.jsonl"\n', ""))
    with open_source(recipe.parent / "train.jsonl") as source:
        keys = [row.key for row in source.rows()]
    freeze(open_recipe(recipe).workspace, recipe.stem, open_recipe(recipe).recipe.data)
    async with opened(recipe, size=(120, 40)) as (app, pilot):
        await pilot.press("s", "o")
        assert "no training has measured the rows yet" in shown(app)
    trained(recipe, {keys[0]: (3.1, 0.2), keys[1]: (3.0, 2.5), keys[2]: (2.0, 1.5)})
    async with opened(recipe, size=(120, 40)) as (app, pilot):
        await settle(app, pilot)
        assert await filtered(app, pilot, "loss>1") == [1, 2]
        await pilot.press("q")
        assert 0 < len(await filtered(app, pilot, "split:test")) < 20
        await pilot.press("q", "s", "o")
        await settle(app, pilot)
        assert list(screen_of(app).rows.rows)[:3] == [1, 2, 0]
        await pilot.press("g")
        assert "loss 3.00 → 2.50" in shown(app)


def trained(recipe: Path, losses: dict[str, tuple[float, float]]) -> None:
    """A training of the recipe that is done and has measured its rows."""
    opened_recipe = open_recipe(recipe)
    job = create_job(opened_recipe.workspace, "train", recipe.read_text(), {"recipe": recipe.stem})
    write_state(job, own_state("done", 1))
    lines = [{"key": key, "loss_before": before, "loss_after": after} for key, (before, after) in losses.items()]
    job.outputs.mkdir(exist_ok=True)
    (job.outputs / "rows.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))


async def test_rows_near_a_failure_come_first_and_are_gone_to_though_they_had_been_accepted(tmp_path: Path) -> None:
    recipe = make_workspace(tmp_path / "desk")
    async with opened(recipe) as (app, pilot):
        review = screen_of(app).review
        keys = [review.key(index) for index in range(40)]
        review.decide_all(keys, "accept")
        review.ledger.look_again([keys[7], keys[30]], NEAR_FAILURE)
        review.decide(30, "accept")  # looked at since
        review.tally.recount()
        await pilot.press("s", "f")
        await settle(app, pilot)
        assert list(screen_of(app).rows.rows)[:3] == [7, 30, 0]
        await pilot.press("j", "j", "right_square_bracket")
        assert screen_of(app).rows.index == 7


async def test_a_random_order_is_the_same_every_time_and_another_than_the_files(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        orders = []
        for _ in range(2):
            await pilot.press("s", "r")
            await settle(app, pilot)
            orders.append(list(screen_of(app).rows.rows))
            await pilot.press("q")
        assert orders[0] == orders[1]
        assert sorted(orders[0]) == list(range(40))
        assert orders[0] != list(range(40))


async def test_rows_that_are_appended_while_one_looks_on_are_there_and_the_end_is_followed(tmp_path: Path) -> None:
    recipe = make_workspace(tmp_path / "desk")
    desk = recipe.parent
    async with opened(recipe) as (app, pilot):
        await pilot.press("G")
        with (desk / "train.jsonl").open("a") as file:
            file.write(chat("One more, please", "billing") + "\n")
        await until(pilot, lambda: "of 41 kept" in shown(app))
        assert screen_of(app).rows.cursor == 40
        assert "One more, please" in shown(app)
        await pilot.press("k")
        with (desk / "train.jsonl").open("a") as file:
            file.write(chat("And another", "billing"))
        await until(pilot, lambda: "of 42 kept" in shown(app))
        assert screen_of(app).rows.cursor == 39


async def test_a_row_of_a_folder_says_in_which_file_it_stands(tmp_path: Path) -> None:
    recipe = make_workspace(tmp_path / "desk")
    desk = recipe.parent
    (desk / "parts").mkdir()
    for name in ("part-1", "part-2"):
        (desk / "parts" / f"{name}.jsonl").write_text("".join(f"{row}\n" for row in ticket_rows(3)))
    recipe.write_text(recipe.read_text().replace('train = "train.jsonl"', 'train = "parts"'))
    async with opened(recipe, size=(120, 40)) as (app, pilot):
        await pilot.press("G")
        assert "part-2.jsonl, line 3" in shown(app)


async def test_a_number_of_a_row_is_its_line_where_blank_lines_stand_between(tmp_path: Path) -> None:
    rows = ticket_rows(4)
    async with opened(make_workspace(tmp_path / "desk", [rows[0], "", "", *rows[1:]])) as (app, pilot):
        await pilot.press("colon", "5", "enter")
        assert screen_of(app).rows.cursor == 2
        assert json.loads(rows[2])["messages"][0]["content"][:20] in shown(app)


async def test_a_row_that_contradicts_another_shows_it_with_the_words_that_differ(tmp_path: Path) -> None:
    rows = [*distinct(5), chat(LONG, "delivery"), chat(LONG.replace("soaked", "wet"), "returns")]
    async with opened(make_workspace(tmp_path / "desk", rows), size=(120, 40)) as (app, pilot):
        await pilot.press("c")
        await until(pilot, lambda: "What check found" in shown(app))
        await pilot.press("escape", "G")
        page = shown(app)
        assert "row 6 says" in page
        said = page[page.index("row 6 says") :]
        assert "soaked" in said
        assert "delivery" in said


async def test_a_file_is_read_otherwise_by_a_key_and_the_recipe_says_so(tmp_path: Path) -> None:
    rows = [json.dumps({"question": f"q{n} one", "answer": f"a{n}", "hint": f"h{n}"}) for n in range(4)]
    recipe = make_workspace(tmp_path / "desk", rows)
    async with opened(recipe, size=(120, 40)) as (app, pilot):
        assert "a0" in shown(app)
        await pilot.press("F")
        await until(pilot, lambda: "Read train.jsonl as" in shown(app))
        assert "question-answer: 4 of 4 rows  (as it is read now)" in shown(app)
        line = next(line for line in shown(app).splitlines() if "columns question, hint" in line)
        await pilot.press(line.split("columns")[0].split()[-1])
        await until(pilot, lambda: 'answer_column = "hint"' in recipe.read_text())
        await until(pilot, lambda: "h0" in shown(app))
        assert "# How support tickets are routed." in recipe.read_text()


async def test_the_overview_counts_labels_reviews_and_lengths(tmp_path: Path) -> None:
    answers = [json.dumps({"queue": "billing" if n % 4 else "legal"}) for n in range(20)]
    rows = [chat(f"ticket number {n} {'long ' * n}", answer) for n, answer in enumerate(answers)]
    async with opened(make_workspace(tmp_path / "desk", rows), size=(120, 40)) as (app, pilot):
        await pilot.press("a", "x", "a", "t", *"odd", "enter", "i")
        await until(pilot, lambda: "all of it" in shown(app))
        lines = [" ".join(line.split()) for line in shown(app).splitlines()]
        assert any("✔ accepted 2 10%" in line for line in lines)
        assert any("✘ rejected 1 5%" in line for line in lines)
        assert any("billing 15 14 13%" in line for line in lines)
        assert any("legal 5 5 20%" in line for line in lines)
        assert any("odd 1 1 0%" in line for line in lines)
        assert any("Length in characters" in line for line in lines)
        await pilot.press("q")
        assert isinstance(app.screen, DataScreen)


async def test_words_are_found_in_edits_in_escaped_text_and_in_rows_that_cannot_be_read(tmp_path: Path) -> None:
    rows = [*distinct(3), chat("Ein Stück Käse", "ok"), '{"broken stück', chat('He said "stop"', "ok")]
    recipe = make_workspace(tmp_path / "desk", rows)
    ledger = Ledger.open(recipe.parent / "ledger.jsonl")
    with open_source(recipe.parent / "train.jsonl") as source:
        edited = [{"role": "user", "content": "a piece of cheese"}, {"role": "assistant", "content": "ok"}]
        ledger.decide(source.row(1).key, "edit", messages=edited)
    async with opened(recipe) as (app, pilot):
        await settle(app, pilot)
        for line, found in (("cheese", [1]), ("parcel0", [0]), ("parcel1", []), ('"He said"', [5]), ("stück", [3, 4])):
            assert await filtered(app, pilot, line) == found, line
            await pilot.press("q")
        await pilot.press("slash", *"cheese", "enter")
        await settle(app, pilot)
        assert screen_of(app).rows.cursor == 1
        await pilot.press("slash", *"käse", "enter")
        await settle(app, pilot)
        assert screen_of(app).rows.cursor == 3


async def test_rows_that_read_alike_stand_together_by_cluster(tmp_path: Path) -> None:
    subjects = ("the parcel is late again", "my invoice shows a wrong price", "the screen of the phone is broken")
    rows = [chat(f"{subjects[n % 3]} number {n} {'please ' * (n % 4)}", "ok") for n in range(30)]
    async with opened(make_workspace(tmp_path / "desk", rows)) as (app, pilot):
        await pilot.press("s", "c")
        await until(pilot, lambda: "by cluster" in shown(app))
        order = [index % 3 for index in screen_of(app).rows.rows]
        assert sorted(screen_of(app).rows.rows) == list(range(30))
        assert sum(one != two for one, two in pairwise(order)) < 10
