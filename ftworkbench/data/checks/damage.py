"""Texts that an export or an import has damaged: read in a wrong encoding, or escaped once too often."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ftworkbench.printable import one_line

_LOST = "\ufffd"
_CONTROLS = re.compile(r"[\x80-\x84\x86-\x9f]")
# UTF-8 read as something else: the first byte of a letter, as Windows-1252, Windows-1251, DOS or Mac OS have it, and
# the next. Clean text rarely has the two together, and ftfy, which knows, takes a hundred times as long.
_NEXT = "\x80-\xbf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2010-\u203a\u20ac\u2122"
_MAYBE_MISREAD = re.compile(
    f"[\x80-\x9f]|[\xc2-\xf4][{_NEXT}]|Ã |[РС][{_NEXT}\u0402-\u040f\u0452-\u045f\u0490\u0491]|[├┬Γ√¬][^\\s\\d]"
)
# As they stand in prose. The last is what is left of an entity whose & was taken away.
_ENTITY = re.compile(
    r"&(?:amp;)?(?:#\d{2,6}|#x[0-9A-Fa-f]{2,6}|amp|quot|apos|lt|gt|nbsp|[lr][sd]quo|hellip|[mn]dash);|(?<![&\w])#3[49];"
)
_ESCAPED = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
# Where there is markup or code, entities and escapes are as they should be.
_MARKUP = re.compile(r"</?[a-zA-Z!][^<>]*>|```|https?://\S*&|\bHTML\b|\bXML\b", re.IGNORECASE)
_CODE = re.compile(r"[{}\[\]`]|\bunicode\b|\bregex", re.IGNORECASE)
# A text in ASCII that has none of these is not damaged.
_MARKS = ("&", "\\u", "#3")
_SHOWN = 40


@dataclass(frozen=True)
class Damage:
    """What is wrong with a text, and the text as it would read mended; None where that cannot be told."""

    what: str
    mended: str | None


def find_damages(texts: Sequence[str]) -> Iterator[tuple[int, Damage]]:
    """The damaged ones of the texts, each with its place."""
    whole = "\n".join(texts)
    # One character is found ten times as quickly as two.
    marks = [mark for mark in _MARKS if mark[0] in whole and mark in whole]
    if whole.isascii() and not marks:
        return
    for place, text in enumerate(texts):
        if (not text.isascii() or any(mark in text for mark in marks)) and (found := find_damage(text)):
            yield place, found


def find_damage(text: str) -> Damage | None:
    """What is wrong with a text; None where nothing is."""
    if (mended := _escapes_undone(text)) != text:
        return Damage(f"escaped letters: {_difference(text, mended)}", _wholly(mended))
    if (mended := _entities_undone(text)) != text:
        return Damage(f"HTML entities: {_difference(text, mended)}", _wholly(mended))
    if text.isascii():
        return None
    if _LOST in text:
        return Damage(f"lost letters: {_LOST} stands for what could not be read", None)
    if (mended := _read_rightly(text)) != text:
        return Damage(f"read in a wrong encoding: {_difference(text, mended)}", mended)
    if _CONTROLS.search(text):
        return Damage("control characters (U+0080 to U+009F), as of a wrong encoding", _CONTROLS.sub("", text))
    return None


def _wholly(text: str) -> str:
    """The text with what else is wrong with it mended."""
    found = find_damage(text)
    return text if found is None or found.mended is None else found.mended


def _read_rightly(text: str) -> str:
    if not _MAYBE_MISREAD.search(text):
        return text
    from ftfy import fix_encoding
    from ftfy.badness import is_bad

    return str(fix_encoding(text)) if is_bad(text) or _CONTROLS.search(text) else text


def _entities_undone(text: str) -> str:
    if not _ENTITY.search(text) or _MARKUP.search(text):
        return text
    return _ENTITY.sub(lambda found: html.unescape(html.unescape("&" + found[0].removeprefix("&"))), text)


def _escapes_undone(text: str) -> str:
    if "\\u" not in text or not _ESCAPED.search(text) or _CODE.search(text):
        return text
    return _ESCAPED.sub(lambda found: _unescaped(found[0]), text)


def _unescaped(escaped: str) -> str:
    units = b"".join(int(unit, 16).to_bytes(2, "big") for unit in escaped.split("\\u")[1:])
    return units.decode("utf-16-be", "replace")


def _difference(text: str, mended: str) -> str:
    """The first word that reads otherwise, and how it should read."""
    pairs = zip(text.split(), mended.split(), strict=False)
    was, now = next(((was, now) for was, now in pairs if was != now), (text, mended))
    return f'"{one_line(was, _SHOWN)}" should read "{one_line(now, _SHOWN)}"'
