"""Attention over packed rows: each row sees itself alone, without a mask.

On CUDA it is PyTorch's `varlen_attn` (FlashAttention over rows of any length, laid end to end), elsewhere the same by a
mask, for tests. A model is loaded with another attention, and given this one for training alone: it takes the batches
of a padding-free collator, which name where each row begins (`cu_seq_lens_q`), and no others.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface

from ftworkbench.errors import InputError
from ftworkbench.recipe.model_tables import BY_ROWS

_WIDEST_HEAD = 256  # of FlashAttention


def loaded_with(implementation: str | None) -> str | None:
    """What the model is loaded with, where the recipe asks for this attention in training."""
    return "sdpa" if implementation == BY_ROWS else implementation


@contextmanager
def packed_attention(model: Any, implementation: str | None) -> Iterator[None]:
    """Gives the model this attention within the block, where the recipe says so. Raises InputError where it cannot."""
    if implementation != BY_ROWS:
        yield
        return
    _require_plain(model.config)
    AttentionInterface.register(BY_ROWS, _attend)
    AttentionMaskInterface.register(BY_ROWS, lambda *_, **__: None)
    model.set_attn_implementation(BY_ROWS)
    try:
        yield
    finally:
        model.set_attn_implementation(loaded_with(BY_ROWS))


def _require_plain(config: Any) -> None:
    config = config.get_text_config()
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    what = ""
    if getattr(config, "attn_logit_softcapping", None):
        what = "soft-caps its attention scores"
    elif config.model_type.startswith("gpt_oss"):
        what = "has attention sinks"
    elif head > _WIDEST_HEAD:
        what = f"has heads of {head} numbers, and {_WIDEST_HEAD} is the most"
    if what:
        raise InputError(f"model.attn_implementation: {BY_ROWS} cannot do what this model asks: it {what}; say sdpa")


def _attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    scaling: float | None = None,
    sliding_window: int | None = None,
    cu_seq_lens_q: torch.Tensor | None = None,
    max_length_q: int | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attention as transformers calls it: (1, heads, tokens, width) in, (1, tokens, heads, width) out."""
    if cu_seq_lens_q is None or max_length_q is None:
        raise InputError(f"model.attn_implementation: {BY_ROWS} takes packed rows only: say train.packing = true")
    window = sliding_window if sliding_window is not None and sliding_window < max_length_q else None
    rows = _Rows(cu_seq_lens_q, max_length_q, scaling, window)
    return (_varlen if query.is_cuda else _masked)(query, key, value, rows), None


@dataclass(frozen=True)
class _Rows:
    """Where the rows of a batch begin, and its end; the longest; how scores are scaled, and how far back they go."""

    starts: torch.Tensor
    longest: int
    scaling: float | None
    window: int | None


def _varlen(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, rows: _Rows) -> torch.Tensor:
    from torch.nn.attention.varlen import varlen_attn

    options: dict[str, Any] = {}
    known = _options()
    if rows.window is not None:
        options["window_size"] = (rows.window - 1, 0)
    elif "is_causal" in known:
        options["is_causal"] = True
    else:
        options["window_size"] = (-1, 0)
    if rows.scaling is not None:
        options["scale"] = rows.scaling
    # Where heads share keys: versions without the option leave it to FlashAttention, which takes them as they are.
    if query.shape[1] != key.shape[1] and "enable_gqa" in known:
        options["enable_gqa"] = True
    flat = (each.transpose(1, 2).squeeze(0) for each in (query, key, value))
    mixed: torch.Tensor = varlen_attn(*flat, rows.starts, rows.starts, rows.longest, rows.longest, **options)
    return mixed.unsqueeze(0)


@cache
def _options() -> frozenset[str]:
    """The options that this version of PyTorch takes."""
    from torch.nn.attention.varlen import varlen_attn

    return frozenset(inspect.signature(varlen_attn).parameters)


def _masked(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, rows: _Rows) -> torch.Tensor:
    places = torch.arange(query.shape[2])
    row = torch.bucketize(places, rows.starts[1:].long(), right=True)
    behind = places.unsqueeze(1) - places
    seen = (row.unsqueeze(1) == row) & (behind >= 0)
    if rows.window is not None:
        seen &= behind < rows.window
    mixed = torch.nn.functional.scaled_dot_product_attention(
        query, key, value, attn_mask=seen, scale=rows.scaling, enable_gqa=query.shape[1] != key.shape[1]
    )
    return mixed.transpose(1, 2)
