"""Every chat template that TRL has a training twin of, or that marks its answers itself, with a tokenizer for each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ftworkbench.data.example import Example
from ftworkbench.worker.template import Template, open_template, without_system_turn

_SPECIAL = re.compile(
    r"<\|[^|<>'\"{}\s]+\|?>|<[a-z_]+\|>|<｜[^｜]+｜>|<(?:start|end)_of_\w+>|</?(?:think|tool_call|tool_response)>"
    r"|\[gMASK\]|<sop>|\[/?INST\]|<image>|<bos>|</?s>"
)
# The begin and end tokens of families whose templates name them by variable.
_BEGIN = {
    "cohere": "<BOS_TOKEN>",
    "deepseek": "<｜begin▁of▁sentence｜>",
    "llama3": "<|begin_of_text|>",
    "lfm2": "<|startoftext|>",
    "gemma": "<bos>",
    "gemma3": "<bos>",
    "diffusion_gemma": "<bos>",
}
_END = {"phi3": "<|endoftext|>", "deepseek": "<｜end▁of▁sentence｜>", "llava": "</s>"}
_PIECES = (
    "gemma",
    "diffusion_gemma",
    "phi3",
    "llava",
)  # tokenizers with a piece for the space, and bytes to fall back on


def families() -> list[str]:
    """The names of these templates, as the installed TRL has them."""
    import trl
    from trl.chat_template_utils import has_generation_markers

    folder = Path(trl.__file__).parent / "chat_templates"
    marked = {path.stem for path in folder.glob("*.jinja") if has_generation_markers(path.read_text(encoding="utf-8"))}
    return sorted(name.removesuffix("_training") for name in marked)


def _text(family: str) -> str:
    import trl

    return (Path(trl.__file__).parent / "chat_templates" / f"{family}.jinja").read_text(encoding="utf-8")


def _named(family: str, names: dict[str, str], default: str) -> str:
    return next((token for start, token in names.items() if family.startswith(start)), default)


@cache
def family_template(family: str) -> Template:
    """The family's template, opened as for a training job."""
    from transformers import PreTrainedTokenizerFast

    text = _text(family)
    begin, end = _named(family, _BEGIN, "<|begin|>"), _named(family, _END, "<|endoftext|>")
    special = sorted({*_SPECIAL.findall(text), begin, end, "<|pad|>"})
    raw = _pieces(special) if family.startswith(_PIECES) else _bytes(special)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, bos_token=begin, eos_token=end, pad_token="<|pad|>")
    tokenizer.chat_template = text
    return open_template(tokenizer, frozenset({tokenizer.eos_token_id}), family)


_WORDS = ["the", "and", "of", "what", "Reason", "queue", "urgency", "high", "billing", "you", "user", "assistant"] * 20


def _bytes(special: Sequence[str]) -> Any:
    """As Llama 3 and Qwen: bytes, so that a character outside ASCII is several tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=list(special), initial_alphabet=alphabet, show_progress=False
    )
    raw.train_from_iterator(_WORDS, trainer)
    return raw


def _pieces(special: Sequence[str]) -> Any:
    """As Gemma and Phi 3: pieces of text, and a token for each byte of a character that has none."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers

    vocabulary = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", "\n", *map(chr, range(33, 127))]
    raw = Tokenizer(
        models.BPE({piece: index for index, piece in enumerate(vocabulary)}, [], unk_token="<unk>", byte_fallback=True)
    )
    raw.normalizer = normalizers.Replace(" ", "▁")
    raw.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    raw.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    return raw


def by_trl(
    template: Template, examples: Sequence[Example], max_length: int | None = None
) -> dict[int, tuple[list[int], list[int]]]:
    """The input ids and labels that TRL's own trainer makes of chats, by their place.

    It drops those that learn nothing. System prompts are folded into the first question before, where the template
    has no turn for them.
    """
    from datasets import IterableDataset
    from trl.chat_template_utils import get_training_chat_template, has_generation_markers
    from trl.trainer.sft_trainer import SFTTrainer

    class Args:
        assistant_only_loss = True
        dataset_text_field = "text"
        truncation_mode = "keep_start"
        shuffle_dataset = False

    Args.max_length = max_length  # type: ignore[attr-defined]
    tokenizer = template.tokenizer
    trainer = SFTTrainer.__new__(SFTTrainer)
    trainer._tokenizer, trainer.completion_only_loss = tokenizer, False
    marked = has_generation_markers(tokenizer.chat_template)
    trainer.chat_template = None if marked else get_training_chat_template(tokenizer)

    def chats() -> Any:
        for place, example in enumerate(examples):
            turns = without_system_turn(example.messages) if template.folds_system else example.messages
            plain = [{key: value for key, value in turn.items() if key != "weight"} for turn in turns]
            yield {"place": place, "messages": plain, "tools": list(example.tools) or None}

    if not examples:
        return {}
    prepared = trainer._prepare_dataset(IterableDataset.from_generator(chats), tokenizer, Args(), False, None, "train")
    return {row["place"]: (row["input_ids"], row["labels"]) for row in prepared}
