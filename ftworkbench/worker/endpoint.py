"""Asking a model behind an OpenAI-compatible server: many at once, again where it fails, each failure with its name."""

from __future__ import annotations

import asyncio
import base64
import os
import random
import re
import time
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import openai

from ftworkbench.errors import InputError, JobError
from ftworkbench.evaluate.contestants import Endpoint
from ftworkbench.worker.endpoint_faults import as_fault, told
from ftworkbench.worker.endpoint_reply import FailedError, RefusedError, Reply, read_reply

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before a request is tried again, twice as many each time
_TOO_MUCH = re.compile(r"too large|too long|maximum context|context length|at most", re.IGNORECASE)
LONGEST_WAIT = 3600.0  # seconds that a row waits in all for as long as the server itself asks to (Retry-After)
_LOOK = 0.2
_ALL_REFUSED = 5  # the first so many requests: then it is the way of asking that is wrong, not the questions
_NO_KEY = "none"  # the library wants one; servers that need none pass over it
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
# What not every server takes, and what is said in its place where one refuses it.
_OPTIONAL: dict[str, str | None] = {
    "max_tokens": "max_completion_tokens",
    "stream_options": None,
    "temperature": None,
    "top_p": None,
    "seed": None,
    "response_format": None,
}
GREEDY: Mapping[str, Any] = {"temperature": 0.0}


@dataclass(frozen=True)
class Question:
    """What is asked: messages, and the tools that the answer may call."""

    messages: Sequence[Mapping[str, Any]]
    tools: Sequence[Any] = ()


def api_key(endpoint: Endpoint) -> str:
    """The endpoint's key, from the environment; empty where it needs none.

    Raises InputError where the variable that is named is not set.
    """
    if endpoint.api_key_env is None:
        return ""
    key = os.environ.get(endpoint.api_key_env, "").strip()
    if not key:
        raise InputError(f"{endpoint.api_key_env} is not set in the environment; it holds the key of {endpoint.model}")
    return key


def ask_endpoint(
    endpoint: Endpoint,
    questions: Sequence[Question],
    max_tokens: int,
    *,
    tell: Callable[[int, Reply], None],
    say: Callable[[str], None] = lambda text: None,
    look: Callable[[], None] = lambda: None,
    hear: Callable[[int, str], None] = lambda place, delta: None,
    drawing: Mapping[str, Any] = GREEDY,
    patience: float = LONGEST_WAIT,
) -> None:
    """Asks every question; `tell` is given each reply with its place as it comes, one without an answer too.

    Drawn as `drawing` has it (temperature, top_p, seed), and streamed: `hear` is given what is written as it comes,
    with the question's place, by tries that fail as well. `say` hears what a person should know meanwhile; `look` is
    called a few times a second. A row waits no longer than `patience` seconds in all where the server itself asks to
    wait. What any of them raises ends the work. Raises JobError where every request would fail:
    a wrong key, no such model, no money left.
    """
    options = {"max_tokens": max_tokens, **drawing, "stream_options": {"include_usage": True}}
    asyncio.run(_ask_all(_Asking, _Shared(endpoint, options, say, hear, patience), questions, tell, look))


def ask_embeddings(
    endpoint: Endpoint,
    model: str,
    texts: Sequence[str],
    *,
    tell: Callable[[int, Reply], None],
    say: Callable[[str], None] = lambda text: None,
    look: Callable[[], None] = lambda: None,
) -> None:
    """Has every text embedded by a model of the server; the `text` of a reply is its vector, float32 in base64.

    The rest is as in ask_endpoint.
    """
    shared = _Shared(replace(endpoint, model=model), {}, say, lambda place, delta: None)
    questions = [Question([{"role": "user", "content": text}]) for text in texts]
    asyncio.run(_ask_all(_Embedding, shared, questions, tell, look))


async def _ask_all(
    way: type[_Asking],
    shared: _Shared,
    questions: Sequence[Question],
    tell: Callable[[int, Reply], None],
    look: Callable[[], None],
) -> None:
    key = api_key(shared.endpoint)
    async with _client(shared.endpoint, key) as client:
        asking = way(client, shared, key)
        waiting = iter(enumerate(questions))
        tasks = [asyncio.create_task(_work(asking, waiting, tell)) for _ in range(shared.endpoint.concurrency)]
        try:
            while not all(task.done() for task in tasks):
                done, _ = await asyncio.wait(tasks, timeout=_LOOK, return_when=asyncio.FIRST_EXCEPTION)
                for task in done:
                    task.result()
                look()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _work(asking: _Asking, waiting: Iterator[tuple[int, Question]], tell: Callable[[int, Reply], None]) -> None:
    for place, question in waiting:
        tell(place, await asking.ask(place, question))


@asynccontextmanager
async def _client(endpoint: Endpoint, key: str) -> Any:
    """The library's client, told nothing by the environment but the key that the recipe names."""
    host = urlsplit(endpoint.url).hostname
    omitted = {name: openai.Omit() for name in ("OpenAI-Organization", "OpenAI-Project")}
    client = openai.AsyncOpenAI(
        api_key=key or _NO_KEY,
        base_url=endpoint.url,
        timeout=endpoint.timeout,
        max_retries=0,
        default_headers=None if host == "api.openai.com" else omitted,  # type: ignore[arg-type]
        http_client=openai.DefaultAsyncHttpxClient(trust_env=False) if host in _LOOPBACK else None,
    )
    async with client:
        yield client


