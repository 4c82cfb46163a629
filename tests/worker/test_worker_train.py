from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import events, losses, make_recipe, make_workspace, new_job, notices, rows, run_job, write_rows

from ftworkbench.data.splits.split import freeze, require_questions
from ftworkbench.errors import InputError
from ftworkbench.jobs.folder import Job, result
from ftworkbench.jobs.session import answers, ask
from ftworkbench.jobs.state import phase, read_state
from ftworkbench.recipe.tables import Recipe
from ftworkbench.worker.__main__ import do_job
from ftworkbench.worker.checkpoints import verify
from ftworkbench.worker.models import load_base
from ftworkbench.workspace import Workspace

Trained = tuple[Workspace, Recipe, Job]
CUTS_SOME = 47  # tokens: of tiny.rows() some have their answer before, most after


def test_a_training_job_ends_done_with_an_adapter_and_its_figures(trained: Trained) -> None:
    _, _, job = trained
    assert phase(job) == "done", read_state(job)
    found = result(job)
    assert found is not None
    assert found["steps"] == max(losses(job))
    assert found["train_loss"] > 0
    assert found["eval_loss"] < found["first_eval_loss"]
    assert found["trainable"] < found["parameters"]
    assert found["tokens_per_second"] > 0
    assert (job.adapter / "adapter_model.safetensors").is_file()
    assert (job.adapter / "chat_template.jinja").is_file()
    assert not (job.adapter / "training_args.bin").exists()


def test_every_step_tells_its_loss_speed_and_memory(trained: Trained) -> None:
    _, _, job = trained
    found = losses(job)
    assert list(found) == list(range(1, max(found) + 1))
    assert found[max(found)] < found[1]
    last = [event for event in events(job, "metric") if "loss" in event.fields["values"]][-1]
    names = {"loss", "learning_rate", "grad_norm", "mean_token_accuracy", "tokens_per_second", "memory_gib"}
    assert names <= set(last.fields["values"])
    phases = [event.fields["phase"] for event in events(job, "phase")]
    assert phases == ["queued", "loading", "running", "saving", "done"]


def test_validation_is_measured_before_the_first_step_and_after_each_epoch(trained: Trained) -> None:
    _, _, job = trained
    evaluations = [event.fields for event in events(job, "evaluation")]
    assert evaluations[0]["step"] == 0
    assert [each["step"] for each in evaluations[1:]] == [4, 8]
    assert all("eval_loss" in each["values"] for each in evaluations)


def test_checkpoints_verify_hold_no_secrets_and_are_few(trained: Trained) -> None:
    _, recipe, job = trained
    kept = sorted(job.checkpoints.iterdir())
    assert [path.name for path in kept] == ["checkpoint-6", "checkpoint-8"]
    assert recipe.train.save_total_limit == len(kept)
    assert all(verify(path) is None for path in kept)
    assert not list(job.path.rglob("training_args.bin"))
    assert [event.fields["step"] for event in events(job, "checkpoint")] == [3, 6, 8]


def test_a_learning_rate_of_zero_leaves_the_model_as_it_was(model: Path, tmp_path: Path) -> None:
    workspace, recipe = make_workspace(tmp_path, model, train__learning_rate=0, train__max_steps=2)
    job = run_job(workspace, "train", recipe)
    assert phase(job) == "done", read_state(job)
    found = result(job)
    assert found is not None
    assert found["eval_loss"] == found["first_eval_loss"]


def test_rows_without_anything_to_learn_are_dropped_by_number(model: Path, tmp_path: Path) -> None:
    workspace, recipe = make_workspace(tmp_path, model, train__max_length=CUTS_SOME, train__max_steps=1)
    job = run_job(workspace, "train", recipe)
    assert phase(job) == "done", read_state(job)
    dropped = next(event for event in events(job, "notice") if event.fields["code"] == "all-cut")
    assert str(len(dropped.fields["rows"])) in dropped.fields["text"]
    assert (result(job) or {})["train_rows"] + len(dropped.fields["rows"]) == 30


def test_nothing_left_to_learn_fails_in_one_line(model: Path, tmp_path: Path) -> None:
    workspace, recipe = make_workspace(tmp_path, model, train__max_length=10)
    job = run_job(workspace, "train", recipe)
    state = read_state(job)
    assert state is not None
    assert state.phase == "failed"
    assert "max_length = 10 cuts off every answer" in state.why
    assert "\n" not in state.why


def test_qlora_trains_on_the_cpu(model: Path, tmp_path: Path) -> None:
    workspace, recipe = make_workspace(
        tmp_path, model, quantization__load_in_4bit=True, quantization__bnb_4bit_use_double_quant=True
    )
    job = run_job(workspace, "train", recipe)
    assert phase(job) == "done", read_state(job)
    found = losses(job)
    assert found[max(found)] < found[1]
    assert (result(job) or {})["parameters"] == _shape_parameters(model)


