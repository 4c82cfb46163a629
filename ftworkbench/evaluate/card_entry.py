"""An entry of the card: a word, its words, its figures and its n."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Entry = dict[str, Any]


def entry(word: str, words: str, n: int, figures: Mapping[str, Any], short: str = "") -> Entry:
    """`short` is what a line has room for; left out, the words themselves."""
    return {"word": word, "words": words, "short": short or words, "n": n, "figures": figures}


def against(after: str, before: str | None) -> str:
    """A figure of the tuned model, and that of prompting where there is one."""
    return after if before is None else f"{after}, prompted {before}"
