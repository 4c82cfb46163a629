"""Labels, their confusions and the fields of JSON answers on the Evaluate screen."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from made_jobs import Made, add_details, make_job_folders
from workbenches import opened, shown, until

from ftworkbench.evaluate.metrics.labels import label_table
from ftworkbench.tui.widgets.flip_list import FlipList
from ftworkbench.tui.widgets.label_words import label_lines
from ftworkbench.tui.widgets.lines_view import LinesView


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A workspace whose evaluation says what lies beneath its scores."""
    found = make_job_folders(tmp_path / "support-triage")
    add_details(found.jobs["evaluated"])
    return found


async def test_a_key_shows_the_labels_and_takes_them_away_again(made: Made) -> None:
    async with opened(None, start="evaluate", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: "✔ BETTER" in shown(app))
        await pilot.press("l")
        await until(pilot, lambda: "confusion matrix" in shown(app))
        for words in ("5 labels in queue · macro F1", "few-shot-6", "most confused", "→"):
            assert words in shown(app)
        assert isinstance(app.screen.focused, LinesView)
        await pilot.press("G")
        await until(pilot, lambda: "fields of tuned" in shown(app))
        for words in ("urgency", "cut off", "tokens, mean"):
            assert words in shown(app)
        await pilot.press("l")
        await until(pilot, lambda: "confusion matrix" not in shown(app))
        assert isinstance(app.screen.focused, FlipList)


async def test_at_80_columns_the_labels_have_the_screen_for_themselves(made: Made) -> None:
    async with opened(None, start="evaluate", root=made.workspace.root, size=(80, 24)) as (app, pilot):
        await until(pilot, lambda: "✔ BETTER" in shown(app))
        await pilot.press("l")
        await until(pilot, lambda: "confusion matrix" in shown(app) and "BETTER" not in shown(app))


async def test_an_evaluation_that_says_no_more_than_its_scores_is_told_so(tmp_path: Path) -> None:
    made = make_job_folders(tmp_path / "support-triage")
    async with opened(None, start="evaluate", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: "✔ BETTER" in shown(app))
        await pilot.press("l")
        await until(pilot, lambda: "no more than its scores" in shown(app))
        assert "confusion matrix" not in shown(app)


def _found(labels: int) -> dict[str, object]:
    """An evaluation of many labels, each of which is taken for the one after it, less often once tuned."""
    names = [f"a_label_with_quite_a_long_name_{place}" for place in range(labels)]
    systems = []
    for name, wrong in (("few-shot-6", 3), ("tuned", 1)):
        pairs = [(each, each) for each in names for _ in range(4)]
        pairs += [(one, other) for one, other in pairwise(names) for _ in range(wrong)]
        pairs += [(names[0], "no idea")] * wrong
        systems.append({"name": name, "metrics": {}, "labels": label_table(pairs).as_json()})
    return {"systems": systems}


@pytest.mark.parametrize("labels", [1, 2, 6, 20, 77, 300])
@pytest.mark.parametrize("width", [30, 78, 118, 250])
@pytest.mark.parametrize("turned", [0, 1])
def test_no_line_is_wider_than_its_pane_however_many_labels(labels: int, width: int, turned: int) -> None:
    lines = label_lines(_found(labels), width, turned)
    assert max(line.cell_length for line in lines) <= width


def test_where_77_labels_have_no_room_the_most_confused_pairs_come_first() -> None:
    text = "\n".join(line.plain for line in label_lines(_found(77), 78))
    assert text.index("most confused, 12 of 76") < text.index("confusion matrix")
    assert "+ the other 63 labels" in text
    assert "; t turns to few-shot-6" in text
    assert "t turns to tuned" in "\n".join(line.plain for line in label_lines(_found(77), 78, 1))


def test_where_all_have_room_both_matrices_stand_beside_each_other() -> None:
    lines = [line.plain for line in label_lines(_found(3), 118)]
    [head] = [line for line in lines if line.startswith("few-shot-6 ")]
    assert "tuned" in head
    assert not any("t turns to" in line for line in lines)


def test_of_two_long_labels_something_of_each_is_seen() -> None:
    long = "balance_not_updated_after_cheque_or_cash_deposit"
    pairs = [(long, "cash_withdrawal_not_recognised"), ("a", long), (long, "a")]
    found = {
        "systems": [
            {"name": "tuned", "labels": label_table([*pairs, ("cash_withdrawal_not_recognised", "a")]).as_json()}
        ]
    }
    text = "\n".join(line.plain for line in label_lines(found, 60))
    assert "balance_not_upda" in text.split(" → cash_withdrawal")[0]
    assert f"a → {long[:36]}" in text
    assert "… → a " in text
