"""A pair of answers without the names of who gave them, for a person to say which one is better."""

from __future__ import annotations

from textual.content import Content

from ftworkbench.steps.judging import ToLabel
from ftworkbench.tui.text import shown
from ftworkbench.tui.widgets.lines_view import beside, wrapped
from ftworkbench.tui.widgets.row_view import GUTTER, LONGEST, content_of

_BESIDE = 80
_GAP = 3


def pair_to_label_lines(row: ToLabel, width: int) -> list[Content]:
    """What was asked, the reference where the judge saw it, and both answers, beside each other where there is room."""
    lines: list[Content] = []
    asked = [message for message in row.messages if message.get("role") != "system"]
    for message in asked:
        role = str(message.get("role", "?"))
        label = shown(role if role != "user" else "prompt", "bold $primary")
        lines += wrapped(shown(content_of(message)[:LONGEST]), width, label, GUTTER)
    if row.reference:
        label = Content.styled("reference", "bold")
        lines += [Content(""), *wrapped(shown(row.reference[:LONGEST], "$text-muted"), width, label, GUTTER)]
    if width < _BESIDE:
        for name, side in (("← left", row.left), ("→ right", row.right)):
            lines += [Content(""), Content.styled(name, "bold $accent"), *_answer(side.answer, width)]
        return lines
    half = (width - _GAP) // 2
    left = [Content.styled("← left", "bold $accent"), *_answer(row.left.answer, half)]
    right = [Content.styled("→ right", "bold $accent"), *_answer(row.right.answer, half)]
    return [*lines, Content(""), *beside([left, right], [half, half], _GAP)]


def _answer(text: str, width: int) -> list[Content]:
    return wrapped(shown(text[:LONGEST]) if text else Content.styled("(nothing)", "$text-muted"), width)
