"""The keys of the Compare screen."""

from ftworkbench.tui.actions import Action

ACTIONS = (
    Action(
        "compare.ask",
        "enter,ctrl+s",
        "ask both",
        "Ask baseline and tuned the prompt (ctrl+s while you write it)",
        "compare",
        True,
        "Ask",
    ),
    Action(
        "compare.next-row",
        "right_square_bracket",
        "next row",
        "Take the next validation row as the prompt",
        "compare",
        True,
        "Prompt",
    ),
    Action(
        "compare.previous-row",
        "left_square_bracket",
        "row before",
        "Take the validation row before as the prompt",
        "compare",
        True,
        "Prompt",
    ),
    Action("compare.write", "i", "write", "Write a prompt of your own", "compare", True, "Prompt"),
    Action(
        "compare.baseline",
        "b",
        "baseline",
        "Who stands for the baseline: zero-shot, or with examples",
        "compare",
        True,
        "Who",
    ),
    Action(
        "compare.choose", "o", "training job", "Choose the training job whose adapter answers", "compare", True, "Who"
    ),
    Action(
        "compare.marks",
        "d",
        "marks",
        "Underline what differs from the reference, or from each other; or don't",
        "compare",
        True,
        "View",
    ),
    Action(
        "compare.end-session",
        "X",
        "end session",
        "Ends the session, so that its memory is free",
        "compare",
        group="Ask",
    ),
    Action(
        "compare.zoom",
        "z",
        "zoom",
        "Give the whole screen to the pane with the focus, or take it back",
        "compare",
        group="View",
    ),
)
