"""The terminal that the tests of the screens have, and the small runs of the worker's, are used here too."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

for room in ("tui", "worker"):
    sys.path.insert(0, str(Path(__file__).parents[1] / room))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of `transformers serve` with the embedded model."""
    from endpoint_server import serving

    from ftworkbench.paths import POCKET

    with serving(POCKET, tmp_path_factory.mktemp("server") / "log") as port:
        yield port


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed is asked again at once, nearly."""
    from ftworkbench.worker import endpoint

    monkeypatch.setattr(endpoint, "FIRST_PAUSE", 0.02)
