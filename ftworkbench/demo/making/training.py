"""Training from scratch on packed rows: one loss over whole rows, dialogues kept apart, a schedule by the clock."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from ftworkbench.demo.making.shards import ANSWERS, IDS, POSITIONS, SHARD_ROWS
from ftworkbench.demo.making.tokenizer import CONTEXT, VOCABULARY

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM

PEAK_RATE = 3e-3
MUON_RATE = 4e-3
"""For the layers' matrices, in AdamW's units; embeddings and norms are AdamW's."""
BETAS = (0.9, 0.95)
DECAY = 0.1
CLIP = 1.0
WARM_UP_STEPS = 200
FALLING = 0.6
"""The part of the time at the end in which the rate falls to nothing."""
PROMPT_WEIGHT = 0.1
ATTENTION = "packed"
REPORT_EVERY = 100
SAVE_EVERY = 60.0
"""Seconds between two saves while training."""


def new_model(pad: int, end: int) -> "LlamaForCausalLM":
    """The pocket shape with random weights, 7.34M parameters."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=256,
        intermediate_size=768,
        num_hidden_layers=8,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=64,
        max_position_embeddings=CONTEXT,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=end,
        pad_token_id=pad,
        use_cache=True,
    )
    return LlamaForCausalLM(config)


def register_attention(device: str) -> None:
    """Makes `packed` an attention of transformers that sees dialogues, not rows.

    On CUDA it is PyTorch's varlen attention over all rows laid end to end; elsewhere a mask.
    """
    import inspect

    import torch
    from transformers import AttentionInterface, AttentionMaskInterface

    attend: Callable[..., Any] = _masked_attention
    if device == "cuda":
        from torch.nn.attention.varlen import varlen_attn

        causal: dict[str, Any] = {"window_size": (-1, 0)}
        if "is_causal" in inspect.signature(varlen_attn).parameters:
            causal = {"is_causal": True}

        def attend_varlen(
            module: "torch.nn.Module", query: "torch.Tensor", key: "torch.Tensor", value: "torch.Tensor", *_: Any,
            ends: "torch.Tensor", **__: Any,
        ) -> tuple["torch.Tensor", None]:  # fmt: skip
            groups = query.shape[1] // key.shape[1]
            flat = [
                each.transpose(1, 2).reshape(-1, query.shape[1], query.shape[3])
                for each in (query, key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1))
            ]
            dtype = torch.bfloat16
            mixed = varlen_attn(*(each.to(dtype) for each in flat), ends, ends, CONTEXT, CONTEXT, **causal)
            return mixed.reshape(query.shape[0], query.shape[2], query.shape[1], query.shape[3]), None

        attend = attend_varlen
    AttentionInterface.register(ATTENTION, attend)
    AttentionMaskInterface.register(ATTENTION, lambda *_, **__: None)


def _masked_attention(
    module: "torch.nn.Module", query: "torch.Tensor", key: "torch.Tensor", value: "torch.Tensor", *_: Any,
    ends: "torch.Tensor", **__: Any,
) -> tuple["torch.Tensor", None]:  # fmt: skip
    import torch

    place = torch.arange(query.shape[0] * query.shape[2])
    segment = torch.bucketize(place, ends.long(), right=True).view(query.shape[0], 1, -1)
    causal = torch.ones(query.shape[2], query.shape[2], dtype=torch.bool).tril()
    mask = (segment.unsqueeze(-1) == segment.unsqueeze(-2)) & causal
    mixed = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, enable_gqa=True)
    return mixed.transpose(1, 2), None


def shards(folder: Path, seed: int) -> Iterator[tuple[Any, bool]]:
    """Shards as they come, each with whether it is new; while none is new, an old one again."""
    rng = Random(seed)
    seen: list[Path] = []
    while True:
        fresh = sorted(set(folder.glob("[0-9]*.npy")) - set(seen), key=lambda path: path.stat().st_mtime)
        if not fresh and not seen:
            time.sleep(0.1)
            continue
        for path in fresh or [rng.choice(seen)]:
            yield np.load(path), bool(fresh)
        seen += fresh


def batches(folder: Path, rows: int, device: str, seed: int) -> Iterator[tuple[Any, Any, Any, Any, bool]]:
    """(ids, positions, weights, ends, new) of so many rows, without end.

    ids, positions: int64 (rows, context). weights: float32, of each token as a target. ends: int32 (2 + dialogues),
    where the dialogues begin and end when the rows are laid end to end, padded to one length with the last end.
    """
    import torch

    order = np.random.default_rng(seed)
    ends_length = rows * 64 + 1
    for shard, new in shards(folder, seed):
        mixed = shard[:, order.permutation(SHARD_ROWS)]
        for start in range(0, SHARD_ROWS - rows + 1, rows):
            part = mixed[:, start : start + rows].astype(np.int64, order="C")
            begins = np.flatnonzero(part[POSITIONS].reshape(-1) == 0)
            ends = np.full(ends_length, rows * CONTEXT, dtype=np.int32)
            ends[: len(begins)] = begins
            weights = np.array([0.0, PROMPT_WEIGHT, 1.0], dtype=np.float32)[part[ANSWERS]]
            weights[part[POSITIONS] == 0] = 0.0
            tensors = [torch.from_numpy(each) for each in (part[IDS], part[POSITIONS], weights, ends)]
            if device == "cuda":
                tensors = [tensor.pin_memory().to(device, non_blocking=True) for tensor in tensors]
            yield *tensors, new


def _loss_of(model: "LlamaForCausalLM", device: str) -> Callable[..., "torch.Tensor"]:
    import torch

    def loss(
        ids: "torch.Tensor", positions: "torch.Tensor", weights: "torch.Tensor", ends: "torch.Tensor"
    ) -> "torch.Tensor":
        with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
            hidden = model.model(input_ids=ids, position_ids=positions, ends=ends, use_cache=False).last_hidden_state
            logits = model.lm_head(hidden)
        losses = torch.nn.functional.cross_entropy(
            logits.view(-1, VOCABULARY)[:-1].float(), ids.view(-1)[1:], reduction="none"
        )
        counted = weights.view(-1)[1:]
        return (losses * counted).sum() / counted.sum()

    return torch.compile(loss) if device == "cuda" else loss


def rate_at(step: int, part: float) -> float:
    """The part of the peak rate at a step, `part` of the time being over: warm-up, flat, then falling to nothing."""
    rising = min(1.0, (step + 1) / WARM_UP_STEPS)
    return rising * min(1.0, max(0.0, (1.0 - part) / FALLING))


def _optimizers(model: "LlamaForCausalLM", device: str) -> list[tuple[Any, float]]:
    """Each optimizer with its peak rate."""
    import torch

    from ftworkbench.demo.making.muon import StackedMuon

    matrices = [each for each in model.model.layers.parameters() if each.ndim > 1]
    norms = [each for each in model.parameters() if each.ndim <= 1]
    groups = [
        {"params": [model.model.embed_tokens.weight], "weight_decay": DECAY},
        {"params": norms, "weight_decay": 0.0},
    ]
    muon = StackedMuon(matrices, lr=MUON_RATE, weight_decay=DECAY)
    adam = torch.optim.AdamW(groups, lr=PEAK_RATE, betas=BETAS, fused=device == "cuda")
    return [(muon, MUON_RATE), (adam, PEAK_RATE)]


def train(
    model: "LlamaForCausalLM",
    folder: Path,
    seconds: float,
    *,
    device: str,
    rows: int,
    seed: int,
    save: Callable[[], None],
) -> dict[str, float]:
    """Trains for so many seconds after the first step (which may compile) and gives what was done."""
    import torch

    register_attention(device)
    model.set_attn_implementation(ATTENTION)
    model.to(device).train()
    optimizers = _optimizers(model, device)
    loss_of = _loss_of(model, device)
    started = saved = time.perf_counter()
    step = new_rows = 0
    recent: list[Any] = []
    for ids, positions, weights, ends, new in batches(folder, rows, device, seed):
        elapsed = time.perf_counter() - started
        if step and elapsed >= seconds:
            break
        rate = rate_at(step, elapsed / seconds if step else 0.0)
        for optimizer, peak in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = peak * rate
        value = loss_of(ids, positions, weights, ends)
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        for optimizer, _ in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        recent.append(value.detach())
        step += 1
        new_rows += rows * new
        if step == 1:
            print(f"first step: loss {float(value):.3f}, {time.perf_counter() - started:.1f} s", flush=True)
            started = saved = time.perf_counter()
        if step % REPORT_EVERY == 0:
            mean = float(torch.stack(recent).mean())
            recent.clear()
            spent = time.perf_counter() - started
            print(json.dumps({"step": step, "loss": round(mean, 4), "seconds": round(spent, 1),
                              "tokens_per_second": round(step * rows * CONTEXT / spent)}), flush=True)  # fmt: skip
            if time.perf_counter() - saved > SAVE_EVERY:
                saved = time.perf_counter()
                save()
    model.set_attn_implementation("sdpa")
    spent = time.perf_counter() - started
    tokens = step * rows * CONTEXT
    return {"steps": step, "tokens": tokens, "different_tokens": new_rows * CONTEXT, "seconds": spent}
