"""Records with named columns, each read into an example. All readers raise Refused."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from ftworkbench.data.example import TEXT, Example, Message
from ftworkbench.data.formats.chats import openai_messages, read_tools, sharegpt_messages
from ftworkbench.data.rules import Refused
from ftworkbench.printable import one_line

Record = Mapping[str, Any]
Columns = tuple[str, str]


def read_openai(record: Record, columns: Columns | None = None) -> Example:
    """`messages`, and perhaps `tools`, or `functions` as they once were."""
    if "messages" not in record:
        raise Refused("no-messages", _no_column("messages", record))
    tools = record.get("tools")
    if tools is None and record.get("functions"):
        tools = [{"type": "function", "function": function} for function in record["functions"]]
    return Example(tuple(openai_messages(record["messages"])), read_tools(tools))


def read_sharegpt(record: Record, columns: Columns | None = None) -> Example:
    """`conversations`, and perhaps `system`, `tools`, and `chosen` and `rejected` last turns."""
    if "conversations" not in record:
        raise Refused("no-messages", _no_column("conversations", record))
    turns, rejected = record["conversations"], record.get("rejected")
    if isinstance(record.get("chosen"), Mapping) and isinstance(turns, list):
        turns = [*turns, record["chosen"]]
    messages = sharegpt_messages(turns)
    worse = sharegpt_messages([rejected]) if isinstance(rejected, Mapping) else []
    return Example((*_system(record), *messages), read_tools(record.get("tools")), rejected=tuple(worse))


def read_columns(record: Record, columns: Columns | None = None) -> Example:
    """The prompt in one column and its answer in another: texts, or messages."""
    prompt_column, answer_column = columns or ("prompt", "completion")
    prompt = _column(record, prompt_column, "user")
    if answer_column in record and record[answer_column] is None:
        raise Refused("empty-answer", f"{_no_column(answer_column, record)}: there is no answer")
    messages = [*prompt, *_column(record, answer_column, "assistant")]
    return Example(tuple(messages), read_tools(record.get("tools")))


def read_alpaca(record: Record, columns: Columns | None = None) -> Example:
    """`instruction`, perhaps an `input` to it, and `output`; perhaps `system`, and `history` of earlier turns."""
    messages = _system(record)
    for pair in record.get("history") or ():
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(said, str) for said in pair):
            raise Refused("bad-message", '"history" is not a list of pairs of texts')
        messages += [{"role": "user", "content": pair[0]}, {"role": "assistant", "content": pair[1]}]
    (asked,) = _column(record, "instruction", "user")
    if isinstance(record.get("input"), str) and record["input"].strip():
        asked = {"role": "user", "content": f"{asked['content']}\n\n{record['input']}"}
    return Example((*messages, asked, *_column(record, "output", "assistant")))


def read_preference(record: Record, columns: Columns | None = None) -> Example:
    """`chosen` and `rejected`: answers to `prompt`, or two conversations that begin alike. The chosen is learnt."""
    tools = read_tools(record.get("tools"))
    chosen, rejected = _column(record, "chosen", "assistant"), _column(record, "rejected", "assistant")
    if "prompt" in record:
        prompt = _column(record, "prompt", "user")
        return Example((*prompt, *chosen), tools, rejected=tuple(rejected))
    if not isinstance(record["chosen"], list):
        raise Refused("no-column", _no_column("prompt", record))
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(chosen, rejected, strict=False)))
    return Example(tuple(chosen), tools, rejected=tuple(rejected[alike:]))


def read_unpaired(record: Record, columns: Columns | None = None) -> Example:
    """`prompt`, `completion`, and a `label` that says whether the completion is wanted; others are refused."""
    example = read_columns(record)
    if record.get("label") is False:
        raise Refused("not-wanted", "labelled as an answer that is not wanted: there is nothing to learn from it")
    return example


def read_raw_text(record: Record, columns: Columns | None = None) -> Example:
    """`text`, which is learned as it stands."""
    return Example(tuple(_column(record, "text", TEXT)))


def _system(record: Record) -> list[Message]:
    """The system turn that a column of its own gives, where it says anything."""
    said = record.get("system")
    return [{"role": "system", "content": said}] if isinstance(said, str) and said.strip() else []


def json_type(value: Any) -> str:
    """What JSON calls a value of this kind."""
    names = {str: "string", list: "list", bool: "boolean", int: "number", float: "number", type(None): "null"}
    return names.get(type(value), "value")


def _column(record: Record, name: str, role: str) -> list[Message]:
    if name not in record:
        raise Refused("no-column", _no_column(name, record))
    content = record[name]
    if isinstance(content, list):
        return openai_messages(content)
    if isinstance(content, bool) or not isinstance(content, str | int | float):
        raise Refused("bad-message", f'column "{one_line(name, 40)}" is a {json_type(content)}, not text')
    return [{"role": role, "content": str(content)}]


def _no_column(name: str, record: Record) -> str:
    if name in record:
        return f'"{one_line(name, 40)}" is null'
    has = ", ".join(one_line(str(key), 30) for key in list(record)[:6]) or "nothing"
    return f'no "{one_line(name, 40)}" (the row has {has})'
