"""Peak memory of a training step, part by part.

The counts follow from what autograd keeps of each operation in transformers' Llama blocks under PEFT's LoRA
layers (transformers 5.23, peft 0.21, trl 1.16), with frozen base weights: a frozen linear layer keeps no
input, the adapter beside it does. Checked against measured peaks of an 8B Llama shape on an H200, in a test.
"""

from __future__ import annotations

from dataclasses import dataclass

from ftworkbench.estimate.adapters import targets, trainable
from ftworkbench.estimate.shape import Shape
from ftworkbench.recipe.tables import Recipe

GIB = 2**30
_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
# QLoRA (arXiv 2305.14314, section 3): blocks of 64 weights share a float32 scale; double quantization makes
# that an 8-bit scale, with a float32 one for each 256 of them.
_NF4_BYTES = 0.5 + 4 / 64
_NF4_DOUBLE_BYTES = 0.5 + 1 / 64 + 4 / (64 * 256)
# LLM.int8 keeps a second copy of each weight after its first product, and puts weights back into float16 in a backward
# pass; measured (bitsandbytes 0.50), not counted.
_INT8_BYTES = 2.1
_INT8_STEP_BYTES = 1.0
# Numbers of a block's inner width that a backward pass holds for each token at its widest place; and bytes, where PEFT
# casts inputs to float32 and back: the gradients in both formats, and that of the dropout.
_WIDEST = 2
_WIDEST_CAST = 14
# Inputs of blocks that are on the card while they are offloaded (trl.models.activation_offloading).
_FETCHED = 2
# trl.kernels.chunked_logprob: the head is computed in tiles of so many tokens by so many of the vocabulary.
_TILE_TOKENS = 4096
_TILE_WORDS = 32768
# Without Triton a tile is worked on by one operation after the other, each with a result of its own; measured.
_CPU_TILES = 13
# A head whose logits are whole: in the compute format, in float32, its softmax and its gradient.
_WHOLE_LOGITS_BYTES = 2 + 4 + 4 + 4
# What the allocator cannot use again between blocks of other sizes; from the measured table.
_FRAGMENTATION = 0.05
# Python, torch and transformers in the process, where a CPU's memory is the limit.
_CPU_PROCESS = 0.9


@dataclass(frozen=True)
class Batch:
    """The largest micro-batch: `rows` sequences padded or packed to `length` tokens each."""

    rows: int
    length: int

    @property
    def tokens(self) -> int:
        return self.rows * self.length


def memory_parts(shape: Shape, recipe: Recipe, batch: Batch, *, cpu: bool) -> dict[str, float]:
    """GiB for weights, adapter, gradients, optimizer, activations, logits, overhead; the sum is the peak."""
    adapter = trainable(shape, recipe) * adapter_bytes(recipe)
    at_the_loss, activations = _activations(shape, recipe, batch)
    logits = max(at_the_loss + logits_bytes(shape, recipe, batch, cpu=cpu) - activations, 0.0)
    overhead = _FRAGMENTATION * (activations + logits) + _dequantized(shape, recipe)
    parts = {
        "weights": _weights(shape, recipe),
        "adapter": adapter,
        "gradients": adapter,
        "optimizer": adapter * _optimizer_copies(recipe),
        "activations": activations,
        "logits": logits,
        "overhead": overhead + (_CPU_PROCESS * GIB if cpu else 0),
    }
    return {name: size / GIB for name, size in parts.items()}


def compute_bytes(recipe: Recipe) -> int:
    """Bytes of a number in the forward pass: two under mixed precision, else those of the weights."""
    return 2 if recipe.train.bf16 or recipe.train.fp16 else _BYTES[recipe.model.dtype or "float32"]


def is_quantized(recipe: Recipe) -> bool:
    return recipe.quantization.load_in_4bit or recipe.quantization.load_in_8bit


def is_fused(recipe: Recipe) -> bool:
    """Whether LoRA layers are computed in one step, as worker.fused_lora does it."""
    plain = (
        recipe.method.adapter == "lora"
        and not recipe.lora.lora_dropout
        and not recipe.lora.use_dora
        and not recipe.quantization.load_in_8bit
    )
    return recipe.method.fused_lora and plain


def _weights(shape: Shape, recipe: Recipe) -> float:
    whole = _BYTES[recipe.model.dtype or "float32"]
    inside: float = whole
    if recipe.quantization.load_in_4bit:
        inside = _NF4_DOUBLE_BYTES if recipe.quantization.bnb_4bit_use_double_quant else _NF4_BYTES
    elif recipe.quantization.load_in_8bit:
        inside = _INT8_BYTES
    return shape.in_blocks * inside + shape.outside * whole


def adapter_bytes(recipe: Recipe) -> int:
    """PEFT keeps an adapter in float32; on a quantized base TRL makes it bfloat16, as the paper does."""
    return 2 if is_quantized(recipe) else 4


def _optimizer_copies(recipe: Recipe) -> float:
    """AdamW keeps two numbers in the adapter's own format, 8-bit ones a byte each; Adafactor hardly any."""
    name = recipe.train.optim or "adamw_torch"
    if name.startswith("sgd"):
        return 0
    if "adafactor" in name:
        return 0.02
    return 2 / adapter_bytes(recipe) if "8bit" in name else 2


