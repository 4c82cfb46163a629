"""Examples written back into the format of a file, with every field of the record that they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

from ftworkbench.data.example import Example, Message, dump_json
from ftworkbench.data.formats.chats import OPENAI_FIELDS, SHAREGPT_FIELDS, role_of
from ftworkbench.data.formats.format import RAW_TEXT, TEXT_MARK, Format
from ftworkbench.errors import InputError

_FROM = {"user": "human", "assistant": "gpt", "system": "system", "tool": "observation"}


def write_record(example: Example, form: Format, number: int) -> Any:
    """The record that reads as this example: a JSON value, or bytes for a line of text.

    Raises InputError, with the row's number, where the format cannot say it.
    """
    if (example.raw_text is not None) != (form.name == RAW_TEXT):
        raise InputError(f"row {number}: raw text and turns cannot stand in one file")
    if form.name == "text":
        return _text_line(example, number)
    if form.lines:
        return _raw_line(example, number)
    record = dict(example.original) if isinstance(example.original, Mapping) else {}
    if form.name == "openai-chat":
        turns = [openai_turn(message) for message in example.messages]
        record["messages"] = _with_unread(turns, record.get("messages"), OPENAI_FIELDS)
        record.pop("functions", None)
        if example.tools:
            record["tools"] = list(example.tools)
    elif form.name == "sharegpt":
        _fill_sharegpt(record, example)
    elif form.name == "alpaca":
        _fill_alpaca(record, example, number)
    elif form.name == "preference":
        _fill_preference(record, example)
    elif form.name == RAW_TEXT:
        record["text"] = example.raw_text
    else:
        _fill_columns(record, example, form.columns or ("prompt", "completion"))
    return record


def _with_unread(turns: list[Message], before: Any, read: Set[str]) -> list[Message]:
    """The turns with what those of the record say beside that which is read, where they stand in the same order."""
    if not isinstance(before, list) or [role_of(was) for was in before] != [role_of(turn) for turn in turns]:
        return turns
    unread = [{name: value for name, value in was.items() if name not in read} for was in before]
    return [{**kept, **turn} for kept, turn in zip(unread, turns, strict=True)]


def openai_turn(message: Message) -> Message:
    """A message as OpenAI writes it: the arguments of tool calls as JSON strings."""
    turn = dict(message)
    if message.get("tool_calls"):
        turn["tool_calls"] = [_openai_call(call) for call in message["tool_calls"]]
        turn["content"] = message["content"] or None
    return turn


def _openai_call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call["function"]
    return {**call, "function": {**function, "arguments": _dumps(function.get("arguments", {}))}}


def _dumps(value: Any) -> str:
    return dump_json(value).decode("utf-8")


def _text_line(example: Example, number: int) -> bytes:
    plain = [(message["role"], message["content"]) for message in example.messages]
    if [role for role, _ in plain] != ["user", "assistant"] or example.tools:
        raise InputError(f"row {number}: more than a question and its answer; write it as openai-chat")
    prompt, answer = (content for _, content in plain)
    if "\n" in prompt + answer or "\r" in prompt + answer or TEXT_MARK.search(answer):
        raise InputError(f"row {number}: a new line, or ### in the answer, cannot be text; use openai-chat")
    return f"{prompt} ### {answer}".encode()


def _raw_line(example: Example, number: int) -> bytes:
    text = str(example.raw_text)
    if "\n" in text or text.endswith("\r"):
        raise InputError(f"row {number}: a new line cannot stand in a line of text")
    return text.encode()


def _fill_sharegpt(record: dict[str, Any], example: Example) -> None:
    messages: Sequence[Message] = example.messages
    if "system" in record and messages and messages[0]["role"] == "system":
        record["system"] = messages[0]["content"]
        messages = messages[1:]
    elif "system" in record:
        record["system"] = ""
    turns = [turn for message in messages for turn in _sharegpt_turns(message)]
    if isinstance(record.get("chosen"), Mapping):
        record["chosen"] = {**record["chosen"], **turns.pop()}
    for message in example.rejected:
        (worse,) = _sharegpt_turns(message)
        record["rejected"] = {**(record.get("rejected") or {}), **worse}
    record["conversations"] = _with_unread(turns, record.get("conversations"), SHAREGPT_FIELDS)
    if example.tools:
        record["tools"] = _dumps(list(example.tools))


def _sharegpt_turns(message: Message) -> list[dict[str, Any]]:
    weight = {"weight": message["weight"]} if "weight" in message else {}
    turns = []
    calls = [call["function"] for call in message.get("tool_calls") or ()]
    if message["content"] or not calls:
        turns.append({"from": _FROM[message["role"]], "value": message["content"], **weight})
    if calls:
        written = _dumps(calls[0] if len(calls) == 1 else calls)
        turns.append({"from": "function_call", "value": written, **weight})
    return turns


def _fill_alpaca(record: dict[str, Any], example: Example, number: int) -> None:
    system = [message["content"] for message in example.messages if message["role"] == "system"]
    turns = [message for message in example.messages if message["role"] != "system"]
    roles = [message["role"] for message in turns]
    if roles != ["user", "assistant"] * (len(turns) // 2) or len(system) > 1 or example.tools:
        raise InputError(f"row {number}: more than questions and their answers; write it as openai-chat")
    said = [message["content"] for message in turns]
    asked, given = said[-2], str(record.get("input") or "")
    if given.strip() and asked.endswith(f"\n\n{given}"):
        asked = asked.removesuffix(f"\n\n{given}")
    elif "input" in record:
        record["input"] = ""
    record.update(instruction=asked, output=said[-1])
    if len(said) > 2 or record.get("history"):
        record["history"] = [said[at : at + 2] for at in range(0, len(said) - 2, 2)]
    if system or record.get("system"):
        record["system"] = system[0] if system else ""


def _fill_preference(record: dict[str, Any], example: Example) -> None:
    prompt, chosen = example.prompt, example.messages[len(example.prompt) :]
    texts = len(prompt) == len(chosen) == len(example.rejected) == 1 and prompt[0]["role"] == "user"
    if texts and not any(isinstance(record.get(name), list) for name in ("prompt", "chosen", "rejected")):
        said = (prompt[0], chosen[0], example.rejected[0])
        record.update(zip(("prompt", "chosen", "rejected"), (one["content"] for one in said), strict=True))
    else:
        record["prompt"] = [openai_turn(message) for message in prompt]
        record["chosen"] = [openai_turn(message) for message in chosen]
        record["rejected"] = [openai_turn(message) for message in example.rejected]
    if example.tools:
        record["tools"] = list(example.tools)


def _fill_columns(record: dict[str, Any], example: Example, columns: tuple[str, str]) -> None:
    roles = [message["role"] for message in example.messages]
    if roles == ["user", "assistant"] and not any(isinstance(record.get(name), list) for name in columns):
        record.update(zip(columns, (message["content"] for message in example.messages), strict=True))
    else:
        last = len(example.prompt)
        record[columns[0]] = [openai_turn(message) for message in example.messages[:last]]
        record[columns[1]] = [openai_turn(message) for message in example.messages[last:]]
    if example.tools:
        record["tools"] = list(example.tools)
