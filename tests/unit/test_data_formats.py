"""Records of every format become the same canonical example, and bad ones say what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ftworkbench.data.formats.format import Format, Refused, read_example, recognise, told
from ftworkbench.errors import InputError

CHAT = Format("openai-chat")
SHAREGPT = Format("sharegpt")


def chat(*turns: tuple[str, Any], **fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content} for role, content in turns], **fields}


def refusal(record: Any, form: Format = CHAT) -> Refused:
    with pytest.raises(Refused) as caught:
        read_example(record, form)
    return caught.value


def test_the_same_conversation_has_the_same_key_in_every_format() -> None:
    question, answer = "How do I reset my password?", "Under Settings."
    same = [
        read_example(chat(("user", question), ("assistant", answer)), CHAT),
        read_example({"extra": 1, **chat(("user", question), ("assistant", answer))}, CHAT),
        read_example(
            {"conversations": [{"from": "human", "value": question}, {"from": "gpt", "value": answer}]}, SHAREGPT
        ),
        read_example({"question": question, "answer": answer}, Format("question-answer", ("question", "answer"))),
        read_example({"prompt": question, "completion": answer}, Format("prompt-completion")),
        read_example(
            {
                "prompt": [{"role": "user", "content": question}],
                "completion": [{"content": [{"type": "text", "text": answer}], "role": "assistant"}],
            },
            Format("prompt-completion"),
        ),
        read_example({"a": answer, "q": question}, Format("columns", ("q", "a"))),
        read_example(f"{question} ### {answer}".encode(), Format("text")),
    ]
    assert len({example.key for example in same}) == 1
    assert all(example.answer == answer and example.prompt_text == question for example in same)


def test_another_answer_or_another_tool_has_another_key() -> None:
    base = read_example(chat(("user", "a"), ("assistant", "b")), CHAT)
    other = read_example(chat(("user", "a"), ("assistant", "c")), CHAT)
    tooled = read_example(chat(("user", "a"), ("assistant", "b"), tools=[{"name": "f"}]), CHAT)
    assert len({base.key, other.key, tooled.key}) == 3


def test_tool_calls_of_openai_and_sharegpt_come_to_the_same() -> None:
    call = {"name": "search", "arguments": {"q": "soup"}}
    openai = {
        "messages": [
            {"role": "user", "content": "Find soup"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "search", "arguments": json.dumps(call["arguments"])},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "3 soups"},
            {"role": "assistant", "content": "There are three."},
        ],
        "tools": [{"type": "function", "function": {"name": "search"}}],
    }
    sharegpt = {
        "conversations": [
            {"from": "human", "value": "Find soup"},
            {"from": "function_call", "value": json.dumps(call)},
            {"from": "observation", "value": "3 soups"},
            {"from": "gpt", "value": "There are three."},
        ],
        "tools": json.dumps([{"name": "search"}]),
    }
    one, two = read_example(openai, CHAT), read_example(sharegpt, SHAREGPT)
    assert one.key == two.key
    assert [message["role"] for message in two.messages] == ["user", "assistant", "tool", "assistant"]
    assert two.messages[1]["tool_calls"][0]["function"] == call


def test_weights_and_names_of_messages_are_kept() -> None:
    record = chat(("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d"))
    record["messages"][0]["name"] = "ann"
    record["messages"][1]["weight"] = 0
    messages = read_example(record, CHAT).messages
    assert messages[0]["name"] == "ann"
    assert messages[1]["weight"] == 0


def test_the_chosen_answer_of_a_preference_pair_is_the_answer() -> None:
    record = {
        "conversations": [{"from": "human", "value": "Hi"}],
        "chosen": {"from": "gpt", "value": "Hello!"},
        "rejected": {"from": "gpt", "value": "What."},
    }
    example = read_example(record, SHAREGPT)
    assert example.answer == "Hello!"
    assert example.original["rejected"]["value"] == "What."


@pytest.mark.parametrize(
    ("record", "kind", "words"),
    [
        (b'{"messages": [', "not-json", "not JSON"),
        (b'{"messages": "\xff"}', "not-utf8", "byte 15"),
        (b'{"messages": [{"role": "user", "content": "\\ud800"}]}', "not-utf8", "surrogate"),
        (b"[1, 2]", "no-messages", "a JSON list"),
        (b'"text"', "no-messages", "a JSON string"),
        ({"msgs": []}, "no-messages", 'no "messages" (the row has msgs)'),
        ({"messages": "hello"}, "no-messages", "not a list"),
        ({"messages": []}, "no-messages", "empty"),
        ({"messages": ["hello"]}, "bad-message", "message 1"),
        (chat(("user", 7), ("assistant", "b")), "bad-message", "message 1 has no text"),
        (chat(("wizard", "a"), ("assistant", "b")), "unknown-role", 'unknown role "wizard"'),
        (chat(("user", "a"), ("user", "b")), "no-assistant", "no answer to learn from"),
        (chat(("user", "a"), ("assistant", "  ")), "empty-answer", "message 2"),
        (chat(("user", "a"), ("assistant", None)), "empty-answer", "message 2"),
        (chat(("user", "a"), ("assistant", "b"), ("user", "c")), "unanswered", "from the user"),
        (chat(("user", [{"type": "image_url"}]), ("assistant", "b")), "bad-message", "image_url"),
    ],
)
def test_a_record_that_is_no_example_says_what_is_wrong(record: Any, kind: str, words: str) -> None:
    found = refusal(record)
    assert found.kind == kind
    assert words in found.reason


def test_an_escape_sequence_in_a_role_does_not_reach_the_reason() -> None:
    assert "\x1b" not in refusal(chat(("\x1b[31mroot", "a"), ("assistant", "b"))).reason


def test_columns_that_are_missing_or_null_are_named() -> None:
    form = Format("columns", ("q", "a"))
    for record, name in (({"question": "?", "a": "!"}, "q"), ({"q": "?", "answer": "!"}, "a")):
        found = refusal(record, form)
        assert found.kind == "no-column"
        assert f'no "{name}" (the row has ' in found.reason
    assert refusal({"q": "?", "a": None}, form).kind == "empty-answer"
    assert refusal({"q": "?", "a": ["!"]}, form).kind == "bad-message"
    assert read_example({"q": "2 + 2", "a": 4}, form).answer == "4"


def test_hashes_that_are_not_the_mark_do_not_split_a_line_of_text() -> None:
    example = read_example(b"## Title #### deep ### Positive", Format("text"))
    assert example.prompt_text == "## Title #### deep"
    assert example.answer == "Positive"
    assert refusal(b"no mark here", Format("text")).kind == "no-assistant"


def test_an_instruction_its_input_and_its_history_are_turns() -> None:
    record = {
        "system": "Be kind.",
        "history": [["Hi", "Hello"]],
        "instruction": "Add.",
        "input": "2, 3",
        "output": "5",
    }
    found = read_example(record, Format("alpaca"))
    assert [(message["role"], message["content"]) for message in found.messages] == [
        ("system", "Be kind."), ("user", "Hi"), ("assistant", "Hello"), ("user", "Add.\n\n2, 3"), ("assistant", "5"),
    ]  # fmt: skip
    assert refusal({"instruction": "Add."}, Format("alpaca")).kind == "no-column"
    assert refusal({**record, "history": "x"}, Format("alpaca")).kind == "bad-message"


def test_of_a_preference_pair_the_chosen_answer_is_learnt_and_the_other_one_kept() -> None:
    asked = {"role": "user", "content": "Why?"}
    better, worse = ({"role": "assistant", "content": said} for said in ("So.", "Dunno."))
    preference = Format("preference")
    explicit = read_example({"prompt": [asked], "chosen": [better], "rejected": [worse]}, preference)
    implicit = read_example({"chosen": [asked, better], "rejected": [asked, worse]}, preference)
    plain = read_example({"prompt": "Why?", "chosen": "So.", "rejected": "Dunno."}, preference)
    turns = {"conversations": [{"from": "human", "value": "Why?"}]}
    answers = {"chosen": {"from": "gpt", "value": "So."}, "rejected": {"from": "gpt", "value": "Dunno."}}
    assert explicit == implicit == plain == read_example({**turns, **answers}, SHAREGPT)
    assert (plain.answer, plain.rejected) == ("So.", (worse,))
    assert "Dunno." in plain.text
    other = read_example({"prompt": "Why?", "chosen": "So.", "rejected": "No."}, preference)
    assert other.key != plain.key
    assert refusal({"chosen": "So.", "rejected": "No."}, preference).kind == "no-column"


def test_an_answer_that_was_labelled_as_not_wanted_is_not_learnt() -> None:
    unpaired = Format("unpaired-preference")
    assert read_example({"prompt": "a", "completion": "b", "label": True}, unpaired).answer == "b"
    assert refusal({"prompt": "a", "completion": "b", "label": False}, unpaired).kind == "not-wanted"


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([chat(("user", "a"), ("assistant", "b"))], "openai-chat"),
        ([{"conversations": []}], "sharegpt"),
        ([{"prompt": "a", "completion": "b"}], "prompt-completion"),
        ([{"instruction": "a", "output": "b"}], "alpaca"),
        ([{"prompt": "a", "chosen": "b", "rejected": "c"}], "preference"),
        ([{"prompt": "a", "completion": "b", "label": True}], "unpaired-preference"),
        ([{"prompt": "a", "completion": "b", "label": "x"}], "prompt-completion"),
        ([{"question": "a", "answer": "b", "id": 3}], "question-answer"),
        ([{"text": "a", "label": 1}], "columns text, label"),
        ([b"nice ### Positive", b"bad ### Negative"], "text"),
        ([b"{broken", b'{"question": "a", "answer": "b"}'], "question-answer"),
        ([{"foo": 1}], "openai-chat"),
        ([], "openai-chat"),
    ],
)
def test_the_format_is_found_by_looking(records: list[Any], expected: str) -> None:
    assert str(recognise(records, Path("rows.jsonl"))) == expected


def test_what_the_recipe_tells_overrules_and_half_of_it_is_an_error() -> None:
    assert told(None, None, None) is None
    assert told(None, "q", "a") == Format("columns", ("q", "a"))
    assert told("text", None, None) == Format("text")
    with pytest.raises(InputError, match=r"data\.answer_column"):
        told(None, "q", None)
    with pytest.raises(InputError, match="did you mean sharegpt"):
        told("sharegtp", None, None)
