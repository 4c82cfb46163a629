from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tiny import make_recipe, make_workspace, new_job, notices, run_job

from ftworkbench import paths
from ftworkbench.errors import InputError
from ftworkbench.jobs.folder import result
from ftworkbench.jobs.state import phase, read_state
from ftworkbench.machine import Card, Machine
from ftworkbench.recipe.read import parse
from ftworkbench.recipe.resolve import resolve
from ftworkbench.worker.__main__ import do_job
from ftworkbench.worker.configs import adapter_config, quantization_config, sft_config
from ftworkbench.worker.models import load_base
from ftworkbench.worker.reasons import reason
from ftworkbench.workspace import Workspace

GPU_BOX = Machine(16, 128 * 2**30, (Card("NVIDIA H100 80GB HBM3", 80 * 2**30, (9, 0)),))
LAPTOP = Machine(2, 8 * 2**30)


@pytest.mark.parametrize("path", paths.sample_configs(), ids=lambda path: path.stem)
def test_each_sample_recipe_makes_the_libraries_own_configurations(path: Path, tmp_path: Path) -> None:
    recipe = parse(path.read_text(), path.stem)
    machine = LAPTOP if recipe.launch.device == "cpu" or recipe.model.model_id == paths.POCKET_ID else GPU_BOX
    resolved = resolve(recipe, machine)[0]
    adapter = adapter_config(resolved)
    assert str(adapter.peft_type.value).lower() == resolved.method.adapter
    if resolved.method.adapter == "lora":
        assert (adapter.r, adapter.lora_alpha) == (resolved.lora.r, resolved.lora.lora_alpha)
    quantized = quantization_config(resolved)
    assert (quantized is not None) == (resolved.quantization.load_in_4bit or resolved.quantization.load_in_8bit)
    # bf16 is refused by a machine without a card; everything else is what a GPU box would get.
    args = sft_config(resolved, tmp_path, "cpu", bf16=False, fp16=False)
    assert args.learning_rate == resolved.train.learning_rate
    assert args.logging_nan_inf_filter is False
    assert args.report_to == []
    assert args.output_dir == str(tmp_path)


def test_options_that_the_workbench_does_not_know_reach_the_libraries(model: Path, tmp_path: Path) -> None:
    recipe = make_recipe(model, train__adam_beta2=0.95, lora__init_lora_weights="gaussian")
    assert sft_config(recipe, tmp_path, "cpu").adam_beta2 == 0.95
    assert adapter_config(recipe).init_lora_weights == "gaussian"


def _copy(model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model, tmp_path / "copy"))


def _why(folder: Path, tmp_path: Path) -> str:
    workspace, recipe = make_workspace(tmp_path / "work", folder)
    job = run_job(workspace, "train", recipe)
    state = read_state(job)
    assert state is not None
    assert state.phase == "failed"
    assert "\n" not in state.why
    return state.why


def test_a_folder_without_weights_is_an_error_in_words(model: Path, tmp_path: Path) -> None:
    folder = _copy(model, tmp_path)
    (folder / "model.safetensors").unlink()
    assert "has no weights (*.safetensors)" in _why(folder, tmp_path)


def test_a_pickle_is_refused_with_the_way_to_convert_it(model: Path, tmp_path: Path) -> None:
    folder = _copy(model, tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert "save_pretrained, which writes safetensors" in _why(folder, tmp_path)


def test_a_folder_that_is_no_model_is_an_error_in_words(model: Path, tmp_path: Path) -> None:
    folder = _copy(model, tmp_path)
    (folder / "config.json").unlink()
    assert "has no config.json" in _why(folder, tmp_path)


def test_a_model_that_writes_no_text_is_an_error_in_words(model: Path, tmp_path: Path) -> None:
    folder = _copy(model, tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "vit", "architectures": ["ViTModel"]}))
    with pytest.raises(InputError, match="is a vit model, which writes no text"):
        load_base(make_recipe(folder), Workspace(tmp_path), "cpu")


def test_a_width_that_nf4_cannot_hold_on_a_cpu_is_said_before_the_weights_are_read(model: Path, tmp_path: Path) -> None:
    folder = _copy(model, tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "intermediate_size": 100}))
    with pytest.raises(InputError, match="intermediate_size 100, and on a CPU it must be a multiple of 64"):
        load_base(make_recipe(folder, quantization__load_in_4bit=True), Workspace(tmp_path), "cpu")


def test_a_hub_model_that_is_not_here_fails_in_one_line(model: Path, tmp_path: Path) -> None:
    workspace, _ = make_workspace(tmp_path / "work", model)
    recipe = make_recipe("nobody/has-this-model")
    job = run_job(workspace, "train", recipe)
    state = read_state(job)
    assert state is not None
    assert state.phase == "failed"
    assert "hub" in state.why
    assert "\n" not in state.why


def test_known_troubles_are_said_in_words() -> None:
    class OutOfMemoryError(RuntimeError):
        pass

    assert "ran out of GPU memory" in reason(OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"))
    said = reason(OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), training=False)
    assert "per_device_train_batch_size" not in said
    assert "evaluate.max_new_tokens" in said
    assert "the disk is full" in reason(OSError(28, "No space left on device"))
    assert reason(ValueError("first\nsecond \x1b[31m")) == "ValueError: first; the trace is in worker.log"
    outer = RuntimeError("outer")
    outer.__cause__ = OSError(28, "No space left on device")
    assert "the disk is full" in reason(outer)


def test_an_unknown_kind_of_job_fails_in_words(model: Path, tmp_path: Path) -> None:
    workspace, recipe = make_workspace(tmp_path, model)
    job = new_job(workspace, "dance", recipe)
    assert do_job(job) == 1
    state = read_state(job)
    assert state is not None
    assert "'dance' is no kind of work" in state.why


def test_an_end_token_named_by_the_recipe_mends_a_model_that_could_never_stop(model: Path, tmp_path: Path) -> None:
    folder = _copy(model, tmp_path)
    for name in ("config.json", "generation_config.json"):
        config = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({**config, "eos_token_id": 5}))
    assert 'eos_token = "<|im_end|>" in [train]' in _why(folder, tmp_path)
    workspace, recipe = make_workspace(tmp_path / "mended", folder, train__eos_token="<|im_end|>", train__max_steps=1)
    job = run_job(workspace, "train", recipe)
    assert phase(job) == "done", read_state(job)


def test_the_worst_step_is_measured(model: Path, tmp_path: Path) -> None:
    workspace, recipe = make_workspace(tmp_path, model)
    job = run_job(workspace, "fit", recipe)
    assert phase(job) == "done", (read_state(job), notices(job))
    found: dict[str, Any] = result(job) or {}
    assert found["fits"] is True
    assert set(found["parts"]) == {"load", "step", "evaluation", "save"}
    assert found["peak_gib"] == max(found["parts"].values()) > 0
    assert found["tokens_per_second"] > 0
    assert found["hours"] > 0
    assert found["trainable"] < found["parameters"]
    assert not (job.path / "scratch").exists()


def test_out_of_memory_is_an_answer_of_the_measurement(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ftworkbench.worker import fit

    def full(*_: Any, **__: Any) -> Any:
        raise MemoryError("no room")

    monkeypatch.setattr(fit, "make_tuner", full)
    workspace, recipe = make_workspace(tmp_path, model)
    job = run_job(workspace, "fit", recipe)
    assert phase(job) == "done"
    assert (result(job) or {})["fits"] is False
