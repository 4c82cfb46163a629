"""What a check found: problems by kind, with what to do about each; enter shows the rows of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    """A kind of problem: how many rows have it, and what to do about it."""

    kind: str
    title: str
    todo: str
    rows: int
    blocks: bool


class ProblemList(ModalScreen[str | None]):
    """Gives the kind that was chosen; None for escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("dialog")[:1],
        Binding("q", "cancel", show=False),
        Binding("j", "move(1)", show=False),
        Binding("k", "move(-1)", show=False),
    ]

    def __init__(self, title: str, kinds: Sequence[KindLine], advice: Sequence[str]) -> None:
        super().__init__(classes="dialog")
        self._title, self._kinds, self._advice = title, kinds, advice

    def compose(self) -> ComposeResult:
        with Vertical(classes="box wide") as box:
            box.border_title = shown(self._title)
            box.border_subtitle = Content("enter shows the rows · q close")
            width = min(self.app.size.width * 96 // 100, _WIDEST) - 4  # the box's border and padding
            mark = Content.styled("·", "$accent")
            lines = [part for line in self._advice for part in wrapped(shown(line), width, mark, gutter=2)]
            if self._kinds:
                options = OptionList(*(Option(self._line(kind), id=kind.kind) for kind in self._kinds), markup=False)
                # All of the advice is seen; the kinds scroll where there is no room for both.
                options.styles.max_height = max(self.app.size.height * 9 // 10 - len(lines) - 3, _FEWEST_LINES)
                yield options
            else:
                yield Static(Content("Nothing was found that a person has to look at."), markup=False)
            if lines:
                yield Static(Content("\n").join(lines), classes="hint", markup=False)

    @staticmethod
    def _line(kind: KindLine) -> Content:
        mark = ("✘ ", "bold $error") if kind.blocks else ("! ", "$warning")
        blocks = " · must be decided before training" if kind.blocks else ""
        return Content.assemble(
            mark, (f"{kind.rows:>5}  ", "bold"), shown(kind.title), (f"{blocks}\n", "$error"),
            ("         ", ""), shown(kind.todo, "$text-muted"),
        )  # fmt: skip

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def action_move(self, lines: int) -> None:
        options = self.query_one(OptionList)
        if lines > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    def action_cancel(self) -> None:
        self.dismiss(None)
