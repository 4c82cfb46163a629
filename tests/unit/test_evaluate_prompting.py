"""Prompts that are made anew for each question: the nearest examples of train, the passages of a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ftworkbench.errors import InputError
from ftworkbench.evaluate.contestants import Contestant, contestants
from ftworkbench.evaluate.documents import PASSAGE_WORDS, documents_sha256, read_passages, split
from ftworkbench.evaluate.nearest import Nearest, words_of
from ftworkbench.evaluate.prompting import Prompting
from ftworkbench.recipe.prompt_table import ContestantLine
from ftworkbench.recipe.tables import Prompt


@dataclass(frozen=True)
class Row:
    prompt: tuple[dict[str, Any], ...]
    answer: str


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


QUESTIONS = [
    "Where is my refund for the broken lamp?",
    "How do I change my delivery address?",
    "The parcel was never delivered to me",
    "I want my refund now, the lamp never came",
    "Can I pay by card?",
]
POOL = [Row(({"role": "system", "content": "row"}, user(text)), f"a{place}") for place, text in enumerate(QUESTIONS)]


def made(line: ContestantLine, root: Path | None = None) -> Contestant:
    (found,) = contestants(Prompt(system="S", few_shot=(), contestants=(line,)), POOL, None, root)
    return found


def shown(contestant: Contestant, text: str, root: Path = Path()) -> list[str]:
    return [each["content"] for each in Prompting(POOL, root).ask(contestant, [user(text)]).messages]


def test_the_nearest_examples_are_shown_the_nearest_last() -> None:
    nearest = made(ContestantLine(shots=2, pick="nearest"))
    assert nearest.name == "nearest-2"
    assert shown(nearest, "lamp refund broken") == [
        "S", QUESTIONS[3], "a3", QUESTIONS[0], "a0", "lamp refund broken"
    ]  # fmt: skip


@pytest.mark.parametrize("asked", [QUESTIONS[0], "where is MY refund, for the broken lamp", QUESTIONS[0] + " Please"])
@pytest.mark.parametrize("pick", ["nearest", "first", "random"])
def test_a_row_that_stands_in_train_too_is_not_handed_its_own_answer(asked: str, pick: str) -> None:
    many = made(ContestantLine(shots=5, pick=pick))
    found = shown(many, asked)
    assert "a0" not in found
    assert {"a1", "a2", "a3", "a4"} <= set(found), "the others are shown"


@pytest.mark.parametrize("pick", ["nearest", "first"])
def test_examples_are_shown_though_the_same_instructions_stand_in_every_row(pick: str) -> None:
    rules = "Read the message of a customer, think of what is asked, and answer with the one label that fits it best."
    words = [f"word{number}" for number in range(600)]
    asks = [" ".join(words[place : place + 6]) for place in range(0, 480, 6)]
    pool = [Row((user(f"{rules} {text}"),), f"a{place}") for place, text in enumerate(asks)]
    (few,) = contestants(Prompt(few_shot=(), contestants=(ContestantLine(shots=6, pick=pick),)), pool)
    prompting = Prompting(pool, Path())
    assert len(prompting.ask(few, [user(f"{rules} what is this about?")]).messages) == 13
    again = [each["content"] for each in prompting.ask(few, [user(f"{rules} {asks[2]}")]).messages]
    assert "a2" not in again, "its own answer is not shown"


def test_texts_without_words_are_alike_only_where_they_are_the_same() -> None:
    pool = [Row((user(text),), text) for text in ("👍👍", "??")]
    (few,) = contestants(Prompt(few_shot=(), contestants=(ContestantLine(shots=2, pick="first"),)), pool)
    asked = Prompting(pool, Path()).ask(few, [user("👍👍")]).messages
    assert [each["content"] for each in asked] == ["??", "??", "👍👍"]


def test_a_question_like_none_gets_examples_all_the_same() -> None:
    assert len(shown(made(ContestantLine(shots=3, pick="nearest")), "zzz")) == 8


def test_words_are_those_of_any_script() -> None:
    assert words_of("Straße, C++ & 日本語 x_1") == ["strasse", "c", "日本", "本語", "x_1"]
    index = Nearest(["北京在哪里", "上海的天气", ""])
    assert index.order("天气")[0] == 1
    assert Nearest([]).order("x") == []
    assert Nearest(["", ""]).order("x") == [0, 1]


def docs(root: Path) -> Path:
    folder = root / "docs"
    (folder / "more").mkdir(parents=True)
    (folder / "refunds.md").write_text("# Refunds\n\nA refund takes {question} five days.\n\n# Lamps\n\nLamps break.\n")
    (folder / "more" / "faq.jsonl").write_text('{"title": "Cards", "text": "Cards are taken."}\n"Addresses change."\n')
    (folder / "notes.pdf").write_bytes(b"\xff")
    (folder / ".hidden.txt").write_text("secret refund")
    return folder


def test_passages_of_the_folder_stand_before_the_question_as_the_template_has_it(tmp_path: Path) -> None:
    docs(tmp_path)
    line = ContestantLine(retrieve="docs/", passages=1, template="Q: {question}\nP: {passages}")
    contestant = made(line)
    assert contestant.name == "retrieval-1"
    found = Prompting(POOL, tmp_path).ask(contestant, [{"role": "system", "content": "x"}, user("Refund {passages}?")])
    text = "# Refunds\n\nA refund takes {question} five days.\n\n# Lamps\n\nLamps break."
    assert found.messages[1]["content"] == f"Q: Refund {{passages}}?\nP: [1] refunds.md\n{text}"
    assert found.contexts == (text,)
    cards = Prompting(POOL, tmp_path).ask(contestant, [user("which cards are taken")])
    assert cards.messages[-1]["content"].startswith("Q: which cards are taken\nP: [1] more/faq.jsonl:1\nCards\n\n")


def test_examples_and_passages_go_together(tmp_path: Path) -> None:
    docs(tmp_path)
    line = ContestantLine(shots=1, pick="nearest", retrieve="docs", passages=2)
    found = shown(made(line), "lamp refund", tmp_path)
    assert len(found) == 4
    assert found[1] in QUESTIONS, "examples are shown as they are, without passages"
    assert "[2] " in found[-1]
    assert found[-1].endswith("\n\nlamp refund")


def test_long_documents_are_cut_between_paragraphs_and_then_sentences() -> None:
    short, long = "word " * 60, "one two three four five six seven eight nine ten. " * 40
    passages = split(f"{short}\n\n{short}\n\n{short}\n\n{long}")
    assert [len(each.split()) for each in passages] == [120, 60, 150, 150, 100]
    assert all(each.endswith("ten.") for each in passages[2:])
    endless = split("x " * 400)
    assert [len(each.split()) for each in endless] == [PASSAGE_WORDS, PASSAGE_WORDS, 100]
    assert split(" \n\n ") == []


def test_scripts_without_spaces_are_cut_into_passages_as_long_as_others() -> None:
    sentence = "\u8fd9\u662f\u4e00\u4e2a\u5f88\u957f\u7684\u53e5\u5b50\u3002"
    passages = split(sentence * 100)
    assert len(passages) > 5
    assert "".join(passages) == sentence * 100
    assert all(passage.endswith("\u3002") for passage in passages)
    mixed = f"{sentence[:2]} GPT 4 {sentence[2:]}"
    assert "".join(split(mixed * 40)) == mixed * 40, "its spaces stay"


def test_a_line_of_jsonl_may_hold_any_sign(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('"one\u2028two\u0085three"\n"four"\n')
    assert [passage.source for passage in read_passages(tmp_path)] == ["a.jsonl:1", "a.jsonl:2"]


def test_documents_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    folder = docs(tmp_path)
    before = documents_sha256(folder)
    assert len(read_passages(folder)) == 3
    (folder / "more" / "faq.jsonl").write_text('{"title": "no text"}\n')
    assert documents_sha256(folder) != before
    with pytest.raises(InputError, match=r"more/faq\.jsonl:1: has no text"):
        read_passages(folder)
    (folder / "more" / "faq.jsonl").write_text("{\n")
    with pytest.raises(InputError, match=r"more/faq\.jsonl:1: is not JSON"):
        read_passages(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no passage"):
        read_passages(tmp_path / "empty")


def test_the_prompt_of_a_file_is_read_when_it_is_asked_with(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("Be exact.\n")
    found = made(ContestantLine(system_file="long.txt"), tmp_path)
    assert (found.name, found.system) == ("long", "Be exact.")
    with pytest.raises(InputError, match=r"gone\.txt"):
        made(ContestantLine(system_file="gone.txt"), tmp_path)


def test_an_endpoint_is_a_contestant_and_the_dearest_of_those_as_good() -> None:
    line = ContestantLine(
        endpoint="http://h/v1", model="org/Big", price_per_million_input=1.0, price_per_million_output=2.0
    )
    big, small = made(line), made(ContestantLine(shots=5))
    assert big.name == "Big"
    assert big.price > small.price
    assert big.endpoint is not None
    assert big.endpoint.cost(1000, 500) == pytest.approx(0.002)
