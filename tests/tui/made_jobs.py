"""A workspace with real job folders of every kind, made by the rooms that make them, at fixed times and names."""

from __future__ import annotations

import itertools
import json
import math
import os
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from ftworkbench.data.sources.source import open_source
from ftworkbench.evaluate.card import Answers
from ftworkbench.evaluate.conclude import conclude
from ftworkbench.evaluate.details import details
from ftworkbench.evaluate.found import System, evaluation_json
from ftworkbench.evaluate.metrics import named_metric
from ftworkbench.evaluate.outputs import Output, read_outputs, write_outputs
from ftworkbench.evaluate.regression import non_inferior
from ftworkbench.evaluate.scores import summarise
from ftworkbench.evaluate.time_and_cost import Way
from ftworkbench.files import read_json, write_json
from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.events import EventLog
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.state import State, own_state, write_state
from ftworkbench.jobs.step_rows import STEPS, write_step
from ftworkbench.machine import boot_id, host
from ftworkbench.recipe.tables import Evaluate
from ftworkbench.workspace import Workspace

START = 1795435200.0
RECIPE = """\
# Support tickets to queues

[model]
model_id = "tiny"

[lora]
r = 16
lora_alpha = 32

[train]
num_train_epochs = 3.0
learning_rate = 0.002

[data]
train = "train.jsonl"
validation = "validation.jsonl"

[prompt]
system = "Route the support ticket."
few_shot = [0, 6]
"""
ADAPTER = "8d3f0c1b" + "5e" * 28
SYSTEM = "Route the support ticket. Answer in JSON with the keys queue and urgency."
TICKETS = (
    "Refund not received after 3 weeks, I want my money back now",
    "how do i change my address?",
    "the kettle arrived broken, need a new one",
    "my parcel says delivered but nothing is here",
    "cannot log in since yesterday, reset mail never comes",
    "you charged me twice for the same order!!",
    "is there a warranty on the desk lamp",
    "wrong size, how do I send it back",
)
WORDS = (
    "lamp kettle parcel invoice courier refund password login screen cable winter garden seven "
    "broken orange window yesterday customer delivery account slow quick empty letter monday "
    "river copper pillow button ladder engine market paper silver ticket travel urgent violet "
    "wallet yellow zebra anchor basket candle drawer "
)
QUEUES = ("returns", "account", "technical", "delivery", "account", "billing", "technical", "returns")
URGENCIES = ("high", "low", "normal", "high", "high", "high", "low", "normal")


