"""RAGAS: how an answer, the passages that it was given and the question hang together, as a model judges it."""

from __future__ import annotations

from dataclasses import dataclass

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

FAITHFULNESS, RELEVANCY = "faithfulness", "answer_relevancy"
PRECISION, RECALL = "context_precision", "context_recall"
RAGAS_METRICS = (FAITHFULNESS, RELEVANCY, PRECISION, RECALL)


@dataclass(frozen=True, kw_only=True)
class Ragas:
    """What RAGAS measures, and who judges for it. Nothing is measured where `endpoint` is not said."""

    endpoint: str | None = option(
        None,
        help="The address of an OpenAI-compatible server, up to its /v1, whose model judges for RAGAS.",
        why="A larger model than the one that is tuned, and of another family; it has to write JSON well.",
    )
    model: str | None = model_there()
    api_key_env: str | None = key_variable()
    metrics: tuple[str, ...] = option(
        RAGAS_METRICS,
        help="Which of RAGAS's metrics are measured.",
        why="faithfulness: what of the answer the passages say; answer_relevancy: whether it answers the question; "
        "context_precision: whether the passages that help come first; context_recall: what of the reference they say.",
        choices=RAGAS_METRICS,
    )
    contexts: str = option(
        "contexts",
        help="The column of a test row that has its passages: a list of texts, or one text.",
        why="Passages that a contestant found by retrieval are taken first: they are what it answered from.",
    )
    embeddings: str | None = option(
        None,
        help="The model that the same server embeds texts with (its /embeddings).",
        why="answer_relevancy compares questions by their embeddings; without it, it is not measured.",
    )
    python: str | None = option(
        None,
        help="The Python of the environment that has ragas; left out, what FTWORKBENCH_RAGAS_PYTHON says, else the "
        "environment that doctor names.",
        why="ragas needs versions of other libraries that training does not.",
    )
    max_tokens: int = option(
        2048,
        help="The longest of the model's replies: faithfulness has it repeat every statement of an answer.",
        unit="tokens",
        low=1,
    )
    limit: int | None = option(None, help="Measure at most so many rows, drawn by seed.", unit="rows", low=1)
    seed: int = option(42, help="Seed of limit.", low=0, high=2**32 - 1)
    budget: float | None = option(
        None,
        help="The most that the replies may cost, in your own currency: what could cost more is not asked.",
        why="Reckoned with replies of max_tokens each. What an earlier evaluation was told is not asked again.",
        low=0,
    )
    price_per_million_input: float | None = price_of("prompts")
    price_per_million_output: float | None = price_of("replies")
    timeout: float = longest_wait("reply")
    concurrency: int = at_once()
    retries: int = tries_again()
    allow_failed: float = option(
        0.0,
        help="The share of figures that may be missing because the server failed; with more the evaluation fails, and "
        "resume asks for those again.",
        low=0,
        high=1,
    )

    @property
    def is_asked(self) -> bool:
        """Whether anything is measured."""
        return self.endpoint is not None

    def problem(self) -> tuple[str, str] | None:
        """The option, and what is wrong between it and others, in words; no secret is repeated in them."""
        if self.endpoint is None and self.embeddings is not None:
            return "embeddings", "belongs to endpoint, which is not said"
        if not self.metrics:
            return "metrics", f"names none; write some of {', '.join(RAGAS_METRICS)}, or leave out endpoint"
        return endpoint_problem(self)
