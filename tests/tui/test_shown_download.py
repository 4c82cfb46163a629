"""A download is shown as one, in sizes that a person reads."""

from __future__ import annotations

import sys

import pytest

from ftworkbench.commands.bars import bars
from ftworkbench.jobs.events import Event
from ftworkbench.jobs.story import Story
from ftworkbench.tui.widgets.run_words import head_lines


def story(done: int) -> Story:
    told = Story()
    told.add(
        [
            Event(1, 1.0, 1, "phase", {"phase": "loading", "why": "downloads somebody/model from the hub"}),
            Event(2, 2.0, 1, "progress", {"what": "download", "done": done, "total": 16_060_000_000, "unit": "bytes"}),
        ]
    )
    return told


def test_while_a_model_comes_the_workbench_shows_how_much_of_it_is_there() -> None:
    entry = {"job": "2026-11-23-triage-3f2a", "kind": "train", "phase": "loading", "why": ""}
    lines = [line.plain for line in head_lines(entry, story(4_200_000_000), 100, 3.0)]
    assert any("download 4.2 GB of 16.1 GB" in line for line in lines)
    lines = [line.plain for line in head_lines(entry, story(16_060_000_000), 100, 3.0)]
    assert any("downloads somebody/model" in line for line in lines)


def test_the_command_line_says_it_in_megabytes(capsys: pytest.CaptureFixture[str]) -> None:
    assert not sys.stderr.isatty()
    with bars() as shown:
        shown.show(story(4_200_000_000))
    assert "download 4200/16060 MB" in capsys.readouterr().err
