"""What comes of a question to an OpenAI-compatible server: an answer, as it is streamed, or a failure with a name."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ftworkbench.errors import WorkbenchError
from ftworkbench.evaluate.contestants import Endpoint

REFUSED = "refused"
_ENDS = {"stop": "stop", "length": "length", "tool_calls": "stop", "function_call": "stop", "eos": "stop"}


class FailedError(WorkbenchError):
    """A request that may succeed the next time, after `wait` seconds where the server has said how many."""

    def __init__(self, text: str, *, wait: float | None = None, unreachable: bool = False) -> None:
        super().__init__(text)
        self.wait = wait
        self.unreachable = unreachable


class RefusedError(WorkbenchError):
    """A question that the server will not answer, however often it is asked."""


def kind(error: str) -> str:
    """The name of a failure, without what is particular to it: "timeout", "server error 500"."""
    return error.partition(":")[0]


def counted(errors: Iterable[str]) -> str:
    """How many failures there were of each kind: `3 timeout, 1 server error 500`."""
    return ", ".join(f"{count:,} {name}" for name, count in Counter(map(kind, errors)).most_common())


@dataclass(frozen=True)
class Reply:
    """What came of one question. `error` says why there is no answer; `finish` is "stop" or "length".

    Without a count of the server's own `tokens` are the pieces that came, and `cost` is not known. `left_out` are the
    options that it was asked without, because the server refuses them.
    """

    text: str = ""
    finish: str = "stop"
    tokens: int = 0
    prompt_tokens: int = 0
    seconds: float = 0.0
    first_token_seconds: float | None = None
    cost: float | None = None
    error: str = ""
    left_out: tuple[str, ...] = ()


@dataclass
class _Heard:
    """What has come of an answer so far."""

    hear: Callable[[str], None]
    pieces: list[str] = field(default_factory=list)
    calls: dict[int, dict[str, str]] = field(default_factory=dict)
    count: int = 0
    first: float | None = None
    finish: str | None = None
    usage: Any = None

    def take(self, chunk: Any) -> None:
        self.usage = getattr(chunk, "usage", None) or self.usage
        for choice in chunk.choices or ():
            self.finish = choice.finish_reason or self.finish
            self._take_delta(choice.delta)

    def _take_delta(self, delta: Any) -> None:
        text = getattr(delta, "content", None)
        calls = getattr(delta, "tool_calls", None) or ()
        thought = getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None)
        if not (text or calls or thought):
            return
        self.first = self.first or time.monotonic()
        self.count += 1
        if text:
            self.pieces.append(text)
            self.hear(text)
        for place, call in enumerate(calls):
            kept = self.calls.setdefault(place if call.index is None else call.index, {"name": "", "arguments": ""})
            if call.function is not None:
                kept["name"] += call.function.name or ""
                kept["arguments"] += call.function.arguments or ""


async def read_reply(
    stream: AsyncIterator[Any], began: float, endpoint: Endpoint, hear: Callable[[str], None]
) -> Reply:
    """The answer that is streamed; `hear` is given it piece by piece.

    Raises FailedError where it breaks off or is none, RefusedError where it was withheld.
    """
    heard = _Heard(hear)
    try:
        async for chunk in stream:
            heard.take(chunk)
    except (ValueError, TypeError, AttributeError) as error:
        raise FailedError("no answer: what came is not what an OpenAI-compatible server sends") from error
    except Exception as error:
        if heard.count and type(error).__name__ in ("APIConnectionError", "RemoteProtocolError", "ReadError"):
            raise FailedError("cut off: the connection broke off in mid-answer") from error
        raise
    if heard.finish is None:
        if heard.count:
            raise FailedError("cut off: the answer ended without saying why")
        raise FailedError("no answer: what came is not what an OpenAI-compatible server sends")
    if heard.finish == "content_filter":
        raise RefusedError("refused: the server's content filter withheld the answer")
    if heard.finish not in _ENDS:
        raise FailedError(f"cut off: the server says that it ended by {str(heard.finish)[:40]}")
    return _reply(heard, began, endpoint)


def _reply(heard: _Heard, began: float, endpoint: Endpoint) -> Reply:
    used = [getattr(heard.usage, name, None) for name in ("prompt_tokens", "completion_tokens")]
    prompt_tokens, tokens = (each if isinstance(each, int) else 0 for each in used)
    counted = all(isinstance(each, int) for each in used)
    calls = [_call(call) for _, call in sorted(heard.calls.items())]
    text = "".join(heard.pieces)
    return Reply(
        "\n".join([text, *calls] if text or not calls else calls),
        _ENDS[str(heard.finish)],
        tokens if counted else heard.count,
        prompt_tokens,
        round(time.monotonic() - began, 4),
        None if heard.first is None else round(heard.first - began, 4),
        endpoint.cost(prompt_tokens, tokens) if counted else None,
    )


def _call(call: dict[str, str]) -> str:
    """A call of a tool as an example's answer has it: sorted JSON, its arguments a text."""
    return json.dumps({"arguments": call["arguments"], "name": call["name"]}, ensure_ascii=False, separators=(",", ":"))
