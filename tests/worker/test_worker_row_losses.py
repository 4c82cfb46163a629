"""The loss of each training row, before and after."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tiny import encoded_rows, events, loss_of, make_workspace, notices, row_lines, run_job

from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.sources.source import open_source
from ftworkbench.data.splits.split import load_parts
from ftworkbench.jobs.folder import Job, result
from ftworkbench.jobs.state import phase
from ftworkbench.recipe.tables import Recipe
from ftworkbench.recipe.write import dumps
from ftworkbench.steps.recipe import open_recipe
from ftworkbench.steps.row_tokens import known_losses
from ftworkbench.worker import row_losses
from ftworkbench.worker.adapter import attach
from ftworkbench.worker.models import load_base
from ftworkbench.workspace import Workspace

Trained = tuple[Workspace, Recipe, Job]


def test_each_training_row_has_its_loss_by_base_and_tuned_weights(trained: Trained) -> None:
    workspace, recipe, job = trained
    rows = encoded_rows(workspace, recipe)
    lines = row_lines(job)
    assert {line["key"] for line in lines} == set(rows)
    assert len(lines) == (result(job) or {})["train_rows"]
    base = load_base(recipe, workspace, "cpu")
    before = {line["key"]: loss_of(base, rows[line["key"]]) for line in lines}
    tuned = attach(base, job)
    for line in lines:
        each = rows[line["key"]]
        assert (line["tokens"], line["trained"]) == (len(each.input_ids), each.trained)
        assert line["loss_before"] == pytest.approx(before[line["key"]], abs=1e-4)
        assert line["loss_after"] == pytest.approx(loss_of(tuned, each), abs=1e-4)
    assert sum(line["loss_after"] for line in lines) < sum(line["loss_before"] for line in lines)
    assert (result(job) or {})["row_losses_seconds"] > 0
    told = [event.fields for event in events(job, "progress") if event.fields["what"] == "row losses"]
    assert (told[-1]["done"], told[-1]["total"]) == (len(lines), len(lines))


def test_what_all_rows_begin_with_is_read_once_and_changes_nothing(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trl.trainer.utils import add_fused_lm_head

    workspace, recipe, job = trained
    rows = list(encoded_rows(workspace, recipe).values())
    base = load_base(recipe, workspace, "cpu")
    add_fused_lm_head(base)
    tuner: Any = SimpleNamespace(model=attach(base, job), compute_loss_context_manager=torch.no_grad)
    lengths: list[int] = []
    base.model.register_forward_pre_hook(
        lambda module, args, named: lengths.append(named["input_ids"].shape[1]), with_kwargs=True
    )
    once = row_losses.row_losses(tuner, rows)
    shared = lengths[0]
    assert shared > 16
    assert max(lengths[3:]) == max(len(each.input_ids) for each in rows) - shared
    monkeypatch.setattr(row_losses, "_LEAST_SHARED", 1000)
    assert row_losses.row_losses(tuner, rows) == pytest.approx(once, abs=1e-4)


def test_losses_are_known_by_the_rows_own_keys_after_an_edit_too(model: Path, tmp_path: Path) -> None:
    workspace, recipe = make_workspace(tmp_path, model, train__max_steps=1)
    (tmp_path / "colours.toml").write_text(dumps(recipe))
    opened = open_recipe(tmp_path / "colours.toml")
    assert known_losses(opened) is None
    parts = load_parts(workspace, recipe.name, recipe.data)
    edited = parts.train[0].key
    question, answer = parts.train[0].messages
    Ledger.open(workspace.ledger).decide(edited, "edit", messages=[{**question, "content": "What colour?"}, answer])
    job = run_job(workspace, "train", recipe)
    found = known_losses(opened)
    assert found is not None
    with open_source(tmp_path / "train.jsonl") as source:
        assert set(found) <= {row.key for row in source.rows()}
    assert edited in found
    assert all(before > 0 and after > 0 for before, after in found.values())
    (job.outputs / "rows.jsonl").unlink()
    assert known_losses(opened) is None


def test_no_loss_is_measured_where_it_is_not_wanted_or_the_rows_are_too_many(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, recipe = make_workspace(tmp_path / "off", model, train__max_steps=1, method__row_losses=False)
    off = run_job(workspace, "train", recipe)
    monkeypatch.setattr(row_losses, "MOST_ROWS", 29)
    workspace, recipe = make_workspace(tmp_path / "many", model, train__max_steps=1)
    many = run_job(workspace, "train", recipe)
    for job in (off, many):
        assert phase(job) == "done"
        assert not (job.outputs / "rows.jsonl").exists()
    assert "30 are more than 29" in notices(many)["row-losses"]
    assert "row-losses" not in notices(off)


def test_a_job_is_done_though_its_losses_could_not_be_measured(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> list[float]:
        raise MemoryError

    monkeypatch.setattr(row_losses, "row_losses", fail)
    workspace, recipe = make_workspace(tmp_path, model, train__max_steps=1)
    job = run_job(workspace, "train", recipe)
    assert phase(job) == "done"
    assert job.has_adapter
    assert "memory" in notices(job)["row-losses"]
