"""Latency and cost on the card: what the time of an answer is, and what is compared with what.

Answers that came many at once have a share of their batch's time each: throughput. A latency is the time of an answer
that is asked for alone, which serving measures, or an endpoint takes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, median
from typing import Any

from ftworkbench.evaluate.card_entry import Entry, against, entry
from ftworkbench.evaluate.outputs import Output
from ftworkbench.evaluate.serving import ADAPTER, MERGED, PROMPTED
from ftworkbench.figures import measure

_NINETY = 0.9
_THOUSAND = 1000


@dataclass(frozen=True)
class Way:
    """How answers came: so many prompts at once, on a device of a host, or from an `endpoint`'s own machine."""

    at_once: int = 1
    device: str = ""
    host: str = ""
    endpoint: bool = False

    @property
    def words(self) -> str:
        return "one at a time" if self.at_once == 1 else f"{self.at_once} at once"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, found: object) -> Way | None:
        """The way that as_json told; None for what is none."""
        if not isinstance(found, Mapping):
            return None
        at_once, device, host = (found.get(name) for name in ("at_once", "device", "host"))
        if not (isinstance(at_once, int) and isinstance(device, str) and isinstance(host, str)):
            return None
        return cls(at_once, device, host, found.get("endpoint") is True)


ALONE = Way()


@dataclass(frozen=True)
class Answered:
    """Answers to the test rows and the way that they came; `way` is None where nobody wrote it down."""

    outputs: Sequence[Output]
    way: Way | None


# -------------------------------------------------------------------------------------------------
# Time


def latency_entry(tuned: Answered, baseline: Answered | None) -> Entry:
    """The seconds of an answer as it was measured; prompting's beside it where they came in the very same way."""
    figures = {"tuned": _times(tuned)} | ({} if baseline is None else {"baseline": _times(baseline)})
    after, before = figures["tuned"], figures.get("baseline")
    if not after["n"]:
        return entry("not measured", "no answer was timed", 0, figures)
    held = before if _alike(tuned, baseline) else None
    way = "in batches" if tuned.way is None else tuned.way.words
    short = against(f"{measure(after['seconds'])} s each, {way}", _figure(held, "seconds"))
    told = [
        f"{measure(after['seconds'])} s an answer, {way}{'' if _is_latency(tuned.way) else ': throughput, no latency'}",
        f"{measure(after['tokens_per_second'])} tokens/s",
    ]
    told = [
        against(words, _figure(held, name)) for words, name in zip(told, ("seconds", "tokens_per_second"), strict=True)
    ]
    return entry("measured", "; ".join([*told, *_elsewhere(before, baseline, held)]), after["n"], figures, short)


def served_latency(latency: Entry, serving: Mapping[str, Any]) -> Entry:
    """The entry with what serving measured in the place of throughput: whole answers at batch 1, of the mean length.

    Seconds: those until the first token, and a token's for each after it, both medians over the prompts. Prompting's
    are there where its prompts were served too. The figures of `latency` stay, these come as `serving` beside them.
    """
    figures = latency["figures"]
    systems = {each["name"]: each for each in serving["systems"]}
    if not figures["tuned"]["n"] or ADAPTER not in systems:
        return latency
    of = {ADAPTER: "tuned", MERGED: "tuned", PROMPTED: "baseline"}
    found = {
        name: _whole(systems[name], figures[who]["tokens"])
        for name, who in of.items()
        if name in systems and (figures.get(who) or {}).get("n")
    }
    tuned, prompted = found[ADAPTER], found.get(PROMPTED)
    seconds = f"{measure(tuned['seconds'])} s an answer"
    before = _figure(prompted, "seconds")
    merged = f" (merged {measure(found[MERGED]['seconds'])})" if MERGED in found else ""
    told = [
        against(f"{seconds}, one at a time{merged}", before),
        against(
            f"first token after {measure(tuned['first_token_seconds'])} s", _figure(prompted, "first_token_seconds")
        ),
        against(f"{measure(tuned['tokens'])} tokens", _figure(prompted, "tokens")),
    ]
    words = f"{'; '.join(told)}; on {serving['device']}"
    asked = figures.get("baseline")
    if prompted is None and asked and asked["n"] and (asked.get("way") or {}).get("endpoint"):
        words += f"; {_of_endpoint(asked)}"
    return entry("measured", words, serving["n"], {**figures, "serving": found}, against(seconds, before))


