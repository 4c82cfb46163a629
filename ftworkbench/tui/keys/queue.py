"""The keys of the queue's dialog."""

from ftworkbench.tui.actions import Action

ACTIONS = (
    Action(
        "queue.earlier", "K,shift+up", "earlier", "Let this job have its turn one place earlier", "queue", True, "Queue"
    ),
    Action(
        "queue.later", "J,shift+down", "later", "Let this job have its turn one place later", "queue", True, "Queue"
    ),
    Action("queue.first", "F", "first", "Let this job have the next turn", "queue", True, "Queue"),
    Action(
        "queue.drop",
        "x",
        "drop",
        "Take this job out of the queue; it stops, and can be resumed",
        "queue",
        True,
        "Queue",
    ),
    Action("queue.close", "escape,q", "close", "Close the queue", "queue", True, "Queue", palette=False),
)
