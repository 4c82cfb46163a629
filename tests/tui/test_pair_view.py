"""A test row with both answers: of one that could not be had it says why."""

from __future__ import annotations

from ftworkbench.evaluate.outputs import Output
from ftworkbench.steps.evaluation import Pair
from ftworkbench.tui.widgets.pair_view import pair_lines

ASKED = ({"role": "user", "content": "Which queue?"},)


def told(baseline: Output) -> str:
    tuned = Output("r", ASKED, "billing", "billing", tokens=2, seconds=0.1)
    pair = Pair("r", 1, ASKED, "billing", baseline, tuned, 0.0, 1.0)
    return "\n".join(line.plain for line in pair_lines(pair, "big", "exact_match", 100))


def test_a_row_without_an_answer_says_why_and_that_it_counts_as_wrong() -> None:
    text = told(Output("r", ASKED, "billing", "", error="timeout: no answer within 60 s"))
    assert "no answer, which counts as wrong: timeout: no answer within 60 s" in text
    assert "0 tokens" not in text


def test_an_endpoints_answer_has_its_first_token_and_its_cost() -> None:
    answer = Output("r", ASKED, "billing", "legal", tokens=3, seconds=0.5, first_token_seconds=0.2, cost=0.0012)
    assert "3 tokens, 0.50 s, first after 0.20, costs 0.0012" in told(answer)
