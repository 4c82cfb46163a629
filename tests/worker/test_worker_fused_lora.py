"""LoRA layers computed in one step, against PEFT's own forward and what autograd makes of it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn
from torch.utils.checkpoint import checkpoint
from torch.utils.flop_counter import FlopCounterMode

from ftworkbench.worker.fused_lora import fused_adapters


class Two(nn.Module):
    """Two layers, the second with a bias, each 64 wide."""

    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.first, self.second = first, second

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(torch.tanh(self.first(x)))  # type: ignore[no-any-return]


def adapted(kind: str, dtype: torch.dtype = torch.float32, **options: Any) -> Any:
    """The layers with adapters that say something, as training begins some steps later."""
    torch.manual_seed(0)
    if kind == "whole":
        layers = Two(nn.Linear(64, 64, bias=False), nn.Linear(64, 64)).to(dtype)
    else:
        from bitsandbytes.nn import Linear4bit

        layers = Two(
            Linear4bit(64, 64, bias=False, compute_dtype=dtype, quant_type="nf4"),
            Linear4bit(64, 64, compute_dtype=dtype, quant_type="nf4"),
        ).to("cpu")
    model = get_peft_model(layers, LoraConfig(r=4, lora_alpha=12, target_modules=["first", "second"], **options))
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(weight, std=0.1)
    return model


def computed(model: Any, x: torch.Tensor) -> list[torch.Tensor]:
    """What comes out, and the gradients of the input and of every adapter."""
    x = x.clone().requires_grad_()
    model.zero_grad()
    y = model(x)
    y.float().square().sum().backward()
    return [y.detach(), x.grad, *(weight.grad.clone() for weight in model.parameters() if weight.requires_grad)]


@pytest.mark.parametrize("kind", ["whole", "four bits"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_outputs_and_gradients_are_those_of_peft(kind: str, dtype: torch.dtype) -> None:
    model = adapted(kind, dtype)
    x = torch.randn(2, 5, 64, dtype=dtype)
    plain = computed(model, x)
    with fused_adapters(model) as count:
        fused = computed(model, x)
    assert count == 2
    assert len(plain) == len(fused) == 6
    rough = {"rtol": 0.05, "atol": 0.25} if dtype == torch.bfloat16 else {"rtol": 1e-4, "atol": 1e-4}
    for one, other in zip(plain, fused, strict=True):
        assert one.dtype == other.dtype
        torch.testing.assert_close(other, one, **rough)
    again = computed(model, x)
    assert all(torch.equal(one, other) for one, other in zip(plain, again, strict=True))  # PEFT's own again


def test_under_autocast_the_outputs_keep_their_format() -> None:
    model = adapted("whole", torch.bfloat16)
    x = torch.randn(3, 64, dtype=torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        plain = model(x)
        with fused_adapters(model):
            fused = model(x)
    assert fused.dtype == plain.dtype
    torch.testing.assert_close(fused, plain, rtol=0.05, atol=0.05)


def test_a_checkpointed_block_does_not_repeat_its_last_product() -> None:
    model = adapted("whole")
    x = torch.randn(32, 64, requires_grad=True)

    def products() -> int:
        with FlopCounterMode(display=False) as counted:
            checkpoint(model, x, use_reentrant=False).square().sum().backward()
        return counted.get_total_flops()

    plain = products()
    with fused_adapters(model):
        fused = products()
    frozen = 2 * 32 * 64 * 64
    assert frozen <= plain - fused < 2 * frozen


@pytest.mark.filterwarnings("ignore:`lora_bias=True`")
@pytest.mark.parametrize("options", [{"lora_dropout": 0.1}, {"use_dora": True}, {"lora_bias": True}])
def test_what_it_cannot_do_is_left_to_peft(options: dict[str, Any]) -> None:
    model = adapted("whole", **options)
    before = [module.forward for module in model.modules()]
    with fused_adapters(model) as count:
        assert count == 0
        assert [module.forward for module in model.modules()] == before


def test_with_the_adapter_switched_off_the_base_answers() -> None:
    model = adapted("whole")
    x = torch.randn(3, 64)
    with fused_adapters(model), model.disable_adapter():
        off = model(x)
    with model.disable_adapter():
        assert torch.equal(off, model(x))
