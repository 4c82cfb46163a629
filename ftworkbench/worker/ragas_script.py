"""Has RAGAS work out its metrics, and asks on stdout what its prompts ask of a model: one JSON object a line.

Run by the Python of an environment that has ragas, which lacks this package: nothing of it is imported. It speaks to no
server: whoever started it asks the model, and says the replies on stdin. A line of stdin has the `items`; each line of
stdout after it is {"id", "score"} or {"id", "error"} of an item, or {"ask": [...]}, which one line of stdin answers
with the `replies` by their ids. At its end it says {"end": true}; where the library cannot be used, {"missing"}.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import math
import os
import signal
import sys
from importlib import import_module
from importlib.metadata import version
from typing import Any

_NAMES = {
    "faithfulness": "Faithfulness",
    "answer_relevancy": "AnswerRelevancy",
    "context_precision": "ContextPrecision",
    "context_recall": "ContextRecall",
}
_FENCE = "```"


class NoReplyError(Exception):
    """Why there is no reply that can be read."""


class Desk:
    """The requests that are waited for, by their ids."""

    def __init__(self) -> None:
        self.waiting: dict[str, tuple[dict[str, Any], asyncio.Future[Any]]] = {}
        self._count = 0

    async def ask(self, **request: Any) -> Any:
        self._count += 1
        name, future = str(self._count), asyncio.get_running_loop().create_future()
        self.waiting[name] = ({"id": name, **request}, future)
        return await future

    def settle(self, replies: dict[str, Any]) -> None:
        for name, reply in replies.items():
            _, future = self.waiting.pop(name)
            if reply.get("error"):
                future.set_exception(NoReplyError(reply["error"]))
            else:
                future.set_result(reply)


def main() -> int:
    """Works on the items of the first line."""
    if len(sys.argv) > 1:
        _die_with(int(sys.argv[1]))
    output = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)

    def say(**fields: Any) -> None:
        print(json.dumps(fields), file=output, flush=True)

    try:
        metrics = import_module("ragas.metrics.collections")
        llm, embeddings = _models()
        say(ragas=version("ragas"))
    except Exception as error:
        say(missing=f"{type(error).__name__}: {error}"[:300])
        return 1
    items = json.loads(sys.stdin.readline())["items"]
    asyncio.run(_work(items, metrics, (llm, embeddings), say))
    say(end=True)
    return 0


def _die_with(parent: int) -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, see prctl(2)
    if os.getppid() != parent:
        os._exit(1)


def _models() -> tuple[Any, Any]:
    """Classes of the library's model and embeddings, whose requests go to a desk."""
    model: Any = import_module("ragas.llms.base").InstructorBaseRagasLLM
    embedding: Any = import_module("ragas.embeddings.base").BaseRagasEmbedding

    class Model(model):  # type: ignore[misc]
        def __init__(self, desk: Desk) -> None:
            self.desk = desk

        def generate(self, prompt: str, response_model: Any) -> Any:
            raise NotImplementedError

        async def agenerate(self, prompt: str, response_model: Any) -> Any:
            reply = await self.desk.ask(prompt=prompt, schema=response_model.model_json_schema())
            return _read(reply["text"], response_model)

    class Embeddings(embedding):  # type: ignore[misc]
        def __init__(self, desk: Desk) -> None:
            super().__init__()
            self.desk = desk

        def embed_text(self, text: str, **_: Any) -> Any:
            raise NotImplementedError

        async def aembed_text(self, text: str, **_: Any) -> Any:
            return (await self.desk.ask(embed=text))["vector"]

        async def aembed_texts(self, texts: list[str], **_: Any) -> Any:
            return [await self.aembed_text(text) for text in texts]

    return Model, Embeddings


def _read(text: str, response_model: Any) -> Any:
    """The reply as the library wants it; a fence around the JSON, or words before it, are passed over."""
    inner = text.strip()
    if _FENCE in inner:
        inner = inner.split(_FENCE)[1].removeprefix("json")
    start, end = inner.find("{"), inner.rfind("}")
    try:
        return response_model.model_validate_json(inner[start : end + 1])
    except ValueError:
        raise NoReplyError("unreadable: the reply is not the JSON that was asked for") from None


async def _work(items: list[dict[str, Any]], metrics: Any, models: tuple[Any, Any], say: Any) -> None:
    desk = Desk()
    own = {name: _metric(metrics, name, models, desk) for name in {item["metric"] for item in items}}

    async def one(item: dict[str, Any]) -> None:
        try:
            score = float((await own[item["metric"]].ascore(**item["given"])).value)
        except NoReplyError as error:
            say(id=item["id"], error=str(error))
        except Exception as error:
            say(id=item["id"], error=f"ragas failed: {type(error).__name__}: {error}"[:200])
        else:
            if math.isfinite(score):
                say(id=item["id"], score=score)
            else:
                say(id=item["id"], error="no statement: the model found nothing in the answer that can be checked")

    tasks = [asyncio.create_task(one(item)) for item in items]
    while True:
        await asyncio.sleep(0)
        running = sum(not task.done() for task in tasks)
        if not running:
            return
        if len(desk.waiting) < running:
            continue  # each waits for one reply at a time
        asked = [request for request, _ in desk.waiting.values()]
        say(ask=asked)
        desk.settle(json.loads(sys.stdin.readline())["replies"])


def _metric(metrics: Any, name: str, models: tuple[Any, Any], desk: Desk) -> Any:
    model, embeddings = models
    if name == "answer_relevancy":
        # The model is asked without chance: a question that is asked thrice would be answered thrice the same.
        return metrics.AnswerRelevancy(llm=model(desk), embeddings=embeddings(desk), strictness=1)
    return getattr(metrics, _NAMES[name])(llm=model(desk))


if __name__ == "__main__":
    sys.exit(main())
