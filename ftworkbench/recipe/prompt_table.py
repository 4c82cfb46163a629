"""The prompted contestants: who has to be beaten, and how each of them is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ftworkbench.recipe.declare import option
from ftworkbench.recipe.endpoint_options import (
    at_once,
    endpoint_problem,
    key_variable,
    longest_wait,
    model_there,
    price_of,
    tries_again,
)

PICKS = ("balanced", "random", "first", "nearest")
PASSAGES, QUESTION = "{passages}", "{question}"
TEMPLATE = f"Passages that may help:\n\n{PASSAGES}\n\n{QUESTION}"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
ZERO_SHOT = "zero-shot"
TUNED = "tuned"
_TAKEN = (TUNED, "base")


@dataclass(frozen=True, kw_only=True)
class ContestantLine:
    """One contestant of `prompt.contestants`: an inline table. What is left out is [prompt]'s own, or not done."""

    name: str | None = option(
        None,
        help="What it is called in reports and files; left out, it is made from the rest.",
    )
    system: str | None = option(None, help="Its system prompt; left out, prompt.system.")
    system_file: str | None = option(None, help="A text file of the workspace that holds its system prompt.")
    shots: int = option(
        0,
        help="So many examples of the training rows are shown as earlier turns.",
        unit="examples",
        low=0,
        high=1000,
    )
    pick: str | None = option(None, help="How they are picked; left out, prompt.pick.", choices=PICKS)
    seed: int | None = option(None, help="Seed of the pick; left out, prompt.seed.", low=0, high=2**32 - 1)
    retrieve: str | None = option(
        None,
        help="A folder of documents of the workspace (.txt, .md, .jsonl): the passages nearest to the question are put "
        "before it.",
    )
    passages: int = option(4, help="So many passages are put before the question.", unit="passages", low=1, high=100)
    template: str = option(
        TEMPLATE,
        help="How they stand in the prompt: {passages} are the passages, the nearest first, each with its number; "
        "{question} is the row's last user message.",
    )
    endpoint: str | None = option(
        None,
        help="The address of an OpenAI-compatible server, up to its /v1: another model answers in place of this one.",
    )
    model: str | None = model_there()
    api_key_env: str | None = key_variable()
    timeout: float = longest_wait("answer")
    concurrency: int = at_once()
    retries: int = tries_again()
    allow_failed: float = option(
        0.0,
        help="The share of rows that may go without an answer and count as wrong; with more the evaluation fails, and "
        "resume asks those again.",
        low=0,
        high=1,
    )
    price_per_million_input: float | None = price_of("prompts")
    price_per_million_output: float | None = price_of("answers")
    budget: float | None = option(
        None,
        help="The most that an evaluation may spend on it by these prices; nothing is asked that would cost more.",
        low=0,
        open_ends="low",
    )

    def problem(self) -> str | None:
        """What is wrong between options that are each right by themselves, in words; no secret is repeated in them."""
        if self.name is not None and (not _NAME.fullmatch(self.name) or self.name.lower() in _TAKEN):
            return "name must be letters, digits, dots, dashes and underscores, at most 60, and not tuned or base"
        if self.system is not None and self.system_file is not None:
            return "system and system_file exclude each other; keep one"
        if self.pick is not None and not self.shots:
            return "pick says how examples are picked, but shots says that there are none"
        if self.retrieve is None and (self.passages, self.template) != (4, TEMPLATE):
            return "passages and template belong to retrieve, which is not said"
        if self.template.count(PASSAGES) != 1 or self.template.count(QUESTION) != 1:
            return f"template must have {PASSAGES} and {QUESTION} in it, once each"
        wrong = endpoint_problem(self)
        return " ".join(wrong) if wrong else None

    def as_toml(self) -> dict[str, Any]:
        """Its options as they are written: those of the ways of asking that it uses, all that is not left out."""
        unused = {
            *(() if self.retrieve else ("passages", "template")),
            *(() if self.shots else ("shots",)),
            *(() if self.endpoint else ("timeout", "concurrency", "retries", "allow_failed")),
        }
        return {name: value for name, value in vars(self).items() if value is not None and name not in unused}


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """The prompted contestants that tuning has to beat, and the prompt that the tuned model gets."""

    system: str | None = option(
        None,
        help="The system prompt of every contestant.",
        why="Write it as well as you can: beating a weak prompt proves nothing.",
        common=True,
    )
    few_shot: tuple[int, ...] = option(
        (0, 6),
        help="A contestant for each number: so many examples are shown as earlier turns.",
        why="The best of them on the validation rows is the baseline.",
        unit="examples",
        low=0,
        high=1000,
        common=True,
    )
    pick: str = option(
        "balanced",
        help="How they are picked from the training rows: balanced over the labels, at random, the first, or for each "
        "question those nearest to it (BM25).",
        choices=PICKS,
    )
    seed: int = option(
        42,
        help="Seed of the pick.",
        low=0,
        high=2**32 - 1,
    )
    contestants: tuple[ContestantLine, ...] = option(
        (),
        help="Further contestants, an inline table each: another prompt, examples, documents to look in, or another "
        'model: [{ shots = 8, pick = "nearest" }, { retrieve = "docs" }, { endpoint = "http://…/v1", model = "…" }].',
        why="Whichever is best on the validation rows has to be beaten; the others never see the test rows.",
        of=ContestantLine,
    )
    enough: float = option(
        0.95,
        help="The share of right answers from which on prompting is enough, and the advice is to leave it at that.",
        low=0,
        high=1,
        open_ends="low",
    )
    tuned_system: str | None = option(
        None,
        help="The system prompt that the tuned model is trained and asked with; left out, system's.",
        why="A shorter one is cheaper at every call: what it said is in the weights now.",
    )


def contestant_names(prompt: Prompt) -> tuple[str, ...]:
    """What the contestants are called: those of few_shot, then those of contestants, in their order."""
    return (
        *(shots_name(shots, prompt.pick) for shots in prompt.few_shot),
        *(line.name or _made_name(line, prompt.pick) for line in prompt.contestants),
    )


def shots_name(shots: int, pick: str) -> str:
    """The name of a contestant that is shown so many examples; the way of picking is named where it is nearest."""
    if not shots:
        return ZERO_SHOT
    return f"nearest-{shots}" if pick == "nearest" else f"few-shot-{shots}"


def _made_name(line: ContestantLine, pick: str) -> str:
    parts = [re.sub(r"[^A-Za-z0-9._-]+", "-", line.model.rsplit("/", 1)[-1])[:30].lstrip("._-")] if line.model else []
    if line.shots:
        parts.append(shots_name(line.shots, line.pick or pick))
    if line.retrieve:
        parts.append(f"retrieval-{line.passages}")
    if line.system_file:
        parts.append(re.sub(r"[^A-Za-z0-9._-]+", "-", line.system_file.rsplit("/", 1)[-1].split(".")[0])[:20])
    return "-".join(part for part in parts if part) or ZERO_SHOT
