"""Decoding without the time to launch it: a token's forward pass is recorded once as a CUDA graph, and played again.

At small batches a card waits for Python: of the 25 to 30 ms that an 8B model takes for a token, reading its weights is
4. A graph needs tensors that stay where they are, so keys and values have their places from the start. On a CPU the
same loop runs without a recording, as its twin.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any
from weakref import WeakSet

import torch
from transformers import DynamicCache, StaticCache
from transformers.cache_utils import StaticLayer

from ftworkbench.worker.reasons import out_of_memory

Put = Callable[[torch.Tensor], None]
_FIXED_ROTARY = frozenset({"default", "linear", "llama3", "yarn"})
# Steps that are launched before one is recorded, which takes as long as three or four: short answers come without.
LAUNCHED = 3
_unrecorded: WeakSet[Any] = WeakSet()  # models that do what no graph can hold, such as reading a number from the card

Choose = Callable[[torch.Tensor], torch.Tensor]
"""Tokens of logits, (rows, vocabulary) to (rows,)."""


def can_decode(model: Any) -> bool:
    """Whether the loop asks the model as its own code expects: plain attention over all of a sequence, by places.

    Each key and value has to have a fixed place, places have to reach the model as numbers (rotary, and not stretched
    by how long the sequence is), and all of it has to be on one device. Code that does not come with the library, or
    that the library cannot compile as a whole, is not trusted with masks of our own; nor are adapters that look for a
    word in the prompt. LLM.int8 looks at its inputs from the CPU, which cannot be recorded.
    """
    inner, config = _inner(model), model.config.get_text_config()
    rotary = getattr(config, "rope_parameters", None) or {}
    adapters = getattr(model, "peft_config", None) or {}
    return (
        type(inner).__module__.startswith("transformers.")
        and bool(getattr(inner, "_can_compile_fullgraph", False))
        and not config.is_encoder_decoder
        and config._attn_implementation in {"sdpa", "eager"}
        and rotary.get("rope_type") in _FIXED_ROTARY
        and not getattr(config, "alibi", False)
        and not getattr(config, "keep_window_size", None)
        and not any(getattr(each, "alora_invocation_tokens", None) for each in adapters.values())
        and _keeps_all(config)
        and len({each.device for each in model.parameters()}) == 1
        and not any(type(module).__name__ == "Linear8bitLt" for module in model.modules())
    )


def _inner(model: Any) -> Any:
    """The model that is asked: what is around it (PEFT's own, a trainer's autocast) is not asked by generate either."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _keeps_all(config: Any) -> bool:
    try:
        layers = StaticCache(config=config, max_cache_len=1).layers
    except (ValueError, KeyError, AttributeError):
        return False
    return all(type(layer) is StaticLayer for layer in layers)


def decode(
    model: Any,
    ids: torch.Tensor,
    mask: torch.Tensor,
    *,
    room: int,
    ends: frozenset[int],
    choose: Choose,
    put: Put = lambda tokens: None,
    record: bool = False,
) -> list[list[int]]:
    """The new tokens of each row, up to `room` of them; what comes after a row's end is to be cut off.

    `ids` and `mask` are padded on the left. `put` is given the tokens of each step, on the CPU; the loop ends once
    every row has had one of `ends`. With `record` the steps after the first few are played from a CUDA graph.
    """
    stops = torch.tensor(sorted(ends))
    ended = torch.zeros(len(ids), dtype=torch.bool)
    read = _Read(room, ids)
    with torch.inference_mode():
        step = _Steps(_inner(model), ids, mask, room, record=record)
        tokens = choose(step.first())
        while True:
            read.begin(tokens)
            more = read.count + 1 < room
            # The card goes on while its last tokens are read and told.
            ahead = step.next(tokens) if more and step.is_played else None
            here = read.end()
            put(here)
            ended |= torch.isin(here, stops)
            if not more or bool(ended.all()):
                return read.rows()
            tokens = choose(step.next(tokens) if ahead is None else ahead)


class _Read:
    """The tokens of each step, on the CPU: those of a card are brought while it goes on."""

    def __init__(self, room: int, ids: torch.Tensor) -> None:
        self._kept = torch.empty(room, len(ids), dtype=ids.dtype, pin_memory=ids.is_cuda)
        self._came = torch.cuda.Event() if ids.is_cuda else None
        self.count = 0

    def begin(self, tokens: torch.Tensor) -> None:
        """Has a step's tokens brought, behind what the card has to do so far."""
        self._kept[self.count].copy_(tokens, non_blocking=True)
        if self._came is not None:
            self._came.record()

    def end(self) -> torch.Tensor:
        """The tokens, once they are here."""
        if self._came is not None:
            self._came.synchronize()
        self.count += 1
        return self._kept[self.count - 1]

    def rows(self) -> list[list[int]]:
        """All tokens so far, row by row."""
        found: list[list[int]] = self._kept[: self.count].t().tolist()
        return found


