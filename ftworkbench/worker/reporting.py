"""Trackers, as `train.report_to` names them: what they write lies in the job's folder, and bears the job's name."""

from __future__ import annotations

import os
from typing import Any

from ftworkbench.recipe.reporters import reporters
from ftworkbench.worker.work import Work

_FOLDER = "reports"


def report_options(work: Work) -> dict[str, Any]:
    """The trainer's options for reporting; tells the trackers by the environment where they write.

    What the user has set there stays. Nothing but training reports: a fit's few steps are no run.
    """
    extra = work.recipe.train.extra
    if not reporters(extra.get("report_to")):
        return {}
    if work.job.kind != "train":
        return {"report_to": "none"}
    folder = work.job.path / _FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    project = work.workspace.name
    for name, value in {
        "TENSORBOARD_LOGGING_DIR": str(folder / "tensorboard"),
        "MLFLOW_TRACKING_URI": (folder / "mlflow").as_uri(),
        "MLFLOW_EXPERIMENT_NAME": project,
        "TRACKIO_DIR": str(folder / "trackio"),
        "WANDB_DIR": str(folder),
        "WANDB_PROJECT": project,
        "WANDB_RUN_ID": work.job.name,  # a resumed job goes on in the run that it began
        "WANDB_RESUME": "allow",
        # Else the workspace's uncommitted changes, rows and all, would be sent along as a patch.
        "WANDB_DISABLE_GIT": "true",
        "WANDB_DISABLE_CODE": "true",
        **({"WANDB_MODE": "offline"} if work.recipe.launch.offline else {}),
    }.items():
        os.environ.setdefault(name, value)
    named = {"run_name": work.job.short, "project": project}
    return {name: value for name, value in named.items() if name not in extra}
