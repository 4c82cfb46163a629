"""Lists of turns as OpenAI and ShareGPT write them, made into canonical messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ftworkbench.data.example import Message
from ftworkbench.data.parsing import parse_record
from ftworkbench.data.rules import TURN_ROLES, Refused
from ftworkbench.printable import one_line

_SAME_ROLE = {"developer": "system", "function": "tool"}
_SHAREGPT_ROLES = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "chatgpt": "assistant",
    "system": "system",
    "function_call": "assistant",
    "observation": "tool",
    "tool": "tool",
}
_KEPT = ("name", "weight", "tool_call_id", "reasoning_content")
# All of a turn that is read.
OPENAI_FIELDS = frozenset({"role", "content", "tool_calls", "function_call", *_KEPT})
SHAREGPT_FIELDS = frozenset({"from", "role", "value", "content", "weight"})


def openai_messages(turns: Any) -> list[Message]:
    """The messages of an OpenAI chat; `name`, `weight` and tool calls are kept. Raises Refused."""
    return [_openai_message(number, turn) for number, turn in enumerate(_turns(turns, "messages"), 1)]


def sharegpt_messages(turns: Any) -> list[Message]:
    """The messages of a ShareGPT conversation (`from`, `value`). Raises Refused."""
    return [_sharegpt_message(number, turn) for number, turn in enumerate(_turns(turns, "conversations"), 1)]


def role_of(turn: Any) -> str | None:
    """The canonical role of a turn as OpenAI or ShareGPT writes it; None where it has none."""
    named = turn.get("role", turn.get("from")) if isinstance(turn, Mapping) else None
    return {**_SHAREGPT_ROLES, **_OPENAI_ROLES}.get(named) if isinstance(named, str) else None


def read_tools(tools: Any) -> tuple[Any, ...]:
    """The tools of a row: a list, or a list written as a JSON string. Raises Refused."""
    if isinstance(tools, str) and tools.strip():
        try:
            tools = parse_record(tools.encode())
        except Refused:
            raise Refused("bad-message", '"tools" is a string, but not a JSON list') from None
    if not tools:
        return ()
    if not isinstance(tools, list) or not all(isinstance(tool, Mapping) for tool in tools):
        raise Refused("bad-message", '"tools" is not a list of objects')
    # ShareGPT lists bare functions; templates want them as OpenAI writes them.
    found = tuple({"type": "function", "function": tool} if "name" in tool else tool for tool in tools)
    for number, tool in enumerate(found, 1):
        function = tool.get("function")
        named = isinstance(function, Mapping) and isinstance(function.get("name"), str) and function["name"]
        if tool.get("type", "function") == "function" and not named:
            raise Refused("bad-tools", f"tool {number} has no function with a name")
    return found


def _turns(turns: Any, name: str) -> list[Any]:
    if not isinstance(turns, list):
        raise Refused("no-messages", f'"{name}" is not a list')
    return turns


def _role(number: int, role: Any, known: Mapping[str, str]) -> str:
    if not isinstance(role, str):
        raise Refused("unknown-role", f"message {number} has no role")
    if role not in known:
        raise Refused("unknown-role", f'message {number}: unknown role "{one_line(role, 40)}"')
    return known[role]


_OPENAI_ROLES = {**{role: role for role in TURN_ROLES}, **_SAME_ROLE}


def _openai_message(number: int, turn: Any) -> Message:
    if not isinstance(turn, Mapping):
        raise Refused("bad-message", f"message {number} is not an object with a role and content")
    message: Message = {"role": _role(number, turn.get("role"), _OPENAI_ROLES)}
    calls = turn.get("tool_calls")
    if calls is None and turn.get("function_call"):
        calls = [{"type": "function", "function": turn["function_call"]}]
    message["content"] = _content(number, turn.get("content"), optional=message["role"] == "assistant")
    if calls:
        message["tool_calls"] = _tool_calls(number, calls)
    message.update({name: turn[name] for name in _KEPT if turn.get(name) is not None})
    _settle_weight(message)
    return message


def _sharegpt_message(number: int, turn: Any) -> Message:
    if not isinstance(turn, Mapping):
        raise Refused("bad-message", f'message {number} is not an object with "from" and "value"')
    source = turn.get("from", turn.get("role"))
    role = _role(number, source, _SHAREGPT_ROLES)
    content = _content(number, turn.get("value", turn.get("content")), optional=role == "assistant")
    message: Message = {"role": role, "content": content}
    if source == "function_call":
        message["content"] = ""
        message["tool_calls"] = _written_calls(number, content)
    if turn.get("weight") is not None:
        message["weight"] = turn["weight"]
    _settle_weight(message)
    return message


def _settle_weight(message: Message) -> None:
    """A weight is a whole number, also where a table has made a fraction or a truth of it."""
    if message.get("weight") in (0, 1):
        message["weight"] = int(message["weight"])


def _content(number: int, content: Any, *, optional: bool) -> str:
    if content is None and optional:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(_text_part(number, part) for part in content)
    raise Refused("bad-message", f"message {number} has no text in it")


def _text_part(number: int, part: Any) -> str:
    text = part if isinstance(part, str) else part.get("text") if isinstance(part, Mapping) else None
    if isinstance(part, Mapping) and part.get("type", "text") != "text":
        kind = one_line(str(part["type"]), 30)
        raise Refused("bad-message", f'message {number} has a part of type "{kind}", which is not text')
    if not isinstance(text, str):
        raise Refused("bad-message", f"message {number} has a part without text")
    return text


def _tool_calls(number: int, calls: Any) -> list[dict[str, Any]]:
    if not isinstance(calls, list):
        raise Refused("bad-message", f'message {number}: "tool_calls" is not a list')
    return [_tool_call(number, call) for call in calls]


def _tool_call(number: int, call: Any) -> dict[str, Any]:
    function = call.get("function", call) if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise Refused("bad-message", f"message {number}: a tool call without the name of its function")
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        # OpenAI writes the arguments as a JSON string; chat templates want the value.
        try:
            arguments = parse_record(arguments.encode())
        except Refused:
            if arguments.strip():
                reason = f"message {number}: the arguments of a tool call are not JSON"
                raise Refused("bad-message", reason) from None
            arguments = {}
    named = {"name": function["name"], "arguments": arguments or {}}
    made: dict[str, Any] = {"type": "function", "function": named}
    if isinstance(call.get("id"), str):
        made["id"] = call["id"]
    return made


def _written_calls(number: int, text: str) -> list[dict[str, Any]]:
    try:
        value = parse_record(text.encode())
    except Refused:
        raise Refused("bad-message", f"message {number}: the function call is not JSON") from None
    return _tool_calls(number, value if isinstance(value, list) else [value])
