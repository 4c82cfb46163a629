"""One card: quality, format, regression, latency and cost, each with its words, its figures and its n."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from ftworkbench.evaluate.card_entry import Entry, against, entry
from ftworkbench.evaluate.form import form_of
from ftworkbench.evaluate.outputs import Output
from ftworkbench.evaluate.regression import Regression, broken_suites, unsure_suites
from ftworkbench.evaluate.statistics import wilson
from ftworkbench.evaluate.time_and_cost import ALONE, Answered, Way, cost_entry, latency_entry
from ftworkbench.evaluate.verdict import Verdict, decide
from ftworkbench.figures import count, interval, p_value, percent, points


@dataclass(frozen=True)
class Answers:
    """Both systems' answers to the test rows, in the same order; `before` is None where no baseline was measured.

    `known` are the answers of the rows that were learned from: they show what form an answer has. `groups` name test
    rows that hang together. `cost_per_hour` is what the machine costs on which the model answers. `way` and
    `way_before` are how the answers came, None where that is not known.
    """

    before: Sequence[Output] | None
    after: Sequence[Output]
    known: Sequence[str] = ()
    groups: Sequence[Hashable] | None = None
    cost_per_hour: float | None = None
    way: Way | None = ALONE
    way_before: Way | None = ALONE


def make_card(verdict: Verdict, answers: Answers, regression: Mapping[str, Regression]) -> dict[str, Entry]:
    """The `card` of verdict.json: five entries of `word`, `words` (and those in `short`), `figures` and `n`."""
    after = Answered(answers.after, answers.way)
    before = None if answers.before is None else Answered(answers.before, answers.way_before)
    return {
        "quality": _quality(verdict, answers),
        "format": _format(answers, verdict.alpha),
        "regression": _regression(regression),
        "latency": latency_entry(after, before),
        "cost": cost_entry(after, before, answers.cost_per_hour),
    }


# -------------------------------------------------------------------------------------------------
# Quality and form, by paired tests


def _quality(verdict: Verdict, answers: Answers) -> Entry:
    errors = {name: sum(not each.answered for each in some or ()) for name, some in _both(answers).items()}
    short = against(f"{percent(verdict.tuned)} by {verdict.metric}", _percent_or_none(verdict.baseline))
    words = short + _difference(verdict)
    if any(errors.values()):
        words += f"; {count(sum(errors.values()), 'row')} without an answer, counted as wrong"
    keys = ("metric", "baseline", "tuned", "difference", "interval", "p_value", "gained", "lost", "groups")
    found = verdict.as_json()
    return entry(verdict.word, words, verdict.n, {**{key: found[key] for key in keys}, "errors": errors}, short)


def _percent_or_none(share: float | None) -> str | None:
    return None if share is None else percent(share)


def _difference(verdict: Verdict) -> str:
    if verdict.difference is None:
        return ""
    told = f": {points(verdict.difference)} points {interval(verdict.interval, signed=True)}"
    return f"{told}, {p_value(verdict.p_value)}"


def _format(answers: Answers, alpha: float) -> Entry:
    form = form_of(answers.known or [each.reference for each in answers.after])
    after = form.scores(answers.after)
    before = None if answers.before is None else form.scores(answers.before)
    found = decide(before, after, form.metric, alpha, groups=answers.groups)
    words = against(f"{percent(found.tuned)} {form.words}", _percent_or_none(found.baseline)) + _difference(found)
    cut = {name: _cut(some) for name, some in _both(answers).items()}
    if any(cut.values()):
        words += f"; cut off {against(str(cut['tuned']), None if cut['baseline'] is None else str(cut['baseline']))}"
    figures = {
        "form": form.name,
        "baseline": found.baseline,
        "tuned": found.tuned,
        "difference": found.difference,
        "interval": list(found.interval or wilson(round(sum(after)), len(after), 1 - alpha)),
        "p_value": found.p_value,
        "cut_off": cut,
    }
    short = against(f"{percent(found.tuned)} {form.short}", _percent_or_none(found.baseline))
    return entry(_word_of_form(found), words, found.n, figures, short)


def _word_of_form(found: Verdict) -> str:
    """Of the form only a difference that was found is told: nobody waits for it to be better."""
    return found.word if found.word in ("better", "worse", "no baseline") else "no difference found"


def _both(answers: Answers) -> dict[str, Sequence[Output] | None]:
    return {"baseline": answers.before, "tuned": answers.after}


def _cut(outputs: Sequence[Output] | None) -> int | None:
    return None if outputs is None else sum(each.finish == "length" and each.answered for each in outputs)


# -------------------------------------------------------------------------------------------------
# Other skills


def _regression(regression: Mapping[str, Regression]) -> Entry:
    if not regression:
        return entry(
            "not measured", "no suite of other skills was asked: evaluate.regression names them", 0, {"suites": []}
        )
    broken, unsure = broken_suites(regression), unsure_suites(regression)
    words = "; ".join(_suite_words(name, found) for name, found in regression.items())
    suites = [found.as_json(name) for name, found in regression.items()]
    word = "broken" if broken else "not sure" if unsure else "held"
    short = f"{word}: {', '.join(broken or unsure or regression)}"
    return entry(word, words, sum(found.n for found in regression.values()), {"suites": suites}, short)


def _suite_words(name: str, found: Regression) -> str:
    told = f"{name} {found.word}: {percent(found.before)} → {percent(found.after)}"
    told += f" {interval(found.interval, signed=True)}, margin {100 * found.margin:g}, n = {found.n:,}"
    return f"{told}; about {found.needed:,} rows would tell" if found.needed else told
