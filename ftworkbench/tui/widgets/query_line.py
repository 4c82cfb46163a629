"""The line below the rows: a filter or a search is written there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input, Static

from ftworkbench.printable import one_line
from ftworkbench.tui.text import shown, shown_line


class LineSuggester(Suggester):
    """Completes a line with the first that it may become and that is printable: an input shows what it holds."""

    def __init__(self, lines: Callable[[str], Sequence[str]]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._lines = lines

    async def get_suggestion(self, value: str) -> str | None:
        fitting = (line for line in self._lines(value) if line.startswith(value) and line != value)
        return next((line for line in fitting if line == one_line(line)), None)


def last_word_lines(line: str, words: Sequence[str]) -> list[str]:
    """The lines that `line` may become when its last word is completed from `words`."""
    start, _, last = line.rpartition(" ")
    before = f"{start} " if start else ""
    return [f"{before}{word}" for word in words if last and word.startswith(last)]


class QueryLine(Vertical):
    """Hidden until `ask`; enter says what was written, escape closes it. What is wrong with it stands above it."""

    DEFAULT_CSS = """
    QueryLine { height: auto; display: none; background: $surface; }
    QueryLine.-open { display: block; }
    QueryLine > .wrong { height: auto; max-height: 4; color: $error; padding: 0 1; }
    QueryLine > Horizontal { height: 1; }
    QueryLine .label { width: auto; color: $accent; text-style: bold; padding: 0 1; }
    QueryLine Input { width: 1fr; }
    QueryLine .said { width: auto; max-width: 60%; color: $text-muted; padding: 0 1; }
    """

    class Written(Message):
        """A line was written. `kind` is what `ask` was told."""

        def __init__(self, kind: str, text: str) -> None:
            super().__init__()
            self.kind = kind
            self.text = text

    def __init__(self, complete: Callable[[str, str], Sequence[str]]) -> None:
        """`complete` takes the kind of question and what stands in the line, and gives the lines it may become."""
        super().__init__()
        self.kind = ""
        self._complete = complete
        self._from: Widget | None = None

    def compose(self) -> ComposeResult:
        yield Static("", classes="wrong", markup=False)
        with Horizontal():
            yield Static("", classes="label", markup=False)
            yield Input(suggester=LineSuggester(lambda line: self._complete(self.kind, line)), select_on_focus=False)
            yield Static("", classes="said", markup=False)

    @property
    def is_open(self) -> bool:
        return self.has_class("-open")

    def ask(self, kind: str, value: str = "", hint: str = "") -> None:
        """Opens the line for a `kind` of question."""
        self.kind = kind
        self.query_one(".label", Static).update(shown_line(kind))
        self.say(hint)
        line = self.query_one(Input)
        line.value = value
        line.cursor_position = len(value)
        self.add_class("-open")
        self.screen.add_class("-asking")
        self._from = self.screen.focused if not self.query_one(Input).has_focus else self._from
        self.screen.set_focus(line)  # at once: what is typed next belongs there

    def say(self, text: str, *, wrong: bool = False) -> None:
        """A hint at the end of the line; above it, whole, what is `wrong`."""
        self.query_one(".said", Static).update(shown_line("" if wrong else text, 100))
        above = self.query_one(".wrong", Static)
        above.display = wrong
        above.update(shown(text) if wrong else "")

    def close(self) -> None:
        self.remove_class("-open")
        self.screen.remove_class("-asking")
        self.screen.set_focus(self._from)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Written(self.kind, event.value))
