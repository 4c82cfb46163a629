"""LoRA adapters on one batch, each row answered by its own, in two small products a layer.

PEFT's own mixed batches pick the rows of each adapter out of every layer's input and put them back, with a dozen
kernels a layer and indices that come from the CPU; its layer of one adapter takes five. Here the rows without an
adapter are left out where they stand first or last, those of several adapters meet all of their matrices, stacked, with
what is not a row's own multiplied by 0. On a card the first product runs beside the layer's own, which waits for the
memory, and the second adds into the output itself. It is computed in the format of that output, as servers do, where
PEFT keeps the adapter's own. PEFT's forward is the twin that the tests hold this against.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from peft.utils.other import AuxiliaryTrainingWrapper
from torch.nn.functional import linear

from ftworkbench.errors import JobError
from ftworkbench.worker.forwards import forwards, is_plain_lora


def can_stack(model: Any) -> bool:
    """Whether all that is tuned of the model is plain LoRA on linear layers, whole or in 4 bits."""
    tuned = [each for each in model.modules() if isinstance(each, BaseTunerLayer | AuxiliaryTrainingWrapper)]
    return all(map(is_plain_lora, tuned))


def switched_on(model: Any) -> str | None:
    """The adapter that answers; None where there is none, or it is switched off."""
    for module in model.modules():
        if isinstance(module, BaseTunerLayer):
            return None if module.disable_adapters else module.active_adapters[0]
    return None


def stacked(model: Any, by_row: Sequence[str | None]) -> AbstractContextManager[int]:
    """Has each row of a batch answered by its own adapter, or by none, within the block, and without a gradient."""
    layers = [each for each in model.modules() if isinstance(each, BaseTunerLayer)]
    return forwards((each, _forward(each, by_row)) for each in layers)


def _forward(module: Any, by_row: Sequence[str | None]) -> Any:
    tuned = any(name in module.lora_A for name in by_row)
    return _Stack(module, by_row) if tuned else module.get_base_layer().forward


class _Stack:
    """A layer's forward, with the adapters that some rows of the batch have there."""

    def __init__(self, module: Any, by_row: Sequence[str | None]) -> None:
        mine = [name if name in module.lora_A else None for name in by_row]
        rows = [row for row, name in enumerate(mine) if name is not None]
        self._base = module.get_base_layer()
        within = mine[rows[0] : rows[-1] + 1]
        self._count, self._is_whole = len(by_row), len(set(mine)) == 1
        self._rows = slice(None) if self._is_whole else slice(rows[0], rows[-1] + 1)
        names = [name for name in dict.fromkeys(within) if name is not None]
        self._down = torch.cat([module.lora_A[name].weight for name in names])
        self._up = torch.cat([module.lora_B[name].weight * module.scaling[name] for name in names], dim=1).t()
        self._own: torch.Tensor | None = None
        if any(name != names[0] for name in within):
            wide = [name for name in names for _ in range(module.lora_A[name].weight.shape[0])]
            own = [[float(name == each) for each in wide] for name in within]
            self._own = torch.tensor(own, device=self._down.device)

    def __call__(self, x: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
        # Not beside: what a stream is done with belongs to the one that made it, at once.
        if self._down.dtype != x.dtype:
            self._down = self._down.to(x.dtype)
            self._own = None if self._own is None else self._own.to(x.dtype)
        if x.is_cuda:
            here, beside = torch.cuda.current_stream(x.device), _beside(x.device)
            beside.wait_stream(here)
            with torch.cuda.stream(beside):
                narrow = self._narrow(x)
            y: torch.Tensor = self._base(x)
            here.wait_stream(beside)
        else:
            narrow, y = self._narrow(x), self._base(x)
        if self._up.dtype != y.dtype:
            self._up = self._up.to(y.dtype)
        into = y[self._rows]
        into.view(-1, into.shape[-1]).addmm_(narrow.reshape(-1, len(self._up)).to(y.dtype), self._up)
        return y

    def _narrow(self, x: torch.Tensor) -> torch.Tensor:
        if not self._is_whole and (x.dim() < 3 or len(x) != self._count):
            raise JobError("the layers of this model see rows taken apart, so adapters cannot be told by row")
        narrow = linear(x[self._rows], self._down)
        if self._own is None:
            return narrow
        return narrow * self._own.view(len(narrow), *[1] * (narrow.dim() - 2), -1)


@cache
def _beside(device: torch.device) -> torch.cuda.Stream:
    """Where the narrow products run, while the card reads the layer's own weight; one, as each keeps a workspace."""
    return torch.cuda.Stream(device)
