"""The judge on the Evaluate screen, and the person who labels rows blind to judge it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made_jobs import Made, make_job_folders
from workbenches import opened, shown, until

from ftworkbench.commands.results import evaluation_lines
from ftworkbench.evaluate.judge.checked import rows_to_label
from ftworkbench.evaluate.judge.pairs import Pair, pairs_json
from ftworkbench.evaluate.outputs import read_outputs
from ftworkbench.evaluate.votes import read_votes
from ftworkbench.files import read_json, write_json
from ftworkbench.steps.evaluate import evaluation_result
from ftworkbench.tui.widgets.judge_words import judge_lines


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A workspace whose evaluation a judge has looked at: it prefers the tuned answer wherever both differ."""
    found = make_job_folders(tmp_path / "support-triage")
    job = found.jobs["evaluated"]
    report = read_json(job.verdict)
    both = zip(*(read_outputs(job.outputs / f"test.{name}.jsonl") for name in ("few-shot-6", "tuned")), strict=True)
    pairs = [
        Pair(b.row, "B", "A", 9, 12) if b.answer != a.answer else Pair(b.row, "tie", "tie", same=True) for b, a in both
    ]
    differ = [pair.row for pair in pairs if not pair.same]
    report["judge"] = {
        "mode": "pairwise", "model": "big-judge", "n": len(pairs), "pairs": pairs_json(pairs),
        "missing": {"timeout": 2},
        "labels": dict.fromkeys(rows_to_label(differ, 42, 5), "won"), "seed": 42, "reference": True,
    }  # fmt: skip
    write_json(job.verdict, report)
    return found


async def test_what_the_judge_says_stands_below_the_verdict_unchecked(made: Made) -> None:
    async with opened(None, start="evaluate", root=made.workspace.root, size=(120, 60)) as (app, pilot):
        await until(pilot, lambda: "✔ BETTER" in shown(app))
        assert "judge    ✔ tuned wins" in shown(app), "its figure is in sight at once"
        await pilot.press("shift+tab", "z", "G")
        await until(pilot, lambda: "judge big-judge: tuned wins" in shown(app))
        for words in (
            "checked by a",
            "orders disagree on 0 of",
            "without a verdict: 2 timeout",
            "J labels 5",
        ):
            assert words in shown(app)


async def test_rows_are_labelled_blind_by_keys_and_the_agreement_then_stands_beside_the_judge(made: Made) -> None:
    job = made.jobs["evaluated"]
    async with opened(None, start="evaluate", root=made.workspace.root, size=(120, 60)) as (app, pilot):
        await until(pilot, lambda: "✔ BETTER" in shown(app))
        await pilot.press("J")
        await until(pilot, lambda: "0 of 5 labelled" in shown(app))
        for words in ("Which answer is better?", "← left", "→ right", "reference"):
            assert words in shown(app)
        dialog = "\n".join(line for line in shown(app).splitlines() if "left" in line or "right" in line)
        assert "tuned" not in dialog, "nobody sees whose answer it is"
        assert "few-shot-6" not in dialog
        for done, key in enumerate(("left", "right", "equals_sign", "minus"), 1):
            await pilot.press(key)
            await until(pilot, lambda done=done: f"{done} of 5 labelled" in shown(app))  # type: ignore[misc]
        await pilot.press("u")
        await until(pilot, lambda: "3 of 5 labelled" in shown(app))
        for done in (4, 5):
            await pilot.press("left")
            await until(pilot, lambda done=done: f"{done} of 5 labelled" in shown(app))  # type: ignore[misc]
        await until(pilot, lambda: "All 5 rows are labelled: a person agrees on" in shown(app))
        await pilot.press("escape", "shift+tab", "z", "G")
        await until(pilot, lambda: "of 5 rows" in shown(app))
        assert "not checked" not in shown(app)
    votes = read_votes(made.workspace.votes)
    assert [vote.rows for vote in votes] == ["test"] * 5
    assert {vote.how["evaluation"] for vote in votes} == {job.name}
    printed = "\n".join(evaluation_lines(evaluation_result(job)))
    assert "judge big-judge: tuned wins" in printed
    assert "a person agrees on" in printed


async def test_without_a_judge_the_key_says_what_to_do(tmp_path: Path) -> None:
    made = make_job_folders(tmp_path / "support-triage")
    async with opened(None, start="evaluate", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: "✔ BETTER" in shown(app))
        await pilot.press("J")
        await until(pilot, lambda: "[judge] in the recipe says who does" in shown(app))


async def test_at_80_columns_both_answers_stand_below_each_other(made: Made) -> None:
    async with opened(None, start="evaluate", root=made.workspace.root, size=(80, 24)) as (app, pilot):
        await until(pilot, lambda: "✔ BETTER" in shown(app))
        await pilot.press("J")
        await until(pilot, lambda: "→ right" in shown(app))
        assert not any(
            "← left" in line and "→ right" in line and "as good" not in line for line in shown(app).splitlines()
        )


@pytest.mark.parametrize("width", [30, 78, 118])
def test_no_line_is_wider_than_its_pane(width: int) -> None:
    judge: dict[str, Any] = {
        "mode": "pairwise", "model": "a/very-long-name-of-a-model\x1b[31m" * 3, "n": 3,
        "pairs": pairs_json([Pair("a", "B", "A", 1, 2), Pair("b", "A", "A", 1, 2), Pair("c", "A", "B", 2, 1)]),
        "labels": {"a": "won"}, "agreement": {"n": 0},
    }  # fmt: skip
    lines = judge_lines({"judge": judge}, width)
    assert max(line.cell_length for line in lines) <= width
    assert not any("\x1b" in line.plain for line in lines)
    assert judge_lines({}, width) == []
