"""A pair of answers without the names of who gave them, for a person to say which one is better."""

from __future__ import annotations

from textual.content import Content

from ftworkbench.data.example import content_text
from ftworkbench.steps.judging import ToLabel
from ftworkbench.tui.text import shown
from ftworkbench.tui.widgets.lines_view import wrapped

_BESIDE = 80
_GAP = 3
_GUTTER = 11
_LONGEST = 20_000


def pair_to_label_lines(row: ToLabel, width: int) -> list[Content]:
    """What was asked, the reference where the judge saw it, and both answers, beside each other where there is room."""
    lines: list[Content] = []
    asked = [message for message in row.messages if message.get("role") != "system"]
    for message in asked:
        role = str(message.get("role", "?"))
        label = shown(role if role != "user" else "prompt", "bold $primary")
        lines += wrapped(shown(content_text(message)[:_LONGEST]), width, label, _GUTTER)
    if row.reference:
        label = Content.styled("reference", "bold")
        lines += [Content(""), *wrapped(shown(row.reference[:_LONGEST], "$text-muted"), width, label, _GUTTER)]
    if width < _BESIDE:
        for name, side in (("← left", row.left), ("→ right", row.right)):
            lines += [Content(""), Content.styled(name, "bold $accent"), *_answer(side.answer, width)]
        return lines
    half = (width - _GAP) // 2
    left = [Content.styled("← left", "bold $accent"), *_answer(row.left.answer, half)]
    right = [Content.styled("→ right", "bold $accent"), *_answer(row.right.answer, half)]
    height = max(len(left), len(right))
    left += [Content("")] * (height - len(left))
    right += [Content("")] * (height - len(right))
    lines.append(Content(""))
    for one, other in zip(left, right, strict=True):
        lines.append(Content.assemble(one.truncate(half, pad=True), " " * _GAP, other.truncate(half)))
    return lines


def _answer(text: str, width: int) -> list[Content]:
    return wrapped(shown(text[:_LONGEST]) if text else Content.styled("(nothing)", "$text-muted"), width)
