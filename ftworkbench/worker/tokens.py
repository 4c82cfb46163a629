"""What is trained on: each token of a row, masked, trained or cut. What is seen is what is trained."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from ftworkbench.data.example import Example
from ftworkbench.evaluate.contestants import Contestant, build_messages
from ftworkbench.recipe.prompt_table import TUNED
from ftworkbench.worker.template import RenderError, Span, Template

IGNORED = -100  # the label that the loss leaves out
State = Literal["masked", "trained", "cut"]
_Tokens = tuple[list[int], Sequence[Span]]


@dataclass(frozen=True)
class Piece:
    """A token as it is shown. `special` names a token that stands for no text, else it is empty."""

    id: int
    text: str
    state: State
    special: str = ""


@dataclass(frozen=True)
class Encoded:
    """A row as it is trained: `labels` are the input ids, or IGNORED. What was cut off is only in `pieces`."""

    input_ids: list[int]
    labels: list[int]
    cut: list[int]
    cut_labels: list[int]
    text: str
    offsets: Sequence[Span]
    names: Mapping[int, str]

    @property
    def trained(self) -> int:
        """How many tokens the loss is on. The first of a row is never predicted."""
        rest = self.labels[1:]
        return len(rest) - rest.count(IGNORED)

    @property
    def trained_but_cut(self) -> int:
        return len(self.cut_labels) - self.cut_labels.count(IGNORED)

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """Every token with its text and what becomes of it; characters of several tokens are shown at the first."""
        pieces = []
        kept = len(self.input_ids)
        shown = 0
        for index, (token, (start, end)) in enumerate(zip([*self.input_ids, *self.cut], self.offsets, strict=True)):
            text = self.text[max(start, shown) : end]
            shown = max(shown, end)
            state: State = "cut"
            if index < kept:
                state = "masked" if self.labels[index] == IGNORED else "trained"
            pieces.append(Piece(token, text, state, self.names.get(token, "")))
        return tuple(pieces)


def conversation(example: Example, system: str | None) -> list[dict[str, Any]]:
    """The messages that are trained on: with `system` in front, in place of the row's own system message."""
    return build_messages(Contestant(TUNED, system), example.messages)


def encode(
    example: Example,
    template: Template,
    system: str | None = None,
    max_length: int | None = None,
    *,
    answers_only: bool = True,
) -> Encoded:
    """The tokens of an example, with labels on its assistant turns (on all of it if not `answers_only`).

    A turn with weight 0 is not trained. Past `max_length` tokens are cut. Raises RenderError where the chat
    template refuses the conversation.
    """
    [found] = encode_all([example], template, system, max_length, answers_only=answers_only)
    if isinstance(found, RenderError):
        raise found
    return found


def encode_all(
    examples: Sequence[Example],
    template: Template,
    system: str | None = None,
    max_length: int | None = None,
    *,
    answers_only: bool = True,
) -> list[Encoded | RenderError]:
    """The tokens of each example, as `encode` gives them, or why it cannot be rendered; tokenized at one go.

    Raw text is learned whole, without a template, as TRL does.
    """
    texts = [example.raw_text for example in examples]
    if any(text is not None for text in texts):
        raw = iter(_encode_raw([text for text in texts if text is not None], template, max_length))
        turned = [example for example, text in zip(examples, texts, strict=True) if text is None]
        others = iter(encode_all(turned, template, system, max_length, answers_only=answers_only))
        return [next(others if text is None else raw) for text in texts]
    return _encode_turns(examples, template, system, max_length, answers_only=answers_only)


def _encode_raw(texts: Sequence[str], template: Template, max_length: int | None) -> list[Encoded]:
    """The tokens of texts, each ended once by the end token, with what the tokenizer itself puts around them."""
    end = template.tokenizer.eos_token or ""
    ended = [text if text.endswith(end) else text + end for text in texts]
    tokenized = template.tokenizer(ended, return_offsets_mapping=True, return_attention_mask=False)
    rows = zip(ended, tokenized["input_ids"], tokenized["offset_mapping"], strict=True)
    return [_cut(text, list(ids), (ids, offsets), template, max_length) for text, ids, offsets in rows]


def _cut(text: str, labels: list[int], tokenized: _Tokens, template: Template, max_length: int | None) -> Encoded:
    ids, offsets = tokenized
    end = len(ids) if max_length is None else max_length
    return Encoded(ids[:end], labels[:end], ids[end:], labels[end:], text, offsets, template.names)


def _encode_turns(
    examples: Sequence[Example],
    template: Template,
    system: str | None,
    max_length: int | None,
    *,
    answers_only: bool,
) -> list[Encoded | RenderError]:
    written = [_written(example, template, system, answers_only=answers_only) for example in examples]
    texts = [each[0] for each in written if not isinstance(each, RenderError)]
    if not texts:
        return [each for each in written if isinstance(each, RenderError)]
    tokenized = template.tokenizer(
        texts, add_special_tokens=False, return_offsets_mapping=True, return_attention_mask=False
    )
    rows = iter(zip(tokenized["input_ids"], tokenized["offset_mapping"], strict=True))
    found: list[Encoded | RenderError] = []
    for each in written:
        if isinstance(each, RenderError):
            found.append(each)
            continue
        (text, wanted), (ids, offsets) = each, next(rows)
        labels = list(ids) if wanted is None else _labels(ids, offsets, wanted)
        found.append(_cut(text, labels, (ids, offsets), template, max_length))
    return found


def _written(
    example: Example, template: Template, system: str | None, *, answers_only: bool
) -> tuple[str, list[Span] | None] | RenderError:
    """The conversation as text, and the characters in it that are learned; None for all of them."""
    messages = conversation(example, system)
    plain = [{key: value for key, value in message.items() if key != "weight"} for message in messages]
    try:
        if not answers_only:
            return template.text(plain, example.tools), None
        unwanted = [index for index, message in enumerate(messages) if message.get("weight", 1) == 0]
        return template.answers(plain, example.tools, unwanted)
    except RenderError as error:
        return error


def _labels(ids: Sequence[int], offsets: Sequence[Span], wanted: Sequence[Span]) -> list[int]:
    labels = [IGNORED] * len(ids)
    for first, last in _tokens_of(wanted, offsets):
        labels[first:last] = ids[first:last]
    return labels


def _tokens_of(spans: Sequence[Span], offsets: Sequence[Span]) -> list[tuple[int, int]]:
    """The tokens that hold the characters of each span; a token on its edge belongs to it."""
    ends = [end for _, end in offsets]
    found = []
    for start, end in spans:
        first = bisect_right(ends, start)
        last = first
        while last < len(offsets) and offsets[last][0] < end:
            last += 1
        found.append((first, last))
    return found
