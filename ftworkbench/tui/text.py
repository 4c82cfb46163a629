"""Text from data, models, files and logs, made fit for a widget: printable, and never read as markup."""

from __future__ import annotations

from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from ftworkbench.printable import one_line, printable


def shown(text: str, style: str | Style = "") -> Content:
    """`text` as it may be shown, over as many lines as it has. `style` like `$text-muted` or `bold $warning`."""
    return Content.styled(printable(text), style) if style else Content(printable(text))


def shown_line(text: str, limit: int | None = None, style: str | Style = "") -> Content:
    """`text` on one line, cut to `limit` characters."""
    line = one_line(text, limit)
    return Content.styled(line, style) if style else Content(line)


def entitle(widget: Widget, title: str | Content, subtitle: str | Content = "") -> None:
    """Gives a pane its titles, which are no markup. Only those that changed: each paints the whole pane."""
    for name, text in (("border_title", title), ("border_subtitle", subtitle)):
        content = text if isinstance(text, Content) else Content(printable(text))
        line = content.split()[0] if content else content
        if (getattr(widget, name) or "") != line.markup:
            setattr(widget, name, line)
