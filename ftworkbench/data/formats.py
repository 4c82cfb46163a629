"""The formats of rows: finding out which one a file has, and reading a record of it into an example."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ftworkbench.data.chats import openai_messages, read_tools, sharegpt_messages
from ftworkbench.data.example import Example, Message
from ftworkbench.data.parsing import parse_record
from ftworkbench.data.rules import Refused, check_example
from ftworkbench.errors import InputError
from ftworkbench.printable import one_line

__all__ = ["FORMATS", "TEXT_MARK", "Format", "Refused", "read_example", "recognise", "told"]

# `input ### answer`; a longer run of # is not the mark (GSM8K ends its answers with ####).
TEXT_MARK = re.compile(r"(?<!#)###(?!#)")
# Pairs of columns that are understood without being named, in this order.
_KNOWN_COLUMNS = (
    ("question", "answer"),
    ("input", "output"),
    ("instruction", "response"),
    ("query", "response"),
    ("text", "label"),
)


@dataclass(frozen=True)
class Format:
    """How the records of a file are read. `columns` are those of the prompt and of the answer."""

    name: str
    columns: tuple[str, str] | None = None

    def __str__(self) -> str:
        if self.name == "columns" and self.columns:
            return f"columns {self.columns[0]}, {self.columns[1]}"
        return self.name


def read_example(record: bytes | Mapping[str, Any], form: Format) -> Example:
    """The example that a record is, under this format. Raises Refused."""
    if form.name == "text":
        return _read_text(record)
    value = parse_record(record) if isinstance(record, bytes) else record
    if not isinstance(value, Mapping):
        raise Refused("no-messages", f"a JSON {_json_type(value)}, not an object with messages")
    messages, tools = _READERS[form.name](value, form)
    return check_example(Example(tuple(messages), tools, value))


def _json_type(value: Any) -> str:
    names = {str: "string", list: "list", bool: "boolean", int: "number", float: "number", type(None): "null"}
    return names.get(type(value), "value")


def _read_text(record: bytes | Mapping[str, Any]) -> Example:
    if not isinstance(record, bytes):
        raise Refused("no-messages", "not a line of text")
    try:
        line = record.decode("utf-8")
    except UnicodeDecodeError as broken:
        raise Refused("not-utf8", f"not valid UTF-8 at byte {broken.start + 1}") from None
    marks = list(TEXT_MARK.finditer(line))
    if not marks:
        raise Refused("no-assistant", "no ### between the input and the answer")
    prompt, answer = line[: marks[-1].start()].strip(), line[marks[-1].end() :].strip()
    messages: list[Message] = [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
    return check_example(Example(tuple(messages), (), line))


def _read_openai(value: Mapping[str, Any], form: Format) -> tuple[list[Message], tuple[Any, ...]]:
    if "messages" not in value:
        raise Refused("no-messages", _no_column("messages", value))
    tools = value.get("tools")
    if tools is None and value.get("functions"):
        tools = [{"type": "function", "function": function} for function in value["functions"]]
    return openai_messages(value["messages"]), read_tools(tools)


def _read_sharegpt(value: Mapping[str, Any], form: Format) -> tuple[list[Message], tuple[Any, ...]]:
    if "conversations" not in value:
        raise Refused("no-messages", _no_column("conversations", value))
    turns = value["conversations"]
    if isinstance(value.get("chosen"), Mapping) and isinstance(turns, list):
        turns = [*turns, value["chosen"]]
    messages = sharegpt_messages(turns)
    if isinstance(value.get("system"), str) and value["system"].strip():
        messages.insert(0, {"role": "system", "content": value["system"]})
    return messages, read_tools(value.get("tools"))


def _read_columns(value: Mapping[str, Any], form: Format) -> tuple[list[Message], tuple[Any, ...]]:
    prompt_column, answer_column = form.columns or ("prompt", "completion")
    prompt = _column(value, prompt_column, "user")
    if answer_column in value and value[answer_column] is None and prompt_column in value:
        raise Refused("empty-answer", f"{_no_column(answer_column, value)}: there is no answer")
    return [*prompt, *_column(value, answer_column, "assistant")], read_tools(value.get("tools"))


def _column(value: Mapping[str, Any], name: str, role: str) -> list[Message]:
    if name not in value:
        raise Refused("no-column", _no_column(name, value))
    content = value[name]
    if isinstance(content, list):
        return openai_messages(content)
    if isinstance(content, bool) or not isinstance(content, str | int | float):
        raise Refused("bad-message", f'column "{one_line(name, 40)}" is a {_json_type(content)}, not text')
    return [{"role": role, "content": str(content)}]


def _no_column(name: str, value: Mapping[str, Any]) -> str:
    if name in value:
        return f'"{one_line(name, 40)}" is null'
    has = ", ".join(one_line(str(key), 30) for key in list(value)[:6]) or "nothing"
    return f'no "{one_line(name, 40)}" (the row has {has})'


_Reader = Callable[[Mapping[str, Any], Format], tuple[list[Message], tuple[Any, ...]]]
_READERS: dict[str, _Reader] = {
    "openai-chat": _read_openai,
    "sharegpt": _read_sharegpt,
    "prompt-completion": _read_columns,
    "question-answer": _read_columns,
    "columns": _read_columns,
}
FORMATS = (*_READERS, "text")
_OWN_COLUMNS = {"prompt-completion": ("prompt", "completion"), "question-answer": ("question", "answer")}


def told(name: str | None, prompt_column: str | None, answer_column: str | None) -> Format | None:
    """The format that a recipe tells, or None where it leaves it to be found. Raises InputError."""
    if (prompt_column is None) != (answer_column is None):
        missing = "data.answer_column" if answer_column is None else "data.prompt_column"
        raise InputError(f"{missing}: name both columns, the prompt's and the answer's, or neither")
    columns = (prompt_column, answer_column) if prompt_column is not None and answer_column else None
    if name is None:
        return Format("columns", columns) if columns else None
    if name not in FORMATS:
        near = get_close_matches(name, FORMATS, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise InputError(f'data.format: "{one_line(name, 40)}" is none of {", ".join(FORMATS)}{hint}')
    if name == "columns" and columns is None:
        raise InputError("data.format: columns needs data.prompt_column and data.answer_column")
    return Format(name, columns or _OWN_COLUMNS.get(name))


def recognise(records: Sequence[bytes | Mapping[str, Any]], path: Path) -> Format:
    """The format of a file, by its first records: the one that most of them have.

    Where none fits, the chat format, so that each row is refused with the reason.
    """
    votes: Counter[Format] = Counter()
    marked = 0
    for record in records:
        marked += isinstance(record, bytes) and bool(TEXT_MARK.search(record.decode("utf-8", "replace")))
        try:
            value = parse_record(record) if isinstance(record, bytes) else record
        except Refused:
            continue
        if isinstance(value, Mapping) and (form := _shape(value)):
            votes[form] += 1
    if votes:
        return votes.most_common(1)[0][0]
    if path.suffix == ".txt" or marked * 2 > len(records):
        return Format("text")
    return Format("openai-chat")


def _shape(record: Mapping[str, Any]) -> Format | None:
    if "messages" in record:
        return Format("openai-chat")
    if "conversations" in record:
        return Format("sharegpt")
    if "prompt" in record and "completion" in record:
        return Format("prompt-completion", _OWN_COLUMNS["prompt-completion"])
    for columns in _KNOWN_COLUMNS:
        if columns[0] in record and columns[1] in record:
            return Format("question-answer" if columns == ("question", "answer") else "columns", columns)
    return None
