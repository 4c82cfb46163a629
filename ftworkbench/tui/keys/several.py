"""Marking several in a dialog."""

from ftworkbench.tui.actions import Action

ACTIONS = (
    Action("several.mark", "space", "mark", "Mark this one, or take the mark off", "several", True, "Dialog", False),
)
