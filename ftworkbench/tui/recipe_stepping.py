"""The next value of an option, up or down, so that one can turn it and watch what it costs."""

from __future__ import annotations

import math

from ftworkbench.recipe.declare import Value
from ftworkbench.recipe.options import Option

_SHARE = 0.05
_LENGTHS = ("rows", "tokens", "micro-batches", "")


def stepped(option: Option, value: Value, up: bool) -> Value | None:
    """The value after this one, or before it; None where there is none, or nothing to step through.

    Switches turn, choices go round. Rows, tokens and ranks double and halve; rates go 1, 2, 5; shares by 0.05.
    """
    if option.type == "bool":
        return not value
    if option.choices and option.type == "str":
        return _next_choice(option, value, up)
    if option.type not in ("int", "float") or not isinstance(value, int | float):
        return None
    found = _next_number(option, value, up)
    low, high = option.low, option.high
    if low is not None and (found < low or (found == low and option.low_is_open)):
        return None
    if high is not None and (found > high or (found == high and option.high_is_open)):
        return None
    return round(found) if option.type == "int" else found


def _next_choice(option: Option, value: Value, up: bool) -> Value:
    choices = list(option.choices)
    if value not in choices:
        return choices[0 if up else -1]
    return choices[(choices.index(value) + (1 if up else -1)) % len(choices)]


def _next_number(option: Option, value: float, up: bool) -> float:
    if option.name.endswith("learning_rate"):
        return _next_rate(value, up)
    if option.high == 1:
        return round((round(value / _SHARE) + (1 if up else -1)) * _SHARE, 10)
    if option.type == "int" and option.unit in _LENGTHS and not option.name.endswith("seed"):
        return value * 2 if up else value // 2
    if option.unit == "steps" and 0 < value < 1:
        return round(value + (0.01 if up else -0.01), 10)
    return value + (1 if up else -1)


def _next_rate(value: float, up: bool) -> float:
    """1, 2, 5, 10 … times a power of ten."""
    if value <= 0:
        return 1e-6 if up else -1.0
    power = math.floor(math.log10(value) + 1e-9)
    steps = [float(f"{digit}e{place}") for place in (power - 1, power, power + 1) for digit in (1, 2, 5)]
    larger = [step for step in steps if step > value * 1.0001]
    smaller = [step for step in steps if step < value * 0.9999]
    return larger[0] if up else smaller[-1]
