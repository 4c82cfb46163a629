"""The keys of the Compare screen."""

from ftworkbench.tui.actions import Action

ACTIONS = (
    Action(
        "compare.ask",
        "enter,ctrl+s",
        "ask",
        "Ask all of them the prompt (ctrl+s while you write it)",
        "compare",
        True,
        "Ask",
    ),
    Action(
        "compare.next-row", "right_square_bracket", "next row", "Take the next row as the prompt", "compare", True,
        "Prompt",
    ),
    Action(
        "compare.previous-row", "left_square_bracket", "row before", "Take the row before as the prompt", "compare",
        True, "Prompt",
    ),
    Action("compare.write", "i", "write", "Write a prompt of your own", "compare", True, "Prompt"),
    Action(
        "compare.follow-up", "f", "follow up", "Write the next turn: each goes on with what it said itself", "compare",
        True, "Prompt",
    ),
    Action("compare.who", "w", "who", "Choose who answers: prompts, the tuned model, checkpoints, other jobs",
           "compare", True, "Who"),
    Action(
        "compare.baseline", "b", "baseline", "The next prompted contestant in the place of the baseline",
        "compare", True, "Who",
    ),
    Action(
        "compare.edit-prompt", "e", "edit prompt",
        "Edit the system prompt of a prompted contestant, on validation rows; the edited one answers beside it",
        "compare", True, "Try",
    ),
    Action("compare.blind", "B", "blind", "Compare two without their names, in an order that changes", "compare", True,
           "Blind"),
    Action("compare.temperature", "t", "temperature", "The next temperature; 0 is greedy", "compare", True, "Draw"),
    Action("compare.in-turn", "a", "in turn", "Ask this row and those after it in turn, until you press it again",
           "compare", True, "Turn"),
    Action("compare.seed", "s", "seed", "Ask again with the next seed", "compare", True, "Draw"),
    Action(
        "compare.choose", "o", "training job", "Choose the training job whose adapter answers", "compare", True, "Who"
    ),
    Action(
        "compare.marks", "d", "marks", "Underline what differs from the reference, from the first answer, or nothing",
        "compare", True, "View",
    ),
    Action("compare.keep-prompt", "K", "keep prompt", "Write the edited prompt into the recipe, as a contestant more",
           "compare", group="Try"),
    Action("compare.prompts", "p", "prompts alone",
           "Compare the prompts of the recipe without a tuned model, or go back to it", "compare", group="Who"),
    Action("compare.top-p", "P", "top-p", "The next top-p: from how much of the likeliest is drawn", "compare",
           group="Draw"),
    Action("compare.several", "S", "several seeds", "Ask with four seeds at once, one answer below the other, or one "
           "again", "compare", group="Draw"),
    Action("compare.part", "v", "test rows", "Take validation rows, or the test rows", "compare", group="Prompt"),
    Action("compare.left-better", "left", "left is better", "Vote for the left answer", "compare", group="Blind"),
    Action("compare.right-better", "right", "right is better", "Vote for the right answer", "compare", group="Blind"),
    Action("compare.tie", "equals_sign", "tie", "Vote that both are as good", "compare", group="Blind"),
    Action("compare.both-bad", "minus", "both bad", "Vote that neither will do", "compare", group="Blind"),
    Action("compare.take-back", "u", "take back", "Take the last vote back", "compare", group="Blind"),
    Action("compare.end-session", "X", "end session", "Ends the session, so that its memory is free", "compare",
           group="Ask"),
    Action(
        "compare.zoom", "z", "zoom", "Give the whole screen to the pane with the focus, or take it back", "compare",
        group="View",
    ),
)  # fmt: skip
