from dataclasses import dataclass
from typing import Any

import pytest

from ftworkbench.evaluate.contestants import Contestant, build_messages, contestants, tuned
from ftworkbench.recipe.tables import Prompt

USER = {"role": "user", "content": "question"}


@dataclass(frozen=True)
class Row:
    prompt: tuple[dict[str, Any], ...]
    answer: str


def pool(size: int) -> list[Row]:
    system = {"role": "system", "content": "the row's own"}
    return [Row((system, {"role": "user", "content": f"q{i}"}), f"a{i}") for i in range(size)]


def answers(contestant: Contestant) -> list[str]:
    return [answer for _, answer in contestant.shots]


def test_each_number_of_examples_is_a_contestant() -> None:
    found = contestants(Prompt(system="Be brief.", few_shot=(0, 2)), pool(10))
    assert [(each.name, each.system, len(each.shots)) for each in found] == [
        ("zero-shot", "Be brief.", 0),
        ("few-shot-2", "Be brief.", 2),
    ]


@pytest.mark.parametrize("pick", ["first", "random", "balanced"])
def test_the_same_seed_draws_the_same_examples_and_more_begin_with_the_fewer(pick: str) -> None:
    labels = [i % 3 for i in range(30)]
    prompt = Prompt(few_shot=(3, 7), pick=pick, seed=5)
    three, seven = contestants(prompt, pool(30), labels)
    assert answers(seven)[:3] == answers(three)
    assert (three, seven) == contestants(prompt, pool(30), labels)
    if pick == "first":
        assert answers(three) == ["a0", "a1", "a2"]
    else:
        other = contestants(Prompt(few_shot=(7,), pick=pick, seed=6), pool(30), labels)
        assert answers(other[0]) != answers(seven)


def test_balanced_examples_go_round_the_labels_however_rare() -> None:
    labels = ["common"] * 96 + ["rare"] * 2 + ["rarest"] * 2
    (found,) = contestants(Prompt(few_shot=(7,), pick="balanced"), pool(100), labels)
    drawn = [labels[int(answer[1:])] for answer in answers(found)]
    assert sorted(drawn[:3]) == ["common", "rare", "rarest"]
    assert sorted(drawn[3:6]) == ["common", "rare", "rarest"]
    assert drawn[6] == "common"
    assert len(set(answers(found))) == 7


def test_more_examples_than_there_are_rows_are_cut_and_it_says_so() -> None:
    found = contestants(Prompt(few_shot=(6, 8, 0)), pool(4))
    assert [(each.name, len(each.shots)) for each in found] == [("few-shot-4", 4), ("zero-shot", 0)]
    assert found[0].note == "6 examples were asked for; the train split has 4"
    (empty,) = contestants(Prompt(few_shot=(6,)), [])
    assert (empty.name, empty.note) == ("zero-shot", "6 examples were asked for; the train split has 0")


def test_the_tuned_model_is_asked_with_its_own_system_prompt_or_the_baselines() -> None:
    assert tuned(Prompt(system="long")) == Contestant("tuned", "long")
    assert tuned(Prompt(system="long", tuned_system="short")) == Contestant("tuned", "short")
    assert tuned(Prompt(system="long", tuned_system="")).system == ""


def test_examples_are_earlier_turns_without_their_own_system_prompts() -> None:
    (found,) = contestants(Prompt(system="S", few_shot=(1,), pick="first"), pool(3))
    assert build_messages(found, [USER]) == [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "q0"},
        {"role": "assistant", "content": "a0"},
        USER,
    ]


def test_the_rows_system_prompt_gives_way_only_to_one_of_the_recipe() -> None:
    own = {"role": "system", "content": "own"}
    shots = (((USER,), "answer"),)
    said = build_messages(Contestant("x", "S", shots), [own, USER])
    assert [message["content"] for message in said] == ["S", "question", "answer", "question"]
    said = build_messages(Contestant("x", None, shots), [own, USER])
    assert [message["content"] for message in said] == ["own", "question", "answer", "question"]
    assert build_messages(Contestant("x", None), [USER]) == [USER]


def test_a_conversation_keeps_its_turns() -> None:
    turns = [USER, {"role": "assistant", "content": "a"}, USER]
    assert build_messages(Contestant("x", "S"), turns)[1:] == turns
