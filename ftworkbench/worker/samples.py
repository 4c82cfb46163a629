"""What the model answers to a few held-out prompts while it is trained, so that one sees it learn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ftworkbench.data.example import Example
from ftworkbench.evaluate.contestants import build_messages, tuned
from ftworkbench.recipe.model_tables import BY_ROWS
from ftworkbench.worker.attention import loaded_with
from ftworkbench.worker.generate import Sampling, generate
from ftworkbench.worker.template import RenderError, Template
from ftworkbench.worker.work import Work

_MOST_TOKENS = 256
_TUNED = "tuned"


class Sampler:
    """The first prompts of the validation rows, asked again and again, greedily."""

    def __init__(
        self, work: Work, template: Template, examples: Sequence[Example], row_keys: Mapping[str, str]
    ) -> None:
        self._work = work
        self._row_keys = row_keys
        self._template = template
        self._asked: list[tuple[Example, list[int]]] = []
        contestant = tuned(work.recipe.prompt)
        for example in examples:
            if len(self._asked) == work.recipe.method.samples:
                break
            if example.raw_text is not None:
                continue  # it asks nothing
            try:
                prompt = template.prompt(build_messages(contestant, example.prompt), example.tools)
            except RenderError:
                continue  # said where the rows were encoded
            self._asked.append((example, prompt))

    def tell(self, model: Any, step: int) -> None:
        """Tells the answers at this step."""
        if not self._asked:
            return
        sampling = Sampling(min(self._work.recipe.evaluate.max_new_tokens, _MOST_TOKENS))
        prompts = [prompt for _, prompt in self._asked]
        with _answering(model):
            answers = generate(model, self._template, prompts, sampling, batch_size=len(prompts))
        for (example, _), answer in zip(self._asked, answers, strict=True):
            self._work.log.emit(
                "sample",
                step=step,
                row=self._row_keys.get(example.key, example.key),
                prompt=_question(example),
                answer=answer.text,
                reference=example.answer,
                system=_TUNED,
            )


@contextmanager
def _answering(model: Any) -> Iterator[None]:
    """The model as one asks it: without dropout, with an attention that takes any batch."""
    training, attention = model.training, model.config._attn_implementation
    model.eval()
    if attention == BY_ROWS:
        model.set_attn_implementation(loaded_with(attention))
    try:
        yield
    finally:
        if attention == BY_ROWS:
            model.set_attn_implementation(attention)
        model.train(training)


def _question(example: Example) -> str:
    """What was asked last."""
    asked = [str(message["content"]) for message in example.prompt if message.get("content")]
    return asked[-1] if asked else ""
