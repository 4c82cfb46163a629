"""Training speed and memory on a card: an 8B Llama shape, LoRA on all linear layers, against the plain script.

Run by hand on a machine with a GPU: `python tests/bench/training.py --work /tmp/speed`. It makes the model (random
weights) and rows of 24 to 1,024 tokens, 240 in the mean, then trains some steps of each setting, one after the other:
the plain script as the libraries' own documents write it, then recipes of the workbench, by jobs of its own. Prints a
line of JSON for each: tokens a second without padding (the median step after the first four), peak memory as PyTorch
allocates it, and the losses. `--only NAME …` takes some settings; `--small` a shape that any card trains at once.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

STEPS = 16
WARM = 4  # steps that are not counted
ROWS = 3_000
SHORTEST, LONGEST, MEAN = 24, 1024, 240
WORDS = [f"w{number}" for number in range(2_000)]
SPECIAL = ["<pad>", "<user>", "<assistant>", "<end>"]
TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'assistant' -%}"
    "<assistant> {% generation %}{{ message['content'] + ' <end> ' }}{% endgeneration %}"
    "{%- else -%}<user> {{ message['content'] }} {% endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}<assistant> {% endif -%}"
)
RECIPE = """
[model]
model_id = "{model}"
dtype = "bfloat16"
[lora]
r = 16
lora_alpha = 32
target_modules = "all-linear"
[train]
max_steps = {steps}
learning_rate = 2e-4
lr_scheduler_type = "constant"
bf16 = true
logging_steps = 1
assistant_only_loss = false
eval_strategy = "no"
save_strategy = "no"
[method]
row_losses = false
liger_kernels = false
[data]
train = "rows.jsonl"
validation_fraction = 0
test_fraction = 0
[launch]
device = "cuda"
"""
FOUR_BITS = {
    "quantization.load_in_4bit": "true",
    "quantization.bnb_4bit_quant_type": '"nf4"',
    "quantization.bnb_4bit_compute_dtype": '"bfloat16"',
}
PACKED = {
    "train.packing": "true",
    "train.max_length": "4096",
    "train.per_device_train_batch_size": "2",
    "train.gradient_accumulation_steps": "1",
    "lora.lora_dropout": "0",
}
KEPT, AGAIN = {"train.gradient_checkpointing": "false"}, {"train.gradient_checkpointing": "true"}
SMALL = {
    "train.per_device_train_batch_size": "1",
    "train.gradient_accumulation_steps": "2",
    "quantization.bnb_4bit_use_double_quant": "true",
}
OFFLOADED = {"train.activation_offloading": "true"}
SDPA = {"model.attn_implementation": '"sdpa"'}
LIGER = {"method.liger_kernels": "true"}
UNPACKED = {
    "train.max_length": "1024",
    "train.per_device_train_batch_size": "4",
    "train.gradient_accumulation_steps": "4",
    "lora.lora_dropout": "0.05",
}
# The plain script's batches, without the one thing that is drawn anew at each step.
EXACT = UNPACKED | AGAIN | LIGER | {"lora.lora_dropout": "0"}
OURS: dict[str, dict[str, str]] = {
    "lora-exact": EXACT,
    "qlora-exact": EXACT | FOUR_BITS,
    "lora-unpacked": UNPACKED | AGAIN,
    "lora-sdpa-again": PACKED | AGAIN | SDPA,
    "lora-again": PACKED | AGAIN,
    "qlora-again": PACKED | AGAIN | FOUR_BITS,
    "lora": PACKED | KEPT,
    "qlora": PACKED | KEPT | FOUR_BITS,
    "lora-liger": PACKED | KEPT | LIGER,
    "qlora-liger": PACKED | KEPT | LIGER | FOUR_BITS,
    "lora-again-liger": PACKED | AGAIN | LIGER,
    "qlora-again-liger": PACKED | AGAIN | LIGER | FOUR_BITS,
    "qlora-offloaded-liger": PACKED | AGAIN | LIGER | FOUR_BITS | OFFLOADED,
    "qlora-again-liger-small": PACKED | AGAIN | LIGER | FOUR_BITS | SMALL,
}
PLAIN = ("plain-lora", "plain-qlora", "plain-lora-exact", "plain-qlora-exact")


# The model and the rows


def make_tokenizer() -> Any:
    """A tokenizer of whole words, so that rows have just the lengths that are asked for."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {word: number for number, word in enumerate([*SPECIAL, "<unknown>", *WORDS])}
    raw = Tokenizer(models.WordLevel(words, unk_token="<unknown>"))
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="<end>", pad_token="<pad>")
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def make_model(folder: Path, *, small: bool) -> None:
    """An 8B Llama (or a small one) with random weights, in the usual files."""
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig

    shape = (
        {"hidden_size": 512, "intermediate_size": 1792, "num_hidden_layers": 4, "num_attention_heads": 8}
        if small
        else {"hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32}
    )
    config = LlamaConfig(
        vocab_size=128_256, num_key_value_heads=2 if small else 8, max_position_embeddings=8192, rope_theta=500_000.0,
        tie_word_embeddings=False, bos_token_id=None, eos_token_id=3, pad_token_id=0, **shape,
    )  # fmt: skip
    torch.manual_seed(0)
    with torch.device("cuda"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)


def make_rows(path: Path) -> None:
    """Rows as the measured table has them: lengths by a log-normal law, within bounds."""
    draw = random.Random(1)
    lengths: list[int] = []
    while len(lengths) < ROWS:
        length = round(draw.lognormvariate(5.25, 0.75))
        if SHORTEST <= length <= LONGEST:
            lengths.append(length)
    with path.open("w") as file:
        for length in lengths:
            told = max((length - 3) // 3, 1)
            question, answer = (" ".join(draw.choices(WORDS, k=count)) for count in (length - 3 - told, told))
            messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
            file.write(json.dumps({"messages": messages}) + "\n")
    print(f"rows: {len(lengths)}, mean {statistics.fmean(lengths):.0f} tokens", file=sys.stderr)


# The plain script


def plain(work: Path, name: str, steps: int) -> dict[str, Any]:
    """The well-known script: padded rows, batch 4, accumulation 4, checkpointing, as the libraries leave it."""
    import torch
    from datasets import load_dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    quantized: dict[str, Any] = {}
    if name.startswith("plain-qlora"):
        nf4 = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16)
        quantized = {"quantization_config": nf4}
    model = AutoModelForCausalLM.from_pretrained(work / "model", dtype=torch.bfloat16, device_map={"": 0}, **quantized)
    tokenizer = AutoTokenizer.from_pretrained(work / "model")
    args = SFTConfig(
        output_dir=str(work / "plain"), max_steps=steps, per_device_train_batch_size=4, gradient_accumulation_steps=4,
        learning_rate=2e-4, lr_scheduler_type="constant", bf16=True, logging_steps=1, save_strategy="no",
        report_to="none", max_length=1024, disable_tqdm=True,
    )  # fmt: skip
    found: list[tuple[float, float]] = []
    tokens = 0.0

    class Clock(TrainerCallback):  # type: ignore[misc]
        def on_step_begin(self, *_: Any, **__: Any) -> None:
            torch.cuda.synchronize()
            self.began = (time.perf_counter(), tokens)

        def on_step_end(self, *_: Any, **__: Any) -> None:
            torch.cuda.synchronize()
            found.append((time.perf_counter() - self.began[0], tokens - self.began[1]))

    class Counted(SFTTrainer):  # type: ignore[misc]
        def training_step(self, model: Any, inputs: Any, *rest: Any, **named: Any) -> Any:
            nonlocal tokens
            tokens += float(inputs["attention_mask"].sum())
            return super().training_step(model, inputs, *rest, **named)

    trainer = Counted(
        model=model, args=args, train_dataset=load_dataset("json", data_files=str(work / "rows.jsonl"), split="train"),
        processing_class=tokenizer, callbacks=[Clock()],
        peft_config=LoraConfig(
            r=16, lora_alpha=32, lora_dropout=0.0 if name.endswith("exact") else 0.05, target_modules="all-linear"
        ),
    )  # fmt: skip
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return {
        "tokens_per_second": round(statistics.median(count / seconds for seconds, count in found[WARM:])),
        "peak_gib": round(torch.cuda.max_memory_allocated() / 2**30, 1),
        "losses": [round(loss, 3) for loss in losses],
    }


# The workbench


def ours(work: Path, steps: int, changes: dict[str, str]) -> dict[str, Any]:
    """A training job of the workbench, as its command line starts it."""
    recipe = work / "speed.toml"
    recipe.write_text(RECIPE.format(model=work / "model", steps=steps))
    command = [sys.executable, "-m", "ftworkbench", "train", str(recipe), "--json"]
    for key, value in changes.items():
        command += ["--set", f"{key}={value}"]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, "HF_HUB_OFFLINE": "1"}
    )
    jobs = sorted((work / "jobs").iterdir(), key=lambda path: path.stat().st_mtime)
    if done.returncode or not jobs:
        log = jobs[-1] / "worker.log" if jobs else None
        return {"failed": done.stderr[-600:], "log": log.read_text()[-1500:] if log and log.exists() else ""}
    told = [json.loads(line) for line in (jobs[-1] / "events.jsonl").read_text().splitlines()]
    values = [each["values"] for each in told if each["kind"] == "metric" and "loss" in each["values"]]
    result = json.loads((jobs[-1] / "result.json").read_text())
    return {
        "tokens_per_second": round(statistics.median(each["tokens_per_second"] for each in values[WARM:])),
        "peak_gib": round(result["peak_gib"], 1),
        "losses": [round(each["loss"], 3) for each in values],
    }


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--work", type=Path, required=True, help="a folder with room for the model: 17 GB")
    asked.add_argument("--only", nargs="*", metavar="NAME", default=[*PLAIN, *OURS], help=", ".join([*PLAIN, *OURS]))
    asked.add_argument("--small", action="store_true", help="a small model, to try the script itself")
    asked.add_argument("--steps", type=int, default=STEPS, help="steps of each setting (default: %(default)s)")
    asked.add_argument("--plain", choices=PLAIN, help=argparse.SUPPRESS)
    args = asked.parse_args()
    work = args.work.resolve()
    if args.plain:
        print(json.dumps(plain(work, args.plain, args.steps)))
        return
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "rows.jsonl").exists():
        make_rows(work / "rows.jsonl")
    if not (work / "model" / "config.json").exists():
        script = f"import training; training.make_model(training.Path({str(work / 'model')!r}), small={args.small})"
        subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parent)
    curves: dict[str, list[float]] = {}
    for name in args.only:
        began = time.perf_counter()
        if name in PLAIN:
            command = [sys.executable, __file__, "--work", str(work), "--plain", name, "--steps", str(args.steps)]
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            last = done.stdout.strip().splitlines()[-1:] or ["{}"]
            found = json.loads(last[0]) if not done.returncode else {"failed": done.stderr[-800:]}
        else:
            found = ours(work, args.steps, OURS[name])
        curves[name] = found.get("losses", [])
        print(json.dumps({"setting": name, **found, "seconds": round(time.perf_counter() - began)}), flush=True)
    for kind in ("lora-exact", "qlora-exact"):
        one, other = curves.get(f"plain-{kind}"), curves.get(kind)
        if one and other:
            apart = max(abs(a - b) for a, b in zip(one, other, strict=True))
            print(json.dumps({"same batches": kind, "steps": len(one), "losses apart by at most": round(apart, 4)}))


if __name__ == "__main__":
    main()
