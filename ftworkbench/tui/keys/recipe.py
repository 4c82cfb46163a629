"""The keys of the Recipe screen."""

from ftworkbench.tui.actions import Action

ACTIONS = (
    Action(
        "recipe.edit",
        "enter",
        "edit",
        "Change the value of the field; enter again keeps it",
        "recipe",
        True,
        "Edit",
    ),
    Action(
        "recipe.run",
        "r",
        "train",
        "Train this recipe; asks first when no baseline was measured",
        "recipe",
        True,
        "Run",
    ),
    Action(
        "recipe.baseline",
        "b",
        "baseline",
        "Measure the prompted baseline of this split and prompt",
        "recipe",
        True,
        "Run",
    ),
    Action(
        "recipe.more", "right,l", "turn", "Turn the value up: double it, or the next choice", "recipe", True, "Edit"
    ),
    Action("recipe.save", "ctrl+s", "save", "Write the recipe's file", "recipe", True, "File"),
    Action("recipe.undo", "u", "undo", "Take the last change back", "recipe", True, "Edit"),
    Action(
        "recipe.search",
        "slash",
        "find option",
        "Find an option, the library's own among them",
        "recipe",
        True,
        "Find",
    ),
    Action("recipe.toml", "t", "TOML", "Show or hide the file beside the form", "recipe", True, "View"),
    Action(
        "recipe.all-options",
        "o",
        "all options",
        "Show the common options, or all that the library has",
        "recipe",
        True,
        "Find",
    ),
    Action(
        "recipe.less", "left,h", "less", "Turn the value down: halve it, or the choice before", "recipe", group="Edit"
    ),
    Action(
        "recipe.apply",
        "a",
        "do what fits",
        "Set what the estimate advises: the cheapest change that makes it fit, or faster",
        "recipe",
        group="Edit",
    ),
    Action(
        "recipe.compare",
        "c",
        "compare",
        "Mark what differs from the saved file, an earlier job, or a sample",
        "recipe",
        group="Find",
    ),
    Action("recipe.redo", "ctrl+r", "redo", "Make the change again", "recipe", group="Edit"),
    Action(
        "recipe.unset",
        "x,delete",
        "leave out",
        "Leave the option out: the default holds",
        "recipe",
        group="Edit",
    ),
    Action("recipe.edit-file", "E", "in $EDITOR", "Edit the whole file in $EDITOR", "recipe", group="Edit"),
    Action(
        "recipe.fit",
        "f",
        "measure fit",
        "Measure memory and speed with a real worst-case step",
        "recipe",
        group="Run",
    ),
    Action("recipe.open", "O", "other recipe", "Open another recipe of the workspace", "recipe", group="File"),
    Action(
        "recipe.zoom",
        "z",
        "zoom",
        "Give the whole screen to the pane with the focus, or take it back",
        "recipe",
        group="View",
    ),
)
