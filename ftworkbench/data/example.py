"""The canonical example that every format of row becomes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import orjson

Message = dict[str, Any]

# The role of raw text: the only message of its example, learned as it stands, without a chat template around it.
TEXT = "text"

# What differs between exports of the same conversation without changing what it says.
_VOLATILE = ("id", "tool_call_id")


def canonical_json(value: Any) -> bytes:
    """`value` as JSON with sorted keys and no spaces: the same bytes for the same content."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # integers past 64 bits and nesting past 254
        text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "surrogatepass")


def dump_json(value: Any) -> bytes:
    """`value` as JSON with its keys in their order, whatever it holds."""
    try:
        return orjson.dumps(value)
    except TypeError:
        pass
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    except RecursionError:
        return b'"(nested too deeply to be shown)"'


def sha256_of_json(value: Any) -> str:
    """The SHA-256 of a JSON value's canonical form, in hex."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def key_of(value: Any) -> str:
    """The content hash of a JSON value that decisions are kept by: the first 16 hex digits of its SHA-256."""
    return sha256_of_json(value)[:16]


def key_name(key: int) -> str:
    """A key that is kept as a number, as the ledger has it."""
    return f"{key:016x}"


def content_text(message: Mapping[str, Any]) -> str:
    """What a message says: its content, and its tool calls as JSON where it has any."""
    content = message.get("content")
    parts = [content] if isinstance(content, str) and content else []
    for call in message.get("tool_calls") or ():
        parts.append(canonical_json(call.get("function", call)).decode("utf-8", "replace"))
    return "\n".join(parts)


@dataclass(frozen=True)
class Example:
    """A conversation to learn from, or one raw text. `original` is the record it was read from, whole.

    `rejected` are the turns of a preference pair that were found worse than those at the end of `messages`.
    """

    messages: tuple[Message, ...]
    tools: tuple[Any, ...] = ()
    original: Any = field(default=None, compare=False, repr=False)
    rejected: tuple[Message, ...] = ()

    @cached_property
    def key(self) -> str:
        """The content hash that decisions are kept by: the same for every export and format."""
        messages = [_identity(message) for message in self.messages]
        told: dict[str, Any] = {"messages": messages, "tools": list(self.tools)}
        if self.rejected:
            told["rejected"] = [_identity(message) for message in self.rejected]
        return key_of(told)

    @property
    def raw_text(self) -> str | None:
        """The text of an example that is no conversation: all of it is learned. None for a conversation."""
        return self.messages[0]["content"] if self.messages and self.messages[0]["role"] == TEXT else None

    @property
    def _last_assistant(self) -> int:
        for index in range(len(self.messages) - 1, -1, -1):
            if self.messages[index]["role"] == "assistant":
                return index
        return len(self.messages)

    @property
    def prompt(self) -> tuple[Message, ...]:
        """The messages before the last assistant one; none of a raw text, which asks nothing."""
        return () if self.raw_text is not None else self.messages[: self._last_assistant]

    @property
    def answer(self) -> str:
        """What the last assistant message says; its tool calls as JSON where it makes any."""
        last = self._last_assistant
        return content_text(self.messages[last]) if last < len(self.messages) else ""

    @cached_property
    def prompt_text(self) -> str:
        """What is asked, as one text: the prompt without its system message. A raw text, so that like finds like."""
        if self.raw_text is not None:
            return self.raw_text
        return "\n".join(content_text(message) for message in self.prompt if message["role"] != "system")

    @property
    def text(self) -> str:
        """All that the example says, for search."""
        return "\n".join(content_text(message) for message in (*self.messages, *self.rejected))

    def edited(self, messages: Sequence[Message]) -> Example:
        """The example with these messages in place of its own."""
        return replace(self, messages=tuple(messages))


def _identity(message: Message) -> dict[str, Any]:
    kept = {name: value for name, value in message.items() if value is not None and name not in _VOLATILE}
    calls = kept.pop("tool_calls", None)
    if calls:
        functions = [call.get("function", call) for call in calls]
        kept["tool_calls"] = [{"name": f.get("name"), "arguments": f.get("arguments")} for f in functions]
        if not kept.get("content"):
            kept.pop("content", None)
    return kept
