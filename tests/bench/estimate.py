"""The estimate against what a card really takes: shapes, ranks, lengths, methods; peak memory and tokens a second.

Run by hand on a machine with a GPU: `python tests/bench/estimate.py --work /dev/shm/estimate`. It makes each shape
with random weights, and has the job of `fit --measure` take each setting: the longest rows forward and backward, an
optimizer step, an evaluation, a save, then ordinary steps. Prints a line of JSON for each, with the errors in percent.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent)]

LLAMA: dict[str, Any] = {
    "model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
    "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128_256, "tie_word_embeddings": False,
}  # fmt: skip
SHAPES: dict[str, dict[str, Any]] = {
    "llama-8b": LLAMA,
    "llama-1b": {**LLAMA, "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16,
                 "tie_word_embeddings": True, "head_dim": 64},
    "qwen3-4b": {"model_type": "qwen3", "hidden_size": 2560, "intermediate_size": 9728, "num_hidden_layers": 36,
                 "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151_936,
                 "tie_word_embeddings": True},
    "qwen3-8b": {"model_type": "qwen3", "hidden_size": 4096, "intermediate_size": 12288, "num_hidden_layers": 36,
                 "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151_936,
                 "tie_word_embeddings": False},
    "mistral-7b": {**LLAMA, "model_type": "mistral", "vocab_size": 32_768, "sliding_window": None},
}  # fmt: skip
RECIPE = """
[model]
model_id = "{model}"
dtype = "bfloat16"
[lora]
lora_alpha = 32
target_modules = "all-linear"
[train]
learning_rate = 2e-4
lr_scheduler_type = "constant"
assistant_only_loss = false
[method]
row_losses = false
samples = 0
[data]
train = "{rows}"
validation_fraction = 0.1
test_fraction = 0.1
[launch]
device = "cuda"
queue = false
"""
PLAIN = {"train.packing": False, "train.max_length": 1024, "train.per_device_train_batch_size": 4,
         "train.gradient_accumulation_steps": 2, "train.gradient_checkpointing": True, "lora.lora_dropout": 0.05,
         "method.liger_kernels": False}  # fmt: skip
PACKED = {"train.packing": True, "train.max_length": 4096, "train.per_device_train_batch_size": 2,
          "train.gradient_accumulation_steps": 1, "train.gradient_checkpointing": True, "lora.lora_dropout": 0.0,
          "method.liger_kernels": False}  # fmt: skip
NF4 = {"quantization.load_in_4bit": True}
LIGER = {"method.liger_kernels": True}
KEPT = {"train.gradient_checkpointing": False}
LONG = {"data": "long.jsonl", "train.max_length": 4096, "train.per_device_train_batch_size": 1}
EVERYWHERE: dict[str, dict[str, Any]] = {
    "plain": PLAIN,
    "plain NF4": PLAIN | NF4,
    "packed": PACKED,
    "packed NF4 Liger": PACKED | NF4 | LIGER,
    "packed Liger, kept": PACKED | LIGER | KEPT,
}
ON_THE_FIRST: dict[str, dict[str, Any]] = {
    "r = 64 packed": PACKED | {"lora.r": 64},
    "r = 128 packed NF4, kept": PACKED | NF4 | KEPT | {"lora.r": 128},
    "DoRA": PLAIN | {"lora.use_dora": True},
    "int8": PLAIN | {"quantization.load_in_8bit": True},
    "q and v only": PLAIN | {"lora.target_modules": ["q_proj", "v_proj"]},
    "IA3": {**PLAIN, "method.adapter": "ia3", "lora.lora_alpha": None, "lora.target_modules": None,
            "lora.lora_dropout": None},
    "long rows": PLAIN | LONG,
    "long rows NF4, kept": PLAIN | NF4 | LONG | KEPT | LIGER | {"lora.lora_dropout": 0.0},
    "8,192 packed NF4": PACKED | NF4 | LIGER | {"train.max_length": 8192, "train.per_device_train_batch_size": 1},
    "sdpa packed": PACKED | {"model.attn_implementation": "sdpa", "train.max_length": 2048},
    "batch 16, kept": PLAIN | KEPT | {"train.per_device_train_batch_size": 16, "train.max_length": 512},
    "NF4 double quantization, offloaded": PACKED | NF4 | LIGER | {
        "quantization.bnb_4bit_use_double_quant": True, "train.activation_offloading": True},
}  # fmt: skip


def make_shape(folder: Path, shape: dict[str, Any]) -> None:
    """A model of that shape with random weights, made on the card."""
    import torch
    from training import make_tokenizer
    from transformers import AutoConfig, AutoModelForCausalLM

    given = {name: value for name, value in shape.items() if name != "model_type"}
    config = AutoConfig.for_model(
        shape["model_type"], max_position_embeddings=16_384, bos_token_id=None, eos_token_id=3, pad_token_id=0, **given
    )
    torch.manual_seed(0)
    with torch.device("cuda"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.generation_config.eos_token_id, model.generation_config.pad_token_id = 3, 0
    model.save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)


def make_long(path: Path) -> None:
    """Rows of 800 to 4,096 tokens, evenly spread."""
    import random

    from training import WORDS

    draw = random.Random(2)
    with path.open("w") as file:
        for number in range(400):
            words = draw.choices(WORDS, k=4096 - 3 if number < 20 else draw.randrange(800, 4000))
            asked, told = " ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])
            messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": told}]
            file.write(json.dumps({"messages": messages}) + "\n")


def measured(work: Path, shape: str, name: str, changes: dict[str, Any]) -> dict[str, Any]:
    """What `fit`'s job measures, and what the estimate says."""
    from ftworkbench.data.splits.split import freeze
    from ftworkbench.estimate.cards import find_card
    from ftworkbench.estimate.fit import estimate
    from ftworkbench.estimate.shape import read_shape
    from ftworkbench.jobs.create import create_job
    from ftworkbench.jobs.folder import result
    from ftworkbench.jobs.state import read_state
    from ftworkbench.machine import this_machine
    from ftworkbench.recipe.read import parse
    from ftworkbench.recipe.resolve import resolve
    from ftworkbench.recipe.write import dumps, set_option
    from ftworkbench.worker.__main__ import do_job
    from ftworkbench.workspace import Workspace

    changes = dict(changes)
    data = changes.pop("data", "rows.jsonl")
    text = RECIPE.format(model=work / shape, rows=data)
    for key, value in changes.items():
        text = set_option(text, key, value)
    recipe = resolve(parse(text, Path(data).stem), this_machine())[0]
    workspace = Workspace(work)
    freeze(workspace, recipe.name, recipe.data)
    job = create_job(workspace, "fit", dumps(recipe), {"recipe": recipe.name, "args": {}, "hashes": {}})
    do_job(job)
    found = result(job)
    state = read_state(job)
    shutil.rmtree(job.path, ignore_errors=True)
    if found is None or not found.get("fits"):
        return {"failed": state.why if state else "lost", "found": found}
    lengths = [len(line.split()) for line in (work / data).read_text().splitlines()]
    mean = sum(lengths) / len(lengths) - 2
    told = estimate(
        recipe, read_shape(str(work / shape), workspace), find_card(None, this_machine()), len(lengths), mean,
        longest_tokens=found["longest_tokens"],
    )  # fmt: skip
    peak, speed = found["peak_gib"], found["tokens_per_second"]
    return {
        "peak_gib": round(peak, 2),
        "estimated_gib": round(told.peak_gib, 2),
        "off": round(100 * (told.peak_gib / peak - 1), 1),
        "tokens_per_second": round(speed),
        "estimated_speed": round(told.tokens_per_second or 0),
        "speed_off": round(100 * ((told.tokens_per_second or 0) / speed - 1), 1),
        "stages": {stage: round(gib, 2) for stage, gib in found["parts"].items()},
        "parts": {part: round(gib, 2) for part, gib in told.parts.items()},
        "attention": recipe.model.attn_implementation,
        "mean": round(mean),
        "longest": found["longest_tokens"],
    }


