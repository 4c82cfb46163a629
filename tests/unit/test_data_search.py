"""The filter line finds the rows that it names, and a bad one is one line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ftworkbench.data.formats.format import Format
from ftworkbench.data.review.decisions import RowState
from ftworkbench.data.review.search import RowFacts, completions, parse_filter
from ftworkbench.data.sources.source import Row, read_row
from ftworkbench.errors import InputError


def row(prompt: str, answer: str = "ok", *more: dict[str, Any]) -> Row:
    turns = [*more, {"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
    return read_row(1, {"messages": turns}, Format("openai-chat"))


REFUND = row("My Refund of 20 euros is late", json.dumps({"queue": "billing", "urgency": "high"}))


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("", RowState()),
        ("refund LATE", RowState()),
        ('"Refund of"', RowState()),
        (r"/\d+ euros/", RowState()),
        ("-parcel", RowState()),
        ("label:billing label:HIGH", RowState()),
        ("role:user -role:tool", RowState()),
        ("len>40 len<500", RowState()),
        ("status:unreviewed", RowState()),
        ("status:rej", RowState(status="rejected")),
        ("tag:odd -tag:even", RowState(tags=frozenset({"odd"}))),
        ('tag:"two words"', RowState(tags=frozenset({"two words"}))),
        ("status:edited new", RowState(messages=({"role": "user", "content": "New words"},))),
    ],
)
def test_a_row_that_fits_is_found_and_by_the_negated_line_is_not(line: str, state: RowState) -> None:
    assert parse_filter(line).matches(REFUND, state)
    terms = line.split()
    if len(terms) == 1:
        negated = terms[0][1:] if line.startswith("-") else f"-{line}"
        assert not parse_filter(negated).matches(REFUND, state)


@pytest.mark.parametrize(
    "line",
    [
        "parcel",
        '"refund of"',
        "/^euros/",
        "-refund",
        "label:delivery",
        "role:tool",
        "len>500",
        "tag:odd",
        "status:skip",
    ],
)
def test_a_row_that_does_not_fit_is_not_found(line: str) -> None:
    assert not parse_filter(line).matches(REFUND)


@pytest.mark.parametrize(
    ("line", "other"),
    [
        ("dup:near", "dup:exact"),
        ("dup:any", "dup:conflict"),
        ("problem:near", "problem:leak"),
        ("loss>2", "loss>2.5"),
        ("tokens>=200 tokens<300", "tokens>300"),
        ("split:test", "split:train"),
    ],
)
def test_what_is_known_of_a_row_without_standing_in_it_is_asked_for(line: str, other: str) -> None:
    facts = RowFacts(frozenset({"near-duplicate"}), tokens=200, loss=2.4, part="test")
    assert parse_filter(line).matches(REFUND, RowState(), facts)
    assert not parse_filter(other).matches(REFUND, RowState(), facts)
    assert not parse_filter(line).matches(REFUND)
    assert parse_filter(line).needs == {line.split(":", maxsplit=1)[0].split(">", maxsplit=1)[0]}


def test_a_row_is_read_only_where_a_term_asks_for_its_words() -> None:
    def read() -> Row:
        raise AssertionError

    state = RowState(status="rejected", tags=frozenset({"odd"}))
    assert parse_filter("tag:odd status:rejected -dup:near").holds(read, state, RowFacts())
    assert not parse_filter("refund tag:even").holds(read, state, RowFacts())


def test_the_words_that_a_match_has_to_hold_are_told() -> None:
    assert parse_filter('Refund -late "Two Words" tag:odd /x/ len>3').words == ("refund", "two words")


def test_an_edit_is_searched_in_place_of_the_row() -> None:
    state = RowState(messages=({"role": "user", "content": "entirely new"},))
    assert not parse_filter("refund").matches(REFUND, state)
    assert parse_filter("entirely").matches(REFUND, state)


def test_refused_rows_can_be_asked_for_and_searched() -> None:
    bad = read_row(1, b'{"broken refund', Format("openai-chat"))
    assert parse_filter("status:refused refund").matches(bad)
    assert not parse_filter("status:refused").matches(REFUND)


def test_words_with_colons_and_paths_are_words() -> None:
    found = row("see https://example.org/a/b at 10:30")
    assert parse_filter("https://example.org 10:30").matches(found)
    assert parse_filter("/a/b").matches(found)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/(/", "no regular expression"),
        ("status:done", "use one of unreviewed"),
        ("status:", "label:"),
        ("role:wizard", "use one of system"),
        ("quue:billing", "there is no quue:"),
        ("len>many", "needs a number"),
        ("loss>high", "loss needs a number"),
        ("dup:twice", "use one of exact"),
        ("problem:e", "use one of empty-answer"),
        ("/[\x1b/", "no regular expression"),
    ],
)
def test_a_bad_filter_is_one_line_that_says_why(line: str, words: str) -> None:
    if line == "status:":
        assert not parse_filter(line).matches(REFUND)
        return
    with pytest.raises(InputError) as caught:
        parse_filter(line)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_the_last_term_is_completed_with_what_there_is() -> None:
    assert completions("sta") == ["status:"]
    assert completions("refund -status:re") == ["refund -status:rejected", "refund -status:refused"]
    assert completions("tag:", tags=("odd", "two words")) == ["tag:odd", 'tag:"two words"']
    assert completions("label:b", labels=("billing", "delivery")) == ["label:billing"]
    assert completions("dup:n") == ["dup:near"]
    assert completions("problem:", kinds=("leak",)) == ["problem:leak"]
    assert completions("lo") == ["loss>", "loss<"]
    assert completions("nothing like it") == []
