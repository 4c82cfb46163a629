"""Writes what the estimate says of each sample recipe into the heads of sample_configs/, where a test holds it.

`python tests/bench/samples.py`, when the estimate's formulas have changed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "unit"))

from test_sample_configs import cost_line, index_lines  # noqa: E402


def main() -> None:
    lines = index_lines()
    for path in sorted((ROOT / "sample_configs").glob("*.toml")):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"^# The samples, .*?(?=\n(?!#))", lambda _: "\n".join(lines), text, count=1, flags=re.S | re.M)
        text = re.sub(r"^# Cost: .*$", f"# Cost: {cost_line(path.stem)}", text, count=1, flags=re.M)
        path.write_text(text, encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
