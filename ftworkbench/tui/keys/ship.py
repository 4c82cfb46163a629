"""The keys of the Ship screen."""

from ftworkbench.tui.actions import Action

ACTIONS: tuple[Action, ...] = ()
