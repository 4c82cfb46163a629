"""The one gate through which text from data, models, files and logs reaches a terminal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

TAB_WIDTH = 4

# Bidi controls and the other invisible format characters can reorder or hide what is on the screen; lone surrogates
# cannot be encoded; U+2028 and U+2029 break lines in some terminals.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return f"\u2039{code:02X}\u203a" if code < 0x100 else f"\u2039U+{code:04X}\u203a"


def printable(text: str) -> str:
    """`text` with every control, bidi and invisible character made visible; newlines stay, tabs become spaces.

    An escape becomes `␛`, a C1 control `‹9B›`, a bidi mark `‹U+202E›`. CRLF and CR become plain newlines.
    """
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " " * TAB_WIDTH)
    return _UNSAFE.sub(_visible, text)


def one_line(text: str, limit: int | None = None) -> str:
    """`text` made printable, newlines as `⏎`, cut to at most `limit` characters with an ellipsis."""
    if limit is not None and len(text) > 4 * limit:
        text = text[: 4 * limit]
    line = printable(text).replace("\n", "\u23ce")
    if limit is not None and len(line) > limit:
        line = line[: max(limit - 1, 0)] + "\u2026"
    return line


# The terminals that know OSC 777; where none of this is set, OSC 9 is what most know, and the others pass over.
_KNOW_777 = ("foot", "rxvt")
_TITLE = "ftworkbench"


def attention(text: str, environment: Mapping[str, str]) -> str:
    """What has a terminal call somebody who looks elsewhere: a bell, and a desktop notification that says `text`.

    `environment` says which terminal it is. A text of data cannot break out of it.
    """
    term = environment.get("TERM", "")
    if term in ("", "dumb", "linux"):
        return "\a"
    said = one_line(text, 200).replace(";", ",")
    if term.startswith(_KNOW_777) or "VTE_VERSION" in environment:
        sequence = f"\x1b]777;notify;{_TITLE};{said}\x1b\\"
    else:
        sequence = f"\x1b]9;{_TITLE}: {said}\x1b\\"
    if "TMUX" in environment:  # passed on to the terminal that tmux runs in, where tmux is allowed to
        sequence = f"\x1bPtmux;{sequence.replace(chr(27), 2 * chr(27))}\x1b\\"
    return f"\a{sequence}"


def cell_width(text: str) -> int:
    """The terminal cells that `text` takes: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )
