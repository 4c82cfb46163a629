"""What holds in a dialog where one of several is chosen."""

from ftworkbench.tui.actions import Action

ACTIONS = (
    Action("choice.choose", "enter", "choose", "Take this one", "choice", True, "Dialog", palette=False),
    Action("choice.cancel", "escape,q", "close", "Change nothing", "choice", True, "Dialog", palette=False),
)
