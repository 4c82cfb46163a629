"""The chat template: how turns are written for a model, and which characters of them the model is to learn."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import dropwhile
from typing import Any

from jinja2 import TemplateError
from transformers.utils.chat_template_utils import render_jinja_template
from trl.chat_template_utils import get_training_chat_template, has_generation_markers

from ftworkbench.errors import InputError
from ftworkbench.printable import one_line
from ftworkbench.worker.time_limit import TookTooLongError, time_limit

# Seconds that a rendering may take, by the sandbox of transformers, which has no limit to its loops.
RENDERS = 5.0
_PATIENCE = 3  # renderings of a template that took too long, after which it is not tried any more
_overruns: Counter[str] = Counter()
Message = Mapping[str, Any]
Span = tuple[int, int]
_PAD_NAMES = (
    "<|pad|>",
    "<pad>",
    "[PAD]",
    "<|finetune_right_pad_id|>",
    "<|padding|>",
    "<|fim_pad|>",
    "<|vision_pad|>",
    "<|endoftext|>",
    "<unk>",
)
_RENDERING = (
    TemplateError, TypeError, ValueError, KeyError, AttributeError, RecursionError, ArithmeticError, MemoryError
)  # fmt: skip
_SYSTEM_PROBE = "Be brief."
_PROBE = ({"role": "user", "content": "Say A."}, {"role": "assistant", "content": "A"})


class RenderError(InputError):
    """The chat template cannot render a conversation."""


@dataclass(frozen=True)
class Template:
    """`marked` is TRL's training twin of the tokenizer's template, where the template itself marks no answers.

    `ends` are the tokens at which generation stops.
    """

    tokenizer: Any
    ends: frozenset[int]
    marked: str | None = None

    @cached_property
    def folds_system(self) -> bool:
        """Whether system prompts are written before the first question: the template has no turn for them."""
        own = self.tokenizer.get_chat_template(None)
        try:
            return _SYSTEM_PROBE not in self._rendered([{"role": "system", "content": _SYSTEM_PROBE}, *_PROBE], own)[0]
        except RenderError:
            return True

    @cached_property
    def special(self) -> frozenset[int]:
        """The tokens that are no pieces of text, and those at which generation stops."""
        return frozenset((*self.names, *self.tokenizer.all_special_ids, *self.ends))

    @cached_property
    def names(self) -> dict[int, str]:
        """The names of the tokens that are no pieces of text."""
        return {token: name for name, token in self.tokenizer.get_added_vocab().items()}

    def text(self, messages: Sequence[Message], tools: Sequence[Any] = ()) -> str:
        """The conversation as text, by the tokenizer's own template."""
        return self._render(messages, tools, self.tokenizer.get_chat_template(None, _or_none(tools)))[0]

    def prompt(self, messages: Sequence[Message], tools: Sequence[Any] = ()) -> list[int]:
        """The tokens of a prompt, up to where the assistant begins to speak."""
        text = self._render(messages, tools, self.tokenizer.get_chat_template(None, _or_none(tools)), answer=True)[0]
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def answers(
        self, messages: Sequence[Message], tools: Sequence[Any] = (), unwanted: Collection[int] = ()
    ) -> tuple[str, list[Span]]:
        """The conversation as text, and the characters of the assistant's turns in it, in order.

        By the template's own marks, which may give several spans for a turn; else by what each turn adds to the text
        before it. The spans of the messages with an index in `unwanted` are left out. Raises RenderError where the
        template refuses the conversation, or it cannot be told whose a span is.
        """
        template = self._template(tools)
        turns = [index for index, message in enumerate(messages) if message["role"] == "assistant"]
        spans: list[Span] = []
        if has_generation_markers(template):
            text, spans = self._render(messages, tools, template)
        if not spans:
            text, spans = self._by_prefix(messages, tools, template)
        if not unwanted:
            return text, spans
        owners = turns
        if len(spans) != len(turns):
            starts = [self._start(messages[:index], tools, template, text) for index in turns]
            owners = [turns[place] for place in _owners(spans, starts)]
        return text, [span for owner, span in zip(owners, spans, strict=True) if owner not in unwanted]

    def shown(self, messages: Sequence[Message], tools: Sequence[Any] = ()) -> str:
        """The conversation as text, by the template that is trained with."""
        return self._render(messages, tools, self._template(tools))[0]

    def _template(self, tools: Sequence[Any]) -> str:
        own: str = self.tokenizer.get_chat_template(None, _or_none(tools))
        return self.marked if self.marked is not None and not has_generation_markers(own) else own

    def _render(
        self, messages: Sequence[Message], tools: Sequence[Any], template: str, *, answer: bool = False
    ) -> tuple[str, list[Span]]:
        chat = without_system_turn(messages) if self.folds_system else messages
        return self._rendered(chat, template, tools, answer=answer)

    def _rendered(
        self, messages: Sequence[Message], template: str, tools: Sequence[Any] = (), *, answer: bool = False
    ) -> tuple[str, list[Span]]:
        chat = [{key: value for key, value in message.items() if value is not None} for message in messages]
        if _overruns[template] >= _PATIENCE:
            raise RenderError(f"the model's chat template takes longer than {RENDERS:g} s, again and again")
        try:
            with time_limit(RENDERS):
                texts, spans = render_jinja_template(
                    [chat],
                    tools=_or_none(tools),
                    chat_template=template,
                    return_assistant_tokens_mask=has_generation_markers(template) and not answer,
                    add_generation_prompt=answer,
                    **self.tokenizer.special_tokens_map,
                )
        except TookTooLongError:
            _overruns[template] += 1
            raise RenderError(f"the model's chat template takes longer than {RENDERS:g} s; it may never end") from None
        except _RENDERING as error:
            raise RenderError(f"the model's chat template refuses it: {one_line(str(error), 160)}") from error
        return texts[0], [(start, end) for start, end in spans[0]] if spans else []

    def _start(self, before: Sequence[Message], tools: Sequence[Any], template: str, text: str) -> int:
        """Where in the text the turn after those `before` begins: where it departs from the text of those alone."""
        shorter = self._render(before, tools, template)[0] if before else ""
        same = zip(shorter, text, strict=False)
        return next((place for place, (one, other) in enumerate(same) if one != other), min(len(shorter), len(text)))

    def _by_prefix(self, messages: Sequence[Message], tools: Sequence[Any], template: str) -> tuple[str, list[Span]]:
        text = self._render(messages, tools, template)[0]
        spans = []
        for index, message in enumerate(messages):
            if message["role"] != "assistant":
                continue
            before = self._render(messages[:index], tools, template, answer=True)[0]
            after = self._render(messages[: index + 1], tools, template)[0]
            if not after.startswith(before) or not text.startswith(after):
                raise RenderError(
                    f"the model's chat template writes turn {index + 1} differently once others follow it, so that it "
                    "cannot be told which tokens are the answer's; give one with {% generation %} marks as "
                    "train.chat_template_path"
                )
            spans.append((len(before), len(after)))
        return text, spans


