"""What is odd about the fields of a conversation that is kept: some are not read, some do not fit each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ftworkbench.data.example import Example
from ftworkbench.data.formats.chats import OPENAI_FIELDS
from ftworkbench.printable import one_line

# Where the turns of a record stand.
_TURNS = ("messages", "prompt", "completion", "chosen", "rejected")
# https://platform.openai.com/docs/api-reference/chat/create: the name of a participant, or of a function.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
Found = tuple[str, str]


def odd_field(example: Example) -> Found | None:
    """The kind and reason of the first that is odd; None where nothing is."""
    if example.raw_text is not None:
        return None
    found = next(_unread(example), None)
    if found or (not example.tools and all(len(message) == 2 for message in example.messages)):
        return found
    return next((found for rule in (_weights, _names, _tools, _calls, _results) for found in rule(example)), None)


def _unread(example: Example) -> Iterator[Found]:
    """Fields of a turn that say something and are no part of what is trained."""
    original = example.original if isinstance(example.original, Mapping) else {}
    for place in _TURNS:
        turns = original.get(place)
        for number, turn in enumerate(turns if isinstance(turns, list) else (), 1):
            for name, value in turn.items() if isinstance(turn, Mapping) and len(turn) > 2 else ():
                if name not in OPENAI_FIELDS and value not in (None, "", [], {}):
                    yield "unread-field", f'message {number}: "{one_line(str(name), 40)}" is no field that is trained'


def _weights(example: Example) -> Iterator[Found]:
    for number, message in enumerate(example.messages, 1):
        if "weight" in message and message["role"] != "assistant":
            yield "unread-field", f'message {number}: "weight" counts for the assistant alone'


def _names(example: Example) -> Iterator[Found]:
    for number, message in enumerate(example.messages, 1):
        name = message.get("name")
        if name is not None and not (isinstance(name, str) and _NAME.fullmatch(name)):
            yield "odd-name", f'message {number}: a "name" has up to 64 letters, digits, _ and -'


def _tools(example: Example) -> Iterator[Found]:
    for tool in example.tools:
        function = tool.get("function") if isinstance(tool, Mapping) else None
        parameters = function.get("parameters") if isinstance(function, Mapping) else None
        if parameters is not None and not isinstance(parameters, Mapping):
            yield "tool-mismatch", f"tools: the parameters of {_called(function)} are no object"


def _calls(example: Example) -> Iterator[Found]:
    """Calls of functions that the row does not offer."""
    offered = {_name(tool.get("function")) for tool in example.tools if isinstance(tool, Mapping)}
    for number, message in enumerate(example.messages, 1):
        for call in message.get("tool_calls") or () if offered else ():
            if _name(call["function"]) not in offered:
                yield "tool-mismatch", f"message {number}: calls {_called(call['function'])}, which is not in tools"


def _results(example: Example) -> Iterator[Found]:
    """Results that name no call, or one that was not made: of rows whose calls have ids."""
    made: set[str] = set()
    for number, message in enumerate(example.messages, 1):
        made.update(call["id"] for call in message.get("tool_calls") or () if "id" in call)
        if message["role"] != "tool" or not made:
            continue
        of = message.get("tool_call_id")
        if of is None:
            yield "tool-mismatch", f'message {number}: has no "tool_call_id", so that it is not said what it answers'
        elif of not in made:
            yield "tool-mismatch", f"message {number}: answers the call {one_line(str(of), 40)}, which was not made"


def _name(function: Any) -> str | None:
    return function.get("name") if isinstance(function, Mapping) else None


def _called(function: Any) -> str:
    return one_line(str(_name(function)), 40)
