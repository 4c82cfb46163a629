"""An option is turned to the next value that one would try, and never out of its bounds."""

from __future__ import annotations

import pytest

from ftworkbench.recipe.declare import Value
from ftworkbench.recipe.options import TABLE_NAMES, find_option, options, problem
from ftworkbench.tui.recipe_stepping import stepped


@pytest.mark.parametrize(
    ("key", "value", "more", "less"),
    [
        ("lora.r", 16, 32, 8),
        ("lora.r", 1, 2, None),
        ("train.max_length", 1024, 2048, 512),
        ("train.learning_rate", 2e-4, 5e-4, 1e-4),
        ("train.learning_rate", 3e-4, 5e-4, 2e-4),
        ("train.learning_rate", 1e-3, 2e-3, 5e-4),
        ("train.num_train_epochs", 3.0, 4.0, 2.0),
        ("train.num_train_epochs", 1.0, 2.0, None),
        ("train.warmup_steps", 0.03, 0.04, 0.02),
        ("lora.lora_dropout", 0.05, 0.1, 0.0),
        ("data.validation_fraction", 0.95, None, 0.9),
        ("train.packing", False, True, True),
        ("train.eval_strategy", "epoch", "no", "steps"),
        ("method.adapter", "lora", "ia3", "ia3"),
        ("train.per_device_train_batch_size", 4, 8, 2),
        ("train.seed", 42, 43, 41),
        ("model.model_id", "pocket", None, None),
        ("prompt.few_shot", (0, 6), None, None),
    ],
)
def test_more_and_less(key: str, value: Value, more: Value | None, less: Value | None) -> None:
    option = find_option(key)
    assert option is not None
    assert (stepped(option, value, True), stepped(option, value, False)) == (more, less)


def test_no_step_leaves_the_bounds() -> None:
    for table in TABLE_NAMES:
        for option in options(table):
            for up in (True, False):
                value = option.default
                for _ in range(30):
                    value = stepped(option, value, up)
                    if value is None:
                        break
                    assert problem(option, value) is None, (option.key, value)
