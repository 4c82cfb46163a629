"""The keys of the screen on which a person labels pairs of answers blind."""

from ftworkbench.tui.actions import Action

ACTIONS = (
    Action("label.left-better", "left", "left", "The left answer, or the upper one, is better", "label", True, "Label"),
    Action("label.right-better", "right", "right", "The right answer, or the lower one, is better", "label", True,
           "Label"),
    Action("label.tie", "equals_sign", "as good", "Both are as good", "label", True, "Label"),
    Action("label.both-bad", "minus", "both bad", "Neither will do; that is a tie, too", "label", True, "Label"),
    Action("label.take-back", "u", "take back", "Take the last label back", "label", True, "Label"),
    Action("label.close", "escape,q", "close", "Close it; what was labelled is kept", "label", True, "Label",
           palette=False),
)  # fmt: skip
