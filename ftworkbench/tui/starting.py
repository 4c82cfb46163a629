"""Starting jobs from the workbench, and the golden rule: no training before its baseline without a word.

The steps are imported by the thread that does them: with what they need, that takes longer than a key may.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ftworkbench.tui.trusting import launch_failed

if TYPE_CHECKING:
    from ftworkbench.jobs.folder import Job
    from ftworkbench.steps.baseline import Baseline
    from ftworkbench.steps.recipe import Opened
    from ftworkbench.tui.app import Workbench

_NO_BASELINE = (
    "Nobody has measured the prompted baseline for this split and prompt yet. Without it, nothing can be said "
    'to be better: the verdict on the tuned model will be "no baseline".'
)


def start_training(app: Workbench) -> None:
    """Trains the recipe; asks first where no baseline was measured for this split and prompt."""
    if (opened := _recipe(app)) is None:
        return

    def find() -> Baseline:
        from ftworkbench.steps.baseline import find_baseline

        return find_baseline(opened)

    app.launch(
        find,
        lambda baseline: _train(app, opened) if baseline.job is not None else _ask_for_baseline(app, opened),
        doing="looking for a baseline",
    )


def _ask_for_baseline(app: Workbench, opened: Opened) -> None:
    from ftworkbench.tui.widgets.dialogs import Answer, Ask

    answers = [Answer("b", "measure the baseline first", "baseline"), Answer("t", "train without", "train")]
    actions: dict[str, Callable[[], object]] = {
        "baseline": partial(start_baseline, app),
        "train": partial(_train, app, opened),
    }

    def chosen(answer: str | None) -> None:
        if answer is not None:
            actions[answer]()

    app.push_screen(Ask("No baseline yet", _NO_BASELINE, answers), chosen)


def _train(app: Workbench, opened: Opened) -> None:

    def start() -> Job:
        from ftworkbench.steps.train import start_training

        return start_training(opened)

    _launch(app, start, partial(app.job_started, what="training"), lambda: _train(app, app.opened or opened))


def start_baseline(app: Workbench) -> None:
    """Measures the prompted contestants of the recipe, without any adapter."""
    if (opened := _recipe(app)) is None:
        return

    def start() -> Job:
        from ftworkbench.steps.evaluate import start_evaluation

        return start_evaluation(opened, None)

    _launch(app, start, partial(app.job_started, what="measuring the baseline"), partial(start_baseline, app))


def start_measuring(app: Workbench, train_job: Job, then: Callable[[Job], object] = lambda job: None) -> None:
    """Measures a training job against the baseline, and shows that; `then` gets the evaluation."""
    opened = app.opened
    if opened is None:
        app.tell("there is no recipe here to measure by", "warning")
        return

    def start() -> Job:
        from ftworkbench.steps.evaluate import start_evaluation

        return start_evaluation(opened, train_job)

    def started(job: Job) -> None:
        app.job_started(job, "measuring", show="evaluate")
        then(job)

    _launch(app, start, started, partial(start_measuring, app, train_job, then))


def start_fit(app: Workbench) -> None:
    """Runs the worst step of the recipe, to measure its memory and speed."""
    if (opened := _recipe(app)) is None:
        return

    def start() -> Job:
        from ftworkbench.steps.fit import start_fit

        return start_fit(opened)

    _launch(app, start, partial(app.job_started, what="measuring the fit"), partial(start_fit, app))


def _launch(
    app: Workbench, start: Callable[[], Job], then: Callable[[Job], object], again: Callable[[], object]
) -> None:
    """Starts a job; `again` begins anew, once the model's code was confirmed."""
    doing = "starting it"
    app.launch(start, then, doing=doing, quiet=True, failed=launch_failed(app, again, doing))


def _recipe(app: Workbench) -> Opened | None:
    if app.opened is None:
        app.tell("there is no recipe here yet: `ftworkbench init` makes one from a data file", "warning")
    return app.opened
