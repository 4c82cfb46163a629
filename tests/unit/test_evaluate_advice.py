"""What to do next, from the measured scores, the number of good rows, and the reasons that answers are wrong for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ftworkbench.evaluate.advice import Advice, Known, Rules, Tried, advise
from ftworkbench.evaluate.contestants import Contestant, Endpoint, Retrieval
from ftworkbench.evaluate.form import form_of
from ftworkbench.evaluate.metrics import named_metric
from ftworkbench.evaluate.outputs import Output

LABELS = form_of(["billing", "delivery"] * 50)
OPEN = form_of([f"Answer number {n} is another one." for n in range(100)])
ROWS = 100


def tried(name: str, right: int, *, wrong: str = "delivery", tokens: int = 50, seconds: float = 0.0) -> Tried:
    """A contestant that is right on so many of 100 rows, and answers `wrong` to the others."""
    shots = ((({"role": "user", "content": "q"},), "billing"),) * 6 if name.startswith("few") else ()
    contestant = Contestant(
        name,
        None,
        shots,
        nearest=6 if name.startswith("nearest") else 0,
        retrieval=Retrieval("docs", 3, "") if name.startswith("retrieval") else None,
        endpoint=Endpoint("http://h/v1", "m") if name == "big" else None,
    )
    answers = ["billing"] * right + [wrong] * (ROWS - right)
    taken = {"prompt_tokens": tokens, "seconds": seconds, "tokens": 1}
    outputs = [Output(str(n), (), "billing", answer, **taken) for n, answer in enumerate(answers)]
    return Tried(contestant, outputs, [float(n < right) for n in range(ROWS)], named_metric("exact_match"))


def said(*found: Tried, rows: int = 600, form: object = LABELS, open_answers: bool = False) -> Advice:
    advice = advise(found, Known(rows, form, open_answers))  # type: ignore[arg-type]
    assert advice is not None
    return advice


def test_where_prompting_is_right_nearly_always_it_is_enough() -> None:
    found = said(tried("zero-shot", 40), tried("few-shot-6", 97))
    assert found.word == "enough as it is"
    assert found.reasons[0].startswith("few-shot-6 is the best prompt: 97.0% of 100 validation rows, 95% interval 91.")


@pytest.mark.parametrize("rows", [20, 200, 2000])
def test_examples_are_tried_before_anything_else(rows: int) -> None:
    assert said(tried("zero-shot", 60), rows=rows).word == "add examples"


def test_few_rows_are_for_the_prompt_and_then_for_more_rows() -> None:
    assert said(tried("zero-shot", 60), tried("few-shot-6", 70), rows=60).word == "add examples", "nearest is untried"
    better = (tried("zero-shot", 60), tried("few-shot-6", 70), tried("nearest-6", 75))
    found = said(*better, rows=60)
    assert found.word == "gather more data"
    assert "60 rows to train on: below about 100, examples in the prompt do as well" in found.reasons


def test_what_lacks_knowledge_is_looked_up_first() -> None:
    asked = (tried("zero-shot", 40, wrong="Some answer."), tried("few-shot-6", 41, wrong="Some answer."))
    found = said(*asked, form=OPEN, open_answers=True)
    assert found.word == "use retrieval"
    assert any(reason.endswith("wrong in what they say: knowledge, which retrieval brings") for reason in found.reasons)
    assert "passages of documents were not tried" in found.reasons
    useless = said(*asked, tried("retrieval-3", 40, wrong="Some answer."), form=OPEN, open_answers=True)
    assert useless.word == "tune", "it was looked up, and did not help"
    helps = said(*asked, tried("retrieval-3", 70, wrong="Some answer."), form=OPEN, open_answers=True)
    assert helps.word == "use retrieval"
    assert "passages of documents: +29.0 points against the best without them" in helps.reasons


def test_enough_good_rows_are_for_tuning_and_a_wrong_form_is_learned_from_fewer() -> None:
    asked = (tried("zero-shot", 60), tried("few-shot-6", 61))
    assert said(*asked, rows=600).word == "tune"
    assert said(*asked, rows=300).word == "gather more data"
    chatty = (tried("zero-shot", 60, wrong="I think billing"), tried("few-shot-6", 61, wrong="I think billing"))
    found = said(*chatty, rows=300)
    assert found.word == "tune"
    told = "39 of 39 wrong answers are not known labels: form, which examples or tuning teach"
    assert told in found.reasons


def test_long_prompts_and_a_larger_model_are_reasons_too() -> None:
    found = said(tried("zero-shot", 60), tried("few-shot-6", 80, tokens=800), tried("big", 92))
    told = "few-shot-6 takes 800 tokens of prompt; zero-shot, 50 tokens of prompt: a tuned model is asked with short"
    assert any(reason.startswith(told) for reason in found.reasons)
    assert found.reasons[-1] == (
        "big, another model, is right on 92.0%: +12.0 points against this one's best prompt, for 50 tokens of prompt"
    )


def test_a_prompt_that_is_enough_but_long_is_a_reason_to_tune_where_there_are_the_rows_for_it() -> None:
    long, bare = tried("few-shot-6", 96, tokens=6000, seconds=2.0), tried("zero-shot", 40, tokens=150, seconds=0.1)
    known = Known(2000, LABELS, False, reviewed=1200, cost_per_hour=3.6)
    found = advise([bare, long], known)
    assert found is not None
    assert found.word == "tune"
    assert found.reasons[-1] == (
        "cost: few-shot-6 takes 6,000 tokens of prompt, 2.00 s in a batch, 2.00 for 1,000 answers; zero-shot, 150 "
        "tokens of prompt, 0.100 s in a batch, 0.100 for 1,000 answers: right often enough, but tuning may take the "
        "prompt into the weights, and be asked short"
    )
    assert "2,000 rows to train on, 1,200 of them reviewed: enough to tune, where they are good" in found.reasons
    few = said(bare, long, rows=200)
    assert few.word == "enough as it is"
    assert few.reasons[-1].endswith("with about 500 good rows tuning could take the prompt into the weights")
    short = said(tried("zero-shot", 95, tokens=150), long, rows=2000)
    assert short.word == "enough as it is", "the short one is enough, too"
    assert not any("takes 6,000" in reason for reason in short.reasons)


def test_what_an_endpoint_takes_stands_beside_what_it_gains() -> None:
    big = tried("big", 92, seconds=1.5)
    charged = replace(big, outputs=[replace(each, cost=0.002) for each in big.outputs])
    told = "for 50 tokens of prompt, 1.50 s a request, 2.00 for 1,000 answers"
    assert said(tried("zero-shot", 60), charged).reasons[-1].endswith(told)


def test_without_the_recipes_own_model_there_is_no_advice() -> None:
    assert advise([tried("big", 92)], Known(600, LABELS, False)) is None


def test_the_recipe_says_when_prompting_is_enough() -> None:
    known = Known(600, LABELS, False)
    found = advise([tried("zero-shot", 70), tried("few-shot-6", 82)], known, Rules(enough=0.8))
    assert found is not None
    assert found.word == "enough as it is"
