"""Labels that are read off answers, and put into them."""

from __future__ import annotations

import pytest

from ftworkbench.data.labels import Labels


@pytest.mark.parametrize(
    ("answer", "after"),
    [
        ('{"queue": "billing", "urgency": "low"}', '{"queue": "legal", "urgency": "low"}'),
        ('{"queue":"billing","über":1}', '{"queue":"legal","über":1}'),
        ('{\n  "a": "\\u00fc",\n  "queue": "x"\n}', '{\n  "a": "\\u00fc",\n  "queue": "legal"\n}'),
    ],
)
def test_a_label_is_put_into_json_that_is_written_as_it_was(answer: str, after: str) -> None:
    assert Labels("queue").put(answer, "legal") == after


def test_an_answer_that_is_a_label_becomes_another() -> None:
    assert Labels().put("billing", "legal") == "legal"


@pytest.mark.parametrize("answer", ["billing", '{"urgency": "low"}', "[1]", '{"queue": '])
def test_an_answer_without_a_place_for_the_label_says_so(answer: str) -> None:
    with pytest.raises(ValueError, match="queue"):
        Labels("queue").put(answer, "legal")
