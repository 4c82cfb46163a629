"""Answers compared as text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from ftworkbench.evaluate.metrics.metric import Scored
from ftworkbench.evaluate.scripts import UNSPACED

_PUNCTUATION = ".,;:!?\"'`()[]{}“”‘’„«»…。、，！？：；（）「」『』【】¿¡؟।"
_LETTER = re.compile(f"[{UNSPACED}]")


def normalise(text: str) -> str:
    """`text` without what a person would not count as a difference.

    Compatibility forms and case folded, whitespace collapsed, punctuation taken off the ends of each word
    (not out of words, and not signs that mean something: `-5`, `C++`, `#1` and `U.S` stay). After SQuAD's
    normalisation (Rajpurkar et al. 2016), but with the articles kept, since "A" may be a label.
    """
    words = (word.strip(_PUNCTUATION) for word in unicodedata.normalize("NFKC", text).casefold().split())
    return " ".join(word for word in words if word)


def exact(scored: Scored) -> float:
    return float(scored.answer.strip() == scored.reference.strip())


def normalised(scored: Scored) -> float:
    wanted = normalise(scored.reference)
    return float(normalise(scored.answer) == wanted) if wanted else exact(scored)


def contains(scored: Scored) -> float:
    wanted = normalise(scored.reference)
    said = normalise(scored.answer)
    found = wanted in said if _LETTER.search(wanted) else f" {wanted} " in f" {said} "
    return float(found) if wanted else float(scored.reference.strip() in scored.answer)


def length(scored: Scored) -> float:
    """The shorter of answer and reference by the longer, in characters; 1 where both are as long, or empty."""
    shorter, longer = sorted((len(scored.answer.strip()), len(scored.reference.strip())))
    return shorter / longer if longer else 1.0


def stopped(scored: Scored) -> float:
    return float(scored.finish == "stop")


def regex(pattern: str) -> Callable[[Scored], float]:
    """The metric of a pattern: whether it is found in the answer, spaces around it aside.

    With a group in it, whether the first group that took part finds the same in answer and reference; in a reference
    in which nothing is found, the whole of it counts. As lm-evaluation-harness' regex filter.
    """
    compiled = re.compile(pattern)

    def score(scored: Scored) -> float:
        found = compiled.search(scored.answer.strip())
        if found is None or not compiled.groups:
            return float(found is not None)
        wanted = compiled.search(scored.reference.strip())
        return float(_group(found) == (_group(wanted) if wanted else scored.reference.strip()))

    return score


def _group(found: re.Match[str]) -> str:
    return next((group for group in found.groups() if group is not None), found.group())
