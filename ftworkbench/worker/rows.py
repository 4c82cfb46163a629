"""The rows of a split as the trainer takes them, with what was left out of them said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ftworkbench.data.example import Example
from ftworkbench.errors import InputError
from ftworkbench.recipe.tables import Recipe
from ftworkbench.worker.dropped import left_out
from ftworkbench.worker.template import RenderError, Template
from ftworkbench.worker.tokens import Encoded, conversation, encode
from ftworkbench.worker.work import Work


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
    system = tuned_system(work.recipe)
    length = _cut_at(work.recipe)
    kept: list[tuple[str, Encoded]] = []
    cut: list[str] = []
    shortened: list[str] = []
    refused: list[str] = []
    dropped_turns: list[str] = []
    reasons: Counter[str] = Counter()
    for example in examples:
        try:
            found = encode(example, template, system, length, answers_only=work.recipe.train.assistant_only_loss)
        except RenderError as error:
            refused.append(example.key)
            reasons[str(error)] += 1
            continue
        if left_out(template, conversation(example, system), found.text, example.tools):
            dropped_turns.append(example.key)
        if not found.trained:
            cut.append(example.key)
            continue
        if found.trained_but_cut:
            shortened.append(example.key)
        kept.append((example.key, found))
    if refused:
        why = reasons.most_common(1)[0][0]
        work.notice(f"{_rows(refused, part)} left out: {why}", "template-refused", rows=refused)
    if cut:
        text = f"{_rows(cut, part)} left out: no token to learn is left within train.max_length = {length}"
        work.notice(text, "all-cut", rows=cut)
    if shortened:
        text = f"{_rows(shortened, part)} lost the end of an answer at train.max_length = {length}"
        work.notice(text, "cut", rows=shortened)
    if dropped_turns:
        text = f"{_rows(dropped_turns, part)} lost turns or tool calls: the model's chat template leaves them out"
        work.notice(text, "template-drops", rows=dropped_turns)
    if examples and not kept:
        why = reasons.most_common(1)[0][0] if refused else f"train.max_length = {length} cuts off every answer"
        raise InputError(f"none of the {len(examples)} {part} rows can be learned from: {why}")
    return Rows(tuple(each for _, each in kept), tuple(key for key, _ in kept))


def _cut_at(recipe: Recipe) -> int | None:
    """Where rows are cut; None where packing goes on with the rest of a row in another sequence."""
    splits = recipe.train.packing and recipe.train.extra.get("packing_strategy") in {"bfd_split", "wrapped"}
    return None if splits else recipe.train.max_length


def _rows(keys: Sequence[str], part: str) -> str:
    return f"1 {part} row" if len(keys) == 1 else f"{len(keys)} {part} rows"
