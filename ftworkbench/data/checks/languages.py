"""The languages of texts, and the texts in another language than nearly all others, where that is sure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

MOST_TEXTS = 5_000
_FEWEST_LETTERS = 20
_FEWEST_TEXTS = 20
_LIKELY = 0.9
_NEARLY_ALL = 0.9
# The most that may speak for the language of nearly all. For English texts it comes down to 0.05 at the least (all in
# capitals), for texts of one short sentence in another language it is below this.
_AGAINST = 0.001
_AGAINST_AT_THE_ENDS = 0.05
_LOOKED_AT = 400
_ENDS = 40
# What counts for a language, too: no language at all, and what is hard to tell from it.
_NONE = ("und", "zxx")
_CLOSE = {"en": ("pcm",)}
# Words that hardly any other language has: a text with three of them need not be asked about, and where all are so, the
# model, which takes half a second, is not loaded.
_ENGLISH = {
    *("the", "and", "my", "you", "is", "of", "with", "that", "have", "this", "it", "for", "are", "not", "what", "how"),
    *("your", "from", "they", "which", "would", "there"),
}
_ENGLISH_ENOUGH = 3
_NAMES = {
    "ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German",
    "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian", "fa": "Persian", "fi": "Finnish", "fr": "French",
    "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "ms": "Malay", "nl": "Dutch",
    "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak",
    "sl": "Slovenian", "sr": "Serbian", "sv": "Swedish", "sw": "Swahili", "ta": "Tamil", "te": "Telugu", "th": "Thai",
    "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


@dataclass(frozen=True)
class Foreign:
    """A text in another language than nearly all others: its place, and the language that it is likely in."""

    index: int
    language: str


@dataclass(frozen=True)
class Languages:
    """How many texts are in which language (ISO 639 codes), the one of nearly all, and the texts in another one.

    Texts of which the language is unclear are not counted. `main` is empty where no language has 90% of the texts.
    """

    counts: Mapping[str, int]
    main: str
    foreign: tuple[Foreign, ...]


def find_languages(texts: Sequence[str]) -> Languages:
    """The languages of at most 5,000 of the texts, evenly spread."""
    step = -(-len(texts) // MOST_TEXTS) or 1
    told = {place: _told(texts[place][:_LOOKED_AT]) for place in range(0, len(texts), step)}
    likeliest = {place: next(iter(shares)) for place, shares in told.items() if shares}
    counts = Counter(language for place, language in likeliest.items() if told[place][language] >= _LIKELY)
    (main, most), *_ = counts.most_common(1) or [("", 0)]
    if most < max(_NEARLY_ALL * counts.total(), _FEWEST_TEXTS):
        return Languages(counts, "", ())
    foreign = [
        Foreign(place, language)
        for place, language in likeliest.items()
        if language not in (main, *_CLOSE.get(main, ()), *_NONE)
        and _speaks_for(main, told[place]) <= _AGAINST
        # At both ends: what is quoted, or to be translated, makes no text foreign.
        and all(_speaks_for(main, _shares(end)) <= _AGAINST_AT_THE_ENDS for end in _ends(texts[place]))
    ]
    return Languages(counts, main, tuple(foreign))


def language_name(code: str) -> str:
    """The English name of a language, or its code where it is none of the usual ones."""
    return _NAMES.get(code, code)


def _told(text: str) -> dict[str, float]:
    """How likely a text is in each language, the likeliest first; empty where it has too few letters to tell."""
    return _shares(text) if sum(map(str.isalpha, text)) >= _FEWEST_LETTERS else {}


def _shares(text: str) -> dict[str, float]:
    if text.isascii() and len(_ENGLISH.intersection(text.lower().split())) >= _ENGLISH_ENOUGH:
        return {"en": 1.0}
    return dict(_identifier().rank(text))


def _speaks_for(language: str, shares: Mapping[str, float]) -> float:
    return sum(shares.get(code, 0.0) for code in (language, *_CLOSE.get(language, ()), *_NONE))


def _ends(text: str) -> tuple[str, str]:
    size = min(len(text) // 2, _ENDS)
    return text[:size], text[-size:]


@lru_cache(1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
