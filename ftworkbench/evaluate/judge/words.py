"""The judge's figures in words, each with what a person's check of the judge says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ftworkbench.evaluate.judge.checked import LABELS, agreement_short, agreement_words
from ftworkbench.figures import count, interval, p_value, percent

_EVEN = 0.5  # the win rate of two that are as good
_ALPHA = 0.05


def judge_words(found: Mapping[str, Any]) -> list[str]:
    """The lines of a `judge` in verdict.json: the main figure first, then what speaks for and against it."""
    who = f"{found.get('model', 'the judge')}"
    checked = agreement_words(found.get("agreement"))
    if found.get("problem"):
        return [f"judge {who}: {found['problem']}"]
    short = agreement_short(found.get("agreement"))
    tell = _pair_lines if found.get("mode") == "pairwise" else _grade_lines
    lines = tell(found, who, checked, short)
    return [*lines, *_missing(found), *_how(found)]


def label_hint(found: Mapping[str, Any]) -> str:
    """What a person can do for the judge's figures; empty where all is labelled, or there is nothing to label."""
    wanted, labelled = len(found.get("labels") or ()), int((found.get("agreement") or {}).get("n") or 0)
    if labelled >= wanted:
        return ""
    few = f"; {LABELS} would be better" if wanted < LABELS else ""
    return f"labels {wanted - labelled} of {wanted} rows blind: only then is it known how good the judge is{few}"


def judge_short(found: Mapping[str, Any]) -> tuple[str, str]:
    """What the judge came to in few words: better, worse or no better, by the test of its figure, and that."""
    checked = agreement_short(found.get("agreement"))
    figures = found.get("pairs") or {}
    rate = figures.get("win_rate") or {}
    if found.get("mode") == "pairwise" and rate.get("value") is not None:
        told = f"tuned wins {percent(rate['value'])} {interval(rate['interval'])}; {checked}"
        return _word(rate["value"] - _EVEN, rate.get("p_value")), told
    if figures.get("difference") is not None:
        low, high = figures["interval"]
        told = f"tuned by {figures['difference']:+.2f} [{low:+.2f}, {high:+.2f}] of {found['scale']}; {checked}"
        return _word(figures["difference"], figures.get("p_value")), told
    means = [each for each in found.get("systems") or () if each.get("value") is not None]
    if means:
        return "", f"{means[0]['name']} {means[0]['value']:.2f} of {found['scale']}; {checked}"
    return "", str(found.get("problem") or "no verdict")


def _word(ahead: float, p: float | None) -> str:
    if p is None or p >= _ALPHA or not ahead:
        return "no better"
    return "better" if ahead > 0 else "worse"


def _pair_lines(found: Mapping[str, Any], who: str, checked: str, short: str) -> list[str]:
    figures = found.get("pairs") or {}
    if not found.get("n"):
        return [f"judge {who}: no row has a verdict"]
    first = (
        f"judge {who}: tuned wins {_rate(figures['win_rate'])}: {figures['won']} won, {figures['lost']} lost, "
        f"{figures['ties']} ties, n = {found['n']}; {checked}"
    )
    asked = found["n"] - figures["same"]
    lines = [first]
    if asked:
        flipped = f"{figures['flipped']} of {count(asked, 'pair')} ({percent(figures['flip_rate'])})"
        lines.append(f"the orders disagree on {flipped}, which are ties; {short}")
        lines.append(f"shown first wins {_rate(figures['first_shown_wins'])}; {short}")
    return [*lines, *_length_line(figures, found["n"], short)]


def _grade_lines(found: Mapping[str, Any], who: str, checked: str, short: str) -> list[str]:
    lines = []
    for system in found.get("systems") or ():
        low, high = system.get("interval") or (None, None)
        if system.get("value") is not None:
            told = f"{system['value']:.2f} [{low:.2f}, {high:.2f}] of {found['scale']}, n = {system['n']}"
            lines.append(f"judge {who}: grades {system['name']} {told}; {checked}")
    figures = found.get("pairs") or {}
    if figures.get("difference") is not None:
        low, high = figures["interval"]
        lines.append(
            f"tuned by {figures['difference']:+.2f} [{low:+.2f}, {high:+.2f}], {p_value(figures['p_value'])}, "
            f"{figures['test']}, n = {figures['n']}; {short}"
        )
        lines += _length_line(figures, figures["n"], short)
    return lines or [f"judge {who}: no answer has a grade"]


def _length_line(figures: Mapping[str, Any], n: int, checked: str) -> list[str]:
    longer = figures.get("longer_wins") or {}
    if longer.get("value") is None:
        return []
    return [f"the longer answer wins {_rate(longer)}; tuned is the longer one in {figures['longer']} of {n}; {checked}"]


def _rate(found: Mapping[str, Any]) -> str:
    if found.get("value") is None:
        return "of no pair"
    low, high = found["interval"]
    return f"{percent(found['value'])} [{100 * low:.1f}, {100 * high:.1f}], {p_value(found['p_value'])}"


def _missing(found: Mapping[str, Any]) -> list[str]:
    lines = []
    missing = found.get("missing") or {}
    if missing:
        told = ", ".join(f"{number} {why}" for why, number in missing.items())
        lines.append(f"without a verdict: {told}")
    return lines


def _how(found: Mapping[str, Any]) -> list[str]:
    """How many requests it took, what they cost, and whether the verdicts came in the form that was asked for."""
    if not found.get("requests"):
        return []
    told = count(int(found["requests"]), "request")
    if found.get("kept"):
        told += f", {found['kept']:,} of them known from before"
    if found.get("spent") is not None:
        told += f", cost {found['spent']:.3g}"
    structured = found.get("structured") or {}
    if found.get("schema_refused"):
        told += "; the server refuses a schema: read out of what it wrote"
    elif structured.get("asked"):
        told += (
            f"; {structured.get('followed', 0):,} verdicts are the JSON that was asked for, others are read leniently"
        )
    return [told]
