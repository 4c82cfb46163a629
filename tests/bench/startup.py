"""Start-up, measured side by side: `ftworkbench --help` against `python -c pass`, a first paint against a hello-world.

Run by hand: `python tests/bench/startup.py`. Each figure is the median of interleaved runs; a first paint is the time
until the named text is on the screen of a pty of 120×40.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

import pyte

from ftworkbench.demo.workspace import make_demo

HELLO = """
from textual.app import App
from textual.widgets import Static
class Hello(App):
    def compose(self):
        yield Static("hello world")
Hello().run()
"""


def seconds_of(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def first_paint(command: list[str], text: str, limit: float = 20.0) -> float:
    """Seconds from the start of `command` until `text` stands on its screen."""
    screen = pyte.Screen(120, 40)
    stream = pyte.ByteStream(screen)
    started = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        os.execvp(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    try:
        while time.perf_counter() - started < limit:
            if select.select([terminal], [], [], 0.01)[0]:
                stream.feed(os.read(terminal, 65536))
                if any(text in line for line in screen.display):
                    return time.perf_counter() - started
        raise SystemExit(f"{command}: {text!r} was not painted within {limit} s")
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    python = sys.executable
    with tempfile.TemporaryDirectory() as folder:
        hello = Path(folder) / "hello.py"
        hello.write_text(HELLO)
        demo = make_demo(Path(folder) / "demo").root
        bare, helped, greeting, painted = [], [], [], []
        for _ in range(runs):
            bare.append(seconds_of([python, "-c", "pass"]))
            helped.append(seconds_of([python, "-m", "ftworkbench", "--help"]))
            greeting.append(first_paint([python, str(hello)], "hello world"))
            painted.append(first_paint([python, "-m", "ftworkbench", str(demo)], "1 Data"))
    for name, base, own, target in (
        ("--help over `python -c pass`", bare, helped, 100),
        ("first paint over a Textual hello-world", greeting, painted, 150),
    ):
        before, after = 1000 * statistics.median(base), 1000 * statistics.median(own)
        print(f"{name}: {before:.0f} → {after:.0f} ms, over by {after - before:.0f} ms (target {target} ms)")


if __name__ == "__main__":
    main()
