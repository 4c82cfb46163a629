"""One card: quality, format, regression, latency and cost, each with its words, its figures and its n."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from ftworkbench.evaluate.form import form_of
from ftworkbench.evaluate.outputs import Output
from ftworkbench.evaluate.regression import Regression, broken_suites, unsure_suites
from ftworkbench.evaluate.statistics import wilson
from ftworkbench.evaluate.verdict import Verdict, decide
from ftworkbench.figures import count, interval, measure, p_value, percent, points

_NINETY = 0.9
_THOUSAND = 1000


@dataclass(frozen=True)
class Answers:
    """Both systems' answers to the test rows, in the same order; `before` is None where no baseline was measured.

    `known` are the answers of the rows that were learned from: they show what form an answer has. `groups` name test
    rows that hang together. `cost_per_hour` is what the machine costs on which the model answers.
    """

    before: Sequence[Output] | None
    after: Sequence[Output]
    known: Sequence[str] = ()
    groups: Sequence[Hashable] | None = None
    cost_per_hour: float | None = None


Entry = dict[str, Any]


def make_card(verdict: Verdict, answers: Answers, regression: Mapping[str, Regression]) -> dict[str, Entry]:
    """The `card` of verdict.json: five entries of `word`, `words` (and those in `short`), `figures` and `n`."""
    return {
        "quality": _quality(verdict, answers),
        "format": _format(answers, verdict.alpha),
        "regression": _regression(regression),
        "latency": _latency(answers),
        "cost": _cost(answers),
    }


def _entry(word: str, words: str, n: int, figures: Mapping[str, Any], short: str = "") -> Entry:
    return {"word": word, "words": words, "short": short or words, "n": n, "figures": figures}


def _against(after: str, before: str | None) -> str:
    return after if before is None else f"{after}, prompted {before}"


# -------------------------------------------------------------------------------------------------
# Quality and form, by paired tests


def _quality(verdict: Verdict, answers: Answers) -> Entry:
    errors = {name: sum(not each.answered for each in some or ()) for name, some in _both(answers).items()}
    short = _against(f"{percent(verdict.tuned)} by {verdict.metric}", _percent_or_none(verdict.baseline))
    words = short + _difference(verdict)
    if any(errors.values()):
        words += f"; {count(sum(errors.values()), 'row')} without an answer, counted as wrong"
    keys = ("metric", "baseline", "tuned", "difference", "interval", "p_value", "gained", "lost", "groups")
    found = verdict.as_json()
    return _entry(verdict.word, words, verdict.n, {**{key: found[key] for key in keys}, "errors": errors}, short)


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
    words = _against(f"{percent(found.tuned)} {form.words}", _percent_or_none(found.baseline)) + _difference(found)
    cut = {name: _cut(some) for name, some in _both(answers).items()}
    if any(cut.values()):
        words += f"; cut off {_against(str(cut['tuned']), None if cut['baseline'] is None else str(cut['baseline']))}"
    figures = {
        "form": form.name,
        "baseline": found.baseline,
        "tuned": found.tuned,
        "difference": found.difference,
        "interval": list(found.interval or wilson(round(sum(after)), len(after), 1 - alpha)),
        "p_value": found.p_value,
        "cut_off": cut,
    }
    short = _against(f"{percent(found.tuned)} {form.short}", _percent_or_none(found.baseline))
    return _entry(_word_of_form(found), words, found.n, figures, short)


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
        return _entry(
            "not measured", "no suite of other skills was asked: evaluate.regression names them", 0, {"suites": []}
        )
    broken, unsure = broken_suites(regression), unsure_suites(regression)
    words = "; ".join(_suite_words(name, found) for name, found in regression.items())
    suites = [found.as_json(name) for name, found in regression.items()]
    word = "broken" if broken else "not sure" if unsure else "held"
    short = f"{word}: {', '.join(broken or unsure or regression)}"
    return _entry(word, words, sum(found.n for found in regression.values()), {"suites": suites}, short)


def _suite_words(name: str, found: Regression) -> str:
    told = f"{name} {found.word}: {percent(found.before)} → {percent(found.after)}"
    told += f" {interval(found.interval, signed=True)}, margin {100 * found.margin:g}, n = {found.n:,}"
    return f"{told}; about {found.needed:,} rows would tell" if found.needed else told


# -------------------------------------------------------------------------------------------------
# Time and money


def _latency(answers: Answers) -> Entry:
    figures = {name: _times(some) for name, some in _both(answers).items() if some is not None}
    forms = {
        "seconds": "{} s an answer",
        "first_token_seconds": "first token after {} s",
        "tokens_per_second": "{} tokens/s",
    }
    return _measured(figures, forms, "no answer was timed")


def _measured(figures: dict[str, dict[str, Any]], forms: Mapping[str, str], nothing: str) -> Entry:
    """The figures of both systems in words, in the order of `forms`; `nothing` is said where tuned has no answer."""
    after, before = figures["tuned"], figures.get("baseline")
    if not after["n"]:
        return _entry("not measured", nothing, 0, figures)
    told = [words for name, form in forms.items() if (words := _beside(form, name, after, before))]
    return _entry("measured", "; ".join(told), after["n"], figures, told[0])


def _beside(form: str, name: str, after: Entry, before: Entry | None) -> str:
    """A figure of both systems in words; empty where the tuned one has none."""
    if after[name] is None:
        return ""
    return _against(form.format(measure(after[name])), None if before is None else measure(before[name]))


def _times(outputs: Sequence[Output]) -> dict[str, Any]:
    """Seconds an answer, median and 90th percentile; in a batch an answer's share of its time is its own."""
    timed = [each for each in outputs if each.tokens and each.seconds > 0 and not each.error]
    seconds = sorted(each.seconds for each in timed)
    first = [each.first_token_seconds for each in timed if each.first_token_seconds is not None]
    return {
        "n": len(timed),
        "seconds": median(seconds) if seconds else None,
        "seconds_p90": seconds[math.ceil(_NINETY * len(seconds)) - 1] if seconds else None,
        "first_token_seconds": median(first) if first else None,
        "tokens_per_second": sum(each.tokens for each in timed) / sum(seconds) if seconds else None,
        "tokens": sum(each.tokens for each in timed) / len(timed) if timed else None,
    }


def _cost(answers: Answers) -> Entry:
    figures = {name: _costs(some, answers.cost_per_hour) for name, some in _both(answers).items() if some is not None}
    forms = {
        "cost_per_1000": "{} for 1,000 answers",
        "prompt_tokens": "{} tokens read an answer",
        "tokens": "{} tokens written",
    }
    return _measured(figures, forms, "no answer came")


def _costs(outputs: Sequence[Output], cost_per_hour: float | None) -> dict[str, Any]:
    """Mean tokens read and written, and money for 1,000 answers: as an endpoint charged, else the machine's time."""
    told = [each for each in outputs if each.tokens and not each.error]
    charged = [each.cost for each in told if each.cost is not None]
    cost = None
    if told and charged:
        cost = sum(charged) / len(charged)
    elif told and cost_per_hour is not None:
        cost = sum(each.seconds for each in told) / len(told) * cost_per_hour / 3600
    read = [each.prompt_tokens for each in told if each.prompt_tokens]
    return {
        "n": len(told),
        "tokens": sum(each.tokens for each in told) / len(told) if told else None,
        "prompt_tokens": sum(read) / len(read) if read else None,
        "cost_per_1000": None if cost is None else _THOUSAND * cost,
    }