def tell(work: Path, shape: str, name: str) -> None:
    """One setting of one shape, in a process of its own: Liger changes the classes of a whole process."""
    began = time.perf_counter()
    try:
        found = measured(work, shape, name, settings_of(shape)[name])
    except Exception as error:
        found = {"raised": f"{type(error).__name__}: {error}"}
    seconds = round(time.perf_counter() - began, 1)
    print(json.dumps({"shape": shape, "setting": name, **found, "seconds": seconds}), flush=True)


def settings_of(shape: str) -> dict[str, dict[str, Any]]:
    return EVERYWHERE | (ON_THE_FIRST if shape == "llama-8b" else {})


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--work", type=Path, required=True, help="a folder with room for a model: 17 GB")
    asked.add_argument("--only", nargs="*", default=list(SHAPES), metavar="SHAPE")
    asked.add_argument("--settings", nargs="*", metavar="NAME")
    asked.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    args = asked.parse_args()
    work = args.work.resolve()
    if args.one:
        shape, *name = args.one
        if name:
            tell(work, shape, name[0])
        else:
            make_shape(work / shape, SHAPES[shape])
        return
    from training import make_rows

    work.mkdir(parents=True, exist_ok=True)
    make_rows(work / "rows.jsonl")
    make_long(work / "long.jsonl")
    command = [sys.executable, __file__, "--work", str(work), "--one"]
    for shape in args.only:
        subprocess.run([*command, shape], check=True)
        for name in args.settings or settings_of(shape):
            subprocess.run([*command, shape, name], check=False)
        shutil.rmtree(work / shape, ignore_errors=True)


if __name__ == "__main__":
    main()
