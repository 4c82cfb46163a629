"""What lm-evaluation-harness says of each row of a task, as the outputs that every suite has."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ftworkbench.errors import InputError
from ftworkbench.evaluate.outputs import Output
from ftworkbench.worker.harness_tasks import TaskSuite

_KEY_LENGTH = 16

Sample = Mapping[str, Any]


def outputs_of(suite: TaskSuite, samples: Mapping[str, Sequence[Sample]]) -> list[Output]:
    """The rows in the order of the tasks and their data, each with the score that the library gave it.

    The answer is what was written, or the choice that the metric takes for the likeliest. Raises InputError where a
    score is no number from 0 to 1.
    """
    return [_output(suite, task, each) for task, each in _rows(suite, samples)]


def questions_of(suite: TaskSuite, samples: Mapping[str, Sequence[Sample]]) -> list[str]:
    """What each row asks about, for finding those that are nearly the same: without examples, and what all begin with.

    Where a task says by what text its rows are looked for in a model's training data, that is it.
    """
    found: dict[str, list[str]] = {}
    for task, each in _rows(suite, samples):
        found.setdefault(task.task_name, []).append(_question(task, each))
    return [each for questions in found.values() for each in _without_beginning(questions)]


def _question(task: Any, sample: Sample) -> str:
    with suppress(Exception):  # of many a task the library cannot read its own word on it
        if task.should_decontaminate():
            query = task.doc_to_decontamination_query(sample["doc"])
            if isinstance(query, str) and query.strip():
                return query
    question = task.doc_to_text(sample["doc"])
    return question if isinstance(question, str) else _prompt(sample)


def _without_beginning(questions: Sequence[str]) -> list[str]:
    """The questions without the words that all of them begin with: instructions, which would make them alike."""
    first, last = min(questions), max(questions)  # what these two begin with, all that lie between them do
    pairs = enumerate(zip(first, last, strict=False))
    length = next((place for place, (one, other) in pairs if one != other), len(first))
    cut = max(first.rfind(" ", 0, length), first.rfind("\n", 0, length)) + 1
    return [each[cut:] for each in questions] if first != last else list(questions)


def _rows(suite: TaskSuite, samples: Mapping[str, Sequence[Sample]]) -> Iterator[tuple[Any, Sample]]:
    for name, task in suite.tasks.items():
        chosen = (each for each in samples[name] if each["filter"] == suite.filter)
        for each in sorted(chosen, key=lambda sample: int(sample["doc_id"])):
            yield task, each


def _output(suite: TaskSuite, task: Any, sample: Sample) -> Output:
    row = str(sample["doc_hash"])[:_KEY_LENGTH]
    reference, answer = _chosen(suite, task, sample) if task.OUTPUT_TYPE == "multiple_choice" else _written(sample)
    message = {"role": "user", "content": _prompt(sample)}
    scores = {suite.metric_name: _score(suite, sample, row)}
    return Output(row, (message,), reference, answer, finish="", scores=scores)


def _score(suite: TaskSuite, sample: Sample, row: str) -> float:
    given = sample.get(suite.metric)
    try:
        found = float(given)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        found = math.nan
    if not 0.0 <= found <= 1.0:
        raise InputError(f"{suite.shown}: {suite.metric_name} is {given!r:.60} in row {row}, and no share from 0 to 1")
    return found


def _contexts(sample: Sample) -> list[str]:
    return list(dict.fromkeys(str(arguments[0]) for arguments in sample["arguments"] if arguments[0]))


def _prompt(sample: Sample) -> str:
    """What the model was given; of a task that compares questions, all of them."""
    return "\n".join(_contexts(sample))


def _written(sample: Sample) -> tuple[str, str]:
    """The reference, and what the model wrote, or would have where only likelihoods were asked."""
    target, said = sample["target"], sample["resps"][0][0]
    reference = str(target[0] if isinstance(target, list) and target else target)
    if isinstance(said, str):
        return reference, said
    greedy = isinstance(said, list | tuple) and len(said) > 1 and bool(said[1])
    return reference, reference if greedy else ""


def _chosen(suite: TaskSuite, task: Any, sample: Sample) -> tuple[str, str]:
    """The right choice, and the one that the metric takes for the likeliest, as the library has it."""
    doc = sample["doc"]
    choices = [str(each) for each in task.doc_to_choice(doc)]
    likely = [float(found[0][0]) for found in sample["resps"]]
    first = likely[: len(choices)]
    if suite.metric == "acc_norm":
        first = [each / (len(choice) or 1) for each, choice in zip(first, choices, strict=True)]
    elif suite.metric == "acc_bytes":
        first = [each / (len(choice.encode()) or 1) for each, choice in zip(first, choices, strict=True)]
    elif suite.metric == "acc_mutual_info":
        first = [each - alone for each, alone in zip(first, likely[len(choices) :], strict=True)]
    answer = choices[max(range(len(first)), key=first.__getitem__)]
    gold = task.doc_to_text(doc) if getattr(task, "multiple_input", 0) else sample["target"]
    gold = gold[0] if isinstance(gold, list) and gold else gold
    right = choices[gold] if isinstance(gold, int) and 0 <= gold < len(choices) else str(gold)
    return right, answer
