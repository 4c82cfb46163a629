"""`E` gives the terminal to the user's editor, and takes it back whatever the editor does."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from terminal import workbench
from workbenches import make_workspace


def script(path: Path, body: str) -> str:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.mark.parametrize(
    ("editor", "says"),
    [("", "no editor is named"), ("false", "ended with code 1"), ("/no/such/editor", "No such file")],
)
def test_an_editor_that_cannot_be_used_is_said_and_the_screen_stays(tmp_path: Path, editor: str, says: str) -> None:
    recipe = make_workspace(tmp_path / "desk")
    with workbench(recipe.parent, env={"EDITOR": editor, "VISUAL": ""}) as terminal:
        terminal.wait("Where is my parcel")
        terminal.press("E")
        terminal.wait(says)
        terminal.press("2")
        terminal.wait("learning_rate")


def test_what_the_editor_saved_is_the_row_from_then_on(tmp_path: Path) -> None:
    recipe = make_workspace(tmp_path / "desk")
    editor = script(tmp_path / "mend", 'sed -i "s/should have been here on Monday/is late/" "$1"')
    with workbench(recipe.parent, env={"EDITOR": editor, "VISUAL": ""}) as terminal:
        terminal.wait("Where is my parcel")
        terminal.press("E")
        terminal.wait("It is late")
    decided = [json.loads(line) for line in (recipe.parent / "ledger.jsonl").read_text().splitlines()]
    assert [decision["do"] for decision in decided] == ["edit"]
