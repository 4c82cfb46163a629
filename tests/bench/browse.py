"""The Data screen on a large file: first rows, the last row, keys to paint, bytes to the terminal, memory.

Run by hand: `python tests/bench/browse.py [--rows 1000000] [--keep FILE]`. The rows are chats of about 600 bytes.
Everything is measured from outside, in a pty of 120×40.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tui"))

from terminal import NAMED, Terminal

from ftworkbench.demo.tickets.grammar import read_sections

RECIPE = '[model]\nmodel_id = "pocket"\n[data]\ntrain = "{data}"\n'
MEGABYTE = 1e6
KEYS = NAMED | {"ctrl+d": "\x04", "ctrl+u": "\x15"}
STEPS = "j" * 60
MIXED = [*STEPS, *["pagedown"] * 60, *["k"] * 60, *["pageup"] * 30]
OTHERS = [*["ctrl+d"] * 30, *["ctrl+u"] * 30, *["G", "g"] * 10]


def write_rows(path: Path, count: int, seed: int = 1) -> None:
    """Chats whose words come from a vocabulary of some thousands; each has its number in it."""
    draw = random.Random(seed)
    phrases = " ".join(line for lines in read_sections("frame").values() for line in lines)
    words = sorted(set(re.findall("[a-z']{2,}", phrases)))
    pieces = [" ".join(draw.choices(words, k=12)) for _ in range(4096)]
    labels = ("billing", "delivery", "account", "technical", "returns")
    with path.open("w", encoding="utf-8") as file:
        for number in range(1, count + 1):
            text = f"Ticket {number}: " + ". ".join(draw.choices(pieces, k=6))
            answer = json.dumps({"queue": draw.choice(labels), "urgency": "normal"})
            turns = [{"role": "user", "content": text}, {"role": "assistant", "content": answer}]
            file.write(json.dumps({"messages": turns}) + "\n")


class Timed:
    """A workbench in a terminal, and how long its answers to keys take."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    def press(self, key: str, quiet: float = 0.05) -> tuple[float, int]:
        """Seconds from a key to the last byte before the terminal goes quiet, and the bytes that came."""
        self.terminal.settle(0.02, 0.2)
        return self.terminal.time_of_answer(KEYS.get(key, key), quiet)

    def memory(self) -> float:
        """Anonymous memory of the program in MB: what it holds beside the mapped file."""
        text = Path(f"/proc/{self.terminal.process.pid}/status").read_text()
        return float(text.split("RssAnon:")[1].split()[0]) * 1024 / MEGABYTE


def percentile(seconds: Sequence[float], percent: int) -> float:
    """Milliseconds."""
    return 1000 * statistics.quantiles(seconds, n=100, method="inclusive")[percent - 1]


def print_by_key(presses: Iterable[tuple[str, float]]) -> None:
    by_key: dict[str, list[float]] = {}
    for key, seconds in presses:
        by_key.setdefault(key, []).append(seconds)
    for key, taken in by_key.items():
        figures = " ".join(f"{percentile(taken, percent):.1f}" for percent in (50, 90, 99))
        print(f"  {key}: median, p90, p99 of {len(taken)}: {figures} ms", file=sys.stderr)


def opened(workspace: Path) -> Terminal:
    return Terminal([sys.executable, "-m", "ftworkbench", str(workspace)])


def workspace_on(folder: Path, data: Path) -> Path:
    folder.mkdir()
    (folder / "rows.toml").write_text(RECIPE.format(data=os.path.relpath(data, folder)))
    return folder


def measure(folder: Path, data: Path, count: int) -> dict[str, float]:
    """The figures of a file of so many rows, by what they are."""
    small = folder / "small.jsonl"
    write_rows(small, 40)
    empty = opened(workspace_on(folder / "empty", small))
    began = time.perf_counter()
    empty.wait("1 Data")
    shell = time.perf_counter() - began
    empty.wait("Ticket 1:")
    empty.settle(1.0)
    base = Timed(empty).memory()
    empty.close()

    found: dict[str, float] = {}
    terminal = opened(workspace_on(folder / "large", data))
    began = time.perf_counter()
    try:
        terminal.wait("Ticket 1:")
        found["first rows after the app's own first paint, s"] = time.perf_counter() - began - shell
        terminal.wait(f"{count:,} of {count:,} kept", 900)
        timed = Timed(terminal)
        asked = time.perf_counter()
        terminal.send("G")
        terminal.wait(f"Ticket {count}:", 120)
        found["jump to the last row, s"] = time.perf_counter() - asked
        timed.press("g")
        steps = [timed.press(key) for key in STEPS]
        presses = [timed.press(key)[0] for key in MIXED]
        found["key to paint, median, ms"] = 1000 * statistics.median(presses)
        found["key to paint, p99, ms"] = percentile(presses, 99)
        print_by_key([*zip(MIXED, presses, strict=True), *((key, timed.press(key)[0]) for key in OTHERS)])
        found["bytes for one j, median"] = statistics.median(size for _, size in steps)
        decisions = [timed.press("a")[0] for _ in range(30)]
        found["a decision to its paint, median, ms"] = 1000 * statistics.median(decisions)
        found["memory over the empty app, MB"] = timed.memory() - base
    finally:
        terminal.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="the file of rows, to be used again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = options.keep or folder / "rows.jsonl"
        if not data.exists():
            write_rows(data, options.rows)
        print(f"{options.rows:,} rows, {data.stat().st_size / MEGABYTE:,.0f} MB")
        for what, value in measure(folder, data, options.rows).items():
            print(f"{what}: {value:,.3g}")


if __name__ == "__main__":
    main()
