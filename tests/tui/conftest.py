"""Every test of the screens has its own settings and state, and so touches nobody's."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_jobs import Made, make_unmeasured, open_session

from ftworkbench.jobs.folder import Job


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A workspace whose prompts were not measured; a file of tests that needs another has its own."""
    return make_unmeasured(tmp_path / "support-triage")


@pytest.fixture
def session(made: Made) -> Job:
    """The session of its training job that is done: the test itself answers."""
    return open_session(made)
