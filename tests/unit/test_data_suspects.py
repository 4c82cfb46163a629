"""Wrong labels are found by what other rows of the label say, and no right one with them."""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np
import pytest

from ftworkbench.data.checks import suspects
from ftworkbench.data.checks.ridge import Fit
from ftworkbench.data.checks.suspects import Suspect, find_suspects
from ftworkbench.data.checks.vectors import text_vectors

TOPICS = {
    "billing": "invoice charge payment price refund card",
    "delivery": "parcel courier van depot late tracking",
    "account": "password login email profile name points",
}
FILLERS = [f"word{number}" for number in range(60)]


def rows(per_label: int, seed: int = 3) -> tuple[list[str], list[str]]:
    draw = random.Random(seed)
    found = [
        (" ".join([*draw.sample(said.split(), 3), *draw.choices(FILLERS, k=5)]), label)
        for label, said in TOPICS.items()
        for _ in range(per_label)
    ]
    draw.shuffle(found)
    return [text for text, _ in found], [label for _, label in found]


def found_in(texts: list[str], labels: list[str], trusted: list[bool]) -> list[Suspect]:
    """The suspects among texts."""
    names = sorted(set(labels))
    numbers = np.array([names.index(label) for label in labels], dtype=np.int32)
    return list(find_suspects(text_vectors(texts), np.arange(len(texts)), numbers, names, np.array(trusted)))


def test_the_labels_that_were_turned_come_first_and_few_others_do() -> None:
    texts, labels = rows(60)
    turned = set(range(0, 180, 20))
    other = {"billing": "delivery", "delivery": "account", "account": "billing"}
    wrong = [other[label] if at in turned else label for at, label in enumerate(labels)]
    found = found_in(texts, wrong, [True] * len(texts))
    assert {suspect.index for suspect in found[: len(turned)]} == turned
    assert len(found) < len(turned) + 4
    assert all(suspect.likelier == labels[suspect.index] for suspect in found[: len(turned)])
    assert [suspect.score for suspect in found] == sorted((suspect.score for suspect in found), reverse=True)


def test_right_labels_raise_next_to_no_doubt() -> None:
    texts, labels = rows(60)
    assert len(found_in(texts, labels, [True] * len(texts))) <= 2


def test_what_is_not_trusted_is_judged_but_not_learnt_from() -> None:
    texts, labels = rows(40)
    wrong = ["billing"] * 20 + labels[20:]
    found = found_in(texts, wrong, [at >= 20 for at in range(len(texts))])
    assert {at for at in range(20) if labels[at] != "billing"} <= {suspect.index for suspect in found}


@pytest.mark.parametrize(("per_label", "names"), [(5, 3), (40, 1)])
def test_too_few_rows_or_a_single_label_say_nothing(per_label: int, names: int) -> None:
    texts, labels = rows(per_label)
    labels = labels if names > 1 else ["all"] * len(labels)
    assert found_in(texts, labels, [True] * len(texts)) == []


def test_the_labels_in_question_are_those_that_cleanlab_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    from cleanlab.filter import find_label_issues

    def by_cleanlab(judge: Fit, some: Any, own: Any, sharpness: float) -> tuple[Any, Any, Any]:
        likely = np.concatenate(
            [suspects._softmax(scores * sharpness) for _, scores in judge.without_itself(some, own)]
        )
        issues = find_label_issues(own, likely, filter_by="confident_learning", n_jobs=1)
        return likely.argmax(axis=1), 1 - likely[np.arange(len(own)), own], issues

    texts, labels = rows(80)
    names = sorted(set(labels))
    numbers = np.array([names.index(label) for label in labels], dtype=np.int32)
    numbers[::15] = (numbers[::15] + 1) % len(names)
    wrong = [names[number] for number in numbers.tolist()]
    ours = found_in(texts, wrong, [True] * len(texts))
    monkeypatch.setattr(suspects, "_judged", by_cleanlab)
    theirs = found_in(texts, wrong, [True] * len(texts))
    assert len(ours) > 8
    assert [(one.index, one.likelier) for one in ours] == [(one.index, one.likelier) for one in theirs]


def test_only_some_rows_of_the_vectors_may_be_asked_for() -> None:
    texts, labels = rows(60)
    names = sorted(set(labels))
    asked = np.arange(30, len(texts))
    numbers = np.array([names.index(labels[at]) for at in asked], dtype=np.int32)
    numbers[7] = (numbers[7] + 1) % len(names)
    found = list(find_suspects(text_vectors(texts), asked, numbers, names, np.ones(len(asked), dtype=bool)))
    assert found[0].index == 37


def test_the_datasets_library_stays_out_of_the_process() -> None:
    texts, labels = rows(40)
    was_there = "datasets" in sys.modules
    found_in(texts, labels, [True] * len(texts))
    assert ("datasets" in sys.modules) == was_there
