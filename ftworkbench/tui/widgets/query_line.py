"""The line below the rows: a filter or a search is written there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Static

from ftworkbench.tui.text import shown_line


class WordSuggester(Suggester):
    """Completes the last word of a line from the words that may stand there."""

    def __init__(self, words: Callable[[], Sequence[str]]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._words = words

    async def get_suggestion(self, value: str) -> str | None:
        before, _, last = value.rpartition(" ")
        if not last:
            return None
        word = next((word for word in self._words() if word.startswith(last) and word != last), None)
        return None if word is None else f"{before} {word}".lstrip() if before else word


class QueryLine(Horizontal):
    """Hidden until `ask`; enter says what was written, escape closes it."""

    DEFAULT_CSS = """
    QueryLine { height: 1; display: none; background: $surface; }
    QueryLine.-open { display: block; }
    QueryLine > .label { width: auto; color: $accent; text-style: bold; padding: 0 1; }
    QueryLine > Input { width: 1fr; }
    QueryLine > .said { width: auto; max-width: 60%; color: $text-muted; padding: 0 1; }
    """

    class Written(Message):
        """A line was written. `kind` is what `ask` was told."""

        def __init__(self, kind: str, text: str) -> None:
            super().__init__()
            self.kind = kind
            self.text = text

    class Closed(Message):
        """The line was left without writing one."""

    def __init__(self, words: Callable[[str], Sequence[str]]) -> None:
        super().__init__()
        self.kind = ""
        self._words = words

    def compose(self) -> ComposeResult:
        yield Static("", classes="label", markup=False)
        yield Input(suggester=WordSuggester(lambda: self._words(self.kind)), select_on_focus=False)
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
        line.focus()

    def say(self, text: str, *, wrong: bool = False) -> None:
        """What stands at the end of the line: a hint, how much was found, what is wrong."""
        self.query_one(".said", Static).update(shown_line(text, 100, "$error" if wrong else "$text-muted"))

    def close(self) -> None:
        self.remove_class("-open")
        self.post_message(self.Closed())

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Written(self.kind, event.value))
