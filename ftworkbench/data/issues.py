"""Label issues, as cleanlab finds them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LEFT_OUT = "datasets"


def label_issues(labels: NDArray[np.int32], likely: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which labels are issues, by confident learning. `likely` has the probability of each label for each row."""
    with _left_out(_LEFT_OUT):
        from cleanlab.filter import find_label_issues
    found: NDArray[np.bool_] = find_label_issues(labels, likely, filter_by="confident_learning", n_jobs=1)
    return found


@contextmanager
def _left_out(module: str) -> Iterator[None]:
    """Nothing imports `module` meanwhile: cleanlab does, for a part that is not used, and goes without it."""
    before: Any = sys.modules.get(module)
    if before is None:
        sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if before is None:
            sys.modules.pop(module, None)
