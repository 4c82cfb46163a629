"""What a check found: problems by kind, with what to do about each; enter shows the rows of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from ftworkbench.tui.actions import bindings
from ftworkbench.tui.text import shown
from ftworkbench.tui.widgets.lines_view import wrapped

_WIDEST = 96
_FEWEST_LINES = 6


@dataclass(frozen=True)
class KindLine:
    """A kind of problem in a file: how many rows have it, for how many it is open, and what to do about it."""

    kind: str
    title: str
    todo: str
    rows: int
    open: int
    blocks: bool


@dataclass(frozen=True)
class FileFindings:
    """What was found in one file."""

    path: Path
    kinds: Sequence[KindLine]
    advice: Sequence[str]


class ProblemList(ModalScreen[tuple[int, str] | None]):
    """Gives the place of the file and the kind that were chosen; None for escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("dialog")[:1],
        Binding("q", "cancel", show=False),
        Binding("j", "move(1)", show=False),
        Binding("k", "move(-1)", show=False),
    ]

    def __init__(self, title: str, files: Sequence[FileFindings]) -> None:
        super().__init__(classes="dialog")
        self._title, self._files = title, files

    def compose(self) -> ComposeResult:
        with Vertical(classes="box wide") as box:
            box.border_title = shown(self._title)
            box.border_subtitle = Content("enter shows the rows · q close")
            width = min(self.app.size.width * 96 // 100, _WIDEST) - 4  # the box's border and padding
            mark = Content.styled("·", "$accent")
            told = [line for file in self._files for line in file.advice]
            advice = [part for line in told for part in wrapped(shown(line), width, mark, gutter=2)]
            if any(file.kinds for file in self._files):
                options = OptionList(*self._options(), markup=False)
                # All of the advice is seen; the kinds scroll where there is no room for both.
                options.styles.max_height = max(self.app.size.height * 9 // 10 - len(advice) - 3, _FEWEST_LINES)
                yield options
            else:
                yield Static(Content("Nothing was found that a person has to look at."), markup=False)
            if advice:
                yield Static(Content("\n").join(advice), classes="hint", markup=False)

    def _options(self) -> Iterator[Option]:
        several = sum(bool(file.kinds) for file in self._files) > 1
        for place, file in enumerate(self._files):
            if several and file.kinds:
                yield Option(shown(file.path.name, "bold $accent"), disabled=True)
            for kind in file.kinds:
                yield Option(self._line(kind), id=f"{place} {kind.kind}")

    @staticmethod
    def _line(kind: KindLine) -> Content:
        mark = ("✔ ", "$success") if not kind.open else ("✘ ", "bold $error") if kind.blocks else ("! ", "$warning")
        blocks = " · blocks training" if kind.blocks else ""
        count = f"{kind.open} open of {kind.rows}" if kind.open else f"all {kind.rows} decided"
        todo = Content.assemble("\n  ", shown(kind.todo, "$text-muted")) if kind.open else Content("")
        style = "bold" if kind.open else "$text-muted"
        return Content.assemble(mark, (f"{count:<17} ", style), shown(kind.title), (blocks, "$error"), todo)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        place, _, kind = (event.option_id or "").partition(" ")
        self.dismiss((int(place), kind))

    def action_move(self, lines: int) -> None:
        options = self.query_one(OptionList)
        if lines > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    def action_cancel(self) -> None:
        self.dismiss(None)