@dataclass(frozen=True)
class _Shared:
    """What all requests have in common: the endpoint, the options that are sent along, and who hears of them."""

    endpoint: Endpoint
    options: Mapping[str, Any]
    say: Callable[[str], None]
    hear: Callable[[int, str], None]
    patience: float = LONGEST_WAIT


class _Asking:
    """What the requests to one endpoint share: until when all wait, what it does not take, whether it is gone."""

    def __init__(self, client: Any, shared: _Shared, key: str) -> None:
        self._client = client
        self._endpoint = shared.endpoint
        self._say = shared.say
        self._hear = shared.hear
        self._patience = shared.patience
        self._key = key
        self._wanted = tuple(shared.options)
        self._options = dict(shared.options)
        self._not_before = 0.0
        self._answered = 0.0
        self._refused = 0
        self._gone = ""

    async def ask(self, place: int, question: Question) -> Reply:
        """The answer, or why there is none, once that is settled."""
        began, tries, failures, waited = time.monotonic(), 0, 0, 0.0
        while True:
            if self._gone:
                return Reply(error=f"not asked: {self._gone}")
            await self._wait_for_all()
            try:
                reply = await self._once(place, question)
            except RefusedError as refused:
                self._refused += 1
                if not self._answered and self._refused >= _ALL_REFUSED:
                    raise JobError(f"{self._endpoint.url}: refuses every request: {refused}") from refused
                return Reply(error=str(refused))
            except FailedError as failed:
                pause = min(FIRST_PAUSE * 2**tries, LONGEST_PAUSE)
                tries += 1
                if failed.wait is not None:
                    waited += max(failed.wait, pause)
                    if waited > self._patience:
                        return Reply(error=str(failed))
                    self._let_all_wait(max(failed.wait, pause))
                    continue
                failures += 1
                if failures > self._endpoint.retries:
                    if failed.unreachable and self._answered < began:
                        self._gone = str(failed)
                    return Reply(error=str(failed))
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))
                continue
            self._answered = time.monotonic()
            return reply

    def _let_all_wait(self, seconds: float) -> None:
        """Lets every request wait as long as the server asks to."""
        until = time.monotonic() + seconds
        if until > self._not_before + 1.0:
            self._say(f"the server asks to wait {seconds:.3g} s; all requests do")
        self._not_before = max(self._not_before, until)

    async def _wait_for_all(self) -> None:
        while (rest := self._not_before - time.monotonic()) > 0:
            await asyncio.sleep(rest)

    async def _once(self, place: int, question: Question) -> Reply:
        """One request. Raises FailedError, RefusedError, and JobError where every other would fail as well."""
        while True:
            sent = dict(self._options)
            try:
                reply = await self._send(place, question, sent)
                return replace(reply, left_out=tuple(name for name in self._wanted if name not in sent))
            except openai.APIStatusError as error:
                if not self._leave_out(error, sent):
                    raise as_fault(error, self._endpoint, self._key, answered=bool(self._answered)) from error
            except (openai.OpenAIError, TimeoutError, OSError, ValueError, TypeError, AttributeError) as error:
                raise as_fault(error, self._endpoint, self._key) from error

    async def _send(self, place: int, question: Question, options: Mapping[str, Any]) -> Reply:
        tools = {"tools": list(question.tools)} if question.tools else {}
        began = time.monotonic()
        async with asyncio.timeout(self._endpoint.timeout):
            stream = await self._client.chat.completions.create(
                model=self._endpoint.model,
                messages=[dict(message) for message in question.messages],
                stream=True,
                **tools,
                **options,
            )
            async with stream:
                return await read_reply(stream, began, self._endpoint, lambda delta: self._hear(place, delta))

    def _leave_out(self, error: openai.APIStatusError, sent: Mapping[str, Any]) -> bool:
        """Whether the server refuses an option by name that it can be asked without: it is left out from now on."""
        if error.status_code not in (400, 422):
            return False
        text = str(error)
        if _TOO_MUCH.search(text):
            return False  # it takes the option, and this row asks for too much
        for name, other in _OPTIONAL.items():
            if name in sent and _is_named(name, text):
                if name in self._options:
                    value = self._options.pop(name)
                    if other:
                        self._options[other] = value
                    self._say(f"the server does not take {name}: {told(text, self._key)}")
                return True
        return False


class _Embedding(_Asking):
    """The same for texts that are embedded."""

    async def _send(self, place: int, question: Question, options: Mapping[str, Any]) -> Reply:
        began = time.monotonic()
        async with asyncio.timeout(self._endpoint.timeout):
            found = await self._client.embeddings.create(
                model=self._endpoint.model, input=[question.messages[0]["content"]], encoding_format="float"
            )
        vector = array("f", found.data[0].embedding)
        if not any(vector):
            raise ValueError("an embedding that is none")
        used = getattr(found.usage, "prompt_tokens", 0) or 0
        seconds = round(time.monotonic() - began, 4)
        return Reply(base64.b64encode(vector.tobytes()).decode("ascii"), prompt_tokens=used, seconds=seconds)


def _is_named(option: str, text: str) -> bool:
    """Whether a refusal is about this option. Servers name a schema that they do not take in many ways."""
    if option == "response_format":
        return any(word in text for word in ("response_format", "json_schema", "guided", "grammar"))
    return f"'{option}'" in text or f'"{option}"' in text or f"{option} " in text
