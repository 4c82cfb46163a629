"""Merging: the adapter into its base in full precision, and the proof that the result answers as the adapter did."""

from __future__ import annotations

import gc
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ftworkbench.data.splits import load_parts
from ftworkbench.errors import InputError, JobError
from ftworkbench.evaluate.contestants import build_messages, tuned
from ftworkbench.files import write_json
from ftworkbench.recipe.tables import Recipe
from ftworkbench.worker.adapter import adapter_sha256, answering_template, attach
from ftworkbench.worker.checkpoints import sync
from ftworkbench.worker.generate import Answer, Sampling, generate
from ftworkbench.worker.models import load_base
from ftworkbench.worker.template import RenderError, Template
from ftworkbench.worker.work import Work

MOST_PROMPTS = 32
_POSITIONS = 8  # of each answer, whose logits are compared
_EXACT = "float32"


@dataclass(frozen=True)
class Said:
    """What a model answers to the prompts, and its logits: one tensor (positions, vocabulary) for each."""

    answers: list[Answer]
    logits: list[Any]


def merge(work: Work) -> None:
    """Leaves a merged model at the `out` of the arguments, and `result.json` with the proof.

    In float32 the greedy answers must all be equal. Raises JobError where they are not: nothing is left then.
    """
    # -------------------------------------------------------------------------------------------------
    # What, from where, to where

    began = time.monotonic()
    trained = work.train_job()
    if trained is None:
        raise InputError("merge: no training job was named")
    job, recipe = trained
    out = Path(str(work.args["out"]))
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: is there already and not empty; name another folder")
    dtype = _EXACT if work.device == "cpu" else "bfloat16"
    template = answering_template(work)
    prompts = proof_prompts(work, recipe, template)

    # -------------------------------------------------------------------------------------------------
    # The adapter on the base as it was before any quantization: what has to be kept

    model = attach(load_base(recipe, work.workspace, work.device, quantized=False, dtype=dtype), job)
    work.phase("running")
    sampling, size = Sampling(recipe.evaluate.max_new_tokens), recipe.evaluate.batch_size
    work.progress("adapter answers", 0, len(prompts), "prompts")
    as_adapter = say(model, template, prompts, sampling, batch_size=size)
    work.progress("adapter answers", len(prompts), len(prompts), "prompts")
    work.leave_if_stopped()

    # -------------------------------------------------------------------------------------------------
    # Merged, beside its place

    staged = out.with_name(f".{out.name}.{work.job.name}")
    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(staged, ignore_errors=True)
    try:
        save_merged(model, template, staged)
        del model
        gc.collect()

        # ---------------------------------------------------------------------------------------------
        # Proved on what stands on the disk

        merged = load_saved(staged, dtype, work.device)
        work.progress("merged answers", 0, len(prompts), "prompts")
        as_merged = say(merged, template, prompts, sampling, batch_size=size, given=as_adapter)
        work.progress("merged answers", len(prompts), len(prompts), "prompts")
        same = sum(a.text == b.text for a, b in zip(as_adapter.answers, as_merged.answers, strict=True))
        drift = _drift(as_adapter.logits, as_merged.logits)
        if dtype == _EXACT and same < len(prompts):
            raise JobError(
                f"the merged model answers {len(prompts) - same} of {len(prompts)} prompts otherwise than the adapter "
                f"(logits up to {drift:.3g} off), so it is not the model that was measured; nothing was left at {out}"
            )
        work.phase("saving")
        sync(staged)
        if out.exists():
            out.rmdir()
        staged.rename(out)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    result = {
        "path": str(out),
        "same_answers": same,
        "prompts": len(prompts),
        "max_logit_drift": drift,
        "dtype": dtype,
        "adapter_sha256": adapter_sha256(job),
        "gib": sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) / 2**30,
        "seconds": round(time.monotonic() - began, 3),
    }
    write_json(work.job.result, result)


def proof_prompts(work: Work, recipe: Recipe, template: Template) -> list[list[int]]:
    """The prompts of the proof: of validation rows first, then of test rows, as the tuned model is asked."""
    parts = load_parts(work.workspace, recipe.name, recipe.data)
    contestant = tuned(recipe.prompt)
    prompts: list[list[int]] = []
    for example in (*parts.validation, *parts.test, *parts.train):
        if len(prompts) == MOST_PROMPTS:
            break
        try:
            prompts.append(template.prompt(build_messages(contestant, example.prompt), example.tools))
        except RenderError:
            continue  # said where it was trained and measured
    return prompts


def save_merged(model: Any, template: Template, folder: Path) -> None:
    """Merges the adapter into the model it is on, and writes a plain model's folder, safetensors and all."""
    merged = model.merge_and_unload(safe_merge=True)
    merged.generation_config.eos_token_id = sorted(template.ends)
    merged.generation_config.pad_token_id = template.tokenizer.pad_token_id
    merged.save_pretrained(folder, safe_serialization=True)
    template.tokenizer.save_pretrained(folder)


def load_saved(folder: Path, dtype: str, device: str) -> Any:
    """The model in a folder, as anybody would load it."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype), use_safetensors=True)
    return model.to(device).eval()


def say(
    model: Any,
    template: Template,
    prompts: Sequence[list[int]],
    sampling: Sampling,
    *,
    batch_size: int,
    given: Said | None = None,
) -> Said:
    """Greedy answers to the prompts, and the logits over the first tokens of them (those of `given`, if given)."""
    answers = generate(model, template, prompts, sampling, batch_size=batch_size)
    texts = [each.text for each in (given.answers if given else answers)]
    logits = []
    with torch.inference_mode():
        for prompt, text in zip(prompts, texts, strict=True):
            rest = template.tokenizer(text, add_special_tokens=False)["input_ids"][: _POSITIONS - 1]
            ids = torch.tensor([[*prompt, *rest]], device=model.device)
            found = model(input_ids=ids, logits_to_keep=len(rest) + 1).logits[0]
            logits.append(found.float().cpu())
    return Said(answers, logits)


def _drift(one: Sequence[Any], other: Sequence[Any]) -> float:
    return max((float((a - b).abs().max()) for a, b in zip(one, other, strict=True)), default=0.0)
