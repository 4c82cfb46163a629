"""LoRA on a frozen linear layer as one step of autograd: what PEFT computes, in fewer passes over the memory.

PEFT's layer casts its input to the adapter's format and back, scales, and adds: five kernels that each read and write
all of a layer's numbers, and a copy of the input for each adapter. Here the adapter's product is added by the matrix
product itself, forward and backward, and layers with the same input keep it once. What backward needs is kept before
the product with the frozen weight, so that checkpointing, which stops once it has what was kept, does not repeat a
block's last one. PEFT's own forward is the twin that the tests hold this against; it is also what runs wherever this
does not apply.

With y = x Wᵀ + s (x Aᵀ) Bᵀ and g = ∂L/∂y (LoRA, arXiv 2106.09685, section 4.1):
∂L/∂x = g W + s (g B) A, ∂L/∂A = s (g B)ᵀ x, ∂L/∂B = s gᵀ (x Aᵀ).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch.nn.functional import linear

from ftworkbench.worker.forwards import forwards, is_plain_lora


def fused_adapters(model: Any) -> AbstractContextManager[int]:
    """Has the model's LoRA layers compute so within the block, where they can; gives how many do."""
    return forwards((each, partial(_forward, each, each.forward)) for each in model.modules() if _fits(each))


def _fits(module: Any) -> bool:
    """Whether it is a plain LoRA layer, of one adapter without dropout, on a frozen weight, whole or in 4 bits."""
    if not is_plain_lora(module):
        return False
    names = [name for name in module.active_adapters if name in module.lora_A]
    if len(names) != 1:
        return False
    base = module.get_base_layer()
    plain = type(base) is torch.nn.Linear or type(base).__name__ == "Linear4bit"
    no_dropout = isinstance(module.lora_dropout[names[0]], torch.nn.Identity)
    return plain and no_dropout and not base.weight.requires_grad and not _biased(base)


def _biased(base: Any) -> bool:
    """Whether the layer's own bias is trained, too."""
    return base.bias is not None and base.bias.requires_grad


def _forward(module: Any, plain: Callable[..., torch.Tensor], x: torch.Tensor, *rest: Any, **named: Any) -> Any:
    base = module.get_base_layer()
    dtype = _computed_in(base)
    kind = x.device.type
    cast_otherwise = torch.is_autocast_enabled(kind) and torch.get_autocast_dtype(kind) != dtype
    if rest or named or module.disable_adapters or cast_otherwise or not x.numel():
        return plain(x, *rest, **named)
    [name] = module.active_adapters
    with torch.autocast(kind, enabled=False):
        a, b = (matrix[name].weight.to(dtype) for matrix in (module.lora_A, module.lora_B))
        beside = _Beside(base, module.scaling[name])
        x_cast = x.to(dtype)
        place, narrow = _Kept.apply(x_cast, a, b, beside)
        y = _Product.apply(place, x_cast.detach(), (narrow, b.detach()), beside)
    return y if dtype == x.dtype or torch.is_autocast_enabled(kind) else y.to(x.dtype)


def _computed_in(base: Any) -> torch.dtype:
    dtype: torch.dtype | None = getattr(base, "compute_dtype", None)
    return dtype or base.weight.dtype


def _weight(base: Any) -> torch.Tensor:
    state = getattr(base.weight, "quant_state", None)
    if state is None:
        weight: torch.Tensor = base.weight
        return weight
    from bitsandbytes.functional import dequantize_4bit

    return dequantize_4bit(base.weight, state).to(_computed_in(base))


@dataclass(frozen=True)
class _Beside:
    """What an adapter stands beside, and how much it counts."""

    base: Any
    scaling: float


class _Kept(torch.autograd.Function):  # type: ignore[misc]
    """All that backward needs of the forward pass: x, and x Aᵀ, which is narrow; and the whole backward pass.

    It gives a tensor without numbers in the place of y, for y's gradient to come back by. So the frozen product comes
    after the last tensor that is kept, and a checkpointed block of which it is the last layer never repeats it.
    """

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, a: torch.Tensor, b: torch.Tensor, beside: _Beside
    ) -> tuple[torch.Tensor, torch.Tensor]:
        narrow = linear(x.reshape(-1, x.shape[-1]), a)
        ctx.save_for_backward(x, a, b, narrow)
        ctx.mark_non_differentiable(narrow)
        ctx.beside = beside
        shape = (*x.shape[:-1], b.shape[0])
        return x.new_empty_strided(shape, (0,) * len(shape)), narrow

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, a, b, narrow = ctx.saved_tensors
        g = grads[0].reshape(-1, grads[0].shape[-1])
        back = (g @ b).mul_(ctx.beside.scaling)
        dx = None
        if ctx.needs_input_grad[0]:
            dx = g @ _weight(ctx.beside.base)
            dx.addmm_(back, a)
            dx = dx.view(x.shape)
        da = back.t() @ x.reshape(-1, x.shape[-1])
        db = (g.t() @ narrow).mul_(ctx.beside.scaling)
        return dx, da, db, None


class _Product(torch.autograd.Function):  # type: ignore[misc]
    """y = x Wᵀ + bias + s (x Aᵀ) Bᵀ, of (x Aᵀ, B), in the place that was held for it. It keeps nothing."""

    @staticmethod
    def forward(
        ctx: Any, place: torch.Tensor, x: torch.Tensor, adapter: tuple[torch.Tensor, torch.Tensor], beside: _Beside
    ) -> torch.Tensor:
        (narrow, b), base = adapter, beside.base
        rows = x.reshape(-1, x.shape[-1])
        quantized = getattr(base.weight, "quant_state", None) is not None
        y = base(rows) if quantized else linear(rows, base.weight, base.bias)
        y.addmm_(narrow, b.t(), alpha=beside.scaling)
        return y.view(place.shape)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        return grads[0], None, None, None
