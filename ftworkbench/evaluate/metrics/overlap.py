"""How much of a reference's wording an answer shares: ROUGE and BLEU."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from ftworkbench.evaluate.metrics.metric import Scored
from ftworkbench.evaluate.scripts import UNSPACED

if TYPE_CHECKING:
    from sacrebleu.metrics.bleu import BLEU

# A letter of a script that is written without spaces is a word of its own.
_WORD = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]+")


def words(text: str) -> list[str]:
    """The words of a text in lower case: of English the same as the rouge-score package's, but of any script."""
    return _WORD.findall(text.lower())


def _f1(common: int, found: int, wanted: int) -> float:
    return 2 * common / (found + wanted) if common else 0.0


def rouge_n(size: int) -> Callable[[Scored], float]:
    """ROUGE-N's F1: the n-grams that both have, each as often as both have it (Lin 2004), without stemming."""

    def score(scored: Scored) -> float:
        found, wanted = _grams(words(scored.answer), size), _grams(words(scored.reference), size)
        return _f1((found & wanted).total(), found.total(), wanted.total())

    return score


def _grams(found: Sequence[str], size: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(found[start:] for start in range(size)), strict=False))


def rouge_l(scored: Scored) -> float:
    """ROUGE-L's F1 of the whole text: the longest common subsequence of words (Lin 2004), without stemming."""
    found, wanted = words(scored.answer), words(scored.reference)
    return _f1(_common_length(found, wanted), len(found), len(wanted))


def _common_length(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest common subsequence, a bit for each word of `one` (Hyyrö 2004)."""
    places: dict[str, int] = {}
    for place, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << place
    every = (1 << len(one)) - 1
    open_bits = every
    for word in other:
        here = open_bits & places.get(word, 0)
        open_bits = ((open_bits + here) | (open_bits - here)) & every
    return len(one) - open_bits.bit_count()


def bleu(tokenizer: str) -> Callable[[Scored], float]:
    """Sentence BLEU by sacrebleu, 0 to 1: up to 4-grams, no longer than the answer has, exponential smoothing."""

    def score(scored: Scored) -> float:
        if not scored.answer.strip() or not scored.reference.strip():
            return float(scored.answer.strip() == scored.reference.strip())
        found = _sacrebleu(tokenizer, True).sentence_score(scored.answer, [scored.reference])
        return min(found.score / 100, 1.0)

    return score


def corpus_bleu(answers: Sequence[str], references: Sequence[str], tokenizer: str = "13a") -> float:
    """Corpus BLEU by sacrebleu, 0 to 1, as papers report it (Papineni et al. 2002; Post 2018); 0 of no rows."""
    if not answers:
        return 0.0
    return float(_sacrebleu(tokenizer, False).corpus_score(list(answers), [list(references)]).score) / 100


@lru_cache
def _sacrebleu(tokenizer: str, one_sentence: bool) -> BLEU:
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(tokenize=tokenizer, effective_order=one_sentence)
