"""The keys of the Evaluate screen."""

from ftworkbench.tui.actions import Action

ACTIONS = (
    Action(
        "evaluate.measure",
        "v",
        "measure tuned",
        "Measure the chosen training job against the baseline",
        "evaluate",
        True,
        "Measure",
    ),
    Action(
        "evaluate.baseline",
        "b",
        "baseline",
        "Measure the prompted baseline of this split and prompt",
        "evaluate",
        True,
        "Measure",
    ),
    Action(
        "evaluate.filter",
        "f",
        "filter",
        "One kind of row: now right, now wrong, both wrong, both right; or all",
        "evaluate",
        True,
        "Rows",
    ),
    Action(
        "evaluate.whole-prompt",
        "p",
        "whole prompt",
        "Show all that was sent: system prompt and examples",
        "evaluate",
        True,
        "Rows",
    ),
    Action(
        "evaluate.labels",
        "l",
        "labels",
        "Which labels are taken for which, and which fields fail; or the rows again",
        "evaluate",
        True,
        "Rows",
    ),
    Action(
        "evaluate.turn",
        "t",
        "other matrix",
        "Turn to the confusion matrix of the other system, where both have no room",
        "evaluate",
        group="Rows",
    ),
    Action(
        "evaluate.choose", "o", "training job", "Choose the training job that v measures", "evaluate", True, "Measure"
    ),
    Action(
        "evaluate.older",
        "left_square_bracket",
        "older",
        "The evaluation before this one",
        "evaluate",
        True,
        "Evaluations",
    ),
    Action(
        "evaluate.newer",
        "right_square_bracket",
        "newer",
        "The evaluation after this one",
        "evaluate",
        True,
        "Evaluations",
    ),
    Action("evaluate.open", "enter", "read", "Go to the row's answers, to scroll in them", "evaluate", group="Rows"),
    Action(
        "evaluate.zoom",
        "z",
        "zoom",
        "Give the whole screen to the pane with the focus, or take it back",
        "evaluate",
        group="View",
    ),
)
