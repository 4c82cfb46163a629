"""Decoding without the time to launch it: a token's forward pass is recorded once as a CUDA graph, and played again.

At small batches a card waits for Python: of the 25 to 30 ms that an 8B model takes for a token, reading its weights is
4. A graph needs tensors that stay where they are, so keys and values have their places from the start. On a CPU the
same loop runs without a recording, as its twin.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any
from weakref import WeakSet

import torch
from transformers import StaticCache
from transformers.cache_utils import StaticLayer

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
    by how long the sequence is), and all of it has to be on one device. Code that does not come with the library is
    not trusted with masks of our own. LLM.int8 looks at its inputs from the CPU, which cannot be recorded.
    """
    config = model.config.get_text_config()
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    rotary = getattr(config, "rope_parameters", None) or {}
    return (
        type(inner).__module__.startswith("transformers.")
        and not config.is_encoder_decoder
        and config._attn_implementation in {"sdpa", "eager"}
        and rotary.get("rope_type") in _FIXED_ROTARY
        and not getattr(config, "alibi", False)
        and _keeps_all(config)
        and len({each.device for each in model.parameters()}) == 1
        and not any(type(module).__name__ == "Linear8bitLt" for module in model.modules())
    )


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
    found: list[torch.Tensor] = []
    ended = torch.zeros(len(ids), dtype=torch.bool)
    with torch.inference_mode():
        step = _Steps(model, ids, mask, room, record=record)
        tokens = choose(step.first())
        coming = _read(tokens)
        while True:
            more = len(found) + 1 < room
            # The card goes on while its last tokens are read and told.
            ahead = step.next(tokens) if more and step.is_played else None
            found.append(coming())
            put(found[-1])
            ended |= torch.isin(found[-1], stops)
            if not more or bool(ended.all()):
                break
            tokens = choose(step.next(tokens) if ahead is None else ahead)
            coming = _read(tokens)
    rows: list[list[int]] = torch.stack(found, dim=1).tolist()
    return rows


def _read(tokens: torch.Tensor) -> Callable[[], torch.Tensor]:
    """Begins to bring tokens to the CPU, behind what the card has to do so far; what it gives waits for them."""
    if not tokens.is_cuda:
        return lambda: tokens
    here = torch.empty(tokens.shape, dtype=tokens.dtype, pin_memory=True)
    here.copy_(tokens, non_blocking=True)
    came = torch.cuda.Event()
    came.record()

    def wait() -> torch.Tensor:
        came.synchronize()
        return here

    return wait


class _Steps:
    """The forward passes: of the prompts, then of one token after another."""

    def __init__(self, model: Any, ids: torch.Tensor, mask: torch.Tensor, room: int, *, record: bool) -> None:
        self._model, self._ids, self._mask, self._record = model, ids, mask, record
        rows, length = ids.shape
        self._length = length + room
        self._cache = StaticCache(config=model.config.get_text_config(), max_cache_len=self._length)
        self._at = length
        # What a step reads: the tokens, their places, and which keys each row sees.
        self._token = torch.zeros(rows, 1, dtype=ids.dtype, device=ids.device)
        self._place = mask.sum(1, keepdim=True)
        # What is not seen, as it is added to the scores: every attention of the library takes that.
        self._hidden = torch.finfo(model.dtype).min
        self._seen = torch.full((rows, 1, 1, self._length), self._hidden, dtype=model.dtype, device=ids.device)
        self._seen[:, 0, 0, :length].masked_fill_(mask.bool(), 0)
        self._graph: Any = None
        self._logits = torch.empty(0)
        self._taken = 0

    def first(self) -> torch.Tensor:
        """The logits after the prompts."""
        places = (self._mask.cumsum(1) - 1).clamp(min=0)
        # Each token sees those before it that are no padding; a row of padding sees itself, that it is a number at all.
        length = self._ids.shape[1]
        seen = torch.ones(length, length, dtype=torch.bool, device=self._ids.device).tril()
        seen = seen & self._mask.bool()[:, None, :]
        seen |= torch.eye(length, dtype=torch.bool, device=self._ids.device)
        whole = self._seen.new_full((*seen.shape[:2], self._length), self._hidden)
        whole[:, :, :length].masked_fill_(seen, 0)
        return self._forward(self._ids, places, whole[:, None])

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
        if self._graph is None and self._taken > LAUNCHED and self._record and self._model not in _unrecorded:
            self._graph = self._recorded()
        if self._graph is not None:
            self._graph.replay()
        else:
            self._logits = self._launched()
        self._place.add_(1)
        return self._logits

    def _step(self) -> torch.Tensor:
        return self._forward(self._token, self._place, self._seen)

    def _launched(self) -> torch.Tensor:
        """A step as it is; in a stream of its own where one is to be recorded, as that asks for."""
        if not self._record:
            return self._step()
        own = _launching(self._ids.device)
        own.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(own):
            logits = self._step()
        torch.cuda.current_stream().wait_stream(own)
        return logits

    def _recorded(self) -> Any:
        """The graph of a step, which is not taken yet; None, once and for all, of a model that cannot be recorded."""
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, stream=_launching(self._ids.device)):
                logits = self._step()
        except torch.OutOfMemoryError:
            raise
        except RuntimeError:
            _unrecorded.add(self._model)
            return None
        self._logits = logits
        return graph

    def _forward(self, ids: torch.Tensor, places: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        out = self._model(
            input_ids=ids,
            position_ids=places,
            attention_mask=seen,
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits: torch.Tensor = out.logits[:, -1].float()
        return logits


@cache
def _launching(device: torch.device) -> torch.cuda.Stream:
    """Where steps are launched and recorded; one, as the libraries keep a workspace for each."""
    return torch.cuda.Stream(device)
