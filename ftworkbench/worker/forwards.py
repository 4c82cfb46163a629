"""Layers that compute otherwise for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def forwards(replaced: Iterable[tuple[Any, Callable[..., Any]]]) -> Iterator[int]:
    """Gives each module that forward within the block, and its own again after it; gives how many there are."""
    taken: list[tuple[Any, Any]] = []
    try:
        for module, forward in replaced:
            taken.append((module, module.__dict__.get("forward")))
            module.forward = forward
        yield len(taken)
    finally:
        for module, own in taken:
            module.__dict__.pop("forward", None)
            if own is not None:
                module.forward = own


def is_plain_lora(module: Any) -> bool:
    """Whether it is a LoRA layer that adds two products and no more, on a linear layer, whole or in 4 bits."""
    from peft.tuners.lora.layer import Linear

    linear = type(module) is Linear or type(module).__name__ == "Linear4bit"
    if not linear or not hasattr(module, "lora_A") or module.lora_variant or module.merged:
        return False
    return all(each.bias is None for each in (*module.lora_A.values(), *module.lora_B.values()))