def _owners(spans: Sequence[Span], starts: Sequence[int]) -> list[int]:
    """Whose each span is, of the turns that begin at `starts`. Raises RenderError where a turn has none."""
    owners = [bisect_right(starts, start) - 1 for start, _ in spans]
    if list(starts) != sorted(set(starts)) or set(owners) != set(range(len(starts))):
        raise RenderError(
            "the model's chat template runs the assistant's turns together, so that one of them cannot be left "
            "untrained: take the weight of 0 away, or reject the row"
        )
    return owners


def _or_none(tools: Sequence[Any]) -> list[Any] | None:
    return list(tools) or None


def without_system_turn(messages: Sequence[Message]) -> list[Message]:
    """The conversation with what its leading system turns say at the head of the question that follows them.

    As the makers of models without system turns advise (Gemma, Mistral). Where no question follows, it becomes one.
    """
    rest = list(dropwhile(lambda message: message["role"] == "system", messages))
    said = "\n\n".join(str(message["content"]) for message in messages[: len(messages) - len(rest)])
    if not said:
        return rest
    if not rest or rest[0]["role"] != "user" or not isinstance(rest[0].get("content"), str):
        return [{"role": "user", "content": said}, *rest]
    question, *others = rest
    return [{**question, "content": f"{said}\n\n{question['content']}"}, *others]


def open_template(tokenizer: Any, ends: frozenset[int], model_id: str) -> Template:
    """The chat template of a tokenizer. Raises InputError where it has none."""
    if not tokenizer.chat_template:
        raise InputError(
            f"{model_id} has no chat template, so it is not known how its turns are written; take the model's instruct "
            "variant, or give a template as train.chat_template_path"
        )
    if not tokenizer.is_fast:
        raise InputError(f"{model_id} has no fast tokenizer (tokenizer.json), which the masks of answers need")
    own = tokenizer.get_chat_template(None)
    if has_generation_markers(own):
        return Template(tokenizer, ends)
    try:
        return Template(tokenizer, ends, get_training_chat_template(tokenizer))
    except _RENDERING:
        return Template(tokenizer, ends)  # TRL has no twin of it: the answers are found by what each turn adds


def mend_pad(tokenizer: Any, ends: frozenset[int], notice: Callable[[str], None]) -> None:
    """Sees to it that padding is a token of its own: one that ends an answer might be masked with the padding."""
    if tokenizer.pad_token_id is not None and tokenizer.pad_token_id not in ends:
        return
    before = tokenizer.pad_token
    known = tokenizer.get_vocab()
    taken = {*ends, tokenizer.eos_token_id, tokenizer.bos_token_id}
    names = [name for name in _PAD_NAMES if name in known and known[name] not in taken]
    if names:
        tokenizer.pad_token = names[0]
    elif before is None:
        tokenizer.pad_token = tokenizer.eos_token
    said = f"the pad token {before} also ends an answer" if before else "the model has no pad token"
    if tokenizer.pad_token_id in ends:
        notice(f"{said}, and it has none to spare: rows are masked by their lengths, so that the end is learned")
    else:
        notice(f"{said}: {tokenizer.pad_token} pads from here on")


def require_end(template: Template, answer_only: bool) -> int:
    """The token that ends an answer, which is trained and at which generation stops.

    Raises InputError where there is none: the model could never learn to stop.
    """
    tokenizer = template.tokenizer
    text, spans = template.answers(_PROBE) if answer_only else (template.text(_PROBE), [])
    start, end = (spans[0][0], spans[-1][1]) if answer_only else (0, len(text))
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    inside = [
        (token, text[a:b])
        for token, (a, b) in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
        if a < end and b > start
    ]
    special = template.special
    last = next((token for token, part in reversed(inside) if part.strip() or token in special), None)
    if last is None or last not in special:
        raise InputError(
            "the model could never learn to stop: the chat template puts no end token among the tokens that are "
            "trained. Give a template that ends each assistant turn within its {% generation %} marks, as "
            "train.chat_template_path"
        )
    if last not in template.ends:
        name = tokenizer.convert_ids_to_tokens(last)
        stops = ", ".join(tokenizer.convert_ids_to_tokens(sorted(template.ends))) or "nothing"
        raise InputError(
            f"the model could never learn to stop: its answers end with {name}, but generation stops at {stops}. "
            f'Say eos_token = "{name}" in [train]'
        )
    return int(last)
