"""A metric of the user's own: a Python function in a file of the workspace, run in the job's process."""

from __future__ import annotations

import copy
import importlib.util
import inspect
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ftworkbench.errors import InputError
from ftworkbench.evaluate.metrics import Metric, Scored, named_metric
from ftworkbench.printable import one_line
from ftworkbench.recipe.metric_names import split_metric

_ROW = 3  # with a third parameter a function is given the row


def own_metric(name: str, workspace: Path) -> Metric:
    """The metric that `FILE.py:FUNCTION` names; the file is run. Raises InputError where that fails.

    The function takes (answer, reference), or (answer, reference, row) with `row` a dict of the row's key, messages,
    reference, finish and the record it comes from. It gives True, False or a number from 0 to 1; what is annotated
    `-> bool` counts as right or wrong.
    """
    metric = named_metric(name, workspace)
    found = split_metric(name)
    function = _function(workspace / str(found.file), found.argument, name)
    try:
        signature = inspect.signature(function)
        takes_row = _takes(signature, _ROW)
    except (TypeError, ValueError):
        raise InputError(f"{name} takes neither (answer, reference) nor (answer, reference, row)") from None
    if not takes_row and not _takes(signature, 2):
        raise InputError(f"{name} takes neither (answer, reference) nor (answer, reference, row)")
    binary = signature.return_annotation in (bool, "bool")
    about = one_line((inspect.getdoc(function) or metric.help).partition("\n")[0], 120)

    def score(scored: Scored) -> float:
        more = (_row(scored),) if takes_row else ()
        return _number(function(scored.answer, scored.reference, *more), binary)

    return replace(metric, score=score, binary=binary, help=about)


def _function(path: Path, name: str, shown: str) -> Callable[..., Any]:
    spec = importlib.util.spec_from_file_location(f"own_metric_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        with _importing(path.parent, spec.name, module):
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise InputError(f"{shown}: {path.name} cannot be run: {said(error)}") from error
    found = getattr(module, name, None)
    if not callable(found):
        raise InputError(f"{shown}: {name} is no function")
    return found  # type: ignore[no-any-return]


@contextmanager
def _importing(folder: Path, name: str, module: Any) -> Iterator[None]:
    """Lets the file import its neighbours, and leaves no byte code in the workspace."""
    wrote = sys.dont_write_bytecode
    sys.path.append(str(folder))
    sys.modules[name] = module  # where dataclasses look for it
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = wrote


def _takes(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


def _row(scored: Scored) -> dict[str, Any]:
    return {
        "row": scored.row,
        "messages": [dict(message) for message in scored.messages],
        "reference": scored.reference,
        "finish": scored.finish,
        "original": copy.deepcopy(scored.original),  # other metrics are given it, too
    }


def _number(given: object, binary: bool) -> float:
    """What a function gave, as a score. Raises ValueError where it is none."""
    try:
        found = float(given)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ValueError(f"gave {one_line(repr(given), 60)}, which is no number") from None
    if not math.isfinite(found) or not 0.0 <= found <= 1.0:
        raise ValueError(f"gave {found:g}, which is not from 0 to 1")
    if binary and found not in (0.0, 1.0):
        raise ValueError(f"gave {found:g}, but is annotated -> bool")
    return found


def said(error: BaseException) -> str:
    """An error of the user's own code in one line, with the line of their file that it came from."""
    kind, text = type(error).__name__, one_line(str(error), 120)
    trace = error.__traceback__
    line = None
    while trace is not None:
        if "own_metric_" in str(trace.tb_frame.f_globals.get("__name__", "")):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{kind}{f': {text}' if text else ''}{f' (line {line})' if line else ''}"
