"""The verdict in one line, with what speaks against it said in the same breath."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ftworkbench.evaluate.regression import Regression, broken_suites, unsure_suites
from ftworkbench.evaluate.verdict import Verdict
from ftworkbench.figures import percent, points

_NAMED = 3


def headline(verdict: Verdict, regression: Mapping[str, Regression], *, worse_form: bool = False) -> str:
    """One sentence for a person: the word, by how much, and whether tuning broke other skills or the answers' form."""
    parts = [_said(verdict)]
    joint = "but" if verdict.word == "better" else "and"
    broken, unsure = broken_suites(regression), unsure_suites(regression)
    if broken:
        parts.append(f"{joint} it breaks {_suites(broken, regression)}")
    if worse_form:
        parts.append(f"{'and' if broken else joint} fewer answers are of the right form")
    if verdict.word == "no baseline" and len(parts) == 1:
        parts.append("and nothing to compare it with")
    first = ", ".join(parts)
    return f"{first}; whether {_names(unsure)} held is not known" if unsure and verdict.word == "better" else first


def _said(verdict: Verdict) -> str:
    match verdict.word:
        case "no baseline":
            return f"no baseline: {percent(verdict.tuned)} of {verdict.metric}"
        case "not enough data":
            more = (verdict.needed or 0) - verdict.n
            return f"not enough data: {verdict.n:,} rows cannot tell, about {more:,} more would"
        case "no better" if verdict.apart:
            return "no better: the metrics do not agree"
        case "no better" if not verdict.difference:
            return f"no better: prompting reaches the same {percent(verdict.tuned)} of {verdict.metric}"
        case "no better":
            return f"no better: {points(verdict.difference)} points of {verdict.metric} may be chance"
        case _:
            return f"{verdict.word}: {points(verdict.difference)} points of {verdict.metric}"


def _suites(names: Sequence[str], regression: Mapping[str, Regression]) -> str:
    told = [f"{name} ({percent(regression[name].before)} → {percent(regression[name].after)})" for name in names]
    return _names(told)


def _names(names: Sequence[str]) -> str:
    first = list(names[:_NAMED])
    more = len(names) - len(first)
    return ", ".join(first) + (f" and {more} more" if more else "")
