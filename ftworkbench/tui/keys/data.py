"""The keys of the Data screen."""

from ftworkbench.tui.actions import Action

ACTIONS = (
    Action("data.accept", "a", "accept", "Keep the row for training", "data", True, "Decide"),
    Action("data.reject", "x", "reject", "Leave the row out", "data", True, "Decide"),
    Action("data.skip", "space", "later", "Come back to the row later", "data", True, "Decide"),
    Action(
        "data.next-unreviewed", "right_square_bracket", "next", "The next row without a decision", "data",
        True, "Move",
    ),
    Action(
        "data.undo", "u", "undo", "Take the last decision back, also one of another day", "data", True, "Decide"
    ),
    Action("data.edit", "e", "edit", "Edit the row here; the file stays as it is", "data", True, "Decide"),
    Action(
        "data.relabel", "l", "label", "Give the row another label, by one more key; it is accepted so", "data", True,
        "Decide",
    ),
    Action(
        "data.range", "v", "range", "Start or end a range: the next decision is for all of it", "data", True, "Decide"
    ),
    Action(
        "data.tag", "t", "tag", "Give the row tags, or take them away with a minus before the tag", "data", True,
        "Decide",
    ),
    Action(
        "data.check", "c", "check", "Look for duplicates, leaks, empty answers, personal data and the rest", "data",
        True, "Find",
    ),
    Action("data.problems", "p", "found", "What check found, by kind, and what of it is open", "data", True, "Find"),
    Action(
        "data.filter", "f", "filter", "Show only rows that match, like  tag:refund status:unreviewed", "data", True,
        "Find",
    ),
    Action("data.search", "slash", "search", "Search the whole file; shows as it finds", "data", True, "Find"),
    Action(
        "data.sort", "s", "sort", "Sort by a column, or as a queue: by suspicion, cluster, loss, or at random", "data",
        True, "Find",
    ),
    Action(
        "data.read-on", "J", "scroll", "Scroll the row's page down, while the list keeps the focus", "data", True,
        "View",
    ),
    Action(
        "data.overview", "i", "totals",
        "The file as a whole: what is reviewed, balance of the labels, lengths, loss by label", "data", True, "View",
    ),
    Action("data.tokens", "m", "tokens", "What is trained on, token by token", "data", True, "View"),
    Action(
        "data.other-file", "o", "file", "Go to the next file of the recipe: train, validation, test", "data", True,
        "View",
    ),
    Action(
        "data.zoom", "z", "zoom", "Give the whole screen to the pane with the focus, or take it back", "data", True,
        "View",
    ),
    Action(
        "data.all-shown", "V", "all shown", "A range of every row that is shown, as all that a filter matches", "data",
        group="Decide",
    ),
    Action(
        "data.check-tokens", "C", "check tokens",
        "Check, and look at every row with the model's own tokenizer and template", "data", group="Find",
    ),
    Action("data.read-back", "K", "scroll back", "Scroll the row's page up", "data", group="View"),
    Action("data.format", "F", "format", "How the file is read, and reading it otherwise", "data", group="View"),
    Action("data.redo", "ctrl+r", "redo", "Decide again what was taken back", "data", group="Decide"),
    Action("data.edit-outside", "E", "in $EDITOR", "Edit the row in $EDITOR", "data", group="Decide"),
    Action(
        "data.previous-unreviewed", "left_square_bracket", "undecided before", "The row before without a decision",
        "data", group="Move",
    ),
    Action("data.go-to", "colon", "go to row", "Go to a row by its number", "data", group="Move"),
    Action("data.next-match", "n", "next match", "The next row that the search found", "data", group="Find"),
    Action("data.previous-match", "N", "match before", "The found row before", "data", group="Find"),
)  # fmt: skip
