"""The trackers that `train.report_to` can name, and the package that each of them needs."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from ftworkbench.recipe.declare import Value

# transformers.integrations.INTEGRATION_TO_CALLBACK: the module that it looks for (one of several), and what installs it
_NEEDS: dict[str, tuple[tuple[str, ...], str]] = {
    "azure_ml": (("azureml",), "azureml-core"),
    "clearml": (("clearml",), "clearml"),
    "codecarbon": (("codecarbon",), "codecarbon"),
    "comet_ml": (("comet_ml",), "comet_ml"),
    "dagshub": (("dagshub",), "dagshub mlflow"),
    "dvclive": (("dvclive",), "dvclive"),
    "flyte": (("flytekit",), "flytekit"),
    "kubeflow": ((), ""),
    "mlflow": (("mlflow",), "mlflow"),
    "neptune": (("neptune",), "neptune"),
    "swanlab": (("swanlab",), "swanlab"),
    "tensorboard": (("tensorboard", "tensorboardX"), "tensorboard"),
    "trackio": (("trackio",), "trackio"),
    "wandb": (("wandb",), "wandb"),
}
_NOBODY = "none"


def reporters(report_to: Value) -> tuple[str, ...]:
    """Those that `train.report_to` names, a text or a list of them; none where it is left out, or says none."""
    named = [report_to] if isinstance(report_to, str) else list(report_to or ())
    return tuple(str(name) for name in named if name != _NOBODY)


def reporter_problems(report_to: Value) -> Iterator[str]:
    """What is in the way of reporting to these, in words that follow `train.report_to`; `all` are those installed."""
    for name in reporters(report_to):
        if name == "all":
            continue
        if name not in _NEEDS:
            yield f"{name} is no tracker; those are {', '.join(_NEEDS)}"
            continue
        modules, package = _NEEDS[name]
        if modules and not any(find_spec(module) for module in modules):
            yield f"{name} is not installed here: `pip install {package}`, or leave it out"