class _Steps:
    """The forward passes: of the prompts, then of one token after another."""

    def __init__(self, model: Any, ids: torch.Tensor, mask: torch.Tensor, room: int, *, record: bool) -> None:
        self._model, self._ids, self._mask, self._record = model, ids, mask, record
        rows, length = ids.shape
        # In eights, as attention's kernels read a mask.
        self._length = -(-(length + room) // 8) * 8
        self._cache = StaticCache(config=model.config.get_text_config(), max_cache_len=self._length)
        self._at = length
        # What a step reads: the tokens, their places, and which keys each row sees.
        self._token = torch.zeros(rows, 1, dtype=ids.dtype, device=ids.device)
        self._place = mask.sum(1, keepdim=True)
        # What is not seen, as it is added to the scores: every attention of the library takes that.
        hidden = torch.finfo(model.dtype).min
        self._seen = torch.full((rows, 1, 1, self._length), hidden, dtype=model.dtype, device=ids.device)
        self._seen[:, 0, 0, :length].masked_fill_(mask.bool(), 0)
        self._graph: Any = None
        self._logits = torch.empty(0)
        self._taken = 0

    def first(self) -> torch.Tensor:
        """The logits after the prompts, which are read as the library reads them; then keys and values find a place."""
        places = (self._mask.cumsum(1) - 1).clamp(min=0)
        grown = DynamicCache(config=self._model.config.get_text_config())
        logits = self._forward(self._ids, places, self._mask, grown)
        for layer, its in zip(self._cache.layers, grown.layers, strict=True):
            layer.update(its.keys, its.values)
            its.keys = its.values = None
        return logits

    @property
    def is_played(self) -> bool:
        """Whether a step costs the card's time alone."""
        return self._graph is not None

    def next(self, tokens: torch.Tensor) -> torch.Tensor:
        """The logits after one more token of each row; those of the last time may be overwritten."""
        self._token.copy_(tokens[:, None])
        self._seen[:, :, :, self._at] = 0
        self._at += 1
        self._taken += 1
        records = self._record and self._model not in _unrecorded
        if records and self._graph is None and self._taken > LAUNCHED:
            self._graph = self._recorded()
        if self._graph is not None:
            self._graph.replay()
        elif records:
            self._logits = self._launched()
        else:
            self._logits = self._step()
        self._place.add_(1)
        return self._logits

    def _step(self) -> torch.Tensor:
        return self._forward(self._token, self._place, self._seen, self._cache)

    def _launched(self) -> torch.Tensor:
        """A step in a stream of its own, as one that is to be recorded asks for. The last one is watched.

        A recording that fails leaves PyTorch's allocator in doubt, so a model that waits for the card is found before.
        """
        own = _launching(self._ids.device)
        own.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(own):
            if self._taken < LAUNCHED:
                logits = self._step()
            else:
                with warnings.catch_warnings(record=True) as told:
                    warnings.simplefilter("always")
                    torch.cuda.set_sync_debug_mode("warn")
                    try:
                        logits = self._step()
                    finally:
                        torch.cuda.set_sync_debug_mode("default")
                if any("called a synchronizing" in str(each.message) for each in told):
                    _unrecorded.add(self._model)
        torch.cuda.current_stream().wait_stream(own)
        return logits

    def _recorded(self) -> Any:
        """The graph of a step, which is not taken yet; None, once and for all, of a model that cannot be recorded."""
        graph, here = torch.cuda.CUDAGraph(), torch.cuda.current_stream()
        own = _launching(self._ids.device)
        try:
            # Other threads may go on with the card, as one that fills batches does.
            with torch.cuda.graph(graph, stream=own, capture_error_mode="thread_local"):
                logits = self._step()
        except RuntimeError as error:
            torch.cuda.set_stream(here)
            if out_of_memory(error):
                raise
            _unrecorded.add(self._model)
            return None
        self._logits = logits
        return graph

    def _forward(self, ids: torch.Tensor, places: torch.Tensor, seen: torch.Tensor, kept: Any) -> torch.Tensor:
        out = self._model(
            input_ids=ids,
            position_ids=places,
            attention_mask=seen,
            past_key_values=kept,
            use_cache=True,
            logits_to_keep=1,
        )
        logits: torch.Tensor = out.logits[:, -1].float()
        return logits


@cache
def _launching(device: torch.device) -> torch.cuda.Stream:
    """Where steps are launched and recorded; one, as the libraries keep a workspace for each."""
    return torch.cuda.Stream(device)
