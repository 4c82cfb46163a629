"""Watching a run: what is sent to the terminal, how soon keys are answered, and what it costs the training.

Run by hand, nothing else running: `python tests/bench/watching.py [--seconds 60] [--turns 40]`. The pocket model is
trained on the demo's rows on all cores, with the workbench attached in a pty of 120×40. The cost is measured within one
training: the workbench is held and let go on in turns, and the tokens per second of the steps in between are compared.
"""

from __future__ import annotations

import argparse
import itertools
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tui"))

from browse import Timed, percentile, print_by_key
from terminal import Terminal, open_workbench

from ftworkbench.demo.workspace import make_demo
from ftworkbench.jobs.events import read_events
from ftworkbench.jobs.folder import Job

SHORT = ("train.max_steps=60", "train.logging_steps=1", "train.eval_strategy=no")
LONG = ("train.num_train_epochs=500", "train.logging_steps=1", "train.eval_strategy=steps", "train.eval_steps=3000")
# Each view, and the keys that lead there from the list.
VIEWS: tuple[tuple[str, Sequence[str]], ...] = (
    ("curves", ()),
    ("curves, read by the cursor", ("enter",)),
    ("curves, zoomed four times", ("enter", "+", "+")),
    ("answers", ("a",)),
    ("log", ("l",)),
    ("notices", ("n",)),
)
PRESSED = ["j", "k", "m", "t", "t", "t", "t", "t", "enter", *["left"] * 6, "right", "+", "+", "-", "0", "esc"] * 4
"""From job to job, through the metrics and the views, and into the chart: forward, back and closer."""


def train(folder: Path, overrides: Sequence[str], *options: str) -> str:
    """Trains the demo's recipe; gives what the command says on stdout."""
    settings = [part for setting in overrides for part in ("--set", setting)]
    command = [sys.executable, "-m", "ftworkbench", "train", str(folder / "triage.toml"), *options, *settings]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def training(folder: Path) -> Iterator[Job]:
    """A training of the pocket model that goes on for long enough, beside a short one that has ended."""
    make_demo(folder)
    train(folder, SHORT)
    job = Job(Path(train(folder, LONG, "--detach")).resolve())
    try:
        until = time.monotonic() + 120
        while len(read_events(job.events)[0]) < 40:
            if time.monotonic() > until:
                raise SystemExit(f"the training did not begin: see {job.log}")
            time.sleep(0.5)
        yield job
    finally:
        subprocess.run([sys.executable, "-m", "ftworkbench", "stop", str(job.path), "--now"], check=False)


def watching(folder: Path) -> Terminal:
    """The workbench at the run's curves."""
    terminal = open_workbench(folder)
    terminal.press("3")
    terminal.wait("tokens/s", 30)
    terminal.settle(1.0, 3.0)
    return terminal


def bytes_by_view(terminal: Terminal, seconds: float) -> Iterator[tuple[str, float]]:
    """Bytes a second that are sent while one only looks, by view."""
    for view, keys in VIEWS:
        for key in keys:
            terminal.press(key)
        terminal.settle(1.0, 2.0)
        before, began = len(terminal.raw), time.monotonic()
        while (left := began + seconds - time.monotonic()) > 0:
            terminal.look(min(left, 0.5))
        yield view, (len(terminal.raw) - before) / (time.monotonic() - began)
        for key in ("0", "esc") if keys[:1] == ("enter",) else keys:
            terminal.press(key)


def key_times(terminal: Terminal) -> list[tuple[str, float]]:
    """Seconds from each key until nothing more came for 50 ms, what came of the run itself included."""
    timed = Timed(terminal)
    return [(key, timed.press(key)[0]) for key in PRESSED]


def processor_seconds(terminal: Terminal) -> float:
    """The processor time that the workbench has taken so far."""
    fields = Path(f"/proc/{terminal.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def speeds(job: Job, spans: Sequence[tuple[float, float]]) -> list[float | None]:
    """Tokens a second of the steps within each span of time; None where there were none, as during an evaluation."""
    points = [
        (event.t, event.fields["values"]["tokens_per_second"])
        for event in read_events(job.events)[0]
        if event.kind == "metric" and "tokens_per_second" in event.fields["values"]
    ]
    within = [[speed for t, speed in points if first <= t <= last] for first, last in spans]
    return [statistics.fmean(found) if found else None for found in within]


def cost(terminal: Terminal, job: Job, turns: int, seconds: float) -> tuple[float, float, float]:
    """What share of its speed the training loses while watched, the standard error of that, and processor s per s.

    The workbench is held and let go on in turns: each turn lies between two others of the other kind, so that the
    machine's own changes of speed count for little.
    """
    held: list[tuple[float, float]] = []
    watched: list[tuple[float, float]] = []
    used = []
    for _ in range(turns):
        terminal.process.send_signal(signal.SIGSTOP)
        began = time.time()
        time.sleep(seconds)
        held.append((began, time.time()))
        terminal.process.send_signal(signal.SIGCONT)
        began, before = time.time(), processor_seconds(terminal)
        while time.time() < began + seconds:
            terminal.look(0.5)
        watched.append((began, time.time()))
        used.append((processor_seconds(terminal) - before) / (time.time() - began))
    without, beside = speeds(job, held), speeds(job, watched)
    beside_each = [*zip(without, beside, strict=True), *zip(without[1:], beside, strict=False)]
    lost = [1 - now / alone for alone, now in beside_each if alone and now]
    return statistics.fmean(lost), statistics.stdev(lost) / len(lost) ** 0.5, statistics.fmean(used)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for each view; 0 leaves the views out")
    parser.add_argument("--presses", type=int, default=3, help="times that all keys are pressed")
    parser.add_argument("--turns", type=int, default=40, help="held and let go on")
    parser.add_argument("--turn-seconds", type=float, default=5.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, training(Path(name) / "demo") as job:
        folder = Path(name) / "demo"
        print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        terminal = watching(folder)
        try:
            if options.seconds:
                for view, rate in bytes_by_view(terminal, options.seconds):
                    print(f"{view}: {rate / 1000:.2f} KB/s", flush=True)
            presses = list(itertools.chain.from_iterable(key_times(terminal) for _ in range(options.presses)))
            answered = [seconds for _, seconds in presses if seconds] or [0.0, 0.0]
            figures = ", ".join(f"p{percent} {percentile(answered, percent):.0f}" for percent in (50, 90, 95, 99))
            print(f"key to answer, ms: {figures} of {len(answered)}", flush=True)
            print_by_key((key, seconds) for key, seconds in presses if seconds)
            if options.turns:
                lost, error, used = cost(terminal, job, options.turns, options.turn_seconds)
                print(f"the training is slower while watched by {lost:.1%} ± {error:.1%}")
                print(f"processor time of the workbench: {1000 * used:.0f} ms a second")
        finally:
            terminal.close()
        print(f"load after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
