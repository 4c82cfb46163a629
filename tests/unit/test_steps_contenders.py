"""Who can answer side by side: adapters and checkpoints of any training on the same base that fit it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ftworkbench.errors import InputError
from ftworkbench.jobs.adapters import WEIGHTS
from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.folder import Job
from ftworkbench.steps.contenders import Contest, contest_of
from ftworkbench.workspace import Workspace

RECIPE = '[model]\nmodel_id = "{model}"\n[data]\ntrain = "train.jsonl"\n[lora]\n{lora}\n'


def trained(workspace: Workspace, model: str = "tiny", lora: str = "", *, ended: bool = True) -> Job:
    """A training that kept one checkpoint, and the adapter of its end where it came to one."""
    text = RECIPE.format(model=model, lora=lora)
    job = create_job(workspace, "train", text, {"recipe": "colours", "args": {}, "hashes": {}})
    for folder in ([job.adapter] if ended else []) + [job.checkpoints / "checkpoint-4"]:
        folder.mkdir(parents=True)
        (folder / "adapter_config.json").write_text("{}")
        (folder / WEIGHTS).write_bytes(b"0")
    return job


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    lines = [json.dumps({"prompt": f"Which colour has thing {n}?", "completion": "red"}) for n in range(12)]
    (tmp_path / "train.jsonl").write_text("\n".join(lines))
    return Workspace(tmp_path)


def adapters(contest: Contest) -> dict[str, object]:
    return {each.name: each.adapter for each in contest.contenders if each.adapter}


def test_checkpoints_of_other_jobs_answer_too_but_those_of_a_base_that_the_training_had_changed(
    workspace: Workspace,
) -> None:
    trained(workspace, "another")
    pissa = trained(workspace, lora='init_lora_weights = "pissa"').short
    cut = trained(workspace, ended=False).short
    other, own = trained(workspace).short, trained(workspace)
    contest = contest_of(workspace, own)
    assert adapters(contest) == {
        "tuned": True,
        "step 4": f"{own.short}/checkpoint-4",
        other: other,
        f"{other} step 4": f"{other}/checkpoint-4",
        f"{cut} step 4": f"{cut}/checkpoint-4",
        pissa: pissa,
    }
    assert contest.named(f"{other}/checkpoint-4").name == f"{other} step 4"


def test_a_job_is_named_by_any_end_of_its_name_as_elsewhere(workspace: Workspace) -> None:
    other, own = trained(workspace), trained(workspace)
    contest, end = contest_of(workspace, own), other.short.rpartition("-")[2]
    assert contest.named(f"{end}/checkpoint-4").name == f"{other.short} step 4"
    assert (contest.named(other.name).name, contest.named(own.name).name) == (other.short, "tuned")
    with pytest.raises(InputError, match="nobody of that name can answer"):
        contest.named(f"{end}/checkpoint-5")
