"""The tables that are the libraries' own configuration classes, with the libraries' own names."""

from __future__ import annotations

from dataclasses import dataclass, field

from ftworkbench.recipe.declare import Extra, option

DTYPES = ("float32", "bfloat16", "float16")
SCHEDULES = (
    "linear",
    "cosine",
    "constant",
    "constant_with_warmup",
    "cosine_with_restarts",
    "polynomial",
    "inverse_sqrt",
    "cosine_with_min_lr",
    "warmup_stable_decay",
)
WHEN = ("no", "steps", "epoch")


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
        help="The attention kernel: sdpa, eager, flash_attention_2, flash_attention_3 …",
        why="sdpa is in PyTorch and keeps packed rows apart; the flash ones are faster where installed.",
    )
    trust_remote_code: bool = option(
        False,
        help="Run Python code that comes with the model.",
        why="Such code can do anything on this machine. Few models still need it.",
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
    lora_dropout: float = option(
        0.05,
        help="Share of the adapter's inputs that is dropped at random in training.",
        why="Holds back overfitting on small data. 0 is faster, by up to 18%, and fused kernels need it.",
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
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Train:
    """`trl.SFTConfig`."""

    num_train_epochs: float = option(
        3.0,
        help="How often the training rows are gone through.",
        why="1 to 3 for thousands of rows, up to 5 for hundreds. Too long, and the evaluation loss turns up.",
        unit="epochs",
        low=0,
        open_ends="low",
        common=True,
    )
    max_steps: int | None = option(
        None,
        help="Stop after so many optimizer steps, whatever num_train_epochs says.",
        unit="steps",
        low=1,
    )
    per_device_train_batch_size: int = option(
        4,
        help="Rows in one forward pass: the micro-batch.",
        why="Bigger is faster, up to the memory. Times gradient_accumulation_steps: the batch of a step.",
        unit="rows",
        low=1,
        common=True,
    )
    per_device_eval_batch_size: int | None = option(
        None,
        help="Rows in one forward pass of the evaluation.",
        why="Evaluation keeps no gradients, so the training micro-batch always fits.",
        unit="rows",
        low=1,
    )
    gradient_accumulation_steps: int = option(
        4,
        help="Micro-batches whose gradients are added up before a step.",
        why="Gives a larger batch without its memory. 8 to 32 rows a step is usual for LoRA.",
        unit="micro-batches",
        low=1,
        common=True,
    )
    learning_rate: float = option(
        2e-4,
        help="Peak learning rate.",
        why="1e-4 to 3e-4 is usual for LoRA, ten times that of full fine-tuning. 0 is a control: no change.",
        low=0,
        high=1,
        common=True,
    )
    lr_scheduler_type: str = option(
        "cosine",
        help="How the learning rate falls.",
        why="cosine and linear both end near 0, which settles the weights; constant does not.",
        choices=SCHEDULES,
        common=True,
    )
    warmup_steps: float | None = option(
        None,
        help="Steps in which the learning rate rises from 0; below 1, a share of all steps.",
        why="The first gradients are the wildest. 0.03 to 0.1 of the steps is usual.",
        unit="steps",
        low=0,
        common=True,
    )
    weight_decay: float = option(
        0.0,
        help="AdamW's weight decay.",
        why="Rarely matters for LoRA.",
        low=0,
        high=1,
    )
    max_grad_norm: float = option(
        1.0,
        help="Gradients longer than this are cut to it.",
        why="Keeps a bad batch from throwing the weights far off; 0.3 is the QLoRA paper's.",
        low=0,
        common=True,
    )
    max_length: int = option(
        1024,
        help="Rows with more tokens are cut at the end; with packing, the length of a packed sequence.",
        why="An answer that is cut off is not learned. Memory grows with it.",
        unit="tokens",
        low=8,
        common=True,
    )
    packing: bool | None = option(
        None,
        help="Put several rows into one sequence, without padding.",
        why="Several times faster on a GPU when rows are short. On a CPU it is slower.",
        common=True,
    )
    gradient_checkpointing: bool | None = option(
        None,
        help="Keep fewer activations and compute them again in the backward pass.",
        why="Saves most of the memory that grows with the batch, and takes about a third more time.",
        common=True,
    )
    bf16: bool | None = option(
        None,
        help="Mixed precision in bfloat16.",
        why="Ampere cards and later have it. Needs no loss scaling.",
    )
    fp16: bool | None = option(
        None,
        help="Mixed precision in float16, with loss scaling.",
        why="For cards before Ampere only.",
    )
    optim: str | None = option(
        None,
        help="The optimizer: adamw_torch, adamw_torch_fused, paged_adamw_8bit …",
        why="An adapter's optimizer state is small, so the exact one costs little.",
    )
    logging_steps: int = option(
        1,
        help="Steps between two points of the loss curve.",
        unit="steps",
        low=1,
        common=True,
    )
    eval_strategy: str = option(
        "epoch",
        help="When the validation loss is measured.",
        why="It is what shows overfitting.",
        choices=WHEN,
        common=True,
    )
    eval_steps: float | None = option(
        None,
        help="Steps between two evaluations, with eval_strategy = steps; below 1, a share of all steps.",
        unit="steps",
        low=0,
        open_ends="low",
    )
    save_strategy: str = option(
        "epoch",
        help="When a checkpoint is saved.",
        why="A run that is stopped goes on from the last one.",
        choices=WHEN,
        common=True,
    )
    save_steps: float | None = option(
        None,
        help="Steps between two checkpoints, with save_strategy = steps; below 1, a share of all steps.",
        unit="steps",
        low=0,
        open_ends="low",
    )
    save_total_limit: int = option(
        2,
        help="Checkpoints that are kept; older ones are removed.",
        unit="checkpoints",
        low=1,
    )
    seed: int = option(
        42,
        help="Seed of the adapter's first weights, the order of the rows and dropout.",
        low=0,
        high=2**32 - 1,
    )
    assistant_only_loss: bool = option(
        True,
        help="Learn the assistant's turns only, not the prompt.",
        why="Learning to write users' questions wastes capacity. The chat template has to mark the turns.",
        common=True,
    )
    extra: Extra = field(default_factory=dict)
