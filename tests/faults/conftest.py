"""The terminal that the tests of the screens have, and the small runs of the worker's, are used here too."""

from __future__ import annotations

import sys
from pathlib import Path

for room in ("tui", "worker"):
    sys.path.insert(0, str(Path(__file__).parents[1] / room))
