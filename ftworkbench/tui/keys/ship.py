"""The keys of the Ship screen."""

from ftworkbench.tui.actions import Action

ACTIONS = (
    Action(
        "ship.merge",
        "m",
        "merge",
        "Merge the adapter into its model, and prove that it answers the same",
        "ship",
        True,
        "Ship",
    ),
    Action("ship.folder", "o", "folder", "Change the folder that the merged model goes to", "ship", True, "Ship"),
    Action(
        "ship.copy-serve", "y", "copy serve line", "Copy the line that serves the merged model", "ship", True, "Copy"
    ),
    Action("ship.copy-load", "Y", "copy Python", "Copy the lines that load the merged model", "ship", True, "Copy"),
    Action(
        "ship.copy-adapter", "A", "copy adapter's", "Copy the lines that load base and adapter", "ship", True, "Copy"
    ),
    Action(
        "ship.zoom",
        "z",
        "zoom",
        "Give the whole screen to the pane with the focus, or take it back",
        "ship",
        group="View",
    ),
)
