"""The token view: what is said of each token."""

from __future__ import annotations

from ftworkbench.tui.token_page import TokenPage, read_pieces, token_lines

ANSWER = {
    "pieces": [
        {"id": 1, "text": "", "state": "masked", "special": "<|user|>"},
        {"id": 9, "text": "Where is\n", "state": "masked", "special": ""},
        {"id": 8, "text": "it \x1b[2J?", "state": "masked", "special": ""},
        {"id": 7, "text": "Here.", "state": "trained", "special": ""},
        {"id": 2, "text": "", "state": "trained", "special": "<|end|>"},
        {"id": 7, "text": "too long", "state": "cut", "special": ""},
    ]
}


def test_each_state_is_counted_in_words_and_special_tokens_are_named() -> None:
    text = "\n".join(line.plain for line in token_lines(read_pieces(ANSWER), 60))
    assert "6 tokens: 2 trained, 3 masked, 1 cut" in text
    assert "‹<|user|>›Where is" in text
    assert "Here.‹<|end|>›too long" in text
    assert "underlined is cut" in text


def test_what_the_tokens_hold_does_not_steer_the_terminal() -> None:
    text = "\n".join(line.plain for line in token_lines(read_pieces(ANSWER), 60))
    assert "\x1b" not in text
    assert "␛[2J" in text


def test_a_row_is_asked_for_once_and_says_that_it_waits() -> None:
    asked: list[int] = []
    page = TokenPage(asked.append, is_open=True)
    page.show(3)
    page.show(3)
    assert asked == [3]
    assert "starting the tokenizer" in page.lines(60)[0].plain
    page.error = "the chat template refuses this row"
    assert "the chat template refuses this row" in page.lines(60)[0].plain
