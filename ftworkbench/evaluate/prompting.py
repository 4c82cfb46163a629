"""The prompt of a contestant for one question: its examples, and the passages that may help."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from ftworkbench.evaluate.contestants import Contestant, Message, Retrieval, Shot, build_messages
from ftworkbench.evaluate.documents import Passage, read_passages
from ftworkbench.evaluate.nearest import Nearest, alike, words_of
from ftworkbench.recipe.prompt_table import PASSAGES, QUESTION

Turns = tuple[tuple[tuple[Message, ...], str], ...]
_PLACES = re.compile(f"({re.escape(PASSAGES)}|{re.escape(QUESTION)})")


@dataclass(frozen=True)
class Prompted:
    """What is sent for a row, and the passages in it."""

    messages: tuple[Message, ...]
    contexts: tuple[str, ...] = ()


class Prompting:
    """The rows of the train split and the documents of the workspace, each indexed when it is first needed."""

    def __init__(self, pool: Sequence[Shot], root: Path) -> None:
        self._pool = [shot for shot in pool if shot.prompt]
        self._root = root
        self._documents: dict[str, tuple[list[Passage], Nearest]] = {}

    def ask(self, contestant: Contestant, question: Sequence[Message]) -> Prompted:
        """The messages of a contestant for a question. Raises InputError where its documents cannot be read.

        No example has the question's own prompt, or nearly: a row that stands in train as well must not be handed its
        own answer.
        """
        shots: Turns = ()
        if contestant.nearest:
            shots = self._nearest(question, contestant.nearest)
        elif contestant.shots:
            own = self._own(_text(question))
            shots = tuple(shot for shot in contestant.shots if not alike(own, self._own(_text(shot[0]))))
        contexts: tuple[str, ...] = ()
        if contestant.retrieval is not None:
            question, contexts = self._with_passages(contestant.retrieval, question)
        return Prompted(tuple(build_messages(replace(contestant, shots=shots), question)), contexts)

    @cached_property
    def _examples(self) -> Nearest:
        return Nearest([_text(shot.prompt) for shot in self._pool])

    def _own(self, text: str) -> Sequence[str]:
        """What a question is told from others by: its words, without the instructions that stand in most rows."""
        return self._examples.own(words_of(text))

    def _nearest(self, question: Sequence[Message], count: int) -> Turns:
        """The training rows nearest to the question by BM25, the nearest last.

        Nearest examples beat random ones (Liu et al. 2022, "What Makes Good In-Context Examples for GPT-3?"); a model
        leans on what it has read last (Zhao et al. 2021, "Calibrate Before Use"), so that the best one stands there.
        """
        own = self._own(_text(question))
        taken: list[Shot] = []
        for place in self._examples.order(_text(question)):
            if len(taken) == count:
                break
            if not alike(own, self._examples.own(self._examples.words[place])):
                taken.append(self._pool[place])
        return tuple(
            (tuple(message for message in shot.prompt if message["role"] != "system"), shot.answer)
            for shot in reversed(taken)
        )

    def _with_passages(
        self, retrieval: Retrieval, question: Sequence[Message]
    ) -> tuple[list[Message], tuple[str, ...]]:
        """The question with the passages nearest to its last user message put into that, as the template has it."""
        if retrieval.folder not in self._documents:
            passages = read_passages(self._root / retrieval.folder)
            self._documents[retrieval.folder] = passages, Nearest([passage.text for passage in passages])
        passages, index = self._documents[retrieval.folder]
        messages = list(question)
        last = max((place for place, each in enumerate(messages) if each["role"] == "user"), default=None)
        if last is None:
            return messages, ()
        asked = str(messages[last].get("content") or "")
        found = [passages[place] for place in index.order(asked)[: retrieval.passages]]
        shown = "\n\n".join(f"[{number}] {each.source}\n{each.text}" for number, each in enumerate(found, 1))
        parts = {PASSAGES: shown, QUESTION: asked}
        content = "".join(parts.get(part, part) for part in _PLACES.split(retrieval.template))
        messages[last] = {**messages[last], "content": content}
        return messages, tuple(each.text for each in found)


def _text(messages: Sequence[Message]) -> str:
    """What is asked, as one text, the system prompt aside."""
    return "\n".join(str(each.get("content") or "") for each in messages if each["role"] != "system")
