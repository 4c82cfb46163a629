"""The keys of the history, which hold on the whole Runs screen, and in the list of it."""

from ftworkbench.tui.actions import Action


def _action(name: str, keys: str, title: str, help_line: str, group: str, *, footer: bool = False) -> Action:
    """Its pane has these keys as well as the screen: so the footer has them first where the history is looked at."""
    return Action(
        f"history.{name}", keys, title, help_line, "history", footer, group, call=f"screen.{name.replace('-', '_')}"
    )


ACTIONS = (
    _action(
        "show-run", "enter", "the run", "Show the run under the cursor instead of the history", "List", footer=True
    ),
    _action(
        "find", "slash", "find", "Only the jobs with these words in name, changes, verdict or note", "List", footer=True
    ),
    _action(
        "history",
        "h",
        "history",
        "Every job: changes, best loss, verdict, time and cost; or the run again",
        "View",
        footer=True,
    ),
    _action("queue", "Q", "queue", "Who has each device and who waits for it; reorder and drop", "View", footer=True),
    _action("star", "asterisk", "star", "Give this job a star, or take it away", "Job", footer=True),
    _action("note", "N", "note", "A line about this job, kept in its folder", "Job", footer=True),
    _action("diff", "d", "diff", "What differs between this job's recipe and another's", "Job", footer=True),
    _action(
        "diff-recipe", "D", "diff recipe", "What differs between this job's recipe and the recipe as it is now", "Job"
    ),
    _action("rerun", "R", "run again", "Train this job's own recipe again, as a new job", "Job", footer=True),
    _action(
        "remove",
        "X,delete",
        "remove",
        "Move this job into the bin, where it still takes its room",
        "Job",
        footer=True,
    ),
    _action("bring-back", "u", "undo", "Bring back the job that was removed last", "Job", footer=True),
)
