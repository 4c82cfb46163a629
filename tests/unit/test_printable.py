"""Nothing that comes from data may steer a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftworkbench.printable import attention, cell_width, one_line, printable

HOSTILE = [
    "\x1b[31m",
    "\x1b]52;c;YQ==\x07",
    "\x9b31m",
    "\u202eabc\u202c",
    "\u2066x\u2069",
    "\u200b",
    "\ufeff",
    "\x7f",
    "\x00",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_controls_and_bidi_marks_become_visible(text: str) -> None:
    shown = printable(text)
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs"} for char in shown)
    assert len(shown) >= len(text)


@given(st.text())
def test_no_text_whatever_keeps_a_control_character(text: str) -> None:
    shown = printable(text)
    for char in shown:
        assert char == "\n" or unicodedata.category(char) != "Cc"
        assert unicodedata.bidirectional(char) not in {
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        }
    shown.encode("utf-8")


@given(st.text(), st.integers(1, 40))
def test_one_line_is_one_line_of_at_most_the_limit(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert "\n" not in line
    assert len(line) <= limit


def test_plain_text_stays_as_it_is() -> None:
    text = "Où est ma commande n° 48213 ? 漢字 — ça va 👍🏽"
    assert printable(text) == text


def test_tabs_and_line_ends_are_made_plain() -> None:
    assert printable("a\tb\r\nc\rd") == "a    b\nc\nd"
    assert one_line("a\nb") == "a⏎b"


def test_wide_characters_take_two_cells() -> None:
    assert cell_width("漢字a") == 5


@given(st.text())
@pytest.mark.parametrize(
    "terminal",
    [
        {"TERM": "xterm-kitty"},
        {"TERM": "foot"},
        {"TERM": "xterm", "VTE_VERSION": "7600"},
        {"TERM": "tmux", "TMUX": "x"},
    ],
)
def test_no_text_breaks_out_of_a_notification(terminal: dict[str, str], text: str) -> None:
    plain = attention("", terminal)
    body = attention(text, terminal)
    assert [char for char in body if unicodedata.category(char) in {"Cc", "Cf", "Cs"}] == [
        char for char in plain if unicodedata.category(char) == "Cc"
    ]
    assert body.count(";") == plain.count(";")


def test_a_terminal_is_called_as_it_understands() -> None:
    assert attention("done", {"TERM": "xterm-256color"}) == "\a\x1b]9;ftworkbench: done\x1b\\"
    assert attention("done", {"TERM": "foot"}) == "\a\x1b]777;notify;ftworkbench;done\x1b\\"
    assert attention("done", {"TERM": "linux"}) == attention("done", {}) == "\a"
    passed = attention("done", {"TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0"})
    assert passed == "\a\x1bPtmux;\x1b\x1b]9;ftworkbench: done\x1b\x1b\\\x1b\\"
