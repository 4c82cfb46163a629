"""What serving takes: base, adapter, both merged, and the base as it is prompted, by the time of a token and memory."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from ftworkbench.evaluate.statistics import Interval, expanded_confidence
from ftworkbench.figures import measure

BASE, ADAPTER, MERGED, PROMPTED = "base", "adapter", "merged", "prompted"
HEADS = ("serving", "tokens/s", "a token", "peak GiB", "first token, ms", "against base")
_RESAMPLES = 10_000
_TELLS = 0.05  # LoRA is said to add 2 to 5% to a token: a wider interval cannot tell that from nothing


@dataclass(frozen=True)
class Timed:
    """An answer at batch 1: seconds until its first token, and for each token after it."""

    first: float
    token: float


@dataclass(frozen=True)
class Served:
    """A system's answers, one to each prompt, all of as many tokens. `peak` is the most memory that it held, in GiB.

    `note` says in what it differs from the others besides.
    """

    name: str
    answers: Sequence[Timed]
    peak: float | None = None
    note: str = ""


def median_interval(values: Sequence[float], seed: int = 0, *, confidence: float = 0.95) -> Interval:
    """The percentile bootstrap interval of the median, expanded where there are few (see expanded_confidence).

    Efron & Tibshirani 1993, ch. 13. The median, because a machine that does something else for a moment makes one
    answer slow, not all.
    """
    import numpy as np

    seen = np.asarray(values, dtype=np.float64)
    drawn = np.random.default_rng(seed).integers(0, seen.size, size=(_RESAMPLES, seen.size))
    tail = (1 - expanded_confidence(confidence, seen.size)) / 2
    low, high = np.quantile(np.median(seen[drawn], axis=1), [tail, 1 - tail])
    return float(low), float(high)


def serving_json(
    systems: Sequence[Served], tokens: int, device: str, missing: Mapping[str, str], seconds: float
) -> dict[str, Any]:
    """The key `serving` of verdict.json: medians over the prompts, and ratios to the base in pairs, prompt by prompt.

    `tokens` are those of each answer; the first system is what the others are held against. `missing`
    says why a system is not among them; `seconds` is what measuring took.
    """
    base = systems[0].answers
    return {
        "n": len(base),
        "new_tokens": tokens,
        "device": device,
        "systems": [_system(each, base) for each in systems],
        "missing": dict(missing),
        "seconds": round(seconds, 1),
    }


def _system(served: Served, base: Sequence[Timed]) -> dict[str, Any]:
    answers = served.answers
    found = {
        "name": served.name,
        "first_token_seconds": _estimate([each.first for each in answers]),
        "tokens_per_second": _estimate([1 / each.token for each in answers]),
        "peak_gib": None if served.peak is None else round(served.peak, 3),
        "note": served.note,
    }
    if answers is not base:
        pairs = list(zip(base, answers, strict=True))
        found["first_token_ratio"] = _estimate([its.first / plain.first for plain, its in pairs])
        found["token_ratio"] = _estimate([its.token / plain.token for plain, its in pairs])
    return found


def _estimate(values: Sequence[float]) -> dict[str, Any]:
    return {"value": median(values), "interval": list(median_interval(values))}


# -------------------------------------------------------------------------------------------------
# In words


def serving_short(found: Mapping[str, Any]) -> list[str]:
    """What a token takes beside the base, a line for each way to serve it: `adapter +3.1% a token [+2.2, +4.0]`."""
    return [f"{name} {_more(ratio, ' a token')}" for name, ratio in _token_ratios(found).items()]


def _token_ratios(found: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What a token of each way to serve the tuned model takes, times the base's."""
    return {
        str(each["name"]): each["token_ratio"]
        for each in found["systems"]
        if each.get("token_ratio") and each["name"] != PROMPTED
    }


def serving_title(found: Mapping[str, Any]) -> str:
    """How it was measured."""
    own = any(each["name"] == PROMPTED for each in found["systems"])
    same = "rows to each, prompted by its own prompts" if own else "prompts to each"
    return (
        f"one prompt at a time, the same {found['n']} {same}, {found['new_tokens']} tokens each, "
        f"on {found['device']}: medians, 95%"
    )


def serving_rows(found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A row of cells for each system, under HEADS."""
    return [
        (
            str(each["name"]),
            _spread(each["tokens_per_second"]),
            _more(each.get("token_ratio")),
            "" if each["peak_gib"] is None else measure(each["peak_gib"]),
            _spread(each["first_token_seconds"], 1000),
            _more(each.get("first_token_ratio")),
        )
        for each in found["systems"]
    ]


def serving_notes(found: Mapping[str, Any]) -> list[str]:
    """What has to be known beside the figures."""
    notes = [f"{each['name']}: {each['note']}" for each in found["systems"] if each["note"]]
    notes += _too_wide(found)
    notes += [f"{name} was not measured: {why}" for name, why in found["missing"].items()]
    if all(each["peak_gib"] is None for each in found["systems"]):
        notes.append("memory: told on a GPU only; on a CPU one system's share of the process cannot be told")
    return notes


def _too_wide(found: Mapping[str, Any]) -> list[str]:
    """Whose interval is too wide, and how many rows would do: it narrows with the square root of them."""
    widths = {name: ratio["interval"][1] - ratio["interval"][0] for name, ratio in _token_ratios(found).items()}
    wide = {name: width for name, width in widths.items() if width > _TELLS}
    if not wide:
        return []
    needed = math.ceil(found["n"] * (max(wide.values()) / _TELLS) ** 2)
    return [
        f"{' and '.join(wide)}: more than {100 * _TELLS:g} points wide, which cannot tell from nothing the 2 to 5% "
        f"that LoRA is said to add; about {needed:,} rows would, on a machine as busy (evaluate.serving_rows)"
    ]


def _spread(estimate: Mapping[str, Any], times: float = 1.0) -> str:
    low, high = (measure(times * each) for each in estimate["interval"])
    return f"{measure(times * estimate['value'])} [{low}, {high}]"


def _more(ratio: Mapping[str, Any] | None, per: str = "") -> str:
    """A ratio as what it adds: `+3.1% [+2.2, +4.0]`."""
    if ratio is None:
        return ""
    value, low, high = (100 * (each - 1) for each in (ratio["value"], *ratio["interval"]))
    return f"{value:+z.1f}%{per} [{low:+z.1f}, {high:+z.1f}]"
