"""The requests to a judge: which rows, in which orders, with which words."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ftworkbench.data.example import Example, content_text
from ftworkbench.errors import InputError
from ftworkbench.evaluate.fingerprint import model_stamp
from ftworkbench.evaluate.judge.messages import (
    RUBRIC,
    Asking,
    Message,
    grade_messages,
    grade_schema,
    pair_messages,
    pair_schema,
)
from ftworkbench.evaluate.outputs import Output
from ftworkbench.paths import model_folder
from ftworkbench.recipe.judge_table import Judge
from ftworkbench.worker.judgements import judgement_key
from ftworkbench.worker.work import Work

FORWARD, BACKWARD = "forward", "backward"
UNANSWERED = "an answer is missing"
Systems = Sequence[tuple[str, Sequence[Output]]]


@dataclass(frozen=True)
class Request:
    """A question to the judge about the row at `place`: in one of both orders, or the grade of a system."""

    place: int
    part: str
    messages: tuple[Message, ...]
    key: str


def rubric_of(work: Work) -> str:
    """The rubric of the recipe. Raises InputError where its file cannot be read."""
    judge = work.recipe.judge
    if judge.rubric_file is None:
        return judge.rubric or RUBRIC
    try:
        return (work.workspace.root / judge.rubric_file).read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"judge.rubric_file {judge.rubric_file}: cannot be read: {error}") from None


def rubric_sha256(rubric: str) -> str:
    return hashlib.sha256(rubric.encode()).hexdigest()[:16]


def schema_of(judge: Judge) -> dict[str, Any]:
    """The `response_format` that asks for a verdict as JSON of a schema."""
    schema = pair_schema() if judge.mode == "pairwise" else grade_schema(judge.scale)
    return {"type": "json_schema", "json_schema": {"name": "verdict", "strict": True, "schema": schema}}


def rows_to_judge(judge: Judge, systems: Systems) -> tuple[list[int], list[int]]:
    """The places of the rows that are judged, drawn by seed where there is a limit, and of those without an answer."""
    count = len(systems[0][1])
    said = [all(outputs[place].answered for _, outputs in systems) for place in range(count)]
    kept = [place for place in range(count) if said[place]]
    silent = [place for place in range(count) if not said[place]]
    if judge.limit is not None and judge.limit < len(kept):
        kept = sorted(random.Random(judge.seed).sample(kept, judge.limit))
    return kept, silent


def requests_of(work: Work, examples: Sequence[Example], systems: Systems, places: Sequence[int]) -> list[Request]:
    """What the judge is asked of these rows; nothing of a pair whose answers are the same."""
    judge = work.recipe.judge
    asking = Asking(rubric_of(work), judge.scale, judge.structured)
    model, options = _identity(work), _options(judge)
    requests: list[Request] = []

    def add(place: int, part: str, messages: list[Message]) -> None:
        requests.append(Request(place, part, tuple(messages), judgement_key(model, messages, options)))

    for place in places:
        question = _question(examples[place], work.recipe.prompt.system)
        reference = examples[place].answer if judge.reference else None
        answers = [outputs[place].answer for _, outputs in systems]
        if judge.mode == "grade":
            for (name, _), answer in zip(systems, answers, strict=True):
                add(place, name, grade_messages(asking, question, answer, reference))
        elif answers[0] != answers[1]:
            before, after = answers
            add(place, FORWARD, pair_messages(asking, question, before, after, reference))
            add(place, BACKWARD, pair_messages(asking, question, after, before, reference))
    return requests


def _question(example: Example, system: str | None) -> list[Message]:
    """The row's own prompt, without the examples and passages that a contestant was shown besides."""
    turns = [{"role": each["role"], "content": content_text(each)} for each in example.prompt]
    if system and not any(each["role"] == "system" for each in turns):
        turns.insert(0, {"role": "system", "content": system})
    return turns


def _options(judge: Judge) -> dict[str, Any]:
    form = schema_of(judge) if judge.structured and not judge.local else None
    return {"max_tokens": judge.max_tokens, "temperature": 0.0, "response_format": form}


def _identity(work: Work) -> Any:
    """Who judges, as far as that decides what is answered."""
    recipe = work.recipe
    if not recipe.judge.local:
        return {"endpoint": recipe.judge.endpoint, "model": recipe.judge.model}
    folder = model_folder(recipe.model.model_id, work.workspace.root)
    return {
        "model": _plain(asdict(recipe.model)),
        "quantization": _plain(asdict(recipe.quantization)),
        "stamp": model_stamp(folder) if folder else "",
    }


def _plain(table: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in table.items()}
