"""The keys of the Runs screen."""

from ftworkbench.tui.actions import Action

ACTIONS: tuple[Action, ...] = ()
