"""Damaged texts are found with how they should read; clean ones in any script, markup and code are left alone."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftworkbench.data.checks.damage import find_damage, find_damages
from ftworkbench.paths import DEMO

# Each as it should read, by its damage.
DAMAGED = {
    "a CafÃ© in town": "a Café in town",
    "I donâ€™t know": "I don’t know",
    "Ð¿Ñ€Ð¸Ð²ÐµÑ‚ from Moscow": "привет from Moscow",
    "РїСЂРёРІРµС‚, как дела": "привет, как дела",
    "l\x92auto": "l’auto",
    "it cost 5 Â£": "it cost 5 £",
    "Juan&amp;#39;s car": "Juan's car",
    "Sunday #39;s race": "Sunday 's race",
    "Tom &amp; Jerry": "Tom & Jerry",
    "the caf\\u00e9 and \\ud83d\\ude00": "the café and 😀",
    "the caf\\u00e9 of Tom &amp; JosÃ©": "the café of Tom & José",
}
CLEAN = [
    "plain words, 5 < 6; R&D & so on",
    "naïve café — “quotes” … it’s 5 €",
    "Grüße aus München, ÀÉÎ Ñandú, São Paulo",
    "Привет мир, Россия; Съешь ещё",
    "你好,世界 こんにちは 안녕하세요 שלום مرحبا",
    "Ça va ? « Très bien », dit-il…",
    "<p>Tom &amp; Jerry</p>",
    "how do I write &amp; in HTML?",
    "https://shop.example/?a=1&lt;=2",
    'call it with {"city": "Orl\\u00e9ans"}',
    "see item #12; then #40;",
    "`C:\\users\\u1234`",
    "1️⃣ 👩‍👩‍👧 ½ ³",
    "",
]


@pytest.mark.parametrize("text", DAMAGED)
def test_damage_is_found_and_mended(text: str) -> None:
    found = find_damage(text)
    assert found
    assert found.mended == DAMAGED[text]
    assert "should read" in found.what
    assert [place for place, _ in find_damages(["clean", text])] == [1]


@pytest.mark.parametrize("text", CLEAN)
def test_clean_texts_are_left_alone(text: str) -> None:
    assert find_damage(text) is None


def test_what_is_lost_cannot_be_mended() -> None:
    found = find_damage("caf\ufffd")
    assert found
    assert found.mended is None
    assert found.what.startswith("lost letters")


def test_control_characters_that_stand_for_nothing_are_named_and_taken_out() -> None:
    found = find_damage("one\x81two")
    assert found
    assert found.mended == "onetwo"


def test_what_is_said_of_damage_is_fit_for_a_terminal() -> None:
    found = find_damage("l\x9bauto \x1b[31mred")
    assert found
    assert found.what.isprintable()


@pytest.mark.parametrize("name", ["train.jsonl", "test.jsonl", "general.jsonl"])
def test_the_demo_is_sound(name: str) -> None:
    lines = (DEMO / "triage" / name).read_text(encoding="utf-8").splitlines()
    texts = [turn["content"] for line in lines for turn in json.loads(line)["messages"]]
    assert list(find_damages(texts)) == []


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=40))
def test_any_text_can_be_looked_at(text: str) -> None:
    found = find_damage(text)
    assert found is None or found.what


@given(st.text(alphabet=st.sampled_from("abc éèüñçàÉ ß"), max_size=40))
def test_western_letters_raise_no_alarm(text: str) -> None:
    assert find_damage(text) is None
