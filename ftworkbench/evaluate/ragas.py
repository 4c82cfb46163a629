"""What RAGAS's figures come to: each metric's mean with its interval, and the paired difference of two systems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ftworkbench.evaluate.judge.grades import mean_json
from ftworkbench.evaluate.paired import interval_of, paired, significance
from ftworkbench.figures import p_value
from ftworkbench.printable import one_line

UNCHECKED = "a judge model's figures, not checked by a person"
HEADS = ("RAGAS", "system", "mean", "95%", "n", "missing")


@dataclass(frozen=True)
class Scored:
    """A metric of a system's answer to the row at `place`, from 0 to 1; `error` says why there is none."""

    place: int
    system: str
    metric: str
    score: float | None
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def ragas_json(
    scored: Sequence[Scored], systems: Sequence[str], metrics: Sequence[str], groups: Sequence[Hashable]
) -> dict[str, Any]:
    """The figures of `ragas` in verdict.json. `n` is the rows with any figure. Of two systems, neither more nor
    fewer, there is the difference, the second less the first, on the rows on which both have a figure: sign-flip test
    and paired bootstrap over the groups."""
    rows = {each.place for each in scored if each.score is not None}
    return {"n": len(rows), "metrics": [_metric(name, scored, systems, groups) for name in metrics]}


def _metric(name: str, scored: Sequence[Scored], systems: Sequence[str], groups: Sequence[Hashable]) -> dict[str, Any]:
    told, scores = [], []
    for system in systems:
        own = [each for each in scored if (each.metric, each.system) == (name, system)]
        found = {each.place: each.score for each in own if each.score is not None}
        scores.append(found)
        missing = Counter(each.error.partition(":")[0] for each in own if each.error)
        places = sorted(found)
        mean = mean_json([found[place] for place in places], [groups[place] for place in places])
        told.append({"name": system, **mean, "missing": dict(missing)})
    metric: dict[str, Any] = {"name": name, "systems": told}
    both = sorted(scores[0].keys() & scores[1].keys()) if len(scores) == 2 else []
    if both:
        before, after = ([each[place] for place in both] for each in scores)
        pairs = paired(before, after, False, [groups[place] for place in both])
        p, test = significance(pairs)
        low, high = interval_of(pairs, 0.95)
        metric["difference"] = {
            "value": pairs.mean, "interval": [low, high], "p_value": p, "test": test, "n": len(both)
        }  # fmt: skip
    return metric


# -------------------------------------------------------------------------------------------------
# In words


def ragas_title(found: Mapping[str, Any]) -> str:
    """Whose figures these are."""
    library = f"RAGAS {found['ragas']}" if found.get("ragas") else "RAGAS"
    return f"{library}, by {found.get('model')}: {UNCHECKED}"


def ragas_words(found: Mapping[str, Any]) -> list[str]:
    """All of it in lines, the first of them the title; what is missing by its reason."""
    lines = [one_line(ragas_title(found))]
    if found.get("problem"):
        return [*lines, one_line(str(found["problem"]), 1000)]
    for metric in found.get("metrics") or ():
        for system in metric["systems"]:
            missing = f"; missing: {why}" if (why := _missing(system)) else ""
            lines.append(f"{metric['name']}, {one_line(str(system['name']))}: {_mean(system)}{missing}")
        if difference := metric.get("difference"):
            lines.append(f"{metric['name']}, tuned against the baseline: {_difference(difference)}")
    return [*lines, *(one_line(str(note), 300) for note in found.get("notes") or ())]


def ragas_rows(found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A row of cells for each metric and system, under HEADS, and one for what lies between both."""
    rows: list[tuple[str, ...]] = []
    for metric in found.get("metrics") or ():
        for each in metric["systems"]:
            rows.append((metric["name"], each["name"], _value(each), _spread(each), str(each["n"]), _missing(each)))
        if found_difference := metric.get("difference"):
            value = f"{found_difference['value']:+.3f}"
            spread = _spread(found_difference, "+.3f")
            rows.append(
                (metric["name"], "difference", value, spread, str(found_difference["n"]),
                 p_value(found_difference["p_value"]))
            )  # fmt: skip
    return rows


def ragas_short(found: Mapping[str, Any]) -> list[str]:
    """A line for each metric: `faithfulness 0.71 → 0.83, +0.12 [+0.02, +0.21], n = 40`."""
    lines = []
    for metric in found.get("metrics") or ():
        means = " → ".join(_value(each, ".2f") for each in metric["systems"])
        line, n = f"{metric['name']} {means}", metric["systems"][-1]["n"]
        if difference := metric.get("difference"):
            n = difference["n"]
            line += f", {difference['value']:+.2f} {_spread(difference, '+.2f')}"
        lines.append(f"{line}, n = {n}")
    return lines or [one_line(str(found.get("problem") or "no figures"), 300)]


def _value(mean: Mapping[str, Any], form: str = ".3f") -> str:
    return "none" if mean["value"] is None else format(mean["value"], form)


def _spread(mean: Mapping[str, Any], form: str = ".3f") -> str:
    pair = mean.get("interval")
    return "" if not pair else f"[{pair[0]:{form}}, {pair[1]:{form}}]"


def _mean(mean: Mapping[str, Any]) -> str:
    return " ".join(part for part in (_value(mean), _spread(mean), f"on {mean['n']} rows") if part)


def _missing(mean: Mapping[str, Any]) -> str:
    return ", ".join(f"{count} {one_line(str(why))}" for why, count in (mean.get("missing") or {}).items())


def _difference(found: Mapping[str, Any]) -> str:
    return (
        f"{found['value']:+.3f} {_spread(found, '+.3f')}, {p_value(found['p_value'])} ({found['test']}), "
        f"n = {found['n']}"
    )
