"""Moving in a list, the same everywhere."""

from ftworkbench.tui.actions import Action

ACTIONS = (
    Action("list.down", "j,down", "down", "One row down", "list", group="Move", palette=False),
    Action("list.up", "k,up", "up", "One row up", "list", group="Move", palette=False),
    Action(
        "list.half-down",
        "ctrl+d",
        "half a page down",
        "Half a page down",
        "list",
        group="Move",
        palette=False,
    ),
    Action("list.half-up", "ctrl+u", "half a page up", "Half a page up", "list", group="Move", palette=False),
    Action("list.page-down", "pagedown", "page down", "A page down", "list", group="Move", palette=False),
    Action("list.page-up", "pageup", "page up", "A page up", "list", group="Move", palette=False),
    Action("list.first", "g,home", "first", "The first row", "list", group="Move", palette=False),
    Action("list.last", "G,end", "last", "The last row", "list", group="Move", palette=False),
)
