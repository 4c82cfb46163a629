"""The verdict in words, and the scores that it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textual.content import Content

from ftworkbench.figures import interval, p_value, percent, points
from ftworkbench.printable import one_line
from ftworkbench.steps.verdicts import BREAKS, VOID, word_of
from ftworkbench.tui.text import shown
from ftworkbench.tui.widgets.card_words import card_lines, metric_lines
from ftworkbench.tui.widgets.job_words import fit, verdict_sign
from ftworkbench.tui.widgets.judge_words import judge_entry, judge_lines
from ftworkbench.tui.widgets.lines_view import beside, wrapped
from ftworkbench.tui.widgets.ragas_words import ragas_lines

_BESIDE = 100
_CARD_SHARE = 0.47

NO_BASELINE = (
    "No prompted baseline was measured on these rows, so nothing can be said to be better. b measures it; "
    "v then compares."
)


def verdict_block(verdict: Mapping[str, Any]) -> list[Content]:
    """The word, large: three lines of a coloured block, with its sign; what was broken stands in it too."""
    sign, style = verdict_sign(word_of(verdict))
    colour = style.removeprefix("$")
    word = one_line(str(verdict["word"]), 40).upper()
    if word_of(verdict) == BREAKS:
        word += f", BUT BREAKS {_broken(verdict['breaks'])}"
    text = f"  {sign} {word}  "
    look = f"bold $background on ${colour}"
    return [Content.styled(" " * len(text), look), Content.styled(text, look), Content.styled(" " * len(text), look)]


def _broken(suites: Sequence[str]) -> str:
    return one_line(str(suites[0]), 24).upper() if len(suites) == 1 else f"{len(suites)} SKILLS"


def _caution(found: Mapping[str, Any], verdict: Mapping[str, Any], width: int, *, large: bool) -> list[Content]:
    """What has to be read with the word: worse form, and what may be broken, where its line does not come next."""
    told = []
    if ((found.get("card") or {}).get("format") or {}).get("word") == "worse":
        told.append("fewer answers are of the right form")
    unsure = [str(suite.get("suite")) for suite in found.get("regression") or () if suite.get("word") == "not sure"]
    if large and unsure and verdict["word"] == "better":
        named = unsure[0] if len(unsure) == 1 else f"{len(unsure)} other skills"
        told.append(f"whether {named} held is not known")
    return wrapped(Content.styled(one_line(f"! {', and '.join(told)}"), "bold $warning"), width) if told else []


def verdict_headline(verdict: Mapping[str, Any]) -> str:
    """The difference, which is what one looks for first."""
    if verdict.get("difference") is None:
        return f"tuned {percent(verdict.get('tuned'))}, n = {verdict.get('n')}"
    return f"{points(verdict['difference'])} points {interval(verdict.get('interval'), signed=True)}"


def verdict_words(verdict: Mapping[str, Any]) -> list[str]:
    """What the verdict rests on, in short lines."""
    if verdict.get("word") == "no baseline":
        return [NO_BASELINE]
    lines = [
        f"{percent(verdict.get('tuned'))} tuned against {percent(verdict.get('baseline'))} prompted, "
        f"by {verdict['metric']}",
        f"{verdict.get('gained', 0)} rows gained, {verdict.get('lost', 0)} lost, of n = {verdict.get('n')}",
        f"{p_value(verdict.get('p_value'))}, {verdict.get('test') or 'a paired test'}",
    ]
    if verdict.get("groups"):
        lines[1] += f", in {verdict['groups']:,} groups of near-duplicates"
    if verdict.get("needed"):
        more = verdict["needed"] - int(verdict.get("n") or 0)
        lines.append(f"Too few rows to tell: about {verdict['needed']:,} test rows would, {more:,} more.")
    elif verdict.get("apart"):
        lines.append("The metrics do not agree: each one's test is below.")
    elif verdict.get("word") == "no better":
        lines.append("This may be chance: tuning did not beat prompting here.")
    elif verdict.get("word") == "worse":
        lines.append("Tuning made it worse than prompting alone.")
    return lines


def verdict_lines(found: Mapping[str, Any], width: int) -> list[Content]:
    """The card and the scores, and below them what a judge and RAGAS said."""
    return [*_card_and_scores(found, width), *judge_lines(found, width), *ragas_lines(found, width)]


def _card_and_scores(found: Mapping[str, Any], width: int) -> list[Content]:
    """Beside each other where there is room, below each other elsewhere."""
    verdict = found.get("verdict")
    if width >= _BESIDE:
        left_width = int(width * _CARD_SHARE)
        left = _card(verdict, found, left_width - 3, large=True)
        right = score_lines(found, width - left_width)
        return beside([left, right], [left_width, width - left_width])
    suites = [*_suite_lines(found, width, "regression "), *judge_entry(found, width)]
    below = [*_score_tables(found, width), *card_lines(found, width), *metric_lines(found, width)]
    return [*_card(verdict, found, width, large=False), *suites, *below]


def _card(verdict: Mapping[str, Any] | None, found: Mapping[str, Any], width: int, *, large: bool) -> list[Content]:
    if verdict is None:
        return _baseline_only(found, width)
    block = verdict_block(verdict)
    headline = Content.styled(one_line(verdict_headline(verdict)), "bold")
    lines = [Content.assemble(block[1], "  ", headline)]
    if block[1].cell_length + 2 + headline.cell_length > width:
        lines = [block[1], headline]
    if large:
        lines = [block[0], block[1], block[2], headline] if len(lines) > 1 else [block[0], *lines, block[2]]
    lines += _caution(found, verdict, width, large=large)
    if found.get("void"):
        lines += wrapped(Content.styled(f"! {VOID}", "bold $warning"), width)
    words = verdict_words(verdict)
    for text in words if large else joined(words, width):
        lines += wrapped(shown(text), width)
    return [*lines, *card_lines(found, width), *judge_entry(found, width)] if large else lines


def joined(words: Sequence[str], width: int) -> list[str]:
    """Short lines, put on one where two have room on it."""
    lines: list[str] = []
    for text in words:
        if lines and len(f"{lines[-1]} · {text}") <= width:
            lines[-1] = f"{lines[-1]} · {text}"
        else:
            lines.append(text)
    return lines


def _baseline_only(found: Mapping[str, Any], width: int) -> list[Content]:
    names = ", ".join(str(system["name"]) for system in found.get("systems") or ())
    lines = [Content.styled("  THE BASELINE  ", "bold $background on $text-muted")]
    text = f"The prompted baseline is measured{f' ({names})' if names else ''}. v measures a tuned model against it."
    lines += [Content(""), *wrapped(shown(text), width)]
    advice = found.get("advice") or {}
    if advice.get("word"):
        lines += [Content(""), Content.assemble("Advice: ", shown(str(advice["word"]), "bold $accent"))]
    for reason in advice.get("reasons") or ():
        lines += wrapped(shown(str(reason)), width, Content.styled("· ", "$text-muted"), 2)
    return lines


def score_lines(found: Mapping[str, Any], width: int) -> list[Content]:
    """Tables: both systems on the test rows, the contestants on the validation rows, the regression suites."""
    lines = _score_tables(found, width)
    suites = _suite_lines(found, width)
    if suites:
        lines += [Content(""), Content.styled("regression suites, before and after", "$text-muted"), *suites]
    metrics = metric_lines(found, width)
    return [*lines, Content(""), *metrics] if metrics else lines


def _score_tables(found: Mapping[str, Any], width: int) -> list[Content]:
    lines = _table(f"{found.get('n', 0)} test rows", found.get("systems") or [], width, None)
    contestants = found.get("contestants") or []
    if contestants:
        lines += [Content(""), *_table("validation rows", contestants, width, found.get("chosen"))]
    return lines


def _suite_lines(found: Mapping[str, Any], width: int, before: str = "") -> list[Content]:
    return [_suite_line(suite, before, width) for suite in found.get("regression") or []]


def _table(title: str, systems: Sequence[Mapping[str, Any]], width: int, chosen: str | None) -> list[Content]:
    names = list(dict.fromkeys(name for system in systems for name in system["metrics"]))
    first = 18
    column = 21
    kept = names[: max(1, (width - first) // column)]
    lines = [Content.styled(fit(title, first) + "".join(fit(name, column) for name in kept), "$text-muted")]
    for system in systems:
        mark = "  ◂" if system["name"] == chosen else ""
        cells: list[Content | tuple[str, str]] = [Content(fit(f"{system['name']}{mark}", first))]
        for name in kept:
            value = system["metrics"].get(name) or {}
            cells.append((fit(percent(value.get("value")), 7), "bold"))
            cells.append((fit(interval(value.get("interval")), column - 7), "$text-muted"))
        lines.append(Content.assemble(*cells).truncate(width))
    return lines


def _suite_line(suite: Mapping[str, Any], before: str, width: int) -> Content:
    word = str(suite.get("word"))
    word = word if word in ("held", "broken") else "not sure"
    sign, style = verdict_sign(word)
    after = suite.get("after")
    told = percent(suite.get("before")) + (f" → {percent(after)}" if after is not None else " before")
    name = fit(f"{before}{suite.get('suite', '')}", len(before) + 18)
    parts: list[str | tuple[str, str]] = [name, (fit(told, 18), "bold")]
    if after is not None:
        parts.append((f"{sign} {word}, n = {suite.get('n', 0)}", style))
    return Content.assemble(*parts).truncate(width)
