"""What a training job takes of the disk, said before it starts."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from ftworkbench.errors import InputError
from ftworkbench.estimate.disk import job_bytes
from ftworkbench.estimate.shape import shape_of
from ftworkbench.machine import Machine
from ftworkbench.recipe.read import parse
from ftworkbench.recipe.resolve import resolve
from ftworkbench.recipe.tables import Recipe
from ftworkbench.steps.recipe import open_recipe
from ftworkbench.steps.train import require_room

SHAPE = shape_of(
    {"model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
     "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128_256}
)  # fmt: skip
Usage = namedtuple("Usage", "total used free")


def _recipe(lines: str = "") -> Recipe:
    text = f'[model]\nmodel_id = "a/b"\n[data]\ntrain = "t.jsonl"\n{lines}'
    return resolve(parse(text, "x"), Machine(2, 8 * 2**30))[0]


def test_two_kept_checkpoints_and_the_next_one_hold_what_is_trained_three_times_each() -> None:
    adapter = 41_943_040 * 4
    assert job_bytes(SHAPE, _recipe()) == pytest.approx(10 * adapter, rel=0.02)
    assert job_bytes(SHAPE, _recipe('[train]\nsave_strategy = "no"\n')) == pytest.approx(adapter, rel=0.2)


def test_a_disk_that_is_too_small_is_said_before_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.jsonl").write_text("{}\n")
    (tmp_path / "x.toml").write_text('[model]\nmodel_id = "pocket"\n[data]\ntrain = "t.jsonl"\n')
    opened = open_recipe(tmp_path / "x.toml")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(10**12, 10**12 - 10**9, 10**9))
    require_room(opened, 10**8)
    with pytest.raises(
        InputError, match=r"take 3\.0 GB, and the disk of .* has 1\.0 GB free; make room .*save_total_limit"
    ):
        require_room(opened, 3 * 10**9)
