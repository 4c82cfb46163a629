"""Text from data, models, files and logs, made fit for a widget: printable, and never read as markup."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Region
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
    """Gives a pane its titles, and paints only the border that they stand in, and only where they changed.

    Setting `border_title` paints the whole widget: ten kilobytes over the line for each row that is looked at.
    """
    width, height = widget.outer_size
    left, top = -widget.content_offset.x, -widget.content_offset.y
    for name, text, line in (("_border_title", title, top), ("_border_subtitle", subtitle, top + height - 1)):
        content = (text if isinstance(text, Content) else Content(printable(text))).first_line
        known = getattr(widget, name, None) or Content("")
        if not content.is_same(known):
            setattr(widget, name, content)
            widget.refresh(Region(left, line, width, 1))
