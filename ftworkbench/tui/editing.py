"""Messages as a text that a person can edit, and back; and the user's own editor."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ftworkbench.errors import InputError
from ftworkbench.printable import printable

HINT = "A line like  [user]  begins a message (system, user, assistant, tool). ctrl+s keeps it, and accepts the row."
_HEAD = re.compile(r"^\[(\w+)\][ \t]*$")


def to_text(messages: Sequence[Mapping[str, Any]]) -> str:
    """The messages, each below a line with its role in brackets; as JSON where they hold more than plain words."""
    if not all(_is_plain(message) for message in messages):
        return json.dumps([dict(message) for message in messages], ensure_ascii=False, indent=2)
    return "\n".join(f"[{message['role']}]\n{message['content']}\n" for message in messages)


def _is_plain(message: Mapping[str, Any]) -> bool:
    content = message.get("content")
    if set(message) != {"role", "content"} or not isinstance(content, str) or "\r" in content:
        return False
    return not any(_HEAD.match(line) for line in content.split("\n"))


def from_text(text: str) -> list[dict[str, Any]]:
    """The messages that an edited text says. Raises InputError, in words for the person who wrote it."""
    from ftworkbench.data.example import Example
    from ftworkbench.data.rules import Refused, check_example

    messages = _from_json(text) if text.lstrip().startswith(("[{", "[\n")) else _from_heads(text)
    try:
        check_example(Example(tuple(messages)))
    except Refused as error:
        raise InputError(error.reason) from error
    return messages


def _from_heads(text: str) -> list[dict[str, Any]]:
    from ftworkbench.data.rules import ROLES

    messages: list[dict[str, Any]] = []
    lines: list[str] = []
    for line in text.split("\n"):
        head = _HEAD.match(line)
        if head is not None:
            if head[1] not in ROLES:
                raise InputError(f"[{head[1]}] is not a role; they are {', '.join(ROLES)}")
            if messages:
                messages[-1]["content"] = _content(lines)
            elif any(lines):
                raise InputError("the first line has to name a role, like [user]")
            messages.append({"role": head[1], "content": ""})
            lines = []
        else:
            lines.append(line)
    if not messages:
        raise InputError("no line names a role, like [user]")
    messages[-1]["content"] = _content(lines)
    return messages


def _content(lines: list[str]) -> str:
    """What stands between two heads: the newline before the next head is not a part of it."""
    return "\n".join(lines[:-1] if lines and lines[-1] == "" else lines)


def _from_json(text: str) -> list[dict[str, Any]]:
    from ftworkbench.data.rules import ROLES

    try:
        messages = json.loads(text)
    except ValueError as error:
        raise InputError(f"not JSON: {error}") from error
    if not isinstance(messages, list) or not all(
        isinstance(message, dict) and message.get("role") in ROLES and isinstance(message.get("content"), str)
        for message in messages
    ):
        raise InputError(f"has to be a list of messages, each with a role ({', '.join(ROLES)}) and a content")
    return messages


def can_be_shown(text: str) -> bool:
    """Whether a text area may hold `text`: it shows what it holds, so nothing in it may steer a terminal."""
    flat = text.replace("\t", "    ")
    return "\r" not in flat and printable(flat) == flat


def editor_command() -> list[str]:
    """The user's editor. Raises InputError where none is named."""
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
    if not command:
        raise InputError("no editor is named: set EDITOR, like EDITOR=nano")
    return command


def edit_outside(text: str, suffix: str) -> str:
    """What the user's editor makes of `text`. Raises InputError where it fails. The terminal has to be free."""
    command = editor_command()
    with tempfile.TemporaryDirectory(prefix="ftworkbench-") as folder:
        path = Path(folder) / f"row{suffix}"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            code = subprocess.run([*command, str(path)], check=False).returncode
        except OSError as error:
            raise InputError(f"{command[0]}: {error.strerror}") from error
        if code != 0:
            raise InputError(f"{command[0]} ended with code {code}; nothing was changed")
        try:
            return path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise InputError(
                f"what the editor saved is not UTF-8 (byte {error.start + 1}); nothing was changed"
            ) from error
