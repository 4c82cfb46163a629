"""One row, whole: who says what, what is wrong with it, and what was decided."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textual.content import Content

from ftworkbench.printable import one_line, printable
from ftworkbench.tui.text import shown
from ftworkbench.tui.widgets.diff import marked
from ftworkbench.tui.widgets.lines_view import wrapped

GUTTER = 11
# A pane shows no more of a message than this; all of it is one key away, in an editor.
LONGEST = 20_000
_ROLE_STYLES = {
    "system": "$text-muted",
    "user": "bold $primary",
    "assistant": "bold $accent",
    "tool": "bold $secondary",
}
_NEW, _GONE = "bold $success", "strike $error"
_STATUS = {
    "unreviewed": ("· not reviewed", "$text-muted"),
    "accepted": ("✔ accepted", "$success"),
    "rejected": ("✘ rejected", "$error"),
    "skipped": ("s skipped for later", "$text-muted"),
}


@dataclass(frozen=True)
class Finding:
    """Something found about the row, and what to do about it."""

    title: str
    reason: str
    todo: str
    blocks: bool


@dataclass(frozen=True)
class OtherRow:
    """The row that this one repeats, contradicts or leaks from: what it is called, and its messages."""

    name: str
    messages: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class RowPage:
    """All that is shown of a row. `before` are the messages as the file has them, where an edit replaced them.

    `measured` are its tokens and its loss, in words.
    """

    messages: Sequence[Mapping[str, Any]]
    before: Sequence[Mapping[str, Any]] | None
    raw: str
    status: str
    tags: Sequence[str]
    findings: Sequence[Finding]
    other: OtherRow | None = None
    needle: str = ""
    measured: str = ""


def row_lines(page: RowPage, width: int) -> list[Content]:
    """The lines of a row's page in `width` cells."""
    lines: list[Content] = []
    for place, message in enumerate(page.messages):
        changed = page.before is not None and (place >= len(page.before) or page.before[place] != message)
        if not changed:
            lines += _message(message, page.needle, width)
            continue
        was = content_of(page.before[place]) if page.before and place < len(page.before) else None
        lines += _message(message, page.needle, width, was or "")
        gone = Content("(nothing)") if was is None else marked(was[:LONGEST], content_of(message)[:LONGEST], _GONE)
        lines += wrapped(gone.stylize_before("$text-disabled"), width, _label("was", "$text-disabled"), GUTTER)
    for message in (page.before or ())[len(page.messages) :]:
        lines += wrapped(shown(content_of(message)[:LONGEST], _GONE), width, _label("gone", "$text-disabled"), GUTTER)
    if not page.messages:
        lines += wrapped(shown(page.raw[:LONGEST]), width, _label("as it is", "$text-muted"), GUTTER)
    lines.append(Content(""))
    for finding in page.findings:
        head = f"! {finding.title}{' (blocks training)' if finding.blocks else ''}: "
        text = Content.assemble((head, "bold $warning"), shown(finding.reason))
        lines += wrapped(text, width)
        lines += wrapped(shown(finding.todo, "$text-muted"), width, gutter=2)
    if page.findings:
        lines.append(Content(""))
    if page.other is not None:
        lines += [*_other(page.other, page.messages, width), Content("")]
    lines += wrapped(_state(page), width)
    if page.measured:
        lines += wrapped(shown(page.measured, "$text-muted"), width)
    return lines


def _other(other: OtherRow, messages: Sequence[Mapping[str, Any]], width: int) -> list[Content]:
    """The other row, with the words marked that this one has not; what is the same in both is said in one word."""
    lines = wrapped(Content.styled(f"{one_line(other.name, 60)} says", "bold"), width)
    roles = [str(message.get("role", "?")) for message in messages]
    # The answer first: it is what tells the two apart, and where there is little room the rest is below the fold.
    for place, message in sorted(enumerate(other.messages), key=lambda one: one[1].get("role") != "assistant"):
        role, text = str(message.get("role", "?")), content_of(message)
        own = content_of(messages[place]) if place < len(messages) and roles[place] == role else ""
        label = _label(role, _ROLE_STYLES.get(role, "bold $warning"))
        said = Content.styled("the same", "$text-muted") if own == text else marked(text[:LONGEST], own[:LONGEST])
        lines += wrapped(said, width, label, GUTTER)
    return lines


def _state(page: RowPage) -> Content:
    word, style = _STATUS.get(page.status, (page.status, ""))
    parts = [Content.styled(word, style)]
    if page.before is not None:
        parts.append(Content.styled("e edited", "$secondary"))
    if page.tags:
        parts.append(Content.assemble(("tags ", "$text-muted"), shown(" ".join(page.tags), "$secondary")))
    return Content.styled("   ", "").join(parts)


def _label(role: str, style: str) -> Content:
    return Content.styled(one_line(role, GUTTER - 2), style)


def _message(message: Mapping[str, Any], needle: str, width: int, before: str | None = None) -> list[Content]:
    """The lines of a message; with what it said `before` an edit, the words marked that are new."""
    role = str(message.get("role", "?"))
    text = content_of(message)
    content = shown(text[:LONGEST]) if before is None else marked(text[:LONGEST], before[:LONGEST], _NEW)
    if needle:
        flags = re.IGNORECASE if needle == needle.lower() else 0
        content = content.highlight_regex(re.compile(re.escape(printable(needle)), flags), style="bold reverse")
    lines = wrapped(content, width, _label(role, _ROLE_STYLES.get(role, "bold $warning")), GUTTER)
    if len(text) > LONGEST:
        rest = f"… {len(text) - LONGEST:,} characters more; E shows all of it in $EDITOR"
        lines += wrapped(Content.styled(rest, "$text-muted"), width, gutter=GUTTER)
    return lines


def content_of(message: Mapping[str, Any]) -> str:
    """What a message says; its tool calls as `name(arguments)`, one a line."""
    content = message.get("content")
    parts = (
        [] if content is None else [content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)]
    )
    for call in message.get("tool_calls") or ():
        function = call.get("function", call) if isinstance(call, Mapping) else {"name": str(call)}
        arguments = function.get("arguments", "")
        told = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        parts.append(f"calls {function.get('name')}({told})")
    return "\n".join(parts)
