"""Systems of a request to a session that models behind endpoints answer for, beside those that are answered here."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from ftworkbench.evaluate.contestants import Contestant, Endpoint, Retrieval
from ftworkbench.worker.answer_events import AnswerEvents
from ftworkbench.worker.endpoint_reply import Reply
from ftworkbench.worker.generate import Answer, Sampling
from ftworkbench.worker.reasons import traced
from ftworkbench.worker.streaming import Streamed
from ftworkbench.worker.work import StoppedError, Work


@dataclass(frozen=True)
class AskedElsewhere:
    """A system, the endpoint that answers for it, and what that is asked."""

    name: str
    endpoint: Endpoint
    messages: Sequence[Mapping[str, Any]]
    tools: Sequence[Any] = ()


def contestant_of(system: Mapping[str, Any]) -> Contestant:
    """The contestant that a system of a request names (see steps.session.as_system)."""
    endpoint, retrieval = system.get("endpoint"), system.get("retrieval")
    if endpoint:
        endpoint = Endpoint(**{**endpoint, "prices": tuple(endpoint["prices"])})
    return Contestant(
        str(system.get("name", "")),
        system.get("system"),
        tuple((tuple(turns), str(answer)) for turns, answer in system.get("shots") or ()),
        nearest=int(system.get("nearest") or 0),
        retrieval=Retrieval(**retrieval) if retrieval else None,
        endpoint=endpoint or None,
    )


@contextmanager
def answering_elsewhere(work: Work, ident: str, asked: Sequence[AskedElsewhere], sampling: Sampling) -> Iterator[None]:
    """Has the endpoints answer, streamed, while the block runs; waits for them at its end.

    What fails is told as that system's error, and is not asked again: who sees half an answer asks anew.
    """
    threads = [
        threading.Thread(target=_ask, args=(work, ident, each, sampling), name=f"ask-{each.name}", daemon=True)
        for each in asked
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join()


def _ask(work: Work, ident: str, asked: AskedElsewhere, sampling: Sampling) -> None:
    from ftworkbench.worker.endpoint import Question, ask_endpoint

    endpoint = replace(asked.endpoint, retries=0, concurrency=1)
    drawing: dict[str, Any] = {"temperature": sampling.temperature}
    if sampling.temperature:
        drawing |= {"top_p": sampling.top_p, "seed": sampling.seed}
    proof = {"endpoint": endpoint.url, "model": endpoint.model, "max_new_tokens": sampling.max_new_tokens, **drawing}
    events = AnswerEvents(work, ident, [], proof)

    def tell(place: int, reply: Reply) -> None:
        if reply.error:
            work.log.emit("answer", request=ident, system=asked.name, error=reply.error)
            return
        answer = Answer(reply.text, reply.finish, reply.tokens, reply.seconds)
        events(Streamed(asked.name, "", answer, None, reply.first_token_seconds, reply.cost))

    try:
        ask_endpoint(
            endpoint,
            [Question(asked.messages, asked.tools)],
            sampling.max_new_tokens,
            tell=tell,
            look=work.leave_if_stopped,
            hear=lambda place, delta: events(Streamed(asked.name, delta)),
            drawing=drawing,
            patience=0.0,  # who waits for an answer sees why there is none, and asks again
        )
    except StoppedError:
        return
    except Exception as error:
        work.log.emit("answer", request=ident, system=asked.name, error=traced(error))
