"""Makes the pocket model: `python -m ftworkbench.demo.make_pocket --out DIR [--minutes M] [--processes N]`."""

import argparse
import json
import shutil
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, LlamaForCausalLM

from ftworkbench.demo.corpus.mix import general_suite
from ftworkbench.demo.making import scoring, shards, training
from ftworkbench.demo.making import tokenizer as tokens

TRIAGE = Path(__file__).parent / "triage"
GENERAL = TRIAGE / "general.jsonl"
TOKENIZER_DIALOGUES = 60_000
ROWS = {"cuda": 128, "cpu": 1}
SEED = 1
RATES = (1e-3, 2e-3)


def write_general(path: Path) -> None:
    """Writes the regression suite of held-out general skills."""
    rows = (
        {"messages": row.as_messages(), "skill": row.skill, "metric": row.metric} for row in general_suite()
    )
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def save_model(model: LlamaForCausalLM, folder: Path) -> None:
    """Writes config.json, generation_config.json and model.safetensors, in bf16."""
    state = {name: value.detach().to("cpu", torch.bfloat16) for name, value in model.state_dict().items()}
    with torch.device("cpu"):
        copy = LlamaForCausalLM(model.config).to(torch.bfloat16)
    copy.load_state_dict(state)
    copy.generation_config = GenerationConfig(
        eos_token_id=model.config.eos_token_id, pad_token_id=model.config.pad_token_id, do_sample=False
    )
    copy.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)


def scores(folder: Path, device: str) -> dict[str, Any]:
    """What the saved model scores; the triage part only where the demo's rows are there."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).to(device)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    found: dict[str, Any] = {}

    def keep(name: str, value: Any) -> None:
        found[name] = value
        print(name, json.dumps(value), flush=True)

    keep("general", scoring.score(model, tokenizer, scoring.general_cases(GENERAL), show=30))
    keep("valid_json", scoring.json_validity(model, tokenizer))
    if (TRIAGE / "faults.json").exists():
        keep("triage", scoring.triage_scores(model, tokenizer, TRIAGE))
        for rate in RATES:
            keep(f"tuned_{rate}", scoring.tuned_scores(model, tokenizer, TRIAGE, GENERAL, scoring.Tuning(rate)))
    return found


def main() -> None:
    """Makes text and tokenizer, trains for the minutes given while more text is made, saves, and scores."""
    parser = argparse.ArgumentParser(description="Makes the pocket model from nothing.")
    parser.add_argument("--out", type=Path, required=True, help="the folder for the model's files")
    parser.add_argument("--minutes", type=float, default=7.0, help="of training, after the first step")
    parser.add_argument("--processes", type=int, default=8, help="that make text")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--tokenizer-dialogues", type=int, default=TOKENIZER_DIALOGUES, help="to learn merges from")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(SEED)
    torch.backends.cuda.matmul.allow_tf32 = True

    begun = time.perf_counter()
    if not GENERAL.exists():
        write_general(GENERAL)
    tokenizer = tokens.trained(tokens.sample_texts(options.tokenizer_dialogues, SEED))
    tokens.save(tokenizer, options.out)
    print(f"tokenizer: {time.perf_counter() - begun:.1f} s", flush=True)
    pad, end = tokenizer.token_to_id(tokens.PAD), tokenizer.token_to_id(tokens.END)
    model = training.new_model(pad, end)

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pocket-")))
        stack.enter_context(
            shards.producers(folder, options.out / "tokenizer.json", SEED * 1000, options.processes)
        )
        done = training.train(
            model, folder, options.minutes * 60, options.device, ROWS[options.device], SEED,
            lambda: save_model(model, options.out),
        )  # fmt: skip
    print(json.dumps(done), flush=True)
    save_model(model, options.out)
    size = sum(path.stat().st_size for path in options.out.iterdir())
    print(f"saved: {size / 1e6:.2f} MB, {time.perf_counter() - begun:.1f} s; "
          f"free disk {shutil.disk_usage(options.out).free / 1e9:.0f} GB", flush=True)  # fmt: skip
    scores(options.out, options.device)
    print(f"all: {time.perf_counter() - begun:.1f} s", flush=True)


if __name__ == "__main__":
    main()
