"""Every figure of the Data room against its aim, and a peer's in the same run where there is one.

`python tests/bench/data.py [--rows 1000000] [--large ROWS] [--keep FOLDER]`. It takes some minutes and 1.5 GB of disk;
with `--large 10000000` ten times that. VisiData is measured where it is installed (`pip install visidata`).
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import browse
import check
import near_duplicates
from browse import MEGABYTE, Terminal, Timed

from ftworkbench.data.review.ledger import Ledger

AIMS = {
    "first rows after the app's own first paint, s": 0.3,
    "jump to the last row, s": 0.5,
    "key to paint, p99, ms": 33,
    "memory over the empty app, MB": 100,
    "bytes for one j, median": 2000,
}


def say(what: str, ours: str, aim: str, peer: str = "") -> None:
    print(f"| {what} | {ours} | {aim} | {peer} |", flush=True)


def browsing(folder: Path, data: Path, count: int, *, peer: bool) -> None:
    there = visidata(data) if peer else {}
    for what, value in browse.measure(folder, data, count).items():
        aim = AIMS.get(what)
        say(f"{what}, {count:,} rows", f"{value:,.3g}", f"≤ {aim:g}" if aim else "", there.get(what, ""))


def visidata(data: Path) -> dict[str, str]:
    """The same of VisiData, on the same file: how long to its first row, and what a key costs."""
    program = shutil.which("vd", path=f"{Path(sys.executable).parent}:/usr/bin:/usr/local/bin")
    if program is None:
        return {}
    terminal = Terminal([program, str(data)])
    began = time.perf_counter()
    try:
        terminal.wait("Ticket 1:", 120)
        first = time.perf_counter() - began
        terminal.settle(1.0, 300)
        timed = Timed(terminal)
        steps = [timed.press("j") for _ in range(30)]
        return {
            "first rows after the app's own first paint, s": f"VisiData {first:.2f} from its start",
            "key to paint, p99, ms": f"VisiData {1000 * max(seconds for seconds, _ in steps):.0f}",
            "bytes for one j, median": f"VisiData {statistics.median(size for _, size in steps):,.0f}",
            "memory over the empty app, MB": f"VisiData {timed.memory():,.0f} in all",
        }
    finally:
        terminal.close()


def checking(folder: Path, data: Path) -> None:
    for name, path in ((name, folder / f"{name}.jsonl") for name in ("labelled", "conversations")):
        check.write(path, getattr(check, name), 100 * MEGABYTE)
        report(name, path)
    report("the rows above", data)


def report(name: str, path: Path) -> None:
    done = check.measure(path)
    speed = f"{done.megabytes / done.seconds:.0f} MB/s, {done.rows / done.seconds:,.0f} rows/s"
    say(f"check, {name}", speed, "≥ 150 MB/s", f"orjson alone {done.megabytes / parsing(path):.0f} MB/s")


def parsing(path: Path) -> float:
    """Seconds that one process takes to parse the lines, and nothing else."""
    code = "import orjson, sys\nfor line in open(sys.argv[1], 'rb'): orjson.loads(line)"
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
    return time.perf_counter() - began


def duplicates(count: int) -> None:
    seconds, peak, _ = near_duplicates.measure("ours", count)
    theirs, _, _ = near_duplicates.measure("rensa alone", count // near_duplicates.SHARE_OF_PEER)
    scaled = theirs * near_duplicates.SHARE_OF_PEER
    say(f"near-duplicates, {count:,} documents", f"{seconds:.1f} s, {peak:.2f} GB", "≤ 60 s, ≤ 3 GB",
        f"rensa alone {scaled:.0f} s")  # fmt: skip


def decisions(folder: Path) -> None:
    """Decisions in a ledger that holds 100,000."""
    ledger = Ledger.open(folder / "ledger.jsonl")
    ledger.decide_all([f"{number:016x}" for number in range(100_000)], "accept")
    taken = []
    for number in range(200):
        began = time.perf_counter()
        ledger.decide(f"{number * 7919:016x}", "reject")
        taken.append(1000 * (time.perf_counter() - began))
    ordered = sorted(taken)
    say("a decision, fsync included, ms", f"{statistics.median(taken):.1f}, p99 {ordered[197]:.1f}", "≤ 10")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--large", type=int, default=0, help="browse a file of so many rows too")
    parser.add_argument("--keep", type=Path, help="a folder for the files, to be used again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, kept = Path(name), options.keep or Path(name)
        print("| what | measured | aim | peer |\n| --- | --- | --- | --- |", flush=True)
        for count in filter(None, (options.rows, options.large)):
            data = kept / f"rows-{count}.jsonl"
            if not data.exists():
                browse.write_rows(data, count)
            (place := folder / str(count)).mkdir()
            browsing(place, data, count, peer=count == options.rows)
        decisions(folder)
        duplicates(options.rows)
        checking(kept, kept / f"rows-{options.rows}.jsonl")


if __name__ == "__main__":
    main()