def test_an_evaluation_leaves_the_gradients_of_a_4_bit_model_as_they_were(model: Path) -> None:
    recipe = make_recipe(model, quantization__load_in_4bit=True)
    base = load_base(recipe, Workspace(model), "cpu")
    for module in base.modules():
        # As on a CPU with AVX512-BF16, where bitsandbytes would pack the weights; here, whatever this CPU has.
        assert getattr(module, "support_avx512bf16_for_cpu", False) is False
    ids = torch.tensor([[5, 6, 7, 8]])

    def gradient() -> torch.Tensor:
        embedded = base.get_input_embeddings()(ids).detach().requires_grad_()
        base(inputs_embeds=embedded).logits.sum().backward()
        assert embedded.grad is not None
        return embedded.grad

    before = gradient()
    with torch.no_grad():
        base(ids)
    assert torch.equal(gradient(), before)


def _shape_parameters(model: Path) -> int:
    from safetensors.torch import load_file

    return sum(each.numel() for each in load_file(model / "model.safetensors").values())


def test_lora_plus_learns_b_faster_than_a(model: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    workspace, recipe = make_workspace(tmp_path, model, train__max_steps=1, train__warmup_steps=0.0)
    plain = run_job(workspace, "train", recipe)
    _, recipe = make_workspace(
        tmp_path, model, train__max_steps=1, train__warmup_steps=0.0, method__loraplus_lr_ratio=16.0
    )
    plus = run_job(workspace, "train", recipe)
    assert phase(plus) == "done", read_state(plus)
    one, other = (load_file(job.adapter / "adapter_model.safetensors") for job in (plain, plus))
    name = next(name for name in one if "lora_B" in name)
    ratio = (other[name].abs().max() / one[name].abs().max()).item()
    assert 15 < ratio < 17


def test_packed_rows_train_alike_by_the_plain_parts_and_by_the_quick_ones(model: Path, tmp_path: Path) -> None:
    found = []
    for kind in ("sdpa", "varlen"):
        options = {"train__packing": True, "train__max_steps": 4, "model__attn_implementation": kind}
        options |= {"lora__lora_dropout": 0, "method__fused_lora": kind == "varlen"}
        workspace, recipe = make_workspace(tmp_path / kind, model, **options)
        job = run_job(workspace, "train", recipe)
        assert phase(job) == "done", (read_state(job), notices(job))
        told = [event.fields["values"] for event in (*events(job, "evaluation"), *events(job, "metric"))]
        found.append([values[name] for values in told for name in ("loss", "eval_loss", "grad_norm") if name in values])
    assert len(found[0]) > 8
    assert found[1] == pytest.approx(found[0], rel=1e-4)
    assert found[0][0] != found[0][-1]


def test_early_stopping_keeps_the_best_adapter(model: Path, tmp_path: Path) -> None:
    workspace, recipe = make_workspace(
        tmp_path,
        model,
        train__num_train_epochs=12.0,
        train__learning_rate=0.1,
        train__save_strategy="epoch",
        train__save_steps=None,
        method__early_stopping_patience=1,
    )
    job = run_job(workspace, "train", recipe)
    assert phase(job) == "done", read_state(job)
    seen = [event.fields["values"]["eval_loss"] for event in events(job, "evaluation")]
    assert (result(job) or {})["eval_loss"] == min(seen[1:])
    assert len(seen) < 13


def test_no_file_of_a_job_holds_a_token_of_the_hub(model: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_SECRETsecretSECRET")
    workspace, recipe = make_workspace(tmp_path, model, train__max_steps=1)
    job = run_job(workspace, "train", recipe)
    assert phase(job) == "done"
    for path in job.path.rglob("*"):
        assert not path.is_file() or b"hf_SECRET" not in path.read_bytes(), path


def test_the_weights_that_are_saved_are_the_adapter_and_nothing_else(trained: Trained) -> None:
    from safetensors.torch import load_file

    _, _, job = trained
    weights = load_file(job.adapter / "adapter_model.safetensors")
    assert all("lora_" in name for name in weights)
    assert all(torch.isfinite(each).all() for each in weights.values())
    config = json.loads((job.adapter / "adapter_config.json").read_text())
    assert (config["r"], config["lora_alpha"]) == (8, 16)


def test_raw_text_trains_a_model_without_a_chat_template(model: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    shutil.copytree(model, base)
    (base / "chat_template.jinja").unlink()
    workspace, recipe = make_workspace(tmp_path / "texts", base, train__num_train_epochs=1.0)
    texts = [" ".join(message["content"] for message in row["messages"]) for row in rows(60)]
    write_rows(workspace.root / "train.jsonl", [{"text": text} for text in texts])
    freeze(workspace, recipe.name, recipe.data, again=True)
    job = run_job(workspace, "train", recipe)
    assert phase(job) == "done", read_state(job)
    assert losses(job)
    with pytest.raises(InputError, match="raw text has no question to ask"):
        require_questions(workspace, recipe.data)
    session = new_job(workspace, "session", recipe, job=None)
    thread = threading.Thread(target=do_job, args=(session,))
    thread.start()
    [shown] = answers(session, ask(session, "tokens", messages=[{"role": "text", "content": "red rose"}]), timeout=60)
    session.stop_file.touch()
    thread.join(timeout=60)
    assert {piece["state"] for piece in shown.fields["pieces"]} == {"trained"}
    assert "".join(piece["text"] for piece in shown.fields["pieces"]) == "red rose<|im_end|>"
    write_rows(workspace.root / "train.jsonl", rows(60))
    freeze(workspace, recipe.name, recipe.data, again=True)
    refused = run_job(workspace, "train", recipe)
    assert "no chat template" in str(read_state(refused))
