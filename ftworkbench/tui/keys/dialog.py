"""What holds in a dialog."""

from ftworkbench.tui.actions import Action

ACTIONS = (
    Action(
        "dialog.cancel",
        "escape",
        "close",
        "Close it; nothing is done",
        "dialog",
        True,
        "Dialog",
        palette=False,
    ),
    Action("dialog.confirm", "ctrl+s", "save", "Keep what was written", "dialog", True, "Dialog", palette=False),
)
