"""Muon over stacks of like matrices: the same steps as `torch.optim.Muon`, in a fraction of the kernel launches."""

from collections.abc import Iterable
from typing import Any

import torch

COEFFICIENTS = (3.4445, -4.775, 2.0315)
STEPS = 5
MOMENTUM = 0.95


class StackedMuon:
    """Nesterov momentum made orthogonal (Jordan 2024), its size matched to AdamW's as in arXiv:2502.16982."""

    def __init__(self, matrices: Iterable[torch.nn.Parameter], lr: float, weight_decay: float) -> None:
        by_shape: dict[Any, list[torch.nn.Parameter]] = {}
        for matrix in matrices:
            by_shape.setdefault(matrix.shape, []).append(matrix)
        self.stacks = list(by_shape.values())
        self.momenta = [torch.zeros_like(torch.stack(list(stack)).detach()) for stack in self.stacks]
        self.param_groups: list[dict[str, Any]] = [{"lr": lr, "weight_decay": weight_decay}]

    def step(self) -> None:
        """One step, a stack for each shape."""
        (group,) = self.param_groups
        with torch.no_grad():
            for matrices, momentum in zip(self.stacks, self.momenta, strict=True):
                gradient = torch.stack([matrix.grad for matrix in matrices])
                momentum.lerp_(gradient, 1 - MOMENTUM)
                update = orthogonal(gradient.lerp(momentum, MOMENTUM)).to(gradient.dtype)
                rate = group["lr"] * 0.2 * max(gradient.shape[-2:]) ** 0.5
                torch._foreach_mul_(matrices, 1 - group["lr"] * group["weight_decay"])
                torch._foreach_add_(matrices, list(update.unbind()), alpha=-rate)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets the gradients."""
        for matrices in self.stacks:
            for matrix in matrices:
                matrix.grad = None


def orthogonal(stack: torch.Tensor) -> torch.Tensor:
    """Nearly the nearest orthogonal matrix of each in the stack, by five Newton-Schulz steps in bf16."""
    found = stack.bfloat16()
    wide = found.shape[-2] <= found.shape[-1]
    if not wide:
        found = found.mT
    found = found / found.norm(dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    first, second, third = COEFFICIENTS
    for _ in range(STEPS):
        gram = found @ found.mT
        found = first * found + (second * gram + third * gram @ gram) @ found
    return found if wide else found.mT
