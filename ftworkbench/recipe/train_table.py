"""The table of how it is trained: TRL's own configuration class, with its own names."""

from __future__ import annotations

from dataclasses import dataclass, field

from ftworkbench.recipe.declare import Extra, option

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
ROWS_A_STEP = 16
"""The effective batch where nothing else is said: what most LoRA recipes use."""
_MICRO_BATCH = 4
WHEN = ("no", "steps", "epoch")


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
    per_device_train_batch_size: int | None = option(
        None,
        help="Rows in one forward pass, with packing packed sequences: the micro-batch.",
        why="Bigger is faster, up to the memory. Times gradient_accumulation_steps: the batch of a step. Left out, the "
        "largest that fits.",
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
    gradient_accumulation_steps: int | None = option(
        None,
        help="Micro-batches whose gradients are added up before a step.",
        why="Gives a larger batch without its memory. 8 to 32 rows a step is usual for LoRA; left out, it makes 16.",
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

    @property
    def micro_batch(self) -> int:
        """per_device_train_batch_size; where it is left out, what makes a step of ROWS_A_STEP, at most four."""
        if self.per_device_train_batch_size is not None:
            return self.per_device_train_batch_size
        steps = self.gradient_accumulation_steps
        return _MICRO_BATCH if steps is None else max(round(ROWS_A_STEP / steps), 1)

    @property
    def accumulation(self) -> int:
        """gradient_accumulation_steps; where it is left out, what makes a step of ROWS_A_STEP."""
        if self.gradient_accumulation_steps is not None:
            return self.gradient_accumulation_steps
        return max(round(ROWS_A_STEP / self.micro_batch), 1)
