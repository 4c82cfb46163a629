"""The rules of OpenAI and TRL: what makes a row useless refuses it; what trains all the same is only said."""

from __future__ import annotations

from typing import Any

import pytest

from ftworkbench.data.example import dump_json
from ftworkbench.data.formats.format import Format
from ftworkbench.data.problems import KINDS
from ftworkbench.data.sources.source import Row, read_row

CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
USER = {"role": "user", "content": "a"}
ANSWER = {"role": "assistant", "content": "b"}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "3"}


def calling(*calls: Any, **fields: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": None, "tool_calls": list(calls), **fields}


def read(*messages: Any, **fields: Any) -> Row:
    return read_row(1, dump_json({"messages": list(messages), **fields}), Format("openai-chat"))


def said(row: Row) -> tuple[str, str]:
    assert row.problem is not None
    assert row.refused == KINDS[row.problem.kind].refused
    return row.problem.kind, row.problem.reason


@pytest.mark.parametrize(
    ("row", "kind", "words"),
    [
        (read(USER, {**ANSWER, "weight": 0.5}), "bad-weight", 'message 2: "weight" must be 0 or 1'),
        (read(USER, {**ANSWER, "weight": "1"}), "bad-weight", "message 2"),
        (read({**USER, "weight": -1}, ANSWER), "bad-weight", "message 1"),
        (read(USER, {**ANSWER, "weight": 0}), "nothing-to-learn", "weight 0"),
        (read(USER, {"role": "assistant"}), "empty-answer", "message 2"),
        (read(USER, {"role": "assistant", "content": None}), "empty-answer", "message 2"),
        (read({"role": "user", "content": None}, ANSWER), "bad-message", "message 1"),
        (read({"role": "user"}, ANSWER), "bad-message", "message 1"),
        (read(USER, calling({"id": "c1", "function": {"arguments": "{}"}})), "bad-message", "without the name"),
        (read(USER, calling({"function": {"name": "look", "arguments": "{"}})), "bad-message", "not JSON"),
        (read(USER, ANSWER, tools=[{"type": "function"}]), "bad-tools", "tool 1 has no function"),
        (read(USER, ANSWER, tools=[TOOL, {"type": "function", "function": {"name": ""}}]), "bad-tools", "tool 2"),
        (read(USER, ANSWER, tools=[{"function": {"description": "x"}}]), "bad-tools", "tool 1"),
        (read(USER, ANSWER, tools="look"), "bad-message", "not a JSON list"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(row: Row, kind: str, words: str) -> None:
    assert said(row)[0] == kind
    assert words in said(row)[1]
    assert row.refused


@pytest.mark.parametrize(
    ("row", "kind", "words"),
    [
        (read({**USER, "mood": "glad"}, ANSWER), "unread-field", 'message 1: "mood"'),
        (read({**USER, "weight": 1}, ANSWER), "unread-field", 'message 1: "weight" counts for the assistant'),
        (read({**USER, "name": "Ann Lee"}, ANSWER), "odd-name", "message 1"),
        (read({**USER, "name": 7}, ANSWER), "odd-name", "message 1"),
        (read({**USER, "name": "x" * 65}, ANSWER), "odd-name", "message 1"),
        (read(USER, calling(CALL), {"role": "tool", "content": "3"}, ANSWER), "tool-mismatch", "tool_call_id"),
        (read(USER, calling(CALL), {**RESULT, "tool_call_id": "c9"}, ANSWER), "tool-mismatch", "the call c9"),
        (
            read(USER, calling(CALL), RESULT, ANSWER, tools=[{"type": "function", "function": {"name": "seek"}}]),
            "tool-mismatch",
            "message 2: calls look, which is not in tools",
        ),
        (
            read(USER, ANSWER, tools=[{"type": "function", "function": {"name": "look", "parameters": "{}"}}]),
            "tool-mismatch",
            "the parameters of look are no object",
        ),
    ],
)
def test_what_trains_all_the_same_is_kept_with_a_word(row: Row, kind: str, words: str) -> None:
    assert said(row)[0] == kind
    assert words in said(row)[1]
    assert row.example is not None


@pytest.mark.parametrize(
    "row",
    [
        read(USER, {**ANSWER, "weight": 0}, USER, {**ANSWER, "weight": 1}),
        read({**USER, "name": "ann_1"}, {**ANSWER, "refusal": None, "annotations": []}),
        read(USER, calling(CALL), RESULT, ANSWER, tools=[TOOL]),
        read(USER, calling(CALL), RESULT, ANSWER),
        read(USER, calling({**CALL, "id": None}), {"role": "tool", "content": "3"}, ANSWER),
        read(USER, calling(CALL)),
        read(USER, ANSWER, tools=[{"type": "function", "function": {"name": "look"}}]),
        read(USER, ANSWER, tools=[{"type": "web_search"}]),
        read(USER, ANSWER, tools=[{"name": "look", "input_schema": {}}]),
        read({"role": "developer", "content": "x"}, USER, {**ANSWER, "reasoning_content": "hm"}),
    ],
)
def test_nothing_is_said_of_what_is_as_it_should_be(row: Row) -> None:
    assert row.example is not None
    assert row.problem is None


def test_a_function_call_as_they_once_were_is_read_as_a_tool_call() -> None:
    turn = {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": '{"at": 1}'}}
    result = {"role": "function", "name": "look", "content": "3"}
    row = read(USER, turn, result, ANSWER, functions=[TOOL["function"]])
    assert row.problem is None
    assert row.example is not None
    assert row.example.key != read(USER, calling(CALL), RESULT, ANSWER, tools=[TOOL]).key  # the result has a name
    assert row.example.tools == (TOOL,)
    assert row.example.messages[1]["tool_calls"][0]["function"] == {"name": "look", "arguments": {"at": 1}}


def test_a_weight_that_a_table_made_a_fraction_or_a_truth_of_is_the_same_weight() -> None:
    rows = [read(USER, {**ANSWER, "weight": weight}) for weight in (1, 1.0, True)]
    assert len({row.key for row in rows}) == 1


def test_an_edit_keeps_the_rules_too() -> None:
    from ftworkbench.data.review.curate import effective
    from ftworkbench.data.review.decisions import RowState
    from ftworkbench.data.rules import Refused

    edited = RowState("accepted", (USER, {**ANSWER, "weight": 2}))
    with pytest.raises(Refused, match="weight"):
        effective(read(USER, ANSWER), edited)
