"""Who answers on the Compare screen is said as it is, and of an answer who gave it, and how."""

from __future__ import annotations

import pytest

from ftworkbench.evaluate.contestants import Contestant, Endpoint, Retrieval
from ftworkbench.jobs.story import Answer
from ftworkbench.steps.contenders import Contender
from ftworkbench.tui.screens.compare_answers import who
from ftworkbench.tui.widgets.answer_words import proof_of

SHOT = (({"role": "user", "content": "a"},), "b")


@pytest.mark.parametrize(
    ("contender", "words"),
    [
        (Contender("zero-shot", Contestant("zero-shot", None)), "the model as it is, no examples"),
        (Contender("x", Contestant("x", None, (SHOT, SHOT))), "the model as it is, 2 examples"),
        (Contender("x", Contestant("x", None, nearest=6)), "the model as it is, the 6 nearest examples"),
        (
            Contender("x", Contestant("x", None, retrieval=Retrieval("docs", 3, ""))),
            "the model as it is, no examples, 3 passages",
        ),
        (
            Contender("x", Contestant("x", None, endpoint=Endpoint("http://h/v1", "large"))),
            "large at http://h/v1, no examples",
        ),
        (Contender("tuned", Contestant("tuned", None), True), "the model with its adapter, no examples"),
        (Contender("step 4", Contestant("tuned", None), "t-1/checkpoint-4"), "with t-1/checkpoint-4"),
    ],
)
def test_a_contender_is_who_it_is(contender: Contender, words: str) -> None:
    assert who(contender) == words


HERE = {"adapter_sha256": "8d3f0c1b" * 8, "template_sha256": "4e" * 32, "seed": 42, "top_p": 0.95}


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({**HERE, "temperature": 0.0}, "adapter 8d3f0c1b · template 4e4e4e4e · greedy"),
        (
            {**HERE, "temperature": 0.8, "adapter_sha256": None},
            "no adapter · template 4e4e4e4e · temperature 0.8, top-p 0.95, seed 42",
        ),
        ({"model": "large", "endpoint": "http://h/v1", "temperature": 0.0}, "large at http://h/v1 · greedy"),
    ],
)
def test_beneath_an_answer_stands_who_gave_it_and_how_it_was_drawn(told: dict[str, object], words: str) -> None:
    assert proof_of(Answer(["blue"], done=True, totals=told)) == words
    assert not proof_of(Answer(["blu"], totals=told))
