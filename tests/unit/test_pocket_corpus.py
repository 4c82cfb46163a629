"""The text that the pocket model is made from."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from ftworkbench.demo.corpus.arithmetic import arithmetic
from ftworkbench.demo.corpus.bank import FOLDER, HELD_OUT_NAMES, Bank, bank, is_held_out
from ftworkbench.demo.corpus.classify import lookup
from ftworkbench.demo.corpus.dialogue import Dialogue
from ftworkbench.demo.corpus.extract import MISSING, extraction, json_records
from ftworkbench.demo.corpus.labels import any_name, key_names
from ftworkbench.demo.corpus.mix import GENERAL_ROWS, dialogue, general_suite
from ftworkbench.demo.corpus.strings import LIST_OPERATIONS

GENERAL = Path(FOLDER).parent / "triage" / "general.jsonl"
LABELLED = {"classify", "fields", "learn from examples", "lookup", "conventions"}


def drawn(seed: int, source: Bank | None = None) -> Iterator[Dialogue]:
    rng = Random(seed)
    while True:
        yield dialogue(rng, source or bank())


def answers(row: Dialogue) -> list[str]:
    return [text for role, text in row.turns if role == "assistant"]


def test_the_same_seed_gives_the_same_text_and_another_seed_gives_another() -> None:
    first = list(islice(drawn(3), 200))
    assert first == list(islice(drawn(3), 200))
    assert first != list(islice(drawn(4), 200))


def test_the_triage_labels_and_keys_are_never_labels_and_never_keys() -> None:
    for row in islice(drawn(5), 4000):
        for answer in answers(row):
            value = json.loads(answer) if row.metric == "json_match" else answer
            named = [*value, *value.values()] if isinstance(value, dict) else [value]
            if row.skill in LABELLED:
                assert HELD_OUT_NAMES.isdisjoint(str(name).lower() for name in named), row
            elif isinstance(value, dict):
                assert HELD_OUT_NAMES.isdisjoint(value), row


def test_names_and_keys_are_drawn_without_the_triage_ones_on_either_side() -> None:
    rng = Random(8)
    for side in (bank("seen"), bank("held_out")):
        assert HELD_OUT_NAMES.isdisjoint(any_name(rng, side) for _ in range(5000))
        assert all(HELD_OUT_NAMES.isdisjoint(key_names(rng, side, (["kind"], ["level"]))) for _ in range(500))


def test_a_classification_is_answered_with_a_label_that_the_prompt_or_an_earlier_answer_names() -> None:
    for row in islice(drawn(6), 3000):
        if row.skill not in {"classify", "fields"}:
            continue
        *before, (_, answer) = row.turns
        told = "\n".join(text for _, text in before)
        value = json.loads(answer) if row.metric == "json_match" else {"": answer}
        assert all(str(label) in told for label in value.values()), row


def test_json_answers_are_written_as_json_dumps_writes_them() -> None:
    for row in islice(drawn(7), 2000):
        if row.metric == "json_match":
            for answer in answers(row):
                assert answer == json.dumps(json.loads(answer), ensure_ascii=False)


def test_what_is_extracted_stands_in_the_text() -> None:
    rng = Random(9)
    for make in (extraction, json_records):
        for _ in range(400):
            row = make(rng, bank())
            text, answer = row.turns[-2][1], row.turns[-1][1]
            values = json.loads(answer).values() if row.metric == "json_match" else [answer]
            assert all(value in text or value == MISSING for value in values), row


def test_plain_sums_are_right() -> None:
    rng, checked = Random(10), 0
    for _ in range(1500):
        row = arithmetic(rng, bank())
        sign = next((mark for mark in "+-*/" if f" {mark} " in row.turns[-2][1]), None)
        if sign and len(row.turns) == 2:
            left, right = row.turns[0][1].split(f" {sign} ")
            first = int("".join(filter(str.isdigit, left)))
            second = int("".join(filter(str.isdigit, right)))
            answer = int(row.turns[-1][1])
            results = {"+": first + second, "-": first - second, "*": first * second, "/": first}
            assert results[sign] == (answer * second if sign == "/" else answer), row
            checked += 1
    assert checked > 50


@pytest.mark.parametrize(
    ("asked", "words", "wanted"),
    [
        ("Sort the words alphabetically.", ["pear", "apple", "fig"], ["apple", "fig", "pear"]),
        ("Reverse the list.", ["a", "b", "c"], ["c", "b", "a"]),
        ("Count the words.", ["a", "b", "c"], ["3"]),
        ("Write the words in capitals.", ["ab", "c"], ["AB", "C"]),
        ("Last word only.", ["a", "b", "c"], ["c"]),
        ("Swap the first and the last word.", ["a", "b", "c"], ["c", "b", "a"]),
    ],
)
def test_a_list_is_worked_on_as_the_instruction_says(asked: str, words: list[str], wanted: list[str]) -> None:
    (operation,) = (each for each in LIST_OPERATIONS if asked in each.asked)
    assert operation.result(words) == wanted


def test_looking_up_a_cue_gives_the_label_that_it_stands_under() -> None:
    rng = Random(11)
    rows = [lookup(rng, bank()) for _ in range(300)]
    assert all(row.turns[-1][1].split(", ")[0] in row.turns[0][1] for row in rows)


def test_the_two_sides_share_no_word_and_no_sentence() -> None:
    seen, held_out = bank("seen"), bank("held_out")
    assert set(seen.words).isdisjoint(held_out.words)
    assert set(seen.lexicon).isdisjoint(held_out.lexicon)
    sentences = [
        {text for topic in side.topics for text in topic.problems + topic.questions} for side in (seen, held_out)
    ]
    assert sentences[0].isdisjoint(sentences[1])
    assert all(is_held_out(word) for word in held_out.words)


def test_the_shipped_suite_is_the_one_that_the_corpus_makes() -> None:
    rows = [json.loads(line) for line in GENERAL.read_text(encoding="utf-8").splitlines()]
    made = [{"messages": row.as_messages(), "skill": row.skill, "metric": row.metric} for row in general_suite()]
    assert rows == made
    assert len(rows) == sum(GENERAL_ROWS.values())


def test_no_row_of_the_suite_is_drawn_for_training() -> None:
    suite = {row.turns for row in general_suite()}
    assert suite.isdisjoint(row.turns for row in islice(drawn(1000), 5000))
