"""The keys of the Compare screen."""

from ftworkbench.tui.actions import Action

ACTIONS: tuple[Action, ...] = ()