def _activations(shape: Shape, recipe: Recipe, batch: Batch) -> tuple[float, float]:
    """Bytes that are kept when the loss is computed, and in the backward pass, where its gradients are at their widest.

    Without checkpointing all that the blocks keep. With it the input of each, and in the backward pass also all of one
    block, which is computed again. Offloaded, only the inputs of the blocks that come next are on the card.
    """
    size = compute_bytes(recipe)
    block = _block(shape, recipe, batch) * batch.tokens
    widest = shape.inner * batch.tokens * size * _WIDEST
    if _casts(recipe, size):
        widest = shape.inner * batch.tokens * _WIDEST_CAST
    if not recipe.train.gradient_checkpointing:
        return shape.layers * block, shape.layers * block + widest
    inputs = batch.tokens * shape.hidden * size
    held = min(shape.layers, _FETCHED) if recipe.train.extra.get("activation_offloading") else shape.layers
    return held * inputs, held * inputs + block + widest


def _casts(recipe: Recipe, size: int) -> bool:
    """Whether PEFT's layers cast their inputs to the adapter's own format."""
    return size != adapter_bytes(recipe) and not is_fused(recipe) and recipe.method.adapter == "lora"


def _block(shape: Shape, recipe: Recipe, batch: Batch) -> float:
    """Bytes that one block keeps for the backward pass, for each token."""
    size = compute_bytes(recipe)
    fused = bool(recipe.method.liger_kernels)
    norms = 2 * shape.hidden * (size if fused else 4)
    # silu's input, its output and the other factor; fused, the first and the last only.
    feed_forward = shape.inner * size * ((2 if fused else 3) if shape.gated else 2)
    return _adapter_inputs(shape, recipe, size) + norms + _attention(shape, recipe, batch, size) + feed_forward


def _adapter_inputs(shape: Shape, recipe: Recipe, size: int) -> float:
    """The inputs of the adapters: with dropout a copy and a mask for each; without, a copy that they share.

    Beside a base in another format, each adapter casts its input, and so has a copy of its own. IA3 keeps what it
    scales: outputs as they are, inputs of feed-forward layers in its own format.
    """
    adapted = targets(shape, recipe)
    if recipe.method.adapter == "ia3":
        own = adapter_bytes(recipe)
        return sum(each.inputs * own if each.source == "middle" else each.outputs * size for each in adapted)
    widths = sum(each.inputs * each.met for each in adapted)
    if recipe.lora.use_dora:
        # The base's output and the adapter's, which the gradient of the sizes needs (tuners/lora/dora.py).
        return widths * (size + (1 if recipe.lora.lora_dropout else 0)) + 2 * size * sum(e.outputs for e in adapted)
    if recipe.lora.lora_dropout:
        return widths * (size + 1)
    if _casts(recipe, size):
        return widths * size
    shared = {each.source: each.inputs * each.met for each in adapted}
    shared.pop("attended", None)  # attention keeps its output anyway
    return size * sum(shared.values())


def _attention(shape: Shape, recipe: Recipe, batch: Batch, size: int) -> float:
    kind = recipe.model.attn_implementation or "sdpa"
    if kind == "eager":
        # The scores' softmax in float32, its copy in the compute format, and what dropout keeps.
        return size * (2 * shape.query + 2 * shape.key_value) + shape.heads * batch.length * (4 + size)
    # A mask (padding, or packed rows under sdpa) makes transformers repeat keys and values for each head.
    masked = kind == "sdpa" and (batch.rows > 1 or bool(recipe.train.packing))
    keys = shape.query if masked else shape.key_value
    norms = (size if recipe.method.liger_kernels else 4) * (shape.query + shape.key_value) if shape.head_norms else 0
    return size * (2 * shape.query + 2 * keys) + 4 * shape.heads + norms


def logits_bytes(shape: Shape, recipe: Recipe, batch: Batch, *, cpu: bool) -> float:
    """Bytes that the head and the loss take."""
    size = compute_bytes(recipe)
    if recipe.train.extra.get("label_smoothing_factor"):
        return batch.tokens * shape.vocabulary * _WHOLE_LOGITS_BYTES
    tile = min(batch.tokens, _TILE_TOKENS) * min(shape.vocabulary, _TILE_WORDS) * size
    if cpu:
        tile *= _CPU_TILES
    # The last hidden states, a copy without the padding, and their gradient in float32 and their own format.
    return tile + batch.tokens * shape.hidden * (3 * size + 4)


def _dequantized(shape: Shape, recipe: Recipe) -> float:
    """The widest weight, which 4-bit and 8-bit layers put back into the compute format one at a time."""
    widest = max(shape.linears, key=lambda each: each.inputs * each.outputs if each.copies == 1 else 0)
    weight = widest.inputs * widest.outputs
    dora = 0.0
    if recipe.method.adapter == "lora" and recipe.lora.use_dora:
        # A unit matrix through the adapter, what comes out, its sum with the weight, and the squares for the norm.
        dora = (widest.inputs**2 + 3 * weight) * adapter_bytes(recipe) + weight * compute_bytes(recipe)
    int8 = shape.in_blocks * _INT8_STEP_BYTES if recipe.quantization.load_in_8bit else 0.0
    return dora + int8 + (weight * compute_bytes(recipe) if is_quantized(recipe) else 0)
