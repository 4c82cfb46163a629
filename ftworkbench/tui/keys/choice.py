"""What holds in a dialog where one of several is chosen."""

from ftworkbench.tui.actions import Action

ACTIONS = (
    Action("choice.choose", "enter", "choose", "Take the one under the cursor", "choice", True, "Dialog", palette=False),
    Action("choice.cancel", "escape,q", "close", "Close it; nothing is changed", "choice", True, "Dialog", palette=False),
)
