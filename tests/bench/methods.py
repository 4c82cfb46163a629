"""Every way to tune, on a card: trained some steps, saved, evaluated, merged. LoftQ is to be had nowhere else.

Run by hand on a machine with a GPU: `python tests/bench/methods.py --work /tmp/methods`. It takes the small random
model of the tests, and prints a line of JSON for each method: the mean loss of the rows before and after, what became
of the jobs, and how far the logits of the merged model are from those of the adapter. `--cpu` tries the script alone.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path
from typing import Any

from ftworkbench.jobs.folder import Job, result
from ftworkbench.jobs.state import read_state
from ftworkbench.machine import this_machine

sys.path[:0] = [str(Path(__file__).parents[1] / "worker")]


FOUR_BITS = {"quantization__load_in_4bit": True}
PACKED = {"train__packing": True, "model__dtype": "bfloat16"}
ONLY_ON_A_CARD: dict[str, dict[str, Any]] = {
    "LoftQ": {"lora__init_lora_weights": "loftq", **FOUR_BITS},
    "LoRA, packed, varlen": PACKED,
    "LoRA, packed, sdpa": {**PACKED, "model__attn_implementation": "sdpa"},
    "QLoRA, packed, varlen": {**PACKED, **FOUR_BITS},
}
STEPS = 12


def told(job: Job) -> str:
    state = read_state(job)
    return "lost" if state is None else f"{state.phase} {state.why}".strip()


def tried(work: Path, model: Path, name: str, options: dict[str, Any], device: str) -> dict[str, Any]:
    """The method's row: losses, ends of its jobs, drift of what it is merged to."""
    from test_worker_methods import FEW
    from tiny import losses, make_recipe, make_workspace, row_lines, run_job

    folder = work / f"{name.replace(' ', '-').replace(',', '')}-{time.time_ns()}"
    workspace, _ = make_workspace(folder, model)
    given = {**FEW, "train__max_steps": STEPS, "launch__device": device, "launch__threads": None, **options}
    recipe = make_recipe(model, this_machine(), **given)
    job = run_job(workspace, "train", recipe)
    found: dict[str, Any] = {"method": name, "train": told(job), "attention": recipe.model.attn_implementation}
    if not job.has_adapter:
        return {**found, "log": job.log.read_text()[-800:] if job.log.exists() else ""}
    lines = row_lines(job)
    count = max(len(lines), 1)
    found["before"], found["after"] = (
        round(sum(line[key] for line in lines) / count, 3) for key in ("loss_before", "loss_after")
    )
    found["losses"] = [round(loss, 4) for loss in losses(job).values()]
    found["finite"] = all(math.isfinite(loss) for loss in losses(job).values())
    found["evaluate"] = told(run_job(workspace, "evaluate", recipe, job=job.name, skip_baseline=True))
    merged = run_job(workspace, "merge", recipe, job=str(job.path), out=str(folder / "merged"))
    found["merge"], found["merged"] = told(merged), result(merged)
    return found


def main() -> None:
    from test_worker_methods import METHODS
    from tiny import make_model

    methods = {**METHODS, **ONLY_ON_A_CARD}
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--work", type=Path, required=True)
    asked.add_argument("--only", nargs="*", default=list(methods), metavar="NAME")
    asked.add_argument("--cpu", action="store_true")
    args = asked.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    model = args.work / "tiny"
    if not model.exists():
        make_model(model)
    for name in args.only:
        began = time.perf_counter()
        try:
            found = tried(args.work, model, name, methods[name], "cpu" if args.cpu else "cuda")
        except Exception as error:
            found = {"method": name, "raised": f"{type(error).__name__}: {error}"}
        print(json.dumps({**found, "seconds": round(time.perf_counter() - began, 1)}), flush=True)


if __name__ == "__main__":
    main()