class Clock:
    """Says the time, and lets some pass."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@contextmanager
def fixed_names(clock: Clock) -> Iterator[None]:
    """Jobs made within get the same names at each run, and the clock's times."""
    names = (f"{place * 2654435761 % 65536:04x}" for place in itertools.count(7))
    with patch("time.time", clock), patch("os.urandom", lambda size: bytes.fromhex(next(names)) * (size // 2)):
        yield


@dataclass(frozen=True)
class Made:
    """The workspace, and its jobs by what they are for."""

    workspace: Workspace
    jobs: dict[str, Job]


def make_job(workspace: Workspace, kind: str, clock: Clock, args: dict[str, Any] | None = None) -> Job:
    manifest = {"recipe": "triage", "args": args or {}, "hashes": {"split": "5" * 64, "test": "7" * 64}, "choices": []}
    clock.now += 60
    return create_job(workspace, kind, RECIPE, manifest)


def end(job: Job, phase: str, why: str = "", attempt: int = 1) -> None:
    write_state(
        job, State(phase=phase, pid=4_000_000, start=1, boot_id=boot_id(), host=host(), attempt=attempt, why=why)
    )


def train(
    job: Job, clock: Clock, steps: int, upto: int, *, seed: int = 1, log: EventLog | None = None, first: int = 1
) -> EventLog:
    """Writes the events of `upto` of `steps` steps: a loss that falls, and an evaluation every hundred."""
    draw = random.Random(seed)
    log = log or EventLog(job.events, 1)
    log.emit("phase", phase="loading", why="")
    clock.now += 8
    log.emit("phase", phase="running", why="", **({"step": first - 1} if first > 1 else {}))
    for step in range(first, upto + 1):
        clock.now += 0.4
        share = step / steps
        loss = 2.6 * math.exp(-5 * share) + 0.18 + draw.uniform(-0.08, 0.08) * (1 - share / 2)
        values = {
            "loss": round(loss, 4),
            "mean_token_accuracy": round(1 - loss / 4, 4),
            "learning_rate": 0.002 * min(step / 15, 0.5 + 0.5 * math.cos(math.pi * share)),
            "grad_norm": round(0.9 * math.exp(-2 * share) + draw.uniform(0, 0.3), 3),
            "tokens_per_second": round(2100 + draw.uniform(-120, 60)),
            "memory_gib": 0.61 if step < 40 else 0.64,
        }
        log.emit("metric", step=step, epoch=round(3 * share, 3), values=values)
        log.emit("progress", what="training", done=step, total=steps, unit="steps")
        if step % (steps // 3) == 0:
            log.emit("evaluation", step=step, name="validation", values={"eval_loss": round(loss + 0.05, 4)})
            log.emit("checkpoint", step=step, path=f"checkpoints/step-{step}", sha256="c" * 64)
            sample(log, step, share)
    return log


def sample(log: EventLog, step: int, share: float) -> None:
    """Answers to three held-out prompts, of which more are right the later it is."""
    for place in range(3):
        right = place < 3 * share - 0.5
        wrong = json.dumps({"queue": "billing", "urgency": URGENCIES[place]})
        log.emit(
            "sample",
            step=step,
            row=f"{place:016x}",
            prompt=TICKETS[place],
            answer=reference(place) if right else wrong,
            reference=reference(place),
            system="tuned",
        )


def write_step_rows(job: Job, steps: int) -> None:
    """Says which rows of the training file each step took: four, one after the other."""
    source = open_source(job.workspace.root / "train.jsonl")
    source.index_some(1.0)
    keys = [source.row(index).key for index in range(source.known)]
    source.close()
    job.outputs.mkdir(exist_ok=True)
    for step in range(1, steps + 1):
        write_step(job.outputs / STEPS, step, [keys[(4 * step + place) % len(keys)] for place in range(4)])


def finish_training(job: Job, clock: Clock, log: EventLog, steps: int) -> None:
    clock.now += 2
    log.emit("phase", phase="saving", why="")
    log.emit("phase", phase="done", why="")
    log.close()
    job.adapter.mkdir()
    (job.adapter / "adapter_config.json").write_text(json.dumps({"r": 16, "base_model_name_or_path": "tiny"}))
    (job.adapter / "adapter_model.safetensors").write_bytes(b"\0" * 1_250_000)
    write_json(
        job.result,
        {
            "steps": steps,
            "train_loss": 0.412,
            "eval_loss": 0.231,
            "tokens_per_second": 2080.0,
            "peak_gib": 0.64,
            "seconds": 131.0,
            "adapter_sha256": ADAPTER,
        },
    )
    job.log.write_text("loading tiny\n\r 10%|#   |\r100%|####|\ntraining on 450 rows\nsaved adapter\n")
    end(job, "done")


def reference(place: int) -> str:
    return json.dumps({"queue": QUEUES[place % 8], "urgency": URGENCIES[place % 8]})


def outputs(right: float, count: int, seed: int, shots: int = 0) -> list[Output]:
    """Answers of which about so many are right; the wrong ones name another queue, or are no JSON."""
    draw = random.Random(seed)
    found = []
    for place in range(count):
        wanted = reference(place)
        answer = wanted
        if draw.random() > right:
            wrong = {"queue": QUEUES[(place + 3) % 8], "urgency": URGENCIES[place % 8]}
            answer = json.dumps(wrong) if draw.random() < 0.9 else "I think this is about " + QUEUES[place % 8]
        example = ({"role": "user", "content": "an example"}, {"role": "assistant", "content": reference(1)})
        messages = (
            {"role": "system", "content": SYSTEM},
            *(example * shots),
            {"role": "user", "content": f"{TICKETS[place % 8]} ({place + 1})"},
        )
        found.append(Output(f"{place:016x}", messages, wanted, answer, "stop", 14, 0.11))
    return found


def measure(job: Job, clock: Clock, *, tuned_right: float = 0.9, skills_after: int = 73) -> None:
    """Fills an evaluation with outputs and its verdict, as the worker does; of 100 skills 74 were there before."""
    metrics = tuple(named_metric(name) for name in ("json_match", "json_valid"))
    zero, few = outputs(0.4, 60, 3), outputs(0.55, 60, 4, shots=6)
    baseline, tuned = outputs(0.53, 180, 5, shots=6), outputs(tuned_right, 180, 6)
    for name, found in (
        ("validation.zero-shot", zero),
        ("validation.few-shot-6", few),
        ("test.few-shot-6", baseline),
        ("test.tuned", tuned),
    ):
        write_outputs(job.outputs / f"{name}.jsonl", found)
    before, after = [1.0] * 74 + [0.0] * 26, [1.0] * skills_after + [0.0] * (100 - skills_after)
    regression = {"general-skills": non_inferior(before, after, 0.05)}
    way = Way(32, "2 CPU threads", "here")
    answers = Answers(baseline, tuned, [each.reference for each in baseline], way=way, way_before=way)
    concluded = conclude(answers, metrics, Evaluate(), regression)
    found = evaluation_json(
        job.name,
        180,
        [System("few-shot-6", summarise(baseline, metrics)), System("tuned", summarise(tuned, metrics))],
        concluded.verdict,
        contestants=[System("zero-shot", summarise(zero, metrics)), System("few-shot-6", summarise(few, metrics))],
        chosen="few-shot-6",
        regression=regression,
        tested=concluded.tested,
        card=concluded.card,
    )
    write_json(job.verdict, found)
    log = EventLog(job.events, 1)
    log.emit("phase", phase="running", why="")
    log.emit("progress", what="test tuned", done=180, total=180, unit="rows")
    clock.now += 40
    log.emit("phase", phase="done", why="")
    log.close()
    end(job, "done")


def add_details(job: Job) -> None:
    """Gives an evaluation what lies beneath its scores, as the worker does."""
    report = read_json(job.verdict)
    for system in report["systems"]:
        answered = read_outputs(job.outputs / f"test.{system['name']}.jsonl")
        system.update(details(answered, [named_metric("json_match")], "queue"))
    write_json(job.verdict, report)


def write_rows(path: Path, texts: Sequence[str]) -> None:
    with path.open("w") as file:
        for place, text in enumerate(texts):
            messages = [{"role": "user", "content": text}, {"role": "assistant", "content": reference(place)}]
            file.write(json.dumps({"messages": messages}) + "\n")


def open_session(made: Made, *, tuned: bool = True) -> Job:
    """A session run by this very process, which answers by `answer`: of the training job that is done, or of none."""
    from ftworkbench.jobs.submitted import recipe_of
    from ftworkbench.recipe.write import dumps
    from ftworkbench.steps.recipe import open_recipe

    train_job = made.jobs["done"]
    text = dumps(recipe_of(train_job) if tuned else open_recipe(made.workspace.root).resolved)
    adapter = str(train_job.path) if tuned else None
    manifest = {"recipe": "triage", "args": {"job": adapter}, "hashes": {}, "choices": []}
    job = create_job(made.workspace, "session", text, manifest)
    write_state(job, own_state("running", 1))
    log = EventLog(job.events, 1)
    log.emit("phase", phase="running", why="")
    log.close()
    return job


def answer(
    session: Job, system: str, text: str, *, adapter: bool, parts: int = 3, done: bool = True, which: int = -1
) -> None:
    """Answers a request of the session, the last one unless told which, as `system`, in so many pieces."""
    request = json.loads(session.requests.read_text().splitlines()[which])["id"]
    log = EventLog(session.events, 1)
    step = max(len(text) // parts, 1)
    for start in range(0, len(text), step):
        log.emit("answer", request=request, system=system, delta=text[start : start + step])
    if done:
        log.emit(
            "answer",
            request=request,
            system=system,
            done=True,
            text=text,
            tokens=14,
            finish="stop",
            seconds=0.11,
            first_token_seconds=0.02,
            adapter_sha256=ADAPTER if adapter else None,
        )
    log.close()


def both_say(session: Job, base: str, tuned: str) -> None:
    """Answers the last request as the baseline and as the tuned model."""
    answer(session, "zero-shot", base, adapter=False)
    answer(session, "tuned", tuned, adapter=True)


def requests(session: Job) -> list[dict[str, Any]]:
    """What the session was asked, in the order in which it was."""
    return [json.loads(line) for line in session.requests.read_text().splitlines()] if session.requests.exists() else []


def make_unmeasured(root: Path) -> Made:
    """The same without a verdict: no prompt was measured, so the zero-shot one stands for the baseline."""
    found = make_job_folders(root)
    for job in found.jobs.values():
        job.verdict.unlink(missing_ok=True)
    return found


def make_job_folders(root: Path) -> Made:
    """One job of every kind and fate, the newest a training that runs."""
    workspace = Workspace(root)
    root.mkdir(parents=True, exist_ok=True)
    (root / "triage.toml").write_text(RECIPE)
    draw = random.Random(11)
    texts = [" ".join(draw.choices(WORDS.split(), k=14)) for _ in range(80)]
    write_rows(root / "train.jsonl", texts)
    write_rows(root / "validation.jsonl", TICKETS)
    (root / "tiny").mkdir()
    (root / "tiny" / "config.json").write_text(
        json.dumps({"architectures": ["LlamaForCausalLM"], "model_type": "llama"})
    )
    clock = Clock()
    jobs: dict[str, Job] = {}
    with fixed_names(clock):
        failed = jobs["failed"] = make_job(workspace, "train", clock)
        log = train(failed, clock, 300, 60, seed=9)
        log.emit("notice", level="error", text="loss is nan at step 61", code="not-finite", step=61)
        log.emit("phase", phase="failed", why="the loss became NaN at step 61; nothing bad was saved")
        end(failed, "failed", "the loss became NaN at step 61; nothing bad was saved")

        stopped = jobs["stopped"] = make_job(workspace, "train", clock)
        log = train(stopped, clock, 300, 150, seed=2)
        log.emit("phase", phase="stopped", why="asked to stop at step 150")
        end(stopped, "stopped")

        lost = jobs["lost"] = make_job(workspace, "train", clock)
        train(lost, clock, 300, 210, seed=3)
        end(lost, "running")

        done = jobs["done"] = make_job(workspace, "train", clock)
        finish_training(done, clock, train(done, clock, 300, 300, seed=4), 300)
        write_step_rows(done, 300)

        evaluated = jobs["evaluated"] = make_job(
            workspace, "evaluate", clock, {"job": str(done.path), "baseline": None}
        )
        measure(evaluated, clock)

        merged = jobs["merged"] = make_job(
            workspace, "merge", clock, {"job": str(done.path), "out": str(root / "merged" / done.name)}
        )
        (root / "merged" / done.name).mkdir(parents=True)
        (root / "merged" / done.name / "config.json").write_text("{}")
        write_json(
            merged.result,
            {
                "path": str(root / "merged" / done.name),
                "same_answers": 32,
                "prompts": 32,
                "max_logit_drift": 3.1e-06,
                "dtype": "float32",
                "adapter_sha256": ADAPTER,
                "gib": 0.0274,
            },
        )
        log = EventLog(merged.events, 1)
        log.emit("phase", phase="running", why="")
        log.emit("progress", what="comparing answers", done=100, total=100, unit="prompts")
        clock.now += 30
        log.emit("phase", phase="done", why="")
        end(merged, "done")

        running = jobs["running"] = make_job(workspace, "train", clock)
        train(running, clock, 300, 126, seed=5)
        running.log.write_text("".join(f"{{'loss': {1 / (place + 1):.3f}}}\n" for place in range(200)))
        write_state(running, own_state("running", 1))
    return Made(workspace, jobs)


if __name__ == "__main__":
    import sys

    made = make_job_folders(Path(sys.argv[1]))
    print(made.workspace.root, os.listdir(made.workspace.jobs))
