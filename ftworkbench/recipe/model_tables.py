"""The tables of what is trained: the model, its quantization, its adapter, each a library's own class by name."""

from __future__ import annotations

from dataclasses import dataclass, field

from ftworkbench.recipe.declare import Extra, option

# Attention over packed rows, by PyTorch's varlen_attn; a name of ours among those of transformers.
BY_ROWS = "varlen"
DTYPES = ("float32", "bfloat16", "float16")


@dataclass(frozen=True, kw_only=True)
class Model:
    """`AutoModelForCausalLM.from_pretrained`."""

    model_id: str = option(
        help="The model to tune: a hub id (owner/name), a folder, or pocket, the small one that is built in.",
        why="Take an instruct model: it answers in turns already. Smaller ones are cheaper to tune and run.",
        common=True,
    )
    revision: str | None = option(
        None,
        help="Branch, tag or commit of the model on the hub.",
        why="A commit makes the run repeatable: main may change under you.",
    )
    dtype: str | None = option(
        None,
        help="The number format that the weights are loaded in.",
        why="bfloat16 halves the memory on cards that have it (Ampere and later); a CPU is exact in float32.",
        choices=DTYPES,
        common=True,
    )
    attn_implementation: str | None = option(
        None,
        help="The attention kernel: sdpa, varlen, eager, flash_attention_2, flash_attention_3 …",
        why="varlen is PyTorch's FlashAttention for packed rows, with nothing to install; sdpa takes any rows.",
    )
    trust_remote_code: bool = option(
        False,
        help="Run Python code that comes with the model.",
        why="Such code can do anything on this machine. Few models still need it.",
    )
    code_sha256: str | None = option(
        None,
        help="The hash of the model's code that you have read and trust; other code is not run.",
        why="It is asked for before the first launch, with the files that it stands for.",
    )
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Quantization:
    """`transformers.BitsAndBytesConfig`: the frozen base model in fewer bits."""

    load_in_4bit: bool = option(
        False,
        help="Keep the frozen weights in 4 bits: QLoRA.",
        why="An 8B model takes about 5.5 GiB instead of 15, for a little speed and hardly any quality.",
        common=True,
    )
    load_in_8bit: bool = option(
        False,
        help="Keep the frozen weights in 8 bits (LLM.int8).",
        why="Between bfloat16 and 4 bits in memory, and slower than both.",
    )
    bnb_4bit_quant_type: str = option(
        "nf4",
        help="The 4-bit number format.",
        why="nf4 has its levels where normally distributed weights are.",
        choices=("nf4", "fp4"),
    )
    bnb_4bit_compute_dtype: str | None = option(
        None,
        help="The format that 4-bit weights are multiplied in.",
        why="The library's own default is float32, which is slow on a GPU: bfloat16 where the card has it.",
        choices=DTYPES,
    )
    bnb_4bit_use_double_quant: bool = option(
        False,
        help="Quantize the quantization's own scales as well.",
        why="Saves another 0.37 bits a weight (0.3 GiB at 8B) at the cost of a little speed.",
        common=True,
    )
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Lora:
    """`peft.LoraConfig`: the small matrices that are trained beside the frozen weights."""

    r: int = option(
        16,
        help="Rank of the adapter.",
        why="8 to 32 is usual. More can learn more, and costs memory and time in proportion.",
        low=1,
        high=4096,
        common=True,
    )
    lora_alpha: int = option(
        32,
        help="The adapter's output is scaled by lora_alpha / r.",
        why="Twice the rank is a common start; change the learning rate rather than this.",
        low=1,
        common=True,
    )
    lora_dropout: float | None = option(
        None,
        help="Share of the adapter's inputs that is dropped at random in training.",
        why="0.05 holds back overfitting on small data. 0 is a quarter faster on a GPU: layers computed in one step "
        "(method.fused_lora) need it.",
        low=0,
        high=1,
        open_ends="high",
        common=True,
    )
    target_modules: str | tuple[str, ...] = option(
        "all-linear",
        help="The layers that get an adapter: all-linear, a list of names, or a pattern.",
        why="All linear layers learn best for their size; only q_proj and v_proj is smaller and weaker.",
        common=True,
    )
    use_rslora: bool = option(
        False,
        help="Scale by lora_alpha / sqrt(r) instead.",
        why="Keeps high ranks (64 and more) learning at the same pace.",
    )
    use_dora: bool = option(
        False,
        help="DoRA: learn the size of each weight column apart from its direction.",
        why="Often a little better at low ranks; markedly slower. Base and tuned then answer in two passes.",
    )
    bias: str = option(
        "none",
        help="Which bias terms are trained too.",
        why="With anything but none, switching the adapter off no longer gives the base model back.",
        choices=("none", "all", "lora_only"),
    )
    init_lora_weights: str | None = option(
        None,
        help="How the adapter starts: gaussian, orthogonal, eva, olora, pissa, pissa_niter_16 or loftq; left out, "
        "at no change at all.",
        why="eva starts where the data varies most, pissa and olora from the base's own strongest directions, loftq "
        "makes up for 4-bit rounding.",
    )
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Ia3:
    """`peft.IA3Config`: one number for each output of the keys and values, and each input of the last layer."""

    target_modules: str | tuple[str, ...] | None = option(
        None,
        help="The layers that are scaled: a list of names, or a pattern; left out, PEFT's own for the model's family.",
    )
    feedforward_modules: str | tuple[str, ...] | None = option(
        None,
        help="Those of them whose inputs are scaled and not their outputs; they must be among target_modules.",
    )
    extra: Extra = field(default_factory=dict)
