"""What a chat template leaves out of a conversation without a word: turns, tool calls, the tools themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from ftworkbench.worker.template import Message, RenderError, Template

TOOLS = "tools"  # stands among the roles where the list of tools is left out
_TOOL_PROBE = {
    "type": "function",
    "function": {
        "name": "qzt",
        "description": "qzd",
        "parameters": {"type": "object", "properties": {"qzp": {"type": "string", "description": "qze"}}},
    },
}
# What a template sees of a turn: its role, whether it says something, and for each tool call whether it has arguments.
_Turn = tuple[str, bool, tuple[bool, ...]]


def left_out(template: Template, messages: Sequence[Message], text: str, tools: Sequence[Any] = ()) -> list[str]:
    """The roles of the turns whose content or tool calls the rendered `text` does not have, in order.

    TOOLS is among them where the list of tools is not written. Found by a conversation of the same shape made of
    words that stand nowhere else, and by what the turns themselves say: text that the template takes out of a turn.
    """
    missing = list(_dropped(template, tuple(map(_turn, messages)), bool(tools)))
    for index, message in enumerate(messages):
        missing[index] = missing[index] or not all(_is_in(part, text) for part in _parts(message))
    roles = [str(message["role"]) for message, gone in zip(messages, missing, strict=False) if gone]
    return [*roles, TOOLS] if missing[-1] else roles


def _turn(message: Message) -> _Turn:
    content = message.get("content")
    calls = tuple(bool(call.get("function", call).get("arguments")) for call in message.get("tool_calls") or ())
    return str(message["role"]), isinstance(content, str) and bool(content.strip()), calls


def _parts(message: Message) -> list[str]:
    content = message.get("content")
    said = [content.strip()] if isinstance(content, str) else []
    return said + [str(call.get("function", call).get("name", "")) for call in message.get("tool_calls") or ()]


def _is_in(part: str, text: str) -> bool:
    """Whether a part stands in the text, as it is or as JSON writes it."""
    return part in text or json.dumps(part, ensure_ascii=False)[1:-1] in text or json.dumps(part)[1:-1] in text


@lru_cache(maxsize=4096)
def _dropped(template: Template, turns: tuple[_Turn, ...], has_tools: bool) -> tuple[bool, ...]:
    """Which turns of a conversation of this shape are left out in part or whole; the last says it of the tools."""
    probes: list[Mapping[str, Any]] = []
    words: list[list[str]] = []
    for index, (role, says, calls) in enumerate(turns):
        message: dict[str, Any] = {"role": role, "content": f"qzc{index}z" if says else ""}
        found = [str(message["content"])]
        if calls:
            message["tool_calls"] = [_call(index, number, some) for number, some in enumerate(calls)]
            found += [f"qzf{index}x{number}z" for number in range(len(calls))]
            found += [f"qzv{index}x{number}z" for number, some in enumerate(calls) if some]
        probes.append(message)
        words.append(found)
    try:
        text = template.shown(probes, [_TOOL_PROBE] if has_tools else ())
    except RenderError:
        return (False,) * (len(turns) + 1)
    return (*(any(word not in text for word in found) for found in words), has_tools and "qzt" not in text)


def _call(index: int, number: int, arguments: bool) -> dict[str, Any]:
    given = {"qza": f"qzv{index}x{number}z"} if arguments else {}
    return {"type": "function", "function": {"name": f"qzf{index}x{number}z", "arguments": given}}