def _whole(system: Mapping[str, Any], tokens: float) -> dict[str, float]:
    first, token = system["first_token_seconds"]["value"], 1 / system["tokens_per_second"]["value"]
    seconds = first + max(tokens - 1, 0) * token
    return {"seconds": seconds, "first_token_seconds": first, "token_seconds": token, "tokens": tokens}


def _alike(tuned: Answered, baseline: Answered | None) -> bool:
    return baseline is not None and tuned.way is not None and tuned.way == baseline.way


def _is_latency(way: Way | None) -> bool:
    return way is not None and way.at_once == 1


def _elsewhere(before: Mapping[str, Any] | None, baseline: Answered | None, held: object) -> list[str]:
    """What there is of prompting's time, and why it stands beside no figure of the tuned model."""
    if before is None or baseline is None or held is not None or not before["n"]:
        return []
    if baseline.way is not None and baseline.way.endpoint:
        return [_of_endpoint(before)]
    how = "it is not known how" if baseline.way is None else f"{baseline.way.words} on {baseline.way.device}"
    return [f"the baseline was timed in another way ({how}), and is not compared"]


def _of_endpoint(before: Mapping[str, Any]) -> str:
    first = before["first_token_seconds"]
    told = "" if first is None else f", first token after {measure(first)} s"
    at_once = (before.get("way") or {}).get("at_once") or 1
    return f"the endpoint took {measure(before['seconds'])} s a request, {Way(at_once).words}{told}"


def _figure(figures: Mapping[str, Any] | None, name: str) -> str | None:
    return None if figures is None or figures[name] is None else measure(figures[name])


def _times(timed: Answered) -> dict[str, Any]:
    """Seconds an answer, median and 90th percentile; in a batch an answer's share of its time is its own."""
    told = [each for each in timed.outputs if each.tokens and each.seconds > 0 and not each.error]
    seconds = sorted(each.seconds for each in told)
    first = [each.first_token_seconds for each in told if each.first_token_seconds is not None]
    return {
        "n": len(told),
        "seconds": median(seconds) if seconds else None,
        "seconds_p90": seconds[math.ceil(_NINETY * len(seconds)) - 1] if seconds else None,
        "first_token_seconds": median(first) if first else None,
        "tokens_per_second": sum(each.tokens for each in told) / sum(seconds) if seconds else None,
        "tokens": sum(each.tokens for each in told) / len(told) if told else None,
        "way": None if timed.way is None else timed.way.as_json(),
    }


# -------------------------------------------------------------------------------------------------
# Money


def cost_entry(tuned: Answered, baseline: Answered | None, cost_per_hour: float | None) -> Entry:
    """Money for 1,000 answers, and the tokens read and written for one.

    What the time of this machine costs is held against prompting's only where both came in the same way.
    """
    both = {"tuned": tuned} | ({} if baseline is None else {"baseline": baseline})
    figures = {name: _costs(each.outputs, cost_per_hour) for name, each in both.items()}
    after, before = figures["tuned"], figures.get("baseline")
    if not after["n"]:
        return entry("not measured", "no answer came", 0, figures)
    forms = {
        "cost_per_1000": "{} for 1,000 answers",
        "prompt_tokens": "{} tokens read an answer",
        "tokens": "{} tokens written",
    }
    charged = baseline is not None and baseline.way is not None and baseline.way.endpoint
    alike = charged or _alike(tuned, baseline)
    told = [
        against(form.format(measure(after[name])), _figure(before, name) if alike or name != "cost_per_1000" else None)
        for name, form in forms.items()
        if after[name] is not None
    ]
    return entry("measured", "; ".join(told), after["n"], figures, told[0])


def _costs(outputs: Sequence[Output], cost_per_hour: float | None) -> dict[str, Any]:
    """Mean tokens read and written, and money for 1,000 answers."""
    told = [each for each in outputs if each.tokens and not each.error]
    read = [each.prompt_tokens for each in told if each.prompt_tokens]
    return {
        "n": len(told),
        "tokens": sum(each.tokens for each in told) / len(told) if told else None,
        "prompt_tokens": sum(read) / len(read) if read else None,
        "cost_per_1000": cost_per_1000(told, cost_per_hour),
    }


def cost_per_1000(told: Sequence[Output], cost_per_hour: float | None) -> float | None:
    """Money for 1,000 answers like these: as an endpoint charged, else the machine's time; None where not known."""
    if charged := [each.cost for each in told if each.cost is not None]:
        return _THOUSAND * fmean(charged)
    if not told or cost_per_hour is None:
        return None
    return _THOUSAND * fmean(each.seconds for each in told) * cost_per_hour / 3600
