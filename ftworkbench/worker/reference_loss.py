"""How likely a model finds the reference: its loss on the reference's tokens, after the prompt as it was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from inspect import signature
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence

from ftworkbench.data.example import Example
from ftworkbench.evaluate.outputs import Output
from ftworkbench.worker.template import RenderError, Template
from ftworkbench.worker.tokens import IGNORED, Encoded, encode_all

_TOKENS = {"cpu": 2048, "cuda": 8192}  # in a batch, padding included
_LOGITS = 2**26  # numbers: 256 MiB in float32


def with_reference_losses(
    model: Any,
    template: Template,
    outputs: Sequence[Output],
    examples: Sequence[Example],
    tell: Callable[[int], None] = lambda done: None,
) -> list[Output]:
    """The outputs with `reference_loss`, the mean loss in nats over the tokens of the reference and its end.

    A row that the template refuses, or that is longer than the model's context, is left without.
    """
    rows = encode_all([_asked(*each) for each in zip(outputs, examples, strict=True)], template)
    context = getattr(model.config.get_text_config(), "max_position_embeddings", None) or 2**31
    found = list(outputs)
    fitting = {
        index: row
        for index, row in enumerate(rows)
        if not isinstance(row, RenderError) and row.trained and len(row.input_ids) <= context
    }
    done = 0
    for batch in _batches(model, fitting):
        losses = _losses(model, [fitting[index] for index in batch])
        for index, loss in zip(batch, losses, strict=True):
            found[index] = replace(found[index], reference_loss=loss, reference_tokens=fitting[index].trained)
        done += len(batch)
        tell(done)
    return found


def _asked(output: Output, example: Example) -> Example:
    """The prompt as it was sent, with the row's own answer after it, which alone is looked at."""
    prompt = [{**message, "weight": 0} if message["role"] == "assistant" else message for message in output.messages]
    answer = example.messages[len(example.prompt)]
    return Example((*prompt, {**answer, "weight": 1}), example.tools)


def _batches(model: Any, rows: dict[int, Encoded]) -> Iterator[list[int]]:
    """Indices of rows of like length, the longest first."""
    device = model.device.type
    vocabulary = model.config.get_text_config().vocab_size
    left = sorted(rows, key=lambda index: len(rows[index].input_ids))
    while left:
        length = len(rows[left[-1]].input_ids)
        room = min(_TOKENS.get(device, _TOKENS["cpu"]), _LOGITS // vocabulary)
        count = max(room // length, 1)
        left, batch = left[:-count], left[-count:]
        yield batch


def _losses(model: Any, batch: Sequence[Encoded]) -> list[float]:
    """The mean loss of each row. Padding stands on the right, where causal attention never looks."""
    ids = pad_sequence([torch.tensor(row.input_ids) for row in batch], batch_first=True).to(model.device)
    labels = pad_sequence([torch.tensor(row.labels) for row in batch], True, IGNORED).to(model.device)
    columns = (labels[:, 1:] != IGNORED).any(0).nonzero().flatten()
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    few = "logits_to_keep" in signature(base.forward).parameters
    with torch.inference_mode():
        logits = model(input_ids=ids, use_cache=False, **({"logits_to_keep": columns} if few else {})).logits
    logits = logits if few else logits[:, columns]
    targets = labels[:, columns + 1]
    sums = cross_entropy(logits.float().transpose(1, 2), targets, ignore_index=IGNORED, reduction="none").sum(1)
    means: list[float] = (sums / (targets != IGNORED).sum(1)).tolist()
    return means
