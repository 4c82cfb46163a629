"""Decoding on a card: base, tuned, and both in one batch, by the library's loop and by ours.

Run by hand on a machine with a GPU: `python tests/bench/decoding.py [--four-bits]`. An 8B Llama
shape with random weights and a LoRA of rank 16 on all linear layers, bfloat16, a prompt of 200 tokens. Every way has a
turn, three times over. Prints a line of JSON for each: the median time from one token to the next, the time until the
tenth, and the peak of the memory.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from torch.profiler import ProfilerActivity, profile
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, GenerationConfig, LlamaConfig
from transformers.generation.streamers import BaseStreamer

from ftworkbench.worker.decoding import decode
from ftworkbench.worker.stacked_lora import stacked

PROMPT = 200


Answer = Callable[[int, "Clock"], None]


def adapted(layers: int, *, four_bits: bool) -> Any:
    """The shape, on the card, with an adapter that says something."""
    torch.manual_seed(0)
    config = LlamaConfig(
        hidden_size=4096, intermediate_size=14336, num_hidden_layers=layers, num_attention_heads=32,
        num_key_value_heads=8, vocab_size=128_256, tie_word_embeddings=False, eos_token_id=None, pad_token_id=0,
        bos_token_id=None,
    )  # fmt: skip
    with torch.device("cuda"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).eval()
    if four_bits:
        with TemporaryDirectory(dir="/dev/shm") as kept:
            model.save_pretrained(kept)
            nf4 = BitsAndBytesConfig(
                load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
            )
            model = AutoModelForCausalLM.from_pretrained(
                kept, quantization_config=nf4, dtype=torch.bfloat16, device_map={"": 0}
            )
    made = get_peft_model(model, LoraConfig(r=16, lora_alpha=32, target_modules="all-linear"))
    for name, weight in made.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.02)
    return made.eval()


class Clock(BaseStreamer):  # type: ignore[misc]
    """When each token came."""

    def __init__(self) -> None:
        self.came: list[float] = []
        self.began = time.perf_counter()

    def put(self, value: Any) -> None:
        self.came.append(time.perf_counter())

    def end(self) -> None:
        pass


def on_the_card(answer: Answer) -> tuple[float, int]:
    """Milliseconds that the card computes for one more token, and its kernels: of a long answer less a short one."""
    sums, counts = [], []
    for tokens in (16, 24):
        with profile(activities=[ProfilerActivity.CUDA]) as seen:
            answer(tokens, Clock())
            torch.cuda.synchronize()
        kernels = [each for each in seen.events() if each.device_type.name == "CUDA"]
        sums.append(sum(each.device_time for each in kernels))
        counts.append(len(kernels))
    return (sums[1] - sums[0]) / 8000, round((counts[1] - counts[0]) / 8)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--layers", type=int, default=32)
    asked.add_argument("--tokens", type=int, default=40)
    asked.add_argument("--turns", type=int, default=3)
    asked.add_argument("--ways", default="", metavar="TEXT", help="only those with this in their name")
    asked.add_argument("--profile", nargs="*", default=[], metavar="WAY", help="what the card computes for a token")
    asked.add_argument("--four-bits", action="store_true")
    args = asked.parse_args()
    model = adapted(args.layers, four_bits=args.four_bits)
    one = torch.randint(4, 128_000, (1, PROMPT), device="cuda")
    two, many = one.repeat(2, 1), torch.randint(4, 128_000, (32, PROMPT), device="cuda")

    def library(ids: torch.Tensor, **options: Any) -> Answer:
        def answer(count: int, clock: Clock) -> None:
            config = GenerationConfig(max_new_tokens=count, min_new_tokens=count, do_sample=False, pad_token_id=0)
            mask = torch.ones_like(ids)
            with torch.inference_mode():
                model.generate(input_ids=ids, attention_mask=mask, generation_config=config, streamer=clock, **options)
            clock.came = clock.came[1:]  # the prompt

        return answer

    def ours(ids: torch.Tensor, by_row: list[str | None], *, record: bool = True) -> Answer:
        def answer(count: int, clock: Clock) -> None:
            with stacked(model, by_row):
                decode(
                    model, ids, torch.ones_like(ids), room=count, ends=frozenset(),
                    choose=lambda logits: logits.argmax(-1), put=clock.put, record=record,
                )  # fmt: skip

        return answer

    def base_alone(count: int, clock: Clock) -> None:
        with model.disable_adapter():
            library(one)(count, clock)

    ways: dict[str, Answer] = {
        "base alone, the library": base_alone,
        "tuned alone, the library": library(one),
        "both in one batch, PEFT": library(two, adapter_names=["__base__", "default"]),
        "base alone, ours": ours(one, [None]),
        "tuned alone, ours": ours(one, ["default"]),
        "both in one batch, ours": ours(two, [None, "default"]),
        "both, ours without a graph": ours(two, [None, "default"], record=False),
        "32 rows, tuned, the library": library(many),
        "32 rows, tuned, ours": ours(many, ["default"] * 32),
    }
    ways = {name: answer for name, answer in ways.items() if args.ways in name}
    gaps: dict[str, list[float]] = {name: [] for name in ways}
    tenth: dict[str, list[float]] = {name: [] for name in ways}
    peaks: dict[str, float] = {}
    for answer in ways.values():
        answer(8, Clock())
    for _ in range(args.turns):
        for name, answer in ways.items():
            print(name, file=sys.stderr, flush=True)
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
            clock = Clock()
            answer(args.tokens, clock)
            gaps[name] += [1000 * (late - early) for early, late in pairwise(clock.came[9:])]
            tenth[name].append(1000 * (clock.came[9] - clock.began))
            peaks[name] = torch.cuda.max_memory_allocated() / 2**30
    for name in ways:
        said = {
            "way": name,
            "ms_per_token": round(median(gaps[name]), 2),
            "ms_until_tenth": round(median(tenth[name]), 1),
            "peak_gib": round(peaks[name], 1),
        }
        print(json.dumps(said), flush=True)
    for name in args.profile:
        busy, kernels = on_the_card(ways[name])
        print(json.dumps({"way": name, "card_ms_per_token": round(busy, 2), "kernels": kernels}), flush=True)


if __name__ == "__main__":
    main()
