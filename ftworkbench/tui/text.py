"""Text from data, models, files and logs, made fit for a widget: printable, and never read as markup."""

from __future__ import annotations

from textual.content import Content
from textual.style import Style

from ftworkbench.printable import one_line, printable


def shown(text: str, style: str | Style = "") -> Content:
    """`text` as it may be shown, over as many lines as it has. `style` like `$text-muted` or `bold $warning`."""
    return Content.styled(printable(text), style) if style else Content(printable(text))


def shown_line(text: str, limit: int | None = None, style: str | Style = "") -> Content:
    """`text` on one line, cut to `limit` characters."""
    line = one_line(text, limit)
    return Content.styled(line, style) if style else Content(line)
