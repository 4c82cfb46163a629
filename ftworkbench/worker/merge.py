"""Merging: the adapter into its base in full precision, and the proof that the result answers as the adapter did."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ftworkbench.data.splits.split import load_parts
from ftworkbench.errors import InputError, JobError
from ftworkbench.evaluate.contestants import build_messages, tuned
from ftworkbench.files import write_json
from ftworkbench.jobs.folder import Job
from ftworkbench.recipe.tables import Recipe
from ftworkbench.worker.adapter import adapter_sha256, attach
from ftworkbench.worker.checkpoints import sync
from ftworkbench.worker.generate import Answer, Sampling, generate
from ftworkbench.worker.job_template import answering_template
from ftworkbench.worker.models import give_back_memory, load_base
from ftworkbench.worker.template import RenderError, Template
from ftworkbench.worker.work import Work

MOST_PROMPTS = 32
MOST_RAW_TOKENS = 64
_POSITIONS = 8  # of each answer, whose logits are compared
_EXACT = "float32"


@dataclass(frozen=True)
class Said:
    """What a model answers to the prompts, and its logits: one tensor (positions, vocabulary) for each."""

    answers: list[Answer]
    logits: list[Any]

    def same_answers(self, other: Said) -> int:
        """How many of the answers are equal."""
        return sum(one.text == two.text for one, two in zip(self.answers, other.answers, strict=True))

    def drift(self, other: Said) -> float:
        """The largest difference between two logits."""
        pairs = zip(self.logits, other.logits, strict=True)
        return max((float((one - two).abs().max()) for one, two in pairs), default=0.0)


@dataclass(frozen=True)
class Proof:
    """The prompts (token ids) of a proof, and how they are answered."""

    template: Template
    prompts: Sequence[list[int]]
    sampling: Sampling
    batch_size: int

    def ask(self, model: Any, given: Said | None = None) -> Said:
        """Greedy answers, and the logits over the first tokens of them (those of `given`, if given)."""
        answers = generate(model, self.template, self.prompts, self.sampling, batch_size=self.batch_size)
        texts = [each.text for each in (given.answers if given else answers)]
        logits = []
        with torch.inference_mode():
            for prompt, text in zip(self.prompts, texts, strict=True):
                rest = self.template.tokenizer(text, add_special_tokens=False)["input_ids"][: _POSITIONS - 1]
                ids = torch.tensor([[*prompt, *rest]], device=model.device)
                found = model(input_ids=ids, logits_to_keep=len(rest) + 1).logits[0]
                logits.append(found.float().cpu())
        return Said(answers, logits)


def merge(work: Work) -> None:
    """Leaves a merged model at the `out` of the arguments, and `result.json` with the proof.

    It is merged in float32 where there is room for that, and has to give every greedy answer that the adapter gives.
    What is saved has the recipe's dtype, whose rounding alone may change answers: they are counted, from what stands
    on the disk. Raises JobError where answers in float32 differ: nothing is left then.
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
    dtype = recipe.model.dtype or _EXACT
    template = answering_template(work)
    prompts = proof_prompts(work, recipe, template)
    proof = Proof(template, prompts, Sampling(recipe.evaluate.max_new_tokens), recipe.evaluate.batch_size)

    # -------------------------------------------------------------------------------------------------
    # The adapter on the base as it was before any quantization: what has to be kept

    work.progress("adapter answers", 0, len(prompts), "prompts")
    model, as_adapter, merged_in = ask_adapter(work, job, recipe, proof)
    work.progress("adapter answers", len(prompts), len(prompts), "prompts")
    work.leave_if_stopped()

    # -------------------------------------------------------------------------------------------------
    # Merged, beside its place

    staged = out.with_name(f".{out.name}.{work.job.name}")
    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(staged, ignore_errors=True)
    try:
        model = model.merge_and_unload(safe_merge=True)
        if merged_in != dtype:
            _must_agree(as_adapter, proof.ask(model, as_adapter), out)
        save_model(model.to(getattr(torch, dtype)), template, staged)
        del model
        give_back_memory(work.device)

        # ---------------------------------------------------------------------------------------------
        # Proved on what stands on the disk

        merged = load_saved(staged, dtype, work.device)
        work.progress("merged answers", 0, len(prompts), "prompts")
        as_merged = proof.ask(merged, as_adapter)
        work.progress("merged answers", len(prompts), len(prompts), "prompts")
        if dtype == _EXACT:
            _must_agree(as_adapter, as_merged, out)
        work.phase("saving")
        sync(staged)
        if out.exists():
            out.rmdir()
        staged.rename(out)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    result = {
        "path": str(out),
        "same_answers": as_adapter.same_answers(as_merged),
        "prompts": len(prompts),
        "max_logit_drift": as_adapter.drift(as_merged),
        "dtype": dtype,
        "merged_in": merged_in,
        "adapter_sha256": adapter_sha256(job),
        "gib": sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) / 2**30,
        "seconds": round(time.monotonic() - began, 3),
    }
    write_json(work.job.result, result)


