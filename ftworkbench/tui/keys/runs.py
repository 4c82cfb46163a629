"""The keys of the Runs screen."""

from ftworkbench.tui.actions import Action

ACTIONS = (
    Action("runs.stop", "s", "stop", "Let it finish the step, save and leave; it can be resumed", "runs", True, "Job"),
    Action(
        "runs.resume", "r", "resume", "Go on from the last good checkpoint, in the same folder", "runs", True, "Job"
    ),
    Action("runs.open", "enter", "open", "Its chart, to be read; or Evaluate, Compare or Ship", "runs", True, "Job"),
    Action("runs.evaluate", "v", "evaluate", "Measure this training job against the baseline", "runs", True, "Job"),
    Action("runs.compare", "c", "compare", "Ask baseline and this job's adapter the same prompts", "runs", True, "Job"),
    Action(
        "runs.mark", "space", "mark", "Draw its curves over those of the others that are marked", "runs", True, "View"
    ),
    Action("runs.answers", "a", "answers", "What it answers to held-out prompts, by step", "runs", True, "View"),
    Action("runs.log", "l", "log", "The end of the worker's log, or the curves again", "runs", True, "View"),
    Action(
        "runs.notices",
        "n",
        "notices",
        "What its curves say and what it had to tell, or the curves again",
        "runs",
        True,
        "View",
    ),
    Action(
        "runs.recipe", "o", "recipe", "The recipe as it was resolved and run, or the curves again", "runs", True, "View"
    ),
    Action("runs.metric", "m", "metric", "The next metric in the large chart", "runs", True, "View"),
    Action(
        "runs.stop-now",
        "S",
        "stop now",
        "Ask it to stop, and kill it when it has not left in ten seconds",
        "runs",
        group="Job",
    ),
    Action("runs.ship", "M", "ship", "Merge this job's adapter into its model", "runs", group="Job"),
    Action("runs.next-view", "t", "next view", "Curves, answers, log, notices, recipe, in turn", "runs", group="View"),
    Action(
        "runs.zoom",
        "z",
        "zoom",
        "Give the whole screen to the pane with the focus, or take it back",
        "runs",
        group="View",
    ),
)
