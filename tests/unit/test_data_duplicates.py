"""Texts that are alike are found whatever their length, and none that is not."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from ftworkbench.data.checks.duplicates import SIMILAR, find_alike
from ftworkbench.data.checks.fingerprints import Words
from ftworkbench.data.checks.minhash import digests_of, joined_digests


def texts_of(draw: np.random.Generator, count: int, length: int) -> list[str]:
    """Texts of that many words, each with a second version of which about a twelfth of the words are others."""
    found = []
    for words in draw.integers(0, 10**6, (count, length)).tolist():
        other = list(words)
        for place in draw.integers(0, length, max(length // 12, 1)).tolist():
            other[place] = int(draw.integers(10**6))
        found += [" ".join(f"w{word}" for word in one) for one in (words, other)]
    return found


def likeness(one: str, two: str) -> float:
    first, second = ({*text.split(), *pairwise(text.split())} for text in (one, two))
    return len(first & second) / len(first | second)


@pytest.mark.parametrize("length", [3, 6, 10, 14, 18, 22, 30, 75, 300])
def test_all_that_is_alike_is_found(length: int) -> None:
    texts = texts_of(np.random.default_rng(length), 300, length)
    expected = {
        place: likeness(texts[place], texts[place + 1])
        for place in range(0, len(texts), 2)
        if SIMILAR <= likeness(texts[place], texts[place + 1]) < 1
    }
    alike = find_alike(texts)
    found = {place: dict(alike.partners(place)) for place in range(0, len(texts), 2)}
    missed = [place for place, value in expected.items() if found[place].get(place + 1) != pytest.approx(value)]
    assert len(missed) <= 0.01 * len(expected)
    assert not [
        place
        for place, others in found.items()
        if others and place not in expected and texts[place] != texts[place + 1]
    ]


def test_a_text_that_is_said_twice_over_is_like_the_text() -> None:
    text = "the parcel that was sent to me last week has still not come and nobody answers the telephone at all"
    alike = find_alike([text, f"{text} {text}", "something else that has nothing to do with it"])
    assert [place for place, _ in alike.partners(0)] == [1]


def test_texts_are_told_apart_the_same_way_however_they_are_cut_into_parts() -> None:
    draw = np.random.default_rng(1)
    sizes = draw.integers(0, 60, 50)
    words = Words(draw.integers(0, 1 << 32, sizes.sum(), dtype=np.uint32), sizes)
    whole = digests_of(words)
    parts = joined_digests([digests_of(words.of(np.arange(at, at + 10))) for at in range(0, 50, 10)])
    for name in ("filled", "long", "short"):
        assert np.array_equal(getattr(whole, name), getattr(parts, name))


def test_digests_agree_as_often_as_texts_have_shingles_in_common() -> None:
    draw = np.random.default_rng(2)
    first = draw.integers(0, 1 << 32, (200, 80), dtype=np.uint32)
    second = np.concatenate((first[:, :60], draw.integers(0, 1 << 32, (200, 20), dtype=np.uint32)), axis=1)
    sizes = np.full(200, 80)
    one, two = (digests_of(Words(words.ravel(), sizes)).long for words in (first, second))
    assert (one == two).mean() == pytest.approx((60 + 59) / (100 + 100), abs=0.02)


INSTRUCTIONS = (
    "Read the message of a customer, think of what is asked, and answer with the one label that fits it best."
)


def different(count: int) -> list[str]:
    """Texts of seven words that have little in common."""
    drawn = np.random.default_rng(7).integers(0, 1000, (count, 7))
    return [" ".join(f"word{number}" for number in row) for row in drawn.tolist()]


@pytest.mark.parametrize(
    "written",
    ["{instructions}\n{text}", "{text}\n{instructions}", "{instructions} {text} {instructions}"],
    ids=["before", "after", "around"],
)
def test_instructions_in_every_row_make_no_rows_alike_but_those_that_ask_the_same(written: str) -> None:
    texts = different(200)
    texts[-1] = texts[0] + " really"
    found = find_alike([written.format(instructions=INSTRUCTIONS, text=text) for text in texts])
    assert [index for index in range(200) if list(found.partners(index))] == [0, 199]


def test_rows_of_which_a_few_have_no_instructions_are_told_apart_as_well() -> None:
    texts = different(200)
    found = find_alike([text if place % 5 == 0 else f"{INSTRUCTIONS} {text}" for place, text in enumerate(texts)])
    assert not found.paired.size


def test_one_text_with_another_number_in_every_row_is_no_template() -> None:
    found = find_alike([f"I was charged twice for the same thing, do help me now. Order {n}" for n in range(100)])
    assert set(found.groups().tolist()) == {0}
