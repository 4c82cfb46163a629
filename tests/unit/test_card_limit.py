"""How many tokens a second a card allows for a job, on a machine that is said to have one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.folder import Job
from ftworkbench.machine import Card, Machine, host
from ftworkbench.steps import card_limit
from ftworkbench.steps.card_limit import tokens_limit
from ftworkbench.workspace import Workspace

LLAMA_8B = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336,
    "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256,
    "max_position_embeddings": 8192, "tie_word_embeddings": False,
}  # fmt: skip
RECIPE = """\
[model]
model_id = "llama"
[lora]
r = 16
target_modules = "all-linear"
lora_dropout = {dropout}
[train]
gradient_checkpointing = {checkpointing}
max_length = 1024
[data]
train = "train.jsonl"
"""


def trained(folder: Path, *, checkpointing: bool = False, dropout: float = 0.0, on: str | None = None) -> Job:
    """A training job of an 8B Llama shape, on rows of about 240 tokens."""
    (folder / "llama").mkdir(parents=True)
    (folder / "llama" / "config.json").write_text(json.dumps(LLAMA_8B))
    turns = [{"role": "user", "content": "word " * 170}, {"role": "assistant", "content": "yes"}]
    (folder / "train.jsonl").write_text((json.dumps({"messages": turns}) + "\n") * 20)
    manifest = {"recipe": "desk", "args": {}, "hashes": {}, "host": host() if on is None else on}
    text = RECIPE.format(checkpointing=str(checkpointing).lower(), dropout=dropout)
    return create_job(Workspace(folder), "train", text, manifest)


@pytest.fixture
def _h200(monkeypatch: pytest.MonkeyPatch) -> None:
    card = Card("NVIDIA H200", 140 * 2**30, (9, 0))
    monkeypatch.setattr(card_limit, "this_machine", lambda: Machine(16, 2**37, (card,)))


@pytest.mark.usefixtures("_h200")
def test_an_8b_on_an_h200_is_allowed_24000_tokens_a_second_and_fewer_with_checkpointing(tmp_path: Path) -> None:
    limit = tokens_limit(trained(tmp_path / "a"))
    assert limit is not None
    assert 22_000 < limit < 26_000
    with_checkpointing = tokens_limit(trained(tmp_path / "b", checkpointing=True, dropout=0.05))
    assert with_checkpointing is not None
    assert 15_000 < with_checkpointing < 17_500
    in_one_step = tokens_limit(trained(tmp_path / "c", checkpointing=True))
    assert in_one_step is not None
    assert 1.05 < in_one_step / with_checkpointing < 1.15  # the last product of each block is not repeated


@pytest.mark.usefixtures("_h200")
def test_it_is_not_known_for_a_job_of_another_machine_nor_without_its_model_or_its_rows(tmp_path: Path) -> None:
    assert tokens_limit(trained(tmp_path / "a", on="elsewhere")) is None
    job = trained(tmp_path / "b")
    (tmp_path / "b" / "train.jsonl").unlink()
    assert tokens_limit(job) is None
    job = trained(tmp_path / "c")
    (tmp_path / "c" / "llama" / "config.json").unlink()
    assert tokens_limit(job) is None


def test_a_machine_without_a_card_has_no_limit_to_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card_limit, "this_machine", lambda: Machine(2, 2**33))
    assert tokens_limit(trained(tmp_path / "a")) is None
