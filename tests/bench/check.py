"""How fast `check` reads a file, and in how much memory: `python tests/bench/check.py [MEGABYTES]`, 60 unless said.

Two files are made in a temporary folder: short labelled rows, of which some repeat one another, and long
conversations without labels. Each is checked in a process of its own.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

WORDS = [f"{start}{end}" for start in ("ba", "ke", "li", "mo", "nu", "pra", "sto", "tri") for end in
         ("ck", "dge", "ld", "mper", "nt", "rse", "sh", "tter", "vel", "zz", "rd", "ng", "lp", "st", "ft")]  # fmt: skip
CHECK = """
import json, resource, sys, time
from pathlib import Path
from ftworkbench.data.checks.check import check_files

path = Path(sys.argv[1])
began = time.perf_counter()
(file,) = check_files([path]).files
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([file.rows, path.stat().st_size / 1e6, seconds, peak, len(file.problems)]))
"""


@dataclass(frozen=True)
class Checked:
    """How a check went; `peak` is memory in MiB."""

    rows: int
    megabytes: float
    seconds: float
    peak: float
    problems: int


def sentence(draw: random.Random, words: int) -> str:
    return " ".join(draw.choices(WORDS, k=words)) + f" {draw.randrange(10**6)}"


def chat(*turns: str) -> str:
    roles = ("user", "assistant")
    messages = [{"role": roles[place % 2], "content": text} for place, text in enumerate(turns)]
    return json.dumps({"messages": messages})


def labelled(draw: random.Random) -> Iterator[str]:
    """Twenty to sixty words and one of 77 labels; every tenth row says nearly what an earlier one said."""
    said: list[tuple[str, str]] = []
    while True:
        prompt, label = sentence(draw, draw.randrange(20, 60)), f"label_{draw.randrange(77)}"
        if said and draw.random() < 0.1:
            earlier, label = draw.choice(said)
            prompt = f"{earlier} please"
        elif len(said) < 10_000:
            said.append((prompt, label))
        yield chat(prompt, label)


def conversations(draw: random.Random) -> Iterator[str]:
    """Twelve turns of thirty to ninety words."""
    while True:
        yield chat(*(sentence(draw, draw.randrange(30, 90)) for _ in range(12)))


def write(path: Path, rows: Callable[[random.Random], Iterator[str]], size: float) -> None:
    """Writes rows until the file has that many bytes; one that is there stays."""
    if path.exists():
        return
    written = 0
    with path.open("w") as file:
        for line in rows(random.Random(1)):
            written += file.write(line + "\n")
            if written > size:
                return


def measure(path: Path) -> Checked:
    """Checks a file in a process of its own."""
    done = subprocess.run([sys.executable, "-c", CHECK, str(path)], capture_output=True, text=True, check=True)
    return Checked(*json.loads(done.stdout))


def main() -> None:
    size = float(sys.argv[1] if len(sys.argv) > 1 else 60) * 1e6
    with tempfile.TemporaryDirectory() as folder:
        for rows in (labelled, conversations):
            path = Path(folder) / f"{rows.__name__}.jsonl"
            write(path, rows, size)
            done = measure(path)
            print(
                f"{rows.__name__:<14} {done.rows:>8,} rows  {done.megabytes:6.1f} MB  {done.seconds:6.1f} s  "
                f"{done.megabytes / done.seconds:6.1f} MB/s  {done.rows / done.seconds:>8,.0f} rows/s  "
                f"peak {done.peak:,.0f} MiB  {done.problems:,} problems",
                flush=True,
            )


if __name__ == "__main__":
    main()
