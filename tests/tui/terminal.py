"""A program in a terminal of its own: keys in, and out the screen as text and every byte that reached it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyte

# Escape as the terminals send it that know the keyboard protocol which Textual asks for: a bare one and the key that
# comes after it could be read as alt and that key.
NAMED = {
    "enter": "\r", "esc": "\x1b[27u", "tab": "\t", "shift+tab": "\x1b[Z", "space": " ", "backspace": "\x7f",
    "delete": "\x1b[3~", "f1": "\x1bOP",
    "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D", "pageup": "\x1b[5~", "pagedown": "\x1b[6~",
}  # fmt: skip
# What a terminal says when a program asks: synchronized output is there and off, reports of its size are not.
_ANSWERS = {b"\x1b[?2026$p": b"\x1b[?2026;2$y", b"\x1b[?2048$p": b"\x1b[?2048;0$y", b"\x1b[c": b"\x1b[?62;c"}
_BEGINS_PICTURE, _ENDS_PICTURE = b"\x1b[?2026h", b"\x1b[?2026l"
_QUERY = re.compile(b"|".join(map(re.escape, _ANSWERS)))
_LONGEST_QUERY = max(map(len, _ANSWERS))
# The program becomes the foreground of the terminal that is its stdin, as under a shell: so it is told when that goes.
_TAKE_TERMINAL = (
    "import fcntl, os, signal, sys, termios; signal.signal(signal.SIGHUP, signal.SIG_DFL); "
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)
_UNPASTEABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ENDS_WITHIN = 10.0
_ANSWERS_WITHIN = 0.3


class Terminal:
    """`command` in a session and a terminal of its own, `columns` × `lines` cells large."""

    def __init__(
        self, command: Sequence[str], columns: int = 120, lines: int = 40, env: Mapping[str, str] | None = None
    ) -> None:
        self.raw = bytearray()
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._asked = 0
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        surroundings = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
        surroundings |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", **(env or {})}
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _TAKE_TERMINAL, *command],
                stdin=slave, stdout=slave, stderr=slave, env=surroundings, start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(slave)

    # What is seen

    @property
    def rows(self) -> list[str]:
        """The lines of the screen, without the blanks at their ends."""
        buffer, columns = self._screen.buffer, range(self._screen.columns)
        return ["".join(buffer[y][x].data for x in columns).rstrip() for y in range(self._screen.lines)]

    @property
    def text(self) -> str:
        return "\n".join(self.rows)

    @property
    def whole_rows(self) -> list[str]:
        """The lines of the last picture that was painted to its end: a terminal shows no half of one."""
        begun = self.raw.rfind(_BEGINS_PICTURE)
        if begun <= self.raw.rfind(_ENDS_PICTURE):
            return self.rows
        screen = pyte.Screen(self._screen.columns, self._screen.lines)
        pyte.ByteStream(screen).feed(bytes(self.raw[:begun]))
        return [line.rstrip() for line in screen.display]

    def wait(self, wanted: str | Callable[[str], bool], seconds: float = 15.0) -> str:
        """Waits until that text is on the screen, or until what is on it is right; gives the screen."""
        holds = wanted if callable(wanted) else lambda text: wanted in text
        end = time.monotonic() + seconds
        while not holds(text := self.text):
            alive = self._pump(0.05)
            if not alive or time.monotonic() > end:
                raise AssertionError(f"{wanted!r} was not on the screen within {seconds:g} s, but:\n{text}")
        return text

    def settle(self, quiet: float = 0.12, seconds: float = 5.0) -> str:
        """Waits until nothing has come for `quiet` seconds; gives the screen."""
        end = time.monotonic() + seconds
        came = time.monotonic()
        while time.monotonic() < end and time.monotonic() - came < quiet:
            before = len(self.raw)
            if not self._pump(0.02):
                break
            if len(self.raw) > before:
                came = time.monotonic()
        return self.text

    def look(self, seconds: float) -> None:
        """Takes what comes within so many seconds, or the first of it."""
        self._pump(seconds)

    def _pump(self, seconds: float) -> bool:
        """Takes what comes within so many seconds. False when the terminal is gone, or the program has left it."""
        if not select.select([self._master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:  # the last program with the terminal open has ended
            return False
        self._take(data)
        return bool(data)

    def _take(self, data: bytes) -> None:
        self.raw += data
        self._stream.feed(data)
        self._answer()

    def time_of_answer(self, text: str, quiet: float, first: float = 1.0) -> tuple[float, int]:
        """Sends `text`, and gives the seconds until the last byte that came before the terminal was `quiet` for so
        long, and how many bytes came; 0 seconds where none came within `first`.

        What came is drawn after it was timed: that takes longer here than in a terminal.
        """
        came: list[bytes] = []
        sent = last = time.perf_counter()
        self.send(text)
        while time.perf_counter() - last < (quiet if came else first):
            if select.select([self._master], [], [], 0.005)[0]:
                came.append(os.read(self._master, 1 << 16))
                last = time.perf_counter()
        self._take(b"".join(came))
        return last - sent, sum(map(len, came))

    def _answer(self) -> None:
        for match in _QUERY.finditer(self.raw, self._asked):
            os.write(self._master, _ANSWERS[match.group()])
            self._asked = match.end()
        self._asked = max(self._asked, len(self.raw) - _LONGEST_QUERY + 1)

    # What is done to it

    def press(self, *keys: str, quiet: float = 0.12) -> str:
        """Presses keys one after the other, each when the screen has come to rest: `j`, `enter`, `ctrl+p`."""
        for key in keys:
            name = key.removeprefix("ctrl+")
            before = len(self.raw)
            self.send(chr(ord(name) - 96) if name != key else NAMED.get(key, key))
            # On a busy machine the answer begins late: quiet counts only after it, unless there is none.
            end = time.monotonic() + _ANSWERS_WITHIN
            while len(self.raw) == before and time.monotonic() < end and self._pump(0.02):
                pass
            self.settle(quiet)
        return self.text

    def send(self, text: str) -> None:
        """Sends characters as they are."""
        os.write(self._master, text.encode("utf-8", "surrogatepass"))

    def paste(self, text: str) -> None:
        """Pastes text as terminals do: in brackets, C0 controls and DEL as blanks, and all else as it is."""
        self.send(f"\x1b[200~{_UNPASTEABLE.sub(' ', text)}\x1b[201~")

    def hang_up(self) -> None:
        """Closes the terminal, as when its window is closed or the line to it is lost: the program gets SIGHUP."""
        os.close(self._master)
        self._master = -1
        self.process.wait(_ENDS_WITHIN)

    def kill(self) -> None:
        """Kills the program, which has no time for a last word."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(_ENDS_WITHIN)

    def drain(self) -> None:
        """Takes all that the program, which has ended, had said before."""
        end = time.monotonic() + _ENDS_WITHIN
        while self._pump(0.05):
            assert time.monotonic() < end, "the terminal is still open"

    def leave(self, *keys: str) -> int:
        """Presses the keys that end the program, and gives its exit code; all that it says until then is in `raw`."""
        for key in keys:
            self.press(key, quiet=0.02)
        end = time.monotonic() + _ENDS_WITHIN
        while self._pump(0.05):
            assert time.monotonic() < end, f"the program did not leave:\n{self.text}"
        return self.process.wait(_ENDS_WITHIN)

    def close(self) -> None:
        """Ends whatever still runs."""
        if self.process.poll() is None:
            self.kill()
        if self._master >= 0:
            os.close(self._master)
            self._master = -1


def open_workbench(
    workspace: Path, columns: int = 120, lines: int = 40, env: Mapping[str, str] | None = None
) -> Terminal:
    """The workbench on a workspace or recipe, in a terminal, once its first screen is painted."""
    terminal = Terminal([sys.executable, "-m", "ftworkbench", str(workspace)], columns, lines, env)
    try:
        terminal.wait("1 Data")
    except BaseException:
        terminal.close()
        raise
    return terminal


@contextmanager
def workbench(
    workspace: Path, columns: int = 120, lines: int = 40, env: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    """`open_workbench`, and whatever still runs of it is ended."""
    terminal = open_workbench(workspace, columns, lines, env)
    try:
        yield terminal
    finally:
        terminal.close()
