"""How the tasks of lm-evaluation-harness are asked that `evaluate.regression` names."""

from __future__ import annotations

from dataclasses import dataclass

from ftworkbench.recipe.declare import option


@dataclass(frozen=True, kw_only=True)
class Harness:
    """Tasks of your own, and how all tasks are asked. What is left out is as each task says."""

    tasks: str | None = option(
        None,
        help="A folder of the workspace with tasks of your own, in lm-evaluation-harness's YAML.",
        why="The files that a task names as its data (data_files) are looked for from the folder of the workspace.",
    )
    few_shot: int | None = option(
        None,
        help="Examples before each question; left out, as many as each task says.",
        why="A task that says 0 is asked without, whatever is said here.",
        unit="examples",
        low=0,
    )
    limit: int | None = option(
        None,
        help="Ask at most so many rows of each task, drawn by data.seed.",
        why="73 rows or more can show that no more than 5 points were lost; a group asks so many of each of its tasks.",
        unit="rows",
        low=1,
    )
    chat_template: bool = option(
        False,
        help="Ask by the model's chat template, examples as turns of their own.",
        why="Published figures are mostly without it. Tasks that have the model write do better with it.",
    )
    batch_size: int = option(
        8,
        help="Questions that are asked at once.",
        why="Likelihoods take memory for the whole vocabulary at each token.",
        unit="rows",
        low=1,
    )
    run_code: bool = option(
        False,
        help="Take tasks that run what the model wrote (humaneval, mbpp), or a metric's code from the hub.",
        why="It runs as you, with all that you may do: say it in a container, or not at all.",
    )
