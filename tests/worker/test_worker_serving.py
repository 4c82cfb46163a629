"""What serving takes, on a tiny model: three systems, as many tokens of each, and weights left as they were."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch
from peft import IA3Config, LoraConfig, get_peft_model
from peft.tuners.tuners_utils import BaseTunerLayer
from tiny import events, new_job, notices

from ftworkbench.files import read_json
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.state import phase, read_state
from ftworkbench.recipe.tables import Recipe
from ftworkbench.worker import measure, serving
from ftworkbench.worker.__main__ import do_job
from ftworkbench.worker.models import load_base
from ftworkbench.workspace import Workspace

Trained = tuple[Workspace, Recipe, Job]
ROWS = 4
IDS = torch.tensor([list(range(5, 45))])


def _served(trained: Trained, recipe: Recipe | None = None) -> tuple[Job, dict[str, Any] | None]:
    """An evaluation of the adapter alone, and what it says of serving."""
    workspace, plain, job = trained
    recipe = recipe or plain
    few = replace(recipe.evaluate, serving_rows=ROWS, limit=ROWS, regression=())
    evaluation = new_job(workspace, "evaluate", replace(recipe, evaluate=few), job=str(job.path), skip_baseline=True)
    do_job(evaluation)
    assert phase(evaluation) == "done", read_state(evaluation)
    found = read_json(evaluation.verdict)
    assert isinstance(found, dict)
    assert found["verdict"]["word"] == "no baseline"
    return evaluation, found["serving"]


def test_base_adapter_and_merged_are_there_and_the_weights_are_bit_for_bit_what_they_were(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []
    kept: list[bool] = []

    def run(model: Any, template: Any, prompts: Any, sampling: Any, room: int, **options: Any) -> Any:
        found = real_run(model, template, prompts, sampling, room, **options)
        asked.append((len(prompts), len(found[0])))
        return found

    def watched(work: Any, measuring: Any, *more: Any) -> Any:
        before = {name: value.clone() for name, value in measuring.base().state_dict().items()}
        found = serving.measure_serving(work, measuring, *more)
        after = measuring.base().state_dict()
        kept.append(list(before) == list(after) and all(torch.equal(before[name], after[name]) for name in before))
        return found

    real_run = serving.run
    monkeypatch.setattr(serving, "run", run)
    monkeypatch.setattr(measure, "measure_serving", watched)
    job, found = _served(trained)
    assert kept == [True]
    assert found is not None
    assert [each["name"] for each in found["systems"]] == ["base", "adapter", "merged"]
    assert (found["n"], found["new_tokens"], found["missing"]) == (ROWS, 8, {})
    assert asked == [(1, 2)] * 3 + [(1, 8)] * 3 * ROWS, "a short one each to warm up, then all of one length"
    for each in found["systems"][1:]:
        low, high = each["token_ratio"]["interval"]
        assert 0.05 < low <= each["token_ratio"]["value"] <= high < 20
    assert {each.fields["what"] for each in events(job, "progress")} == {"test.tuned", "serving"}


def test_prompting_is_served_with_its_own_prompts_and_the_card_takes_its_latency_from_there(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, recipe, job = trained
    asked: list[list[int]] = []

    def run(model: Any, template: Any, prompts: Any, *more: Any, **options: Any) -> Any:
        asked.extend(prompts)
        return real_run(model, template, prompts, *more, **options)

    real_run = serving.run
    monkeypatch.setattr(serving, "run", run)
    few = replace(recipe.evaluate, serving_rows=ROWS, limit=ROWS, regression=())
    prompt = replace(recipe.prompt, few_shot=(3,))
    evaluation = new_job(
        workspace, "evaluate", replace(recipe, evaluate=few, prompt=prompt), job=str(job.path), skip_baseline=False
    )
    do_job(evaluation)
    found = read_json(evaluation.verdict)
    *_, prompted = found["serving"]["systems"]
    assert [each["name"] for each in found["serving"]["systems"]] == ["base", "adapter", "merged", "prompted"]
    one, other = asked[0], asked[3]  # to base and prompted, to warm up
    assert len(other) > 2 * len(one), "the examples are read too"
    assert prompted["token_ratio"]["value"] > 0, "against the base, row by row"
    assert {name: way["at_once"] for name, way in found["ways"].items()} == {"baseline": ROWS, "tuned": ROWS}
    latency = found["card"]["latency"]
    served = latency["figures"]["serving"]
    assert served["prompted"]["tokens"] == latency["figures"]["baseline"]["tokens"]
    assert served["prompted"]["first_token_seconds"] == prompted["first_token_seconds"]["value"]
    assert "one at a time" in latency["words"]
    assert latency["n"] == ROWS


_LORA = partial(LoraConfig, target_modules="all-linear")


@pytest.mark.parametrize(
    "config",
    [
        _LORA(),
        _LORA(use_dora=True),
        _LORA(bias="lora_only", modules_to_save=["norm"]),
        LoraConfig(target_modules=["q_proj"], trainable_token_indices={"embed_tokens": [5, 6]}),
        IA3Config(target_modules=["v_proj", "down_proj"], feedforward_modules=["down_proj"]),
    ],
    ids=["lora", "dora", "bias and a whole module", "tokens", "ia3"],
)
def test_of_every_kind_of_adapter_there_is_a_bare_base_and_a_merged_model_and_nothing_is_changed(
    trained: Trained, config: Any
) -> None:
    workspace, recipe, _ = trained
    base = load_base(recipe, workspace, "cpu")
    with torch.no_grad():
        alone = base(IDS).logits
        model = get_peft_model(base, config).eval()
        for each in model.parameters():
            each.data += 0.05 * torch.randn_like(each) if each.requires_grad else 0.0
        kept = {name: value.clone() for name, value in model.state_dict().items()}
        tuned = model(IDS).logits
        with serving.bare(model) as bare:
            assert not any(isinstance(each, BaseTunerLayer) for each in bare.modules())
            assert torch.equal(bare(IDS).logits, alone), "as if no adapter had ever been on it"
        merged = serving.merged_beside(model)
        assert not any(isinstance(each, BaseTunerLayer) for each in merged.modules())
        torch.testing.assert_close(merged(IDS).logits, tuned)
        assert torch.equal(model(IDS).logits, tuned)
        assert not torch.equal(tuned, alone)
    assert all(torch.equal(value, kept[name]) for name, value in model.state_dict().items())


def test_of_a_quantized_base_the_merged_model_is_the_one_that_is_shipped(trained: Trained) -> None:
    _, recipe, _ = trained
    _, found = _served(trained, replace(recipe, quantization=replace(recipe.quantization, load_in_4bit=True)))
    assert found is not None
    assert found["systems"][2]["note"] == "in float32, as it is shipped, where base and adapter have 4-bit weights"


def test_a_merged_model_that_has_no_room_is_left_out_and_said(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "free_memory", lambda: 1000)
    _, found = _served(trained)
    assert found is not None
    assert [each["name"] for each in found["systems"]] == ["base", "adapter"]
    assert "GiB of memory can be had" in found["missing"]["merged"]


def test_what_goes_wrong_while_it_is_measured_leaves_the_verdict_as_it_is(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr(serving, "run", broken)
    job, found = _served(trained)
    assert found is None
    assert notices(job)["serving"] == "serving was not measured: there is no room for it beside the model"
