"""Models of other families than Llama: made tiny here, trained, merged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import make_tokenizer, make_workspace, notices, run_job

from ftworkbench.jobs.folder import result
from ftworkbench.jobs.state import phase, read_state
from ftworkbench.steps.merge import merge_result, proved
from ftworkbench.worker.template import open_template, without_system_turn

SIZES: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 32,
    "max_position_embeddings": 256,
}
EXPERTS = {"moe_intermediate_size": 64, "num_experts": 4, "num_experts_per_tok": 2}
NO_SYSTEM = (
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'system' -%}{{ raise_exception('Only user and assistant roles are supported!') }}"
    "{%- elif message['role'] == 'user' -%}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{%- else -%}{{ ' ' + message['content'] + '<|im_end|>' }}{%- endif -%}"
    "{%- endfor -%}"
)


def make_model_of(folder: Path, family: str, template: str | None = None, **sizes: Any) -> Path:
    """A model of a family, its weights at random, with the tests' tokenizer."""
    from transformers import AutoConfig, AutoModelForCausalLM

    tokenizer = make_tokenizer()
    tokenizer.chat_template = template or tokenizer.chat_template
    config = AutoConfig.for_model(
        family,
        vocab_size=len(tokenizer),
        **{**SIZES, **sizes},
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config, dtype=torch.float32).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("family", "sizes"),
    [("qwen3", {}), ("gemma3_text", {}), ("phi3", {}), ("qwen3_moe", EXPERTS)],
    ids=["qwen3", "gemma3", "phi3", "qwen3-moe"],
)
def test_a_model_of_another_family_trains_and_merges(family: str, sizes: dict[str, Any], tmp_path: Path) -> None:
    model = make_model_of(tmp_path / "model", family, **sizes)
    options = {"lora__lora_dropout": 0, "train__num_train_epochs": 1, "train__learning_rate": 1e-3}
    workspace, recipe = make_workspace(tmp_path / "work", model, **options)
    job = run_job(workspace, "train", recipe)
    assert phase(job) == "done", read_state(job)
    found = result(job)
    assert found is not None
    assert 0 < found["trainable"] < found["parameters"]
    merged = run_job(workspace, "merge", recipe, job=str(job.path), out=str(tmp_path / "merged"))
    assert phase(merged) == "done", read_state(merged)
    assert proved(merge_result(merged))


def test_dropout_on_experts_is_refused_in_words(tmp_path: Path) -> None:
    model = make_model_of(tmp_path / "model", "qwen3_moe", **EXPERTS)
    workspace, recipe = make_workspace(tmp_path / "work", model, lora__lora_dropout=0.05)
    state = read_state(run_job(workspace, "train", recipe))
    assert state is not None
    assert "say lora.lora_dropout = 0" in state.why


def test_a_template_without_system_turns_gets_the_system_prompt_before_the_question(tmp_path: Path) -> None:
    model = make_model_of(tmp_path / "model", "mistral", NO_SYSTEM)
    workspace, recipe = make_workspace(tmp_path / "work", model, train__num_train_epochs=1)
    measured = run_job(workspace, "evaluate", recipe)
    assert phase(measured) == "done", read_state(measured)
    job = run_job(workspace, "train", recipe)
    assert phase(job) == "done", read_state(job)
    assert "before the first question" in notices(job)["folded-system"]
    assert "before the first question" in notices(measured)["folded-system"]


def test_what_is_trained_and_what_is_asked_fold_the_system_prompt_alike() -> None:
    tokenizer = make_tokenizer()
    tokenizer.chat_template = NO_SYSTEM
    template = open_template(tokenizer, frozenset({tokenizer.eos_token_id}), "mistral")
    question = [{"role": "system", "content": "Name the colour."}, {"role": "user", "content": "The sky?"}]
    text, spans = template.answers([*question, {"role": "assistant", "content": "blue"}])
    assert text == "[INST] Name the colour.\n\nThe sky? [/INST] blue<|im_end|>"
    assert [text[a:b] for a, b in spans] == [" blue<|im_end|>"]
    assert tokenizer.decode(template.prompt(question)) == "[INST] Name the colour.\n\nThe sky? [/INST]"


def test_a_system_prompt_without_a_question_becomes_one() -> None:
    answer = {"role": "assistant", "content": "Hi."}
    system = [{"role": "system", "content": "Greet."}, {"role": "system", "content": "Briefly."}]
    assert without_system_turn([*system, answer]) == [{"role": "user", "content": "Greet.\n\nBriefly."}, answer]
    assert without_system_turn([answer]) == [answer]
