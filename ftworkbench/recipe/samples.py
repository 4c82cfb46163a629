"""The recipe that a new workspace starts with: short, commented, ready to run."""

from __future__ import annotations

import textwrap

from ftworkbench.paths import POCKET_ID
from ftworkbench.recipe.declare import Value
from ftworkbench.recipe.options import find_option
from ftworkbench.recipe.write import line

_WIDTH = 100
_DEFAULT_SYSTEM = "Answer as the examples do."
_CHOSEN = [
    "# Left out, and chosen for the card and the rows: packing, the micro-batch and the accumulation that make about",
    "# 16 rows a step, gradient checkpointing where it would not fit without. `ftworkbench fit` shows them.",
]
_CONTESTANTS = ['# contestants = [{shots = 8, pick = "nearest"}]  # others: documents to look in, an endpoint (README)']


def starter(
    model_id: str,
    train: str,
    *,
    test: str | None = None,
    validation: str | None = None,
    prompt_column: str | None = None,
    answer_column: str | None = None,
    label: str | None = None,
    system: str | None = None,
) -> str:
    """The commented TOML of a new recipe for a model and a file of examples; files as seen from the recipe.

    A hub model is trained in 4 bits, with packing, batch and checkpointing left to the machine; the embedded one in
    full, with a rate and a batch that suit its size.
    """
    pocket = model_id == POCKET_ID
    rate = 1e-3 if pocket else 2e-4
    blocks = [
        ["# A recipe: all of a run. What is left out is chosen for the machine, and shown before it starts."],
        ["[model]", *_said("model.model_id", model_id)],
        ["[quantization]", *_said("quantization.load_in_4bit", not pocket)],
        [
            "[lora]",
            *_said("lora.r", 16),
            *_said("lora.lora_alpha", 32),
            *(_said("lora.lora_dropout", 0.05) if pocket else _left_out("lora.lora_dropout", 0.05)),
            *_said("lora.target_modules", "all-linear"),
        ],
        [
            "[train]",
            *_said("train.num_train_epochs", 3),
            *(_said("train.per_device_train_batch_size", 8) if pocket else []),
            *(_said("train.gradient_accumulation_steps", 1) if pocket else []),
            *_said("train.learning_rate", rate),
            *_said("train.max_length", 1024),
            *([] if pocket else _CHOSEN),
        ],
        [
            "[data]",
            *_said("data.train", train),
            *(_said("data.validation", validation) or _said("data.validation_fraction", 0.1)),
            *(_said("data.test", test) or _said("data.test_fraction", 0.2)),
            *_said("data.prompt_column", prompt_column),
            *_said("data.answer_column", answer_column),
            *_said("data.label", label),
        ],
        [
            "[prompt]",
            *_said("prompt.system", system or _DEFAULT_SYSTEM, with_why=True),
            *_said("prompt.few_shot", [0, 6]),
            *_CONTESTANTS,
        ],
        [
            "[evaluate]",
            *_said("evaluate.max_new_tokens", 128),
            *_left_out("evaluate.regression", ["general.jsonl"]),
        ],
    ]
    return "\n".join("\n".join(block) + "\n" for block in blocks)


def _said(key: str, value: Value, *, with_why: bool = False) -> list[str]:
    return [] if value is None else [*_comment(key, with_why=with_why), line(_name(key), value)]


def _left_out(key: str, value: Value) -> list[str]:
    return [*_comment(key), f"# {line(_name(key), value)}"]


def _name(key: str) -> str:
    return key.partition(".")[2]


def _comment(key: str, *, with_why: bool = False) -> list[str]:
    option = find_option(key)
    assert option is not None, key
    text = f"{option.help} {option.why}" if with_why else option.help
    return textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ")
