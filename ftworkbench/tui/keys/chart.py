"""Reading a chart by its cursor."""

from ftworkbench.tui.actions import Action

ACTIONS = (
    Action(
        "chart.cursor-left", "left", "back", "The cursor one point back", "chart", True, "Read the chart", palette=False
    ),
    Action(
        "chart.cursor-right", "right", "on", "The cursor one point on", "chart", True, "Read the chart", palette=False
    ),
    Action("chart.zoom-in", "plus", "zoom in", "Half of the steps, around the cursor", "chart", True, "Read the chart"),
    Action(
        "chart.zoom-out", "minus", "zoom out", "Twice the steps, around the cursor", "chart", True, "Read the chart"
    ),
    Action("chart.zoom-all", "0", "all", "All steps", "chart", True, "Read the chart"),
    Action(
        "chart.step-rows",
        "enter",
        "its rows",
        "The rows of the step at the cursor, in Data",
        "chart",
        True,
        "Read the chart",
    ),
    Action(
        "chart.next-spike",
        "right_square_bracket",
        "next spike",
        "On to the next spike",
        "chart",
        True,
        "Read the chart",
    ),
    Action(
        "chart.previous-spike",
        "left_square_bracket",
        "spike before",
        "Back to the spike before",
        "chart",
        group="Read the chart",
    ),
    Action(
        "chart.cursor-far-left",
        "pageup,shift+left",
        "far back",
        "The cursor a tenth of the chart back",
        "chart",
        group="Read the chart",
        palette=False,
    ),
    Action(
        "chart.cursor-far-right",
        "pagedown,shift+right",
        "far on",
        "The cursor a tenth of the chart on",
        "chart",
        group="Read the chart",
        palette=False,
    ),
    Action("chart.cursor-first", "g,home", "first", "The first step", "chart", group="Read the chart", palette=False),
    Action(
        "chart.cursor-last",
        "G,end",
        "last",
        "The last step, and on with it",
        "chart",
        group="Read the chart",
        palette=False,
    ),
)
