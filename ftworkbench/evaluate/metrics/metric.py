"""What a metric is, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Scored:
    """An answer and all that it can be measured by.

    `finish` is "stop" where the model ended the answer itself, else "length"; `original` the record of the file that
    the row comes from, None where only the answer is known. `reference_loss` is the mean loss in nats that the model
    has on the tokens of the reference.
    """

    answer: str
    reference: str
    finish: str = "stop"
    row: str = ""
    messages: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    original: Any = field(default=None, repr=False)
    reference_loss: float | None = None


@dataclass(frozen=True)
class Metric:
    """`score` gives 0 to 1 for an answer, only ever 0 or 1 where `binary`.

    Where it is not `plain` it needs more than an answer and its reference, which only the worker has; it then keeps
    each score beside the answer.
    """

    name: str
    score: Callable[[Scored], float]
    binary: bool
    help: str
    source: str
    plain: bool = True
