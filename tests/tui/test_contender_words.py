"""Who answers on the Compare screen is said as it is."""

from __future__ import annotations

import pytest

from ftworkbench.evaluate.contestants import Contestant, Endpoint, Retrieval
from ftworkbench.steps.contenders import Contender
from ftworkbench.tui.screens.compare_answers import who

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
