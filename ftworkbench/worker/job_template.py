"""The chat template of a job's model, opened for training by it or for asking it."""

from __future__ import annotations

from collections.abc import Callable

from ftworkbench.worker.models import ends, load_tokenizer
from ftworkbench.worker.template import Template, mend_pad, open_template, require_end
from ftworkbench.worker.work import Work


def answering_template(work: Work) -> Template:
    """The model's template, for asking it."""
    return _template(work, lambda text: None)  # prompts are padded on the left, under a mask


def training_template(work: Work) -> Template:
    """The model's template, checked: it has turns, a pad token, and an end that is learned."""
    template = _template(work, lambda text: work.notice(text, "pad-token", level="info"))
    require_end(template, work.recipe.train.assistant_only_loss)
    tell_of_folded_system(work, template)
    return template


def _template(work: Work, tell_of_pad: Callable[[str], None]) -> Template:
    tokenizer = load_tokenizer(work.recipe, work.workspace)
    stops = ends(work.recipe, work.workspace, tokenizer)
    mend_pad(tokenizer, stops, tell_of_pad)
    return open_template(tokenizer, stops, work.recipe.model.model_id)


def tell_of_folded_system(work: Work, template: Template) -> None:
    """Says so where the system prompt cannot be a turn of its own: whoever serves the model has to do the same."""
    if work.recipe.prompt.system and template.folds_system:
        text = (
            "the model's chat template has no system turn: the system prompt goes before the first question, "
            "when training, measuring and comparing alike"
        )
        work.notice(text, "folded-system", level="info")
