"""What holds everywhere."""

from ftworkbench.tui.actions import SCREENS, Action

_QUESTIONS = {
    "data": "Is every example worth learning from?",
    "recipe": "What will be trained, will it fit, how long will it take?",
    "runs": "Is it learning, right now? What ran before?",
    "compare": "How do baseline and tuned answer the same prompt, side by side?",
    "evaluate": "Does it beat the prompted baseline, and did it break anything else?",
    "ship": "Is what I export the thing that I measured?",
}

ACTIONS = (
    Action(
        "app.help",
        "question_mark,f1",
        "help",
        "What the keys do here, for what has the focus",
        "app",
        True,
        "Help",
    ),
    *(
        Action(
            f"app.show-{name}",
            str(number),
            name.capitalize(),
            _QUESTIONS[name],
            "app",
            group="Screens",
            call=f"show('{name}')",
        )
        for number, name in enumerate(SCREENS, 1)
    ),
    Action("app.palette", "ctrl+p", "palette", "Find an action, a screen or a theme by name", "app", group="Help"),
    Action("app.next-theme", "T", "next theme", "Change the colours; the choice is kept", "app", group="Help"),
    Action(
        "app.focus-next",
        "tab",
        "next pane",
        "Give the focus to the next pane",
        "app",
        group="Move",
        palette=False,
    ),
    Action(
        "app.focus-previous",
        "shift+tab",
        "previous pane",
        "Give the focus to the pane before",
        "app",
        group="Move",
        palette=False,
    ),
    Action(
        "app.close",
        "q,escape",
        "close",
        "Close what is open: a dialog, a search, a zoomed pane",
        "app",
        group="Leave",
        palette=False,
    ),
    Action(
        "app.leave",
        "ctrl+q",
        "leave",
        "Leave the workbench; jobs go on without it, its sessions end",
        "app",
        group="Leave",
    ),
    Action(
        "app.interrupt",
        "ctrl+c",
        "copy",
        "Copy what is selected; says how to leave when nothing is",
        "app",
        group="Leave",
        palette=False,
    ),
)
