"""Moving in a text that scrolls."""

from ftworkbench.tui.actions import Action

ACTIONS = (
    Action("text.scroll-down", "j,down", "down", "A line down", "text", group="Move", palette=False),
    Action("text.scroll-up", "k,up", "up", "A line up", "text", group="Move", palette=False),
    Action(
        "text.half-down",
        "ctrl+d",
        "half a page down",
        "Half a page down",
        "text",
        group="Move",
        palette=False,
    ),
    Action("text.half-up", "ctrl+u", "half a page up", "Half a page up", "text", group="Move", palette=False),
    Action("text.page-down", "pagedown", "page down", "A page down", "text", group="Move", palette=False),
    Action("text.page-up", "pageup", "page up", "A page up", "text", group="Move", palette=False),
    Action("text.scroll-home", "g,home", "top", "To the top", "text", group="Move", palette=False),
    Action("text.scroll-end", "G,end", "bottom", "To the bottom", "text", group="Move", palette=False),
)
