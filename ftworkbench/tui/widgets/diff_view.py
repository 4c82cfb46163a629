"""A dialog with what differs between two recipes, table by table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from ftworkbench.tui.actions import bindings
from ftworkbench.tui.text import shown, shown_line
from ftworkbench.tui.widgets.lines_view import LinesView, wrapped

if TYPE_CHECKING:
    from ftworkbench.steps.differences import Difference, Side

_NAMES_AT_MOST = 30


class RecipeDiff(ModalScreen[None]):
    """Shows the options that differ, with both values."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("choice")[1:]]
    CSS_PATH = "../styles/history.tcss"

    def __init__(self, before: Side, after: Side, differences: Sequence[Difference]) -> None:
        super().__init__(classes="dialog")
        self._before, self._after, self._differences = before, after, tuple(differences)

    def compose(self) -> ComposeResult:
        with Vertical(classes="box tall") as box:
            box.border_title = shown_line(f"{self._before.name} → {self._after.name}", 90)
            box.border_subtitle = "j k scroll · esc close"
            yield LinesView(classes="inner")

    def on_mount(self) -> None:
        self.query_one(LinesView).show(lambda width: diff_lines(self._before, self._after, self._differences, width))

    def action_cancel(self) -> None:
        self.dismiss(None)


def diff_lines(before: Side, after: Side, differences: Sequence[Difference], width: int) -> list[Content]:
    """What differs, table by table: the option, what it was, and what it is; long texts under each other."""
    from ftworkbench.steps.differences import SPLIT, by_table, value_words

    if not differences:
        return [shown("The same options, the same rows, the same versions.", "$text-muted")]
    label = min(max(len(each.name) for each in differences) + 2, _NAMES_AT_MOST)
    half = max((width - label - 3) // 2, 8)
    lines = [_pair("", shown_line(before.name, half, "bold"), shown_line(after.name, half, "bold"), label, half)]
    for table, found in by_table(differences):
        lines += [Content(""), shown_line(f"[{table}]", None, "bold $accent")]
        for each in found:
            was, now = shown(value_words(each.before), "$chart-2"), shown(value_words(each.after), "$success")
            fits = max(was.cell_length, now.cell_length) <= half and "\n" not in was.plain + now.plain
            if fits:
                lines.append(_pair(each.name, was, now, label, half))
            else:
                name = Content.styled(f"{each.name}  ", "$primary")
                lines += [name, *wrapped(was, width, Content("  − "), gutter=4)]
                lines += wrapped(now, width, Content("  + "), gutter=4)
        if table == SPLIT:
            lines.append(shown("Their rows are not the same ones: their losses cannot be compared.", "$warning"))
    return lines


def _pair(name: str, was: Content, now: Content, label: int, half: int) -> Content:
    return Content.assemble(
        shown_line(f"{name:<{label}}", label, "$primary"),
        was.truncate(half, ellipsis=True, pad=True),
        ("   ", "$text-muted"),
        now,
    )
