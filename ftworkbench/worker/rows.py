"""The rows of a split as the trainer takes them, with what was left out of them said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ftworkbench.data.example import Example
from ftworkbench.errors import InputError
from ftworkbench.recipe.tables import Recipe
from ftworkbench.worker.row_faults import ALL_CUT, CUT, DROPS, KINDS, NO_STOP, REFUSED, Fault, faults_of
from ftworkbench.worker.template import RenderError, Template
from ftworkbench.worker.tokens import Encoded, encode_all
from ftworkbench.worker.work import Work

_BATCH = 1000  # rows that are tokenized at one go
_TOLD = {
    REFUSED: "left out: {why}",
    ALL_CUT: "left out: no token to learn is left within train.max_length = {length}",
    CUT: "lost the end of an answer at train.max_length = {length}",
    DROPS: "lost turns, tool calls or the list of tools: the model's chat template leaves them out",
    NO_STOP: "do not train the token that ends their last answer: the model may not learn to stop there",
}


@dataclass(frozen=True)
class Rows:
    """`keys` are the content hashes of the rows, in their order."""

    encoded: tuple[Encoded, ...]
    keys: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.encoded)

    @property
    def tokens(self) -> int:
        return sum(len(each.input_ids) for each in self.encoded)

    def longest_first(self, count: int) -> Rows:
        """The `count` longest rows."""
        order = sorted(range(len(self)), key=lambda index: -len(self.encoded[index].input_ids))[:count]
        return Rows(tuple(self.encoded[i] for i in order), tuple(self.keys[i] for i in order))

    def dataset(self) -> Any:
        """The rows as a dataset of input_ids and labels, which TRL takes as they are."""
        from datasets import Dataset

        return Dataset.from_dict(
            {
                "input_ids": [each.input_ids for each in self.encoded],
                "labels": [each.labels for each in self.encoded],
            }
        )


def tuned_system(recipe: Recipe) -> str | None:
    """The system prompt that the tuned model is trained and asked with."""
    return recipe.prompt.system if recipe.prompt.tuned_system is None else recipe.prompt.tuned_system


def encode_rows(work: Work, template: Template, examples: Sequence[Example], part: str) -> Rows:
    """The rows of a part of the split, encoded. What cannot be learned from is left out, and said with its rows.

    Raises InputError where no row of a part that has some can be learned from.
    """
    kept: list[tuple[str, Encoded]] = []
    faulty: dict[str, list[str]] = {kind: [] for kind in KINDS}
    reasons: Counter[str] = Counter()
    for example, found, faults in judged_rows(work.recipe, template, examples):
        for kind, _ in faults:
            faulty[kind].append(example.key)
        if isinstance(found, Encoded) and found.trained:
            kept.append((example.key, found))
        else:
            reasons[faults[0][1]] += 1
    why = reasons.most_common(1)[0][0] if reasons else ""
    for kind, said in _TOLD.items():
        if faulty[kind]:
            text = f"{_rows(faulty[kind], part)} {said.format(why=why, length=cut_at(work.recipe))}"
            work.notice(text, kind, rows=faulty[kind])
    if examples and not kept:
        if not faulty[REFUSED]:
            why = f"train.max_length = {cut_at(work.recipe)} cuts off every answer"
        raise InputError(f"none of the {len(examples)} {part} rows can be learned from: {why}")
    return Rows(tuple(each for _, each in kept), tuple(key for key, _ in kept))


def judged_rows(
    recipe: Recipe, template: Template, examples: Sequence[Example]
) -> Iterator[tuple[Example, Encoded | RenderError, list[Fault]]]:
    """Each example as it is trained, or why it cannot be, with what is wrong with it."""
    system, length = tuned_system(recipe), cut_at(recipe)
    for start in range(0, len(examples), _BATCH):
        some = examples[start : start + _BATCH]
        encoded = encode_all(some, template, system, length, answers_only=recipe.train.assistant_only_loss)
        for example, found in zip(some, encoded, strict=True):
            yield example, found, faults_of(example, found, template, system, length)


def cut_at(recipe: Recipe) -> int | None:
    """Where rows are cut; None where packing goes on with the rest of a row in another sequence."""
    splits = recipe.train.packing and recipe.train.extra.get("packing_strategy") in {"bfd_split", "wrapped"}
    return None if splits else recipe.train.max_length


def _rows(keys: Sequence[str], part: str) -> str:
    return f"1 {part} row" if len(keys) == 1 else f"{len(keys)} {part} rows"
