from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import make_workspace, run_job

from ftworkbench.commands.results import is_good, result_lines
from ftworkbench.files import write_json
from ftworkbench.jobs.folder import Job, result
from ftworkbench.jobs.state import phase, read_state
from ftworkbench.recipe.tables import Recipe
from ftworkbench.recipe.write import set_option
from ftworkbench.steps.merge import merge_result, proof_words, proved
from ftworkbench.worker import merge
from ftworkbench.worker.adapter import attach
from ftworkbench.worker.models import load_base
from ftworkbench.workspace import Workspace

Trained = tuple[Workspace, Recipe, Job]


def test_the_merged_model_answers_as_the_adapter_did(trained: Trained, tmp_path: Path) -> None:
    workspace, recipe, job = trained
    out = tmp_path / "merged"
    merged = run_job(workspace, "merge", recipe, job=str(job.path), out=str(out))
    assert phase(merged) == "done", read_state(merged)
    found = result(merged)
    assert found is not None
    assert found["path"] == str(out)
    assert found["same_answers"] == found["prompts"] == merge.MOST_PROMPTS
    assert found["max_logit_drift"] < 1e-3
    assert sorted(path.name for path in out.iterdir()) == [
        "chat_template.jinja",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]


def test_it_loads_as_any_model_does_and_differs_from_the_base(trained: Trained, model: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    workspace, recipe, job = trained
    out = tmp_path / "merged"
    run_job(workspace, "merge", recipe, job=str(job.path), out=str(out))
    tokenizer = AutoTokenizer.from_pretrained(out)
    assert tokenizer.chat_template
    ids = tokenizer("The sky", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        one, other = (AutoModelForCausalLM.from_pretrained(folder)(ids).logits for folder in (out, model))
    assert (one - other).abs().max() > 0.1


def test_an_adapter_that_makes_up_for_rounding_is_merged_into_the_rounded_weights(model: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    workspace, recipe = make_workspace(tmp_path / "colours", model, quantization__load_in_4bit=True)
    job = run_job(workspace, "train", recipe)
    job.recipe.write_text(set_option(job.recipe.read_text(), "lora.init_lora_weights", "loftq"))
    out = tmp_path / "merged"
    assert phase(run_job(workspace, "merge", recipe, job=str(job.path), out=str(out))) == "done"
    ids = torch.tensor([list(range(5, 45))])
    with torch.no_grad():
        merged = AutoModelForCausalLM.from_pretrained(out)(ids).logits
        measured = attach(load_base(recipe, workspace, "cpu"), job)(ids).logits
        whole = attach(load_base(recipe, workspace, "cpu", quantized=False), job)(ids).logits
    assert (merged - measured).abs().max() < 0.2 * (whole - measured).abs().max()


def test_a_corrupted_merge_is_found_out_and_leaves_nothing(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, recipe, job = trained
    load = merge.load_saved

    def load_corrupted(*args: Any) -> Any:
        model = load(*args)
        model.model.layers[1].mlp.down_proj.weight.data.mul_(-3)
        return model

    monkeypatch.setattr(merge, "load_saved", load_corrupted)
    out = tmp_path / "merged"
    merged = run_job(workspace, "merge", recipe, job=str(job.path), out=str(out))
    state = read_state(merged)
    assert state is not None
    assert state.phase == "failed"
    assert "is not the model that was measured" in state.why
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_empty_is_left_alone(trained: Trained, tmp_path: Path) -> None:
    workspace, recipe, job = trained
    (tmp_path / "mine.txt").write_text("precious")
    merged = run_job(workspace, "merge", recipe, job=str(job.path), out=str(tmp_path))
    state = read_state(merged)
    assert state is not None
    assert (state.phase, "not empty" in state.why) == ("failed", True)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_qlora_adapter_is_merged_into_the_unquantized_base(model: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    workspace, recipe = make_workspace(tmp_path / "work", model, quantization__load_in_4bit=True)
    job = run_job(workspace, "train", recipe)
    out = tmp_path / "merged"
    merged = run_job(workspace, "merge", recipe, job=str(job.path), out=str(out))
    assert phase(merged) == "done", read_state(merged)
    weights, base = load_file(out / "model.safetensors"), load_file(model / "model.safetensors")
    untouched = "model.layers.0.input_layernorm.weight"
    assert torch.equal(weights[untouched], base[untouched])
    adapter = load_file(job.adapter / "adapter_model.safetensors")
    name = "model.layers.0.mlp.up_proj"
    a, b = (adapter[f"base_model.model.{name}.lora_{side}.weight"].float() for side in "AB")
    expected = base[f"{name}.weight"] + b @ a * (recipe.lora.lora_alpha / recipe.lora.r)
    assert torch.allclose(weights[f"{name}.weight"], expected, atol=1e-5)


def test_a_model_saved_in_bfloat16_is_proved_in_float32_and_its_rounding_is_told(model: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    workspace, recipe = make_workspace(tmp_path / "work", model, model__dtype="bfloat16", train__learning_rate=5e-2)
    job = run_job(workspace, "train", recipe)
    out = tmp_path / "merged"
    merged = run_job(workspace, "merge", recipe, job=str(job.path), out=str(out))
    assert phase(merged) == "done", read_state(merged)
    found = merge_result(merged)
    assert (found["merged_in"], found["dtype"]) == ("float32", "bfloat16")
    assert proved(found)
    assert f"{found['prompts']} of {found['prompts']} in float32" in proof_words(found)
    assert 0 < found["max_logit_drift"] < 1
    write_json(merged.result, {**found, "same_answers": found["prompts"] - 2})
    assert is_good(merged)
    (line,) = result_lines(merged)
    assert f"{found['prompts']} of {found['prompts']} in float32; saved in bfloat16" in line
    assert {value.dtype for value in load_file(out / "model.safetensors").values()} == {torch.bfloat16}


def test_a_wrong_merge_in_float32_is_found_before_it_is_rounded(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, recipe = make_workspace(tmp_path / "work", model, model__dtype="bfloat16")
    job = run_job(workspace, "train", recipe)
    forget = "peft.tuners.lora.layer.Linear.get_delta_weight"
    monkeypatch.setattr(forget, lambda layer, adapter: -200 * torch.ones_like(layer.weight))
    out = tmp_path / "merged"
    merged = run_job(workspace, "merge", recipe, job=str(job.path), out=str(out))
    state = read_state(merged)
    assert state is not None
    assert (state.phase, "is not the model that was measured" in state.why) == ("failed", True)
    assert not out.exists()
