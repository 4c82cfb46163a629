"""Keeping out of worker.log what libraries say to programmers, and nobody who reads it can do anything about."""

from __future__ import annotations

import logging
import warnings
from functools import partial

# By logger, how what is left out begins. bitsandbytes looks for a faster CPU kernel that few have, and does without.
_UNSAID = {
    "bitsandbytes.backends.cpu.ops": ("Failed to load CPU gemm_4bit_forward from kernels-community",),
    "lm_eval.models.huggingface": ("`pretrained` model kwarg is not", "Passed an already-initialized model"),
}
# Options of theirs under names that their next version changes.
_RENAMED = r"`\w+` is deprecated and will be removed in"
_LIBRARIES = r"(transformers|trl|peft|accelerate|datasets|torch|bitsandbytes)\."


def quiet_libraries() -> None:
    """Leaves out the known messages; every other one is still written. Call it before the libraries are imported."""
    warnings.filterwarnings("ignore", message=_RENAMED, category=FutureWarning, module=_LIBRARIES)
    for name, beginnings in _UNSAID.items():
        logging.getLogger(name).addFilter(partial(_is_said, beginnings))


def _is_said(beginnings: tuple[str, ...], record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(beginnings)
