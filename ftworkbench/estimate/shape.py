"""The shape of a model: its layers and their sizes, from its config.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ftworkbench.errors import InputError
from ftworkbench.estimate.configs import read_config
from ftworkbench.workspace import Workspace

# The same facts, as the model families name them; the first that is there counts.
_NAMES = {
    "hidden": ("hidden_size", "n_embd", "d_model"),
    "layers": ("num_hidden_layers", "n_layer", "num_layers"),
    "heads": ("num_attention_heads", "n_head", "num_heads"),
    "vocabulary": ("vocab_size",),
    "inner": ("intermediate_size", "n_inner", "ffn_dim"),
    "experts": ("num_experts", "num_local_experts", "n_routed_experts"),
}
_CONTEXT = ("max_position_embeddings", "n_positions", "max_sequence_length")
_UNGATED = frozenset({"gpt2", "gpt_neox", "opt", "phi", "starcoder2", "gpt_bigcode", "bloom", "falcon", "gptj"})
_INWARD_BIAS = frozenset({"qwen2", "qwen2_moe", "glm", "glm4"})
_HEAD_NORMS = frozenset({"qwen3", "qwen3_moe", "gemma3", "gemma3_text"})
_FOUR_NORMS = frozenset({"gemma2", "gemma3", "gemma3_text", "glm4"})
_FUSED_ATTENTION = frozenset({"phi3", "gpt2", "gpt_neox", "gpt_bigcode", "bloom", "falcon"})
_FUSED_GATE = frozenset({"phi3", "glm", "glm4"})
_ATTENTION = frozenset({"q_proj", "k_proj", "v_proj", "qkv_proj", "o_proj"})
# Where a family's blocks are in its model, and what it calls the linear layers that others call as Llama does.
_BLOCKS = {
    "gpt2": "transformer.h",
    "gpt_bigcode": "transformer.h",
    "bloom": "transformer.h",
    "falcon": "transformer.h",
    "gptj": "transformer.h",
    "gpt_neox": "gpt_neox.layers",
    "opt": "model.decoder.layers",
}
_CONV = {"qkv_proj": "attn.c_attn", "o_proj": "attn.c_proj", "up_proj": "mlp.c_fc", "down_proj": "mlp.c_proj"}
_FUSED = {"up_proj": "mlp.dense_h_to_4h", "down_proj": "mlp.dense_4h_to_h"}
_OWN_NAMES = {
    "gpt2": _CONV,
    "gpt_bigcode": _CONV,
    "gpt_neox": {"qkv_proj": "attention.query_key_value", "o_proj": "attention.dense", **_FUSED},
    "bloom": {"qkv_proj": "self_attention.query_key_value", "o_proj": "self_attention.dense", **_FUSED},
    "falcon": {"qkv_proj": "self_attention.query_key_value", "o_proj": "self_attention.dense", **_FUSED},
    "opt": {"o_proj": "self_attn.out_proj", "up_proj": "fc1", "down_proj": "fc2"},
    "phi": {"o_proj": "self_attn.dense", "up_proj": "mlp.fc1", "down_proj": "mlp.fc2"},
    "starcoder2": {"up_proj": "mlp.c_fc", "down_proj": "mlp.c_proj"},
}


@dataclass(frozen=True)
class Linear:
    """A linear layer of a block: its name and widths.

    For the experts of a mixture, which stand in one stack: `copies` of them, of which a token meets `met`; PEFT
    gives each an adapter of `ranks` times the rank.
    """

    name: str
    inputs: int
    outputs: int
    bias: bool = False
    copies: int = 1
    met: int = 1
    ranks: int = 1

    @property
    def parameters(self) -> int:
        return self.copies * (self.inputs * self.outputs + (self.outputs if self.bias else 0))

    @property
    def source(self) -> str:
        """What it reads: layers with the same source share their input."""
        if self.name == "o_proj":
            return "attended"
        if self.name in _ATTENTION:
            return "attention"
        return "middle" if self.name.endswith("down_proj") else "feed-forward"


@dataclass(frozen=True)
class Shape:
    """A decoder: `layers` blocks of the same linear layers between an embedding and a head.

    `query` and `key_value` are the widths of all query heads and of all key heads together; `inner` is the
    width in the middle of the feed-forward part, for a mixture that of the experts that one token meets; `context`
    the tokens that the model reads at most, where its configuration says so; `soft_capped` says that its attention
    scores are held within a bound, which no fast kernel does.
    """

    family: str
    hidden: int
    layers: int
    heads: int
    query: int
    key_value: int
    inner: int
    vocabulary: int
    tied: bool
    gated: bool
    linears: tuple[Linear, ...]
    small: int
    context: int | None = None
    soft_capped: bool = False

    @property
    def head_norms(self) -> bool:
        """Whether queries and keys are normed, head by head."""
        return self.family in _HEAD_NORMS

    @property
    def last(self) -> Linear | None:
        """The layer that a block ends in, with nothing after it but the sum; None where something is."""
        last = self.linears[-1]
        return last if self.gated and self.family not in _FOUR_NORMS and last.copies == 1 else None

    @property
    def in_blocks(self) -> int:
        """Parameters of all linear layers in the blocks: those that quantization makes smaller."""
        return self.layers * sum(each.parameters for each in self.linears if each.copies == 1)

    @property
    def outside(self) -> int:
        """Parameters of embedding, head, norms and stacked experts: those that quantization leaves alone."""
        experts = self.layers * sum(each.parameters for each in self.linears if each.copies > 1)
        return self.vocabulary * self.hidden * (1 if self.tied else 2) + self.small + experts

    @property
    def parameters(self) -> int:
        return self.in_blocks + self.outside

    def path(self, layer: int, linear: Linear) -> str:
        """The name of a linear layer in the model, as PEFT matches target modules against it."""
        own = _OWN_NAMES.get(self.family, {}).get(linear.name)
        part = "self_attn" if linear.name in _ATTENTION else "mlp"
        return f"{_BLOCKS.get(self.family, 'model.layers')}.{layer}.{own or f'{part}.{linear.name}'}"


def read_shape(model_id: str, workspace: Workspace, revision: str | None = None) -> Shape:
    """The shape of the embedded model, a folder's, or a hub model's (from the local cache, else the hub).

    Only the configuration is read, no weights. Raises InputError where there is none, or it says too little.
    """
    return shape_of(read_config(model_id, workspace, revision), model_id)


def shape_of(config: Mapping[str, Any], model_id: str = "this model") -> Shape:
    """The shape that a config.json describes. Raises InputError where it does not say the sizes."""
    config = config.get("text_config") or config
    family = str(config.get("model_type", ""))
    hidden, layers, heads, vocabulary = (
        _size(config, part, model_id) for part in ("hidden", "layers", "heads", "vocabulary")
    )
    head = config.get("head_dim") or hidden // heads
    groups = config.get("num_key_value_heads") or (1 if config.get("multi_query") else heads)
    query, key_value = heads * head, groups * head
    feed_forward = _feed_forward(config, family, hidden)
    norms = (4 if family in _FOUR_NORMS else 2) * hidden
    norms += 2 * head if family in _HEAD_NORMS else 0
    return Shape(
        family=family,
        hidden=hidden,
        layers=layers,
        heads=heads,
        query=query,
        key_value=key_value,
        inner=max(each.inputs * each.met for each in feed_forward if each.source == "middle"),
        vocabulary=vocabulary,
        tied=bool(config.get("tie_word_embeddings", _tied_by_default(family))),
        gated=family not in _UNGATED,
        linears=(*_attention(config, family, hidden, query, key_value), *feed_forward),
        small=layers * norms + hidden,
        context=next((config[name] for name in _CONTEXT if isinstance(config.get(name), int)), None),
        soft_capped=bool(config.get("attn_logit_softcapping")),
    )


def _attention(config: Mapping[str, Any], family: str, hidden: int, query: int, key_value: int) -> tuple[Linear, ...]:
    bias = bool(config.get("attention_bias", False)) or family in _UNGATED
    head_bias = bias or family in _INWARD_BIAS
    output = Linear("o_proj", query, hidden, bias and family not in _INWARD_BIAS)
    if family in _FUSED_ATTENTION:
        return Linear("qkv_proj", hidden, query + 2 * key_value, head_bias), output
    return (
        Linear("q_proj", hidden, query, head_bias),
        Linear("k_proj", hidden, key_value, head_bias),
        Linear("v_proj", hidden, key_value, head_bias),
        output,
    )


def _feed_forward(config: Mapping[str, Any], family: str, hidden: int) -> tuple[Linear, ...]:
    inner = next((config[name] for name in _NAMES["inner"] if config.get(name)), 4 * hidden)
    experts = next((config[name] for name in _NAMES["experts"] if config.get(name)), 1)
    if experts > 1:
        inner, met = config.get("moe_intermediate_size") or inner, config.get("num_experts_per_tok") or 1
        return (
            Linear("gate", hidden, experts),
            Linear("experts.gate_up_proj", hidden, 2 * inner, copies=experts, met=met, ranks=2),
            Linear("experts.down_proj", inner, hidden, copies=experts, met=met),
        )
    bias = bool(config.get("mlp_bias", False)) or family in _UNGATED
    down = Linear("down_proj", inner, hidden, bias)
    if family in _FUSED_GATE:
        return Linear("gate_up_proj", hidden, 2 * inner, bias), down
    up = Linear("up_proj", hidden, inner, bias)
    return (up, down) if family in _UNGATED else (Linear("gate_proj", hidden, inner, bias), up, down)


def _size(config: Mapping[str, Any], part: str, model_id: str) -> int:
    names: Sequence[str] = _NAMES[part]
    for name in names:
        if isinstance(config.get(name), int) and config[name] > 0:
            return int(config[name])
    raise InputError(f"{model_id}: its config.json says no {names[0]}, so that this is no causal language model")


def _tied_by_default(family: str) -> bool:
    """Whether the family's configuration class ties head and embedding where config.json is silent."""
    return family.startswith(("gemma", "gpt2", "opt", "bloom", "falcon", "starcoder2", "gpt_bigcode", "smollm3"))
