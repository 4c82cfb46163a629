"""The judge: a model that compares or grades the answers to the test rows, where no reference says what is right."""

from __future__ import annotations

from dataclasses import dataclass, fields

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

MODES = ("pairwise", "grade")


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Who judges, and how. Nobody does where neither `endpoint` nor `local` is said."""

    mode: str = option(
        "pairwise",
        help="pairwise says which of both answers is better, grade gives each answer a grade by itself.",
        why="Pairs are judged more surely than grades. Each pair is shown in both orders: two requests.",
        choices=MODES,
    )
    endpoint: str | None = option(
        None,
        help="The address of an OpenAI-compatible server, up to its /v1, whose model judges.",
        why="A larger model than the one that is tuned, and of another family: a model prefers answers like its own.",
    )
    model: str | None = model_there()
    api_key_env: str | None = key_variable()
    local: bool = option(
        False,
        help="The base model of this recipe judges, on this machine.",
        why="Nothing leaves the machine; but a small model judges badly, and its own answers too kindly.",
    )
    rubric: str | None = option(
        None,
        help="What makes an answer good here; left out, helpful, relevant, right, and no longer than it need be.",
        why="Say what your users would: a judge without a rubric likes what is long and polite.",
    )
    rubric_file: str | None = option(None, help="A text file of the workspace that holds the rubric.")
    reference: bool = option(
        True,
        help="Show the judge the reference answer as well.",
        why="A judge that knows the answer errs less where there is a right one (Zheng et al. 2023).",
    )
    scale: int = option(10, help="Grades go from 1 to this one, the best.", unit="grades", low=2, high=100)
    structured: bool = option(
        True,
        help="Ask for the verdict as JSON of a schema (response_format); a server that refuses it is asked without.",
        why="What is not JSON is read leniently all the same. false asks for [[A]] or [[7]] at the end of a text.",
    )
    max_tokens: int = option(
        512,
        help="The longest verdict, its reason included.",
        why="What is cut off has no verdict. A model that thinks first needs a few thousand.",
        unit="tokens",
        low=1,
    )
    limit: int | None = option(
        None,
        help="Judge at most so many test rows, drawn by seed.",
        unit="rows",
        low=1,
    )
    seed: int = option(42, help="Seed of limit, and of the rows that a person labels.", low=0, high=2**32 - 1)
    budget: float | None = option(
        None,
        help="The most that the verdicts may cost, in your own currency: nothing is asked where they could cost more.",
        why="Reckoned with answers of max_tokens each. What an earlier evaluation was told is not asked again.",
        low=0,
    )
    price_per_million_input: float | None = price_of("prompts")
    price_per_million_output: float | None = price_of("verdicts")
    timeout: float = longest_wait("verdict")
    concurrency: int = at_once()
    retries: int = tries_again()
    allow_failed: float = option(
        0.0,
        help="The share of requests that may go without an answer; with more the evaluation fails, and resume asks "
        "those again.",
        low=0,
        high=1,
    )

    @property
    def is_asked(self) -> bool:
        """Whether anybody judges."""
        return self.local or self.endpoint is not None

    def problem(self) -> tuple[str, str] | None:
        """The option, and what is wrong between it and others, in words; no secret is repeated in them."""
        if self.local and self.endpoint is not None:
            return "local", "and endpoint exclude each other; keep one"
        if self.rubric is not None and self.rubric_file is not None:
            return "rubric_file", "and rubric exclude each other; keep one"
        return endpoint_problem(self) or self._without_a_judge()

    def _without_a_judge(self) -> tuple[str, str] | None:
        if self.is_asked:
            return None
        name = next((each.name for each in fields(self) if getattr(self, each.name) != each.default), None)
        if name is not None:
            return name, "is for a judge, but there is none: say endpoint and model, or local = true"
        return None
