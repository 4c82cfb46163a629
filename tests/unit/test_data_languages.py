"""Languages are counted, and rows in another one than nearly all others are named where that is sure."""

from __future__ import annotations

import json

import pytest

from ftworkbench.data.checks.languages import find_languages, language_name
from ftworkbench.paths import DEMO

ENGLISH = [
    f"my parcel number {number} has still not arrived, can you please tell me where it is" for number in range(60)
]
OTHERS = {
    "de": "Guten Tag, meine Lieferung ist immer noch nicht da, wo bleibt sie denn",
    "fr": "Bonjour, je n'ai toujours pas reçu mon colis, que dois-je faire",
    "es": "Hola, no puedo entrar en mi cuenta, he olvidado la contraseña",
    "ru": "Где мой заказ? Я жду уже две недели, ответьте пожалуйста",
    "zh": "我的包裹还没有到,请帮我查一下订单的状态,谢谢你们的帮助",
}


def test_rows_in_another_language_are_named_with_it() -> None:
    found = find_languages([*ENGLISH, *OTHERS.values()])
    assert found.main == "en"
    assert {one.index for one in found.foreign} == set(range(60, 65))
    assert {one.language for one in found.foreign} >= {"de", "fr", "es", "zh"}
    assert found.counts["en"] == 60


def test_a_quotation_a_name_or_too_few_letters_make_no_row_foreign() -> None:
    doubtful = [
        "please translate this sentence for me as soon as you can: ich habe mein Passwort vergessen",
        f"what does this mean in english? {OTHERS['ru']} {OTHERS['ru']} please give me a translation of it",
        "Müller, Gonzáles und Ødegård",
        "Danke!",
        "MY PARCEL IS LOST AND NOBODY ANSWERS THE PHONE",
        "12345 67890",
        "",
    ]
    assert find_languages([*ENGLISH, *doubtful]).foreign == ()


def test_a_file_in_two_languages_has_no_foreign_rows() -> None:
    mixed = find_languages([*ENGLISH[:30], *[f"{OTHERS['de']} {number}" for number in range(30)]])
    assert (mixed.main, mixed.foreign) == ("", ())
    assert mixed.counts == {"en": 30, "de": 30}


def test_english_rows_in_a_german_file_are_the_foreign_ones() -> None:
    german = [f"{OTHERS['de']} {number}" for number in range(50)]
    assert [one.index for one in find_languages([*german, ENGLISH[0]]).foreign] == [50]


def test_few_texts_and_none_say_nothing() -> None:
    assert find_languages([]).counts == {}
    assert find_languages([*ENGLISH[:5], OTHERS["de"]]).main == ""


def test_of_many_texts_some_are_looked_at() -> None:
    found = find_languages([ENGLISH[0]] * 12_001)
    assert 3_000 < found.counts["en"] <= 5_000


@pytest.mark.parametrize("name", ["train.jsonl", "test.jsonl", "general.jsonl"])
def test_the_demo_is_in_english_throughout(name: str) -> None:
    lines = (DEMO / "triage" / name).read_text(encoding="utf-8").splitlines()
    found = find_languages([json.loads(line)["messages"][0]["content"] for line in lines])
    assert (found.main, found.foreign) == ("en", ())


def test_languages_are_called_by_their_names() -> None:
    assert (language_name("de"), language_name("ig")) == ("German", "ig")
