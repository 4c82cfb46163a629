"""The formats of rows: finding out which one a file has, and reading a record of it into an example."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ftworkbench.data.example import TEXT, Example, Message
from ftworkbench.data.formats.columns import (
    Columns,
    json_type,
    read_alpaca,
    read_columns,
    read_openai,
    read_preference,
    read_raw_text,
    read_sharegpt,
    read_unpaired,
)
from ftworkbench.data.parsing import parse_record
from ftworkbench.data.rules import Refused, check_example
from ftworkbench.errors import InputError
from ftworkbench.printable import one_line

__all__ = ["FORMATS", "RAW_TEXT", "TEXT_MARK", "Format", "Refused", "by_lines", "read_example", "recognise", "told"]

# `input ### answer`; a longer run of # is not the mark (GSM8K ends its answers with ####).
TEXT_MARK = re.compile(r"(?<!#)###(?!#)")
RAW_TEXT = "raw-text"
# Pairs of columns that are understood without being named, in this order.
_KNOWN_COLUMNS = (
    ("question", "answer"),
    ("input", "output"),
    ("instruction", "response"),
    ("query", "response"),
    ("text", "label"),
)
# What stands beside a text and says where it is from, as the large corpora name it.
_ABOUT_TEXT = {
    *("id", "_id", "uuid", "url", "source", "title", "timestamp", "date", "created", "added", "dump"),
    *("file_path", "path", "repo", "license", "lang", "language", "subset", "split", "domain", "meta", "metadata"),
}


@dataclass(frozen=True)
class Format:
    """How the records of a file are read. `columns` are those of the prompt and of the answer.

    `lines`: a record of raw text is a line as it stands, not JSON with a `text` in it.
    """

    name: str
    columns: Columns | None = None
    lines: bool = False

    def __str__(self) -> str:
        if self.name == "columns" and self.columns:
            return f"columns {self.columns[0]}, {self.columns[1]}"
        return self.name


def read_example(record: bytes | Mapping[str, Any], form: Format) -> Example:
    """The example that a record is, under this format. Raises Refused."""
    if form.name == "text" or form.lines:
        return _read_line(record, form)
    value = parse_record(record) if isinstance(record, bytes) else record
    if not isinstance(value, Mapping):
        raise Refused("no-messages", f"a JSON {json_type(value)}, not an object with messages")
    return check_example(replace(_READERS[form.name](value, form.columns), original=value))


def _read_line(record: bytes | Mapping[str, Any], form: Format) -> Example:
    if not isinstance(record, bytes):
        raise Refused("no-messages", "not a line of text")
    try:
        line = record.decode("utf-8")
    except UnicodeDecodeError as broken:
        raise Refused("not-utf8", f"not valid UTF-8 at byte {broken.start + 1}") from None
    if form.lines:
        return check_example(Example(({"role": TEXT, "content": line},), (), line))
    marks = list(TEXT_MARK.finditer(line))
    if not marks:
        raise Refused("no-assistant", "no ### between the input and the answer")
    prompt, answer = line[: marks[-1].start()].strip(), line[marks[-1].end() :].strip()
    messages: list[Message] = [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
    return check_example(Example(tuple(messages), (), line))


_READERS: dict[str, Callable[[Mapping[str, Any], Columns | None], Example]] = {
    "openai-chat": read_openai,
    "sharegpt": read_sharegpt,
    "alpaca": read_alpaca,
    "prompt-completion": read_columns,
    "question-answer": read_columns,
    "columns": read_columns,
    "preference": read_preference,
    "unpaired-preference": read_unpaired,
    RAW_TEXT: read_raw_text,
}
FORMATS = (*(name for name in _READERS if name != RAW_TEXT), "text", RAW_TEXT)
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

    A file of text is `input ### answer` where most of its lines have the mark, else raw text. Where none fits, the
    chat format, so that each row is refused with the reason.
    """
    votes: Counter[Format] = Counter()
    marked = 0
    for record in records:
        marked += isinstance(record, bytes) and bool(TEXT_MARK.search(record.decode("utf-8", "replace")))
        value = _value(record)
        if isinstance(value, Mapping) and (form := _shape(value)):
            votes[form] += 1
    if votes:
        return votes.most_common(1)[0][0]
    if marked * 2 > len(records):
        return Format("text")
    is_text = any(suffix.lower() == ".txt" for suffix in path.suffixes)
    return Format(RAW_TEXT, lines=True) if is_text else Format("openai-chat")


def by_lines(form: Format, records: Sequence[bytes | Mapping[str, Any]]) -> Format:
    """The format as it reads these records: raw text is a line where no record is a JSON object."""
    if form.name != RAW_TEXT:
        return form
    return replace(form, lines=not any(isinstance(_value(record), Mapping) for record in records))


def _value(record: bytes | Mapping[str, Any]) -> Any:
    """The value of a record; None where it cannot be read."""
    try:
        return parse_record(record) if isinstance(record, bytes) else record
    except (Refused, RecursionError):
        return None


def _shape(record: Mapping[str, Any]) -> Format | None:
    if "messages" in record:
        return Format("openai-chat")
    if "conversations" in record:
        return Format("sharegpt")
    if "chosen" in record and "rejected" in record:
        return Format("preference")
    if "instruction" in record and "output" in record:
        return Format("alpaca")
    if "prompt" in record and "completion" in record:
        if isinstance(record.get("label"), bool):
            return Format("unpaired-preference")
        return Format("prompt-completion", _OWN_COLUMNS["prompt-completion"])
    for columns in _KNOWN_COLUMNS:
        if columns[0] in record and columns[1] in record:
            return Format("question-answer" if columns == ("question", "answer") else "columns", columns)
    return Format(RAW_TEXT) if _is_raw_text(record) else None


def _is_raw_text(record: Mapping[str, Any]) -> bool:
    """Whether a record has a text, and no other one beside it but where it comes from."""
    others = [name for name, value in record.items() if isinstance(value, str) and name not in _ABOUT_TEXT]
    return others == ["text"]
