"""The rules that a conversation has to keep, as OpenAI and TRL state them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ftworkbench.data.example import TEXT, Example, Message

TURN_ROLES = ("system", "user", "assistant", "tool")
ROLES = (*TURN_ROLES, TEXT)


class Refused(Exception):  # noqa: N818  (a verdict on a row; it never reaches a user as an error)
    """A record that is no example: the kind of problem, and why in words for a person.

    `draft` is what could be read of a record that breaks a rule.
    """

    def __init__(self, kind: str, reason: str, draft: Example | None = None) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.draft = draft


def check_example(example: Example) -> Example:
    """The example itself. Raises Refused where nothing can be learnt from its messages."""
    messages = example.messages
    if not messages:
        raise Refused("no-messages", "the list of messages is empty")
    if any(message["role"] == TEXT for message in messages):
        return _check_raw_text(example)
    assistants = [number for number, message in enumerate(messages, 1) if message["role"] == "assistant"]
    if not assistants:
        raise Refused("no-assistant", "no assistant turn: there is no answer to learn from", example)
    for number in assistants:
        message = messages[number - 1]
        if not message["content"].strip() and not message.get("tool_calls"):
            raise Refused("empty-answer", f"message {number}: the assistant says nothing", example)
    _check_weights(example, assistants)
    if assistants[-1] != len(messages):
        last = messages[-1]["role"]
        raise Refused("unanswered", f"the last message is from the {last}, not the assistant", example)
    return example


def _check_weights(example: Example, assistants: Sequence[int]) -> None:
    """Whether turns are learned or not is said by 1 or 0, and one at least is."""
    for number, message in enumerate(example.messages, 1):
        if message.get("weight", 1) not in (0, 1):
            raise Refused("bad-weight", f'message {number}: "weight" must be 0 or 1', example)
    if all(example.messages[number - 1].get("weight", 1) == 0 for number in assistants):
        raise Refused("nothing-to-learn", "every assistant turn has weight 0", example)


def _check_raw_text(example: Example) -> Example:
    if len(example.messages) > 1 or example.tools:
        raise Refused("bad-message", "raw text stands alone, without turns or tools", example)
    if not example.messages[0]["content"].strip():
        raise Refused("empty-answer", "there is no text in it", example)
    return example


def warning(messages: Sequence[Message]) -> tuple[str, str] | None:
    """The kind and reason of what is odd about a conversation that is kept all the same."""
    if messages[0]["role"] == TEXT:
        return None
    for number, message in enumerate(messages, 1):
        if message["role"] == "user" and not message["content"].strip():
            return "empty-prompt", f"message {number}: the user says nothing"
    turns = [(number, message) for number, message in enumerate(messages, 1) if message["role"] != "system"]
    if any(message["role"] == "system" for message in messages[1:]):
        return "not-alternating", "a system message stands after the first message"
    if turns[0][1]["role"] == "assistant":
        return "not-alternating", f"message {turns[0][0]}: the assistant speaks first"
    for (_, before), (number, message) in pairwise(turns):
        pair = (before["role"], message["role"])
        if pair in {("user", "user"), ("assistant", "assistant")}:
            return "not-alternating", f"message {number}: the {message['role']} speaks twice in a row"
        if message["role"] == "tool" and before["role"] != "tool" and not before.get("tool_calls"):
            return "not-alternating", f"message {number}: a tool answers that was not called"
        if pair == ("tool", "user"):
            return (
                "not-alternating",
                f"message {number}: the user speaks before the tool is answered",
            )
    return None
