"""The chat template of a job's model, opened for training by it or for asking it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ftworkbench.data.example import Example
from ftworkbench.data.formats.format import RAW_TEXT
from ftworkbench.data.sources.source import open_source
from ftworkbench.errors import InputError
from ftworkbench.worker.models import ends, load_tokenizer
from ftworkbench.worker.template import Template, mend_pad, open_template, require_end
from ftworkbench.worker.work import Work


def answering_template(work: Work, *, raw_too: bool = False) -> Template:
    """The model's template, for asking it. With `raw_too` a model without one will do where its data is raw text."""
    raw = raw_too and _learns_raw_text(work)
    return _template(work, lambda text: None, raw=raw)  # prompts are padded on the left, under a mask


def _learns_raw_text(work: Work) -> bool:
    data = work.recipe.data
    with open_source(work.workspace.root / data.train, data) as source:
        return source.format.name == RAW_TEXT


def training_template(work: Work, examples: Sequence[Example]) -> Template:
    """The model's template, checked: it has turns, a pad token, and an end that is learned.

    Where all examples are raw text it need have no turns, so that base models will do, but an end. Raises InputError.
    """
    raw = bool(examples) and all(example.raw_text is not None for example in examples)
    template = _template(work, lambda text: work.notice(text, "pad-token", level="info"), raw=raw)
    if raw:
        if template.tokenizer.eos_token is None:
            raise InputError("the tokenizer names no end token, so that no text would end; say eos_token in [train]")
        return template
    require_end(template, work.recipe.train.assistant_only_loss)
    tell_of_folded_system(work, template)
    return template


def _template(work: Work, tell_of_pad: Callable[[str], None], *, raw: bool = False) -> Template:
    tokenizer = load_tokenizer(work.recipe, work.workspace)
    stops = ends(work.recipe, work.workspace, tokenizer)
    mend_pad(tokenizer, stops, tell_of_pad)
    if raw and not tokenizer.chat_template and tokenizer.is_fast:
        return Template(tokenizer, stops)
    return open_template(tokenizer, stops, work.recipe.model.model_id)


def tell_of_folded_system(work: Work, template: Template) -> None:
    """Says so where the system prompt cannot be a turn of its own: whoever serves the model has to do the same."""
    if work.recipe.prompt.system and template.folds_system:
        text = (
            "the model's chat template has no system turn: the system prompt goes before the first question, "
            "when training, measuring and comparing alike"
        )
        work.notice(text, "folded-system", level="info")
