"""The keys of the Evaluate screen."""

from ftworkbench.tui.actions import Action

ACTIONS: tuple[Action, ...] = ()