def ask_adapter(work: Work, job: Job, recipe: Recipe, proof: Proof) -> tuple[Any, Said, str]:
    """The adapter on its unquantized base, what it says, and their dtype: the recipe's only for want of room."""

    def ask(dtype: str) -> tuple[Any, Said, str]:
        model = attach(base_to_merge_into(work, recipe, dtype), job)
        work.phase("running")
        return model, proof.ask(model), dtype

    dtype = recipe.model.dtype or _EXACT
    if dtype != _EXACT:
        with suppress(torch.OutOfMemoryError):
            return ask(_EXACT)
        give_back_memory(work.device)
        text = f"no room to merge in float32, so it is merged in {dtype}, where equal answers prove nothing to the bit"
        work.notice(text, "merged_in_less")
    return ask(dtype)


def base_to_merge_into(work: Work, recipe: Recipe, dtype: str) -> Any:
    """The base as it was before any quantization; under LoftQ, whose adapter makes up for the rounding, after it."""
    if recipe.start != "loftq":
        return load_base(recipe, work.workspace, work.device, quantized=False, dtype=dtype)
    rounded = load_base(recipe, work.workspace, work.device, dtype=dtype).dequantize()
    return rounded.to(getattr(torch, dtype)).eval()


def _must_agree(as_adapter: Said, as_merged: Said, out: Path) -> None:
    differ = len(as_adapter.answers) - as_adapter.same_answers(as_merged)
    if differ:
        raise JobError(
            f"the merged model answers {differ} of {len(as_adapter.answers)} prompts otherwise than the adapter "
            f"(logits up to {as_adapter.drift(as_merged):.3g} off), so it is not the model that was measured; "
            f"nothing was left at {out}"
        )


def proof_prompts(work: Work, recipe: Recipe, template: Template) -> list[list[int]]:
    """The prompts of the proof: of validation rows first, then of test rows, as the tuned model is asked.

    Of a raw text its first half, to go on from.
    """
    parts = load_parts(work.workspace, recipe.name, recipe.data)
    contestant = tuned(recipe.prompt)
    prompts: list[list[int]] = []
    for example in (*parts.validation, *parts.test, *parts.train):
        if len(prompts) == MOST_PROMPTS:
            break
        if example.raw_text is not None:
            ids = template.tokenizer(example.raw_text)["input_ids"]
            prompts.append(ids[: max(min(len(ids) // 2, MOST_RAW_TOKENS), 1)])
            continue
        try:
            prompts.append(template.prompt(build_messages(contestant, example.prompt), example.tools))
        except RenderError:
            continue  # said where it was trained and measured
    return prompts


def save_model(model: Any, template: Template, folder: Path) -> None:
    """Writes a plain model's folder, safetensors, tokenizer and all."""
    model.generation_config.eos_token_id = sorted(template.ends)
    model.generation_config.pad_token_id = template.tokenizer.pad_token_id
    model.save_pretrained(folder, safe_serialization=True)
    template.tokenizer.save_pretrained(folder)


def load_saved(folder: Path, dtype: str, device: str) -> Any:
    """The model in a folder, as anybody would load it."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype), use_safetensors=True)
    return model.to(device).eval()
